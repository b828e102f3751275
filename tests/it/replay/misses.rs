//! What a miss says.

use crate::support::tape::{Client, cassette, open_cassette};

const SMS: &[&str] = &[
    r#"POST /users/u/factors {"phone":"+1"} => 200 {"id":"mbl1","status":"PENDING_ACTIVATION"}"#,
    r#"GET /users/u/factors => 200 [{"id":"mbl1"}]"#,
    r#"POST /users/u/factors/mbl1/lifecycle/activate {"passCode":"355946"} => 200 {"id":"sms1","status":"ACTIVE"}"#,
    r#"GET /users/u/factors => 200 [{"id":"sms1"}]"#,
    "DELETE /users/u/factors/sms1 => 204",
    "GET /users/u/factors => 200 []",
    r#"POST /users/u/factors {"phone":"+1"} => 200 {"id":"sms2","status":"ACTIVE"}"#,
    r#"GET /users/u/factors => 200 [{"id":"sms2"}]"#,
];

#[test]
fn a_miss_says_what_came_close() {
    let client = Client::of(vec![cassette("sms", SMS), cassette("other", &["GET /x => 200"])]);
    insta::assert_snapshot!(client.ask(r#"POST /users/u/factors {"phone":"+2","passCode":"1"}"#), @r#"
    never recorded: POST /users/u/factors
    cassettes in force: other (1), sms (8)
    closest: sms #1 (recordings/sms.yaml:4) POST /users/u/factors
      body.phone: sent "+2", recorded "+1"
      body.passCode: sent (hidden), recorded (none)
    closest: sms #2 (recordings/sms.yaml:14) GET /users/u/factors
      method: sent POST, recorded with GET
      body: sent a JSON body, recorded (none)
    closest: sms #5 (recordings/sms.yaml:44) DELETE /users/u/factors/sms1
      method: sent POST, recorded with DELETE
      path: sent /users/u/factors, recorded /users/u/factors/sms1
      body: sent a JSON body, recorded (none)
    what to do: record it (`overdub record --append …`), or let the client send what was recorded
    what shows more: overdub explain -c other -c sms curl -X POST -d BODY /users/u/factors
    "#);
    insta::assert_snapshot!(client.ask("PUT /users/u/factors?limit=2"), @r#"
    never recorded: PUT /users/u/factors?limit=2
    cassettes in force: other (1), sms (8)
    closest: sms #2 (recordings/sms.yaml:14) GET /users/u/factors
      method: sent PUT, recorded with GET
      query limit: sent 2, recorded (none)
    closest: sms #1 (recordings/sms.yaml:4) POST /users/u/factors
      method: sent PUT, recorded with POST
      query limit: sent 2, recorded (none)
      body: sent (none), recorded a JSON body
    closest: sms #5 (recordings/sms.yaml:44) DELETE /users/u/factors/sms1
      method: sent PUT, recorded with DELETE
      path: sent /users/u/factors, recorded /users/u/factors/sms1
      query limit: sent 2, recorded (none)
    what to do: record it (`overdub record --append …`), or let the client send what was recorded
    what shows more: overdub explain -c other -c sms 'PUT /users/u/factors?limit=2'
    "#);
    insta::assert_snapshot!(client.ask("GET /nothing/like/it"), @r#"
    never recorded: GET /nothing/like/it
    cassettes in force: other (1), sms (8)
    closest: nothing like it was recorded
    what to do: record it (`overdub record --append …`), or let the client send what was recorded
    what shows more: overdub explain -c other -c sms 'GET /nothing/like/it'
    "#);
    client.ask("DELETE /users/u/factors/sms1");
    insta::assert_snapshot!(client.ask("DELETE /users/u/factors/sms1"), @r#"
    recorded, but already used: DELETE /users/u/factors/sms1
    cassettes in force: other (1), sms (8)
    used in this session: sms #5 (recordings/sms.yaml:44) DELETE /users/u/factors/sms1
    what to do: POST /__overdub/reset starts the recordings afresh; `repeat: last` or `repeat: cycle` in the cassette (or --repeat) allows it again
    what shows more: overdub explain -c other -c sms --session-log FILE 'DELETE /users/u/factors/sms1'
    "#);
}

#[test]
fn a_miss_names_what_a_stand_in_stands_for_in_its_session() {
    let lines = [
        r#"POST /api/v1/users {"profile":{"email":"user1@example.test","firstName":"Name1"}} => 200 {"id":"00u1"}"#,
        r"GET /api/v1/users?filter=profile.email+eq+%22user1%40example.test%22&limit=1 => 200 []",
    ];
    let tape = || open_cassette("users", &["user1@example.test: email", "Name1: name"], &lines);
    let client = Client::of(vec![tape(), cassette("other", &["GET /x => 200", "POST /only {} => 200"])]);
    let create = |email: &str, name: &str| {
        format!(r#"POST /api/v1/users {{"profile":{{"email":"{email}","firstName":"{name}"}}}}"#)
    };
    client.ask_in("alice's", &create("alice@x.com", "Alice"));
    insta::assert_snapshot!(client.ask_in("alice's", &create("bob@x.com", "Alice")), @r#"
    recorded, but already used: POST /api/v1/users
    cassettes in force: other (2), users (2)
    session: alice's
    used in this session: users #1 (recordings/users.yaml:4) POST /api/v1/users
      body.profile.email: sent "bob@x.com", recorded "user1@example.test", which stands for alice@x.com in this session
    what to do: POST /__overdub/reset starts the recordings afresh; `repeat: last` or `repeat: cycle` in the cassette (or --repeat) allows it again
    what shows more: overdub explain -c other -c users --session-log FILE --session 'alice'\''s' curl -X POST -d BODY /api/v1/users
    "#);
    insta::assert_snapshot!(client.ask("GET /api/v1/users?limit=2&filter=profile.email+eq+%22bob@x.com%22"), @r#"
    never recorded: GET /api/v1/users?limit=2&filter=profile.email+eq+%22bob@x.com%22
    cassettes in force: other (2), users (2)
    closest: users #2 (recordings/users.yaml:14) GET /api/v1/users?filter=profile.email+eq+%22user1%40example.test%22&limit=1
      query limit: sent 2, recorded 1
    closest: users #1 (recordings/users.yaml:4) POST /api/v1/users
      method: sent GET, recorded with POST
      query filter: sent profile.email eq "bob@x.com", recorded (none)
      query limit: sent 2, recorded (none)
      body: sent (none), recorded a JSON body
    what to do: record it (`overdub record --append …`), or let the client send what was recorded
    what shows more: overdub explain -c other -c users 'GET /api/v1/users?limit=2&filter=profile.email+eq+%22bob@x.com%22'
    "#);
    insta::assert_snapshot!(
        client.ask_with("POST /only {}", &[("x-overdub-cassette", "users")]), @r#"
    never recorded: POST /only
    cassettes in force: users (2), asked for by x-overdub-cassette
    closest: nothing like it was recorded
    recorded in a cassette that was not asked: other #2 (recordings/other.yaml:14) POST /only
    what to do: record it (`overdub record --append …`), or let the client send what was recorded
    what shows more: overdub explain -c users curl -X POST -d BODY /only
    "#);
    insta::assert_snapshot!(client.ask_at("https://okta.overdub.test", "PUT //x/"), @r#"
    never recorded: PUT https://okta.overdub.test//x/
    cassettes in force: other (2), users (2)
    closest: other #1 (recordings/other.yaml:4) GET /x
      method: sent PUT, recorded with GET
    what to do: record it (`overdub record --append …`), or let the client send what was recorded
    what shows more: overdub explain -c other -c users --forward 'PUT https://okta.overdub.test//x/'
    "#);
}

#[test]
fn what_does_not_count_is_not_told() {
    let client = Client::of(vec![cassette("users", &[r#"POST /users/u?a=1&b=2 {"n":1} => 200"#])]);
    insta::assert_snapshot!(client.ask(r#"POST //users/u/?b=2&a=1 {"n":2,"password":"hunter2"}"#), @r#"
    never recorded: POST //users/u/?b=2&a=1
    cassettes in force: users (1)
    closest: users #1 (recordings/users.yaml:4) POST /users/u?a=1&b=2
      body.n: sent 2, recorded 1
      body.password: sent (hidden), recorded (none)
    what to do: record it (`overdub record --append …`), or let the client send what was recorded
    what shows more: overdub explain -c users curl -X POST -d BODY '//users/u/?b=2&a=1'
    "#);
    insta::assert_snapshot!(client.ask(r#"PUT //users/u/?b=2&a=1 {"n":1}"#), @r#"
    never recorded: PUT //users/u/?b=2&a=1
    cassettes in force: users (1)
    closest: users #1 (recordings/users.yaml:4) POST /users/u?a=1&b=2
      method: sent PUT, recorded with POST
    what to do: record it (`overdub record --append …`), or let the client send what was recorded
    what shows more: overdub explain -c users curl -X PUT -d BODY '//users/u/?b=2&a=1'
    "#);
}

#[test]
fn a_token_in_a_url_is_not_shown() {
    let client = Client::of(vec![cassette(
        "one",
        &["GET /welcome/redacted-token-1?token=redacted-token-2 => 200 {}"],
    )]);
    let told = client.ask("GET /welcome/3hQvPZ9k2LmN8xYtR4wB/x?token=S3cretToken&id_token_hint=eyJhbGciOiJub25lIn0.eyJzdWIiOiJqYW5lIn0.c2ln");
    assert!(told.starts_with("501") || told.contains("never recorded"), "{told}");
    for secret in ["3hQvPZ9k2LmN8xYtR4wB", "S3cretToken", "eyJzdWIi"] {
        assert!(!told.contains(secret), "{told}");
    }
}
