//! `overdub explain`, and the session log that it reads.

mod log;
mod requests;
mod settings;

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::overdub::Project;

/// A factor is enrolled, seen, activated, seen again and deleted; a note is written; a copy is told to be fresh.
const FLOW: &str = r#"overdub: 1
upstream: https://okta.overdub.test
...
---
request:
  method: POST
  url: /api/v1/users/00u1/factors
  body: {json: {factorType: sms, profile: {phoneNumber: "+15550100001"}}}
stand_ins: {"+15550100001": phone}
response: {status: 200, body: {json: {id: mbl1, profile: {phoneNumber: "+15550100001"}}}}
...
---
request: {method: GET, url: /api/v1/users/00u1/factors}
response: {status: 200, body: {json: [{id: mbl1, status: PENDING_ACTIVATION}]}}
...
---
request: {method: POST, url: /api/v1/users/00u1/factors/mbl1/lifecycle/activate, body: {json: {passCode: "000001"}}}
response: {status: 200, body: {json: {id: mbl1, status: ACTIVE}}}
...
---
request: {method: GET, url: /api/v1/users/00u1/factors}
response: {status: 200, body: {json: [{id: mbl1, status: ACTIVE}]}}
...
---
request: {method: DELETE, url: /api/v1/users/00u1/factors/mbl1}
response: {status: 204}
...
---
request: {method: POST, url: /notes, body: {json: {text: one, tag: {a: x, at: "10:00"}}}}
response: {status: 200, body: {json: {n: 1}}}
...
---
request: {method: GET, url: /copy}
response: {status: 304}
...
"#;

const ENROLL: &str = r#"curl -X POST http://127.0.0.1:8080/api/v1/users/00u1/factors -d '{"factorType":"sms","profile":{"phoneNumber":"+12125550199"}}'"#;
const ACTIVATE: &str = r#"curl http://127.0.0.1:8080/api/v1/users/00u1/factors/mbl1/lifecycle/activate -d '{"passCode":"271828"}'"#;

fn project() -> Project {
    let project = Project::new();
    project.write("recordings/flow.yaml", FLOW);
    project
}

/// What is told of these requests, and the exit code.
fn explain(project: &Project, flags: &[&str]) -> String {
    let (code, stdout, stderr) = project.run(&[&["explain", "-c", "flow"], flags].concat());
    format!("{stdout}{stderr}exit code {code}")
}

/// The first line for each request.
fn verdicts(project: &Project, flags: &[&str]) -> Vec<String> {
    let told = explain(project, flags);
    let firsts = told.lines().filter(|line| line.starts_with("a miss") || line.starts_with("would be"));
    let firsts: Vec<_> = firsts.map(str::to_owned).collect();
    assert!(!firsts.is_empty(), "{told}");
    firsts
}

