//! A session log that a proxy wrote, read back.

use std::path::Path;

use bytes::Bytes;
use serde::Deserialize;

use super::asked::Asked;
use super::file;
use crate::http::CASSETTE;

/// Largest session log that is read, in bytes.
const LARGEST: u64 = 512 * 1024 * 1024;

/// A line: what `overdub explain` needs of it.
#[derive(Debug, Deserialize)]
pub(super) struct Line {
    pub(super) n: u64,
    pub(super) session: Option<String>,
    method: String,
    pub(super) target: String,
    pub(super) outcome: String,
    cassette: Option<String>,
    interaction: Option<usize>,
    request: Option<Sent>,
}

#[derive(Debug, Deserialize)]
struct Sent {
    client: String,
    cassette: Option<String>,
    #[serde(default)]
    conditional: bool,
    body: Option<String>,
    body_bytes: usize,
}

impl Line {
    /// The recording that answered: its cassette's name, and its number from 0.
    pub(super) fn recording(&self) -> Option<(&str, usize)> {
        Some((self.cassette.as_deref()?, self.interaction?.checked_sub(1)?))
    }

    /// The origin that a forward proxy was asked for stands before the target.
    pub(super) fn is_forwarded(&self) -> bool {
        !self.target.starts_with('/')
    }

    /// Whether it started a session afresh: `POST /__overdub/reset` for this one, or for all of them, or what the admin
    /// address was asked for: `POST /__overdub/sessions/NAME/reset`, `DELETE /__overdub/sessions/NAME`.
    pub(super) fn resets(&self, session: &str) -> bool {
        if self.outcome == "own" && self.target.starts_with("/__overdub/sessions/") {
            return self.session.as_deref() == Some(session);
        }
        let Some(query) = self.target.strip_prefix("/__overdub/reset").filter(|_| self.method == "POST")
        else {
            return false;
        };
        let named = crate::http::query_pairs(query.strip_prefix('?').unwrap_or(query));
        let named = named.into_iter().find(|(name, _)| name == "session").map(|(_, name)| name);
        named.or_else(|| self.session.clone()).is_none_or(|own| own == session)
    }

    /// What was asked, as far as the log tells, and what it does not tell.
    pub(super) fn asked(&self) -> Result<(Asked, Option<String>), String> {
        let Some(sent) = &self.request else {
            return Ok((Asked::new(&self.method, &self.target)?, None));
        };
        let url =
            if self.is_forwarded() { self.target.clone() } else { format!("{}{}", sent.client, self.target) };
        let mut asked = Asked::new(&self.method, &url)?;
        if let Some(cassette) = &sent.cassette {
            asked.header(CASSETTE.as_str(), cassette)?;
        }
        if sent.conditional {
            asked.header("if-none-match", "\"as-it-was-sent\"")?;
        }
        asked.body =
            sent.body.as_ref().map(|body| Bytes::copy_from_slice(body.as_bytes())).unwrap_or_default();
        let note = match &sent.body {
            Some(_) => "secret and personal values are not in the session log: stand-ins numbered from 9001 take their \
                        place, and are not compared"
                .to_owned(),
            None if sent.body_bytes > 0 => format!(
                "its body ({} bytes) is not in the session log: it is no text, or too large; give the request itself",
                sent.body_bytes
            ),
            None => return Ok((asked, None)),
        };
        Ok((asked, Some(note)))
    }
}

/// The lines of a session log. A last one that is still being written is left out.
pub(super) fn read(path: &Path) -> Result<Vec<Line>, String> {
    let failed = |what: &dyn std::fmt::Display| {
        format!("--session-log {}: {what}; `overdub replay --session-log FILE` writes one", path.display())
    };
    let bytes = file::read(path, LARGEST).map_err(|what| failed(&what))?;
    let text = String::from_utf8(bytes).map_err(|_| failed(&"is no text"))?;
    let whole = text.ends_with('\n');
    let count = text.lines().count();
    let mut lines = Vec::with_capacity(count);
    for (number, line) in (1..).zip(text.lines()) {
        match serde_json::from_str(line) {
            Ok(line) => lines.push(line),
            Err(_) if number == count && !whole => {}
            Err(error) => {
                return Err(format!(
                    "--session-log {}:{number}: is no line of a session log: {error}",
                    path.display()
                ));
            }
        }
    }
    Ok(lines)
}
