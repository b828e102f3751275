//! The admin address: sessions made, looked at, reset and ended; the journal; the health of a proxy.
//!
//! A listener of its own, on loopback only, so that what clients talk to needs no such powers. It answers JSON, and
//! errors in the shape of all of overdub's own.

mod entries;
mod guard;
mod ports;
mod scenarios;
mod sessions;

use std::sync::Arc;

use ::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::Proxy;
use crate::error::{Error, own_reply_pretty};
use crate::http::{Reply, Request, percent_decoded};
use crate::server::Handler;
pub use ports::Ports;

/// Largest body that asks for something, in bytes.
const LARGEST: usize = 64 * 1024;

/// What there is, for those who ask for something else.
const ENDPOINTS: &str = "; there are:\n\
    GET /__overdub/health\n\
    GET, POST /__overdub/sessions\n\
    GET, DELETE /__overdub/sessions/NAME\n\
    GET, PUT, DELETE /__overdub/sessions/NAME/scenarios\n\
    POST /__overdub/sessions/NAME/reset\n\
    POST /__overdub/reset\n\
    GET, PUT /__overdub/scenarios\n\
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
    SessionScenarios(String),
    Scenarios,
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
            ["sessions", session, "scenarios"] if !session.is_empty() => {
                Self::SessionScenarios(name(session))
            }
            ["scenarios"] => Self::Scenarios,
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
            Self::SessionScenarios(_) => "GET, HEAD, PUT, DELETE",
            Self::Scenarios => "GET, HEAD, PUT",
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
            (Endpoint::Sessions, Method::GET) => self.sessions(),
            (Endpoint::Sessions, Method::POST) => {
                return Ok(own_reply_pretty(StatusCode::CREATED, &self.create(request).await?));
            }
            (Endpoint::Scenarios, Method::GET) => self.scenarios()?,
            (Endpoint::Scenarios, Method::PUT) => self.activate(request).await?,
            (Endpoint::SessionScenarios(name), Method::GET) => self.session_scenarios(name)?,
            (Endpoint::SessionScenarios(name), Method::PUT) => self.choose(name, request).await?,
            (Endpoint::SessionScenarios(name), Method::DELETE) => self.choose_none(name)?,
            (Endpoint::Session(name), Method::GET) => self.session(name)?,
            (Endpoint::Session(name), Method::DELETE) => self.end(name, &path)?,
            (Endpoint::ResetSession(name), Method::POST) => self.reset(name, &path)?,
            (Endpoint::Reset, Method::POST) => self.reset_all(&path),
            (Endpoint::Journal, Method::GET) => self.entries(request.head.uri.query())?,
            (Endpoint::Journal, Method::DELETE) => self.forget()?,
            _ => return Err(Error::WrongMethod(asked(), endpoint.methods())),
        };
        Ok(own_reply_pretty(StatusCode::OK, &body))
    }

    fn reset_all(&self, path: &str) -> Value {
        let sessions = self.proxy.sessions();
        sessions.reset();
        self.log_afresh(Method::POST, path, None);
        let names: Vec<_> = sessions.views().iter().map(|session| session.name.to_string()).collect();
        tracing::info!("what was played starts afresh for: {}", names.join(", "));
        json!({ "reset": names })
    }

    /// Has the session log say that what came before counts no more for a session, or for all of them.
    fn log_afresh(&self, method: Method, path: &str, session: Option<&str>) {
        if let Some(journal) = self.proxy.journal() {
            journal.log_afresh(method, path, session);
        }
    }
}

/// The JSON that a request asks by, `{}` if it has no body.
async fn asked_by<T: serde::de::DeserializeOwned>(mut request: Request, shape: &str) -> Result<T, Error> {
    let body = std::mem::take(&mut request.body).read(LARGEST).await.map_err(Error::RequestBroken)?;
    let too_large = || format!("the body is larger than {LARGEST} bytes; {shape}");
    let bytes = body.map_err(|_| Error::Refused(StatusCode::PAYLOAD_TOO_LARGE, too_large()))?.data;
    let text = if bytes.trim_ascii().is_empty() { b"{}" } else { &bytes[..] };
    serde_json::from_slice(text).map_err(|error| {
        Error::Refused(StatusCode::BAD_REQUEST, format!("the body asks for nothing: {error}; {shape}"))
    })
}

impl Handler for Admin {
    async fn handle(&self, request: Box<Request>) -> Reply {
        self.answer(*request).await.unwrap_or_else(Error::into_reply)
    }
}
