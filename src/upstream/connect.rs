//! How connections come into being: TCP, TLS by the platform's roots, the version that both sides speak.

use std::error::Error as StdError;
use std::future::poll_fn;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ::http::Uri;
use hyper::client::conn::{http1, http2};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::{Connection as _, HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tower_service::Service as _;

use super::connection::Connection;
use super::error::SetupError;
use crate::http::{Body, HEADER_LIMIT};

/// How long a TCP connection may take to stand.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Header lines that a response may have: some have more than hyper's own 100, and whoever asks cannot change them.
const MAX_HEADERS: usize = 512;

/// How often an HTTP/2 connection is asked whether it still stands.
const PING: Duration = Duration::from_secs(20);

/// A connection's bytes.
pub(super) type Io = MaybeHttpsStream<TokioIo<TcpStream>>;

/// Why there is no connection.
pub(super) type ConnectError = Box<dyn StdError + Send + Sync>;

/// Makes connections.
#[derive(Clone)]
pub(super) struct Connector {
    any_version: HttpsConnector<HttpConnector>,
    /// Speaks HTTP/1.1 only: HTTP/2 has no `Upgrade` (RFC 9113 §8.6).
    upgrading: HttpsConnector<HttpConnector>,
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
}

/// A connection that stands, by the version that both sides chose.
pub(super) enum Connected {
    /// For one exchange at a time.
    Http1(Box<Connection>),
    /// For as many at once as there are; driven by a task of its own.
    Http2(http2::SendRequest<Body>),
}

impl Connector {
    /// Trusts the platform's roots and those in `ca`, for an upstream of this scheme.
    pub(super) fn new(scheme: Option<&str>, ca: Option<&Path>) -> Result<Self, SetupError> {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let roots = roots(scheme, ca)?;
        // The provider is named, not taken from the process: a library must not depend on who installed one.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| SetupError::NoRoots)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let builder = || HttpsConnectorBuilder::new().with_tls_config(tls.clone()).https_or_http();
        let mut http1 = http1::Builder::new();
        http1.max_headers(MAX_HEADERS);
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2
            .adaptive_window(true)
            .max_header_list_size(u32::try_from(HEADER_LIMIT).unwrap_or(u32::MAX))
            .keep_alive_interval(PING)
            .timer(TokioTimer::new());
        Ok(Self {
            any_version: builder().enable_http1().enable_http2().wrap_connector(tcp.clone()),
            upgrading: builder().enable_http1().wrap_connector(tcp),
            http1,
            http2,
        })
    }

    /// A connection to the origin that `uri` begins with.
    pub(super) async fn connect(&self, uri: &Uri) -> Result<Connected, ConnectError> {
        let io = dial(self.any_version.clone(), uri).await?;
        if io.connected().is_negotiated_h2() {
            let (mut sender, driver) = self.http2.handshake(io).await?;
            tokio::spawn(async move {
                if let Err(error) = driver.await {
                    tracing::debug!("a connection to the upstream ended early: {error}");
                }
            });
            sender.ready().await?;
            return Ok(Connected::Http2(sender));
        }
        let (sender, driver) = self.http1.handshake(io).await?;
        Ok(Connected::Http1(Box::new(Connection::new(sender, driver))))
    }

    /// A connection for one request that may change its protocol; driven by a task of its own.
    pub(super) async fn connect_to_upgrade(
        &self,
        uri: &Uri,
    ) -> Result<http1::SendRequest<Body>, ConnectError> {
        let io = dial(self.upgrading.clone(), uri).await?;
        let (sender, driver) = self.http1.handshake(io).await?;
        tokio::spawn(async move {
            if let Err(error) = driver.with_upgrades().await {
                tracing::debug!("a connection to the upstream ended early: {error}");
            }
        });
        Ok(sender)
    }
}

async fn dial(mut connector: HttpsConnector<HttpConnector>, uri: &Uri) -> Result<Io, ConnectError> {
    poll_fn(|context| connector.poll_ready(context)).await?;
    connector.call(uri.clone()).await
}

/// The platform's root certificates and those of the file, for the scheme of the one upstream, if there is one: a
/// system without roots can still record what comes by plain http.
fn roots(scheme: Option<&str>, ca: Option<&Path>) -> Result<RootCertStore, SetupError> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = ca {
        let problem = |problem: String| SetupError::Ca { path: path.to_owned(), problem };
        let certificates = CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| problem(error.to_string()))?;
        if certificates.is_empty() {
            return Err(problem("holds no certificate".to_owned()));
        }
        for certificate in certificates {
            roots.add(certificate).map_err(|error| problem(error.to_string()))?;
        }
    }
    if scheme != Some("http") {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() && scheme.is_some() {
            return Err(SetupError::NoRoots);
        }
    }
    Ok(roots)
}
