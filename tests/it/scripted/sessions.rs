//! Which scenarios a session plays: by flag, by its header, by the admin address.

use super::{TAPE, replay};
use crate::support::overdub::{Overdub, Project};
use crate::support::wire::ask;

const LOUD: &str = r#"describe("a status of one's own", #{ status: 418 });
on_response("GET /other", |req, res| { res.status = param("status"); });"#;

fn player() -> (Project, Overdub) {
    let project = Project::new();
    project.tape("recordings/a.yaml", TAPE);
    project.write("scenarios/loud.rhai", LOUD);
    project.write("scenarios/mute.rhai", r#"on_request("GET /other", || respond(204));"#);
    let player = project.serve(&["replay", "--admin", "0"]);
    (project, player)
}

fn admin(player: &Overdub, request: &str) -> (u16, String) {
    let answer = ask(player.admin(), &request.replacen('\n', "\nhost: localhost\n", 1));
    (answer.status(), answer.text())
}

fn status(player: &Overdub, headers: &str) -> u16 {
    player.ask(&format!("GET /other{headers}")).status()
}

#[test]
fn a_session_plays_what_its_header_says_from_then_on() {
    let (_project, player) = player();
    let one = "\nx-overdub-session: one";
    assert_eq!(status(&player, one), 200);
    assert_eq!(status(&player, &format!("{one}\nx-overdub-scenario: loud")), 418);
    assert_eq!(status(&player, one), 418, "it stays so");
    assert_eq!(status(&player, ""), 200, "others are not concerned");
    assert_eq!(status(&player, &format!("{one}\nx-overdub-scenario: loud;status=202")), 202);
    assert_eq!(status(&player, &format!("{one}\nx-overdub-scenario: mute, loud")), 418, "both run");
    assert_eq!(status(&player, &format!("{one}\nx-overdub-scenario: none")), 200);
}

#[test]
fn a_choice_that_fits_no_more_concerns_its_own_session_only() {
    let (project, player) = player();
    let one = "\nx-overdub-session: one";
    assert_eq!(status(&player, &format!("{one}\nx-overdub-scenario: loud;status=202")), 202);
    project.write(
        "scenarios/loud.rhai",
        LOUD.replace("status: 418", "code: 418").replace("param(\"status\")", "param(\"code\")"),
    );
    let generation = || {
        let health: serde_json::Value =
            serde_json::from_slice(&player.ask("GET /__overdub/health").body).unwrap();
        health["reload"]["generation"].as_u64().unwrap()
    };
    let begun = overdub::clock::Stopwatch::start();
    while generation() == 0 && begun.elapsed().as_secs() < 20 {
        std::thread::yield_now();
    }
    assert_eq!(status(&player, "\nx-overdub-session: two\nx-overdub-scenario: loud"), 418);
    let told = player.ask(&format!("GET /other{one}"));
    assert_eq!(told.status(), 400);
    assert!(told.text().contains("no scenario in force has a parameter `loud.status`"), "{told:?}");
    assert_eq!(status(&player, &format!("{one}\nx-overdub-scenario: loud")), 418);
}

#[test]
fn a_reset_begins_with_what_all_play() {
    let (_project, player) = replay(r#"on_response("GET /other", |req, res| { res.status = 202; });"#, &[]);
    assert_eq!(status(&player, "\nx-overdub-scenario: none"), 200);
    assert_eq!(status(&player, ""), 200);
    player.ask("POST /__overdub/reset");
    assert_eq!(status(&player, ""), 202);
}

#[test]
fn a_long_run_may_make_ever_new_choices() {
    let (_project, player) = player();
    for number in 0..1010 {
        // Written in ever more digits, so that no two are the same.
        let (code, digits) = (200 + number % 300, 3 + number / 300);
        let answer = player.ask(&format!("GET /other\nx-overdub-scenario: loud;status={code:0digits$}"));
        assert_eq!(usize::from(answer.status()), code, "{number}: {answer:?}");
    }
}

#[test]
fn what_a_header_chooses_must_be_there() {
    let (_project, player) = player();
    let asked = |choice: &str| player.ask(&format!("GET /other\nx-overdub-scenario: {choice}"));
    insta::assert_snapshot!(asked("lout").text(), @r#"{"errorCode":"OVERDUB_CLIENT","errorSummary":"overdub: x-overdub-scenario: there is no scenario `lout`; known are: activation-expired-then-reactivated, concurrent-limit, cut-connections, factor-gone, flaky-5xx, gateway-html-502, loud, moved-permanently, mute, passcode-replayed, passcode-wrong-then-locked, push-expired, push-number-challenge, push-rejected, push-timeout, rate-limited, slow-network, sms-remembered, sms-too-soon","errorLink":"OVERDUB_CLIENT","errorId":"client-error","errorCauses":[]}"#);
    insta::assert_snapshot!(asked("loud;n=1").text(), @r#"{"errorCode":"OVERDUB_CLIENT","errorSummary":"overdub: x-overdub-scenario: no scenario in force has a parameter `loud.n`; there are: loud.status (an integer, 418)","errorLink":"OVERDUB_CLIENT","errorId":"client-error","errorCauses":[]}"#);
    insta::assert_snapshot!(asked("loud;n").text(), @r#"{"errorCode":"OVERDUB_CLIENT","errorSummary":"overdub: x-overdub-scenario: `n` sets nothing: write NAME=VALUE, or SCENARIO.NAME=VALUE","errorLink":"OVERDUB_CLIENT","errorId":"client-error","errorCauses":[]}"#);
    assert_eq!(asked("loud;n").status(), 400);
}

#[test]
fn the_admin_address_activates_scenarios_for_all_or_for_one() {
    let (_project, player) = player();
    assert_eq!(status(&player, ""), 200);
    let (code, told) =
        admin(&player, "PUT /__overdub/scenarios\n\n{\"scenarios\":[\"loud\"],\"set\":{\"status\":203}}");
    assert_eq!(code, 200, "{told}");
    assert_eq!(status(&player, ""), 203);
    let (code, told) = admin(&player, "PUT /__overdub/sessions/one/scenarios\n\n{\"scenarios\":[\"mute\"]}");
    assert_eq!(code, 200, "{told}");
    assert_eq!(status(&player, "\nx-overdub-session: one"), 204);
    assert_eq!(status(&player, ""), 203);
    admin(&player, "DELETE /__overdub/sessions/one/scenarios\n");
    assert_eq!(status(&player, "\nx-overdub-session: one"), 203);
    let (code, told) = admin(&player, "PUT /__overdub/scenarios\n\n{\"scenarios\":[\"lout\"]}");
    assert_eq!((code, told.contains("there is no scenario `lout`; known are: ")), (400, true), "{told}");
    assert_eq!(status(&player, ""), 203, "what could not be activated changes nothing");
    admin(&player, "PUT /__overdub/scenarios\n\n{\"scenarios\":[]}");
    assert_eq!(status(&player, ""), 200);
}

#[test]
fn the_admin_address_tells_what_is_played_and_what_came_of_it() {
    let (_project, player) = player();
    admin(&player, "PUT /__overdub/scenarios\n\n{\"scenarios\":[\"loud\"]}");
    status(&player, "");
    let told = admin(
        &player,
        "GET /__overdub/scenarios
",
    )
    .1;
    let mut told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let available = told["available"].take();
    let available: Vec<_> =
        available.as_array().unwrap().iter().map(|own| own["name"].as_str().unwrap()).collect();
    assert!(["loud", "mute", "push-expired"].iter().all(|own| available.contains(own)), "{available:?}");
    insta::assert_snapshot!(told.to_string(), @r#"{"active":["loud"],"seed":0,"scenarios":[{"name":"loud","title":"a status of one's own","path":"scenarios/loud.rhai","shipped":false,"parameters":[{"name":"status","kind":"an integer","default":"418","value":"418"}]}],"handlers":[{"scenario":"loud","handler":"on_response GET /other","place":"scenarios/loud.rhai:2","calls":1,"fired":1,"failed":0,"effects":{"response":1},"last":"GET /other in session default"}],"available":null}"#);
}

#[test]
fn each_request_plays_what_its_own_header_says() {
    let (_project, player) = player();
    std::thread::scope(|scope| {
        for own in [201, 202, 203] {
            let player = &player;
            scope.spawn(move || {
                for _ in 0..60 {
                    let headers = format!("\nx-overdub-session: one\nx-overdub-scenario: loud;status={own}");
                    assert_eq!(status(player, &headers), own);
                }
            });
        }
    });
    let lines = "\nx-overdub-scenario: loud;status=203\nx-overdub-scenario: mute";
    let told = player.ask(&format!("GET /other{lines}\nx-overdub-session: two"));
    assert_eq!(told.status(), 203, "several lines are one list");
    let told = admin(&player, "GET /__overdub/sessions/two\n").1;
    assert!(told.contains("loud;status=203, mute"), "{told}");
}

#[test]
fn what_the_admin_address_sets_for_no_scenario_in_particular_is_no_header_that_reads_alike() {
    let (project, player) = player();
    project.write("scenarios/low.rhai", r#"describe("none of it", #{ n: 1 });"#);
    let player = {
        drop(player);
        project.serve(&["replay", "--admin", "0"])
    };
    let put = r#"PUT /__overdub/sessions/one/scenarios

{"scenarios":["loud","low"],"set":{"status":203}}"#;
    assert_eq!(admin(&player, put).0, 200);
    let one = "\nx-overdub-session: one";
    assert_eq!(status(&player, one), 203);
    let read = player.ask(&format!("GET /other{one}\nx-overdub-scenario: loud, low;status=203"));
    assert!(read.text().contains("no scenario in force has a parameter `low.status`"), "{read:?}");
}

#[test]
fn a_body_that_names_no_scenarios_changes_nothing() {
    let (_project, player) = player();
    assert_eq!(admin(&player, "PUT /__overdub/scenarios\n\n{\"scenarios\":[\"loud\"]}").0, 200);
    for path in ["scenarios", "sessions/one/scenarios"] {
        let (code, told) = admin(&player, &format!("PUT /__overdub/{path}\n"));
        assert_eq!((code, told.contains("missing field `scenarios`")), (400, true), "{told}");
    }
    let (code, told) = admin(&player, "POST /__overdub/sessions\n\n{\"name\":\"one\",\"set\":{\"n\":1}}");
    assert_eq!((code, told.contains("`set` is for `scenarios`")), (400, true), "{told}");
    assert_eq!(status(&player, "\nx-overdub-session: one"), 418);
}
