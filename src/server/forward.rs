//! A forward proxy: what it may be asked for, who asks, and what becomes of CONNECT (RFC 9110 §9.3.6).

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use ::http::request::Parts;
use ::http::{HeaderMap, Version, header};
use data_encoding::BASE64;
use hyper::ext::ReasonPhrase;
use hyper::upgrade::OnUpgrade;
use tokio::net::TcpStream;

use super::Handler;
use super::connection::{Connect, Server, Way, upgraded};
use super::tunnel::join;
use crate::error::Error;
use crate::http::{Body, HostPattern, Origin, Reply, address, host_and_port, is_loopback};
use crate::tls::Authority;

/// Longest name of a client run that is taken from a proxy's user (bytes).
const LONGEST_USER: usize = 256;

/// What is done as a forward proxy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forward {
    /// Hosts that may be asked for.
    pub allowed: Vec<HostPattern>,
    /// Whether CONNECT to other hosts is let through unread, rather than refused.
    pub tunnel_others: bool,
}

impl Forward {
    /// Allows the host of `origin` as well, at any port; on this machine at its own alone: the admin address may be at
    /// another.
    pub fn allow(&mut self, origin: &Origin) {
        self.allowed.push(HostPattern::host_of(origin));
    }

    /// Whether this host may be asked for at this port.
    pub fn allows(&self, host: &str, port: u16) -> bool {
        self.allowed.iter().any(|pattern| pattern.allows(host, port))
    }
}

/// The origin that a request outside of any tunnel asks for; `None`: it asks us.
pub(super) fn asked<H>(server: &Server<H>, head: &Parts, way: &Way) -> Result<Option<Origin>, Error> {
    // HTTP/2 sends every target in parts (RFC 9113 §8.3.1): there, a full one tells nothing.
    let full = head.uri.scheme_str().zip(head.uri.authority()).filter(|_| head.version < Version::HTTP_2);
    if let (Some((forward, _)), Some((scheme, authority))) = (&server.settings.forward, full) {
        let origin = Origin::parse(&format!("{scheme}://{authority}"))
            .map_err(|error| Error::BadTarget(error.to_string()))?;
        if !is_ours(server, way, origin.host(), origin.port()) {
            if !forward.allows(origin.host(), origin.port()) {
                return Err(Error::NotAllowed(origin.host().to_owned(), origin.port()));
            }
            return Ok(Some(origin));
        }
    }
    if server.settings.tls.is_some() && way.scheme == "http" {
        return Err(Error::PlainOnTls);
    }
    Ok(None)
}

/// Whether this target is the listener itself. To send it on would be to send it round and round.
fn is_ours<H>(server: &Server<H>, way: &Way, host: &str, port: u16) -> bool {
    let public = server.settings.public.as_ref();
    if public.is_some_and(|own| own.host().eq_ignore_ascii_case(host) && own.port() == port) {
        return true;
    }
    leads_to(server.listening, way.local, host, port)
}

/// Whether a target is a listener, of which this address was reached.
fn leads_to(listening: SocketAddr, reached: SocketAddr, host: &str, port: u16) -> bool {
    if port != reached.port() {
        return false;
    }
    let listening = listening.ip();
    let loopback = listening.is_loopback() || listening.is_unspecified();
    if let Some(asked) = address(host) {
        return asked == reached.ip().to_canonical()
            || asked.is_unspecified()
            || (asked.is_loopback() && listening.is_unspecified());
    }
    loopback && is_loopback(host)
}

/// Whether what is passed on to `upstream` comes back to the listener at this address.
pub fn is_circle(listening: SocketAddr, upstream: &Origin) -> bool {
    leads_to(listening, listening, upstream.host(), upstream.port())
}

/// The user name of `Proxy-Authorization: Basic` (RFC 7617); whatever the password is.
pub(super) fn proxy_user(headers: &HeaderMap) -> Option<Arc<str>> {
    let value = headers.get(header::PROXY_AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credentials) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let plain = BASE64.decode(credentials.trim().as_bytes()).ok()?;
    let plain = String::from_utf8(plain).ok()?;
    let user = plain.split(':').next().unwrap_or_default();
    (!user.is_empty() && user.len() <= LONGEST_USER).then(|| user.into())
}

/// The answer to a CONNECT that is not let through. Its reason goes into the status line too: that is all that clients
/// show of such an answer.
pub(super) fn refused(error: Error) -> Reply {
    let reason = ReasonPhrase::try_from(error.to_string()).ok();
    let mut reply = error.into_reply();
    if let Some(reason) = reason {
        reply.extensions_mut().insert(reason);
    }
    reply
}

/// What CONNECT names: a host and a port, both needed.
fn target(head: &Parts) -> Result<(&str, u16), Error> {
    let named = head.uri.authority().and_then(host_and_port);
    named
        .and_then(|(host, port)| Some((host, port.filter(|port| *port > 0)?)))
        .ok_or_else(|| Error::BadTarget(format!("CONNECT {} is not CONNECT HOST:PORT", head.uri)))
}

impl<H: Handler> Server<H> {
    /// Answers CONNECT: what is allowed is opened and served, what is not is refused or let through unread.
    pub(super) async fn connect(
        self: &Arc<Self>,
        forward: &Forward,
        authority: &Arc<Authority>,
        head: &Parts,
        client: Option<OnUpgrade>,
        way: Way,
    ) -> Result<Reply, Error> {
        // HTTP/2 has CONNECT too, and no connection that could be taken over.
        let client = client.filter(|_| head.version < Version::HTTP_2).ok_or(Error::ConnectOverHttp2)?;
        let (host, port) = target(head)?;
        let ours = is_ours(self, &way, host, port);
        if !ours && !forward.allows(host, port) {
            if !forward.tunnel_others {
                return Err(Error::NotAllowed(host.to_owned(), port));
            }
            let stream = self.dial(host, port).await?;
            self.let_through(client, stream);
            return Ok(Reply::new(Body::Empty));
        }
        let (session, local, by_reset) = (way.session.or_else(|| self.user(head)), way.local, way.by_reset);
        let (server, authority, host) = (Arc::clone(self), Arc::clone(authority), host.to_owned());
        self.connections.spawn(async move {
            let Ok(io) = upgraded(client).await else { return };
            server.opened(io, authority, Connect { host, port, ours, session, local, by_reset }).await;
        });
        Ok(Reply::new(Body::Empty))
    }

    /// Joins a client to a host that nobody looks at.
    fn let_through(&self, client: OnUpgrade, mut stream: TcpStream) {
        let shutdown = self.shutdown.clone();
        self.connections.spawn(async move {
            if let Ok(mut client) = upgraded(client).await {
                join(&mut client, &mut stream, &shutdown).await;
            }
        });
    }

    async fn dial(&self, host: &str, port: u16) -> Result<TcpStream, Error> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let limit = self.settings.limits.handshake_timeout;
        let stream = tokio::time::timeout(limit, TcpStream::connect((bare, port)))
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .map_err(|error| Error::Unreached(format!("{host}:{port}"), error))?;
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }
}
