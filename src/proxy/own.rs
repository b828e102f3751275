//! What overdub answers for itself on the address that it proxies on: `/__overdub/…`.

use ::http::{Method, StatusCode};
use serde_json::json;

use super::Proxy;
use crate::error::{Error, own_reply, own_reply_pretty};
use crate::http::{Reply, Request, query_pairs};
use crate::replay::{Player, check_session_name};

/// Paths that are overdub's own.
const OWN: &str = "/__overdub";

/// Whether a path is overdub's own.
pub(super) fn is_own(path: &str) -> bool {
    path.strip_prefix(OWN).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Proxy {
    /// What overdub answers for itself.
    pub(super) fn own(&self, request: &Request) -> Result<Reply, Error> {
        let (method, path) = (&request.head.method, request.head.uri.path());
        let asked = || format!("{method} {path}");
        match (path, self.player().as_deref()) {
            ("/__overdub/reset", Some(player)) if method == Method::POST => reset(player, request),
            ("/__overdub/reset", Some(_)) => Err(Error::WrongMethod(asked(), "POST")),
            ("/__overdub/health", _) if matches!(*method, Method::GET | Method::HEAD) => {
                Ok(own_reply_pretty(StatusCode::OK, &self.health()))
            }
            ("/__overdub/health", _) => Err(Error::WrongMethod(asked(), "GET, HEAD")),
            (_, Some(_)) => Err(Error::NoSuchEndpoint(
                asked(),
                "; there are POST /__overdub/reset and GET /__overdub/health (--admin ADDR gives the others)",
            )),
            (_, None) => Err(Error::NoSuchEndpoint(
                asked(),
                "; there is GET /__overdub/health, and no recording to reset",
            )),
        }
    }
}

/// Starts afresh the session that `?session=` or the request itself names; without either, all of them.
fn reset(player: &Player, request: &Request) -> Result<Reply, Error> {
    let mut asked = query_pairs(request.head.uri.query().unwrap_or_default());
    let name = match asked.find(|(name, _)| name == "session") {
        Some((_, name)) => Some(name),
        None => player.session_name(request)?,
    };
    let reset = if let Some(name) = name {
        check_session_name(&name)?;
        player.reset_session(&name);
        vec![name]
    } else {
        player.reset();
        player.views().iter().map(|session| session.name.to_string()).collect()
    };
    match &reset[..] {
        [only] => tracing::info!("the recordings start afresh for: {only}"),
        all => tracing::info!("the recordings start afresh for all sessions: {}", all.len()),
    }
    Ok(own_reply(StatusCode::OK, "reset", &json!({ "reset": reset })))
}
