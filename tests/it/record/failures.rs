//! An upstream that does not answer is told apart from one that answers badly, and the recording goes on.

use std::net::TcpListener;

use crate::support::overdub::{Overdub, Project};
use crate::support::wire::{Act, Message, Upstream, json, send, with_body};

/// What an answer of overdub's own says, the upstream's name left out.
fn told(answer: &Message, upstream: &str) -> String {
    assert_eq!(answer.header("x-overdub-outcome"), "upstream-error");
    assert_eq!(answer.header("content-type"), "application/json");
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    let keys: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["errorCode", "errorSummary", "errorLink", "errorId", "errorCauses"]);
    let summary = body["errorSummary"].as_str().unwrap();
    assert!(summary.contains(upstream), "{summary}");
    format!("{} {}", answer.status(), summary.replace(upstream, "UPSTREAM"))
}

/// What a recorder says of this upstream.
pub(super) fn asked_of(upstream: &str, flags: &[&str]) -> String {
    let project = Project::new();
    let recorder = project.record_with(upstream, flags);
    let answer = recorder.ask("GET /a");
    let (status, log) = recorder.stop();
    assert!(status.success(), "{log}");
    assert!(log.contains("WARN") && log.contains(upstream), "{log}");
    assert!(!project.cassette().contains("/a"), "nothing to record");
    told(&answer, upstream)
}

/// A port on which nobody listens.
fn nowhere() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

#[test]
fn an_upstream_that_is_down_is_named_with_the_cause() {
    insta::assert_snapshot!(asked_of(&format!("http://{}", nowhere()), &[]), @"502 overdub: upstream UPSTREAM: no connection (connection refused); is it running, and is the port right?");
}

#[test]
fn an_upstream_that_is_the_proxy_itself_is_refused() {
    let project = Project::new();
    let port = nowhere().rsplit_once(':').unwrap().1.to_owned();
    for (listen, host) in [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", "localhost"),
        ("0.0.0.0", "127.0.0.1"),
        ("0.0.0.0", "0.0.0.0"),
    ] {
        let (upstream, listen) = (format!("http://{host}:{port}"), format!("{listen}:{port}"));
        let told = project.fails(&["record", "--upstream", &upstream, "--listen", &listen, "-c", "run"]);
        let due =
            format!("error: --upstream {upstream}: this proxy listens there itself; give the API's URL");
        assert!(told.starts_with("exit code 2\n") && told.contains(&due), "{told}");
    }
    assert_eq!(project.list(""), Vec::<String>::new(), "nothing is begun");
}

#[test]
fn a_name_that_does_not_resolve_is_told() {
    let told = asked_of("http://api.invalid", &[]);
    assert!(told.starts_with("502 overdub: upstream UPSTREAM: its name does not resolve ("), "{told}");
}

#[test]
fn an_upstream_that_says_nothing_in_time_is_told() {
    let upstream = Upstream::start(|_| vec![Act::Wait]);
    insta::assert_snapshot!(asked_of(&upstream.url(), &["--upstream-timeout", "80ms"]), @"502 overdub: upstream UPSTREAM: no answer within 80ms; --upstream-timeout sets the limit");
}

#[test]
fn an_upstream_that_speaks_no_http_is_told() {
    let upstream = Upstream::start(|_| vec![send("SSH-2.0-OpenSSH_9.2\n"), Act::Close]);
    let told = asked_of(&upstream.url(), &[]);
    assert!(
        told.starts_with("502 overdub: upstream UPSTREAM: the answer broke off or was no HTTP ("),
        "{told}"
    );
}

#[test]
fn an_upstream_that_hangs_up_without_a_word_is_told() {
    let upstream = Upstream::start(|_| vec![Act::Close]);
    let told = asked_of(&upstream.url(), &[]);
    assert!(
        told.starts_with("502 overdub: upstream UPSTREAM: the answer broke off or was no HTTP ("),
        "{told}"
    );
}

#[test]
fn an_answer_with_too_many_headers_is_refused() {
    let upstream =
        Upstream::start(|_| with_body(&format!("HTTP/1.1 200 OK\nx-long: {}", "x".repeat(66_000)), "{}"));
    insta::assert_snapshot!(asked_of(&upstream.url(), &[]), @"502 overdub: upstream UPSTREAM: its answer has 66021 bytes of headers; at most 65536 are passed on");
}

fn mixed() -> (Upstream, Project, Overdub) {
    let upstream = Upstream::start(|request| match request.target() {
        "/bad" => vec![send("no HTTP at all\n\n"), Act::Close],
        _ => json("{}"),
    });
    let project = Project::new();
    let recorder = project.record(&upstream.url());
    (upstream, project, recorder)
}

#[test]
fn the_recording_goes_on_after_a_failure() {
    let (_upstream, project, recorder) = mixed();
    let statuses: Vec<_> =
        ["/one", "/bad", "/two"].iter().map(|path| recorder.ask(&format!("GET {path}")).status()).collect();
    assert_eq!(statuses, [200, 502, 200]);
    recorder.stop();
    let player = project.replay();
    assert!(player.ready.ends_with("interactions=2"), "{}", player.ready);
    assert_eq!(player.ask("GET /two").text(), "{}");
}

#[test]
fn a_request_with_too_long_headers_is_refused_and_goes_nowhere() {
    let (upstream, _project, recorder) = mixed();
    let answer = recorder.ask(&format!("GET /a\nx-long: {}", "x".repeat(66_000)));
    assert_eq!((answer.status(), answer.header("x-overdub-outcome")), (431, "client-error"));
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    insta::assert_snapshot!(body["errorSummary"].as_str().unwrap(), @"overdub: the request's headers are 66018 bytes long; at most 65536 are accepted");
    assert!(upstream.seen().is_empty());
    assert_eq!(recorder.ask(&format!("GET /a\nx-long: {}", "x".repeat(64_000))).status(), 200);
}

#[test]
fn a_request_with_very_many_headers_is_refused_and_goes_nowhere() {
    let (upstream, _project, recorder) = mixed();
    let lines = |count| (0..count).map(|n| format!("x-{n}: {n}")).collect::<Vec<_>>().join("\n");
    assert_eq!(recorder.ask(&format!("GET /a\n{}", lines(120))).status(), 431);
    assert!(upstream.seen().is_empty());
    assert_eq!(recorder.ask(&format!("GET /a\n{}", lines(90))).status(), 200);
}

#[test]
fn a_request_that_is_no_http_does_not_end_the_proxy() {
    let (_upstream, _project, recorder) = mixed();
    for rubbish in ["\x16\x03\x01\x02\x00\x01", "GET\r\n\r\n", "GET /a b HTTP/1.1\r\nhost: x\r\n\r\n"] {
        let mut client = crate::support::wire::Client::to(recorder.address);
        client.send(rubbish);
        client.say_no_more();
        client.rest();
    }
    assert_eq!(recorder.ask("GET /a").status(), 200);
}

#[test]
fn a_reset_while_recording_concerns_what_scenarios_remember_and_goes_nowhere() {
    let (upstream, _project, recorder) = mixed();
    let answer = recorder.ask("POST /__overdub/reset");
    assert_eq!((answer.status(), answer.header("x-overdub-outcome")), (200, "reset"));
    assert!(upstream.seen().is_empty(), "what is overdub's own goes nowhere");
}
