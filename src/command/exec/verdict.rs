//! What a run came to, and whether that is good.

use std::path::PathBuf;
use std::time::Duration;

use super::child::Ended;
use crate::clock::Timestamp;
use crate::command::terminal::counted;
use crate::journal::{Failed, Tallied};
use crate::recorder::{Problem, Report};
use crate::replay::CassetteUse;
use crate::scenario::HandlerReport;

/// All that came of a run. Secrets are hidden in it.
#[derive(Debug)]
pub(super) struct Run {
    /// What was run, as it would be typed.
    pub(super) command: String,
    pub(super) ended: Ended,
    pub(super) mode: &'static str,
    pub(super) upstream: String,
    pub(super) began: Timestamp,
    pub(super) took: Duration,
    pub(super) tallied: Tallied,
    pub(super) cassettes: Vec<CassetteUse>,
    pub(super) handlers: Vec<HandlerReport>,
    /// The cassette that was written, and what the recording came to.
    pub(super) recorded: Option<(PathBuf, Report)>,
    /// Why connections were not served to their end.
    pub(super) broken: Option<String>,
    pub(super) required: Required,
}

/// What is a failure only if it was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Required {
    pub(super) used: bool,
    pub(super) fired: bool,
}

/// One thing that is looked at.
#[derive(Debug)]
pub(super) struct Check {
    /// How programs know it.
    pub(super) name: &'static str,
    pub(super) result: CheckResult,
    /// In a few words.
    pub(super) summary: String,
    /// Per case a line and what explains it.
    pub(super) cases: Vec<Vec<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CheckResult {
    Passed,
    Failed,
    /// Nobody asked for it, or there was nothing to look at.
    Skipped,
}

impl CheckResult {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }

    fn of(is_good: bool) -> Self {
        if is_good { Self::Passed } else { Self::Failed }
    }
}

impl Run {
    /// What is looked at, in the order in which it is told.
    pub(super) fn checks(&self) -> Vec<Check> {
        vec![
            self.command(),
            self.failures("misses", "miss", "miss"),
            self.failures("upstream-errors", "upstream-error", "upstream error"),
            self.failures("script-errors", "script-error", "script error"),
            self.internal(),
            self.recording(),
            self.used(),
            self.fired(),
        ]
    }

    /// The command's own exit code goes first; it is 1 where the command did well and a check failed.
    pub(super) fn exit_code(&self) -> u8 {
        let has_failed = || self.checks().iter().any(|check| check.result == CheckResult::Failed);
        match self.ended.exit_code() {
            0 if has_failed() => 1,
            code => code,
        }
    }

    /// How many recordings there are, and how many of them nobody used.
    pub(super) fn unused(&self) -> (usize, usize) {
        let total = self.cassettes.iter().map(|own| own.total).sum();
        (total, self.cassettes.iter().map(|own| own.unused.len()).sum())
    }

    /// The handlers that never did anything.
    pub(super) fn idle(&self) -> impl Iterator<Item = &HandlerReport> {
        self.handlers.iter().filter(|own| own.fired == 0)
    }

    fn command(&self) -> Check {
        let (result, summary) = (CheckResult::of(self.ended.is_good()), self.ended.to_string());
        Check { name: "command", result, summary, cases: Vec::new() }
    }

    fn failures(&self, name: &'static str, outcome: &str, what: &str) -> Check {
        let count = self.tallied.count(outcome);
        let mut cases: Vec<_> = self.tallied.of(outcome).map(Failed::lines).collect();
        let kept = self.tallied.of(outcome).map(|own| own.times).sum();
        let unkept = count.saturating_sub(kept);
        if unkept > 0 {
            cases.push(vec![format!("and {}, whose reports were not kept", counted(unkept, what))]);
        }
        Check { name, result: CheckResult::of(count == 0), summary: counted(count, what), cases }
    }

    fn internal(&self) -> Check {
        let mut check = self.failures("internal-errors", "internal-error", "internal error");
        if let Some(why) = &self.broken {
            check.result = CheckResult::Failed;
            check.cases.push(vec![format!("the server ended badly: {why}")]);
        }
        check
    }

    fn recording(&self) -> Check {
        let name = "recording";
        let Some((path, report)) = &self.recorded else {
            let summary = "nothing was to be recorded".to_owned();
            return Check { name, result: CheckResult::Skipped, summary, cases: Vec::new() };
        };
        let case = |Problem { what, advice }| {
            let advice = advice.map(|advice| format!("what to do: {advice}"));
            std::iter::once(what).chain(advice).collect()
        };
        let cases: Vec<Vec<String>> = report.problems(path).into_iter().map(case).collect();
        let summary = format!("{} into {}", counted(report.recorded, "exchange"), path.display());
        Check { name, result: CheckResult::of(cases.is_empty()), summary, cases }
    }

    fn used(&self) -> Check {
        let (total, unused) = self.unused();
        let result = if self.required.used { CheckResult::of(unused == 0) } else { CheckResult::Skipped };
        let cases = self.cassettes.iter().filter(|own| !own.unused.is_empty()).map(|own| {
            let first = format!("{}: {} of {} unused", own.name, own.unused.len(), own.total);
            let each = own.unused.iter().map(|one| one.told(&own.path));
            std::iter::once(first).chain(each).collect()
        });
        let summary = format!("{unused} of {} unused", counted(total, "recording"));
        Check { name: "used", result, summary, cases: cases.collect() }
    }

    fn fired(&self) -> Check {
        let idle: Vec<_> = self
            .idle()
            .map(|own| {
                vec![format!(
                    "{}: {} ({}): never fired, of {}",
                    own.scenario,
                    own.handler,
                    own.place,
                    counted(own.calls, "call")
                )]
            })
            .collect();
        let result =
            if self.required.fired { CheckResult::of(idle.is_empty()) } else { CheckResult::Skipped };
        let summary = if self.handlers.is_empty() {
            "no scenario was played".to_owned()
        } else {
            let all = counted(self.handlers.len(), "handler");
            format!("{} of {all} never fired", idle.len())
        };
        Check { name: "fired", result, summary, cases: idle }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(ended: Ended, report: Report) -> Run {
        Run {
            command: "true".to_owned(),
            ended,
            mode: "record",
            upstream: "any".to_owned(),
            began: Timestamp::UNIX_EPOCH,
            took: Duration::ZERO,
            tallied: Tallied::default(),
            cassettes: Vec::new(),
            handlers: Vec::new(),
            recorded: Some(("run.yaml".into(), report)),
            broken: None,
            required: Required { used: true, fired: true },
        }
    }

    #[test]
    fn what_was_not_recorded_as_it_should_be_fails_the_run() {
        let good = Report { recorded: 2, ..Report::default() };
        assert_eq!(run(Ended::Code(0), good).exit_code(), 0);
        for report in [Report { failed: 1, ..good }, Report { leaks: 1, ..good }] {
            assert_eq!(run(Ended::Code(0), report).exit_code(), 1);
            assert_eq!(run(Ended::Signal(15), report).exit_code(), 143);
            let run = run(Ended::Code(0), report);
            let failed: Vec<_> =
                run.checks().into_iter().filter(|own| own.result == CheckResult::Failed).collect();
            assert_eq!(failed.iter().map(|own| own.name).collect::<Vec<_>>(), ["recording"]);
            assert!(failed[0].cases[0][0].ends_with(": 1"), "{failed:?}");
        }
    }

    #[test]
    fn a_server_that_broke_fails_the_run() {
        let broken = Some("a defect".to_owned());
        assert_eq!(Run { broken, ..run(Ended::Code(0), Report::default()) }.exit_code(), 1);
    }
}
