//! Values in every place and spelling: what is written in their stead.

use std::sync::{Arc, LazyLock};

use data_encoding::{BASE64, BASE64URL_NOPAD};
use overdub::cassette::{Interaction, RequestBody};
use overdub::http::Origin;
use overdub::profile::Profile;
use overdub::redact::{Raw, Redact, Redactor};

use crate::support::tape::interaction;

/// A redactor for exchanges with this origin.
pub(super) fn redactor(upstream: &str) -> Redactor {
    // Its patterns take longer to make ready than most tests to run.
    static OKTA: LazyLock<Arc<Profile>> = LazyLock::new(|| Arc::new(Profile::okta().unwrap()));
    Redactor::new(Arc::clone(&OKTA), Redact::On, Some(Origin::parse(upstream).unwrap()))
}

pub(super) fn redactor_of(profile: &str, upstream: &str) -> Redactor {
    let profile = Arc::new(Profile::choose(profile).unwrap());
    Redactor::new(profile, Redact::On, Some(Origin::parse(upstream).unwrap()))
}

/// An exchange with header lines: the request's begin with `>`, the response's with `<`.
pub(super) fn exchange(line: &str, headers: &[&str]) -> Interaction {
    let mut own = interaction(line);
    for header in headers {
        let (side, header) = header.split_at(1);
        let (name, value) = header.trim_start().split_once(": ").expect("a header");
        let headers = if side == ">" { &mut own.request.headers } else { &mut own.response.headers };
        if name == "content-type" {
            headers.remove(name);
        }
        headers.append(name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap());
    }
    own
}

pub(super) fn redacted(redactor: &mut Redactor, interaction: Interaction) -> Interaction {
    redactor.redact(Raw { interaction, origin: None, client: None })
}

/// All text of an interaction: URL, header lines, bodies.
pub(super) fn text(own: &Interaction) -> String {
    let mut lines = vec![own.request.url.clone()];
    let mut add = |headers: &http::HeaderMap, body: Option<&bytes::Bytes>| {
        for (name, value) in headers {
            lines.push(format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())));
        }
        lines.extend(body.map(|body| String::from_utf8_lossy(body).into_owned()));
    };
    let sent = match &own.request.body {
        RequestBody::Bytes(body) => Some(body),
        RequestBody::Empty | RequestBody::Unrecorded => None,
    };
    add(&own.request.headers, sent);
    add(&own.response.headers, own.response.body.as_ref().map(|body| &body.bytes));
    add(&own.response.trailers, None);
    lines.join("\n")
}

const ORG: &str = "https://dev-1.okta.com";

/// What is written for a response body of this content type.
fn body(content_type: &str, body: &str) -> String {
    let own = exchange("GET /a => 200 x", &[&format!("<content-type: {content_type}")]);
    let mut own = own;
    own.response.body.as_mut().unwrap().bytes = bytes::Bytes::copy_from_slice(body.as_bytes());
    let written = redacted(&mut redactor(ORG), own);
    String::from_utf8(written.response.body.unwrap().bytes.to_vec()).unwrap()
}

pub(super) fn json(text: &str) -> String {
    body("application/json", text)
}

pub(super) fn url(target: &str) -> String {
    redacted(&mut redactor(ORG), exchange(&format!("GET {target} => 200 {{}}"), &[])).request.url
}

