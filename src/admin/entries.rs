//! The journal on the admin address.

use std::time::Duration;

use ::http::StatusCode;
use serde_json::{Value, json};

use super::Admin;
use crate::clock::{parse_rfc3339, rfc3339};
use crate::error::Error;
use crate::http::query_pairs;
use crate::journal::{Entry, Journal, OUTCOMES, Page, Query};

/// What may be asked for.
const PARAMETERS: &str =
    "session=NAME, outcome=OUTCOME (more than one with commas), since=N or since=TIME (RFC 3339), limit=N";

impl Admin {
    pub(super) fn entries(&self, query: Option<&str>) -> Result<Value, Error> {
        let Page { entries, latest } = self.journal()?.read(&parsed(query.unwrap_or_default())?);
        let entries: Vec<_> = entries.iter().map(shown).collect();
        Ok(json!({ "latest": latest, "entries": entries }))
    }

    pub(super) fn forget(&self) -> Result<Value, Error> {
        Ok(json!({ "forgotten": self.journal()?.clear() }))
    }

    fn journal(&self) -> Result<&Journal, Error> {
        self.proxy.journal().filter(|journal| journal.is_kept()).ok_or_else(|| {
            Error::Refused(StatusCode::NOT_FOUND, "no journal is kept: --journal is 0".to_owned())
        })
    }
}

fn parsed(query: &str) -> Result<Query, Error> {
    let mut parsed = Query::default();
    for (name, value) in query_pairs(query) {
        let bad = |problem: &str| {
            let what = format!("{}={} {problem}", name.escape_debug(), value.escape_debug());
            Error::Refused(StatusCode::BAD_REQUEST, format!("{what}; there are {PARAMETERS}"))
        };
        match &*name {
            "session" => parsed.session = Some(value),
            "outcome" => {
                for outcome in value.split(',') {
                    let known = OUTCOMES.into_iter().find(|own| *own == outcome);
                    parsed
                        .outcomes
                        .push(known.ok_or_else(|| bad(&format!("is none of {}", OUTCOMES.join(", "))))?);
                }
            }
            "since" => match (value.parse(), parse_rfc3339(&value)) {
                (Ok(after), _) => parsed.after = Some(after),
                (_, Ok(from)) => parsed.from = Some(from),
                _ => return Err(bad("is neither an entry's number nor a time")),
            },
            "limit" => parsed.limit = Some(value.parse().map_err(|_| bad("is no number"))?),
            _ => return Err(bad("is not known")),
        }
    }
    Ok(parsed)
}

fn shown(entry: &Entry) -> Value {
    let (cassette, interaction) =
        entry.recording.as_ref().map(|(name, number)| (&**name, number + 1)).unzip();
    let scripts = entry
        .scripts
        .iter()
        .map(|own| json!({ "scenario": own.scenario, "handler": own.handler, "effects": own.effects }));
    let mut shown = json!({
        "n": entry.n,
        "at": rfc3339(entry.at),
        "session": entry.session.as_deref(),
        "method": entry.method.as_str(),
        "target": entry.target,
        "status": entry.status.map(|status| status.as_u16()),
        "outcome": entry.outcome,
        "cassette": cassette,
        // Counted from 1, as miss reports do.
        "interaction": interaction,
        "took_ms": millis(entry.took),
    });
    if !entry.scripts.is_empty() {
        shown["scenarios"] = scripts.collect();
    }
    shown
}

/// Milliseconds with three decimals.
fn millis(took: Duration) -> f64 {
    let micros = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
    f64::from(micros) / 1000.0
}
