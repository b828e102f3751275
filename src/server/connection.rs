//! One connection from its first byte to its last.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ::http::header;
use ::http::request::Parts;
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, BufReader};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::answering::Line;
use super::finish::HANDSHAKE_FAILURE;
use super::forward::{asked, proxy_user};
use super::patience::{Alarm, HeadLimit};
use super::socket::{ByReset, Socket};
use super::tunnel::join;
use super::watch::{Closing, End, watch};
use super::wire::{Ending, Wire, Wired};
use super::{Handler, Limits, Settings};
use crate::error::Error;
use crate::http::{Body, HEADER_LIMIT, Origin, Request, filtered};
use crate::tls::{Authority, Name};

/// The first byte of a TLS handshake (RFC 8446 §5.1); no method begins with it.
const HANDSHAKE: u8 = 0x16;

/// What is read of a connection to tell what it speaks (bytes); the rest passes by this buffer.
const SNIFFED: usize = 64;

/// What every connection of a listener shares.
pub(super) struct Server<H> {
    pub(super) handler: Arc<H>,
    builder: auto::Builder<TokioExecutor>,
    pub(super) settings: Settings,
    pub(super) listening: SocketAddr,
    pub(super) connections: TaskTracker,
    pub(super) shutdown: CancellationToken,
    pub(super) closing: Closing,
    /// Whether it was told that a client takes this for a port of HTTPS.
    told_of_tls: AtomicBool,
}

/// How the requests of one connection come to us.
#[derive(Debug, Clone)]
pub(super) struct Way {
    pub(super) scheme: &'static str,
    /// The address of ours that was reached.
    pub(super) local: SocketAddr,
    pub(super) opened: Opened,
    pub(super) session: Option<Arc<str>>,
    /// How the TCP connection beneath ends.
    pub(super) by_reset: ByReset,
}

/// Whether a connection goes through a CONNECT of ours, and where to.
#[derive(Debug, Clone)]
pub(super) enum Opened {
    /// It goes through none: each request says what it asks for.
    No,
    /// It leads back to us.
    Ourselves,
    /// It leads to this origin.
    To(Origin),
}

impl Opened {
    pub(super) fn is_none(&self) -> bool {
        matches!(self, Self::No)
    }
}

/// What CONNECT said.
pub(super) struct Connect {
    pub(super) host: String,
    pub(super) port: u16,
    /// They lead back to us.
    pub(super) ours: bool,
    pub(super) session: Option<Arc<str>>,
    pub(super) local: SocketAddr,
    pub(super) by_reset: ByReset,
}

/// A future that does not show what is inside: connections hold requests, which hold connections by CONNECT.
pub(super) type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

impl<H: Handler> Server<H> {
    pub(super) fn new(
        handler: Arc<H>,
        settings: Settings,
        listening: SocketAddr,
        shutdown: CancellationToken,
    ) -> Self {
        Self {
            handler,
            builder: builder(settings.limits),
            settings,
            listening,
            connections: TaskTracker::new(),
            shutdown,
            closing: Closing::default(),
            told_of_tls: AtomicBool::new(false),
        }
    }

