//! Clients that speak TLS, and a listener of the library's own that tells what it understood.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use overdub::clock::Clock;
use overdub::http::{Body, Reply, Request};
use overdub::server::{Handler, Settings, serve};
use overdub::tls::{Authority, Ca};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tokio_util::sync::CancellationToken;
use x509_parser::prelude::GeneralName;

use super::wire::Client;

/// A client's connection over TLS.
pub(crate) type Secure<S = TcpStream> = Client<StreamOwned<ClientConnection, S>>;

/// The set-up of a client that trusts the certificates in this file.
pub(crate) fn trusting(ca: &Path, protocols: &[&str]) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca).expect("a certificate")).expect("a CA");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    Arc::new(config)
}

/// Speaks TLS on `stream` with the peer it takes for `name`; the error is that of the handshake.
pub(crate) fn secured<S: Read + Write>(
    mut stream: S,
    name: &str,
    config: &Arc<ClientConfig>,
) -> std::io::Result<Secure<S>> {
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    let mut connection = ClientConnection::new(Arc::clone(config), name).expect("a set-up");
    while connection.is_handshaking() {
        connection.complete_io(&mut stream)?;
    }
    Ok(Client::over(StreamOwned::new(connection, stream)))
}

impl<S: Read + Write> Secure<S> {
    /// The names and addresses of the peer's certificate.
    pub(crate) fn peer_names(&self) -> Vec<String> {
        names(&self.0.get_ref().conn.peer_certificates().expect("a certificate")[0])
    }

    /// The protocol that both sides agreed on.
    pub(crate) fn protocol(&self) -> Option<String> {
        let protocol = self.0.get_ref().conn.alpn_protocol();
        protocol.map(|name| String::from_utf8_lossy(name).into_owned())
    }
}

/// The alternative names of a certificate.
pub(crate) fn names(certificate: &CertificateDer<'_>) -> Vec<String> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).expect("a certificate");
    let names = parsed.subject_alternative_name().expect("one extension").expect("names");
    let name = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => (*name).to_owned(),
        GeneralName::IPAddress(bytes) => address(bytes),
        other => panic!("{other:?}"),
    };
    names.value.general_names.iter().map(name).collect()
}

/// An address as certificates write it.
pub(crate) fn address(bytes: &[u8]) -> String {
    match (<[u8; 4]>::try_from(bytes), <[u8; 16]>::try_from(bytes)) {
        (Ok(v4), _) => std::net::Ipv4Addr::from(v4).to_string(),
        (_, Ok(v6)) => std::net::Ipv6Addr::from(v6).to_string(),
        _ => panic!("{bytes:?}"),
    }
}

/// Answers each request with what the server understood of it.
struct Mirror;

impl Handler for Mirror {
    async fn handle(&self, request: Box<Request>) -> Reply {
        let asked = request.asked.as_ref().map_or_else(|| "us".to_owned(), ToString::to_string);
        let session = request.session.as_deref().unwrap_or("none");
        let text = format!(
            "{} {} asked={asked} client={} scheme={} session={session}",
            request.head.method,
            request.target(),
            request.client_origin(),
            request.scheme
        );
        Reply::new(Body::Whole(Bytes::from(text)))
    }
}

/// A listener that answers each request with what it understood of it.
pub(crate) struct Listener {
    pub(crate) address: SocketAddr,
    /// The certificate's file of the CA by which it speaks TLS.
    pub(crate) ca: PathBuf,
    _dir: tempfile::TempDir,
    runtime: Option<tokio::runtime::Runtime>,
    shutdown: CancellationToken,
}

impl Listener {
    /// Listens with the settings made of its CA.
    pub(crate) fn start(settings: impl FnOnce(Arc<Authority>) -> Settings) -> Self {
        Self::start_at(Clock::Wall, settings)
    }

    /// The same, certificates being made at the time of `clock`.
    pub(crate) fn start_at(clock: Clock, settings: impl FnOnce(Arc<Authority>) -> Settings) -> Self {
        Self::serving(Mirror, clock, settings)
    }

    /// The same, each request being answered by `handler`.
    pub(crate) fn serving<H: Handler>(
        handler: H,
        clock: Clock,
        settings: impl FnOnce(Arc<Authority>) -> Settings,
    ) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let ca = Ca::open(&dir.path().join("ca"), &Clock::Wall).expect("a CA");
        let path = ca.path().to_owned();
        let settings = settings(Arc::new(Authority::new(ca, clock)));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let shutdown = CancellationToken::new();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = listener.local_addr().expect("an address");
        runtime.spawn(serve(listener, Arc::new(handler), settings, shutdown.clone()));
        Self { address, ca: path, _dir: dir, runtime: Some(runtime), shutdown }
    }

    /// Tells it to stop.
    pub(crate) fn stop(&self) {
        self.shutdown.cancel();
    }

    /// A client's plain connection.
    pub(crate) fn client(&self) -> Client {
        Client::to(self.address)
    }

    /// A client's connection through CONNECT to `target`.
    pub(crate) fn through(&self, target: &str, headers: &str) -> Client {
        through(self.address, target, headers)
    }

    /// A client's connection over TLS, directly.
    pub(crate) fn secure(&self, name: &str, protocols: &[&str]) -> Secure {
        let config = trusting(&self.ca, protocols);
        secured(self.client().into_stream(), name, &config).expect("a handshake")
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.shutdown.cancel();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A connection through CONNECT to `target`, which is let through.
pub(crate) fn through(proxy: SocketAddr, target: &str, headers: &str) -> Client {
    let mut client = Client::to(proxy);
    client.send(format!("CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n{headers}\r\n"));
    let answer = client.answer(true);
    assert_eq!(answer.status(), 200, "{answer:?}");
    client
}
