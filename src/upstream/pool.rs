//! The connections to each origin: those that nobody uses at the moment, and the one that all share over HTTP/2.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use ::http::uri::{Parts, PathAndQuery};
use ::http::{HeaderValue, Request, Response, Uri, header};
use hyper::body::Incoming;
use hyper::client::conn::http2;

use super::connect::{ConnectError, Connected, Connector};
use super::connection::{Connection, Unsent};
use super::incoming::arriving;
use crate::clock::Stopwatch;
use crate::http::{Body, Origin, Upload};

/// How long an unused connection is kept: less than the 5 s after which Node and Apache close theirs. A request sent
/// into a connection that is just being closed fails, and a POST must not be sent twice.
const POOL_IDLE: Duration = Duration::from_secs(4);

/// How often unused connections are looked through for those that are old or were closed.
const TENDING: Duration = Duration::from_secs(1);

/// Why a request got no answer.
pub(super) enum Failure {
    /// There is no connection.
    Connect(ConnectError),
    /// The connection broke, or what came was no HTTP.
    Exchange(hyper::Error),
}

/// The origins that requests went to.
pub(super) struct Pool {
    /// The configured one, found without a look-up.
    own: Option<(Origin, Arc<Peer>)>,
    others: Mutex<HashMap<Origin, Arc<Peer>>>,
}

impl Pool {
    /// For an upstream that is configured, or for whichever is asked for.
    pub(super) fn new(origin: Option<&Origin>) -> Self {
        let own = origin.and_then(|origin| Some((origin.clone(), Peer::new(origin).ok()?)));
        Self { own, others: Mutex::default() }
    }

    /// The connections to `origin`.
    ///
    /// # Errors
    /// When the origin is no URL.
    pub(super) fn peer(&self, origin: &Origin) -> Result<Arc<Peer>, ::http::Error> {
        if let Some((own, peer)) = &self.own
            && own == origin
        {
            return Ok(Arc::clone(peer));
        }
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(peer) = others.get(origin) {
            return Ok(Arc::clone(peer));
        }
        let peer = Peer::new(origin)?;
        // A forward proxy's client may ask for ever more origins.
        others.retain(|_, peer| peer.is_in_use());
        others.insert(origin.clone(), Arc::clone(&peer));
        Ok(peer)
    }
}

/// One origin and the connections to it.
pub(super) struct Peer {
    /// Its root.
    uri: Uri,
    /// What `Host` says (RFC 9112 §3.2).
    host: HeaderValue,
    unused: Mutex<Unused>,
    /// A connection of HTTP/2, which serves all requests; there is none by plain http.
    shared: Mutex<Option<http2::SendRequest<Body>>>,
}

/// HTTP/1.1 connections that wait for a request. The one used last is the next: the others may grow old.
#[derive(Default)]
struct Unused {
    connections: Vec<(Box<Connection>, Stopwatch)>,
    /// A task looks after them.
    tended: bool,
}

impl Peer {
    fn new(origin: &Origin) -> Result<Arc<Self>, ::http::Error> {
        let uri = Uri::builder().scheme(origin.scheme()).authority(origin.authority()).path_and_query("/");
        let host = HeaderValue::from_str(origin.authority())?;
        Ok(Arc::new(Self { uri: uri.build()?, host, unused: Mutex::default(), shared: Mutex::default() }))
    }

