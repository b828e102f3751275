//! Scenarios played by a running proxy: over recordings, over an upstream that is recorded, and past one that is not.

mod errors;
mod heads;
mod sessions;
mod slow;

use serde_json::Value;

use crate::support::overdub::{Overdub, Project};
use crate::support::wire::{Message, Upstream, json as answer, send};

/// Two answers to one read, with a write between them.
const TAPE: &[&str] = &[
    r#"GET /factors/opf1 => 200 {"id":"opf1", "status":"PENDING_ACTIVATION","n": 1.50,"big":12345678901234567890}"#,
    r#"POST /factors/opf1/lifecycle/activate => 200 {"id":"opf1","status":"ACTIVE"}"#,
    r#"GET /factors/opf1 => 200 {"id":"opf1","status":"ACTIVE"}"#,
    r#"GET /factors => 200 [{"id":"opf1","status":"ACTIVE"}]"#,
    r#"POST /count => 200 {"n":1}"#,
    r#"POST /count => 200 {"n":2}"#,
    "GET /other => 200 other",
];

/// A replay of [`TAPE`] with one scenario.
fn replay(script: &str, flags: &[&str]) -> (Project, Overdub) {
    let project = Project::new();
    project.tape("recordings/a.yaml", TAPE);
    project.write("scenarios/own.rhai", script);
    let player = project.serve(&[&["replay", "--scenario", "own", "--admin", "0"], flags].concat());
    (project, player)
}

fn journal(player: &Overdub) -> Vec<Value> {
    let told = crate::support::wire::ask(player.admin(), "GET /__overdub/journal\nhost: localhost");
    let told: Value = serde_json::from_slice(&told.body).unwrap();
    told["entries"].as_array().unwrap().clone()
}

fn said(answer: &Message) -> (u16, String) {
    (answer.status(), answer.text())
}

#[test]
fn a_changed_field_changes_its_own_bytes_and_no_others() {
    let script =
        r#"on_response("GET /factors/{id}", |req, res| { res.json.status = "EXPIRED"; res.status = 202; });"#;
    let (_project, player) = replay(script, &[]);
    let answer = player.ask("GET /factors/opf1");
    let due = r#"{"id":"opf1", "status":"EXPIRED","n": 1.50,"big":12345678901234567890}"#;
    assert_eq!(said(&answer), (202, due.to_owned()));
    assert_eq!(answer.header("content-length"), due.len().to_string());
    assert_eq!(said(&player.ask("GET /other")), (200, "other".to_owned()));
}

