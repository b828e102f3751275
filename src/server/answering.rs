//! One request of a connection, from its head to the answer that hyper is given.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ::http::request::Parts;
use ::http::{Method, Version, header};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;

use super::Handler;
use super::connection::{Server, Way};
use super::faults::Scene;
use super::forward::refused;
use super::patience::HeadLimit;
use super::tunnel::Tunnel;
use super::wire::Wire;
use crate::error::Error;
use crate::fault::Faults;
use crate::http::{Body, Reply};

/// A connection that speaks HTTP: what all its requests share.
pub(super) struct Line<H> {
    pub(super) server: Arc<Server<H>>,
    pub(super) way: Way,
    pub(super) wire: Arc<Wire>,
    pub(super) limit: HeadLimit,
}

/// Who is answered, as far as it counts once the answer is there.
struct Recipient {
    is_head: bool,
    version: Version,
    /// Its connection, should it change its protocol.
    client: Option<OnUpgrade>,
}

/// The answer to one request, as hyper waits for it: most are at hand, and cost no future of their own.
#[allow(
    clippy::large_enum_variant,
    reason = "the large one is the usual one; a box would be the allocation that it saves"
)]
pub(super) enum Answering {
    Ready(Option<Reply>),
    Later(Pin<Box<dyn Future<Output = Result<Reply, h2::Error>> + Send>>),
}

impl Future for Answering {
    type Output = Result<Reply, h2::Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Ready(reply) => reply.take().map_or(Poll::Pending, |reply| Poll::Ready(Ok(reply))),
            Self::Later(future) => future.as_mut().poll(context),
        }
    }
}

impl<H: Handler> Line<H> {
    /// Answers a request whose head is there.
    pub(super) fn answer(line: &Arc<Self>, request: hyper::Request<Incoming>) -> Answering {
        line.limit.met();
        let Self { server, way, .. } = &**line;
        let (mut head, body) = request.into_parts();
        let client = head.extensions.remove::<OnUpgrade>();
        let mut recipient = Recipient { is_head: head.method == Method::HEAD, version: head.version, client };
        if head.method == Method::CONNECT && server.settings.forward.is_some() && way.opened.is_none() {
            let (line, client) = (Arc::clone(line), recipient.client.take());
            return Answering::Later(Box::pin(async move { line.connected(head, client, recipient).await }));
        }
        let request = match server.request(head, body, way) {
            Ok(request) => request,
            Err(error) => return Self::answered(line, error.into_reply(), recipient),
        };
        if let Some(reply) = server.handler.at_once(&request) {
            return Self::answered(line, reply, recipient);
        }
        let (line, request) = (Arc::clone(line), Box::new(request));
        Answering::Later(Box::pin(async move {
            let reply = line.server.handler.handle(request).await;
            Self::answered(&line, reply, recipient).await
        }))
    }

    /// The answer to CONNECT.
    async fn connected(
        self: Arc<Self>,
        head: Parts,
        client: Option<OnUpgrade>,
        recipient: Recipient,
    ) -> Result<Reply, h2::Error> {
        let (server, way) = (&self.server, self.way.clone());
        let reply = match &server.settings.forward {
            Some((forward, authority)) => server.connect(forward, authority, &head, client, way).await,
            None => Err(Error::Connect),
        };
        Self::answered(&self, reply.unwrap_or_else(refused), recipient).await
    }

    /// What becomes of a reply on its way out.
    fn answered(line: &Arc<Self>, mut reply: Reply, recipient: Recipient) -> Answering {
        let Recipient { is_head, version, client } = recipient;
        if let (Some(Tunnel(upstream)), Some(client)) = (reply.extensions_mut().remove(), client) {
            line.server.tunnel(client, upstream);
        }
        if is_head && version == Version::HTTP_2 {
            reply = without_body(reply);
        }
        let Some(faults) = reply.extensions_mut().remove::<Faults>() else {
            return Answering::Ready(Some(reply));
        };
        let line = Arc::clone(line);
        Answering::Later(Box::pin(async move { line.scene(is_head, version).execute(reply, faults).await }))
    }

    fn scene(&self, is_head: bool, version: Version) -> Scene<'_> {
        let Self { server, wire, .. } = self;
        Scene {
            wire,
            outages: &server.settings.outages,
            speaks_tls: server.settings.tls.is_some() || server.settings.forward.is_some(),
            limits: server.settings.limits,
            shutdown: &server.shutdown,
            is_head,
            version,
        }
    }
}

/// The answer to a HEAD request, which says how long the body is that it leaves out (RFC 9110 §9.3.2). Over HTTP/1.1 hyper
/// leaves it out; over HTTP/2 it would send it, which clients must take for a `PROTOCOL_ERROR` (RFC 9113 §8.1.1).
fn without_body(reply: Reply) -> Reply {
    let (mut head, body) = reply.into_parts();
    if let Some(length) = http_body::Body::size_hint(&body).exact().filter(|length| *length > 0) {
        head.headers.entry(header::CONTENT_LENGTH).or_insert(length.into());
    }
    Reply::from_parts(head, Body::Empty)
}
