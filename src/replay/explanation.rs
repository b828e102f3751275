//! What a miss says, and `overdub explain` says of any request: as values, and in the words that both use.

use std::fmt::Write as _;
use std::path::PathBuf;

use ::http::Method;

use super::names::DEFAULT;
use super::player::Recording;
use crate::matching::{Difference, cropped};

/// Most cassettes that the command of an advice names.
const NAMED: usize = 3;

/// Why a request is, or is not, answered.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// Its method.
    pub method: Method,
    /// Its target, behind the origin that a forward proxy is asked for; secrets are hidden.
    pub target: String,
    /// Its body in a few characters, if it has one; secrets are hidden.
    pub body: Option<String>,
    /// What comes of it.
    pub verdict: Verdict,
    /// The cassettes that were asked, with how many recordings they hold and why no others were.
    pub in_force: String,
    /// As `-c` takes them.
    pub cassettes: Vec<String>,
    /// The name of its session.
    pub session: String,
    /// Recordings to look at, first the one that answers, else those that came closest.
    pub considered: Vec<Considered>,
    /// How many more there are.
    pub more: usize,
    /// Recordings that would do, were not one cassette asked for by name.
    pub left_out: Vec<Named>,
    /// Stand-ins, and what the session's client sends in their place.
    pub bound: Vec<(String, String)>,
}

/// What comes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// A recording answers.
    Answered(Answering),
    /// No recording has the request's key.
    NeverRecorded,
    /// Recordings there are, all given already.
    UsedUp,
    /// Only 304s were recorded, and the request sets no condition.
    OnlyConditional,
    /// The client asks for a cassette that is not loaded.
    NoSuchCassette(String),
}

/// A recording that answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answering {
    /// Which.
    pub recording: Recording,
    /// Its response's status.
    pub status: u16,
    /// How it was found.
    pub by: Match,
}

/// How a recording was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// The request says what was recorded.
    Exact,
    /// Values of the client's own stand where stand-ins were recorded.
    Values,
    /// Whatever the body is: it was not recorded.
    AnyBody,
}

/// A recording by what people find it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its place.
    pub recording: Recording,
    /// The name of its cassette.
    pub cassette: String,
    /// The cassette's file.
    pub path: PathBuf,
    /// The line of the file where it begins.
    pub line: usize,
    /// Its request's method.
    pub method: Method,
    /// Its request's URL.
    pub url: String,
}

/// A recording beside a request.
#[derive(Debug, Clone)]
pub struct Considered {
    /// Which.
    pub named: Named,
    /// What its session has to do with it.
    pub standing: Standing,
    /// What separates it from the request.
    pub differences: Vec<Difference>,
    /// How many more differences there are.
    pub more: usize,
}

/// What a session has to do with a recording.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Whether it was given.
    pub used: bool,
    /// It is due only after this one was given.
    pub after: Option<Named>,
    /// It is due no more since this one was given.
    pub until: Option<Named>,
}

impl Verdict {
    /// In a word or two, as the first line of a miss begins.
    pub fn told(&self) -> String {
        match self {
            Self::Answered(_) => "answered".to_owned(),
            Self::NeverRecorded => "never recorded".to_owned(),
            Self::UsedUp => "recorded, but already used".to_owned(),
            Self::OnlyConditional => "recorded only as 304 Not Modified".to_owned(),
            Self::NoSuchCassette(name) => format!("no cassette named `{}` is loaded", name.escape_debug()),
        }
    }

    fn advice(&self) -> &'static str {
        match self {
            Self::Answered(_) | Self::NeverRecorded => {
                "record it (`overdub record --append …`), or let the client send what was recorded"
            }
            Self::UsedUp => {
                "POST /__overdub/reset starts the recordings afresh; `repeat: last` or `repeat: cycle` in the cassette \
                 (or --repeat) allows it again"
            }
            Self::OnlyConditional => "record it without If-None-Match and If-Modified-Since",
            Self::NoSuchCassette(_) => "load it with -c, or leave out the x-overdub-cassette header",
        }
    }
}

impl Named {
    /// `sms #3 (recordings/sms.yaml:41)`
    pub fn place(&self) -> String {
        let Self { recording, cassette, path, line, .. } = self;
        format!("{cassette} #{} ({}:{line})", recording.interaction + 1, path.display())
    }
}

impl std::fmt::Display for Named {
    /// `sms #3 (recordings/sms.yaml:41) POST /api/v1/users`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.place(), self.method, self.url)
    }
}

/// A difference in words: `body.phone: sent "+2", recorded "+1"`.
pub fn told(difference: &Difference) -> String {
    let Difference { field, sent, recorded, bound } = difference;
    let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "(none)".to_owned());
    let with = if field == "method" { "recorded with" } else { "recorded" };
    let mut line = format!("{field}: sent {}, {with} {}", shown(sent), shown(recorded));
    if let Some(value) = bound {
        let _ = write!(line, ", which stands for {value} in this session");
    }
    line
}

impl Explanation {
    /// What a client and the log are told of a miss, the gist first.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("{}: {} {}", self.verdict.told(), self.method, self.target)];
        lines.push(format!("cassettes in force: {}", self.in_force));
        if self.session != DEFAULT {
            lines.push(format!("session: {}", cropped(&self.session)));
        }
        let what = if self.verdict == Verdict::UsedUp { "used in this session" } else { "closest" };
        if self.verdict == Verdict::NeverRecorded && self.considered.is_empty() {
            lines.push("closest: nothing like it was recorded".to_owned());
        }
        for own in &self.considered {
            lines.push(format!("{what}: {}", own.named));
            lines.extend(own.differences.iter().map(|difference| format!("  {}", told(difference))));
            if own.more > 0 {
                lines.push(format!("  and {} more differences", own.more));
            }
        }
        if self.verdict == Verdict::UsedUp && self.more > 0 {
            lines.push(format!("and {} more recordings", self.more));
        }
        for own in &self.left_out {
            lines.push(format!("recorded in a cassette that was not asked: {own}"));
        }
        lines.push(format!("what to do: {}", self.verdict.advice()));
        lines.push(format!("what shows more: {}", self.command()));
        lines
    }

    /// The command that shows more.
    fn command(&self) -> String {
        let mut command = "overdub explain".to_owned();
        let named = if self.cassettes.len() > NAMED { &[] } else { self.cassettes.as_slice() };
        for cassette in named {
            let _ = write!(command, " -c {}", shell_words::quote(cassette));
        }
        if self.verdict == Verdict::UsedUp {
            // Which recordings are used, only the session's own log tells.
            command.push_str(" --session-log FILE");
            if self.session != DEFAULT {
                let _ = write!(command, " --session {}", shell_words::quote(&self.session));
            }
        }
        let Self { method, target, .. } = self;
        if !target.starts_with('/') {
            command.push_str(" --forward");
        }
        let _ = if self.body.is_some() {
            write!(command, " curl -X {method} -d BODY {}", shell_words::quote(target))
        } else {
            write!(command, " {}", shell_words::quote(&format!("{method} {target}")))
        };
        command
    }
}