#[test]
fn fields_are_replaced_by_their_types() {
    for (before, after) in [
        (r#"{"password":{"value":"S3cret!"}}"#, r#"{"password":{"value":"redacted-password-1"}}"#),
        (r#"{ "password" : "a\"b" , "x" : 1.50 }"#, r#"{ "password" : "redacted-password-1" , "x" : 1.50 }"#),
        (r#"{"passCode":"291577"}"#, r#"{"passCode":"000001"}"#),
        (r#"{"passCode":291577}"#, r#"{"passCode":100001}"#),
        (
            r#"{"passCode":null,"answer":"","password":true}"#,
            r#"{"passCode":null,"answer":"","password":true}"#,
        ),
        (r#"{"sharedSecret":"JBSWY3DPEHPK3PXP"}"#, r#"{"sharedSecret":"OVERDUBSECRETAAB"}"#),
        (r#"{"login":"jane"}"#, r#"{"login":"login1"}"#),
        (
            r#"{"login":"Jane@X.com","email":"jane@x.com"}"#,
            r#"{"login":"user1@example.test","email":"user1@example.test"}"#,
        ),
        (
            r#"{"profile":{"firstName":"User"},"type":"User"}"#,
            r#"{"profile":{"firstName":"Name1"},"type":"User"}"#,
        ),
        (r#"{"mobilePhone":"+1-555-415-1337"}"#, r#"{"mobilePhone":"+15550100001"}"#),
        (
            r#"{"answer":["first","second","first"]}"#,
            r#"{"answer":["redacted-answer-1","redacted-answer-2","redacted-answer-1"]}"#,
        ),
        (
            r#"{"jane@x.com":{"id":1},"to":"<jane@x.com>"}"#,
            r#"{"user1@example.test":{"id":1},"to":"<user1@example.test>"}"#,
        ),
        (r#"{"firstName":"password","password":"password"}"#, r#"{"firstName":"Name1","password":"Name1"}"#),
    ] {
        assert_eq!(json(before), after);
    }
}

#[test]
fn a_value_is_found_in_every_spelling() {
    for (before, after) in [
        (
            r#"["jane\u0040x.com","jane@x.com","JANE%40x.com"]"#,
            r#"["user1@example.test","user1@example.test","user1%40example.test"]"#,
        ),
        (
            r#"["a\njane@x.com\n","a\\njane@x.com"]"#,
            r#"["a\nuser1@example.test\n","a\\nuser1@example.test"]"#,
        ),
        (
            r#"{"href":"https:\/\/dev-1.okta.com\/u?q=%22jane%40x.com%22"}"#,
            r#"{"href":"https:\/\/okta.overdub.test\/u?q=%22user1%40example.test%22"}"#,
        ),
        (
            r#"{"href":"/u?search=profile.login+eq+%22jane@x.com%22"}"#,
            r#"{"href":"/u?search=profile.login+eq+%22user1@example.test%22"}"#,
        ),
        (r#"{"href":"/u?q=jane%2540x.com"}"#, r#"{"href":"/u?q=user1@example.test"}"#),
        (
            r#"{"raw":"{\"password\":\"S3cret!\",\"email\":\"jane@x.com\"}"}"#,
            r#"{"raw":"{\"password\":\"redacted-password-1\",\"email\":\"user1@example.test\"}"}"#,
        ),
        (
            r#"{"href":"/a?stateToken=00abcdefgh\u0026x=1"}"#,
            r#"{"href":"/a?stateToken=redacted-token-1\u0026x=1"}"#,
        ),
        (
            r#"{"u":"otpauth://totp/dev-1:jane%40x.com?secret=JBSWY3DPEHPK3PXP&issuer=x","s":{"sharedSecret":"JBSWY3DPEHPK3PXP"}}"#,
            r#"{"u":"otpauth://totp/dev-1:user1%40example.test?secret=OVERDUBSECRETAAB&issuer=x","s":{"sharedSecret":"OVERDUBSECRETAAB"}}"#,
        ),
    ] {
        assert_eq!(json(before), after);
    }
    assert_eq!(
        body(
            "text/html",
            "<a href='/x?a=1&amp;stateToken=00abcdefgh'>jane&#64;x.com</a><input name=\"password\" value=\"S3cret!\">"
        ),
        "<a href='/x?a=1&amp;stateToken=redacted-token-1'>user1@example.test</a><input name=\"password\" value=\"redacted-password-1\">"
    );
    assert_eq!(
        body(
            "text/html",
            "<script>var stateToken = '00abc\\x2Ddef\\x40'; x = {\"password\": 'p w'}</script>"
        ),
        "<script>var stateToken = 'redacted-token-1'; x = {\"password\": 'redacted-password-1'}</script>"
    );
    assert_eq!(
        body("application/xml", "<a><password>S3cret!</password></a>"),
        "<a><password>redacted-password-1</password></a>"
    );
    assert_eq!(
        body("text/event-stream", "event: x\ndata: {\"password\":\"S3cret!\"}\n\ndata: S3cret!\n\n"),
        "event: x\ndata: {\"password\":\"redacted-password-1\"}\n\ndata: S3cret!\n\n"
    );
}

#[test]
fn urls_keep_their_spelling() {
    for (before, after) in [
        ("/api/v1/users/jane@x.com/factors", "/api/v1/users/user1@example.test/factors"),
        ("/api/v1/users/jane%40X.com", "/api/v1/users/user1%40example.test"),
        ("/users/a+b@x.com?q=a%2Bb%40x.com", "/users/user1@example.test?q=user1%40example.test"),
        (
            "/u?filter=profile.login+eq+%22jane%40x.com%22",
            "/u?filter=profile.login+eq+%22user1%40example.test%22",
        ),
        ("/u?phoneNumber=%2B15554151337", "/u?phoneNumber=%2B15550100001"),
        ("/u?phoneNumber=+15554151337", "/u?phoneNumber=+15550100001"),
        ("/u?phoneNumber=15554151337", "/u?phoneNumber=%2B15550100001"),
        ("/u?q=jane%2540x.com&limit=2", "/u?q=user1@example.test&limit=2"),
        (
            "/login?redirect=https%3A%2F%2Fdev-1.okta.com%2Fa%3Ftoken%3Dabcdefghijk",
            "/login?redirect=https%3A%2F%2Fokta.overdub.test%2Fa%3Ftoken%3Dredacted-token-1",
        ),
        ("/a?code=E0000001", "/a?code=E0000001"),
        ("/oauth2/v1/token?code=abc", "/oauth2/v1/token?code=redacted-token-1"),
        ("/signin/reset-password/abcdefghij0123456789", "/signin/reset-password/redacted-token-1"),
        ("/a?b=%zz&c=%", "/a?b=%zz&c=%"),
    ] {
        assert_eq!(url(before), after);
    }
}

#[test]
fn forms_and_parts_are_read_as_such() {
    let sent = |content_type: &str, sent: &str| {
        let mut own = exchange("POST /a => 200 {}", &[&format!(">content-type: {content_type}")]);
        own.request.body = RequestBody::Bytes(bytes::Bytes::copy_from_slice(sent.as_bytes()));
        let written = redacted(&mut redactor(ORG), own);
        String::from_utf8(written.request.body.bytes().unwrap().to_vec()).unwrap()
    };
    assert_eq!(
        sent(
            "application/x-www-form-urlencoded",
            "username=jane%40x.com&password=a+b%26c&phone=%2B15554151337&x=y+z"
        ),
        "username=user1%40example.test&password=redacted-password-1&phone=%2B15550100001&x=y+z"
    );
    assert_eq!(
        sent(
            "multipart/form-data; boundary=b",
            "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nS3cret!\r\n--b\r\n\r\n{\"login\":\"jane\"}\r\n--b--\r\n"
        ),
        "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nredacted-password-1\r\n--b\r\n\r\n{\"login\":\"login1\"}\r\n--b--\r\n"
    );
}

#[test]
fn headers_are_looked_through_and_credentials_dropped() {
    let own = exchange(
        "GET /api/v1/users/me => 200 {\"note\":\"00Secret-token-of-mine, 102sessionid\"}",
        &[
            ">authorization: SSWS 00Secret-token-of-mine",
            ">cookie: sid=102sessionid; theme=dark",
            "<location: /login?stateToken=abcdefgh",
            "<link: <https://dev-1.okta.com/u?q=jane%40x.com>; rel=\"next\"",
            "<x-who: jane@x.com",
            "<dpop-nonce: abc123",
            "<set-cookie: JSESSIONID=0123456789abcdef; Path=/; Domain=.okta.com",
            "<set-cookie: sid=\"\"; Path=/",
        ],
    );
    insta::assert_snapshot!(text(&redacted(&mut redactor(ORG), own)), @r#"
    /api/v1/users/me
    content-type: application/json
    location: /login?stateToken=redacted-token-1
    link: <https://okta.overdub.test/u?q=user1%40example.test>; rel="next"
    x-who: user1@example.test
    dpop-nonce: redacted-token-2
    set-cookie: JSESSIONID=redacted; Path=/; Domain=okta.overdub.test
    set-cookie: sid=""; Path=/
    {"note":"redacted-token-3, redacted"}
    "#);
}

#[test]
fn tokens_stay_tokens() {
    let jwt = |claims: &str| {
        format!(
            "{}.{}.c2lnbmF0dXJl",
            BASE64URL_NOPAD.encode(br#"{"alg":"RS256"}"#),
            BASE64URL_NOPAD.encode(claims.as_bytes())
        )
    };
    let real =
        jwt(r#"{"iss":"https://dev-1.okta.com","sub":"jane@x.com","name":"x","given_name":"Jane","exp":1}"#);
    let stand_in = jwt(r#"{"iss":"https://okta.overdub.test","sub":"user1@example.test","name":"Name1","given_name":"Name2","exp":1}"#)
        .replace("c2lnbmF0dXJl", "redacted");
    assert_eq!(
        json(&format!(r#"{{"id_token":"{real}","x":"Bearer {real}"}}"#)),
        format!(r#"{{"id_token":"{stand_in}","x":"Bearer {stand_in}"}}"#)
    );
    assert_eq!(url(&format!("/a?id_token_hint={real}")), format!("/a?id_token_hint={stand_in}"));
    let state = |text: &str| BASE64.encode(text.as_bytes()).replace('=', "%3D");
    assert_eq!(
        url(&format!("/a?state={}", state(r#"{"email":"jane@x.com","n":1}"#))),
        format!("/a?state={}", state(r#"{"email":"user1@example.test","n":1}"#))
    );
    let basic = |text: &str| BASE64.encode(text.as_bytes());
    assert_eq!(
        json(&format!(r#"{{"h":"Basic {}"}}"#, basic("jane@x.com:S3cret!"))),
        format!(r#"{{"h":"Basic {}"}}"#, basic("user1@example.test:redacted-password-1"))
    );
    assert_eq!(
        json(r#"{"u":"https://bob:S3cret!@dev-1.okta.com/"}"#),
        r#"{"u":"https://login1:redacted-password-1@okta.overdub.test/"}"#
    );
    assert_eq!(
        json(&format!(r#"{{"secondEmail":"jane@x.com","b64":"{}"}}"#, basic("jane@x.com"))),
        format!(r#"{{"secondEmail":"user1@example.test","b64":"{}"}}"#, basic("user1@example.test"))
    );
}
