//! What overdub answers for itself on the address that it proxies on: `/__overdub/…`.

use ::http::{Method, StatusCode};
use serde_json::json;

use super::Proxy;
use crate::error::{Error, own_reply, own_reply_pretty};
use crate::http::{Reply, Request, query_pairs};
use crate::replay::check_session_name;

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
        match path {
            "/__overdub/reset" if method == Method::POST => self.reset(request),
            "/__overdub/reset" => Err(Error::WrongMethod(asked(), "POST")),
            "/__overdub/health" if matches!(*method, Method::GET | Method::HEAD) => {
                Ok(own_reply_pretty(StatusCode::OK, &self.health()))
            }
            "/__overdub/health" => Err(Error::WrongMethod(asked(), "GET, HEAD")),
            _ => Err(Error::NoSuchEndpoint(
                asked(),
                "; there are POST /__overdub/reset and GET /__overdub/health (--admin ADDR gives the others)",
            )),
        }
    }

    /// Starts afresh the session that `?session=` or the request itself names; without either, all of them.
    fn reset(&self, request: &Request) -> Result<Reply, Error> {
        let sessions = self.sessions();
        let mut asked = query_pairs(request.head.uri.query().unwrap_or_default());
        let name = match asked.find(|(name, _)| name == "session") {
            Some((_, name)) => Some(name),
            None => sessions.name_of(request)?,
        };
        let reset = if let Some(name) = name {
            check_session_name(&name)?;
            sessions.reset_one(&name);
            vec![name]
        } else {
            sessions.reset();
            sessions.views().iter().map(|session| session.name.to_string()).collect()
        };
        match &reset[..] {
            [only] => tracing::info!("what was played starts afresh for: {only}"),
            all => tracing::info!("what was played starts afresh for all sessions: {}", all.len()),
        }
        Ok(own_reply(StatusCode::OK, "reset", &json!({ "reset": reset })))
    }
}
