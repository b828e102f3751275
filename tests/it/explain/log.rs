//! The session log: what it holds, and what is explained after it.

use insta::assert_snapshot;
use serde_json::Value;

use super::{explain, project, verdicts};
use crate::support::overdub::Project;
use crate::support::wire::ask;

/// The lines of a log, their times left out.
fn lines(project: &Project) -> Vec<Value> {
    let text = project.read("run.jsonl");
    assert!(text.ends_with('\n'), "{text}");
    let parsed = text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON"));
    parsed.map(without_times).collect()
}

fn without_times(mut entry: Value) -> Value {
    for field in ["at", "took_ms"] {
        assert!(
            entry.as_object_mut().expect("an object").shift_remove(field).is_some(),
            "{field} in {entry}"
        );
    }
    entry
}

const ENROLL: &str = "POST /api/v1/users/00u1/factors\nhost: h\n\n{\"factorType\":\"sms\",\"profile\":{\"phoneNumber\":\"+12125550199\"}}";
const CREATE: &str = "POST /api/v1/users?token=hunter2\nhost: h\n\n{\"profile\":{\"email\":\"jane@acme.com\",\"firstName\":\"Jane\"},\
                      \"credentials\":{\"password\":{\"value\":\"hunter2\"}},\"stateToken\":\"00hunter2\",\"phone\":\"+12125550199\",\"n\":1}";

