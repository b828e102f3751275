//! Writes cassettes in the formats of other tools, one interaction at a time.

mod curl;
mod go_vcr;
mod har;
mod vcrpy;
mod wiremock;
mod yaml;

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};

use crate::cassette::{Cassette, Interaction};

/// A format that cassettes are written in.
pub trait Export: Sync {
    /// Its name, as `--to` takes it.
    fn name(&self) -> &'static str;

    /// What its files' names end with, without the dot.
    fn extension(&self) -> &'static str;

    /// Writes the whole file; returns what it cannot say, in recorded order.
    ///
    /// # Errors
    /// Those of `out`.
    fn write(&self, cassette: &Cassette, out: &mut dyn Write) -> io::Result<Vec<Unsaid>>;
}

/// All formats.
pub const FORMATS: [&dyn Export; 5] =
    [&har::Har, &wiremock::WireMock, &vcrpy::Vcrpy, &go_vcr::GoVcr, &curl::Curl];

/// The format of this name.
pub fn format(name: &str) -> Option<&'static dyn Export> {
    FORMATS.into_iter().find(|format| format.name() == name)
}

/// Something that the format has no place for, and that is gone in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsaid {
    /// The line of the cassette on which the interaction begins; 0 if it was never in a file.
    pub line: usize,
    /// What, and what is done instead.
    pub what: String,
}

impl fmt::Display for Unsaid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// The URL with its origin.
fn absolute<'a>(own: &'a Interaction, upstream: &str) -> Cow<'a, str> {
    let url = own.request.url.as_str();
    // `*` asks for the server as a whole (RFC 9112 §3.2.4); other formats know only URLs.
    match url.strip_prefix('*') {
        Some(_) => Cow::Owned(format!("{upstream}/")),
        None if url.starts_with('/') => Cow::Owned(format!("{upstream}{url}")),
        None => Cow::Borrowed(url),
    }
}

/// The text that goes with the status (RFC 9110 §15), if it is a known one.
fn reason(own: &Interaction) -> &'static str {
    own.response.status.canonical_reason().unwrap_or_default()
}

/// As `Content-Type` names it; bytes of any kind where nothing does.
fn media_type(headers: &http::HeaderMap) -> Cow<'_, str> {
    let named =
        headers.get(http::header::CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()));
    named.unwrap_or(Cow::Borrowed("application/octet-stream"))
}
