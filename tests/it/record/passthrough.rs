//! Passing on without recording: the same answers, and nothing kept.

use crate::support::overdub::Project;
use crate::support::wire::{Upstream, in_chunks, with_body};

#[test]
fn what_is_passed_on_unrecorded_comes_back_as_it_does_when_it_is_recorded() {
    let upstream = Upstream::start(|request| {
        let link =
            format!("{{\"href\":\"http://{}/b\",\"sent\":{}}}", request.header("host"), request.body.len());
        match request.target() {
            "/chunks" => {
                in_chunks("HTTP/1.1 200 OK\ncontent-type: application/json", &[&link[..9], &link[9..]])
            }
            "/bytes" => with_body("HTTP/1.1 200 OK\ncontent-type: image/png", "\u{1}\u{2}"),
            "/nothing" => with_body("HTTP/1.1 201 Created\nset-cookie: a=1; Secure; Domain=x", ""),
            _ => with_body("HTTP/1.1 200 OK\ncontent-type: application/json", &link),
        }
    });
    let project = Project::new();
    let recorder = project.record(&upstream.url());
    let passing = project.serve(&["proxy", "--mode", "passthrough", "--upstream", &upstream.url()]);
    let large = format!("POST /large\n\n{}", "x".repeat(1 << 20));
    for request in ["GET /whole", "GET /chunks", "GET /bytes", "GET /nothing", "HEAD /whole", &large] {
        assert_eq!(passing.ask(request), recorder.ask(request), "{}", &request[..10]);
    }
    assert!(passing.ask("GET /chunks").text().contains("http://api.test/b"), "links lead back to us");
    let own = passing.ask("GET /__overdub/nothing");
    assert_eq!((own.status(), own.header("x-overdub-outcome")), (404, "client-error"));
}
