//! HTTPS towards clients: certificates for the names they ask for, by a CA that they are given.

mod ca;

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use overdub::clock::Clock;
use overdub::http::Origin;
use overdub::server::{Limits, Settings};
use overdub::tls::Authority;

use crate::support::overdub::{Overdub, Project};
use crate::support::secure::{Listener, secured, trusting};
use crate::support::wire::{Client, ask};

fn https(authority: Arc<Authority>) -> Settings {
    Settings { tls: Some(authority), ..Settings::default() }
}

#[test]
fn a_certificate_is_for_the_name_that_the_client_asks_for() {
    let listener = Listener::start(https);
    for name in ["org.okta.com", "localhost", "a.b.test"] {
        let mut client = listener.secure(name, &[]);
        assert_eq!(client.peer_names(), [name]);
        let answer = client.ask(&format!("GET /a\nhost: {name}"));
        assert_eq!(answer.text(), format!("GET /a asked=us client=https://{name} scheme=https session=none"));
    }
}

#[test]
fn without_a_name_it_is_for_the_address_and_for_this_machine() {
    let listener = Listener::start(https);
    let mut client = listener.secure("127.0.0.1", &[]);
    assert_eq!(client.peer_names(), ["127.0.0.1", "::1", "localhost"]);
    assert_eq!(client.ask("GET /a").status(), 200);
}

#[test]
fn without_a_name_a_public_address_goes_before_the_one_that_was_reached() {
    let public = Some(Origin::parse("https://192.0.2.7:8443").unwrap());
    let listener = Listener::start(|authority| Settings { public, ..https(authority) });
    let client = listener.secure("127.0.0.1", &[]);
    assert_eq!(client.peer_names(), ["192.0.2.7", "127.0.0.1", "::1", "localhost"]);
}

#[test]
fn a_second_handshake_for_a_name_shows_the_same_certificate() {
    let listener = Listener::start(https);
    let certificate = |name| {
        let client = listener.secure(name, &[]);
        client.0.get_ref().conn.peer_certificates().unwrap()[0].clone()
    };
    let (first, second, other) = (certificate("a.test"), certificate("a.test"), certificate("b.test"));
    assert_eq!(first, second);
    let serial = |der: &[u8]| x509_parser::parse_x509_certificate(der).unwrap().1.raw_serial_as_string();
    assert_ne!(serial(&first), serial(&other));
}

#[test]
fn a_certificate_is_made_anew_before_it_ends() {
    let day = Duration::from_hours(24);
    let clock = Clock::virtual_from(Clock::Wall.now() - 6 * day - day / 2);
    let listener = Listener::start_at(clock.clone(), https);
    let ends = || {
        let client = listener.secure("a.test", &[]);
        let certificate = client.0.get_ref().conn.peer_certificates().unwrap()[0].clone();
        x509_parser::parse_x509_certificate(&certificate).unwrap().1.validity().not_after.timestamp()
    };
    let first = ends();
    clock.advance(5 * day);
    assert_eq!(ends(), first);
    clock.advance(day + day / 2);
    assert_eq!(ends() - first, 6 * 86400 + 43200, "from now on a week");
}

#[test]
fn a_handshake_that_does_not_go_on_is_given_up() {
    let limits = Limits { handshake_timeout: Duration::from_millis(50), ..Limits::default() };
    let listener = Listener::start(|authority| Settings { limits, ..https(authority) });
    let mut client = listener.client();
    client.send("\x16");
    assert_eq!(client.rest(), "");
}

#[test]
fn a_connection_on_which_nothing_comes_is_given_up() {
    let limits = Limits { header_timeout: Duration::from_millis(50), ..Limits::default() };
    let listener = Listener::start(|authority| Settings { limits, ..https(authority) });
    assert_eq!(listener.client().rest(), "", "before a handshake");
    for protocols in [&[][..], &["h2"]] {
        let mut client = listener.secure("a.test", protocols);
        assert_eq!(client.rest(), "", "after it");
    }
}

#[test]
fn a_client_and_the_listener_agree_on_a_version_of_http() {
    let listener = Listener::start(https);
    for (offered, agreed) in [
        (&["h2", "http/1.1"][..], Some("h2")),
        (&["http/1.1", "h2"], Some("h2")),
        (&["http/1.1"], Some("http/1.1")),
        (&[], None),
    ] {
        assert_eq!(listener.secure("a.test", offered).protocol().as_deref(), agreed, "{offered:?}");
    }
}

