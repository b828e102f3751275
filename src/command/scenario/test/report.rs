//! What became of the tests: a line each, as test runners tell it, or one JSON object.

use std::io::{self, IsTerminal as _, Write as _};

use serde_json::json;

use super::play::Failed;
use crate::command::Failure;

/// One test over one of what it names.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) scenario: String,
    pub(super) test: String,
    pub(super) over: String,
    /// `None`: all came as expected.
    pub(super) failed: Option<Failed>,
}

/// All runs so far; text is told as it comes.
pub(super) struct Report {
    json: bool,
    colour: bool,
    runs: Vec<Run>,
    /// What is worth a word and no failure.
    notes: Vec<String>,
}

impl Report {
    pub(super) fn new(json: bool, untested: Vec<String>) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let notes = untested.into_iter().map(|name| format!("{name}: has no tests")).collect();
        Self { json, colour: wanted && io::stdout().is_terminal(), runs: Vec::new(), notes }
    }

    pub(super) fn add(&mut self, run: Run) {
        if !self.json {
            self.tell(&run);
        }
        self.runs.push(run);
    }

    /// Handlers that no test made do anything.
    pub(super) fn idle(&mut self, handlers: Vec<String>) {
        self.notes.extend(handlers);
    }

    fn tell(&self, run: &Run) {
        let Run { scenario, test, over, failed } = run;
        let result = if failed.is_none() { self.painted("32", "ok") } else { self.painted("31", "FAILED") };
        line(&format!("{scenario}: {test} (over {over}) ... {result}"));
        let Some(failed) = failed else { return };
        if failed.step > 0 {
            line(&format!("    step {}: {}", failed.step, failed.request));
        }
        for difference in &failed.differences {
            for part in difference.lines() {
                line(&format!("      {part}"));
            }
        }
    }

    /// Tells the rest.
    ///
    /// # Errors
    /// A test failed.
    pub(super) fn end(self) -> Result<(), Failure> {
        let failed = self.runs.iter().filter(|run| run.failed.is_some()).count();
        let passed = self.runs.len() - failed;
        if self.json {
            let runs: Vec<_> = self.runs.iter().map(as_json).collect();
            let all = json!({ "passed": passed, "failed": failed, "tests": runs, "notes": self.notes });
            line(&all.to_string());
        } else {
            for note in &self.notes {
                line(&format!("note: {note}"));
            }
            line("");
            line(&format!("{passed} passed, {failed} failed"));
        }
        match failed {
            0 => Ok(()),
            _ => Err(Failure::Checks(format!("scenario tests that failed: {failed} of {}", self.runs.len()))),
        }
    }

    fn painted(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

fn as_json(run: &Run) -> serde_json::Value {
    let Run { scenario, test, over, failed } = run;
    json!({ "scenario": scenario, "test": test, "over": over, "ok": failed.is_none(), "failed": failed })
}

fn line(text: &str) {
    // Nobody reads on when stdout is closed; whether all passed is in the exit code.
    let _ = writeln!(io::stdout(), "{text}");
}
