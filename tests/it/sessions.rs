//! Sessions: client runs that share the recordings and nothing else.

use proptest::prelude::*;

use crate::support::overdub::{Overdub, Project};
use crate::support::tape::{Client, cassette};
use crate::support::wire::Message;

const TAPE: &[&str] = &[
    "POST /a => 200 1",
    "GET /a => 200 after-1",
    "POST /a => 200 2",
    "GET /a => 200 after-2",
    "POST /a => 200 3",
];

/// A replay of three writes, each followed by what it changed.
fn replay(flags: &[&str]) -> (Project, Overdub) {
    let project = Project::new();
    project.tape("recordings/a.yaml", TAPE);
    let player = project.serve(&[&["replay"], flags].concat());
    (project, player)
}

/// The next write of a session; nothing names the default one.
fn next(player: &Overdub, session: &str) -> String {
    let header = if session.is_empty() { String::new() } else { format!("\nx-overdub-session: {session}") };
    let answer = player.ask(&format!("POST /a{header}"));
    if answer.status() == 501 { "used up".to_owned() } else { answer.text() }
}

/// What a reset says that it reset.
fn reset(answer: &Message) -> Vec<String> {
    assert_eq!((answer.status(), answer.header("x-overdub-outcome")), (200, "reset"), "{answer:?}");
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    serde_json::from_value(body["reset"].clone()).unwrap()
}

#[test]
fn each_session_is_given_every_recording() {
    let (_project, player) = replay(&[]);
    let given: Vec<_> = ["one", "two", "", "one", "one", "two", "", "one", "two"]
        .map(|session| next(&player, session))
        .into_iter()
        .collect();
    assert_eq!(given, ["1", "1", "1", "2", "3", "2", "2", "used up", "3"]);
    assert_eq!(player.ask("GET /a\nx-overdub-session: two").text(), "after-2");
    assert_eq!(player.ask("GET /a\nx-overdub-session: three").text(), "after-1");
}

#[test]
fn the_default_session_has_a_name_too() {
    let (_project, player) = replay(&[]);
    assert_eq!([next(&player, ""), next(&player, "default"), next(&player, "")], ["1", "2", "3"]);
}

#[test]
fn a_reset_is_for_the_session_that_is_named_else_for_all() {
    let (_project, player) = replay(&[]);
    let all = ["", "one", "two"];
    let after = |asked: &str| {
        for session in all {
            next(&player, session);
        }
        let named = reset(&player.ask(asked));
        let due = all.map(|session| next(&player, session));
        reset(&player.ask("POST /__overdub/reset"));
        (named, due.join(" "))
    };
    let named =
        |names: &[&str], due: &str| (names.iter().map(|&own| own.to_owned()).collect(), due.to_owned());
    assert_eq!(after("POST /__overdub/reset\nx-overdub-session: one"), named(&["one"], "2 1 2"));
    assert_eq!(after("POST /__overdub/reset?session=two"), named(&["two"], "2 2 1"));
    assert_eq!(after("POST /__overdub/reset?session=default"), named(&["default"], "1 2 2"));
    assert_eq!(after("POST /__overdub/reset?session=new"), named(&["new"], "2 2 2"));
    assert_eq!(after("POST /__overdub/reset"), named(&["default", "one", "two"], "1 1 1"));
    let answer = player.ask("GET /__overdub/reset");
    assert_eq!((answer.status(), answer.header("allow")), (405, "POST"));
    assert_eq!(player.ask("POST /__overdub/reset?session=a/b").status(), 400);
}

