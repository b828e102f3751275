//! `overdub cassette diff`: two cassettes, compared by what they mean.

use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use serde::Serialize;

use crate::cassette::Cassette;
use crate::cli::DiffArgs;
use crate::command::Failure;
use crate::command::changes::{severity, tally, write_changes};
use crate::command::chosen::{cassette, profile_of};
use crate::command::named::Named;
use crate::command::terminal::{Paint, counted};
use crate::drift::{Aligned, Change, Comparer, Known, Severity, align, most_severe};
use crate::profile::{Mask, Profile};
use crate::redact::with_stand_ins;

pub(super) fn run(args: &DiffArgs) -> Result<(), Failure> {
    let (one, other) = (cassette(&args.recorded)?, cassette(&args.other)?);
    let profile = profile_of(args.profile.as_deref(), &one.header)?;
    let report = Report::of(&one, &other, &profile);
    let mut out = BufWriter::new(io::stdout().lock());
    // Nobody reads on when stdout is closed; whether they differ is in the exit code.
    let _ = if args.json { report.json(&mut out) } else { report.text(&mut out) };
    let _ = out.flush();
    drop(out);
    match report.worst() {
        Some(worst) if worst >= severity(args.fail_on) => {
            Err(Failure::Checks(format!("{} and {} differ", args.recorded, args.other)))
        }
        _ => Ok(()),
    }
}

/// Two interactions that belong together and differ.
#[derive(Serialize)]
struct Changed {
    recorded: Named,
    other: Named,
    changes: Vec<Change>,
}

/// What differs between two cassettes.
#[derive(Serialize)]
struct Report {
    /// How many interactions mean the same.
    same: usize,
    changed: Vec<Changed>,
    only_in_a: Vec<Named>,
    only_in_b: Vec<Named>,
}

impl Report {
    fn of(one: &Cassette, other: &Cassette, profile: &Arc<Profile>) -> Self {
        let mask = Mask::new(profile);
        // Stand-ins on both sides, so that no person's values are compared, or shown.
        let (one, other) = (with_stand_ins(one, profile), with_stand_ins(other, profile));
        let (known, live) = (Known::of(&one), Known::of(&other));
        let comparer = Comparer::new(profile, &mask, &known, &live.terms);
        let Aligned { pairs, only_recorded, only_live, .. } =
            align(&comparer, &one.interactions, &other.interactions);
        let a = |at: usize| Named::of(&one, at, &mask);
        let b = |at: usize| Named::of(&other, at, &mask);
        let all = pairs.len();
        let changed: Vec<_> = pairs
            .into_iter()
            .filter(|pair| !pair.changes.is_empty())
            .map(|pair| Changed { recorded: a(pair.recorded), other: b(pair.live), changes: pair.changes })
            .collect();
        Self {
            same: all - changed.len(),
            changed,
            only_in_a: only_recorded.into_iter().map(a).collect(),
            only_in_b: only_live.into_iter().map(b).collect(),
        }
    }

    fn worst(&self) -> Option<Severity> {
        let alone = !self.only_in_a.is_empty() || !self.only_in_b.is_empty();
        let changes = self.changed.iter().flat_map(|own| &own.changes);
        most_severe(changes).max(alone.then_some(Severity::Value))
    }

    fn text(&self, out: &mut impl Write) -> io::Result<()> {
        let paint = Paint::on_stdout();
        for own in &self.changed {
            let (recorded, other) = (&own.recorded, &own.other);
            let head = paint.bold(&recorded.request());
            writeln!(out, "{head}  ({}, {})", recorded.place(), other.place())?;
            write_changes(out, paint, &own.changes)?;
        }
        for own in &self.only_in_a {
            writeln!(out, "{}  ({})", paint.red(&format!("- {}", own.request())), own.place())?;
        }
        for own in &self.only_in_b {
            writeln!(out, "{}  ({})", paint.green(&format!("+ {}", own.request())), own.place())?;
        }
        if self.worst().is_none() {
            return writeln!(out, "the same by meaning: {}", counted(self.same, "interaction"));
        }
        let tally = tally(&self.changed.iter().flat_map(|own| &own.changes));
        let tally = if tally.is_empty() { tally } else { format!(" ({tally})") };
        writeln!(
            out,
            "same {}, changed {}{tally}, only in A {}, only in B {}",
            self.same,
            self.changed.len(),
            self.only_in_a.len(),
            self.only_in_b.len()
        )
    }

    fn json(&self, out: &mut impl Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        writeln!(out)
    }
}
