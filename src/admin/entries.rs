//! The journal on the admin address.

use ::http::StatusCode;
use serde_json::{Value, json};

use super::Admin;
use crate::clock::parse_rfc3339;
use crate::error::Error;
use crate::http::query_pairs;
use crate::journal::{Journal, OUTCOMES, Page, Query, shown};

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
