//! Connections and handshakes that are yet to come.

use std::sync::Arc;

use overdub::fault::{Fault, WireFault};
use overdub::http::HostPattern;
use overdub::server::{Forward, Outages, Settings};
use overdub::tls::Authority;

use super::{BODY, End, Faulty, rest};
use crate::support::secure::{Secure, secured, trusting};
use crate::support::wire::Client;

#[test]
fn the_next_connections_are_refused_at_all_listeners_that_share_them() {
    let outages = Outages::default();
    let settings = |outages: &Outages| Settings { outages: outages.clone(), ..Settings::default() };
    let faulty = Faulty::with(&[Fault::Wire(WireFault::Refuse(3))], |_| settings(&outages));
    let beside = Faulty::with(&[], |_| settings(&outages));
    let apart = Faulty::with(&[], |_| Settings::default());
    let mut client = faulty.listener.client();
    assert_eq!(client.ask("GET /whole").text(), BODY, "the answer itself is a whole one");
    for listener in [&faulty, &beside, &faulty] {
        assert_eq!(rest(&mut listener.listener.client()), (String::new(), End::Reset));
    }
    assert_eq!(beside.listener.client().ask("GET /clean").text(), BODY);
    assert_eq!(apart.listener.client().ask("GET /clean").text(), BODY);
    assert_eq!(client.ask("GET /clean").text(), BODY, "connections that stand are left alone");
}

/// What a handshake that fails says.
fn failure(handshake: std::io::Result<Secure>) -> String {
    handshake.map(drop).unwrap_err().to_string()
}

#[test]
fn the_next_handshakes_fail() {
    let tls = |authority: Arc<Authority>| Settings { tls: Some(authority), ..Settings::default() };
    let faulty = Faulty::with(&[Fault::Wire(WireFault::TlsFailure(2))], tls);
    assert_eq!(faulty.listener.secure("localhost", &[]).ask("GET /whole").text(), BODY);
    let config = trusting(&faulty.listener.ca, &[]);
    for _ in 0..2 {
        let failed = failure(secured(faulty.listener.client().into_stream(), "localhost", &config));
        assert!(failed.contains("HandshakeFailure"), "{failed}");
    }
    assert_eq!(faulty.listener.secure("localhost", &[]).ask("GET /clean").text(), BODY);
}

#[test]
fn a_handshake_inside_of_connect_fails_too() {
    let forward = |authority| {
        let allowed = vec!["org.okta.com".parse::<HostPattern>().unwrap()];
        let forward = Forward { allowed, tunnel_others: false };
        Settings { forward: Some((forward, authority)), ..Settings::default() }
    };
    let faulty = Faulty::with(&[Fault::Wire(WireFault::TlsFailure(1))], forward);
    let config = trusting(&faulty.listener.ca, &[]);
    let opened = || {
        let tunnel = faulty.listener.through("org.okta.com:443", "");
        secured(tunnel.into_stream(), "org.okta.com", &config)
    };
    assert_eq!(opened().unwrap().ask("GET /whole\nhost: org.okta.com").text(), BODY);
    assert!(failure(opened()).contains("HandshakeFailure"));
    assert_eq!(opened().unwrap().ask("GET /clean\nhost: org.okta.com").text(), BODY);
}

#[test]
fn where_no_handshake_can_fail_the_connection_does() {
    let faulty = Faulty::of(WireFault::TlsFailure(2));
    assert_eq!(Client::to(faulty.listener.address).ask("GET /whole").text(), BODY);
    for _ in 0..2 {
        assert_eq!(rest(&mut faulty.listener.client()), (String::new(), End::Reset));
    }
}