#[test]
fn an_answer_is_told_with_what_was_used_and_what_is_held_back() {
    let project = project();
    assert_snapshot!(explain(&project, &[ENROLL, "GET /api/v1/users/00u1/factors"]), @r#"
    would be answered by flow #1 (recordings/flow.yaml:4) with 200, with the client's own values where stand-ins were recorded
      request: POST /api/v1/users/00u1/factors with JSON {"factorType":"sms","profile":{"phoneNumber":"+12125550199"}…
      cassettes: flow (7)
      session: default
      recordings of this request:
        flow #1 (recordings/flow.yaml:4) POST /api/v1/users/00u1/factors: answers
      in this session:
        +12125550199 stands for +15550100001

    would be answered by flow #2 (recordings/flow.yaml:12) with 200, exact
      request: GET /api/v1/users/00u1/factors
      cassettes: flow (7)
      session: default
      recordings of this request:
        flow #2 (recordings/flow.yaml:12) GET /api/v1/users/00u1/factors: answers
        flow #4 (recordings/flow.yaml:20) GET /api/v1/users/00u1/factors: not used, due only after flow #3, POST /api/v1/users/00u1/factors/mbl1/lifecycle/activate
      in this session:
        +12125550199 stands for +15550100001
    exit code 0
    "#);
    assert_snapshot!(explain(&project, &[ENROLL, ACTIVATE, "GET /api/v1/users/00u1/factors"]), @r#"
    would be answered by flow #1 (recordings/flow.yaml:4) with 200, with the client's own values where stand-ins were recorded
      request: POST /api/v1/users/00u1/factors with JSON {"factorType":"sms","profile":{"phoneNumber":"+12125550199"}…
      cassettes: flow (7)
      session: default
      recordings of this request:
        flow #1 (recordings/flow.yaml:4) POST /api/v1/users/00u1/factors: answers
      in this session:
        +12125550199 stands for +15550100001

    would be answered by flow #3 (recordings/flow.yaml:16) with 200, exact
      request: POST /api/v1/users/00u1/factors/mbl1/lifecycle/activate with JSON {"passCode":"(hidden)"}
      cassettes: flow (7)
      session: default
      recordings of this request:
        flow #3 (recordings/flow.yaml:16) POST /api/v1/users/00u1/factors/mbl1/lifecycle/activate: answers
      in this session:
        +12125550199 stands for +15550100001

    would be answered by flow #4 (recordings/flow.yaml:20) with 200, exact
      request: GET /api/v1/users/00u1/factors
      cassettes: flow (7)
      session: default
      recordings of this request:
        flow #4 (recordings/flow.yaml:20) GET /api/v1/users/00u1/factors: answers
        flow #2 (recordings/flow.yaml:12) GET /api/v1/users/00u1/factors: not used, over since flow #3, POST /api/v1/users/00u1/factors/mbl1/lifecycle/activate
      in this session:
        +12125550199 stands for +15550100001
    exit code 0
    "#);
}

#[test]
fn a_miss_is_told_with_what_came_close() {
    let project = project();
    assert_snapshot!(explain(&project, &["GET /api/v1/users/00u1/factors?limit=2"]), @r#"
    a miss: never recorded
      request: GET /api/v1/users/00u1/factors?limit=2
      cassettes: flow (7)
      session: default
      closest recordings:
        flow #2 (recordings/flow.yaml:12) GET /api/v1/users/00u1/factors: not used
          query limit: sent 2, recorded (none)
        flow #1 (recordings/flow.yaml:4) POST /api/v1/users/00u1/factors: not used
          method: sent GET, recorded with POST
          and 2 more differences (--all shows them)
        flow #5 (recordings/flow.yaml:24) DELETE /api/v1/users/00u1/factors/mbl1: not used
          method: sent GET, recorded with DELETE
          and 2 more differences (--all shows them)
      what would have it answered:
        recording it: `overdub proxy --mode new_episodes --upstream URL -c flow`, or `overdub record --append --upstream URL -c flow`
    error: no recording would answer the request
    exit code 1
    "#);
    assert_snapshot!(explain(&project, &["--all", r#"curl /notes -d '{"text":"two","password":"hunter2"}'"#]), @r#"
    a miss: never recorded
      request: POST /notes with JSON {"text":"two","password":"(hidden)"}
      cassettes: flow (7)
      session: default
      closest recordings:
        flow #6 (recordings/flow.yaml:28) POST /notes: not used
          body.text: sent "two", recorded "one"
          body.tag: sent (none), recorded {"a":"x","at":"10:00"}
          body.password: sent (hidden), recorded (none)
      what would have it answered:
        `body: unrecorded` in the request of flow #6 (recordings/flow.yaml:28), which fits any body: then flow #6 answers
        recording it: `overdub proxy --mode new_episodes --upstream URL -c flow`, or `overdub record --append --upstream URL -c flow`
    error: no recording would answer the request
    exit code 1
    "#);
    assert_snapshot!(explain(&project, &["GET /nothing/like/it"]), @r#"
    a miss: never recorded
      request: GET /nothing/like/it
      cassettes: flow (7)
      session: default
      closest recordings: nothing like it was recorded
      what would have it answered:
        recording it: `overdub proxy --mode new_episodes --upstream URL -c flow`, or `overdub record --append --upstream URL -c flow`
    error: no recording would answer the request
    exit code 1
    "#);
}

#[test]
fn what_was_used_is_told_apart_from_what_was_never_recorded() {
    let project = project();
    let delete = "DELETE /api/v1/users/00u1/factors/mbl1";
    assert_snapshot!(explain(&project, &[delete, delete]), @r#"
    would be answered by flow #5 (recordings/flow.yaml:24) with 204, exact
      request: DELETE /api/v1/users/00u1/factors/mbl1
      cassettes: flow (7)
      session: default
      recordings of this request:
        flow #5 (recordings/flow.yaml:24) DELETE /api/v1/users/00u1/factors/mbl1: answers

    a miss: recorded, but already used
      request: DELETE /api/v1/users/00u1/factors/mbl1
      cassettes: flow (7)
      session: default
      recordings of this request, all used:
        flow #5 (recordings/flow.yaml:24) DELETE /api/v1/users/00u1/factors/mbl1: used
      what would have it answered:
        `repeat: last` in flow #5 (recordings/flow.yaml:24): then flow #5 answers
        --repeat last: then flow #5 answers
        a session that begins: POST /__overdub/reset, or another name in x-overdub-session: then flow #5 answers
        recording it: `overdub proxy --mode new_episodes --upstream URL -c flow`, or `overdub record --append --upstream URL -c flow`
    error: no recording would answer 1 of 2 requests
    exit code 1
    "#);
}

#[test]
fn the_same_is_told_as_one_object() {
    let project = project();
    let (code, stdout, _) = project.run(&["explain", "-c", "flow", "--json", ENROLL, "GET /copy"]);
    let told: Value = serde_json::from_str(&stdout).expect("one object");
    assert_eq!((code, &told["misses"]), (1, &1.into()));
    let requests: Vec<_> =
        told["requests"].as_array().expect("a list").iter().map(Value::to_string).collect();
    assert_snapshot!(requests.join("\n"), @r#"
    {"title":null,"request":{"method":"POST","target":"/api/v1/users/00u1/factors","body":"JSON {\"factorType\":\"sms\",\"profile\":{\"phoneNumber\":\"+12125550199\"}…"},"session":"default","verdict":"answered","reason":null,"answer":{"cassette":"flow","interaction":1,"file":"recordings/flow.yaml","line":4,"method":"POST","url":"/api/v1/users/00u1/factors","status":200,"match":"values"},"candidates":[{"cassette":"flow","interaction":1,"file":"recordings/flow.yaml","line":4,"method":"POST","url":"/api/v1/users/00u1/factors","used":false,"due_after":null,"over_since":null,"differences":[],"more_differences":0}],"more_candidates":0,"bindings":[{"stand_in":"+15550100001","value":"+12125550199"}],"settings":[],"notes":[]}
    {"title":null,"request":{"method":"GET","target":"/copy","body":null},"session":"default","verdict":"miss","reason":"only-conditional","answer":null,"candidates":[],"more_candidates":0,"bindings":[],"settings":[{"kind":"request","what":"the header If-None-Match or If-Modified-Since in the request","cassette":"flow","interaction":7},{"kind":"record","what":"recording it: `overdub proxy --mode new_episodes --upstream URL -c flow`, or `overdub record --append --upstream URL -c flow`","cassette":null,"interaction":null}],"notes":[]}
    "#);
}

#[test]
fn no_secret_is_shown() {
    let project = project();
    let line = "curl -u admin:hunter2 -b sid=hunter2 'http://me:hunter2@h/x?token=hunter2' -H 'authorization: SSWS hunter2hunter2hunter2' \
                --data-raw 'password=hunter2&a=1'";
    for flags in [&[line][..], &["--json", "--all", line]] {
        let told = explain(&project, flags);
        assert!(told.contains("(hidden)") && !told.contains("hunter2"), "{told}");
    }
}

#[test]
fn what_cannot_be_used_ends_with_2_and_says_what_to_do() {
    let project = project();
    project.write("a.http", "GET {{host}}/x\n");
    let fails = |flags: &[&str]| project.fails(&[&["explain", "-c", "flow"], flags].concat());
    let told: Vec<_> = [
        &["curl --frobnicate /a"][..],
        &["curl -s"],
        &["what is this"],
        &["GET /a", "--json"],
        &["a.http"],
        &["missing.http"],
        &["curl /a -d @missing.json"],
        &["7"],
        &["--session-log", "missing.jsonl", "7"],
        &["--session", "a/b", "GET /a"],
    ]
    .into_iter()
    .map(fails)
    .collect();
    assert_snapshot!(told.join("\n"), @r#"
    exit code 2
    error: curl's `--frobnicate` is not known here; leave it out if it does not change the request
    exit code 2
    error: the curl line names no URL
    exit code 2
    error: `what is this` is no request: write a curl line, 'METHOD URL', FILE.http, or a number of the session log (`overdub explain --help` shows each)
    exit code 2
    error: --json: flags of `overdub explain` stand before the request
    exit code 2
    error: a.http:1: {{host}} is not defined here; write @host = value above it
    exit code 2
    error: missing.http: No such file or directory (os error 2)
    exit code 2
    error: missing.json: No such file or directory (os error 2)
    exit code 2
    error: `7` is a number in a session log: say which, by --session-log FILE
    exit code 2
    error: --session-log missing.jsonl: No such file or directory (os error 2); `overdub replay --session-log FILE` writes one
    exit code 2
    error: --session: `a/b` is no name of a session: write 1 to 128 visible ASCII characters without `/` (x-overdub-session, or the proxy's user name)
    "#);
    assert!(project.fails(&["explain", "-c", "nosuch", "GET /a"]).contains("nosuch"));
    assert!(project.fails(&["explain"]).contains("REQUEST"));
}

#[test]
fn a_live_miss_names_the_command_that_shows_more() {
    let project = project();
    let player = project.replay();
    let told = player.ask("GET /api/v1/users/00u1/factors?limit=2").text();
    assert!(
        told.contains("what shows more: overdub explain -c flow 'GET /api/v1/users/00u1/factors?limit=2'"),
        "{told}"
    );
    let told = player.ask("POST /notes\n\n{\"text\":\"it\"}").text();
    assert!(told.contains("overdub explain -c flow curl -X POST -d BODY /notes"), "{told}");
    player.stop();
}
