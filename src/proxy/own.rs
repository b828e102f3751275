//! What overdub answers for itself on the address that it proxies on: `/__overdub/…`.

use ::http::{Method, StatusCode};
use serde_json::json;

use super::{Mode, Proxy};
use crate::error::{Error, own_reply};
use crate::http::{Reply, Request, query_value};
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
        match (&self.mode, path) {
            (Mode::Replay(player), "/__overdub/reset") if method == Method::POST => reset(player, request),
            (Mode::Replay(_), "/__overdub/reset") => {
                Err(Error::WrongMethod(format!("{method} {path}"), "POST"))
            }
            (Mode::Replay(_), _) => {
                Err(Error::NoSuchEndpoint(format!("{method} {path}"), "; there is POST /__overdub/reset"))
            }
            (Mode::Record(_), _) => {
                Err(Error::NoSuchEndpoint(format!("{method} {path}"), " while it records"))
            }
            (Mode::Passthrough(_), _) => {
                Err(Error::NoSuchEndpoint(format!("{method} {path}"), " while it passes requests on"))
            }
        }
    }
}

/// Starts afresh the session that `?session=` or the request itself names; without either, all of them.
fn reset(player: &Player, request: &Request) -> Result<Reply, Error> {
    let name = match query_value(request.head.uri.query(), "session") {
        Some(name) => Some(name),
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
    tracing::info!("the recordings start afresh for: {}", reset.join(", "));
    Ok(own_reply(StatusCode::OK, "reset", &json!({ "reset": reset })))
}
