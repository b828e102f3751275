//! Connections: accept, speak HTTP/1.1 or HTTP/2, hand each request over, and end in good order.
//!
//! Knows bytes and connections, and no word of cassettes: whoever answers is a [`Handler`].

mod forward;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use forward::Forward;

use crate::http::{Body, HEADER_LIMIT, Reply, Request};

/// Answers requests.
pub trait Handler: Send + Sync + 'static {
    /// Answers one request. Whatever goes wrong is an answer too.
    fn handle(&self, request: Request) -> impl Future<Output = Reply> + Send;
}

/// How long connections may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From one request's end (or the connection's start) until the next one's headers are complete.
    pub header_timeout: Duration,
    /// After the shutdown signal, until what still runs is cut off.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { header_timeout: Duration::from_mins(1), grace: Duration::from_secs(3) }
    }
}

/// Longest pause after a failed accept.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Header lines that a request may have. hyper's own default is 100, which refuses some real clients.
const MAX_HEADERS: usize = 512;

/// Serves `listener` until `shutdown`, then lets requests under way finish within the grace time.
pub async fn serve<H: Handler>(
    listener: TcpListener,
    handler: Arc<H>,
    limits: Limits,
    shutdown: CancellationToken,
) {
    let server = Server {
        builder: builder(limits),
        limits,
        shutdown: shutdown.clone(),
        abort: CancellationToken::new(),
    };
    let connections = TaskTracker::new();
    let mut pause = Duration::from_millis(5);
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                pause = Duration::from_millis(5);
                connections.spawn(server.clone().connection(stream, Arc::clone(&handler)));
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                // Out of descriptors, as a rule: others must end before this can go on.
                tracing::warn!("cannot accept connections for the moment: {error}");
                tokio::select! {
                    () = shutdown.cancelled() => break,
                    () = tokio::time::sleep(pause) => {}
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(limits.grace, connections.wait()).await.is_err() {
        tracing::warn!("connections cut off after {:?}: {}", limits.grace, connections.len());
        server.abort.cancel();
        connections.wait().await;
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
}

fn builder(limits: Limits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        // A recorded answer without Date stays without.
        .auto_date_header(false)
        // A client may close its side once it has asked.
        .half_close(true)
        .max_headers(MAX_HEADERS)
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout);
    builder
        .http2()
        .auto_date_header(false)
        .max_header_list_size(u32::try_from(HEADER_LIMIT).unwrap_or(u32::MAX))
        .timer(TokioTimer::new())
        // A client that is gone without a word is found out.
        .keep_alive_interval(limits.header_timeout);
    builder
}

/// What every connection shares.
#[derive(Clone)]
struct Server {
    builder: auto::Builder<TokioExecutor>,
    limits: Limits,
    shutdown: CancellationToken,
    abort: CancellationToken,
}

impl Server {
    async fn connection<H: Handler>(self, stream: TcpStream, handler: Arc<H>) {
        let Ok(local) = stream.local_addr() else { return };
        let _ = stream.set_nodelay(true);
        // Until its first byte a connection has no protocol whose time-outs would hold.
        let first_byte = tokio::time::timeout(self.limits.header_timeout, stream.readable());
        tokio::select! {
            // A request that has arrived by the time of the shutdown is still answered.
            biased;
            begun = first_byte => if !matches!(begun, Ok(Ok(()))) { return },
            () = self.shutdown.cancelled() => return,
        }
        let service = service_fn(move |request| answer(Arc::clone(&handler), request, local));
        let connection = self.builder.serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.shutdown.cancelled() => {
                connection.as_mut().graceful_shutdown();
                tokio::select! {
                    ended = connection.as_mut() => ended,
                    () = self.abort.cancelled() => return,
                }
            }
        };
        if let Err(error) = ended {
            tracing::debug!("a connection ended early: {error}");
        }
    }
}

async fn answer<H: Handler>(
    handler: Arc<H>,
    request: hyper::Request<Incoming>,
    local: SocketAddr,
) -> Result<hyper::Response<Body>, Infallible> {
    let (head, body) = request.into_parts();
    Ok(handler.handle(Request::new(head, Body::Incoming(body), "http", local)).await)
}