#[test]
fn http_2_is_spoken_over_tls() {
    let listener = Listener::start(https);
    let config = trusting(&listener.ca, &["h2"]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let body = runtime.block_on(async {
        let socket = tokio::net::TcpStream::connect(listener.address).await.unwrap();
        let name = "org.okta.com".try_into().unwrap();
        let stream = tokio_rustls::TlsConnector::from(config).connect(name, socket).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request = http::Request::get("https://org.okta.com/a").body(Empty::<bytes::Bytes>::new());
        let answer = sender.send_request(request.unwrap()).await.unwrap();
        answer.into_body().collect().await.unwrap().to_bytes()
    });
    assert_eq!(body, "GET /a asked=us client=https://org.okta.com scheme=https session=none");
}

#[test]
fn plain_http_on_a_port_of_https_is_told() {
    let listener = Listener::start(https);
    let answer = ask(listener.address, "GET /a");
    assert_eq!((answer.status(), answer.header("x-overdub-outcome")), (400, "client-error"));
    assert!(answer.text().contains("this port speaks HTTPS and was sent plain HTTP"), "{answer:?}");
}

#[test]
fn tls_on_a_port_of_plain_http_is_told_once() {
    let project = Project::new();
    project.tape("recordings/one.yaml", &["GET /a => 200 a"]);
    let player = project.serve(&["replay", "--forward"]);
    let config = trusting(&project.path("data/overdub/ca/ca.pem"), &[]);
    for _ in 0..2 {
        assert!(secured(Client::to(player.address).into_stream(), "localhost", &config).is_err());
    }
    let told = "a client spoke TLS to this port of plain HTTP: write http:// in its URL or proxy variable";
    player.told(told);
    assert_eq!(player.stop().1.matches(told).count(), 1);
}

#[test]
fn rubbish_on_a_port_of_https_does_no_harm() {
    let listener = Listener::start(https);
    for rubbish in [&b"\x16\x03\x01\x00\x02\x01\x00"[..], b"\x16rubbish rubbish rubbish", b"\x80\x2e\x01"] {
        let mut client = listener.client();
        client.send(rubbish);
        client.say_no_more();
        client.rest();
    }
    assert_eq!(listener.secure("a.test", &[]).ask("GET /a").status(), 200);
}

/// A replay over TLS, and where its CA's certificate is.
fn replay(flags: &[&str]) -> (Project, Overdub) {
    let project = Project::new();
    project.write(
        "recordings/one.yaml",
        "overdub: 1\nupstream: https://okta.overdub.test\n...\n---\nrequest: {method: GET, url: /a}\nresponse:\n  \
         status: 200\n  headers: {content-type: application/json, set-cookie: a=1; Secure}\n  body: {text: \
         '{\"href\":\"https://okta.overdub.test/b\"}'}\n...\n",
    );
    let player = project.serve(&[&["replay", "--tls"], flags].concat());
    (project, player)
}

#[test]
fn the_ready_line_says_https_and_where_the_ca_is() {
    let (project, player) = replay(&[]);
    let (address, ca) = (player.address, project.path("data/overdub/ca/ca.pem"));
    assert_eq!(
        player.ready,
        format!(
            "overdub listening url=https://{address} ca={} mode=replay upstream=none cassettes=1 interactions=1",
            ca.display()
        )
    );
    let config = trusting(&ca, &[]);
    let mut client = secured(Client::to(player.address).into_stream(), "org.test", &config).unwrap();
    let answer = client.ask("GET /a\nhost: org.test:8443");
    assert_eq!(answer.text(), r#"{"href":"https://org.test:8443/b"}"#);
    assert_eq!(answer.header("set-cookie"), "a=1; Secure", "kept for a client that came by TLS");
}

#[test]
fn a_path_with_a_space_is_one_word_of_the_ready_line() {
    let project = Project::new();
    project.tape("recordings/one.yaml", &["GET /a => 200 a"]);
    let mut command = project.command(&["replay", "--forward"]);
    command.env("XDG_DATA_HOME", project.path("my data"));
    let player = Overdub::start(command);
    let ca = project.path("my data/overdub/ca/ca.pem");
    assert!(player.ready.contains(&format!(" ca=\"{}\" mode=", ca.display())), "{}", player.ready);
}

#[test]
fn links_carry_the_public_origin_whatever_the_host_says() {
    let (project, player) = replay(&["--public-url", "https://proxy.test/"]);
    let config = trusting(&project.path("data/overdub/ca/ca.pem"), &[]);
    let mut client = secured(Client::to(player.address).into_stream(), "org.test", &config).unwrap();
    assert_eq!(client.ask("GET /a\nhost: 10.0.0.1").text(), r#"{"href":"https://proxy.test/b"}"#);
}

#[test]
fn a_client_that_does_not_trust_the_ca_is_told_once() {
    let (project, player) = replay(&[]);
    let other = Project::new();
    assert_eq!(other.run(&["ca", "path"]).0, 0);
    let config = trusting(&other.path("data/overdub/ca/ca.pem"), &[]);
    for _ in 0..3 {
        let refused = secured(Client::to(player.address).into_stream(), "org.test", &config);
        assert!(refused.err().unwrap().to_string().contains("invalid peer certificate"));
    }
    player.told("a client refused the certificate for org.test");
    let (_, told) = player.stop();
    assert_eq!(told.matches("refused the certificate").count(), 1, "{told}");
    assert!(told.contains(&*project.path("data/overdub/ca/ca.pem").to_string_lossy()), "{told}");
}

#[test]
fn a_client_that_leaves_before_its_handshake_refused_no_certificate() {
    let (_project, player) = replay(&[]);
    let mut client = Client::to(player.address);
    client.send(b"\x16\x03\x01");
    client.say_no_more();
    assert_eq!(client.rest(), "");
    let (_, told) = player.stop();
    assert!(!told.contains("WARN"), "{told}");
}
