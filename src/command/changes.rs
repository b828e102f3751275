//! How changes are told: to people and as JSON.

use std::io::{self, Write};

use serde::Serialize;

use super::terminal::Paint;
use crate::cassette::{Cassette, Interaction};
use crate::cli::FailOn;
use crate::drift::{Change, Severity};
use crate::profile::Mask;

/// The severity from which on changes count.
pub(super) fn severity(fail_on: FailOn) -> Severity {
    match fail_on {
        FailOn::Breaking => Severity::Breaking,
        FailOn::Additive => Severity::Additive,
        FailOn::Value => Severity::Value,
    }
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

fn painted(paint: Paint, severity: Severity, text: &str) -> String {
    match severity {
        Severity::Breaking => paint.red(text),
        Severity::Additive => paint.green(text),
        Severity::Value => paint.yellow(text),
    }
}

/// A line per change, the worst first.
pub(super) fn write_changes(out: &mut impl Write, paint: Paint, changes: &[Change]) -> io::Result<()> {
    let mut sorted: Vec<&Change> = changes.iter().collect();
    sorted.sort_by_key(|change| std::cmp::Reverse(change.severity));
    for change in sorted {
        let severity = painted(paint, change.severity, &format!("{:<8}", change.severity));
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
