//! The journal.

use serde_json::Value;

use super::{admin, error, json, masked, replay};
use crate::support::overdub::{Overdub, Project};
use crate::support::wire::{Act, Client, Upstream, request, send};

/// `GET /a => 200 replayed` for each entry.
fn entries(player: &Overdub, query: &str) -> Vec<String> {
    let page = json(&admin(player, &format!("GET /__overdub/journal{query}")));
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let entries = page["entries"].as_array().unwrap().iter();
    entries
        .map(|own| {
            let [method, target, status, outcome] =
                ["method", "target", "status", "outcome"].map(|field| text(&own[field]));
            format!("{method} {target} => {status} {outcome}")
        })
        .collect()
}

#[test]
fn an_entry_tells_who_asked_what_and_which_recording_answered() {
    let (_project, player) = replay(&[]);
    player.ask("POST /a\nx-overdub-session: one");
    player.ask("GET /none?x=1");
    insta::assert_snapshot!(masked(&admin(&player, "GET /__overdub/journal").text()), @r#"
    {
      "latest": 2,
      "entries": [
        {
          "n": 1,
          "at": "TIME",
          "session": "one",
          "method": "POST",
          "target": "/a",
          "status": 200,
          "outcome": "replayed",
          "cassette": "a",
          "interaction": 1,
          "took_ms": N
        },
        {
          "n": 2,
          "at": "TIME",
          "session": "default",
          "method": "GET",
          "target": "/none?x=1",
          "status": 501,
          "outcome": "miss",
          "cassette": null,
          "interaction": null,
          "took_ms": N
        }
      ]
    }
    "#);
}

#[test]
fn every_end_of_a_request_is_noted() {
    let (_project, player) = replay(&[]);
    for asked in [
        "GET /a",
        "GET /none",
        "GET /a\nx-overdub-session: a/b",
        "POST /__overdub/reset",
        "GET /__overdub/nothing",
        &format!("GET /a\nx-long: {}", "x".repeat(66_000)),
    ] {
        player.ask(asked);
    }
    assert_eq!(
        entries(&player, ""),
        [
            "GET /a => 200 replayed",
            "GET /none => 501 miss",
            "GET /a => 400 client-error",
            "POST /__overdub/reset => 200 own",
            "GET /__overdub/nothing => 404 client-error",
            "GET /a => 431 client-error",
        ]
    );
}

#[test]
fn a_client_that_leaves_before_its_answer_is_noted_too() {
    let (_project, player) = replay(&[]);
    let mut client = Client::to(player.address);
    client.send("POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf");
    drop(client);
    let noted = (0..10_000).map(|_| entries(&player, "")).find(|entries| !entries.is_empty());
    let noted = noted.expect("an entry in time");
    assert!(noted[0].ends_with(" client-error"), "{noted:?}");
}

#[test]
fn a_recording_is_noted_with_what_came_of_it() {
    let upstream = Upstream::start(|asked| match asked.target() {
        "/broken" => vec![Act::Close],
        "/talk" => {
            vec![send("HTTP/1.1 101 Switching Protocols\nconnection: upgrade\nupgrade: talk\n\n"), Act::Close]
        }
        _ => crate::support::wire::json("{}"),
    });
    let project = Project::new();
    let recorder = project.record_with(&upstream.url(), &["--admin", "0"]);
    recorder.ask("GET /a");
    recorder.ask("POST /broken");
    Client::to(recorder.address).ask("GET /talk\nconnection: upgrade\nupgrade: talk");
    assert_eq!(
        entries(&recorder, ""),
        ["GET /a => 200 recorded", "POST /broken => 502 upstream-error", "GET /talk => 101 tunnelled"]
    );
    let page = json(&admin(&recorder, "GET /__overdub/journal"));
    assert_eq!(page["entries"][0]["session"], "default");
}

#[test]
fn secrets_are_not_in_it() {
    let (_project, player) = replay(&[]);
    let asked = "POST /activate/0123456789abcdefXYZ?sessionToken=verysecret&x=1\nauthorization: SSWS verysecret\n\n\
                 {\"password\":\"verysecret\"}";
    player.ask(asked);
    let text = admin(&player, "GET /__overdub/journal").text();
    assert!(!text.contains("verysecret") && !text.contains("0123456789abcdefXYZ"), "{text}");
    assert!(text.contains("/activate/(hidden)?sessionToken=(hidden)&x=1"), "{text}");
}

#[test]
fn a_reader_asks_for_a_part_of_it() {
    let (_project, player) = replay(&[]);
    for asked in ["GET /a", "GET /a\nx-overdub-session: one", "GET /none", "GET /b"] {
        player.ask(asked);
    }
    let numbers = |query: &str| {
        let page = json(&admin(&player, &format!("GET /__overdub/journal{query}")));
        let entries = page["entries"].as_array().unwrap().clone();
        assert_eq!(page["latest"], 4);
        entries.iter().map(|entry| entry["n"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    for (query, due) in [
        ("", &[1, 2, 3, 4][..]),
        ("?session=one", &[2]),
        ("?session=default", &[1, 3, 4]),
        ("?outcome=miss", &[3]),
        ("?outcome=miss,replayed&session=default", &[1, 3, 4]),
        ("?since=2", &[3, 4]),
        ("?since=2&limit=1", &[3]),
        ("?limit=2", &[3, 4]),
        ("?limit=0", &[]),
        ("?since=2020-01-01T00:00:00Z", &[1, 2, 3, 4]),
        ("?since=2999-01-01T00:00:00Z", &[]),
    ] {
        assert_eq!(numbers(query), due, "{query}");
    }
    for query in ["outcome=good", "since=now", "limit=-1", "what=1"] {
        assert_eq!(admin(&player, &format!("GET /__overdub/journal?{query}")).status(), 400, "{query}");
    }
    insta::assert_snapshot!(error(&admin(&player, "GET /__overdub/journal?outcome=good")), @r#"400 overdub: outcome=good is none of replayed, scripted, recorded, passed, miss, client-error, upstream-error, script-error, internal-error, own, tunnelled; there are session=NAME, outcome=OUTCOME (more than one with commas), since=N or since=TIME (RFC 3339), limit=N"#);
}

#[test]
fn it_is_bounded_and_can_be_emptied() {
    let (_project, player) = replay(&["--journal", "2"]);
    for path in ["/1", "/2", "/3"] {
        player.ask(&format!("GET {path}"));
    }
    assert_eq!(entries(&player, ""), ["GET /2 => 501 miss", "GET /3 => 501 miss"]);
    assert_eq!(json(&admin(&player, "DELETE /__overdub/journal"))["forgotten"], 2);
    assert!(entries(&player, "").is_empty());
    player.ask("GET /4");
    let page = json(&admin(&player, "GET /__overdub/journal"));
    assert_eq!(page["entries"][0]["n"], 4, "numbers go on");
}

#[test]
fn without_entries_there_is_no_journal_but_sessions_are_counted() {
    let (_project, player) = replay(&["--journal", "0"]);
    player.ask("GET /a");
    insta::assert_snapshot!(error(&admin(&player, "GET /__overdub/journal")), @r#"404 overdub: no journal is kept: --journal is 0"#);
    assert_eq!(json(&admin(&player, "GET /__overdub/sessions/default"))["answered"], 1);
}

#[test]
fn requests_of_many_clients_are_each_noted_once() {
    let (_project, player) = replay(&[]);
    std::thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| {
                let mut client = Client::to(player.address);
                for _ in 0..25 {
                    client.send(request("GET /a"));
                    client.answer(false);
                }
            });
        }
    });
    let page = json(&admin(&player, "GET /__overdub/journal"));
    let numbers: Vec<_> = page["entries"].as_array().unwrap().iter().map(|own| own["n"].as_u64()).collect();
    assert_eq!(numbers, (1..=200).map(Some).collect::<Vec<_>>());
}
