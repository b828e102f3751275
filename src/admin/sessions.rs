//! Sessions on the admin address.

use std::sync::Arc;

use ::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::scenarios::Settings;
use super::{Admin, asked_by};
use crate::clock::rfc3339;
use crate::error::Error;
use crate::http::Request;
use crate::replay::{DEFAULT_SESSION, Session, SessionView, check_session_name};

/// What a new session is to be.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Wanted {
    name: Option<String>,
    cassette: Option<String>,
    scenarios: Option<Vec<String>>,
    set: Settings,
}

const SHAPE: &str =
    r#"write {"name": "NAME", "cassette": "NAME", "scenarios": ["NAME"]}, each of which may be left out"#;

impl Admin {
    pub(super) fn sessions(&self) -> Value {
        let views = match self.proxy.player() {
            Some(player) => player.views(),
            None => self.proxy.sessions().views(),
        };
        json!({ "sessions": views.iter().map(|view| self.shown(view)).collect::<Vec<_>>() })
    }

    pub(super) fn session(&self, name: &str) -> Result<Value, Error> {
        let view = match self.proxy.player() {
            Some(player) => player.view(name),
            None => self.proxy.sessions().view(name),
        };
        Ok(self.shown(&view.ok_or_else(|| unknown(name))?))
    }

    /// Makes a session with a port of its own.
    pub(super) async fn create(&self, request: Request) -> Result<Value, Error> {
        let Wanted { name, cassette, scenarios, set } = asked_by(request, SHAPE).await?;
        if let Some(name) = &name {
            check_session_name(name)?;
        }
        if scenarios.is_none() {
            set.none()?;
        }
        let choice = scenarios.map(|names| set.choice(names).and_then(|choice| self.playable(choice)));
        let choice = choice.transpose()?;
        let port = self.ports.take().await?;
        let session = self.made(name.as_deref(), cassette.as_deref())?;
        session.scripts.choose(choice);
        let name = session.name();
        let url = self.ports.open(port, &self.proxy, session)?;
        tracing::info!("session {name} has a port of its own: {url}");
        Ok(json!({ "name": &*name, "url": url }))
    }

    fn made(&self, name: Option<&str>, cassette: Option<&str>) -> Result<Arc<Session>, Error> {
        let loaded: Vec<String> = match self.proxy.player() {
            Some(player) => player.cassette_sizes().into_iter().map(|(name, _)| name).collect(),
            None => Vec::new(),
        };
        if let Some(asked) = cassette.filter(|asked| !loaded.iter().any(|own| own == asked)) {
            let what = format!("no cassette named `{}` is loaded", asked.escape_debug());
            return Err(Error::Refused(
                StatusCode::BAD_REQUEST,
                format!("{what}; there are: {}", loaded.join(", ")),
            ));
        }
        self.proxy.sessions().create(name, cassette.map(Into::into)).ok_or_else(|| {
            let name = name.unwrap_or_default();
            let what = format!("there is a session `{name}` already; choose another name");
            Error::Refused(StatusCode::CONFLICT, what)
        })
    }

    pub(super) fn end(&self, name: &str, path: &str) -> Result<Value, Error> {
        if name == DEFAULT_SESSION {
            let what = "the default session cannot be ended; POST /__overdub/sessions/default/reset starts it afresh";
            return Err(Error::Refused(StatusCode::CONFLICT, what.to_owned()));
        }
        if !self.proxy.sessions().remove(name) {
            return Err(unknown(name));
        }
        self.ports.close(name);
        self.log_afresh(Method::DELETE, path, Some(name));
        Ok(json!({ "ended": name }))
    }

    pub(super) fn reset(&self, name: &str, path: &str) -> Result<Value, Error> {
        let session = self.proxy.sessions().find(name).ok_or_else(|| unknown(name))?;
        session.reset();
        self.log_afresh(Method::POST, path, Some(name));
        tracing::info!("what was played starts afresh for: {name}");
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
        if let Some(scenarios) = &view.scenarios {
            shown["scenarios"] = scenarios.as_str().into();
        }
        if let Some(pinned) = &view.pinned {
            shown["cassette"] = pinned.as_str().into();
        }
        if let Some(url) = self.ports.url(&view.name) {
            shown["url"] = url.into();
        }
        shown
    }
}

pub(super) fn unknown(name: &str) -> Error {
    let what = format!("there is no session `{}`; GET /__overdub/sessions lists them", name.escape_debug());
    Error::Refused(StatusCode::NOT_FOUND, what)
}
