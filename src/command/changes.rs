//! How changes are told to people, and from which severity on they count.

use std::io::{self, Write};

use super::terminal::{Paint, printable};
use crate::cli::FailOn;
use crate::drift::{Change, Severity};

/// The severity from which on changes count.
pub(super) fn severity(fail_on: FailOn) -> Severity {
    match fail_on {
        FailOn::Breaking => Severity::Breaking,
        FailOn::Additive => Severity::Additive,
        FailOn::Value => Severity::Value,
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
        writeln!(out, "    {severity}  {}: {}", printable(&change.path), printable(&change.told()))?;
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
