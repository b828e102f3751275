//! What is told of a verification: nothing where nothing has changed.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::json;

use crate::cassette::Cassette;
use crate::command::Failure;
use crate::command::changes::{tally, write_changes};
use crate::command::named::Named;
use crate::command::terminal::{Paint, counted};
use crate::drift::{Change, Severity, most_severe};
use crate::profile::Mask;

/// What came of one interaction.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It was answered, and differs so.
    Compared(Vec<Change>),
    /// It was answered from another state than the recording's, which tells nothing.
    Unclear,
    /// It was not sent.
    Unsent(Unsent),
    /// There was no answer to compare.
    Failed(String),
}

/// Why an interaction was not sent.
#[derive(Debug)]
pub(super) enum Unsent {
    /// It changes the org.
    Write,
    /// It concerns what a write before it, which was not sent, would have changed.
    After,
    /// It speaks of what the interaction at this position would have made.
    Depends(usize),
    /// It holds a stand-in, and nobody knows what for.
    NeedsValue(String),
    /// It went to another host.
    Elsewhere,
    /// Its recorded status tells of a moment.
    Passing(u16),
    /// What was sent is not recorded.
    NoBody,
    /// The same request was sent already.
    Covered,
    /// The run had ended.
    Stopped,
}

/// An interaction with something to tell.
#[derive(Debug, Serialize)]
struct Told {
    #[serde(flatten)]
    named: Named,
    /// `same`, `changed`, `failed`, `unclear` or `not-sent`.
    outcome: &'static str,
    /// Why it failed or was not sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changes: Vec<Change>,
}

/// What came of one cassette.
#[derive(Debug, Serialize)]
pub(super) struct Verified {
    name: String,
    path: String,
    interactions: Vec<Told>,
    /// How many were not sent, by why.
    #[serde(skip)]
    unsent: BTreeMap<String, usize>,
}

impl Verified {
    pub(super) fn of(cassette: &Cassette, outcomes: Vec<Outcome>, mask: &Mask) -> Self {
        let mut unsent: BTreeMap<String, usize> = BTreeMap::new();
        let lines: Vec<usize> = cassette.interactions.iter().map(|own| own.line).collect();
        let told = outcomes.into_iter().enumerate().map(|(at, outcome)| {
            let named = Named::of(cassette, at, mask);
            let (outcome, reason, changes) = match outcome {
                Outcome::Compared(changes) if changes.is_empty() => ("same", None, changes),
                Outcome::Compared(changes) => ("changed", None, changes),
                Outcome::Unclear => {
                    *unsent.entry("answered from another state".to_owned()).or_default() += 1;
                    let why = "writes that were not sent would have changed what is answered";
                    ("unclear", Some(why.to_owned()), Vec::new())
                }
                Outcome::Failed(why) => ("failed", Some(why), Vec::new()),
                // The answer that was compared stands for all of them.
                Outcome::Unsent(Unsent::Covered) => ("same", None, Vec::new()),
                Outcome::Unsent(why) => {
                    let (sort, why) = why.told(&lines);
                    *unsent.entry(sort).or_default() += 1;
                    ("not-sent", Some(why), Vec::new())
                }
            };
            Told { named, outcome, reason, changes }
        });
        let interactions = told.collect();
        Self { name: cassette.name.clone(), path: cassette.path.display().to_string(), interactions, unsent }
    }

    fn changes(&self) -> impl Iterator<Item = &Change> + Clone {
        self.interactions.iter().flat_map(|own| &own.changes)
    }

    fn count(&self, outcome: &str) -> usize {
        self.interactions.iter().filter(|own| own.outcome == outcome).count()
    }
}

