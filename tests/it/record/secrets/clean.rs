//! `overdub cassette clean`: what recording would have done, done later.

use super::planted::{exchange, redacted, redactor, text};
use crate::support::overdub::Project;
use crate::support::wire::{Upstream, json};
use overdub::cassette::{Cassette, Header};
use overdub::profile::Profile;
use overdub::redact::clean;

/// A cassette as `--redact off` writes it.
fn verbatim(interactions: Vec<overdub::cassette::Interaction>) -> Cassette {
    let header = Header { upstream: "https://dev-1.okta.com".to_owned(), ..Header::default() };
    Cassette { name: "run".to_owned(), path: "run.yaml".into(), header, interactions }
}

fn exchanges() -> Vec<overdub::cassette::Interaction> {
    vec![
        exchange(
            r#"POST /api/v1/users {"profile":{"login":"jane@x.com","firstName":"Jane","mobilePhone":"+1-555-415-1337"},"credentials":{"password":{"value":"S3cret!pass"}}} => 200 {"id":"00u1","profile":{"login":"jane@x.com"},"_links":{"self":{"href":"https://dev-1.okta.com/api/v1/users/00u1"}}}"#,
            &[">authorization: SSWS 00abcdefghijk", "<set-cookie: JSESSIONID=ABCDEF0123; Path=/"],
        ),
        exchange(
            "GET /api/v1/users/jane%40x.com => 302 ",
            &["<location: https://dev-1-admin.okta.com/x?token=abcdefgh", "<link: <https://id.corp.com/a>"],
        ),
        exchange(r#"POST /x {"passCode":"123456"} => 403 {"errorSummary":"S3cret!pass, jane@x.com"}"#, &[]),
    ]
}

#[test]
fn a_cassette_is_cleaned_by_the_profile_that_it_names() {
    let project = Project::new();
    let cassette = |profile: &str| {
        format!(
            "overdub: 1\nprofile: {profile}\nupstream: https://api.acme.com\n...\n---\nrequest: {{method: GET, url: /a}}\nresponse: {{status: 200}}\n...\n"
        )
    };
    project.write("recordings/none.yaml", cassette("none"));
    project.write("recordings/mine.yaml", cassette("mine"));
    let (code, _, told) = project.run(&["cassette", "clean", "recordings/none.yaml", "recordings/mine.yaml"]);
    assert_eq!(code, 0, "{told}");
    assert!(project.read("recordings/none.yaml").contains("upstream: https://upstream.overdub.test"));
    assert!(project.read("recordings/mine.yaml").contains("upstream: https://okta.overdub.test"));
}

#[test]
fn what_a_profile_keeps_is_written_and_is_no_leak() {
    let project = Project::new();
    project.write(
        "mine.yaml",
        "name: mine\nstand_in_origin: https://mine.overdub.test\nsensitive: []\nkeep: ['bot-[0-9]+@acme\\.com']\n",
    );
    let upstream = Upstream::start(|_| json(r#"{"email":"bot-12345@acme.com"}"#));
    let recorder = project.record_with(&upstream.url(), &["--profile", "mine.yaml"]);
    recorder.ask("GET /a");
    let (status, told) = recorder.stop();
    assert!(status.success(), "{told}");
    assert!(project.cassette().contains("bot-12345@acme.com"), "{}", project.cassette());
}

#[test]
fn cleaning_gives_what_recording_with_stand_ins_gives() {
    let mut own = redactor("https://dev-1.okta.com");
    let recorded: Vec<_> = exchanges().into_iter().map(|each| redacted(&mut own, each)).collect();
    let profile = std::sync::Arc::new(Profile::okta().unwrap());
    let cleaned = clean(&verbatim(exchanges()), &profile);
    assert_eq!(cleaned.header.upstream, own.header().upstream);
    assert_eq!(cleaned.interactions, recorded);
    let again = clean(
        &Cassette { header: cleaned.header, interactions: cleaned.interactions, ..verbatim(Vec::new()) },
        &profile,
    );
    assert!(!again.changed, "{:?}", again.interactions.iter().map(text).collect::<Vec<_>>());
}

#[test]
fn a_value_that_is_told_late_is_replaced_early() {
    let profile = std::sync::Arc::new(Profile::okta().unwrap());
    let early = exchange("GET /api/v1/users/janedoe99 => 200 {}", &[]);
    let late = exchange(r#"GET /me => 200 {"login":"janedoe99"}"#, &[]);
    let cleaned = clean(&verbatim(vec![early, late]), &profile);
    assert_eq!(cleaned.interactions[0].request.url, "/api/v1/users/login1");
}

#[test]
fn a_file_is_cleaned_in_place_and_only_if_there_is_something_to_clean() {
    let upstream = Upstream::start(|_| json(r#"{"email":"jane@x.com","a": 1.50}"#));
    let project = Project::new();
    let recorder = project.record_with(&upstream.url(), &["--redact", "off"]);
    recorder.ask("GET /a?q=jane%40x.com");
    let file = "recordings/run.yaml";
    assert!(project.fails(&["cassette", "clean", file]).contains("is being recorded by another process"));
    recorder.stop();
    let before = project.cassette();
    let (code, told, _) = project.run(&["cassette", "clean", "--check", file]);
    assert_eq!((code, told.as_str()), (1, "recordings/run.yaml: to replace: 1 email\n"));
    assert_eq!(project.cassette(), before);
    let (code, told, _) = project.run(&["cassette", "clean", file]);
    assert_eq!((code, told.as_str()), (0, "recordings/run.yaml: replaced: 1 email\n"));
    let cleaned = project.cassette();
    assert!(cleaned.contains("upstream: https://okta.overdub.test\n"), "{cleaned}");
    assert!(cleaned.contains("url: /a?q=user1%40example.test"), "{cleaned}");
    assert!(cleaned.contains(r#"{"email":"user1@example.test","a": 1.50}"#), "{cleaned}");
    let (code, told, _) = project.run(&["cassette", "clean", "--check", file]);
    assert_eq!((code, told.as_str()), (0, "recordings/run.yaml: nothing to replace\n"));
    assert_eq!(project.cassette(), cleaned);
    assert_eq!(project.list("recordings"), ["run.yaml"]);
    assert!(project.fails(&["cassette", "clean", "nothing.yaml"]).starts_with("exit code 2"));
}

#[test]
fn bodies_beside_the_cassette_are_cleaned_too() {
    let body = format!(r#"{{"email":"jane@x.com","pad":"{}"}}"#, "x".repeat(70_000));
    let upstream = Upstream::of_json(&body);
    let project = Project::new();
    let recorder = project.record_with(&upstream.url(), &["--redact", "off"]);
    recorder.ask("GET /a");
    recorder.stop();
    assert_eq!(project.run(&["cassette", "clean", "recordings/run.yaml"]).0, 0);
    assert_eq!(project.list("recordings"), ["run-0002.body", "run.yaml"]);
    assert_eq!(project.read("recordings/run-0002.body"), body.replace("jane@x.com", "user1@example.test"));
    assert!(project.replay().ask("GET /a").text().contains("user1@example.test"));
}
