//! An upstream over TLS: a certificate is trusted or it is an error that says so.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};

use super::failures::asked_of;
use crate::support::overdub::Project;
use crate::support::secure::{secured, through, trusting};

/// A certificate of 127.0.0.1's own, good for a hundred years.
const CERTIFICATE: &str = include_str!("tls/cert.pem");
/// Its key: for this test only.
const KEY: &str = include_str!("tls/key.pem");

/// An upstream over TLS that answers every request with a link to itself.
fn upstream() -> SocketAddr {
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut socket in listener.incoming().flatten() {
            let config = Arc::clone(&config);
            std::thread::spawn(move || {
                let mut connection = ServerConnection::new(config).unwrap();
                let mut stream = Stream::new(&mut connection, &mut socket);
                let mut asked = Vec::new();
                let mut part = [0; 1024];
                while let Ok(length @ 1..) = stream.read(&mut part) {
                    asked.extend_from_slice(&part[..length]);
                    if asked.ends_with(b"\r\n\r\n") {
                        asked.clear();
                        let body = format!(r#"{{"href":"https://{address}/b"}}"#);
                        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length";
                        write!(stream, "{head}: {}\r\n\r\n{body}", body.len()).unwrap();
                    }
                }
            });
        }
    });
    address
}

#[test]
fn an_upstream_that_speaks_no_tls_is_told() {
    let rubbish = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = rubbish.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in rubbish.incoming().flatten() {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            let _ = stream.read(&mut [0; 4096]);
        }
    });
    insta::assert_snapshot!(asked_of(&format!("https://{address}"), &[]), @"502 overdub: upstream UPSTREAM: the TLS handshake failed (received corrupt message of type InvalidContentType); --upstream-ca FILE trusts another CA");
}

#[test]
fn an_upstream_whose_certificate_nobody_vouches_for_is_told() {
    insta::assert_snapshot!(asked_of(&format!("https://{}", upstream()), &[]), @"502 overdub: upstream UPSTREAM: the TLS handshake failed (invalid peer certificate: UnknownIssuer); --upstream-ca FILE trusts another CA");
}

#[test]
fn a_certificate_that_a_given_file_vouches_for_is_trusted() {
    let address = upstream();
    let project = Project::new();
    project.write("ca.pem", CERTIFICATE);
    let recorder = project.record_with(&format!("https://{address}"), &["--upstream-ca", "ca.pem"]);
    let live = recorder.ask("GET /a");
    assert_eq!(live.text(), r#"{"href":"http://api.test/b"}"#);
    recorder.stop();
    assert!(project.cassette().contains("href: https://okta.overdub.test/b"), "{}", project.cassette());
    assert_eq!(project.replay().ask("GET /a"), live);
}

#[test]
fn tls_that_a_forward_proxy_opened_goes_on_as_tls() {
    let address = upstream();
    let project = Project::new();
    project.write("ca.pem", CERTIFICATE);
    let flags = ["record", "--forward", "--allow-host", "127.0.0.1", "--upstream-ca", "ca.pem", "-c", "run"];
    let recorder = project.serve(&flags);
    let config = trusting(&project.path("data/overdub/ca/ca.pem"), &[]);
    let tunnel = through(recorder.address, &address.to_string(), "");
    let mut client = secured(tunnel.into_stream(), "127.0.0.1", &config).unwrap();
    let live = client.ask(&format!("GET /a\nhost: {address}"));
    assert_eq!(live.text(), format!(r#"{{"href":"https://{address}/b"}}"#), "nothing is altered");
}

#[test]
fn a_file_that_holds_no_certificate_is_refused_at_the_start() {
    let project = Project::new();
    project.write("key.pem", KEY);
    let told = |file| {
        project.fails(&["record", "--upstream", "https://127.0.0.1:1", "-c", "run", "--upstream-ca", file])
    };
    insta::assert_snapshot!(told("key.pem"), @r"
    exit code 2
    error: --upstream-ca key.pem: holds no certificate; give a file of PEM certificates
    ");
    insta::assert_snapshot!(told("nowhere.pem"), @r"
    exit code 2
    error: --upstream-ca nowhere.pem: I/O error: No such file or directory (os error 2); give a file of PEM certificates
    ");
    assert!(!project.path("recordings/run.yaml").exists(), "nothing is written");
}
