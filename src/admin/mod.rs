//! The admin address: sessions made, looked at, reset and ended; the journal; the health of a proxy.
//!
//! A listener of its own, on loopback only, so that what clients talk to needs no such powers. It answers JSON, and
//! errors in the shape of all of overdub's own.

mod entries;
mod guard;
mod ports;
mod sessions;

use std::sync::Arc;

use ::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::Proxy;
use crate::error::{Error, own_reply_pretty};
use crate::http::{Reply, Request, percent_decoded};
use crate::replay::Player;
use crate::server::Handler;
pub use ports::Ports;

/// What there is, for those who ask for something else.
const ENDPOINTS: &str = "; there are:\n\
    GET /__overdub/health\n\
    GET, POST /__overdub/sessions\n\
    GET, DELETE /__overdub/sessions/NAME\n\
    POST /__overdub/sessions/NAME/reset\n\
    POST /__overdub/reset\n\
    GET, DELETE /__overdub/journal";

/// Who answers on the admin address.
#[derive(Debug)]
pub struct Admin {
    proxy: Arc<Proxy>,
    ports: Ports,
}

/// What is asked for.
#[derive(Debug)]
enum Endpoint {
    Health,
    Sessions,
    Session(String),
    ResetSession(String),
    Reset,
    Journal,
}

impl Endpoint {
    fn of(path: &str) -> Option<Self> {
        let segments: Vec<&str> = path.strip_prefix("/__overdub/")?.split('/').collect();
        let name = |text: &str| String::from_utf8_lossy(&percent_decoded(text.as_bytes())).into_owned();
        Some(match segments.as_slice() {
            ["health"] => Self::Health,
            ["sessions"] => Self::Sessions,
            ["sessions", session] if !session.is_empty() => Self::Session(name(session)),
            ["sessions", session, "reset"] if !session.is_empty() => Self::ResetSession(name(session)),
            ["reset"] => Self::Reset,
            ["journal"] => Self::Journal,
            _ => return None,
        })
    }

    /// The methods that it takes, as the header `Allow` lists them.
    fn methods(&self) -> &'static str {
        match self {
            Self::Health => "GET, HEAD",
            Self::Sessions => "GET, HEAD, POST",
            Self::Session(_) | Self::Journal => "GET, HEAD, DELETE",
            Self::ResetSession(_) | Self::Reset => "POST",
        }
    }
}

impl Admin {
    /// Looks after `proxy`, whose sessions get ports of their own from `ports`.
    pub fn new(proxy: Arc<Proxy>, ports: Ports) -> Self {
        Self { proxy, ports }
    }

    /// Completes when the ports of all sessions are closed, after they were told to.
    pub async fn closed(&self) {
        self.ports.closed().await;
    }

    async fn answer(&self, request: Request) -> Result<Reply, Error> {
        guard::check(&request)?;
        let (method, path) = (request.head.method.clone(), request.head.uri.path().to_owned());
        let asked = || format!("{method} {path}");
        let endpoint = Endpoint::of(&path).ok_or_else(|| Error::NoSuchEndpoint(asked(), ENDPOINTS))?;
        let method = if method == Method::HEAD { Method::GET } else { method.clone() };
        let body = match (&endpoint, method) {
            (Endpoint::Health, Method::GET) => self.proxy.health(),
            (Endpoint::Sessions, Method::GET) => self.sessions()?,
            (Endpoint::Sessions, Method::POST) => {
                return Ok(own_reply_pretty(StatusCode::CREATED, &self.create(request).await?));
            }
            (Endpoint::Session(name), Method::GET) => self.session(name)?,
            (Endpoint::Session(name), Method::DELETE) => self.end(name)?,
            (Endpoint::ResetSession(name), Method::POST) => self.reset(name)?,
            (Endpoint::Reset, Method::POST) => self.reset_all()?,
            (Endpoint::Journal, Method::GET) => self.entries(request.head.uri.query())?,
            (Endpoint::Journal, Method::DELETE) => self.forget()?,
            _ => return Err(Error::WrongMethod(asked(), endpoint.methods())),
        };
        Ok(own_reply_pretty(StatusCode::OK, &body))
    }

    /// The player, where recordings answer.
    fn player(&self) -> Result<Arc<Player>, Error> {
        self.proxy.player().ok_or_else(|| {
            Error::Refused(StatusCode::NOT_FOUND, "there are no sessions: no recording is played".to_owned())
        })
    }

    fn reset_all(&self) -> Result<Value, Error> {
        let player = self.player()?;
        player.reset();
        let names: Vec<_> = player.views().iter().map(|session| session.name.to_string()).collect();
        tracing::info!("the recordings start afresh for: {}", names.join(", "));
        Ok(json!({ "reset": names }))
    }
}

impl Handler for Admin {
    async fn handle(&self, request: Request) -> Reply {
        self.answer(request).await.unwrap_or_else(Error::into_reply)
    }
}
