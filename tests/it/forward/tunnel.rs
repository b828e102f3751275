//! Connections that nobody looks into: hosts that are let through, protocols that are not HTTP.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};

use crate::support::overdub::Project;
use crate::support::secure::through;
use crate::support::wire::{Upstream, json};

/// A host that speaks first, and then says everything twice.
fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                stream.write_all(b"hello\n").unwrap();
                let mut part = [0; 1024];
                while let Ok(length @ 1..) = stream.read(&mut part) {
                    let twice = part[..length].repeat(2);
                    stream.write_all(&twice).unwrap();
                }
            });
        }
    });
    address
}

#[test]
fn connect_to_other_hosts_is_let_through_unread_when_that_is_wanted() {
    let project = Project::new();
    let recorder = project.serve(&["record", "--forward", "--tunnel-others", "-c", "run"]);
    let mut client = through(recorder.address, &echo().to_string(), "");
    assert_eq!(client.until("\n"), "hello\n");
    client.send("\x16anything");
    assert_eq!(client.until("anything\x16anything"), "\x16anything\x16anything");
    client.say_no_more();
    assert_eq!(client.rest(), "", "both sides end");
    // Only tunnels go unread: a request is refused as before.
    assert_eq!(recorder.ask("GET http://127.0.0.1:1/a").status(), 403);
    let (_, told) = recorder.stop();
    assert!(told.contains("exchanges recorded: 0"), "{told}");
}

#[test]
fn a_host_that_cannot_be_reached_is_told_before_the_tunnel() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let project = Project::new();
    let recorder = project.serve(&["record", "--forward", "--tunnel-others", "-c", "run"]);
    let answer = recorder.ask(&format!("CONNECT {free}"));
    assert_eq!((answer.status(), answer.header("x-overdub-outcome")), (502, "upstream-error"));
    assert!(answer.text().contains(&format!("{free}: no connection (")), "{answer:?}");
}

#[test]
fn the_end_of_overdub_ends_its_tunnels() {
    let project = Project::new();
    let recorder = project.serve(&["record", "--forward", "--tunnel-others", "-c", "run"]);
    let mut client = through(recorder.address, &echo().to_string(), "");
    assert_eq!(client.until("\n"), "hello\n");
    let (status, told) = recorder.stop();
    assert!(status.success());
    assert!(!told.contains("cut off"), "{told}");
    assert_eq!(client.rest(), "");
}

#[test]
fn a_replay_lets_nothing_through() {
    let project = Project::new();
    insta::assert_snapshot!(project.fails(&["replay", "--forward", "--tunnel-others"]), @r#"
    exit code 2
    error: --tunnel-others: a replay opens no outgoing connection; leave it out, or record
    "#);
    insta::assert_snapshot!(project.fails(&["replay", "--tunnel-others"]), @r#"
    exit code 2
    error: the following required arguments were not provided:
      --forward

    Usage: overdub replay --forward --tunnel-others

    For more information, try '--help'.
    "#);
    insta::assert_snapshot!(project.fails(&["replay", "--forward", "--allow-host", "a.test,b/c"]), @r#"
    exit code 2
    error: --allow-host: `b/c` is more than a host; write HOST or HOST:PORT, as org.okta.com, *.okta.com, 127.0.0.1:8080 or [::1]:8080
    "#);
    insta::assert_snapshot!(project.fails(&["replay", "--public-url", "proxy.test"]), @r#"
    exit code 2
    error: --public-url: `proxy.test` has no scheme: write http://proxy.test or https://proxy.test
    "#);
}

/// An upstream that changes to `shout` when asked at `/shout`, and answers in JSON elsewhere.
fn shouting() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut writer = stream;
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    if reader.read_until(b'\n', &mut head).unwrap_or(0) == 0 {
                        return;
                    }
                }
                let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
                assert!(head.contains("\r\nconnection: upgrade\r\n"), "{head}");
                assert!(head.contains("\r\nupgrade: shout/1\r\n"), "{head}");
                assert!(head.contains("\r\nx-key: 7\r\n"), "{head}");
                let answer = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: shout/1\r\n\
                              x-accept: 8\r\n\r\nHI\n";
                writer.write_all(answer.as_bytes()).unwrap();
                let mut line = String::new();
                while reader.read_line(&mut line).is_ok_and(|length| length > 0) {
                    writer.write_all(line.to_ascii_uppercase().as_bytes()).unwrap();
                    line.clear();
                }
            });
        }
    });
    address
}

const SHOUT: &str = "GET /shout\nconnection: keep-alive, Upgrade\nupgrade: shout/1\nx-key: 7";

#[test]
fn another_protocol_is_tunnelled_and_not_recorded() {
    let project = Project::new();
    let recorder = project.record(&format!("http://{}", shouting()));
    let mut client = crate::support::wire::Client::to(recorder.address);
    let answer = client.ask(SHOUT);
    assert_eq!(answer.status(), 101);
    assert_eq!((answer.header("upgrade"), answer.header("connection")), ("shout/1", "upgrade"));
    assert_eq!(answer.header("x-accept"), "8");
    assert_eq!(client.until("\n"), "HI\n");
    client.send("hello\n");
    assert_eq!(client.until("\n"), "HELLO\n");
    recorder.told("not recorded: GET /shout: upgraded to shout/1");
    let (status, told) = recorder.stop();
    assert!(status.success());
    assert!(told.contains("exchanges recorded: 0"), "{told}");
    assert_eq!(client.rest(), "", "it ends with overdub");
}

#[test]
fn another_protocol_is_tunnelled_inside_of_connect_too() {
    let upstream = shouting();
    let project = Project::new();
    let recorder = project.serve(&["record", "--forward", "--allow-host", "127.0.0.1", "-c", "run"]);
    let mut client = through(recorder.address, &upstream.to_string(), "");
    assert_eq!(client.ask(SHOUT).status(), 101);
    client.send("hello\n");
    assert_eq!(client.until("HELLO\n"), "HI\nHELLO\n");
}

#[test]
fn an_upgrade_that_is_answered_as_usual_is_recorded_as_usual() {
    let upstream = Upstream::start(|_| json("{\"a\":1}"));
    let project = Project::new();
    let recorder = project.record(&upstream.url());
    let mut client = crate::support::wire::Client::to(recorder.address);
    assert_eq!(client.ask(SHOUT).text(), "{\"a\":1}");
    assert_eq!(
        client.ask("GET /b\nconnection: upgrade, http2-settings\nupgrade: h2c\nhttp2-settings: AA").status(),
        200
    );
    assert_eq!(client.ask("GET /c\nupgrade: shout/1").status(), 200, "not without Connection");
    recorder.stop();
    let seen = upstream.seen();
    assert_eq!(seen[0].header("upgrade"), "shout/1");
    for (request, name) in
        seen[1..].iter().flat_map(|own| ["upgrade", "http2-settings"].map(|name| (own, name)))
    {
        assert!(!request.has(name), "{request:?}");
    }
    let player = project.replay();
    assert_eq!(player.ask(SHOUT).text(), "{\"a\":1}");
}
