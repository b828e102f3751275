//! What differs between two answers, and how bad that is.

use std::fmt;

use serde::Serialize;

/// How bad a change is for a client that knows the recorded answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The same in form, with another value.
    Value,
    /// There is more than before, which a client may leave alone.
    Additive,
    /// What a client reads is gone or of another type.
    Breaking,
}

impl Severity {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::Additive => "additive",
            Self::Breaking => "breaking",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What kind of change it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// It was there and is not any more.
    Gone,
    /// It is there and was not before.
    New,
    /// A JSON value of another type, or no JSON any more.
    Type,
    /// Another value.
    Value,
    /// A list has other elements.
    Elements,
    /// Another status.
    Status,
    /// Another media type.
    ContentType,
}

/// One place where two answers, or two requests, differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Where: `$.profile.phoneNumber` in the answer's body, `status`, `content-type`, `header link`; in front of it
    /// `request` where it is in the request.
    pub path: String,
    /// What happened there.
    pub kind: Kind,
    /// How bad it is.
    pub severity: Severity,
    /// What was recorded, in a few characters and without secrets; `None`: nothing.
    pub recorded: Option<String>,
    /// What there is now.
    pub live: Option<String>,
}

impl Change {
    pub(super) fn new(
        path: &str,
        kind: Kind,
        severity: Severity,
        recorded: Option<String>,
        live: Option<String>,
    ) -> Self {
        Self { path: path.to_owned(), kind, severity, recorded, live }
    }

    /// What happened, in words: `gone, was "a"`, `"a" -> "b"`.
    pub fn told(&self) -> String {
        let shown = |value: &Option<String>| value.as_deref().unwrap_or("nothing").to_owned();
        match (self.kind, &self.recorded, &self.live) {
            (Kind::Gone, Some(recorded), _) => format!("gone, was {recorded}"),
            (Kind::Gone, None, _) => "gone".to_owned(),
            (Kind::New, _, Some(live)) => format!("new: {live}"),
            (Kind::New, _, None) => "new".to_owned(),
            (_, recorded, live) => format!("{} -> {}", shown(recorded), shown(live)),
        }
    }
}

/// The worst of them.
pub fn most_severe<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Option<Severity> {
    changes.into_iter().map(|change| change.severity).max()
}
