//! Values that stand where no field tells them: in other texts, coded or escaped, in any body.

use data_encoding::{BASE64, BASE64URL_NOPAD};

use crate::support::tape::{Client, open_cassette};

const STAND_INS: &[&str] = &[
    "user1@example.test: email",
    "+15550100001: phone",
    "Name1: name",
    "login1: login",
    "redacted-token-1: token",
    "redacted-password-1: password",
    "redacted-key-1: key",
    "other1.overdub.test: host",
];

/// A request of the recording and one of a live client, with what it is answered.
fn answered(recorded: &str, sent: &str) -> String {
    let lines =
        [format!(r#"{recorded} => 200 {{"u":"user1@example.test","p":"+15550100001","l":"login1"}}"#)];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    Client::of(vec![open_cassette("one", STAND_INS, &lines)]).ask(sent)
}

fn jwt(claims: &str, signature: &str) -> String {
    format!("eyJhbGciOiJSUzI1NiJ9.{}.{signature}", BASE64URL_NOPAD.encode(claims.as_bytes()))
}

/// A live request, and what its answer has to hold, per recorded one.
fn all_are_found(cases: &[(String, String, &str)]) {
    for (recorded, sent, due) in cases {
        let answer = answered(recorded, sent);
        assert!(answer.starts_with("200 ") && answer.contains(due), "{recorded}\n{sent}\n{answer}");
    }
}

#[test]
fn a_value_is_known_in_other_texts_however_they_are_coded() {
    let coded = |text: &str| BASE64.encode(text.as_bytes());
    let escaped = |text: &str| coded(text).replace('=', "%3D");
    let json = |email: &str, token: &str| format!(r#"{{"email":"{email}","stateToken":"{token}"}}"#);
    let (own, live) = (json("user1@example.test", "redacted-token-1"), json("zoe@x.io", "00live"));
    let saml = |email: &str| escaped(&format!("<NameID>{email}</NameID>"));
    let assertion = |iat: &str, email: &str, signature: &str| {
        jwt(&format!(r#"{{"iat":{iat},"email":"{email}","jti":"j{iat}"}}"#), signature)
    };
    all_are_found(&[
        (
            "GET /login?from=%252Fapp%253Flogin%253Duser1@example.test%2526a%253D1".to_owned(),
            "GET /login?from=%252Fapp%253Flogin%253Dzoe%2540x.io%2526a%253D1".to_owned(),
            "zoe@x.io",
        ),
        (
            "GET /login?from=%252Fapp%253Flogin%253Duser1%2540example.test".to_owned(),
            "GET /login?from=%252Fapp%253Flogin%253Dzoe%2540x.io".to_owned(),
            "zoe@x.io",
        ),
        (
            format!("POST /a {{\"message\":{own:?},\"n\":1.0}}"),
            format!("POST /a {{\"n\":1,\"message\":{:?}}}", format!("{live} ")),
            "zoe@x.io",
        ),
        (
            format!("POST /a {{\"payload\":\"{}\"}}", coded(&own)),
            format!("POST /a {{\"payload\":\"{}\"}}", coded(&live)),
            "zoe@x.io",
        ),
        (
            format!("POST /a state={}&x=1", escaped(&own)),
            format!("POST /a x=1&state={}", escaped(&live)),
            "zoe@x.io",
        ),
        (
            format!("POST /a document={}", saml("user1@example.test")),
            format!("POST /a document={}", saml("zoe@x.io")),
            "zoe@x.io",
        ),
        (
            format!("POST /a note=token+{}", assertion("1", "user1@example.test", "redacted")),
            format!("POST /a note=token+{}", assertion("2", "zoe@x.io", "c2lnbmF0dXJl")),
            "zoe@x.io",
        ),
    ]);
}

#[test]
fn a_value_is_known_by_what_stands_around_it() {
    let cases = [
        (
            "PUT /a mail user1@example.test or call +15550100001, key redacted-key-1.",
            "PUT /a mail zoe@x.io or call +4917155, key -----BEGIN\nKEY-----.",
            "+4917155",
        ),
        (
            "POST /a --b\r\n\r\nuser1@example.test\r\n--b\r\n\r\nredacted-password-1\r\n--b--\r\n",
            "POST /a --c\r\n\r\nzoe@x.io\r\n--c\r\n\r\nsecret\r\n--c--\r\n",
            "zoe@x.io",
        ),
        ("GET /users/login1/roles", "GET /users/zoe.b/roles", "zoe.b"),
        ("GET /users?q=login1", "GET /users?q=zoe.b", "zoe.b"),
        ("GET /users?phone=+15550100001", "GET /users?phone=+4917155123", "+4917155123"),
        ("GET /welcome/redacted-token-1", "GET /welcome/00live-token", "login1"),
        (
            r#"POST /a {"byMail":{"user1@example.test":[1],"x":2}}"#,
            r#"POST /a {"byMail":{"zoe@x.io":[1],"x":2}}"#,
            "zoe@x.io",
        ),
        (
            "PUT /a see https://other1.overdub.test/cb for user1@example.test",
            "PUT /a see http://app.x.io:81/cb for zoe@x.io",
            "zoe@x.io",
        ),
    ];
    all_are_found(&cases.map(|(recorded, sent, due)| (recorded.to_owned(), sent.to_owned(), due)));
}

#[test]
fn what_stands_around_a_value_has_to_be_equal_and_the_value_one_of_its_kind() {
    for (recorded, sent) in [
        ("PUT /a mail user1@example.test, please", "PUT /a mail zoe@x.io, now"),
        ("PUT /a mail user1@example.test", "PUT /a mail nobody"),
        ("PUT /a call +15550100001 at noon", "PUT /a call me at noon"),
        ("GET /users/login1", "GET /users/00u1aaaaaaaaaaaaaaaa"),
        ("GET /users/login1", "GET /users/me"),
        ("GET /users/login1", "GET /users/zoe/roles"),
        ("GET /catalogin1", "GET /catalogue"),
        ("GET /welcome/redacted-token-1", "GET /welcome/back"),
        (
            r#"POST /a {"m":"{\"a\":1,\"t\":\"redacted-token-1\"}"}"#,
            r#"POST /a {"m":"{\"a\":2,\"t\":\"x\"}"}"#,
        ),
        (r#"POST /a {"m":"{\"t\":\"redacted-token-1\"}"}"#, r#"POST /a {"m":"{\"t\":\"x\",\"u\":1}"}"#),
    ] {
        let answer = answered(recorded, sent);
        assert!(answer.starts_with("never recorded"), "{recorded}\n{sent}\n{answer}");
    }
}

#[test]
fn a_binding_decides_between_recordings_that_fit() {
    let lines = [r#"GET /users/login1 => 200 {"u":"login1"}"#, r#"GET /users/login2 => 200 {"v":"login2"}"#];
    let client = Client::of(vec![open_cassette("two", &["login1: login", "login2: login"], &lines)]);
    assert_eq!(client.ask("GET /users/zoe.b"), r#"200 {"u":"zoe.b"}"#);
    assert_eq!(client.ask("GET /users/bob.b"), r#"200 {"v":"bob.b"}"#);
    assert_eq!(client.ask("GET /users/zoe.b"), r#"200 {"u":"zoe.b"}"#);
}

#[test]
fn events_are_told_with_the_client_s_values() {
    let mut tape = open_cassette(
        "events",
        &["user1@example.test: email", "Name1: name"],
        &[
            r#"POST /a {"email":"user1@example.test","firstName":"Name1"} => 200"#,
            "GET /events => 200 data: {\"email\":\"user1@example.test\",\"name\":\"Name1\"}\n\ndata: end\n\n",
        ],
    );
    let headers = &mut tape.interactions[1].response.headers;
    headers.insert("content-type", "text/event-stream".parse().unwrap());
    let client = Client::of(vec![tape]);
    client.ask(r#"POST /a {"email":"zoe@x.io","firstName":"Zo\"e"}"#);
    assert_eq!(
        client.ask("GET /events"),
        "200 data: {\"email\":\"zoe@x.io\",\"name\":\"Zo\\\"e\"}\n\ndata: end"
    );
}
