//! How changes are told: to people, in colour where a terminal is, and as JSON.

use std::io::{self, IsTerminal as _, Write};
use std::path::Path;

use serde::Serialize;

use super::Failure;
use crate::cassette::{self, Cassette, CutOff, Interaction};
use crate::cli::FailOn;
use crate::drift::{Change, Severity};
use crate::profile::{Mask, Profile};
use crate::shipped::SHIPPED;

/// Where names of cassettes are looked for.
pub(super) const RECORDINGS: &str = "recordings";

/// The severity from which on changes count.
pub(super) fn severity(fail_on: FailOn) -> Severity {
    match fail_on {
        FailOn::Breaking => Severity::Breaking,
        FailOn::Additive => Severity::Additive,
        FailOn::Value => Severity::Value,
    }
}

/// The cassettes of these names; none: all of `recordings`.
pub(super) fn cassettes(names: &[String]) -> Result<Vec<Cassette>, Failure> {
    cassette::find(names, Path::new(RECORDINGS), SHIPPED)
        .and_then(|sources| cassette::load_all(&sources, CutOff::Refuse))
        .map_err(|errors| Failure::Usage(errors.iter().map(ToString::to_string).collect()))
}

/// The profile that was chosen, else the one that the cassette names, else Okta's.
pub(super) fn profile(choice: Option<&str>, cassette: &Cassette) -> Result<Profile, Failure> {
    let named = cassette.header.profile.as_deref().filter(|name| Profile::is_built_in(name));
    let profile = Profile::choose(choice.or(named).unwrap_or("okta"));
    profile.map_err(|error| Failure::usage(format_args!("--profile: {error}")))
}

/// An interaction as reports name it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Named {
    /// Its cassette's file.
    pub(super) file: String,
    /// The line there.
    pub(super) line: usize,
    pub(super) method: String,
    /// Without secrets.
    pub(super) url: String,
}

impl Named {
    pub(super) fn of(cassette: &Cassette, own: &Interaction, mask: &Mask) -> Self {
        Self {
            file: cassette.path.display().to_string(),
            line: own.line,
            method: own.request.method.to_string(),
            url: mask.cut(&own.request.url, 160).into(),
        }
    }

    pub(super) fn request(&self) -> String {
        format!("{} {}", self.method, self.url)
    }

    pub(super) fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }
}

/// `1 interaction`, `2 interactions`.
pub(super) fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// Whether what is printed is coloured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Colour(bool);

impl Colour {
    pub(super) fn on_stdout() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self(wanted && io::stdout().is_terminal())
    }

    pub(super) fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    pub(super) fn red(self, text: &str) -> String {
        self.with("31", text)
    }

    pub(super) fn green(self, text: &str) -> String {
        self.with("32", text)
    }

    pub(super) fn yellow(self, text: &str) -> String {
        self.with("33", text)
    }

    fn of(self, severity: Severity, text: &str) -> String {
        match severity {
            Severity::Breaking => self.red(text),
            Severity::Additive => self.green(text),
            Severity::Value => self.yellow(text),
        }
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// A line per change, the worst first.
pub(super) fn write_changes(out: &mut impl Write, colour: Colour, changes: &[Change]) -> io::Result<()> {
    let mut sorted: Vec<&Change> = changes.iter().collect();
    sorted.sort_by_key(|change| std::cmp::Reverse(change.severity));
    for change in sorted {
        let severity = colour.of(change.severity, &format!("{:<8}", change.severity));
        writeln!(out, "    {severity}  {}: {}", change.path, change.told())?;
    }
    Ok(())
}

/// `1 breaking, 3 value`: how many there are of each severity; nothing where there are none.
pub(super) fn tally<'a>(changes: &(impl Iterator<Item = &'a Change> + Clone)) -> String {
    let count = |severity: Severity| changes.clone().filter(|change| change.severity == severity).count();
    let each = [Severity::Breaking, Severity::Additive, Severity::Value].map(|own| (own, count(own)));
    let some = each.into_iter().filter(|(_, count)| *count > 0);
    some.map(|(severity, count)| format!("{count} {severity}")).collect::<Vec<_>>().join(", ")
}
