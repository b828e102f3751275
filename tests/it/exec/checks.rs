//! What is checked behind the command, and how it is summed up.

use insta::assert_snapshot;

use super::{Exec, project};
use crate::support::overdub::Project;
use crate::support::wire::{Act, Upstream};

#[test]
fn misses_are_told_with_what_explains_them() {
    let project = project();
    let exec = Exec::waiting(&project, &["-c", "run"]);
    for request in ["GET /a?x=1", "GET /a?x=1", "POST /c", "POST /c"] {
        exec.ask(request);
    }
    let (code, told) = exec.end(0);
    assert_eq!(code, 1);
    assert_snapshot!(told, @r#"
    overdub: 4 requests: 1 replayed, 3 misses; unused recordings: 2 of 3 in run
      never recorded: GET /a?x=1 (2 times)
        cassettes in force: run (3)
        closest: run #1 (recordings/run.yaml:4) GET /a
          query x: sent 1, recorded (none)
        closest: run #2 (recordings/run.yaml:11) GET /b
          path: sent /a, recorded /b
      recorded, but already used: POST /c
        cassettes in force: run (3)
        used in this session: run #3 (recordings/run.yaml:18) POST /c
        what to do: POST /__overdub/reset starts the recordings afresh; `repeat: last` or `repeat: cycle` in the cassette (or --repeat) allows it again
        what shows more: overdub explain -c run --session-log FILE 'POST /c'
    overdub: exit code 1: 3 misses
    "#);
}

#[test]
fn many_misses_fit_a_screen_and_are_counted_exactly() {
    let project = project();
    let exec = Exec::waiting(&project, &["-c", "run", "--journal", "1", "--report", "json=run.json"]);
    for number in 0..150 {
        exec.ask(&format!("GET /never/{number}"));
    }
    let (code, told) = exec.end(0);
    assert_eq!(code, 1);
    assert!(told.lines().count() <= 24, "{told}");
    assert!(told.contains("150 misses"), "{told}");
    let report: serde_json::Value = serde_json::from_str(&project.read("run.json")).unwrap();
    assert_eq!(report["requests"]["outcomes"]["miss"], 150);
    assert_eq!(report["failures"].as_array().map(Vec::len), Some(100));
}

#[test]
fn unused_recordings_are_a_failure_only_if_that_was_asked_for() {
    let project = project();
    let exec = Exec::waiting(&project, &["-c", "run"]);
    exec.ask("GET /a");
    assert_eq!(
        exec.end(0),
        (0, "overdub: 1 request: 1 replayed; unused recordings: 2 of 3 in run\n".to_owned())
    );
    let exec = Exec::waiting(&project, &["-c", "run", "--require-used"]);
    exec.ask("GET /a");
    let (code, told) = exec.end(0);
    assert_eq!(code, 1);
    assert_snapshot!(told, @r#"
    overdub: 1 request: 1 replayed
      run: 2 of 3 unused
        #2 (recordings/run.yaml:11) GET /b
        #3 (recordings/run.yaml:18) POST /c
    overdub: exit code 1: 2 of 3 recordings unused (--require-used)
    "#);
}

#[test]
fn what_a_session_used_counts_also_after_it_ended_or_was_reset() {
    let project = project();
    let exec = Exec::waiting(&project, &["-c", "run", "--require-used"]);
    exec.ask("GET /a\nx-overdub-session: one");
    assert_eq!(exec.ask_admin("DELETE /__overdub/sessions/one").status(), 200);
    exec.ask("GET /b");
    assert_eq!(exec.ask_admin("POST /__overdub/reset").status(), 200);
    exec.ask("POST /c\nx-overdub-session: two");
    assert_eq!(exec.end(0), (0, "overdub: 3 requests: 3 replayed\n".to_owned()));
}

#[test]
fn handlers_that_never_fired_are_a_failure_only_if_that_was_asked_for() {
    let project = project();
    project.write(
        "scenarios/both.rhai",
        "on_request(\"GET /a\", |req, state| okta_error(\"E0000047\"));\n\
         on_request(\"GET /z\", |req, state| okta_error(\"E0000047\"));\n",
    );
    for (flags, expected) in [(&[][..], 0), (&["--require-fired"], 1)] {
        let exec = Exec::waiting(&project, &[&["-c", "run", "--scenario", "both"], flags].concat());
        assert_eq!(exec.ask("GET /a").status(), 429);
        let (code, told) = exec.end(0);
        assert_eq!(code, expected, "{told}");
        if expected == 0 {
            assert!(told.contains("; handlers that never fired: 1\n"), "{told}");
        } else {
            assert_snapshot!(told, @r#"
            overdub: 1 request: 1 scripted; unused recordings: 3 of 3 in run
              both: on_request GET /z (scenarios/both.rhai:2): never fired, of 0 calls
            overdub: exit code 1: 1 of 2 handlers never fired (--require-fired)
            "#);
        }
    }
}

#[test]
fn a_script_that_fails_fails_the_run() {
    let project = project();
    project.write("scenarios/bad.rhai", "on_request(\"GET /a\", |req, state| { throw \"no\"; });\n");
    let exec = Exec::waiting(&project, &["-c", "run", "--scenario", "bad"]);
    assert_eq!(exec.ask("GET /a").status(), 501);
    let (code, told) = exec.end(0);
    assert_eq!(code, 1);
    assert!(told.contains("  GET /a: scenarios/bad.rhai:1:"), "{told}");
}

#[test]
fn an_upstream_that_does_not_answer_fails_the_run() {
    let upstream = Upstream::start(|_| vec![Act::Close]);
    let project = Project::new();
    let exec = Exec::waiting(&project, &["--mode", "passthrough", "--upstream", &upstream.url()]);
    assert_eq!(exec.ask("GET /a").status(), 502);
    let (code, told) = exec.end(0);
    assert_eq!(code, 1);
    assert!(told.contains("1 request: 1 upstream error\n"), "{told}");
    assert!(told.contains("\n  GET /a: "), "{told}");
}

#[test]
fn what_is_recorded_meanwhile_is_no_unused_recording() {
    let upstream = Upstream::of_json("{}");
    let project = Project::new();
    let flags = ["--mode", "new_episodes", "--upstream", &upstream.url(), "-c", "run", "--require-used"];
    for (requests, told) in [
        (&["GET /a", "GET /b"][..], "2 requests: 2 recorded; recorded 2 exchanges"),
        (&["GET /a", "GET /b", "GET /c"], "3 requests: 2 replayed, 1 recorded; recorded 1 exchange"),
    ] {
        let exec = Exec::waiting(&project, &flags);
        for request in requests {
            assert_eq!(exec.ask(request).status(), 200);
        }
        assert_eq!(exec.end(0), (0, format!("overdub: {told} into recordings/run.yaml\n")));
    }
    let exec = Exec::waiting(&project, &flags);
    assert_eq!(exec.ask("GET /d").status(), 200);
    let (code, told) = exec.end(0);
    assert!(code == 1 && told.contains("3 of 3 recordings unused"), "{told}");
}
