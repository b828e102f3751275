//! Sessions on the admin address.

use ::http::StatusCode;
use serde_json::{Value, json};

use super::Admin;
use crate::clock::rfc3339;
use crate::error::Error;
use crate::http::Request;
use crate::replay::{DEFAULT_SESSION, NoSession, SessionView, check_session_name};

/// Largest body that asks for a session, in bytes.
const LARGEST: usize = 64 * 1024;

/// What a new session is to be.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Wanted {
    name: Option<String>,
    cassette: Option<String>,
}

impl Wanted {
    async fn of(mut request: Request) -> Result<Self, Error> {
        let body = std::mem::take(&mut request.body).read(LARGEST).await.map_err(Error::RequestBroken)?;
        let too_large = || format!("the body asks for no session: it is larger than {LARGEST} bytes");
        let bytes = body.map_err(|_| Error::Refused(StatusCode::PAYLOAD_TOO_LARGE, too_large()))?.data;
        if bytes.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        serde_json::from_slice(&bytes).map_err(|error| {
            let shape = r#"write {"name": "NAME", "cassette": "NAME"}, either of which may be left out"#;
            Error::Refused(StatusCode::BAD_REQUEST, format!("the body asks for no session: {error}; {shape}"))
        })
    }
}

impl Admin {
    pub(super) fn sessions(&self) -> Result<Value, Error> {
        let views = self.player()?.views();
        Ok(json!({ "sessions": views.iter().map(|view| self.shown(view)).collect::<Vec<_>>() }))
    }

    pub(super) fn session(&self, name: &str) -> Result<Value, Error> {
        let view = self.player()?.view(name).ok_or_else(|| unknown(name))?;
        Ok(self.shown(&view))
    }

    /// Makes a session with a port of its own.
    pub(super) async fn create(&self, request: Request) -> Result<Value, Error> {
        let player = self.player()?;
        let Wanted { name, cassette } = Wanted::of(request).await?;
        if let Some(name) = &name {
            check_session_name(name)?;
        }
        let port = self.ports.take().await?;
        let session =
            player.create_session(name.as_deref(), cassette.as_deref()).map_err(|why| match why {
                NoSession::NoSuchCassette => {
                    let loaded: Vec<_> = player.cassette_sizes().into_iter().map(|(name, _)| name).collect();
                    let asked = cassette.unwrap_or_default();
                    let what = format!("no cassette named `{}` is loaded", asked.escape_debug());
                    Error::Refused(
                        StatusCode::BAD_REQUEST,
                        format!("{what}; there are: {}", loaded.join(", ")),
                    )
                }
                NoSession::Exists | NoSession::Unknown => {
                    let name = name.unwrap_or_default();
                    let what = format!("there is a session `{name}` already; choose another name");
                    Error::Refused(StatusCode::CONFLICT, what)
                }
            })?;
        let name = session.name();
        let url = self.ports.open(port, &self.proxy, session)?;
        tracing::info!("session {name} has a port of its own: {url}");
        Ok(json!({ "name": &*name, "url": url }))
    }

    pub(super) fn end(&self, name: &str) -> Result<Value, Error> {
        if name == DEFAULT_SESSION {
            let what = "the default session cannot be ended; POST /__overdub/sessions/default/reset starts it afresh";
            return Err(Error::Refused(StatusCode::CONFLICT, what.to_owned()));
        }
        self.player()?.end_session(name).map_err(|_| unknown(name))?;
        self.ports.close(name);
        Ok(json!({ "ended": name }))
    }

    pub(super) fn reset(&self, name: &str) -> Result<Value, Error> {
        let player = self.player()?;
        player.view(name).ok_or_else(|| unknown(name))?;
        player.reset_session(name);
        tracing::info!("the recordings start afresh for: {name}");
        Ok(json!({ "reset": [name] }))
    }

    fn shown(&self, view: &SessionView) -> Value {
        let cassettes = view
            .cassettes
            .iter()
            .map(|own| json!({ "name": own.name, "used": own.used, "total": own.total }));
        let mut shown = json!({
            "name": &*view.name,
            "created": rfc3339(view.created),
            "last_used": rfc3339(view.used),
            "requests": view.tally.answered + view.tally.missed + view.tally.failed,
            "answered": view.tally.answered,
            "misses": view.tally.missed,
            "cassettes": cassettes.collect::<Vec<_>>(),
        });
        if let Some(pinned) = &view.pinned {
            shown["cassette"] = pinned.as_str().into();
        }
        if let Some(url) = self.ports.url(&view.name) {
            shown["url"] = url.into();
        }
        shown
    }
}

fn unknown(name: &str) -> Error {
    let what = format!("there is no session `{}`; GET /__overdub/sessions lists them", name.escape_debug());
    Error::Refused(StatusCode::NOT_FOUND, what)
}
