//! Scenarios that are saved while they are played.

use super::Reloading;
use crate::support::overdub::Project;
use crate::support::wire::{Upstream, request};

/// A scenario that says `text` in every answer to `GET /a`.
fn saying(text: &str) -> String {
    format!("on_response(\"GET /a\", |req, res, state| {{ res.json.said = \"{text}\"; }});\n")
}

fn replaying(args: &[&str]) -> Reloading {
    let project = Project::new();
    project.tape("recordings/a.yaml", &[r#"GET /a => 200 {"said":"recorded"}"#, "POST /b => 200 1"]);
    project.write("scenarios/say.rhai", saying("one"));
    Reloading::start(project, &[&["replay", "--scenario", "say"], args].concat())
}

fn said(text: &str) -> String {
    format!(r#"{{"said":"{text}"}}"#)
}

#[test]
fn a_saved_scenario_counts_from_the_next_request() {
    let mut own = replaying(&[]);
    assert_eq!(own.text("GET /a"), said("one"));
    own.change(|project| project.write("scenarios/say.rhai", saying("two")));
    assert_eq!(own.text("GET /a"), said("two"));
    let importing = "import \"lib/words\" as words;\n\
        on_response(\"GET /a\", |req, res, state| { res.json.said = words::word(); });\n";
    own.change(|project| {
        project.write("scenarios/lib/words.rhai", "fn word() { \"three\" }\n");
        project.write("scenarios/say.rhai", importing);
    });
    assert_eq!(own.text("GET /a"), said("three"));
    own.change(|project| project.write("scenarios/lib/words.rhai", "fn word() { \"four\" }\n"));
    assert_eq!(own.text("GET /a"), said("four"));
}

#[test]
fn what_does_not_compile_leaves_what_was_there_and_every_response_says_so() {
    let mut own = replaying(&[]);
    let told = own.refused(|project| {
        project.write("scenarios/say.rhai", "on_response(\"GET /a\",\n  |req, res| {{ res.json.said = ; });");
    });
    insta::assert_snapshot!(told, @r"
    scenarios/say.rhai:2:33: unexpected ';'
     2 |   |req, res| {{ res.json.said = ; });
       |                                 ^
    ");
    let header = "x-overdub-reload-error";
    for asked in ["GET /a", "GET /never-recorded", "GET /__overdub/health"] {
        let answer = own.ask(asked);
        assert!(answer.header(header).starts_with("scenarios/say.rhai:2:"), "{answer:?}");
    }
    assert_eq!(own.text("GET /a"), said("one"));
    own.overdub.told("not taken over, what was loaded before stays in force: scenarios/say.rhai:2:");
    own.change(|project| project.write("scenarios/say.rhai", saying("mended")));
    let answer = own.ask("GET /a");
    assert_eq!((answer.text(), answer.has(header)), (said("mended"), false));
    let told = own.refused(|project| std::fs::remove_file(project.path("scenarios/say.rhai")).unwrap());
    assert!(told.starts_with("--scenario: there is no scenario `say`"), "{told}");
    assert_eq!(own.text("GET /a"), said("mended"));
    // Back as it was: that is no change to what is in force, but mends it.
    own.change(|project| project.write("scenarios/say.rhai", saying("mended")));
    let told = own.refused(|project| project.write("scenarios/say.rhai", " \n"));
    assert_eq!(told, "scenarios/say.rhai: the file is empty: is it being saved?");
}

#[test]
fn what_a_save_passes_through_never_shows() {
    let mut own = replaying(&[]);
    for round in 0..20 {
        let text = format!("round {round}");
        own.change(|project| {
            project.write("scenarios/say.rhai", "");
            std::fs::remove_file(project.path("scenarios/say.rhai")).unwrap();
            project.write("scenarios/say.rhai", saying(&text));
        });
        let answer = own.ask("GET /a");
        assert_eq!((answer.text(), answer.header("x-overdub-reload-error")), (said(&text), ""));
    }
    let (_, log) = own.overdub.stop();
    assert!(!log.contains("not taken over"), "{log}");
}

#[test]
fn what_scripts_remember_and_what_they_did_survives() {
    let project = Project::new();
    project.tape("recordings/a.yaml", &["GET /a => 200 {}"]);
    let counting = |by: &str| {
        format!(
            "describe(\"c\", #{{ state: #{{ n: 0 }} }});\non_response(\"GET /a\", |req, res, state| {{ state.n += {by}; res.json = #{{ n: state.n, nth: req.nth }}; }});\n"
        )
    };
    project.write("scenarios/count.rhai", counting("1"));
    let mut own = Reloading::start(project, &["replay", "--scenario", "count", "--require-fired"]);
    assert_eq!(own.text("GET /a"), r#"{"n":1,"nth":1}"#);
    own.change(|project| project.write("scenarios/count.rhai", counting("10")));
    assert_eq!(own.text("GET /a"), r#"{"n":11,"nth":2}"#);
    own.change(|project| project.write("scenarios/count.rhai", counting("100")));
    let (status, log) = own.overdub.stop();
    assert!(status.success(), "{log}");
    assert!(log.contains("fired 2 of 2 calls"), "{log}");
}

#[test]
fn a_request_under_way_keeps_what_it_began_with() {
    let project = Project::new();
    project.tape("recordings/a.yaml", &["GET /a => 200 {}"]);
    let both = |text: &str| {
        format!(
            "on_request(\"POST /a\", |req, state| respond(200, #{{ said: \"{text}\" }}));\n\
             on_response(\"POST /a\", |req, res, state| {{ res.json.said += \" {text}\"; }});\n"
        )
    };
    project.write("scenarios/say.rhai", both("one"));
    let mut own = Reloading::start(project, &["replay", "--scenario", "say"]);
    own.client.send(request("POST /a\nexpect: 100-continue\ncontent-length: 4"));
    own.client.until("100 Continue\r\n\r\n");
    own.project.write("scenarios/say.rhai", both("two"));
    own.health.until("a reload", |now| now["generation"] == 1);
    own.client.send("1234");
    assert_eq!(own.client.answer(false).text(), said("one one"));
    assert_eq!(own.text("POST /a\n\n1234"), said("two two"));
}

#[test]
fn other_modes_take_over_scenarios_and_their_own_writing_counts_for_nothing() {
    let upstream = Upstream::of_json(r#"{"said":"live"}"#);
    for mode in ["all", "new_episodes", "passthrough"] {
        let project = Project::new();
        project.write("scenarios/say.rhai", saying("one"));
        let cassette: &[&str] = if mode == "passthrough" { &[] } else { &["-c", "run"] };
        let url = upstream.url();
        let args = ["proxy", "--mode", mode, "--upstream", &url, "--scenario", "say"];
        let mut own = Reloading::start(project, &[&args, cassette].concat());
        assert_eq!(own.text("GET /a"), said("one"), "{mode}");
        own.change(|project| project.write("scenarios/say.rhai", saying("two")));
        assert_eq!(own.text("GET /a"), said("two"), "{mode}");
        for number in 0..5 {
            own.ask(&format!("GET /other/{number}"));
        }
        assert_eq!(own.generation(), 1, "{mode}");
        own.change(|project| project.write("scenarios/say.rhai", saying("three")));
        assert_eq!(own.generation(), 2, "{mode}");
        if mode != "passthrough" {
            own.overdub.stop();
            assert!(own.project.cassette().contains("live") && !own.project.cassette().contains("two"));
        }
    }
}

#[test]
fn what_was_activated_while_it_ran_stays_active() {
    let mut own = replaying(&["--admin", "127.0.0.1:0"]);
    own.project.write("scenarios/other.rhai", saying("other"));
    own.change(|project| project.write("scenarios/more.rhai", saying("more")));
    let put = "PUT /__overdub/scenarios\nhost: localhost\n\n{\"scenarios\":[\"other\"]}";
    let answer = crate::support::wire::ask(own.overdub.admin(), put);
    assert_eq!(answer.status(), 200, "{answer:?}");
    assert_eq!(own.text("GET /a"), said("other"));
    assert_eq!(own.text("GET /a\nx-overdub-session: s\nx-overdub-scenario: more"), said("more"));
    own.change(|project| {
        project.write("scenarios/more.rhai", saying("more 2"));
        project.write("scenarios/other.rhai", saying("other 2"));
    });
    assert_eq!(own.text("GET /a"), said("other 2"));
    assert_eq!(own.text("GET /a\nx-overdub-session: s"), said("more 2"));
}

#[test]
fn what_is_wrong_with_a_scenario_that_nobody_plays_is_told_and_in_nobodys_way() {
    let mut own = replaying(&[]);
    own.change(|project| project.write("scenarios/other.rhai", "let x = ;"));
    assert_eq!(own.text("GET /a"), said("one"));
    let told = own.overdub.told("that nobody plays cannot be played");
    assert!(told.contains("scenarios/other.rhai:1:9"), "{told}");
}

#[test]
fn what_no_session_plays_any_more_is_in_nobodys_way_when_it_is_gone() {
    let mut own = replaying(&[]);
    own.change(|project| project.write("scenarios/more.rhai", saying("more")));
    let one = "GET /a\nx-overdub-session: s";
    assert_eq!(own.text(&format!("{one}\nx-overdub-scenario: more")), said("more"));
    let told = own.refused(|project| std::fs::remove_file(project.path("scenarios/more.rhai")).unwrap());
    assert!(told.contains("a session plays `more`: there is no scenario `more`"), "{told}");
    assert_eq!(own.text(one), said("more"), "it is played, so that the last good one stays");
    assert_eq!(own.text(&format!("{one}\nx-overdub-scenario: none")), said("recorded"));
    own.change(|project| project.write("scenarios/say.rhai", saying("two")));
    assert_eq!(own.text("GET /a"), said("two"));
}

#[test]
fn files_are_left_alone_or_looked_at_where_so_chosen() {
    let mut own = replaying(&["--watch", "off"]);
    own.project.write("scenarios/say.rhai", saying("two"));
    own.project.write("scenarios/more.rhai", saying("two"));
    assert_eq!(own.text("GET /a"), said("one"));
    let mut own = replaying(&["--watch", "poll"]);
    own.change(|project| project.write("scenarios/say.rhai", saying("two")));
    assert_eq!(own.text("GET /a"), said("two"));
}

#[test]
fn what_a_session_chose_and_is_gone_keeps_nothing_else_from_being_taken_over() {
    let mut own = replaying(&[]);
    own.project
        .write("scenarios/else.rhai", "describe(\"\", #{ n: 1 }); on_request(\"GET /a\", || respond(204));");
    own.change(|project| project.write("scenarios/say.rhai", saying("two")));
    for chosen in ["else", "else;n=2"] {
        assert_eq!(
            own.ask(&format!("GET /a\nx-overdub-session: s\nx-overdub-scenario: {chosen}")).status(),
            204
        );
    }
    own.change(|project| {
        project.write("scenarios/else.rhai", "on_request(\"GET /a\", || respond(205));");
    });
    let told = own.text("GET /a\nx-overdub-session: s");
    assert!(told.contains("no scenario in force has a parameter `else.n`"), "{told}");
    own.change(|project| std::fs::remove_file(project.path("scenarios/else.rhai")).unwrap());
    own.change(|project| project.write("scenarios/say.rhai", saying("three")));
    assert_eq!(own.text("GET /a"), said("three"));
    let told = own.text("GET /a\nx-overdub-session: s\nx-overdub-scenario: else");
    assert!(told.contains("there is no scenario `else`"), "{told}");
}