    /// Serves a connection that has just come.
    pub(super) async fn accepted(self: Arc<Self>, stream: TcpStream) {
        let Ok(local) = stream.local_addr() else { return };
        let _ = stream.set_nodelay(true);
        let mut first = [0];
        if !self.begins(async { stream.peek(&mut first).await.map(drop) }).await {
            return;
        }
        let by_reset = ByReset::default();
        let stream = Socket::new(stream, by_reset.clone());
        let session = self.settings.session.clone();
        let way = Way { scheme: "http", local, opened: Opened::No, session, by_reset };
        match self.settings.tls.clone() {
            Some(authority) if first == [HANDSHAKE] => {
                let public = self.settings.public.as_ref().map(Origin::host);
                // The name that clients use is sent by them; without one, it is an address.
                let reached = public.map(Name::of).filter(|name| matches!(name, Name::Ip(_)));
                let name = reached.unwrap_or_else(|| Name::Ip(local.ip().to_canonical()));
                self.secured(&authority, stream, &name, way).await;
            }
            None if first == [HANDSHAKE] => {
                if !self.told_of_tls.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        "a client spoke TLS to this port of plain HTTP: write http:// in its URL or proxy variable; \
                         --tls serves HTTPS"
                    );
                }
            }
            _ => self.speak(stream, way).await,
        }
    }

    /// Waits for a connection's first byte. Until then it has no protocol whose time-outs would hold.
    async fn begins(&self, first_byte: impl Future<Output = io::Result<()>>) -> bool {
        tokio::select! {
            // A request that has arrived by the time of the shutdown is still answered.
            biased;
            begun = tokio::time::timeout(self.settings.limits.header_timeout, first_byte) => {
                matches!(begun, Ok(Ok(())))
            }
            () = self.shutdown.cancelled() => false,
        }
    }

    /// Serves what a client says inside of CONNECT: TLS, or plain HTTP, as some clients do for http URLs.
    pub(super) fn opened<I>(self: Arc<Self>, io: I, authority: Arc<Authority>, connect: Connect) -> Task
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        Box::pin(async move {
            let mut io = BufReader::with_capacity(SNIFFED, io);
            if !self.begins(async { io.fill_buf().await.map(drop) }).await {
                return;
            }
            let Connect { host, port, ours, session, local, by_reset } = connect;
            let way = |scheme| {
                let origin = Origin::of(scheme, &format!("{host}:{port}"));
                Way {
                    scheme,
                    local,
                    opened: if ours { Opened::Ourselves } else { Opened::To(origin) },
                    session,
                    by_reset,
                }
            };
            if io.buffer().first() == Some(&HANDSHAKE) {
                self.secured(&authority, io, &Name::of(&host), way("https")).await;
            } else {
                self.speak(io, way("http")).await;
            }
        })
    }

    async fn secured<I>(self: Arc<Self>, authority: &Authority, io: I, name: &Name, way: Way)
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        if self.settings.outages.take_handshake() {
            return self.finish(io, Ending::Raw(Bytes::from_static(HANDSHAKE_FAILURE)), &way.by_reset).await;
        }
        let handshake =
            tokio::time::timeout(self.settings.limits.handshake_timeout, authority.accept(io, name));
        let stream = tokio::select! {
            shaken = handshake => match shaken {
                Ok(Ok(stream)) => stream,
                Ok(Err(_)) => return,
                Err(_) => return tracing::debug!("a TLS handshake for {name} took too long"),
            },
            () = self.shutdown.cancelled() => return,
        };
        let mut stream = BufReader::with_capacity(SNIFFED, stream);
        if self.begins(async { stream.fill_buf().await.map(drop) }).await {
            self.speak(stream, Way { scheme: "https", ..way }).await;
        }
    }

    /// Speaks HTTP.
    async fn speak<I>(self: Arc<Self>, io: I, way: Way)
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (wire, limit) = (Arc::new(Wire::default()), HeadLimit::new());
        let (io, mut back) = Wired::new(io, Arc::clone(&wire));
        let mut builder = self.builder.clone();
        builder.http1().timer(limit.clone());
        let alarm = Alarm::new(limit.clone());
        let line = Arc::new(Line { server: Arc::clone(&self), way, wire, limit });
        let (own, wire) = (Arc::clone(&line), &line.wire);
        let ended = {
            let service = service_fn(move |request| Line::answer(&own, request));
            let connection = builder.serve_connection_with_upgrades(TokioIo::new(io), service);
            watch(std::pin::pin!(connection), wire, alarm, &self.closing).await
        };
        match ended {
            End::Itself(Ok(())) | End::Abort => {}
            End::Itself(Err(error)) => tracing::debug!("a connection ended early: {error}"),
            End::NoHead => tracing::debug!("a connection ended: no whole head of a request came in time"),
            End::Fault => {
                if let (Ok(io), Some(ending)) = (back.try_recv(), wire.ending()) {
                    self.finish(io, ending, &line.way.by_reset).await;
                }
            }
        }
    }

    /// A request as handlers see it.
    pub(super) fn request(&self, mut head: Parts, body: Incoming, way: &Way) -> Result<Request, Error> {
        let asked = match &way.opened {
            Opened::To(origin) => Some(origin.clone()),
            Opened::Ourselves => None,
            Opened::No => asked(self, &head, way)?,
        };
        let session = way.session.clone().or_else(|| self.user(&head));
        if self.settings.forward.is_some() && head.headers.contains_key(header::PROXY_AUTHORIZATION) {
            // It was said to this proxy, and is no part of the request.
            head.headers = filtered(&head.headers, |name| name != header::PROXY_AUTHORIZATION);
        }
        let mut request = Request::new(head, Body::Incoming(body), way.scheme, way.local);
        request.asked = asked;
        request.public.clone_from(&self.settings.public);
        request.session = session;
        Ok(request)
    }

    /// Joins both sides of a connection that changed its protocol.
    pub(super) fn tunnel(&self, client: OnUpgrade, upstream: OnUpgrade) {
        let shutdown = self.shutdown.clone();
        self.connections.spawn(async move {
            if let Ok((mut client, mut upstream)) = tokio::try_join!(upgraded(client), upgraded(upstream)) {
                join(&mut client, &mut upstream, &shutdown).await;
            }
        });
    }

    /// The name that a forward proxy's client gives as its user.
    pub(super) fn user(&self, head: &Parts) -> Option<Arc<str>> {
        self.settings.forward.as_ref().and_then(|_| proxy_user(&head.headers))
    }
}

/// The connection as bytes, once the answer that ends its HTTP has gone out.
pub(super) async fn upgraded(upgrade: OnUpgrade) -> Result<TokioIo<hyper::upgrade::Upgraded>, hyper::Error> {
    upgrade.await.map(TokioIo::new).inspect_err(|error| tracing::debug!("no upgrade: {error}"))
}

fn builder(limits: Limits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // Header lines that a request may have stay hyper's 100, which is Apache's limit, too: for more, hyper takes 32 KiB of
    // memory per request and fills them, which costs as much as all else that overdub does for it.
    builder
        .http1()
        // A recorded answer without Date stays without.
        .auto_date_header(false)
        // A client may close its side once it has asked.
        .half_close(true)
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
