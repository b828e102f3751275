//! The client towards the real API: pooled connections, HTTP/1.1 and HTTP/2, TLS by the platform's roots.
//!
//! Sends exactly what it is given, follows nothing, and tells what went wrong in the words of whoever has to mend it.
//! Exists only in modes that have an upstream: a replay never makes one.

use std::error::Error as StdError;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ::http::uri::PathAndQuery;
use ::http::{HeaderMap, Method, Request, Response, Uri, header};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use crate::http::{Body, HEADER_LIMIT, Origin, Upload};

/// How long a TCP connection may take to stand.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long an unused connection is kept: less than the 5 s after which Node and Apache close theirs. A request sent
/// into a connection that is just being closed fails, and a POST must not be sent twice.
const POOL_IDLE: Duration = Duration::from_secs(4);

/// How long a request body may stand still because its client does.
const UPLOAD_IDLE: Duration = Duration::from_mins(5);

/// Header lines that a response may have: as many as a request.
const MAX_HEADERS: usize = 512;

/// How often an HTTP/2 connection is asked whether it still stands.
const PING: Duration = Duration::from_secs(20);

type HttpClient = Client<HttpsConnector<HttpConnector>, Body>;

/// Connection pools to the configured origin, or to each that is asked for.
#[derive(Debug, Clone)]
pub struct Upstream {
    origin: Option<Origin>,
    client: HttpClient,
    /// Speaks HTTP/1.1 only: HTTP/2 has no `Upgrade` (RFC 9113 §8.6).
    upgrading: HttpClient,
    timeout: Duration,
}

/// Why the upstream gave no answer. Names the upstream and the cause.
#[derive(Debug, thiserror::Error)]
#[error("upstream {origin}: {cause}{}", self.advice())]
pub struct UpstreamError {
    origin: Origin,
    /// It is the configured upstream, not one that a forward proxy's client asked for.
    configured: bool,
    cause: Cause,
}

impl UpstreamError {
    /// Whether the connection broke before the answer's head: a request that may be repeated can be.
    pub fn is_broken(&self) -> bool {
        matches!(self.cause, Cause::Broken(_))
    }

    fn advice(&self) -> &'static str {
        match self.cause {
            Cause::Dns(_) if self.configured => "; check --upstream",
            Cause::Dns(_) => "; check the URL that the client asks for",
            Cause::Connect(_) => "; is it running, and is the port right?",
            Cause::Tls(_) => "; --upstream-ca FILE trusts another CA",
            Cause::TimedOut(_) => "; --upstream-timeout sets the limit",
            Cause::Stalled(_) | Cause::HeadersTooLarge(_) | Cause::Broken(_) => "",
        }
    }
}

/// What stood between us and an answer.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// The name does not resolve.
    #[error("its name does not resolve ({0})")]
    Dns(String),
    /// No connection.
    #[error("no connection ({0})")]
    Connect(String),
    /// The TLS handshake failed.
    #[error("the TLS handshake failed ({0})")]
    Tls(String),
    /// No response head within this time since the last sign of progress.
    #[error("no answer within {}", humantime::format_duration(*.0))]
    TimedOut(Duration),
    /// The response body stood still for this time.
    #[error("its answer stood still for {} and was given up", humantime::format_duration(*.0))]
    Stalled(Duration),
    /// Its answer's header section is larger than allowed (bytes).
    #[error("its answer has {0} bytes of headers; at most {HEADER_LIMIT} are passed on")]
    HeadersTooLarge(usize),
    /// The connection broke, or what came was no HTTP.
    #[error("the answer broke off or was no HTTP ({0})")]
    Broken(String),
}

/// Why a client could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The file given as `--upstream-ca` cannot be read as PEM certificates.
    #[error("--upstream-ca {path}: {problem}; give a file of PEM certificates")]
    Ca {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Neither the platform nor `--upstream-ca` gave a root certificate.
    #[error("this system has no root certificates; install ca-certificates or give --upstream-ca FILE")]
    NoRoots,
}

/// How to reach an upstream.
#[derive(Debug, Clone)]
pub struct UpstreamOptions {
    /// More roots to trust: a PEM file.
    pub ca: Option<PathBuf>,
    /// How long to wait for a response head.
    pub timeout: Duration,
}

impl Default for UpstreamOptions {
    fn default() -> Self {
        Self { ca: None, timeout: Duration::from_mins(1) }
    }
}

impl Upstream {
    /// A client for `origin`, or for whichever is asked for; connects when the first request comes.
    ///
    /// # Errors
    /// When there are no root certificates to trust `origin` by, or the CA file is none. A plain http origin needs none.
    pub fn new(origin: Option<Origin>, options: &UpstreamOptions) -> Result<Self, SetupError> {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let roots = roots(origin.as_ref().map(Origin::scheme), options.ca.as_deref())?;
        // The provider is named, not taken from the process: a library must not depend on who installed one.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| SetupError::NoRoots)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let builder = || HttpsConnectorBuilder::new().with_tls_config(tls.clone()).https_or_http();
        let any_version = client(builder().enable_http1().enable_http2().wrap_connector(tcp.clone()));
        let upgrading = client(builder().enable_http1().wrap_connector(tcp));
        Ok(Self { origin, client: any_version, upgrading, timeout: options.timeout })
    }