impl Unsent {
    /// The sort that it is counted as, and why this one was not sent. `lines`: where interactions stand.
    fn told(&self, lines: &[usize]) -> (String, String) {
        let same = |text: &str| (text.to_owned(), text.to_owned());
        match self {
            Self::Write => ("sent only with --allow-writes".to_owned(), "a write".to_owned()),
            Self::After => same("after a write that was not sent"),
            Self::Depends(at) => {
                let line = lines.get(*at).copied().unwrap_or_default();
                (
                    "about what a write that was not sent makes".to_owned(),
                    format!("about what line {line} made"),
                )
            }
            Self::NeedsValue(stand_in) => {
                let told = format!("with a value that is not known: --bind {stand_in}=VALUE gives it");
                (format!("with a value to be given: --bind {stand_in}=VALUE"), told)
            }
            Self::Elsewhere => same("to another host"),
            Self::Passing(status) => {
                let told = format!("recorded as {status}, which says nothing about the API");
                (told.clone(), told)
            }
            Self::NoBody => same("with a body that is not recorded"),
            Self::Covered => same("the same request again"),
            Self::Stopped => same("after the one that ended the run"),
        }
    }
}

/// What came of all cassettes.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) cassettes: Vec<Verified>,
}

impl Report {
    fn worst(&self) -> Option<Severity> {
        most_severe(self.cassettes.iter().flat_map(Verified::changes))
    }

    fn failed(&self) -> usize {
        self.cassettes.iter().map(|own| own.count("failed")).sum()
    }

    /// What has changed; nothing where nothing has.
    pub(super) fn text(&self, out: &mut impl Write) -> io::Result<()> {
        let paint = Paint::on_stdout();
        for cassette in &self.cassettes {
            for own in cassette.interactions.iter().filter(|own| matches!(own.outcome, "changed" | "failed"))
            {
                writeln!(out, "{}  ({})", paint.bold(&own.named.request()), own.named.place())?;
                if let Some(reason) = &own.reason {
                    writeln!(out, "    {}  {reason}", paint.red("failed  "))?;
                }
                write_changes(out, paint, &own.changes)?;
            }
            let tally = tally(&cassette.changes());
            let failed = match cassette.count("failed") {
                0 => String::new(),
                some => format!("failed {some}"),
            };
            let found: Vec<_> = [tally, failed].into_iter().filter(|text| !text.is_empty()).collect();
            if !found.is_empty() {
                let compared = cassette.count("same") + cassette.count("changed");
                writeln!(out, "{}: {}; compared: {compared}", cassette.name, found.join(", "))?;
            }
        }
        Ok(())
    }

    pub(super) fn json(&self, out: &mut impl Write) -> io::Result<()> {
        let count = |outcome: &str| self.cassettes.iter().map(|own| own.count(outcome)).sum::<usize>();
        let severity = |own: Severity| {
            let changes = self.cassettes.iter().flat_map(Verified::changes);
            changes.filter(|change| change.severity == own).count()
        };
        let report = json!({
            "worst": self.worst(),
            "breaking": severity(Severity::Breaking),
            "additive": severity(Severity::Additive),
            "value": severity(Severity::Value),
            "same": count("same"),
            "changed": count("changed"),
            "failed": count("failed"),
            "unclear": count("unclear"),
            "not_sent": count("not-sent"),
            "cassettes": self.cassettes,
        });
        serde_json::to_writer_pretty(&mut *out, &report)?;
        writeln!(out)
    }

    /// A line of log per cassette: how much was compared, and what the comparison could not cover.
    pub(super) fn log(&self) {
        for own in &self.cassettes {
            let compared = own.count("same") + own.count("changed");
            let unsent: Vec<_> = own.unsent.iter().map(|(why, count)| format!("{count} {why}")).collect();
            let unsent = if unsent.is_empty() {
                String::new()
            } else {
                format!("; not compared: {}", unsent.join(", "))
            };
            let told = format!("{}: compared: {compared}{unsent}", own.name);
            match (compared, own.unsent.is_empty()) {
                (0, _) if own.count("failed") == 0 => tracing::warn!("{told}"),
                (_, false) => tracing::info!("{told}"),
                // All of it was compared, which is what everybody takes it for.
                (_, true) => tracing::debug!("{told}"),
            }
        }
    }

    /// Whether it fails.
    pub(super) fn verdict(&self, fail_on: Severity) -> Result<(), Failure> {
        let failed = self.failed();
        if failed > 0 {
            let told = counted(failed, "request");
            return Err(Failure::Checks(format!("{told} got no answer that could be compared")));
        }
        match self.worst() {
            Some(worst) if worst >= fail_on => {
                Err(Failure::Checks(format!("the API has drifted from the recordings: {worst} changes")))
            }
            _ => Ok(()),
        }
    }
}
