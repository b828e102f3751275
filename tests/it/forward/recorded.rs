//! Recording and replaying as a forward proxy.

use std::net::TcpListener;

use crate::support::overdub::{Overdub, Project};
use crate::support::secure::{secured, through, trusting};
use crate::support::wire::{Client, Upstream, with_body};

/// An upstream whose answer holds what a reverse proxy would change.
fn upstream() -> Upstream {
    Upstream::start(|request| {
        let host = request.header("host");
        let head =
            "HTTP/1.1 200 OK\ncontent-type: application/json\nset-cookie: a=1; Domain=api.test; Secure";
        with_body(head, format!("{{\"href\":\"http://{host}/next\"}}"))
    })
}

#[test]
fn a_forward_proxy_alters_nothing() {
    let upstream = upstream();
    let project = Project::new();
    let recorder = project.serve(&["record", "--forward", "--allow-host", "127.0.0.1", "-c", "run"]);
    let url = upstream.url();
    let hop = "proxy-connection: keep-alive\nproxy-authorization: Basic cnVuOg==\nx-mine: 1";
    let full = recorder.ask(&format!("GET {url}/a\n{hop}"));
    let inside = through(recorder.address, &upstream.address.to_string(), "").ask("GET /a\nx-mine: 1");
    for answer in [&full, &inside] {
        assert_eq!(answer.text(), format!("{{\"href\":\"{url}/next\"}}"));
        assert_eq!(answer.header("set-cookie"), "a=1; Domain=api.test; Secure");
    }
    for seen in upstream.seen() {
        assert_eq!(seen.target(), "/a");
        assert_eq!(seen.header("host"), upstream.address.to_string());
        assert!(!seen.has("proxy-connection") && !seen.has("proxy-authorization"), "{seen:?}");
        assert_eq!(seen.header("x-mine"), "1");
    }
    let (_, told) = recorder.stop();
    assert!(told.contains("exchanges recorded: 2"), "{told}");
}

#[test]
fn a_forward_proxy_with_an_upstream_is_a_reverse_proxy_too() {
    let (upstream, other) = (upstream(), Upstream::of_json("\"other\""));
    let project = Project::new();
    let recorder = project.record_with(&upstream.url(), &["--forward", "--allow-host", "localhost"]);
    let reverse = recorder.ask("GET /a");
    assert_eq!(reverse.text(), "{\"href\":\"http://api.test/next\"}", "links lead back to us");
    let forward = recorder.ask(&format!("GET {}/a", upstream.url()));
    assert_eq!(
        forward.text(),
        format!("{{\"href\":\"{}/next\"}}", upstream.url()),
        "its host is always allowed"
    );
    let port = other.address.port();
    assert_eq!(recorder.ask(&format!("GET http://localhost:{port}/b")).text(), "\"other\"");
    assert_eq!(recorder.ask(&format!("GET http://[::1]:{port}/b")).status(), 403);
    recorder.stop();
    let cassette = project.cassette();
    assert_eq!(cassette.matches("\n  url: /a\n").count(), 2, "relative to the upstream: {cassette}");
}

#[test]
fn the_admin_address_is_not_asked_for_by_way_of_the_proxy() {
    let (project, upstream) = (Project::new(), upstream());
    let recorder = project.record_with(&upstream.url(), &["--forward", "--admin", "127.0.0.1:0"]);
    let journal = format!("http://{}/__overdub/journal", recorder.admin());
    assert_eq!(recorder.ask(&format!("GET {journal}")).status(), 403);
    assert_eq!(recorder.ask(&format!("CONNECT {}", recorder.admin())).status(), 403);
    assert_eq!(recorder.ask(&format!("GET {}/a", upstream.url())).status(), 200);
}

