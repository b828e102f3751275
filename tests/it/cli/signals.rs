//! SIGINT and SIGTERM end it in good order, whoever is still connected.

use std::time::Duration;

use overdub::clock::Stopwatch;

use crate::support::overdub::{Overdub, Project};
use crate::support::wire::{Act, Client, Upstream, json, request, send};

/// How long an end may take, however many connections stand idle.
const SOON: Duration = Duration::from_secs(4);

/// How long it may take when an answer never comes to its end.
const LATE: Duration = Duration::from_secs(6);

/// Sends a signal and waits for a good end within a time.
fn ends(running: Overdub, signal: &str, within: Duration) -> String {
    let stopwatch = Stopwatch::start();
    running.signal(signal);
    let (status, told) = running.ended();
    assert_eq!(status.code(), Some(0), "{told}");
    assert!(stopwatch.elapsed() < within, "{:?}", stopwatch.elapsed());
    told
}

/// Connections that were used and kept, and some that never said a word.
fn idle(running: &Overdub) -> Vec<Client> {
    let clients = (0..50).map(|n| {
        let mut client = Client::to(running.address);
        if n % 2 == 0 {
            assert_eq!(client.ask("GET /a").status(), 200);
        }
        client
    });
    clients.collect()
}

#[test]
fn idle_connections_do_not_delay_the_end_of_a_replay() {
    for signal in ["TERM", "INT"] {
        let project = Project::new();
        project.tape("recordings/a.yaml", &["GET /a => 200 a"]);
        let player = project.replay();
        let clients = idle(&player);
        ends(player, signal, SOON);
        drop(clients);
    }
}

#[test]
fn idle_connections_do_not_delay_the_end_of_a_recording() {
    for signal in ["TERM", "INT"] {
        let upstream = Upstream::of_json("{}");
        let project = Project::new();
        let recorder = project.record(&upstream.url());
        let clients = idle(&recorder);
        let told = ends(recorder, signal, SOON);
        assert!(told.contains("recordings/run.yaml: exchanges recorded: 25"), "{told}");
        drop(clients);
    }
}

#[test]
fn a_sandbox_ends_the_same_way() {
    let project = Project::new();
    let sandbox = project.serve(&["sandbox"]);
    let address = sandbox.address;
    assert_eq!(
        sandbox.ready,
        format!(
            "overdub listening url=http://{address} mode=sandbox upstream=none cassettes=0 interactions=0"
        )
    );
    ends(sandbox, "TERM", SOON);
}

#[test]
fn a_request_under_way_is_finished_and_recorded() {
    let upstream = Upstream::start(|_| {
        let mut acts = vec![Act::Wait];
        acts.extend(json(r#"{"slow":true}"#));
        acts
    });
    let project = Project::new();
    let recorder = project.record(&upstream.url());
    let mut client = Client::to(recorder.address);
    client.send(request("GET /slow"));
    while upstream.seen().is_empty() {
        recorder.ask("GET /__overdub/nothing");
    }
    recorder.signal("TERM");
    recorder.told("stopping");
    upstream.go_on();
    assert_eq!(client.answer(false).text(), r#"{"slow":true}"#);
    assert!(recorder.ended().0.success());
    assert!(project.cassette().contains("slow: true"), "{}", project.cassette());
}

#[test]
fn an_answer_that_never_ends_is_cut_off_in_time() {
    let upstream = Upstream::start(|_| {
        vec![send("HTTP/1.1 200 OK\ncontent-type: image/png\ncontent-length: 100\n\nhalf"), Act::Wait]
    });
    let project = Project::new();
    let recorder = project.record(&upstream.url());
    let mut client = Client::to(recorder.address);
    client.send(request("GET /endless"));
    client.until("half");
    let mut silent = Client::to(recorder.address);
    silent.send("GET /never HTTP/1.1\r\nhost: x");
    let told = ends(recorder, "TERM", LATE);
    assert!(told.contains("cut off"), "{told}");
    assert!(!project.cassette().contains("/endless"), "{}", project.cassette());
}

#[test]
fn nobody_can_connect_while_it_ends() {
    let upstream = Upstream::start(|_| {
        let mut acts = vec![Act::Wait];
        acts.extend(json("{}"));
        acts
    });
    let project = Project::new();
    let recorder = project.record(&upstream.url());
    let mut client = Client::to(recorder.address);
    client.send(request("GET /a"));
    while upstream.seen().is_empty() {
        recorder.ask("GET /__overdub/nothing");
    }
    recorder.signal("INT");
    recorder.told("stopping");
    let refused = (0..3000).any(|_| std::net::TcpStream::connect(recorder.address).is_err());
    assert!(refused, "the listener is closed");
    upstream.go_on();
    assert_eq!(client.answer(false).status(), 200);
    assert!(recorder.ended().0.success());
}
