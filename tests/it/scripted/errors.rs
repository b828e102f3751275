//! Scripts that fail while a proxy runs, and what the client is told.

use super::{TAPE, replay, said};
use crate::support::overdub::Project;

#[test]
fn a_script_that_fails_answers_with_its_place() {
    let (_project, player) =
        replay("on_response(\"GET /other\", |req, res| {\n    res.json.status = 1;\n});", &[]);
    let answer = player.ask("GET /other");
    assert_eq!((answer.status(), answer.header("x-overdub-outcome")), (501, "script-error"));
    insta::assert_snapshot!(answer.text(), @r#"{"errorCode":"OVERDUB_SCRIPT","errorSummary":"overdub: scenarios/own.rhai:2:9: res.json: the body is not JSON: expected a value at line 1, column 1","errorLink":"OVERDUB_SCRIPT","errorId":"script-error","errorCauses":[{"errorSummary":" 2 |     res.json.status = 1;"},{"errorSummary":"   |         ^"}]}"#);
    assert_eq!(player.ask("GET /factors").status(), 200);
}

#[test]
fn by_policy_the_answer_goes_out_without_the_script_that_fails() {
    let script = r#"
        on_response("GET /other", |req, res| { res.status = 404; throw "no"; });
        on_request("POST /count", |req| { loop {} });
    "#;
    let (_project, player) = replay(script, &["--on-script-error", "recorded"]);
    assert_eq!(said(&player.ask("GET /other")), (200, "other".to_owned()));
    assert_eq!(said(&player.ask("POST /count")), (200, r#"{"n":1}"#.to_owned()));
    let (_, told) = player.stop();
    assert!(told.contains("scenarios/own.rhai:3:"), "{told}");
}

#[test]
fn a_scenario_that_cannot_be_played_is_told_before_anything_is_served() {
    let project = Project::new();
    project.tape("recordings/a.yaml", TAPE);
    project.write("scenarios/own.rhai", "describe(\"x\", #{ n: 1 });\non_request(\"GET x\", |req| ());\n");
    let fails = |args: &[&str]| project.fails(&[&["replay"], args].concat());
    insta::assert_snapshot!(fails(&["--scenario", "own"]), @r#"
    exit code 2
    error: scenarios/own.rhai:2:1: the route `GET x` has a path that does not begin with /
     2 | on_request("GET x", |req| ());
       | ^
    "#);
    insta::assert_snapshot!(fails(&["--scenario", "pwn"]), @r#"
    exit code 2
    error: --scenario: there is no scenario `pwn`; known are: activation-expired-then-reactivated, concurrent-limit, cut-connections, factor-gone, flaky-5xx, gateway-html-502, moved-permanently, own, passcode-replayed, passcode-wrong-then-locked, push-expired, push-number-challenge, push-rejected, push-timeout, rate-limited, slow-network, sms-remembered, sms-too-soon
    "#);
    project.write("scenarios/own.rhai", "describe(\"x\", #{ n: 1 });");
    insta::assert_snapshot!(fails(&["--scenario", "own", "--set", "n=x"]), @r#"
    exit code 2
    error: --set: the parameter `n` is an integer, as 1 is: `x` is not; there are: own.n (an integer, 1)
    "#);
    insta::assert_snapshot!(fails(&["--scenario", "own", "--set", "m=1"]), @r#"
    exit code 2
    error: --set: no scenario in force has a parameter `m`; there are: own.n (an integer, 1)
    "#);
    insta::assert_snapshot!(fails(&["--scenario", "own", "--set", "m"]), @r#"
    exit code 2
    error: --set: `m` sets nothing: write NAME=VALUE, or SCENARIO.NAME=VALUE
    "#);
}

#[test]
fn one_that_runs_for_ever_is_ended_and_others_are_served() {
    let (_project, player) = replay(r#"on_request("GET /other", |req| { loop {} });"#, &[]);
    for _ in 0..3 {
        let answer = player.ask("GET /other");
        assert_eq!(answer.status(), 501);
        assert!(answer.text().contains("operations"), "{answer:?}");
    }
    assert_eq!(player.ask("GET /factors").status(), 200);
}

#[test]
fn lines_of_the_log_hide_the_secrets_of_paths() {
    let script = r#"on_request("GET /*", |req| { log("seen"); respond(204) });"#;
    let (_project, player) = replay(script, &[]);
    player.ask("GET /signin/login/token/20111sTEsecretValue");
    let (_, told) = player.stop();
    assert!(told.contains("request=GET /signin/login/token/(hidden)"), "{told}");
    assert!(!told.contains("secretValue"), "{told}");
}

#[test]
fn a_name_of_a_header_cannot_begin_a_line_of_the_log() {
    let script = r#"on_request("GET /other", || respond(200, #{ "x\r\ny": "1" }, ""));"#;
    let (_project, player) = replay(script, &[]);
    assert!(player.ask("GET /other").text().contains(r"`x\\r\\ny` is no name of a header"));
}
