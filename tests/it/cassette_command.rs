//! `overdub cassette list`, `show` and `check` from outside.

mod check;
mod show;

use crate::support::overdub::Project;

/// Something of all that a cassette can say.
pub(crate) const ODD: &str = r#"overdub: 1
recorded_with: overdub 0.1.0
profile: okta
upstream: https://okta.overdub.test
...
---
at: 2026-01-05T09:00:00.123Z
took: 1500ms
request:
  method: GET
  url: /factors?limit=2&q=a%20b
  headers: {accept: application/json}
stand_ins: {"+15550100001": phone, "000001": passcode}
response:
  status: 200
  headers:
    content-type: application/json
    content-encoding: gzip
    set-cookie: ["sid=redacted; Path=/; Secure", "DT=redacted; HttpOnly"]
  framing: chunked
  body: {json: [{phone: "+15550100001", status: ACTIVE}]}
  trailers: {x-check: abc}
...
---
request:
  method: POST
  url: /factors/f/verify
response:
  status: 200
  headers: {content-type: application/json}
  body: {json: {factorResult: CHALLENGE}}
...
---
request:
  method: POST
  url: /factors/f/verify
  headers: {content-type: application/json}
  body: {json: {passCode: "000001"}}
response:
  status: 403
  headers: {content-type: application/json}
  body: {text: "{\n  \"errorCode\": \"E0000068\"\n}\n"}
...
---
repeat: cycle
request:
  method: POST
  url: /factors/f/verify
  headers: {content-type: application/json}
  body: {json: {passCode: "000001"}}
response: {status: 204}
...
---
request:
  method: PUT
  url: https://other1.overdub.test/it's?x=[1]
  body: {base64: AAH//g==}
response:
  status: 200
  headers: {x-odd: {base64: /0H+}, content-type: image/png}
  body: {base64: iVBORw0KGgoAAAD/AA==}
...
---
request:
  method: PATCH
  url: /graph
  body: unrecorded
response: {status: 599}
...
"#;

/// What a command prints, and how it ends.
fn told(project: &Project, args: &[&str]) -> String {
    let (code, stdout, stderr) = project.run(&[&["cassette"], args].concat());
    format!("{stdout}{stderr}exit code {code}")
}

#[test]
fn what_ships_is_listed_where_nothing_was_recorded() {
    insta::assert_snapshot!(told(&Project::new(), &["list"]), @r#"
    name                                   interactions  upstream                    profile  recorded             size  stand-ins
    okta-push (shipped)                              11  https://okta.overdub.test   okta     2026-11-22 18:21  19.4 kB          5
    okta-question (shipped)                           7  https://okta.overdub.test   okta     2026-11-22 18:21  11.0 kB          5
    okta-sms (shipped)                                9  https://okta.overdub.test   okta     2026-11-22 18:21  15.1 kB          5
    okta-totp (shipped)                               6  https://okta.overdub.test   okta     2026-11-22 18:21  10.2 kB          8
    push-enroll-poll (shipped)                        3  http://rain.okta1.com:1802  -        2013-06-24 16:39   5.8 kB          0
    push-enroll-poll-expired (shipped)                2  http://rain.okta1.com:1802  -        2013-06-24 16:39   4.0 kB          0
    sms-remembered-verification (shipped)             6  https://okta.overdub.test   -        2020-04-22 12:08   5.8 kB          3
    totp-enroll-activate-verify (shipped)             3  http://rain.okta1.com:1802  -        2013-06-24 16:39   5.8 kB          1
    exit code 0
    "#);
}

#[test]
fn a_projects_own_cassettes_are_listed_and_the_broken_one_with_its_error() {
    let project = Project::new();
    project.tape("recordings/sub/a.yaml", &["GET /a => 200 {}", "DELETE /a => 204"]);
    project.write("recordings/bad.yaml", "overdub: 1\nupstream: nowhere\n...\n");
    insta::assert_snapshot!(told(&project, &["list"]), @r#"
    name   interactions  upstream                   profile  recorded   size  stand-ins
    sub/a             2  https://okta.overdub.test  -        -         247 B          0
    ERROR recordings/bad.yaml:2:11: upstream: `nowhere` is not an origin such as `https://okta.overdub.test`, without a path
    1 cassette cannot be read
    exit code 0
    "#);
    insta::assert_snapshot!(told(&project, &["list", "--json", "sub"]), @r#"
    {"cassettes":[{"name":"sub/a","path":"recordings/sub/a.yaml","shipped":false,"interactions":2,"upstream":"https://okta.overdub.test","profile":null,"recorded_with":null,"recorded_at":null,"bytes":247,"stand_ins":0,"error":null}]}
    exit code 0
    "#);
    insta::assert_snapshot!(told(&project, &["list", "sms"]), @r#"
    error: sms: no such cassette
      hint: known: bad, sub/a, okta-sms, okta-push, okta-totp, okta-question, push-enroll-poll, push-enroll-poll-expired, …
    exit code 2
    "#);
}

#[test]
fn bodies_beside_a_cassette_count_for_its_size() {
    let project = Project::new();
    let text = "overdub: 1\nupstream: https://a.test\n...\n---\nrequest: {method: GET, url: /}\nresponse: {status: 200, body: {file: x-0001.body}}\n...\n";
    project.write("recordings/x.yaml", text);
    project.write("recordings/x-0001.body", vec![b'x'; 100_000]);
    let listed = project.run(&["cassette", "list", "--json"]).1;
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed["cassettes"][0]["bytes"], 100_000 + text.len());
}
