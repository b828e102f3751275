//! Hosts: the org's, its `-admin` twin's, others', and those that are nobody's.

use overdub::cassette::Interaction;
use overdub::http::Origin;
use overdub::profile::{Profile, StandInType};
use overdub::redact::{Raw, Redact, Redactor};

use super::planted::{exchange, redacted, redactor, text};

fn answer(upstream: &str, body: &str) -> Interaction {
    redacted(&mut redactor(upstream), exchange(&format!("GET /a => 200 {body}"), &[]))
}

fn body(upstream: &str, body: &str) -> String {
    text(&answer(upstream, body)).lines().last().unwrap().to_owned()
}

#[test]
fn the_org_is_replaced_wherever_it_is_named() {
    for (before, after) in [
        (
            r#"["https://dev-1.okta.com/a","http://DEV-1.okta.com:443/","//dev-1.okta.com/a"]"#,
            r#"["https://okta.overdub.test/a","https://okta.overdub.test/","//okta.overdub.test/a"]"#,
        ),
        (
            r#"["https%3A%2F%2Fdev-1.okta.com%2Fa","dev-1.okta.com is down, Dev-1.Okta.Com"]"#,
            r#"["https%3A%2F%2Fokta.overdub.test%2Fa","okta.overdub.test is down, okta.overdub.test"]"#,
        ),
        (
            r#"["https://dev-1-admin.okta.com/a","http:\/\/dev-1-admin.okta.com"]"#,
            r#"["https://okta-admin.overdub.test/a","https:\/\/okta-admin.overdub.test"]"#,
        ),
        (
            r#"["https://dev-1.okta.com.evil.org/","https://my-dev-1.okta.com/"]"#,
            r#"["https://other1.overdub.test/","https://other2.overdub.test/"]"#,
        ),
    ] {
        assert_eq!(body("https://dev-1.okta.com", before), after);
    }
    assert_eq!(
        body(
            "https://dev-1-admin.okta.com",
            r#"["https://dev-1-admin.okta.com/","https://dev-1.okta.com/"]"#
        ),
        r#"["https://okta-admin.overdub.test/","https://okta.overdub.test/"]"#
    );
    assert_eq!(redactor("https://dev-1-admin.okta.com").header().upstream, "https://okta-admin.overdub.test");
}

#[test]
fn other_hosts_are_numbered_and_public_ones_stay() {
    let own = answer(
        "https://dev-1.okta.com",
        r#"{"a":"http://id.corp.com/x","b":"https://b.org:8443/","c":"https://id.corp.com","d":"http://www.w3.org/2001/XMLSchema","e":"https://{yourOktaDomain}/","f":"see https://login.okta.com.","g":"mail id.corp.com"}"#,
    );
    assert_eq!(
        text(&own).lines().last().unwrap(),
        r#"{"a":"http://other1.overdub.test/x","b":"https://other2.overdub.test/","c":"https://other1.overdub.test","d":"http://www.w3.org/2001/XMLSchema","e":"https://{yourOktaDomain}/","f":"see https://login.okta.com.","g":"mail other1.overdub.test"}"#
    );
    let hosts =
        ["other1.overdub.test", "other2.overdub.test"].map(|host| (host.to_owned(), StandInType::Host));
    assert_eq!(own.stand_ins, hosts);
}

#[test]
fn a_policy_names_hosts_without_a_scheme() {
    let own = exchange(
        "GET /a => 200 {}",
        &[
            "<content-security-policy: default-src 'self' dev-1.okta.com *.oktacdn.com; connect-src *.dev-1-admin.okta.com dev-1.kerberos.okta.com https://cdn.corp.com:* data:",
        ],
    );
    let written = redacted(&mut redactor("https://dev-1.okta.com"), own);
    assert_eq!(
        written.response.headers["content-security-policy"],
        "default-src 'self' okta.overdub.test *.oktacdn.com; connect-src *.okta-admin.overdub.test other1.overdub.test https://other2.overdub.test:* data:"
    );
}

#[test]
fn what_a_forward_proxy_was_asked_for_is_absolute_unless_it_is_the_first() {
    let profile = std::sync::Arc::new(Profile::okta().unwrap());
    let mut own = Redactor::new(profile, Redact::On, None);
    let mut ask = |origin: &str, path: &str| {
        let origin = Origin::parse(origin).unwrap();
        let interaction = exchange(&format!("GET {path} => 200 {{}}"), &[]);
        let raw = Raw { interaction, origin: Some(origin.clone()), client: Some(origin) };
        own.redact(raw).request.url
    };
    assert_eq!(
        ask("https://dev-1.okta.com", "/a?to=https://dev-1.okta.com/"),
        "/a?to=https://okta.overdub.test/"
    );
    assert_eq!(ask("https://dev-1-admin.okta.com", "/b"), "https://okta-admin.overdub.test/b");
    assert_eq!(ask("http://127.0.0.1:4321", "/c"), "http://other1.overdub.test/c");
    assert_eq!(ask("https://dev-1.okta.com", "/d"), "/d");
}

#[test]
fn a_link_to_the_proxy_is_one_to_the_api() {
    let interaction = exchange(
        r#"POST /a?x=http%3A%2F%2F127.0.0.1%3A8080%2Fy {"href":"http://127.0.0.1:8080/z"} => 200 {"x":"http://127.0.0.1:8080/"}"#,
        &[],
    );
    let client = Some(Origin::parse("http://127.0.0.1:8080").unwrap());
    let written = redactor("https://dev-1.okta.com").redact(Raw { interaction, origin: None, client });
    insta::assert_snapshot!(text(&written), @r#"
    /a?x=https%3A%2F%2Fokta.overdub.test%2Fy
    {"href":"https://okta.overdub.test/z"}
    content-type: application/json
    {"x":"http://other1.overdub.test/"}
    "#);
}

#[test]
fn a_policy_that_comes_again_is_written_as_before_and_with_what_was_learnt_since() {
    let policy =
        format!("default-src 'self' dev-1.okta.com{}; report-uri /r/hooli-2", " *.oktacdn.com".repeat(40));
    let answer = |body: &str| {
        exchange(&format!("GET /a => 200 {body}"), &[&format!("<content-security-policy: {policy}")])
    };
    let mut redactor = redactor("https://dev-1.okta.com");
    let mut written = |body: &str| {
        let own = redacted(&mut redactor, answer(body));
        own.response.headers["content-security-policy"].to_str().unwrap().to_owned()
    };
    let first = written("{}");
    assert_eq!(first, policy.replace("dev-1.okta.com", "okta.overdub.test"));
    assert_eq!(written("{}"), first);
    let later = first.replace("/r/hooli-2", "redacted-token-1");
    assert_eq!(written(r#"{"apiToken":"/r/hooli-2"}"#), later);
    assert_eq!(written("{}"), later);
}
