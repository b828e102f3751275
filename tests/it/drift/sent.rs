//! What `verify` sends of a cassette that somebody else wrote.

use crate::support::overdub::Project;
use crate::support::wire::{Message, Upstream, json};

/// What `overdub verify` sends for a cassette with these requests, a line of YAML each: the requests that came.
fn sent(requests: &[&str], args: &[&str]) -> Vec<Message> {
    let project = Project::new();
    let answer = "response: {status: 200, headers: {content-type: application/json}, body: {json: {id: 1}}}";
    let documents = requests.iter().map(|own| format!("---\nrequest: {own}\n{answer}\n...\n"));
    let text = format!("overdub: 1\nupstream: https://a.test\n...\n{}", documents.collect::<String>());
    project.write("recordings/run.yaml", &text);
    let upstream = Upstream::start(|_| json(r#"{"id":1}"#));
    let url = upstream.url();
    let (code, out, err) = project.run(&[&["verify", "--upstream", &url, "-c", "run"], args].concat());
    assert_eq!((code, out.as_str()), (0, ""), "{err}");
    upstream.seen()
}

#[test]
fn what_servers_may_take_for_a_write_is_sent_as_one() {
    let disguised = [
        "{method: GET, url: /a, headers: {x-http-method-override: DELETE}}",
        "{method: GET, url: /a, headers: {X-HTTP-Method: PUT}}",
        "{method: GET, url: '/a?x=1&_method=delete'}",
        "{method: TRACE, url: /a}",
        "{method: get, url: /a}",
        // A read by its path, as the profile has it, but for what a server makes of that.
        "{method: POST, url: '/oauth2/..%2f..%2fx/v1/introspect', body: {text: a=b}}",
        "{method: POST, url: '/oauth2/../v1/introspect', body: {text: a=b}}",
    ];
    assert_eq!(sent(&disguised, &[]), []);
    assert_eq!(sent(&disguised[..1], &["--allow-writes"]).len(), 1);
    assert_eq!(
        sent(&["{method: POST, url: '/oauth2/default/v1/introspect', body: {text: a=b}}"], &[]).len(),
        1
    );
}

#[test]
fn a_cassette_does_not_say_whom_a_request_is_for_nor_how_long_it_is() {
    let headers = "host: other.test, content-length: '100', transfer-encoding: chunked, expect: 100-continue, \
                   connection: 'x-named', x-named: a, upgrade: h2c, x-own: b";
    let seen =
        sent(&[&format!("{{method: GET, url: /a, headers: {{{headers}}}, body: {{text: abc}}}}")], &[]);
    let own = &seen[0];
    assert_eq!((own.header("x-own"), own.text().as_str()), ("b", "abc"));
    assert_eq!((own.all("host").len(), own.all("content-length")), (1, vec!["3"]));
    assert!(own.header("host").starts_with("127.0.0.1:"), "{own:?}");
    for name in ["transfer-encoding", "expect", "connection", "x-named", "upgrade"] {
        assert!(!own.has(name), "{name}: {own:?}");
    }
}