    /// Where requests go that ask for no origin of their own.
    pub fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    /// Sends one request to `origin` and returns the response as soon as its head is there. The time for the answer counts once
    /// `upload` says that the body has been sent: a slow client is not the upstream's fault.
    ///
    /// # Errors
    /// Why there is no response.
    pub async fn send(
        &self,
        origin: &Origin,
        method: Method,
        target: Option<&PathAndQuery>,
        headers: HeaderMap,
        body: Body,
        upload: impl Fn() -> Upload,
    ) -> Result<Response<Incoming>, UpstreamError> {
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = self.uri(origin, target)?;
        *request.headers_mut() = headers;
        let upgrades = request.headers().contains_key(header::UPGRADE);
        let client = if upgrades { &self.upgrading } else { &self.client };
        let mut response = std::pin::pin!(client.request(request));
        let mut idle = Duration::ZERO;
        let mut before = upload();
        loop {
            match tokio::time::timeout(self.timeout, response.as_mut()).await {
                Ok(Ok(response)) => return Ok(response),
                Ok(Err(error)) => return Err(self.error(origin, cause_of(&error, error.is_connect()))),
                Err(_) => {}
            }
            let now = upload();
            idle = if now == before { idle + self.timeout } else { Duration::ZERO };
            before = now;
            if (now.complete && !idle.is_zero()) || idle >= UPLOAD_IDLE.max(self.timeout) {
                return Err(self.error(origin, Cause::TimedOut(self.timeout)));
            }
        }
    }

    /// An error of `origin`.
    pub fn error(&self, origin: &Origin, cause: Cause) -> UpstreamError {
        UpstreamError { origin: origin.clone(), configured: self.origin.as_ref() == Some(origin), cause }
    }

    /// What a body from `origin` says when it breaks.
    pub fn broken(&self, origin: &Origin, error: &(dyn StdError + 'static)) -> UpstreamError {
        self.error(origin, cause_of(error, false))
    }

    fn uri(&self, origin: &Origin, target: Option<&PathAndQuery>) -> Result<Uri, UpstreamError> {
        let mut parts = ::http::uri::Parts::default();
        parts.scheme = origin.scheme().parse().ok();
        parts.authority = origin.authority().parse().ok();
        parts.path_and_query = Some(target.cloned().unwrap_or_else(|| PathAndQuery::from_static("/")));
        Uri::from_parts(parts).map_err(|error| self.error(origin, Cause::Broken(error.to_string())))
    }
}

fn client(connector: HttpsConnector<HttpConnector>) -> HttpClient {
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(POOL_IDLE)
        .http1_max_headers(MAX_HEADERS)
        .http2_adaptive_window(true)
        .http2_max_header_list_size(u32::try_from(HEADER_LIMIT).unwrap_or(u32::MAX))
        .http2_keep_alive_interval(PING)
        .timer(TokioTimer::new())
        .build(connector)
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

/// Sorts an error by what its chain of sources holds.
fn cause_of(error: &(dyn StdError + 'static), connecting: bool) -> Cause {
    let mut chain = String::new();
    let mut current = Some(error);
    while let Some(source) = current {
        let text = source.to_string();
        if !chain.contains(&text) {
            let _ = write!(chain, "{}{text}", if chain.is_empty() { "" } else { ": " });
        }
        if let Some(cause) = telling(source, &text) {
            return cause;
        }
        current = source.source();
    }
    if connecting { Cause::Connect(chain) } else { Cause::Broken(chain) }
}

/// The cause that one link of the chain tells by itself.
fn telling(source: &(dyn StdError + 'static), text: &str) -> Option<Cause> {
    if let Some(stalled) = source.downcast_ref::<Stalled>() {
        return Some(Cause::Stalled(stalled.0));
    }
    if let Some(error) = source.downcast_ref::<rustls::Error>() {
        return Some(Cause::Tls(error.to_string()));
    }
    if text.starts_with("dns error") {
        return Some(Cause::Dns(source.source().map_or_else(|| text.to_owned(), ToString::to_string)));
    }
    let io = source.downcast_ref::<io::Error>()?;
    if let Some(error) = hidden_tls_error(io) {
        return Some(Cause::Tls(error));
    }
    match io.kind() {
        io::ErrorKind::ConnectionRefused => Some(Cause::Connect("connection refused".to_owned())),
        io::ErrorKind::TimedOut => Some(Cause::Connect("timed out".to_owned())),
        _ => None,
    }
}

/// rustls hands its errors on inside of io errors, one in another, where `source` skips them.
fn hidden_tls_error(mut io: &io::Error) -> Option<String> {
    loop {
        let inner = io.get_ref()?;
        if let Some(error) = inner.downcast_ref::<rustls::Error>() {
            return Some(error.to_string());
        }
        io = inner.downcast_ref::<io::Error>()?;
    }
}

/// A body that stood still for so long.
#[derive(Debug, thiserror::Error)]
#[error("nothing came for {}", humantime::format_duration(*.0))]
pub(crate) struct Stalled(pub(crate) Duration);
