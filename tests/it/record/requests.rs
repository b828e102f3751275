//! The upstream gets what the client sent.

use super::play;
use crate::support::overdub::Project;
use crate::support::wire::{Client, Message, Upstream, json, request, with_body};

#[test]
fn paths_reach_the_upstream_untouched() {
    let targets = [
        "/api/v1/users/user1%40example.test/factors",
        "/a%2Fb%2e%2E/c",
        "//api//v1/",
        "/a/../b/./c",
        "/users/?limit=2&q=%2B+x&&flag&limit=1",
        "/caf%C3%A9?a=b?c=/d",
        "/~user;v=1/(x)!*'$,:@",
    ];
    let upstream = Upstream::of_json("{}");
    let requests: Vec<_> = targets.iter().map(|target| format!("GET {target}")).collect();
    let played = play(&upstream, &requests.iter().map(String::as_str).collect::<Vec<_>>());
    let seen = upstream.seen();
    assert_eq!(seen.iter().map(Message::target).collect::<Vec<_>>(), targets);
    assert!(played.same().iter().all(|answer| answer.status() == 200));
}

#[test]
fn every_method_passes() {
    let upstream = Upstream::start(|request| json(&format!("{:?}", request.line())));
    let requests = ["PUT /a\n\n{}", "PATCH /a\n\n{}", "DELETE /a", "OPTIONS /a", "PROPFIND /a", "get /a"];
    let played = play(&upstream, &requests);
    for (request, answer) in requests.iter().zip(played.same()) {
        let line = request.lines().next().unwrap();
        assert_eq!(answer.text(), format!("\"{line} HTTP/1.1\""));
    }
}

#[test]
fn host_is_the_upstreams_and_the_other_headers_the_clients() {
    let upstream = Upstream::of_json("{}");
    play(
        &upstream,
        &["POST /a\nhost: proxy.test:1\nuser-agent: okta-sdk\naccept: */*\nx-two: 1\nx-two: 2\n\
           authorization: SSWS 00abc\ncontent-type: application/json\n\n{\"a\":1}"],
    );
    let seen = &upstream.seen()[0];
    assert_eq!(seen.all("host"), [upstream.address.to_string()]);
    assert_eq!(seen.header("user-agent"), "okta-sdk");
    assert_eq!(seen.all("x-two"), ["1", "2"]);
    assert_eq!(seen.header("authorization"), "SSWS 00abc");
    assert_eq!(seen.text(), "{\"a\":1}");
    for added in ["via", "x-forwarded-for", "forwarded", "accept-encoding"] {
        assert!(!seen.has(added), "{added}");
    }
}

#[test]
fn headers_of_one_hop_stay_on_it() {
    let upstream = Upstream::start(|_| {
        with_body(
            "HTTP/1.1 200 OK\nconnection: keep-alive, x-its-hop\nx-its-hop: 1\nkeep-alive: timeout=5\n\
             proxy-connection: keep-alive\nx-stays: 1",
            "{}",
        )
    });
    let played = play(
        &upstream,
        &["GET /a\nconnection: keep-alive, x-my-hop\nx-my-hop: 1\nkeep-alive: timeout=9\nte: gzip\n\
           proxy-connection: keep-alive\nupgrade: h2c\nproxy-authorization: Basic eA==\n\
           x-overdub-session: s\nx-overdub-cassette: run\nx-overdub-scenario: none\nx-mine: 1"],
    );
    let seen = &upstream.seen()[0];
    for name in [
        "x-my-hop",
        "keep-alive",
        "te",
        "proxy-connection",
        "upgrade",
        "proxy-authorization",
        "x-overdub-session",
        "x-overdub-cassette",
        "x-overdub-scenario",
    ] {
        assert!(!seen.has(name), "{name} in {}", seen.head);
    }
    assert_eq!(seen.header("x-mine"), "1");
    assert_eq!(played.same()[0].head, "HTTP/1.1 200 OK\nx-stays: 1\ncontent-length: 2");
}

