//! Stand-ins are variables: each client sees what it sent.

use crate::support::tape::{Client, open_cassette};

const USERS: &[&str] = &[
    r#"POST /api/v1/users {"profile":{"login":"user1@example.test","firstName":"Name1"}} => 200 {"id":"00u1","profile":{"login":"user1@example.test","firstName":"Name1","note":"ask Name1"}}"#,
    r#"POST /api/v1/users {"profile":{"login":"user2@example.test","firstName":"Name2"}} => 200 {"id":"00u2","profile":{"login":"user2@example.test","firstName":"Name2"}}"#,
    r#"GET /api/v1/users/user1%40example.test => 200 {"id":"00u1","login":"user1@example.test"}"#,
    r#"GET /api/v1/users/user2%40example.test => 200 {"id":"00u2","login":"user2@example.test"}"#,
    r#"GET /api/v1/users?filter=profile.login+eq+%22user2%40example.test%22 => 200 [{"id":"00u2","login":"user2@example.test"}]"#,
    r#"POST /api/v1/users/00u1/factors {"factorType":"sms","profile":{"phoneNumber":"+15550100001"}} => 200 {"id":"sms1","profile":{"phoneNumber":"+15550100001"}}"#,
    r#"GET /api/v1/groups => 200 [{"name":"Name1"},{"owner":"user3@example.test"}]"#,
];

const STAND_INS: &[&str] = &[
    "user1@example.test: email",
    "user2@example.test: email",
    "user3@example.test: email",
    "Name1: name",
    "Name2: name",
    "+15550100001: phone",
    "redacted-token-1: token",
];

fn users() -> Client {
    Client::of(vec![open_cassette("users", STAND_INS, USERS)])
}

