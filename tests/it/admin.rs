//! The admin address: sessions, their ports, the journal and the health of a proxy.

mod journal;
mod ports;

use serde_json::Value;

use crate::support::overdub::{Overdub, Project};
use crate::support::wire::{Message, Upstream, ask};

const TAPE: &[&str] = &["POST /a => 200 1", "GET /a => 200 x", "POST /a => 200 2"];

/// A replay with an admin address.
fn replay(flags: &[&str]) -> (Project, Overdub) {
    let project = Project::new();
    project.tape("recordings/a.yaml", TAPE);
    project.tape("recordings/b.yaml", &["GET /b => 200 b"]);
    let player = project.serve(&[&["replay", "--admin", "0"], flags].concat());
    (project, player)
}

/// What the admin address says.
fn admin(player: &Overdub, request: &str) -> Message {
    if request.contains("\nhost:") {
        return ask(player.admin(), request);
    }
    let line = request.find('\n').unwrap_or(request.len());
    ask(player.admin(), &format!("{}\nhost: localhost{}", &request[..line], &request[line..]))
}

fn json(answer: &Message) -> Value {
    assert_eq!(answer.header("content-type"), "application/json", "{answer:?}");
    serde_json::from_slice(&answer.body).unwrap()
}

/// The text with its times and ports masked.
fn masked(text: &str) -> String {
    let time = regex::Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z").unwrap();
    let took = regex::Regex::new(r#"("took_ms"|"uptime_s"): [0-9.]+"#).unwrap();
    let port = regex::Regex::new(r"127\.0\.0\.1:\d+").unwrap();
    let text = time.replace_all(text, "TIME");
    let text = took.replace_all(&text, "$1: N");
    port.replace_all(&text, "127.0.0.1:PORT")
        .replace(env!("CARGO_PKG_VERSION"), "VERSION")
        .trim_end()
        .to_owned()
}

/// The error's first line and the lines behind it.
fn error(answer: &Message) -> String {
    assert_eq!(answer.header("x-overdub-outcome"), "client-error");
    let body = json(answer);
    let causes = body["errorCauses"].as_array().unwrap();
    let lines = std::iter::once(&body).chain(causes).map(|own| own["errorSummary"].as_str().unwrap());
    format!("{} {}", answer.status(), lines.collect::<Vec<_>>().join("\n"))
}

#[test]
fn the_ready_line_names_the_admin_address() {
    let (_project, player) = replay(&[]);
    let address = player.address;
    let admin = player.admin();
    assert_eq!(
        player.ready,
        format!(
            "overdub listening url=http://{address} admin=http://{admin} mode=replay upstream=none cassettes=2 \
             interactions=4"
        )
    );
    let project = Project::new();
    project.tape("recordings/a.yaml", TAPE);
    assert!(!project.replay().ready.contains("admin="), "off by default");
}

#[test]
fn only_loopback_may_be_the_admin_address() {
    let project = Project::new();
    project.tape("recordings/a.yaml", TAPE);
    insta::assert_snapshot!(project.fails(&["replay", "--admin", "0.0.0.0:0"]), @r#"
    exit code 2
    error: --admin 0.0.0.0:0: only programs on this machine may use it; choose an address of loopback, as 127.0.0.1:0
    "#);
    insta::assert_snapshot!(project.fails(&["replay", "--admin", "here"]), @r#"
    exit code 2
    error: invalid value 'here' for '--admin <ADDR>': write IP:PORT, or PORT for 127.0.0.1; port 0 takes a free one

    For more information, try '--help'.
    "#);
    insta::assert_snapshot!(project.fails(&["replay", "--journal", "all"]), @r#"
    exit code 2
    error: invalid value 'all' for '--journal <N>': write a whole number; 0 keeps no journal

    For more information, try '--help'.
    "#);
}

#[test]
fn health_tells_a_replay_at_a_glance() {
    let (_project, player) = replay(&[]);
    player.ask("GET /nothing");
    player.ask("GET /a\nx-overdub-session: a/b");
    player.ask("GET /a\nx-overdub-session: one");
    let health = admin(&player, "GET /__overdub/health");
    insta::assert_snapshot!(masked(&health.text()), @r#"
    {
      "status": "ok",
      "mode": "replay",
      "version": "VERSION",
      "uptime_s": N,
      "upstream": null,
      "cassettes": [
        {
          "name": "a",
          "interactions": 3
        },
        {
          "name": "b",
          "interactions": 1
        }
      ],
      "errors": {
        "miss": 1,
        "client-error": 1,
        "upstream-error": 0,
        "script-error": 0,
        "internal-error": 0
      },
      "reload": {
        "generation": 0,
        "at": "TIME",
        "error": null
      },
      "sessions": 2
    }
    "#);
    assert_eq!(health.header("x-overdub-outcome"), "own");
    let main = player.ask("GET /__overdub/health");
    assert_eq!(masked(&main.text()), masked(&health.text()), "the proxy's own address tells it too");
    let head = player.ask("HEAD /__overdub/health");
    assert_eq!((head.status(), head.text()), (200, String::new()));
}

#[test]
fn health_tells_a_recording_at_a_glance() {
    let upstream = Upstream::of_json("{}");
    let project = Project::new();
    let recorder = project.record_with(&upstream.url(), &["--admin", "127.0.0.1:0"]);
    recorder.ask("GET /a");
    // It is written soon after the answer.
    let count = || json(&admin(&recorder, "GET /__overdub/health"))["cassettes"][0]["interactions"].clone();
    assert!((0..3000).any(|_| count() == 1), "{}", count());
    insta::assert_snapshot!(masked(&admin(&recorder, "GET /__overdub/health").text()), @r#"
    {
      "status": "ok",
      "mode": "record",
      "version": "VERSION",
      "uptime_s": N,
      "upstream": "http://127.0.0.1:PORT",
      "cassettes": [
        {
          "name": "run",
          "interactions": 1
        }
      ],
      "errors": {
        "miss": 0,
        "client-error": 0,
        "upstream-error": 0,
        "script-error": 0,
        "internal-error": 0
      },
      "reload": {
        "generation": 0,
        "at": "TIME",
        "error": null
      },
      "sessions": 1
    }
    "#);
    assert_eq!(recorder.ask("GET /__overdub/health").status(), 200);
    let sessions = json(&admin(&recorder, "GET /__overdub/sessions"));
    assert_eq!(sessions["sessions"][0]["name"], "default", "they hold what scenarios remember");
}

#[test]
fn sessions_tell_what_became_of_them() {
    let (_project, player) = replay(&[]);
    for request in ["POST /a", "GET /a", "POST /none"] {
        player.ask(&format!("{request}\nx-overdub-session: one"));
    }
    player.ask("GET /b");
    insta::assert_snapshot!(masked(&admin(&player, "GET /__overdub/sessions").text()), @r#"
    {
      "sessions": [
        {
          "name": "default",
          "created": "TIME",
          "last_used": "TIME",
          "requests": 1,
          "answered": 1,
          "misses": 0,
          "cassettes": [
            {
              "name": "b",
              "used": 1,
              "total": 1
            }
          ]
        },
        {
          "name": "one",
          "created": "TIME",
          "last_used": "TIME",
          "requests": 3,
          "answered": 2,
          "misses": 1,
          "cassettes": [
            {
              "name": "a",
              "used": 2,
              "total": 3
            }
          ]
        }
      ]
    }
    "#);
    let one = json(&admin(&player, "GET /__overdub/sessions/one"));
    assert_eq!((&one["requests"], &one["answered"], &one["misses"]), (&3.into(), &2.into(), &1.into()));
    assert!(one["created"].as_str() <= one["last_used"].as_str());
}

#[test]
fn looking_uses_nothing_up() {
    let (_project, player) = replay(&["--max-sessions", "1"]);
    player.ask("POST /a\nx-overdub-session: one");
    let used =
        |name: &str| json(&admin(&player, &format!("GET /__overdub/sessions/{name}")))["last_used"].clone();
    assert_eq!(used("one"), used("one"));
    assert_eq!(player.ask("POST /a\nx-overdub-session: one").text(), "2");
}

#[test]
fn one_session_or_all_start_afresh() {
    let (_project, player) = replay(&[]);
    let next =
        || ["one", "two"].map(|name| player.ask(&format!("POST /a\nx-overdub-session: {name}")).text());
    assert_eq!(next(), ["1", "1"]);
    let answer = admin(&player, "POST /__overdub/sessions/one/reset");
    assert_eq!(json(&answer)["reset"], serde_json::json!(["one"]));
    assert_eq!(next(), ["1", "2"]);
    let answer = admin(&player, "POST /__overdub/reset");
    assert_eq!(json(&answer)["reset"], serde_json::json!(["default", "one", "two"]));
    assert_eq!(next(), ["1", "1"]);
    let one = json(&admin(&player, "GET /__overdub/sessions/one"));
    assert_eq!(one["cassettes"][0]["used"], 1, "{one}");
}

#[test]
fn what_does_not_exist_is_told_with_what_does() {
    let (_project, player) = replay(&[]);
    insta::assert_snapshot!(error(&admin(&player, "GET /__overdub/nothing")), @r#"
    404 overdub: GET /__overdub/nothing is no endpoint of overdub's; there are:
    GET /__overdub/health
    GET, POST /__overdub/sessions
    GET, DELETE /__overdub/sessions/NAME
    GET, PUT, DELETE /__overdub/sessions/NAME/scenarios
    POST /__overdub/sessions/NAME/reset
    POST /__overdub/reset
    GET, PUT /__overdub/scenarios
    GET, DELETE /__overdub/journal
    "#);
    insta::assert_snapshot!(error(&admin(&player, "GET /__overdub/sessions/none")), @r#"404 overdub: there is no session `none`; GET /__overdub/sessions lists them"#);
    insta::assert_snapshot!(error(&admin(&player, "POST /__overdub/sessions/none/reset")), @r#"404 overdub: there is no session `none`; GET /__overdub/sessions lists them"#);
    insta::assert_snapshot!(error(&admin(&player, "DELETE /__overdub/sessions/default")), @r#"409 overdub: the default session cannot be ended; POST /__overdub/sessions/default/reset starts it afresh"#);
    insta::assert_snapshot!(error(&player.ask("GET /__overdub/sessions")), @r#"404 overdub: GET /__overdub/sessions is no endpoint of overdub's; there are POST /__overdub/reset and GET /__overdub/health (--admin ADDR gives the others)"#);
    for path in ["", "sessions/", "sessions//reset", "sessions/a/b", "journal/1"] {
        assert_eq!(admin(&player, &format!("GET /__overdub/{path}")).status(), 404, "{path}");
    }
    assert_eq!(admin(&player, "GET /a").status(), 404, "nothing is replayed here");
}

#[test]
fn a_wrong_method_is_told_the_right_ones() {
    let (_project, player) = replay(&[]);
    for (asked, allowed) in [
        ("POST /__overdub/health", "GET, HEAD"),
        ("PUT /__overdub/sessions", "GET, HEAD, POST"),
        ("POST /__overdub/sessions/default", "GET, HEAD, DELETE"),
        ("GET /__overdub/sessions/default/reset", "POST"),
        ("GET /__overdub/reset", "POST"),
        ("POST /__overdub/journal", "GET, HEAD, DELETE"),
    ] {
        let answer = admin(&player, asked);
        assert_eq!((answer.status(), answer.header("allow")), (405, allowed), "{asked}");
    }
}

#[test]
fn who_names_another_host_or_comes_from_a_page_is_refused() {
    let (_project, player) = replay(&[]);
    let port = player.admin().port();
    let health = |headers: &str| admin(&player, &format!("GET /__overdub/health\n{headers}")).status();
    for host in [
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}"),
        format!("[::1]:{port}"),
        "a.localhost".into(),
    ] {
        assert_eq!(health(&format!("host: {host}")), 200, "{host}");
    }
    for host in ["evil.test", "10.0.0.1", "localhost.evil.test", ""] {
        assert_eq!(health(&format!("host: {host}")), 403, "{host}");
    }
    assert_eq!(health("host: localhost\norigin: http://localhost:3000"), 200);
    assert_eq!(health("host: localhost\norigin: https://evil.test"), 403);
    assert_eq!(health("host: localhost\norigin: null"), 403);
    insta::assert_snapshot!(error(&admin(&player, "GET /__overdub/health\nhost: evil.test")), @r#"403 overdub: the admin address is for this machine only: the header Host names another; use 127.0.0.1"#);
}