#[test]
fn a_chunked_upload_is_chunked_to_the_upstream_and_its_body_recorded() {
    let upstream = Upstream::of_json("{}");
    let upload = "POST /a\ntransfer-encoding: chunked\ncontent-type: application/json\n\n\
                  6\r\n{\"a\":1\r\n7\r\n,\"b\":2}\r\n0\r\n\r\n";
    let played = play(&upstream, &[upload]);
    let seen = &upstream.seen()[0];
    assert!(seen.chunked && !seen.has("content-length"), "{}", seen.head);
    assert_eq!(seen.text(), r#"{"a":1,"b":2}"#);
    assert_eq!(played.same()[0].status(), 200);
    assert!(played.cassette.contains("    json:\n      a: 1\n      b: 2\n"), "{}", played.cassette);
}

#[test]
fn a_request_body_decides_what_is_replayed() {
    let upstream = Upstream::start(|request| json(&request.text()));
    let played =
        play(&upstream, &["POST /a\n\n{\"n\":1}", "POST /a\n\n{\"n\":2}", "POST /a\n\nn=3", "POST /a"]);
    let bodies: Vec<_> = played.same().iter().map(Message::text).collect();
    assert_eq!(bodies, ["{\"n\":1}", "{\"n\":2}", "n=3", ""]);
}

#[test]
fn a_client_that_waits_for_100_continue_is_told_to_go_on() {
    let upstream = Upstream::of_json(r#"{"ok":true}"#);
    let project = Project::new();
    let post = |address| {
        let mut client = Client::to(address);
        client.send(request("POST /a\nexpect: 100-continue\ncontent-length: 7"));
        assert_eq!(client.until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
        client.send(r#"{"n":1}"#);
        client.answer(false)
    };
    let recorder = project.record(&upstream.url());
    let live = post(recorder.address);
    recorder.stop();
    assert_eq!(upstream.seen()[0].text(), r#"{"n":1}"#);
    assert_eq!(live, post(project.replay().address));
    assert_eq!(live.text(), r#"{"ok":true}"#);
}

#[test]
fn an_upload_that_breaks_off_is_not_recorded_and_the_next_exchange_is() {
    let upstream = Upstream::of_json("{}");
    let project = Project::new();
    let recorder = project.record(&upstream.url());
    let mut client = Client::to(recorder.address);
    client.send(request("POST /broken\ncontent-length: 100\n\nfirst"));
    client.say_no_more();
    client.rest();
    assert_eq!(recorder.ask("GET /next").status(), 200);
    recorder.stop();
    let cassette = project.cassette();
    assert!(cassette.contains("/next") && !cassette.contains("/broken"), "{cassette}");
}

#[test]
fn an_http_1_0_client_gets_its_answer_and_never_chunks() {
    let upstream = Upstream::start(|_| {
        crate::support::wire::in_chunks("HTTP/1.1 200 OK\ncontent-type: application/json", &["{}"])
    });
    let played = play(&upstream, &["GET /a HTTP/1.0"]);
    for answer in [&played.recorded[0], &played.replayed[0]] {
        assert!(!answer.chunked && !answer.has("transfer-encoding"), "{}", answer.head);
        assert_eq!(answer.text(), "{}");
    }
}

#[test]
fn a_path_that_is_not_escaped_reaches_the_upstream_as_it_is() {
    let upstream = Upstream::of_json("{}");
    let played = play(&upstream, &["GET /café?q=ü"]);
    assert_eq!(upstream.seen()[0].target(), "/café?q=ü");
    assert_eq!(played.same()[0].status(), 200);
}

#[test]
fn a_request_in_the_form_for_proxies_is_taken_by_its_path() {
    let upstream = Upstream::start(|request| with_body("HTTP/1.1 200 OK", request.target()));
    let played = play(&upstream, &["GET http://api.test/a?b HTTP/1.1\nhost: api.test", "OPTIONS *"]);
    assert_eq!(upstream.seen()[0].target(), "/a?b");
    assert_eq!(upstream.seen()[0].all("host"), [upstream.address.to_string()]);
    assert_eq!(upstream.seen()[1].target(), "*");
    assert_eq!(played.same()[0].text(), "/a?b");
}

#[test]
fn an_empty_body_says_its_length_as_the_client_did() {
    let upstream = Upstream::of_json("{}");
    let played = play(
        &upstream,
        &["POST /a\ncontent-length: 0", "DELETE /a\ncontent-length: 0", "DELETE /b", "GET /c\n\n{}"],
    );
    let lengths: Vec<_> =
        upstream.seen().iter().map(|request| request.header("content-length").to_owned()).collect();
    assert_eq!(lengths, ["0", "0", "", "2"]);
    assert_eq!(played.same().len(), 4);
}

#[test]
fn a_coded_upload_reaches_the_upstream_coded_and_is_recorded_plain() {
    let upstream = Upstream::of_json("{}");
    let project = Project::new();
    let recorder = project.record(&upstream.url());
    let coded = overdub::http::Coding::Gzip.encode(b"{\"n\":1}");
    let mut client = Client::to(recorder.address);
    client.send(request(&format!("POST /a\ncontent-encoding: gzip\ncontent-length: {}", coded.len())));
    client.send(&coded);
    assert_eq!(client.answer(false).status(), 200);
    recorder.stop();
    assert_eq!(upstream.seen()[0].body, coded);
    assert_eq!(project.replay().ask("POST /a\n\n{\"n\":1}").status(), 200, "plain or coded, it is the same");
}
