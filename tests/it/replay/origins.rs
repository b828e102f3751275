//! The origin is a variable: who asks us as a reverse proxy, and who asks for others through us.

use overdub::replay::ReplayOptions;

use crate::support::tape::{Client, open_cassette};

const LINES: &[&str] = &[
    r#"GET /a => 200 {"main":"https://okta.overdub.test/x","admin":"https://okta-admin.overdub.test/x","cdn":"https:\/\/other1.overdub.test\/x","bare":"okta.overdub.test"}"#,
    "GET https://okta-admin.overdub.test/admin => 200 admin",
    r#"GET https://other1.overdub.test/logo => 200 {"cdn":"//other1.overdub.test/y"}"#,
    r#"GET https://other1.overdub.test/a => 200 {"cdn":"a"}"#,
    r#"POST /cb {"redirect_uri":"https://other2.overdub.test/cb"} => 200 {"to":"https://other2.overdub.test/cb?code=1"}"#,
];

const STAND_INS: &[&str] = &[
    "okta.overdub.test: host",
    "okta-admin.overdub.test: host",
    "other1.overdub.test: host",
    "other2.overdub.test: host",
];

fn client() -> Client {
    Client::of(vec![open_cassette("origins", STAND_INS, LINES)])
}

#[test]
fn who_asks_us_means_the_upstream_and_else_the_first_that_has_the_request() {
    let client = client();
    assert_eq!(
        client.ask("GET /a"),
        r#"200 {"main":"http://127.0.0.1:8080/x","admin":"https://okta-admin.overdub.test/x","cdn":"https:\/\/other1.overdub.test\/x","bare":"okta.overdub.test"}"#
    );
    assert_eq!(client.ask("GET /logo"), r#"200 {"cdn":"//127.0.0.1:8080/y"}"#);
    assert_eq!(client.ask("GET /admin"), "200 admin");
}

#[test]
fn who_asks_for_an_org_gets_links_to_it_and_to_its_admin_host() {
    let client = client();
    assert_eq!(
        client.ask_at("https://dev-1.okta.com", "GET /a"),
        r#"200 {"main":"https://dev-1.okta.com/x","admin":"https://dev-1-admin.okta.com/x","cdn":"https:\/\/other1.overdub.test\/x","bare":"okta.overdub.test"}"#
    );
    assert_eq!(client.ask_at("https://cdn.acme.com", "GET /logo"), r#"200 {"cdn":"//cdn.acme.com/y"}"#);
    assert_eq!(client.ask_at("https://dev-1-admin.okta.com", "GET /admin"), "200 admin");
    assert_eq!(client.ask_at("https://cdn.acme.com", "GET /a"), r#"200 {"cdn":"a"}"#);
    assert!(
        client.ask_at("https://cdn.acme.com", "GET /admin").starts_with("never recorded"),
        "it is known to be another host"
    );
    assert!(client.ask_at("https://dev-1.okta.com", "GET /a").contains(r"https:\/\/cdn.acme.com\/x"));
}

#[test]
fn an_origin_that_was_recorded_under_its_own_name_is_itself() {
    let client = client();
    assert_eq!(client.ask_at("https://other1.overdub.test", "GET /a"), r#"200 {"cdn":"a"}"#);
    assert!(client.ask_at("https://okta-admin.overdub.test", "GET /a").starts_with("never recorded"));
}

#[test]
fn the_first_origin_that_is_free_stands_for_one_that_nobody_knows() {
    let client = client();
    assert!(client.ask_at("https://one.com", "GET /a").contains("https://one.com/x"));
    assert_eq!(client.ask_at("https://two.com", "GET /a"), r#"200 {"cdn":"a"}"#);
}

#[test]
fn a_link_that_comes_back_is_known_whichever_origin_it_has() {
    let client = client();
    let sent = r#"POST /cb {"redirect_uri":"https://app.acme.com:8443/cb"}"#;
    assert_eq!(client.ask(sent), r#"200 {"to":"https://app.acme.com:8443/cb?code=1"}"#);
    assert!(client.miss(sent).starts_with("recorded, but already used"));
    client.reset();
    assert!(client.ask(r#"POST /cb {"redirect_uri":"https://other2.overdub.test/cb"}"#).starts_with("200"));
    client.reset();
    assert!(client.ask(r#"POST /cb {"redirect_uri":"https://app.acme.com/other"}"#).starts_with("never"));
}

#[test]
fn a_forward_proxy_s_client_keeps_its_cookies() {
    let cookie = |domain: &str| format!("sid=redacted; Domain={domain}; Path=/; Secure");
    let tape = || {
        let mut tape = open_cassette("cookies", STAND_INS, &["GET /a => 200"]);
        tape.interactions[0]
            .response
            .headers
            .insert("set-cookie", cookie(".okta.overdub.test").parse().unwrap());
        tape
    };
    let got = |client: &Client| {
        let reply = client.send_at("https://dev-1.okta.com", "GET /a").unwrap();
        reply.headers()["set-cookie"].to_str().unwrap().to_owned()
    };
    assert_eq!(got(&Client::of(vec![tape()])), cookie(".dev-1.okta.com"));
    let off = ReplayOptions { rewrite_links: false, ..ReplayOptions::default() };
    assert_eq!(got(&Client::with(vec![tape()], &off)), cookie(".okta.overdub.test"));
}