fn create(login: &str, name: &str) -> String {
    format!(r#"POST /api/v1/users {{"profile":{{"login":"{login}","firstName":"{name}"}}}}"#)
}

#[test]
fn users_of_other_names_created_in_another_order_have_a_consistent_world() {
    let client = users();
    assert_eq!(
        client.ask(&create("zoe@acme.com", "Zoe")),
        r#"200 {"id":"00u1","profile":{"login":"zoe@acme.com","firstName":"Zoe","note":"ask Name1"}}"#
    );
    assert_eq!(
        client.ask(&create("bob@acme.com", "Bob")),
        r#"200 {"id":"00u2","profile":{"login":"bob@acme.com","firstName":"Bob"}}"#
    );
    // The second one first: which user it is, the binding tells.
    let (bob, zoe) =
        (r#"200 {"id":"00u2","login":"bob@acme.com"}"#, r#"200 {"id":"00u1","login":"zoe@acme.com"}"#);
    assert_eq!(client.ask("GET /api/v1/users/bob%40acme.com"), bob);
    assert_eq!(client.ask("GET /api/v1/users/zoe@acme.com"), zoe);
    assert_eq!(client.ask("GET /api/v1/users/Zoe@ACME.com"), zoe, "letter case does not count");
    assert_eq!(
        client.ask("GET /api/v1/users?filter=profile.login+eq+%22bob@acme.com%22"),
        r#"200 [{"id":"00u2","login":"bob@acme.com"}]"#
    );
    assert_eq!(
        client.ask("GET /api/v1/groups"),
        r#"200 [{"name":"Zoe"},{"owner":"user3@example.test"}]"#,
        "what was never sent stays a stand-in"
    );
    client.reset();
    assert_eq!(client.ask("GET /api/v1/groups"), r#"200 [{"name":"Name1"},{"owner":"user3@example.test"}]"#);
}

#[test]
fn a_path_a_filter_or_a_body_may_be_the_first_to_tell_a_value() {
    let client = users();
    assert_eq!(
        client.ask("GET /api/v1/users/ann%2Bx%40acme.com"),
        r#"200 {"id":"00u1","login":"ann+x@acme.com"}"#
    );
    assert_eq!(
        client.ask("GET /api/v1/users?filter=profile.login+eq+%22ben@acme.com%22"),
        r#"200 [{"id":"00u2","login":"ben@acme.com"}]"#
    );
    assert_eq!(client.ask("GET /api/v1/users/ben@acme.com"), r#"200 {"id":"00u2","login":"ben@acme.com"}"#);
    let phone =
        r#"POST /api/v1/users/00u1/factors {"factorType":"sms","profile":{"phoneNumber":"+49 171 5"}}"#;
    assert_eq!(client.ask(phone), r#"200 {"id":"sms1","profile":{"phoneNumber":"+49 171 5"}}"#);
    assert!(client.miss(phone).starts_with("recorded, but already used"));
}

#[test]
fn a_client_that_sends_the_stand_ins_gets_what_was_recorded() {
    let client = users();
    for line in USERS {
        let (sent, due) = line.split_once(" => ").unwrap();
        assert_eq!(client.ask(sent), due);
    }
    let client = users();
    client.ask(&create("user1@example.test", "Name1"));
    assert!(
        client.ask(&create("zoe@acme.com", "Zoe")).starts_with(r#"200 {"id":"00u2""#),
        "the first user is taken by now"
    );
}

#[test]
fn what_is_not_a_stand_in_has_to_be_equal() {
    let lines = [
        r#"POST /api/v1/users {"profile":{"login":"user1@example.test","email":"real@kept.com"}} => 200 one"#,
    ];
    let client = Client::of(vec![open_cassette("kept", &["user1@example.test: email"], &lines)]);
    let create = |email| {
        client.ask(&format!(r#"POST /api/v1/users {{"profile":{{"login":"a@b.c","email":"{email}"}}}}"#))
    };
    assert!(create("other@kept.com").starts_with("never recorded"));
    assert_eq!(create("real@kept.com"), "200 one");
}

#[test]
fn what_was_sent_literally_goes_before_what_would_be_bound() {
    let lines = [
        r#"POST /a {"email":"user1@example.test","token":"redacted-token-1"} => 200 variable"#,
        r#"POST /a {"email":"kept@acme.com","token":"redacted-token-1"} => 200 literal"#,
    ];
    let stand_ins = ["user1@example.test: email", "redacted-token-1: token"];
    let client = Client::of(vec![open_cassette("literal", &stand_ins, &lines)]);
    assert_eq!(client.ask(r#"POST /a {"email":"kept@acme.com","token":"live"}"#), "200 literal");
    assert_eq!(client.ask(r#"POST /a {"email":"zoe@acme.com","token":"live"}"#), "200 variable");
}

#[test]
fn one_stand_in_is_one_value() {
    let lines = [
        r#"POST /a {"email":"user1@example.test","login":"user1@example.test"} => 200 same user1@example.test"#,
        r#"POST /a {"email":"user1@example.test","login":"user2@example.test"} => 200 {"u":"user2@example.test"}"#,
        r#"GET /a/user1%40example.test => 200 {"u":"user1@example.test"}"#,
    ];
    let stand_ins = ["user1@example.test: email", "user2@example.test: email"];
    let client = Client::of(vec![open_cassette("one", &stand_ins, &lines)]);
    assert_eq!(
        client.ask(r#"POST /a {"email":"zoe@x.com","login":"bob@x.com"}"#),
        r#"200 {"u":"bob@x.com"}"#
    );
    assert!(client.ask("GET /a/zoe@x.com").contains("zoe@x.com"));
    // Nobody but the first user was recorded here: the answer is hers, and nothing is bound anew.
    assert_eq!(client.ask("GET /a/eve@x.com"), r#"200 {"u":"zoe@x.com"}"#);
    assert_eq!(client.ask("GET /a/zoe@x.com"), r#"200 {"u":"zoe@x.com"}"#);
}

#[test]
fn forms_match_by_what_their_fields_mean() {
    let lines = [
        r#"POST /login username=user1%40example.test&remember=1 => 200 {"u":"user1@example.test"}"#,
        "POST /oauth2/v1/introspect client_secret=redacted-secret-1&scope=a => 200 secret",
    ];
    let stand_ins = ["user1@example.test: email", "redacted-secret-1: secret"];
    let client = Client::of(vec![open_cassette("forms", &stand_ins, &lines)]);
    assert_eq!(client.ask("POST /login remember=1&username=zoe%40x.com"), r#"200 {"u":"zoe@x.com"}"#);
    assert_eq!(client.ask("POST /oauth2/v1/introspect scope=a&client_secret=live-secret"), "200 secret");
    assert!(client.miss("POST /oauth2/v1/introspect scope=b&client_secret=live-secret").starts_with("never"));
}

#[test]
fn a_value_is_spelled_as_its_place_asks() {
    let lines = [
        r#"POST /a {"email":"user1@example.test","firstName":"Name1","login":"login1"} => 200 {"self":"https://okta.overdub.test/api/v1/users/user1%40example.test?login_hint=user1%40example.test","path":"/users/login1/x","name":"Name1","Name1":"Name10","unicode":"user1\u0040example.test","in":"Name1 and (user1@example.test), user11@example.test"}"#,
    ];
    let stand_ins =
        ["user1@example.test: email", "user11@example.test: email", "Name1: name", "login1: login"];
    let client = Client::of(vec![open_cassette("spelled", &stand_ins, &lines)]);
    let answer = client.ask(r#"POST /a {"email":"a+\"b@x.com","firstName":"Zo\"e\n","login":"ü /b"}"#);
    assert_eq!(
        answer,
        r#"200 {"self":"http://127.0.0.1:8080/api/v1/users/a%2B%22b%40x.com?login_hint=a%2B%22b%40x.com","path":"/users/%C3%BC%20%2Fb/x","name":"Zo\"e\n","Name1":"Name10","unicode":"a\u002b\u0022b\u0040x.com","in":"Name1 and (a+\"b@x.com), user11@example.test"}"#
    );
}

#[test]
fn every_cassette_numbers_its_own_people() {
    let lines = |id: &str| {
        [
            format!(r#"POST /{id} {{"email":"user1@example.test"}} => 200 {id}"#),
            format!(r#"GET /{id}/who => 200 {{"u":"user1@example.test"}}"#),
        ]
    };
    let tape = |name: &str| {
        let lines = lines(name);
        open_cassette(name, &["user1@example.test: email"], &lines.each_ref().map(String::as_str))
    };
    let client = Client::of(vec![tape("a"), tape("b")]);
    client.ask(r#"POST /a {"email":"zoe@x.com"}"#);
    client.ask(r#"POST /b {"email":"bob@x.com"}"#);
    assert_eq!(client.ask("GET /a/who"), r#"200 {"u":"zoe@x.com"}"#);
    assert_eq!(client.ask("GET /b/who"), r#"200 {"u":"bob@x.com"}"#);
}

#[test]
fn a_value_that_is_too_large_to_bind_matches_and_comes_back_as_its_stand_in() {
    let lines = [r#"POST /a {"firstName":"Name1"} => 200 {"name":"Name1"}"#];
    let client = Client::of(vec![open_cassette("large", &["Name1: name"], &lines)]);
    let sent = format!(r#"POST /a {{"firstName":"{}"}}"#, "x".repeat(5000));
    assert_eq!(client.ask(&sent), r#"200 {"name":"Name1"}"#);
}

#[test]
fn fields_that_vary_count_by_being_there_in_both_ways_to_match() {
    let lines = [r#"POST /verify {"passCode":"000001","email":"user1@example.test"} => 200 one"#];
    let client = Client::of(vec![open_cassette("varying", &["user1@example.test: email"], &lines)]);
    assert!(client.miss(r#"POST /verify {"email":"zoe@x.com"}"#).starts_with("never recorded"));
    assert_eq!(client.ask(r#"POST /verify {"passCode":"123456","email":"zoe@x.com"}"#), "200 one");
}

#[test]
fn one_value_may_stand_for_two_stand_ins() {
    let lines = [
        r#"POST /a {"firstName":"Name1","lastName":"Name2"} => 200 {"first":"Name1","last":"Name2"}"#,
        r#"PUT /a {"firstName":"Name1","lastName":"Name2"} => 200 {"last":"Name2"}"#,
        r#"PUT /b {"firstName":"Name1","lastName":"Name1"} => 200 {"last":"Name1"}"#,
    ];
    let client = Client::of(vec![open_cassette("twice", &["Name1: name", "Name2: name"], &lines)]);
    let both = r#"{"firstName":"Bo","lastName":"Bo"}"#;
    assert_eq!(client.ask(&format!("POST /a {both}")), r#"200 {"first":"Bo","last":"Bo"}"#);
    assert_eq!(client.ask(&format!("PUT /a {both}")), r#"200 {"last":"Bo"}"#);
    // Two values for one stand-in are no match that binds, but the only one there is.
    assert_eq!(client.ask(r#"PUT /b {"firstName":"Bo","lastName":"Do"}"#), r#"200 {"last":"Bo"}"#);
}

#[test]
fn a_body_that_nobody_recorded_leaves_the_path_s_value_open() {
    let lines = [
        r#"PUT /users/user1%40example.test ? => 200 {"u":"user1@example.test"}"#,
        r#"PUT /users/user2%40example.test {"email":"user2@example.test"} => 200 {"u":"user2@example.test"}"#,
    ];
    let stand_ins = ["user1@example.test: email", "user2@example.test: email"];
    let client = Client::of(vec![open_cassette("any", &stand_ins, &lines)]);
    assert_eq!(client.ask(r#"PUT /users/zoe@x.com {"n":1}"#), r#"200 {"u":"zoe@x.com"}"#);
    assert_eq!(client.ask(r#"PUT /users/bob@x.com {"email":"bob@x.com"}"#), r#"200 {"u":"bob@x.com"}"#);
}

#[test]
fn the_same_people_may_be_asked_for_in_any_cassette_that_is_pinned() {
    let tape = |name: &str| {
        let line = format!(r#"GET /users/user1%40example.test => 200 {{"{name}":"user1@example.test"}}"#);
        open_cassette(name, &["user1@example.test: email"], &[&line])
    };
    let client = Client::of(vec![tape("a"), tape("b")]);
    assert_eq!(client.ask("GET /users/zoe@x.com"), r#"200 {"a":"zoe@x.com"}"#);
    let pinned = client.ask_with("GET /users/bob@x.com", &[("x-overdub-cassette", "b")]);
    assert_eq!(pinned, r#"200 {"b":"bob@x.com"}"#);
    assert_eq!(client.ask("GET /users/zoe@x.com"), r#"200 {"a":"zoe@x.com"}"#);
}
