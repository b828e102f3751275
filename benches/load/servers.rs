//! What hyper itself does, to be compared with: servers and proxies with nothing on them, each in a process of its own.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use clap::{Parser, ValueEnum};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use rustls_pki_types::PrivatePkcs8KeyDer;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::Result;
use super::support::{ELSEWHERE, factor, headers};

type Reply = Response<BoxBody<Bytes, hyper::Error>>;

/// What a server does.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Role {
    /// Gives one answer of 1.5 KB, whatever is asked.
    Fixed,
    /// Passes requests on, bodies as they come.
    Proxy,
    /// Passes requests on and keeps all it saw in memory.
    Record,
}

/// A server to be compared with.
#[derive(Debug, Parser)]
pub(crate) struct Serve {
    role: Role,
    /// Whom to pass requests on to, as HOST:PORT.
    #[arg(long, default_value = "127.0.0.1:9")]
    upstream: String,
    /// Speak TLS, with HTTP/2 for who asks for it.
    #[arg(long)]
    tls: bool,
}

/// What passed, as a recorder must keep it.
#[derive(Debug)]
struct Kept {
    _target: String,
    _asked: (HeaderMap, Bytes),
    _answered: (HeaderMap, Bytes),
}

struct Server {
    role: Role,
    upstream: String,
    /// The one answer.
    headers: HeaderMap,
    body: Bytes,
    streaming: Client<HttpConnector, Incoming>,
    whole: Client<HttpConnector, Full<Bytes>>,
    kept: Mutex<Vec<Kept>>,
}

/// What concerns one connection only (RFC 9110 §7.6.1).
const HOP: [HeaderName; 4] = [header::CONNECTION, header::TRANSFER_ENCODING, header::TE, header::UPGRADE];

/// Serves until the process is ended. The address is told on stdout, as overdub tells its own.
pub(crate) fn serve(own: Serve) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // Accepted on a worker, where the connections are.
    runtime.block_on(async move { tokio::spawn(accept(own)).await? })
}

async fn accept(own: Serve) -> Result<()> {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let tls = if own.tls { Some(acceptor()?) } else { None };
    let scheme = if own.tls { "https" } else { "http" };
    writeln!(std::io::stdout(), "ready url={scheme}://{} ", listener.local_addr()?)?;
    let server = Arc::new(Server::new(own));
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(connection(Arc::clone(&server), stream, tls.clone()));
    }
}

async fn connection(server: Arc<Server>, stream: TcpStream, tls: Option<TlsAcceptor>) {
    let service = service_fn(move |request| answer(Arc::clone(&server), request));
    // How a connection ends is the client's business.
    let Some(tls) = tls else {
        let _ =
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        return;
    };
    if let Ok(stream) = tls.accept(stream).await {
        let _ =
            auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
    }
}

/// The same cipher suites that overdub has: all of ring's, in rustls' order; a key of the same kind.
fn acceptor() -> Result<TlsAcceptor> {
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key.into())?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

impl Server {
    fn new(own: Serve) -> Self {
        let connector = || {
            let mut connector = HttpConnector::new();
            connector.set_nodelay(true);
            connector
        };
        let client = || {
            let mut client = Client::builder(TokioExecutor::new());
            client.pool_timer(TokioTimer::new()).pool_max_idle_per_host(256);
            client
        };
        Self {
            role: own.role,
            upstream: own.upstream,
            headers: headers(),
            body: Bytes::from(factor(ELSEWHERE, 0, 0)),
            streaming: client().build(connector()),
            whole: client().build(connector()),
            kept: Mutex::default(),
        }
    }

    fn fixed(&self) -> Reply {
        let mut reply = Response::new(full(self.body.clone()));
        *reply.headers_mut() = self.headers.clone();
        reply
    }

    /// The head of the request to the upstream.
    fn onward(&self, head: &mut http::request::Parts) -> Result<()> {
        let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
        head.uri = format!("http://{}{target}", self.upstream).parse()?;
        strip(&mut head.headers);
        head.headers.remove(header::HOST);
        Ok(())
    }

    async fn pass(&self, request: Request<Incoming>) -> Result<Reply> {
        let (mut head, body) = request.into_parts();
        self.onward(&mut head)?;
        let mut reply = self.streaming.request(Request::from_parts(head, body)).await?;
        strip(reply.headers_mut());
        Ok(reply.map(BodyExt::boxed))
    }

    async fn record(&self, request: Request<Incoming>) -> Result<Reply> {
        let (mut head, body) = request.into_parts();
        let (target, headers) = (head.uri.to_string(), copied(&head.headers)?);
        let asked = body.collect().await?.to_bytes();
        self.onward(&mut head)?;
        let reply = self.whole.request(Request::from_parts(head, Full::new(asked.clone()))).await?;
        let (mut head, body) = reply.into_parts();
        let body = body.collect().await?.to_bytes();
        strip(&mut head.headers);
        // Copied: what came is part of a read buffer, which would be kept with it.
        let answered = (copied(&head.headers)?, Bytes::copy_from_slice(&body));
        let kept = Kept { _target: target, _asked: (headers, asked), _answered: answered };
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).push(kept);
        Ok(Response::from_parts(head, full(body)))
    }
}

async fn answer(server: Arc<Server>, request: Request<Incoming>) -> std::result::Result<Reply, hyper::Error> {
    let answered = match server.role {
        Role::Fixed => return Ok(server.fixed()),
        Role::Proxy => server.pass(request).await,
        Role::Record => server.record(request).await,
    };
    Ok(answered.unwrap_or_else(|error| {
        let mut reply = Response::new(full(Bytes::from(error.to_string())));
        *reply.status_mut() = StatusCode::BAD_GATEWAY;
        reply
    }))
}

fn strip(headers: &mut HeaderMap) {
    for name in HOP {
        headers.remove(name);
    }
}

fn copied(headers: &HeaderMap) -> Result<HeaderMap> {
    let copy = |(name, value): (&HeaderName, &HeaderValue)| {
        Ok((name.clone(), HeaderValue::from_bytes(value.as_bytes())?))
    };
    headers.iter().map(copy).collect()
}

fn full(bytes: Bytes) -> BoxBody<Bytes, hyper::Error> {
    Full::new(bytes).map_err(|never| match never {}).boxed()
}
