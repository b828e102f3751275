//! What a run came to, held against what a test expects of it.

use std::fmt;
use std::path::PathBuf;

use crate::Proxy;
use crate::recorder::Report;

/// What comes of requests that a test does not expect.
const UNEXPECTED: [&str; 4] = ["miss", "upstream-error", "script-error", "internal-error"];

/// What a test expects besides that all its requests are answered.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Expected {
    /// Requests may fail: the test looks for itself.
    pub(super) failures: bool,
    /// Every recording is used.
    pub(super) used: bool,
    /// Every handler of a scenario does something.
    pub(super) fired: bool,
}

/// What a run came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What is not as it was expected, a text of one or more lines each.
    pub problems: Vec<String>,
}

impl Verdict {
    pub(super) fn of(proxy: &Proxy, expected: Expected) -> Self {
        let mut problems = Vec::new();
        if !expected.failures {
            let told = proxy.account().map(crate::journal::Account::read).unwrap_or_default();
            for failed in told.failed.iter().filter(|own| UNEXPECTED.contains(&own.outcome)) {
                problems.push(format!("{}: {}", failed.outcome, failed.lines().join("\n")));
            }
        }
        if expected.used {
            for own in proxy.player().and_then(|player| player.used()).unwrap_or_default() {
                for unused in &own.unused {
                    problems.push(format!("never used: {} {}", own.name, unused.told(&own.path)));
                }
            }
        }
        if expected.fired {
            let handlers = proxy.scenarios().map(|scenarios| scenarios.report()).unwrap_or_default();
            for own in handlers.iter().filter(|own| own.fired == 0) {
                problems
                    .push(format!("never did anything: {}: {} ({})", own.scenario, own.handler, own.place));
            }
        }
        Self { problems }
    }

    /// With what a recording came to.
    pub(super) fn with(mut self, recorded: Option<(PathBuf, Report)>, broken: Option<String>) -> Self {
        if let Some((path, report)) = recorded {
            self.problems.extend(report.problems(&path).iter().map(ToString::to_string));
        }
        self.problems.extend(broken.map(|why| format!("the server ended badly: {why}")));
        self
    }

    /// Whether all is as it was expected.
    pub fn is_good(&self) -> bool {
        self.problems.is_empty()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problems.as_slice() {
            [] => f.write_str("overdub: all as expected"),
            problems => {
                write!(f, "overdub: problems: {}", problems.len())?;
                problems.iter().try_for_each(|own| write!(f, "\n{}", own.replace('\n', "\n  ")))
            }
        }
    }
}