#[test]
fn an_answer_to_head_goes_on_telling_a_length() {
    let upstream = Upstream::start(|_| vec![send("HTTP/1.1 200 OK\ncontent-length: 144\n\n")]);
    let project = Project::new();
    project
        .write("scenarios/own.rhai", r#"on_response("HEAD /a", |req, res| { res.headers["x-h"] = "1"; });"#);
    let proxy = project.serve(&[
        "proxy",
        "--mode",
        "passthrough",
        "--upstream",
        &upstream.url(),
        "--scenario",
        "own",
    ]);
    let answer = proxy.ask("HEAD /a");
    assert_eq!((answer.header("content-length"), answer.header("x-h")), ("144", "1"));
}

#[test]
fn what_a_script_answers_uses_no_recording_up() {
    let script =
        r#"on_request("POST /count", |req| { if req.nth <= 2 { return okta_error("E0000047"); } });"#;
    let (_project, player) = replay(script, &[]);
    let statuses: Vec<_> = (0..4).map(|_| said(&player.ask("POST /count"))).collect();
    assert_eq!([statuses[0].0, statuses[1].0], [429, 429]);
    assert_eq!(statuses[2..], [(200, r#"{"n":1}"#.to_owned()), (200, r#"{"n":2}"#.to_owned())]);
    let entries = journal(&player);
    assert_eq!(entries[0]["outcome"], "scripted");
    assert_eq!(entries[0]["scenarios"][0]["handler"], "on_request POST /count");
    assert_eq!(entries[0]["scenarios"][0]["effects"], serde_json::json!(["answer"]));
    assert_eq!((&entries[2]["outcome"], entries[2].get("scenarios")), (&"replayed".into(), None));
}

#[test]
fn an_overlay_shows_everywhere_until_the_recording_moves_the_entity_on() {
    let script =
        r#"on_request("POST /count", |req| { entity("opf1", #{ status: "EXPIRED" }); respond(200, #{}) });"#;
    let (_project, player) = replay(script, &[]);
    assert!(player.ask("GET /factors").text().contains("ACTIVE"));
    player.ask("POST /count");
    for path in ["/factors", "/factors/opf1"] {
        assert!(player.ask(&format!("GET {path}")).text().contains("EXPIRED"), "{path}");
    }
    assert!(player.ask("POST /factors/opf1/lifecycle/activate").text().contains("ACTIVE"));
    assert!(player.ask("GET /factors/opf1").text().contains("ACTIVE"), "the recording moved it on");
}

#[test]
fn a_recording_holds_what_the_upstream_said_and_the_client_gets_what_the_script_says() {
    let upstream = Upstream::of_json(r#"{"status":"ACTIVE"}"#);
    let project = Project::new();
    project.write(
        "scenarios/own.rhai",
        r#"on_response("GET /a", |req, res| { if res.origin != "upstream" { throw res.origin; } res.json.status = "EXPIRED"; });
           on_request("GET /b", || respond(418, "no"));"#,
    );
    let recorder = project.record_with(&upstream.url(), &["--scenario", "own"]);
    assert_eq!(recorder.ask("GET /a").text(), r#"{"status":"EXPIRED"}"#);
    assert_eq!(recorder.ask("GET /b").status(), 418);
    recorder.stop();
    assert_eq!(upstream.seen().len(), 1, "what a script answers is not asked of the upstream");
    let cassette = project.cassette();
    assert!(cassette.contains("ACTIVE") && !cassette.contains("EXPIRED"), "{cassette}");
    assert!(!cassette.contains("/b"), "{cassette}");
}

#[test]
fn what_passes_is_changed_too_coded_or_in_chunks() {
    let upstream = Upstream::start(|request| match request.target() {
        "/chunks" => crate::support::wire::in_chunks(
            "HTTP/1.1 200 OK\ncontent-type: application/json",
            &[r#"{"status":"#, r#""ACTIVE"}"#],
        ),
        _ => answer(r#"{"status":"ACTIVE"}"#),
    });
    let project = Project::new();
    project.write(
        "scenarios/own.rhai",
        r#"on_response("GET /*", |req, res| { res.json.status = "EXPIRED"; });"#,
    );
    let proxy = project.serve(&[
        "proxy",
        "--mode",
        "passthrough",
        "--upstream",
        &upstream.url(),
        "--scenario",
        "own",
    ]);
    let chunked = proxy.ask("GET /chunks");
    assert_eq!((chunked.text(), chunked.chunked), (r#"{"status":"EXPIRED"}"#.to_owned(), true));
    assert_eq!(proxy.ask("GET /length").text(), r#"{"status":"EXPIRED"}"#);
}

#[test]
fn the_end_of_a_run_accounts_for_each_handler() {
    let script = r#"
        on_response("GET /factors/{id}", |req, res| { res.json.status = "EXPIRED"; });
        on_request("GET /never", || respond(204));
    "#;
    let (project, player) = replay(script, &["--require-fired"]);
    player.ask("GET /factors/opf1");
    let (status, told) = player.stop();
    assert_eq!(status.code(), Some(1));
    let account = "scenario own: on_response GET /factors/{id}: fired 1 of 1 calls (response 1), last on GET /factors/opf1";
    assert!(told.contains(account), "{told}");
    assert!(told.contains("handlers that never did anything (--require-fired): 1"), "{told}");
    assert!(told.contains("own: on_request GET /never (scenarios/own.rhai:3)"), "{told}");
    let player = project.serve(&["replay", "--scenario", "own", "--require-fired"]);
    player.ask("GET /factors/opf1");
    player.ask("GET /never");
    assert_eq!(player.stop().0.code(), Some(0));
}

#[test]
fn the_same_seed_gives_each_session_the_same_bytes_whatever_else_goes_on() {
    let script = r#"on_response("GET /factors/{id}", |req, res| {
        res.json.draws = [chance(0.5), random(1, 1000000), pick(["a", "b", "c"])];
        if chance(0.3) { res.replace(okta_error("E0000047")); }
    });"#;
    let (_project, player) = replay(script, &["--seed", "7"]);
    let run = |session: &str| -> Vec<String> {
        let ask = |_| player.ask(&format!("GET /factors/opf1\nx-overdub-session: {session}"));
        (0..8).map(ask).map(|answer| format!("{answer:?}")).collect()
    };
    let alone: Vec<_> = (0..4).map(|number| run(&format!("s{number}"))).collect();
    player.ask("POST /__overdub/reset");
    let together: Vec<_> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..4).map(|number| scope.spawn(move || run(&format!("s{number}")))).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    assert_eq!(alone, together);
    assert_ne!(alone[0], alone[1], "sessions draw for themselves");
}
