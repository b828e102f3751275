//! Connections: accept, speak TLS and HTTP/1.1 or HTTP/2, open what a forward proxy's client wraps in CONNECT, hand each
//! request over, and end in good order.
//!
//! Knows bytes and connections, and no word of cassettes: whoever answers is a [`Handler`].

mod answering;
mod connection;
mod faults;
mod finish;
mod forward;
mod outgoing;
mod patience;
mod socket;
mod tunnel;
mod watch;
mod wire;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use faults::Outages;
pub use forward::{Forward, is_circle};
pub use tunnel::Tunnel;

use crate::http::{Origin, Reply, Request};
use crate::tls::Authority;
use connection::Server;

/// Answers requests.
pub trait Handler: Send + Sync + 'static {
    /// Answers one request. Whatever goes wrong is an answer too.
    ///
    /// An answer of status 101 holds a [`Tunnel`] among its extensions: the server joins it to the client's side. An
    /// answer that holds [`Faults`](crate::fault::Faults) among them goes out as they say.
    ///
    /// The request comes by a pointer: futures are moved about with all that they hold.
    fn handle(&self, request: Box<Request>) -> impl Future<Output = Reply> + Send;

    /// The answer, if it is at hand: that costs no future. If it is not, [`Handler::handle`] is asked.
    fn at_once(&self, request: &Request) -> Option<Reply> {
        let _ = request;
        None
    }
}

/// How long connections may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From one request's end (or the connection's start) until the next one's headers are complete.
    pub header_timeout: Duration,
    /// For a TLS handshake, and for the connection to a host that is let through unread.
    pub handshake_timeout: Duration,
    /// After the shutdown signal, until what still runs is cut off.
    pub grace: Duration,
    /// For a client that is left without an answer by a fault, until its connection or stream is closed.
    pub hang: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_mins(1),
            handshake_timeout: Duration::from_secs(10),
            grace: Duration::from_secs(3),
            hang: Duration::from_mins(10),
        }
    }
}

/// What a listener speaks, and to whom. By default: plain HTTP as a reverse proxy.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// How long connections may take.
    pub limits: Limits,
    /// Speaks TLS with leaves of this CA.
    pub tls: Option<Arc<Authority>>,
    /// Is a forward proxy for some hosts, whose TLS it opens with leaves of this CA.
    pub forward: Option<(Forward, Arc<Authority>)>,
    /// The origin at which this listener is known: what clients say does not count then.
    pub public: Option<Origin>,
    /// The client run whose requests come by this listener; `None`: each connection may tell.
    pub session: Option<Arc<str>>,
    /// Connections and handshakes that faults have yet to fail; a clone shares them with another listener.
    pub outages: Outages,
}

/// Longest pause after a failed accept.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Serves `listener` until `shutdown`, then lets requests under way finish within the grace time.
pub async fn serve<H: Handler>(
    listener: TcpListener,
    handler: Arc<H>,
    settings: Settings,
    shutdown: CancellationToken,
) {
    let grace = settings.limits.grace;
    let listening = listener.local_addr().unwrap_or_else(|_| SocketAddr::from(([0, 0, 0, 0], 0)));
    let server = Arc::new(Server::new(handler, settings, listening, shutdown.clone()));
    let mut pause = Duration::from_millis(5);
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) if server.settings.outages.take_connection() => {
                tracing::debug!("a fault refuses a connection");
                let _ = stream.set_zero_linger();
            }
            Ok((stream, _)) => {
                pause = Duration::from_millis(5);
                server.connections.spawn(Arc::clone(&server).accepted(stream));
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
    server.closing.begin();
    let connections = &server.connections;
    connections.close();
    if tokio::time::timeout(grace, connections.wait()).await.is_err() {
        tracing::warn!("connections cut off after {grace:?}: {}", connections.len());
        server.closing.abort();
        connections.wait().await;
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
}