    /// Sends a request for `target` over a connection that is at hand, else over a new one, and returns the answer's head
    /// with the body to come. A connection that was closed in the meantime is passed over if nothing was sent on it.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(super) async fn send(
        self: &Arc<Self>,
        connector: &Connector,
        mut request: Box<Request<Body>>,
        target: Option<&PathAndQuery>,
        upload: &(impl Fn() -> Upload + Sync),
    ) -> Result<Response<Body>, Failure> {
        loop {
            let at_hand = self.at_hand();
            let is_used = at_hand.is_some();
            let connected = match at_hand {
                Some(connected) => connected,
                // Apart, for it is large, and rare.
                None => Box::pin(self.connect(connector)).await.map_err(Failure::Connect)?,
            };
            let mut failed = match connected {
                Connected::Http1(connection) => {
                    self.spell(&mut request, target);
                    match connection.send(request).await {
                        Ok((response, connection)) => {
                            return Ok(self.received(response, connection, upload().complete).await);
                        }
                        Err(failed) => failed,
                    }
                }
                Connected::Http2(sender) => match Box::pin(self.share(sender, request, target)).await {
                    Ok(response) => return Ok(response),
                    Err(failed) => failed,
                },
            };
            match failed.take_message().filter(|_| is_used) {
                Some(unsent) => request = Box::new(unsent),
                None => return Err(Failure::Exchange(failed.into_error())),
            }
        }
    }

    /// Sends a request that may change the connection's protocol.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(super) async fn send_to_upgrade(
        &self,
        connector: &Connector,
        mut request: Box<Request<Body>>,
        target: Option<&PathAndQuery>,
    ) -> Result<Response<Body>, Failure> {
        let mut sender = connector.connect_to_upgrade(&self.uri).await.map_err(Failure::Connect)?;
        self.spell(&mut request, target);
        let response = sender.send_request(*request).await.map_err(Failure::Exchange)?;
        Ok(response.map(Body::Incoming))
    }

    /// Keeps a connection for the next request, if it can take one. Else it is closed.
    pub(super) fn take_back(self: &Arc<Self>, mut connection: Box<Connection>) {
        if !connection.is_ready() {
            return;
        }
        let mut unused = self.unused();
        unused.connections.push((connection, Stopwatch::start()));
        if !unused.tended
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            unused.tended = true;
            runtime.spawn(tend(Arc::downgrade(self)));
        }
    }

    /// An answer whose head is there, with the body that `connection` brings.
    async fn received(
        self: &Arc<Self>,
        response: Response<Incoming>,
        mut connection: Box<Connection>,
        is_sent: bool,
    ) -> Response<Body> {
        let (head, body) = response.into_parts();
        if is_sent {
            return Response::from_parts(head, arriving(connection, body, self).await);
        }
        // The rest of the request goes out even if nobody reads the answer: a client may read it only then.
        let peer = Arc::clone(self);
        tokio::spawn(async move {
            connection.ready().await;
            peer.take_back(connection);
        });
        Response::from_parts(head, Body::Incoming(body))
    }

    /// A connection that stands.
    fn at_hand(&self) -> Option<Connected> {
        if let Some(shared) = self.shared().clone().filter(|shared| !shared.is_closed()) {
            return Some(Connected::Http2(shared));
        }
        loop {
            let (mut connection, since) = self.unused().connections.pop()?;
            if since.elapsed() < POOL_IDLE && connection.is_ready() {
                return Some(Connected::Http1(connection));
            }
        }
    }

    async fn connect(&self, connector: &Connector) -> Result<Connected, ConnectError> {
        let connected = connector.connect(&self.uri).await?;
        if let Connected::Http2(sender) = &connected {
            let mut shared = self.shared();
            match &*shared {
                // Others have connected at the same time.
                Some(first) if !first.is_closed() => return Ok(Connected::Http2(first.clone())),
                _ => *shared = Some(sender.clone()),
            }
        }
        Ok(connected)
    }

    async fn share(
        &self,
        mut sender: http2::SendRequest<Body>,
        mut request: Box<Request<Body>>,
        target: Option<&PathAndQuery>,
    ) -> Result<Response<Body>, Unsent> {
        let mut parts = Parts::from(self.uri.clone());
        parts.path_and_query = target.cloned().or(parts.path_and_query);
        // Parts of URIs that were parsed make a URI.
        *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
        match sender.try_send_request(*request).await {
            Ok(response) => Ok(response.map(Body::Incoming)),
            Err(failed) => Err(Box::new(failed)),
        }
    }

    /// Writes the target and the host as HTTP/1.1 does.
    fn spell(&self, request: &mut Request<Body>, target: Option<&PathAndQuery>) {
        *request.uri_mut() = target.cloned().map(Uri::from).unwrap_or_default();
        request.headers_mut().entry(header::HOST).or_insert_with(|| self.host.clone());
    }

    /// Closes connections that nobody used for long, or that were closed; whether any are left. If not, the one that
    /// looks after them is done.
    fn tended(&self) -> bool {
        let mut unused = self.unused();
        unused
            .connections
            .retain_mut(|(connection, since)| since.elapsed() < POOL_IDLE && connection.is_ready());
        unused.tended = !unused.connections.is_empty();
        unused.tended
    }

    fn is_in_use(self: &Arc<Self>) -> bool {
        let shared = self.shared().as_ref().is_some_and(|shared| !shared.is_closed());
        shared || Arc::strong_count(self) > 1 || !self.unused().connections.is_empty()
    }

    fn unused(&self) -> MutexGuard<'_, Unused> {
        self.unused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shared(&self) -> MutexGuard<'_, Option<http2::SendRequest<Body>>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks after unused connections as long as there are any.
async fn tend(peer: Weak<Peer>) {
    loop {
        tokio::time::sleep(TENDING).await;
        if !peer.upgrade().is_some_and(|peer| peer.tended()) {
            return;
        }
    }
}
