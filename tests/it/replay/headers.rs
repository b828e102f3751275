//! What a client sent comes back in headers and tokens, too.

use data_encoding::BASE64URL_NOPAD;

use crate::support::tape::{Client, open_cassette};

fn client(header: &'static str, value: &'static str) -> Client {
    let lines = [r#"POST /a {"email":"user1@example.test","firstName":"Name1"} => 200"#, "GET /a => 302"];
    let mut tape = open_cassette("headers", &["user1@example.test: email", "Name1: name"], &lines);
    tape.interactions[1].response.headers.insert(header, value.parse().unwrap());
    Client::of(vec![tape])
}

#[test]
fn headers_carry_what_the_client_sent() {
    for (header, value, expected) in [
        (
            "location",
            "https://okta.overdub.test/users/user1%40example.test",
            "http://127.0.0.1:8080/users/zo%2Be%40x.com",
        ),
        (
            "location",
            "/login?to=https%3A%2F%2Fokta.overdub.test%2Fa",
            "/login?to=http%3A%2F%2F127.0.0.1%3A8080%2Fa",
        ),
        (
            "link",
            "<https://okta.overdub.test/a?q=user1@example.test>; rel=\"next\"",
            "<http://127.0.0.1:8080/a?q=zo%2Be@x.com>; rel=\"next\"",
        ),
        ("x-user", "user1@example.test", "zo+e@x.com"),
        ("x-name", "Name1", "Zoe"),
        ("x-name", "Name1 or not", "Name1 or not"),
        (
            "set-cookie",
            "ln=user1@example.test; Path=/; Domain=okta.overdub.test; Secure",
            "ln=zo%2Be@x.com; Path=/",
        ),
    ] {
        let client = client(header, value);
        client.ask(r#"POST /a {"email":"zo+e@x.com","firstName":"Zoe"}"#);
        assert_eq!(client.header(header, "GET /a"), expected);
    }
}

#[test]
fn a_value_that_a_header_cannot_hold_stays_a_stand_in() {
    let client = client("x-name", "Name1");
    client.ask(r#"POST /a {"email":"a@b.c","firstName":"Zoe\r\nx-forged: 1"}"#);
    assert_eq!(client.header("x-name", "GET /a"), "Name1");
}

#[test]
fn claims_of_a_token_say_who_the_client_is() {
    let token = |claims: &str, signature: &str| {
        format!("eyJhbGciOiJSUzI1NiJ9.{}.{signature}", BASE64URL_NOPAD.encode(claims.as_bytes()))
    };
    let recorded = r#"{"sub":"user1@example.test","name":"Name1","iss":"https://okta.overdub.test"}"#;
    let expected = r#"{"sub":"zoe@x.com","name":"Zoe","iss":"http://127.0.0.1:8080"}"#;
    for (signature, expected) in [("redacted", expected), ("c2lnbmVk", recorded)] {
        let lines = [
            r#"POST /a {"email":"user1@example.test","firstName":"Name1"} => 200"#.to_owned(),
            format!(r#"GET /token => 200 {{"id_token":"{}"}}"#, token(recorded, signature)),
        ];
        let stand_ins = ["user1@example.test: email", "Name1: name"];
        let client =
            Client::of(vec![open_cassette("jwt", &stand_ins, &lines.each_ref().map(String::as_str))]);
        client.ask(r#"POST /a {"email":"zoe@x.com","firstName":"Zoe"}"#);
        let answer = format!(r#"200 {{"id_token":"{}"}}"#, token(expected, signature));
        assert_eq!(client.ask("GET /token"), answer);
    }
}

#[test]
fn html_is_escaped_as_html() {
    let lines = [
        r#"POST /a {"email":"user1@example.test","firstName":"Name1"} => 200"#,
        r#"GET /page => 200 <p title="Name1">Name1</p><i>user1&#64;example.test user1@example.test</i>"#,
    ];
    let mut tape = open_cassette("html", &["user1@example.test: email", "Name1: name"], &lines);
    tape.interactions[1].response.headers.insert("content-type", "text/html; charset=utf-8".parse().unwrap());
    let client = Client::of(vec![tape]);
    client.ask(r#"POST /a {"email":"o'b@x.com","firstName":"<Zoe>"}"#);
    assert_eq!(
        client.ask("GET /page"),
        r#"200 <p title="&lt;Zoe&gt;">&lt;Zoe&gt;</p><i>o&#39;b&#64;x.com o&#39;b@x.com</i>"#
    );
}