#[test]
fn a_name_that_is_none_is_refused_with_what_is_allowed() {
    let (_project, player) = replay(&[]);
    let long = "x".repeat(129);
    for name in ["", "a b", "a/b", "\u{e4}", &long] {
        let answer = player.ask(&format!("POST /a\nx-overdub-session: {name}"));
        assert_eq!((answer.status(), answer.header("x-overdub-outcome")), (400, "client-error"), "{name}");
    }
    let answer = player.ask("POST /a\nx-overdub-session: a/b");
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    insta::assert_snapshot!(body["errorSummary"].as_str().unwrap(), @r#"overdub: `a/b` is no name of a session: write 1 to 128 visible ASCII characters without `/` (x-overdub-session, or the proxy's user name)"#);
    assert_eq!(next(&player, ""), "1", "nothing was given");
}

#[test]
fn tokens_name_sessions_where_it_is_so_chosen() {
    let of = |player: &Overdub, token: &str| player.ask(&format!("POST /a\nauthorization: {token}")).text();
    let (_project, player) = replay(&["--session-by", "token"]);
    let given = ["SSWS 00one", "SSWS 00two", "SSWS00one", "Bearer 00two"].map(|token| of(&player, token));
    assert_eq!(given, ["1", "1", "2", "2"]);
    assert_eq!(next(&player, ""), "1", "no token, the default session");
    let named = player.ask("POST /a\nauthorization: SSWS 00one\nx-overdub-session: named");
    assert_eq!(named.text(), "1", "a header goes before the token");
    let reset_ones = reset(&player.ask("POST /__overdub/reset\nauthorization: SSWS 00one"));
    assert_eq!(reset_ones.len(), 1);
    assert!(reset_ones[0].starts_with("token-") && !reset_ones[0].contains("00one"), "{reset_ones:?}");
    assert_eq!([of(&player, "SSWS00one"), of(&player, "SSWS00two")], ["1", "3"]);

    let (_project, player) = replay(&[]);
    assert_eq!([of(&player, "SSWS 00one"), of(&player, "SSWS 00two")], ["1", "2"], "all are one");
}

#[test]
fn beyond_the_bound_the_least_recently_used_session_ends() {
    let (_project, player) = replay(&["--max-sessions", "2"]);
    for session in ["one", "two", "one", "three"] {
        next(&player, session);
    }
    assert_eq!(next(&player, "one"), "3", "used later than the second");
    assert_eq!(next(&player, "two"), "1", "made anew, and the third had to go");
    assert_eq!(next(&player, "three"), "1");
    let (_, log) = player.stop();
    assert_eq!(log.matches("more than 2 sessions").count(), 1, "told once: {log}");
}

#[test]
fn a_session_that_was_idle_for_too_long_begins_anew() {
    let (_project, player) = replay(&["--session-idle", "1ns"]);
    assert_eq!([next(&player, "one"), next(&player, "one")], ["1", "1"]);
    assert_eq!([next(&player, ""), next(&player, "")], ["1", "2"], "the default one stays");
}

#[test]
fn bounds_that_are_none_are_refused() {
    let project = Project::new();
    insta::assert_snapshot!(project.fails(&["replay", "--max-sessions", "0"]), @r#"
    exit code 2
    error: invalid value '0' for '--max-sessions <N>': write a whole number, 1 or more

    For more information, try '--help'.
    "#);
    insta::assert_snapshot!(project.fails(&["replay", "--session-idle", "0s"]), @r#"
    exit code 2
    error: invalid value '0s' for '--session-idle <TIME>': no time at all is no limit; write 500ms, 30s or 2m

    For more information, try '--help'.
    "#);
    insta::assert_snapshot!(project.fails(&["replay", "--session-by", "cookie"]), @r#"
    exit code 2
    error: invalid value 'cookie' for '--session-by <name|token>'
      [possible values: name, token]

      tip: a similar value exists: 'token'

    For more information, try '--help'.
    "#);
}

#[test]
fn what_was_cut_off_before_a_reset_does_not_come_back_after_it() {
    let client = Client::of(vec![cassette("a", TAPE)]);
    let session = [("x-overdub-session", "one")];
    let cut = client.begin("POST /a", &session);
    client.reset();
    assert_eq!(client.ask_with("POST /a", &session), "200 1");
    drop(cut);
    assert_eq!(client.ask_with("POST /a", &session), "200 2");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// However the requests of sessions are mixed, each session gets what it gets alone.
    #[test]
    fn mixing_sessions_changes_nothing(
        steps in prop::collection::vec(
            (0..3_usize, prop::sample::select(vec!["POST /a", "GET /a", "POST /b", "GET /b"])), 1..40),
    ) {
        let tape = || vec![cassette("a", TAPE), cassette("b", &["GET /b => 200 x", "POST /b => 200 y", "GET /b => 200 z"])];
        let names = [[("x-overdub-session", "one")], [("x-overdub-session", "two")], [("x-overdub-session", "default")]];
        let mixed = Client::of(tape());
        let alone = [Client::of(tape()), Client::of(tape()), Client::of(tape())];
        for (session, line) in steps {
            let said = mixed.ask_with(line, &names[session]);
            prop_assert_eq!(said, alone[session].ask_with(line, &names[session]), "{} {}", session, line);
        }
    }
}
