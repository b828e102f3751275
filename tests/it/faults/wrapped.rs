//! Faults of what is said inside of TLS, and inside of CONNECT: the connection beneath is what ends.

use std::sync::Arc;

use overdub::fault::{Fault, WireFault};
use overdub::http::HostPattern;
use overdub::server::{Forward, Settings};
use overdub::tls::Authority;

use super::{BODY, End, Faulty, head_of, rest};
use crate::support::secure::{secured, trusting};
use crate::support::wire::request;

fn both(authority: Arc<Authority>) -> Settings {
    let allowed = vec!["org.okta.com".parse::<HostPattern>().unwrap()];
    let forward = Forward { allowed, tunnel_others: false };
    Settings { tls: Some(Arc::clone(&authority)), forward: Some((forward, authority)), ..Settings::default() }
}

/// What is met over TLS, in CONNECT, and over TLS in CONNECT.
fn everywhere(fault: WireFault) -> [(String, End); 3] {
    let faulty = Faulty::with(&[Fault::Wire(fault)], both);
    let config = trusting(&faulty.listener.ca, &["http/1.1"]);
    let text = request("GET /whole\nhost: org.okta.com");

    let mut direct = faulty.listener.secure("localhost", &["http/1.1"]);
    direct.send(&text);
    let mut plain = faulty.listener.through("org.okta.com:80", "");
    plain.send(&text);
    let inside = faulty.listener.through("org.okta.com:443", "");
    let mut inside = secured(inside.into_stream(), "org.okta.com", &config).unwrap();
    inside.send(&text);
    [rest(&mut direct), rest(&mut plain), rest(&mut inside)]
}

#[test]
fn a_reset_is_one_of_the_connection_beneath() {
    for (text, end) in everywhere(WireFault::Reset) {
        assert_eq!((text.as_str(), end), ("", End::Reset));
    }
    for (text, end) in everywhere(WireFault::ResetAfter(5)) {
        assert_eq!((text, end), (head_of(BODY.len()) + &BODY[..5], End::Reset));
    }
}

#[test]
fn what_is_closed_is_closed_in_order() {
    for (text, end) in everywhere(WireFault::EmptyReply) {
        assert_eq!((text.as_str(), end), ("", End::Closed), "with close_notify where TLS is spoken");
    }
    for (text, end) in everywhere(WireFault::Truncate(5)) {
        assert_eq!((text, end), (head_of(BODY.len()) + &BODY[..5], End::Closed));
    }
    for (text, end) in everywhere(WireFault::CloseAfter) {
        assert_eq!((text, end), (head_of(BODY.len()) + BODY, End::Closed));
    }
}

#[test]
fn bytes_of_no_meaning_come_inside_of_tls() {
    let met = everywhere(WireFault::Garbage { seed: 7 });
    assert!(!met[0].0.is_empty());
    assert!(met.iter().all(|one| *one == met[0]), "{met:?}");
}
