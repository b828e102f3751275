//! Sessions with ports of their own.

use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

use super::{admin, error, json, replay};
use crate::support::overdub::Overdub;
use crate::support::secure::{secured, trusting};
use crate::support::wire::{Client, ask};

/// Makes a session; its name and its port.
fn session(player: &Overdub, body: &str) -> (String, SocketAddr) {
    let answer = admin(player, &format!("POST /__overdub/sessions\n\n{body}"));
    assert_eq!(answer.status(), 201, "{answer:?}");
    let made = json(&answer);
    let text = |field: &str| made[field].as_str().unwrap().to_owned();
    (text("name"), text("url").strip_prefix("http://").unwrap().parse().unwrap())
}

/// Whether the port is closed, at once or soon.
fn is_closed(address: SocketAddr) -> bool {
    (0..100_000).any(|_| TcpStream::connect(address).is_err())
}

#[test]
fn a_session_has_its_own_port_and_is_given_every_recording_there() {
    let (_project, player) = replay(&[]);
    let (name, one) = session(&player, "{}");
    assert_eq!(name, "session-1");
    let (name, two) = session(&player, r#"{"name":"two"}"#);
    assert_eq!(name, "two");
    assert_ne!(one, two);
    let given = [one, two, player.address, one, two].map(|address| ask(address, "POST /a").text());
    assert_eq!(given, ["1", "1", "1", "2", "2"]);
    assert_eq!(player.ask("POST /a\nx-overdub-session: two").status(), 501, "the same session by its name");
    let shown = json(&admin(&player, "GET /__overdub/sessions/two"));
    assert_eq!(shown["url"], format!("http://{two}"));
    assert_eq!(ask(one, "POST /__overdub/reset").status(), 200);
    assert_eq!([ask(one, "POST /a").text(), ask(two, "POST /a").status().to_string()], ["1", "501"]);
}

#[test]
fn a_port_speaks_what_the_proxy_speaks() {
    let (project, player) = replay(&["--tls"]);
    let made = json(&admin(&player, "POST /__overdub/sessions"));
    let port = made["url"].as_str().unwrap().strip_prefix("https://").unwrap().parse().unwrap();
    let config = trusting(&project.path("data/overdub/ca/ca.pem"), &[]);
    let mut client = secured(Client::to(port).into_stream(), "127.0.0.1", &config).unwrap();
    assert_eq!([client.ask("POST /a").text(), client.ask("POST /a").text()], ["1", "2"]);
    assert_eq!(json(&admin(&player, "GET /__overdub/sessions/session-1"))["answered"], 2);
}

#[test]
fn a_session_may_be_made_for_one_cassette() {
    let (_project, player) = replay(&[]);
    let (name, port) = session(&player, r#"{"cassette":"b"}"#);
    assert_eq!([ask(port, "GET /b").status(), ask(port, "GET /a").status()], [200, 501]);
    assert_eq!(ask(port, "GET /a\nx-overdub-cassette: a").status(), 200, "a request may ask for another");
    assert_eq!(json(&admin(&player, &format!("GET /__overdub/sessions/{name}")))["cassette"], "b");
}

#[test]
fn a_port_is_closed_when_its_session_ends() {
    let (_project, player) = replay(&["--max-sessions", "2"]);
    let (name, port) = session(&player, "");
    assert_eq!(ask(port, "POST /a").text(), "1");
    let answer = admin(&player, &format!("DELETE /__overdub/sessions/{name}"));
    assert_eq!((answer.status(), json(&answer)), (200, serde_json::json!({ "ended": name })));
    assert!(is_closed(port));
    assert_eq!(admin(&player, &format!("GET /__overdub/sessions/{name}")).status(), 404);

    let (_, first) = session(&player, "");
    for name in ["x", "y"] {
        player.ask(&format!("GET /a\nx-overdub-session: {name}"));
    }
    assert!(is_closed(first), "it had to make room");

    let (_, last) = session(&player, "");
    player.stop();
    assert!(is_closed(last));
}

#[test]
fn a_port_is_closed_when_its_session_is_idle_for_too_long() {
    let (_project, player) = replay(&["--session-idle", "200ms"]);
    let (name, port) = session(&player, "");
    assert!(is_closed(port));
    assert_eq!(admin(&player, &format!("GET /__overdub/sessions/{name}")).status(), 404);
}

#[test]
fn a_session_that_cannot_be_made_is_refused() {
    let (_project, player) = replay(&[]);
    session(&player, r#"{"name":"one"}"#);
    let refused = |body: &str| error(&admin(&player, &format!("POST /__overdub/sessions\n\n{body}")));
    insta::assert_snapshot!(refused(r#"{"name":"one"}"#), @r#"409 overdub: there is a session `one` already; choose another name"#);
    insta::assert_snapshot!(refused(r#"{"name":"default"}"#), @r#"409 overdub: there is a session `default` already; choose another name"#);
    insta::assert_snapshot!(refused(r#"{"name":"a/b"}"#), @r#"400 overdub: `a/b` is no name of a session: write 1 to 128 visible ASCII characters without `/` (x-overdub-session, or the proxy's user name)"#);
    insta::assert_snapshot!(refused(r#"{"cassette":"c"}"#), @r#"400 overdub: no cassette named `c` is loaded; there are: a, b"#);
    insta::assert_snapshot!(refused(r#"{"port":1}"#), @r#"400 overdub: the body asks for nothing: unknown field `port`, expected one of `name`, `cassette`, `scenarios`, `set` at line 1 column 7; write {"name": "NAME", "cassette": "NAME", "scenarios": ["NAME"]}, each of which may be left out"#);
    insta::assert_snapshot!(refused("["), @r#"400 overdub: the body asks for nothing: EOF while parsing a list at line 1 column 1; write {"name": "NAME", "cassette": "NAME", "scenarios": ["NAME"]}, each of which may be left out"#);
    insta::assert_snapshot!(refused(&" ".repeat(64 * 1024 + 1)), @r#"413 overdub: the body is larger than 65536 bytes; write {"name": "NAME", "cassette": "NAME", "scenarios": ["NAME"]}, each of which may be left out"#);
    let sessions = json(&admin(&player, "GET /__overdub/sessions"));
    let names: Vec<_> = sessions["sessions"].as_array().unwrap().iter().map(|own| &own["name"]).collect();
    assert_eq!(names, [&Value::from("default"), &Value::from("one")]);
}