#[test]
fn every_request_is_a_line_without_secrets_and_personal_values() {
    let project = project();
    project.write("run.jsonl", "of an earlier run");
    let player = project.serve(&["replay", "--session-log", "run.jsonl"]);
    player.ask(ENROLL);
    player.ask(CREATE);
    player.ask("GET /copy\nhost: h\nx-overdub-session: two\nx-overdub-cassette: flow\nif-match: x");
    player.ask("POST /__overdub/reset\nhost: h");
    let (status, told) = player.stop();
    assert!(status.success(), "{told}");
    let text = project.read("run.jsonl");
    for hidden in ["hunter2", "jane@acme.com", "Jane", "+1212"] {
        assert!(!text.contains(hidden), "{hidden} in {text}");
    }
    let shown: Vec<_> = lines(&project).iter().map(ToString::to_string).collect();
    assert_snapshot!(shown.join("\n"), @r#"
    {"n":1,"session":"default","method":"POST","target":"/api/v1/users/00u1/factors","status":200,"outcome":"replayed","cassette":"flow","interaction":1}
    {"n":2,"session":"default","method":"POST","target":"/api/v1/users?token=(hidden)","status":501,"outcome":"miss","cassette":null,"interaction":null,"request":{"client":"http://h","body_bytes":157,"body":"{\"profile\":{\"email\":\"user9001@example.test\",\"firstName\":\"Name9001\"},\"credentials\":{\"password\":{\"value\":\"redacted-token-9001\"}},\"stateToken\":\"redacted-token-9002\",\"phone\":\"+15550109001\",\"n\":1}"}}
    {"n":3,"session":"two","method":"GET","target":"/copy","status":501,"outcome":"miss","cassette":null,"interaction":null,"request":{"client":"http://h","body_bytes":0,"cassette":"flow"}}
    {"n":4,"session":null,"method":"POST","target":"/__overdub/reset","status":200,"outcome":"own","cassette":null,"interaction":null}
    "#);
}

#[test]
fn its_lines_are_those_of_the_admin_address_and_come_as_they_happen() {
    let project = project();
    let player = project.serve(&["replay", "--session-log", "run.jsonl", "--admin", "0"]);
    for request in ["GET /api/v1/users/00u1/factors", "GET /nothing", "POST /notes"] {
        player.ask(request);
    }
    let journal = ask(player.admin(), "GET /__overdub/journal\nhost: localhost").text();
    let journal: Value = serde_json::from_str(&journal).unwrap();
    // It is written while the proxy runs.
    let written = || project.read("run.jsonl").lines().count() == 3;
    assert!((0..100_000).any(|_| written()), "{}", project.read("run.jsonl"));
    let mut lines = lines(&project);
    assert!(lines[1].as_object_mut().unwrap().shift_remove("request").is_some(), "it missed");
    assert!(lines[2].as_object_mut().unwrap().shift_remove("request").is_some(), "it missed");
    let entries: Vec<_> = journal["entries"].as_array().unwrap().iter().cloned().map(without_times).collect();
    assert_eq!(lines, entries);
    player.stop();
}

#[test]
fn a_log_needs_no_journal_and_can_be_said_in_overdub_yaml() {
    let project = project();
    project.write("overdub.yaml", "session-log: run.jsonl\njournal: 0\n");
    let player = project.replay();
    for _ in 0..300 {
        player.ask("GET /api/v1/users/00u1/factors");
    }
    player.stop();
    let numbers: Vec<_> = lines(&project).iter().map(|line| line["n"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=300).collect::<Vec<_>>());
    assert!(
        project
            .fails(&["replay", "--session-log", "no/such/run.jsonl"])
            .contains("--session-log no/such/run.jsonl")
    );
}

#[test]
fn what_was_asked_before_counts_as_used() {
    let project = project();
    let player = project.serve(&["replay", "--session-log", "run.jsonl"]);
    let delete = "DELETE /api/v1/users/00u1/factors/mbl1";
    assert_eq!(player.ask(ENROLL).status(), 200);
    assert_eq!(player.ask(delete).status(), 204);
    assert_eq!(player.ask(delete).status(), 501);
    assert_eq!(player.ask(&format!("{delete}\nx-overdub-session: two")).status(), 204);
    assert_eq!(player.ask(CREATE).status(), 501);
    player.ask("POST /__overdub/reset");
    assert_eq!(player.ask(delete).status(), 204);
    player.stop();
    let with_log = |request: &str| explain(&project, &["--session-log", "run.jsonl", request]);
    assert_snapshot!(with_log("3"), @r#"
    a miss: recorded, but already used
      request: #3: DELETE /api/v1/users/00u1/factors/mbl1
      cassettes: flow (7)
      session: default
      recordings of this request, all used:
        flow #5 (recordings/flow.yaml:24) DELETE /api/v1/users/00u1/factors/mbl1: used
      what would have it answered:
        `repeat: last` in flow #5 (recordings/flow.yaml:24): then flow #5 answers
        --repeat last: then flow #5 answers
        a session that begins: POST /__overdub/reset, or another name in x-overdub-session: then flow #5 answers
        recording it: `overdub proxy --mode new_episodes --upstream URL -c flow`, or `overdub record --append --upstream URL -c flow`
    error: no recording would answer the request
    exit code 1
    "#);
    assert_snapshot!(with_log("5"), @r#"
    a miss: never recorded
      request: #5: POST /api/v1/users?token=(hidden) with JSON {"profile":{"email":"user9001@example.test","firstName":"Nam…
      cassettes: flow (7)
      session: default
      note: secret and personal values are not in the session log: stand-ins numbered from 9001 take their place, and are not compared
      closest recordings: nothing like it was recorded
      what would have it answered:
        recording it: `overdub proxy --mode new_episodes --upstream URL -c flow`, or `overdub record --append --upstream URL -c flow`
    error: no recording would answer the request
    exit code 1
    "#);
    let verdict =
        |flags: &[&str]| verdicts(&project, &[&["--session-log", "run.jsonl"], flags].concat()).remove(0);
    assert!(verdict(&["2"]).starts_with("would be answered by flow #5"));
    assert!(verdict(&["7"]).starts_with("would be answered by flow #5"), "after a reset");
    assert!(verdict(&[delete]).starts_with("a miss: recorded, but already used"));
    assert!(verdict(&["--session", "three", delete]).starts_with("would be answered by flow #5"));
    assert!(
        verdict(&["--session", "two", delete]).starts_with("would be answered by flow #5"),
        "all were reset"
    );
    for (number, told) in [("6", "is answered by overdub itself"), ("70", "whose last one is 7")] {
        assert!(with_log(number).contains(told));
    }
}

#[test]
fn what_the_admin_address_reset_is_not_used_any_more() {
    let project = project();
    let player = project.serve(&["replay", "--session-log", "run.jsonl", "--admin", "0"]);
    let delete = "DELETE /api/v1/users/00u1/factors/mbl1";
    let asked = |session: &str| format!("{delete}\nx-overdub-session: {session}");
    for session in ["default", "two", "three"] {
        assert_eq!(player.ask(&asked(session)).status(), 204);
    }
    for own in ["POST /__overdub/sessions/default/reset", "DELETE /__overdub/sessions/two"] {
        assert_eq!(ask(player.admin(), &format!("{own}\nhost: localhost")).status(), 200);
    }
    let used = |session: &str| {
        let flags = ["--session-log", "run.jsonl", "--session", session, delete];
        verdicts(&project, &flags)[0].starts_with("a miss: recorded, but already used")
    };
    let written = || project.read("run.jsonl").lines().count();
    assert!((0..100_000).any(|_| written() == 5), "{}", project.read("run.jsonl"));
    assert_eq!(["default", "two", "three"].map(used), [false, false, true]);
    assert_eq!(ask(player.admin(), "POST /__overdub/reset\nhost: localhost").status(), 200);
    player.stop();
    assert!(!used("three"));
    let told: Vec<_> = lines(&project)[3..].iter().map(ToString::to_string).collect();
    assert_snapshot!(told.join("\n"), @r#"
    {"n":4,"session":"default","method":"POST","target":"/__overdub/sessions/default/reset","status":200,"outcome":"own","cassette":null,"interaction":null}
    {"n":5,"session":"two","method":"DELETE","target":"/__overdub/sessions/two","status":200,"outcome":"own","cassette":null,"interaction":null}
    {"n":6,"session":null,"method":"POST","target":"/__overdub/reset","status":200,"outcome":"own","cassette":null,"interaction":null}
    "#);
}

#[test]
fn a_log_that_overdub_yaml_names_and_that_is_not_there_yet_is_none() {
    let project = project();
    project.write("overdub.yaml", "session-log: run.jsonl\n");
    let delete = "DELETE /api/v1/users/00u1/factors/mbl1";
    assert!(verdicts(&project, &[delete])[0].starts_with("would be answered"));
    // Of one that is typed, or stands there for this command, that is told.
    assert!(
        explain(&project, &["--session-log", "other.jsonl", delete]).contains("--session-log other.jsonl: ")
    );
    let player = project.replay();
    assert_eq!(player.ask(delete).status(), 204);
    player.stop();
    assert!(verdicts(&project, &[delete])[0].starts_with("a miss: recorded, but already used"));
    project.write("overdub.yaml", "explain: {session-log: none.jsonl}\n");
    assert!(explain(&project, &[delete]).contains("--session-log none.jsonl: "));
}