#[test]
fn without_an_upstream_a_request_must_name_its_origin() {
    let project = Project::new();
    let recorder = project.serve(&["record", "--forward", "-c", "run"]);
    assert!(recorder.ready.contains(" mode=record upstream=any "), "{}", recorder.ready);
    assert!(recorder.ready.contains(" ca="), "{}", recorder.ready);
    let answer = recorder.ask("GET /api/v1/users");
    assert_eq!((answer.status(), answer.header("x-overdub-outcome")), (400, "client-error"));
    assert!(answer.text().contains("no upstream is set: this is a forward proxy"), "{answer:?}");
    let own = recorder.ask("GET /__overdub/nothing");
    assert_eq!(own.status(), 404, "overdub's own endpoints need none: {own:?}");
    insta::assert_snapshot!(project.fails(&["record", "-c", "other"]), @r#"
    exit code 2
    error: --upstream is missing: give the API's URL or `sandbox`, or --forward, where requests name their API themselves
    "#);
}

#[test]
fn what_is_said_to_the_proxy_is_not_recorded() {
    let upstream = upstream();
    let project = Project::new();
    let flags = ["record", "--forward", "--allow-host", "127.0.0.1", "--redact", "off", "-c", "run"];
    let recorder = project.serve(&flags);
    let user = "proxy-authorization: Basic cnVuOg==\nauthorization: SSWS t";
    assert_eq!(recorder.ask(&format!("GET {}/a\n{user}", upstream.url())).status(), 200);
    recorder.stop();
    let cassette = project.cassette();
    assert!(cassette.contains("authorization: SSWS t") && !cassette.contains("cnVuOg"), "{cassette}");
}

#[test]
fn origins_of_one_path_come_back_each_with_its_own_links_and_cookies() {
    let named = |cookie: &'static str| {
        Upstream::start(move |request| {
            let host = request.header("host");
            let head = format!("HTTP/1.1 200 OK\ncontent-type: application/json\nset-cookie: {cookie}");
            with_body(&head, format!("{{\"href\":\"http://{host}/next\"}}"))
        })
    };
    let (one, other) = (named("a=1; Domain=localhost; Path=/"), named("a=1; Path=/b"));
    let origins = [format!("localhost:{}", one.address.port()), other.address.to_string()];
    let project = Project::new();
    let hosts = ["--forward", "--allow-host", "localhost,127.0.0.1"];
    let recorder = project.serve(&[&["record", "-c", "run"][..], &hosts].concat());
    let ask = |proxy: &Overdub, origin: &str| {
        let answer = through(proxy.address, origin, "").ask(&format!("GET /a\nhost: {origin}"));
        (answer.text(), answer.header("set-cookie").to_owned())
    };
    let passed = origins.each_ref().map(|origin| ask(&recorder, origin));
    recorder.stop();
    let cassette = project.cassette();
    assert!(!cassette.contains("localhost") && !cassette.contains("127.0.0.1"), "{cassette}");
    let player = project.serve(&[&["replay"][..], &hosts].concat());
    assert_eq!(origins.each_ref().map(|origin| ask(&player, origin)), passed);
    assert_eq!(origins.each_ref().map(|origin| ask(&player, origin)), passed);
    player.stop();
    let player = project.serve(&["replay", "--forward", "--allow-host", "a.test:81,b.test:82"]);
    for (origin, cookie) in [("a.test:81", "a=1; Domain=a.test; Path=/"), ("b.test:82", "a=1; Path=/b")] {
        let due = (format!("{{\"href\":\"http://{origin}/next\"}}"), cookie.to_owned());
        assert_eq!(ask(&player, origin), due);
    }
}

#[test]
fn a_replay_opens_no_connection_to_what_is_asked_for() {
    let live = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = live.local_addr().unwrap();
    let project = Project::new();
    project.tape("recordings/one.yaml", &["GET /a => 200 a"]);
    let player = project.serve(&["replay", "--forward", "--allow-host", "127.0.0.1"]);
    assert_eq!(player.ask(&format!("GET http://{address}/nothing")).status(), 501);
    let mut tunnel = through(player.address, &address.to_string(), "");
    assert_eq!(tunnel.ask("GET /nothing").status(), 501);
    assert_eq!(tunnel.ask("GET /nothing\nconnection: upgrade\nupgrade: websocket").status(), 501);
    live.set_nonblocking(true).unwrap();
    assert_eq!(live.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn connections_that_wait_end_with_overdub() {
    let project = Project::new();
    project.tape("recordings/one.yaml", &["GET /a => 200 a"]);
    let player = project.serve(&["replay", "--forward", "--tls"]);
    let config = trusting(&project.path("data/overdub/ca/ca.pem"), &["http/1.1"]);
    let direct = || secured(Client::to(player.address).into_stream(), "localhost", &config).unwrap();
    let tunnel = || through(player.address, "org.okta.com:443", "");
    let (silent, mut used, unopened) = (direct(), direct(), tunnel());
    let mut opened = secured(tunnel().into_stream(), "org.okta.com", &config).unwrap();
    assert_eq!((used.ask("GET /a").text(), opened.ask("GET /a").text()), ("a".into(), "a".into()));
    let (status, told) = player.stop();
    assert!(status.success() && !told.contains("cut off"), "{told}");
    drop((silent, used, unopened, opened));
}

#[test]
fn an_origin_that_cannot_be_reached_is_told_by_its_name() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let project = Project::new();
    let recorder =
        project.serve(&["record", "--forward", "--allow-host", "127.0.0.1,*.invalid", "-c", "run"]);
    let told = |url: &str| recorder.ask(&format!("GET {url}/a")).text();
    let refused = told(&format!("http://{free}"));
    assert!(
        refused.contains(&format!("upstream http://{free}: no connection (connection refused)")),
        "{refused}"
    );
    let unknown = told("http://org.invalid");
    assert!(unknown.contains("does not resolve"), "{unknown}");
    assert!(unknown.contains("check the URL that the client asks for"), "{unknown}");
}

#[test]
fn a_replay_answers_through_connect_by_tls() {
    let project = Project::new();
    project.tape("recordings/one.yaml", &["GET /api/v1/users => 200 []"]);
    let player = project.serve(&["replay", "--forward"]);
    let config = trusting(&project.path("data/overdub/ca/ca.pem"), &["http/1.1"]);
    assert_eq!(player.ask("CONNECT api.test:443").status(), 403);
    for host in ["my.oktapreview.com", "eu.okta-emea.com"] {
        through(player.address, &format!("{host}:443"), "");
    }
    let tunnel = through(player.address, "org.okta.com:443", "");
    let mut client = secured(tunnel.into_stream(), "org.okta.com", &config).unwrap();
    assert_eq!(client.ask("GET /api/v1/users\nhost: org.okta.com").text(), "[]");
    assert_eq!(player.ask("GET http://org.okta.com/api/v1/users").text(), "[]");
    assert_eq!(player.ask("GET /api/v1/users").text(), "[]", "and as a reverse proxy");
    assert_eq!(client.ask("POST /__overdub/reset\nhost: org.okta.com").status(), 501, "the org's, not ours");
    let own = format!("POST http://{}/__overdub/reset", player.address);
    assert_eq!(player.ask(&own).status(), 200);
}
