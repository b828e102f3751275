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
      method: sent POST, recorded GET
      body: sent a JSON body, recorded (none)
    closest: sms #5 (recordings/sms.yaml:44) DELETE /users/u/factors/sms1
      method: sent POST, recorded DELETE
      path: sent /users/u/factors, recorded /users/u/factors/sms1
      body: sent a JSON body, recorded (none)
    what to do: record it (`overdub record --append …`), or let the client send what was recorded
    "#);
    insta::assert_snapshot!(client.ask("PUT /users/u/factors?limit=2"), @r#"
    never recorded: PUT /users/u/factors?limit=2
    cassettes in force: other (1), sms (8)
    closest: sms #2 (recordings/sms.yaml:14) GET /users/u/factors
      method: sent PUT, recorded GET
      query limit: sent 2, recorded (none)
    closest: sms #1 (recordings/sms.yaml:4) POST /users/u/factors
      method: sent PUT, recorded POST
      query limit: sent 2, recorded (none)
      body: sent (none), recorded a JSON body
    closest: sms #5 (recordings/sms.yaml:44) DELETE /users/u/factors/sms1
      method: sent PUT, recorded DELETE
      path: sent /users/u/factors, recorded /users/u/factors/sms1
      query limit: sent 2, recorded (none)
    what to do: record it (`overdub record --append …`), or let the client send what was recorded
    "#);
    insta::assert_snapshot!(client.ask("GET /nothing/like/it"), @r#"
    never recorded: GET /nothing/like/it
    cassettes in force: other (1), sms (8)
    closest: nothing like it was recorded
    what to do: record it (`overdub record --append …`), or let the client send what was recorded
    "#);
    client.ask("DELETE /users/u/factors/sms1");
    insta::assert_snapshot!(client.ask("DELETE /users/u/factors/sms1"), @r#"
    recorded, but already used: DELETE /users/u/factors/sms1
    cassettes in force: other (1), sms (8)
    used: sms #5 (recordings/sms.yaml:44) DELETE /users/u/factors/sms1
    what to do: POST /__overdub/reset starts the recordings afresh; `repeat: last` or `repeat: cycle` in the cassette (or --repeat) allows it again
    "#);
}
