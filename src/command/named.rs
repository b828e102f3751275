//! An interaction as the reports of all commands name it.

use serde::Serialize;

use super::terminal::printable;
use crate::cassette::Cassette;
use crate::profile::Mask;
use crate::replay;

/// Longest URL that is named whole, in bytes.
const LONGEST_URL: usize = 160;

/// An interaction by what people find it by.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Named {
    /// The name of its cassette.
    cassette: String,
    /// Its number there, from 1.
    interaction: usize,
    /// Its cassette's file.
    file: String,
    /// The line there.
    line: usize,
    method: String,
    /// Without secrets.
    url: String,
}

impl Named {
    /// The one at this position of a cassette.
    pub(super) fn of(cassette: &Cassette, at: usize, mask: &Mask) -> Self {
        let own = &cassette.interactions[at];
        Self {
            cassette: cassette.name.clone(),
            interaction: at + 1,
            file: cassette.path.display().to_string(),
            line: own.line,
            method: own.request.method.to_string(),
            url: mask.cut(&own.request.url, LONGEST_URL).into(),
        }
    }

    /// `POST /api/v1/users`
    pub(super) fn request(&self) -> String {
        format!("{} {}", self.method, printable(&self.url))
    }

    /// `recordings/sms.yaml:41`
    pub(super) fn place(&self) -> String {
        format!("{}:{}", printable(&self.file), self.line)
    }
}

impl From<&replay::Named> for Named {
    fn from(own: &replay::Named) -> Self {
        Self {
            cassette: own.cassette.clone(),
            interaction: own.recording.interaction + 1,
            file: own.path.display().to_string(),
            line: own.line,
            method: own.method.to_string(),
            url: own.url.clone(),
        }
    }
}
