//! Scenarios on the admin address: what is played, by all sessions or by one, and what came of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use ::http::StatusCode;
use serde_json::{Value, json};

use super::sessions::unknown;
use super::{Admin, asked_by};
use crate::error::Error;
use crate::http::Request;
use crate::proxy::Scenarios;
use crate::replay::check_session_name;
use crate::scenario::{Choice, Scenario, Setting};

const SHAPE: &str = r#"write {"scenarios": ["NAME"], "set": {"NAME.PARAMETER": VALUE}}"#;

/// Scenarios that are to be played.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    scenarios: Vec<String>,
    #[serde(default)]
    set: Settings,
}

/// Parameters, by name.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(transparent)]
pub(super) struct Settings(BTreeMap<String, Value>);

impl Settings {
    /// Refuses any where no scenarios are named beside them.
    pub(super) fn none(&self) -> Result<(), Error> {
        if self.0.is_empty() { Ok(()) } else { Err(refused(&"`set` is for `scenarios`, and there are none")) }
    }

    fn parsed(&self) -> Result<Vec<Setting>, Error> {
        let parsed = self.0.iter().map(|(name, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            Setting::parse(&format!("{name}={value}"))
        });
        parsed.collect::<Result<_, _>>().map_err(|error| refused(&error))
    }

    /// What a session chooses.
    pub(super) fn choice(&self, names: Vec<String>) -> Result<Choice, Error> {
        Ok(Choice::new(names, self.parsed()?))
    }
}

fn refused(error: &dyn std::fmt::Display) -> Error {
    Error::Refused(StatusCode::BAD_REQUEST, error.to_string())
}

impl Admin {
    fn scripts(&self) -> Result<Arc<Scenarios>, Error> {
        let none = || Error::Refused(StatusCode::NOT_FOUND, "no scenarios are played here".to_owned());
        self.proxy.scenarios().ok_or_else(none)
    }

    /// A choice, once it is known that it can be played.
    pub(super) fn playable(&self, choice: Choice) -> Result<Arc<Choice>, Error> {
        self.scripts()?.playable(choice).map_err(|error| match error {
            Error::Choice(why) => refused(&why),
            Error::Script(error) => refused(&error),
            other => other,
        })
    }

    /// What is played, what there is to play, and what came of it.
    pub(super) fn scenarios(&self) -> Result<Value, Error> {
        let scenarios = self.scripts()?;
        let available = scenarios
            .library()
            .iter()
            .map(|source| json!({ "name": source.name, "path": source.path, "shipped": source.shipped }));
        Ok(json!({
            "active": scenarios.names(),
            "seed": scenarios.seed(),
            "scenarios": scenarios.common().scenarios().iter().map(|own| shown(own)).collect::<Vec<_>>(),
            "handlers": scenarios.report(),
            "available": available.collect::<Vec<_>>(),
        }))
    }

    /// Has all sessions that choose nothing play other scenarios.
    pub(super) async fn activate(&self, request: Request) -> Result<Value, Error> {
        let Wanted { scenarios: names, set } = asked_by(request, SHAPE).await?;
        let settings = set.parsed()?;
        self.proxy.change(|loaded| -> Result<_, Error> {
            let now = loaded.scenarios.as_ref().ok_or_else(|| refused(&"no scenarios are played here"))?;
            let made = now.reloaded(Arc::clone(now.library()), &names, &settings, now.options().clone());
            Ok((loaded.player.clone(), Some(Arc::new(made.map_err(|error| refused(&error))?))))
        })?;
        tracing::info!("all sessions play: {}", listed(&names));
        self.scenarios()
    }

    /// What one session plays.
    pub(super) fn session_scenarios(&self, name: &str) -> Result<Value, Error> {
        let session = self.proxy.sessions().find(name).ok_or_else(|| unknown(name))?;
        let chosen = session.scripts.choice();
        let names = match &chosen {
            Some(choice) => choice.names().to_vec(),
            None => self.scripts()?.names().to_vec(),
        };
        Ok(json!({ "session": &*session.name(), "scenarios": names, "chosen": chosen.is_some() }))
    }

    /// Has one session, made if there is none of this name, play scenarios of its own.
    pub(super) async fn choose(&self, name: &str, request: Request) -> Result<Value, Error> {
        check_session_name(name)?;
        let Wanted { scenarios: names, set } = asked_by(request, SHAPE).await?;
        let choice = self.playable(set.choice(names)?)?;
        let session = self.proxy.sessions().get(name);
        tracing::info!("session {name} plays: {}", listed(choice.names()));
        session.scripts.choose(Some(choice));
        self.session_scenarios(name)
    }

    /// Has one session play what all play.
    pub(super) fn choose_none(&self, name: &str) -> Result<Value, Error> {
        let session = self.proxy.sessions().find(name).ok_or_else(|| unknown(name))?;
        session.scripts.choose(None);
        self.session_scenarios(name)
    }
}

fn shown(scenario: &Scenario) -> Value {
    json!({
        "name": scenario.name,
        "title": scenario.title,
        "path": scenario.path(),
        "shipped": scenario.is_shipped(),
        "parameters": scenario.parameters(),
    })
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "no scenario".to_owned() } else { names.join(", ") }
}
