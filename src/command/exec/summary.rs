//! What a run came to, on a screen at most: one line where all is well.

use std::fmt::Write as _;

use super::verdict::{Check, CheckResult, Run};
use crate::cassette::format::is_invisible;
use crate::cli::ReportTo;
use crate::command::terminal::counted;

/// Most lines of all cases together.
const MOST: usize = 16;

/// Most lines of one case, and of one where there are many.
const OF_ONE: usize = 6;

/// Longest line, in characters.
const LONGEST: usize = 240;

/// Cassettes that are named where only a word is said of them.
const NAMED: usize = 3;

/// The summary, each line ended.
pub(super) fn summary(run: &Run, reports: &[ReportTo]) -> String {
    let checks = run.checks();
    let failed: Vec<&Check> = checks.iter().filter(|check| check.result == CheckResult::Failed).collect();
    let mut lines = vec![format!("overdub: {}{}", requests(run), asides(run))];
    let mut left = MOST;
    let cases: usize = failed.iter().map(|check| check.cases.len()).sum();
    let of_one = if cases > 2 { (MOST / cases.max(1)).clamp(1, OF_ONE) } else { OF_ONE };
    for check in &failed {
        tell(check, of_one, &mut left, &mut lines);
    }
    lines.extend(cut_short(run));
    if run.tallied.requests == 0 && !failed.is_empty() {
        lines.push(
            "  does the command read OKTA_CLIENT_ORGURL, or OVERDUB_URL? (`--env NAME={url}` sets what it reads)"
                .to_owned(),
        );
    }
    if !failed.is_empty() && !reports.is_empty() {
        let files: Vec<_> = reports.iter().map(|report| report.path.display().to_string()).collect();
        lines.push(format!("  reports: {}", files.join(", ")));
    }
    if !failed.is_empty() {
        let words: Vec<_> = failed.iter().map(|check| in_a_word(check, run)).collect();
        lines.push(format!("overdub: exit code {}: {}", run.exit_code(), words.join(", ")));
    }
    lines.iter().map(|line| cropped(line) + "\n").collect()
}

/// What to do about a recording that may lack what a command that failed did not come to.
fn cut_short(run: &Run) -> Option<String> {
    let (path, _) =
        run.recorded.as_ref().filter(|(_, report)| report.recorded > 0 && !run.ended.is_good())?;
    let path = path.display();
    Some(format!(
        "  {path} may lack what the command did not come to: remove it, and the next run records it anew"
    ))
}

/// `12 requests: 10 replayed, 2 misses`.
fn requests(run: &Run) -> String {
    let tallied = &run.tallied;
    if tallied.requests == 0 {
        return "no request reached the proxy".to_owned();
    }
    let each = tallied.outcomes.iter().map(|(outcome, count)| match *outcome {
        "miss" => counted(*count, "miss"),
        "passed" => format!("{count} passed on"),
        "own" => format!("{count} of overdub's own"),
        outcome if outcome.ends_with("-error") => {
            let one = outcome.replace('-', " ");
            counted(*count, &one)
        }
        outcome => format!("{count} {outcome}"),
    });
    let left = tallied.abandoned();
    let left = (left > 0).then(|| format!("{left} whose clients left"));
    let each: Vec<_> = each.chain(left).collect();
    format!("{}: {}", counted(tallied.requests, "request"), each.join(", "))
}

/// What is worth a word and no failure.
fn asides(run: &Run) -> String {
    let mut asides = String::new();
    if let Some((path, report)) = &run.recorded {
        let exchanges = counted(report.recorded, "exchange");
        let _ = write!(asides, "; recorded {exchanges} into {}", path.display());
    }
    let (total, unused) = run.unused();
    if unused > 0 && !run.required.used {
        let of: Vec<_> = run.cassettes.iter().filter(|own| !own.unused.is_empty()).collect();
        let told = if of.len() > NAMED {
            format!("{unused} of {total} in {} cassettes", of.len())
        } else {
            let each = of.iter().map(|own| format!("{} of {} in {}", own.unused.len(), own.total, own.name));
            each.collect::<Vec<_>>().join(", ")
        };
        let _ = write!(asides, "; unused recordings: {told}");
    }
    let idle = run.idle().count();
    if idle > 0 && !run.required.fired {
        let _ = write!(asides, "; handlers that never fired: {idle}");
    }
    asides
}

/// The first lines of a check's cases, as far as there is room.
fn tell(check: &Check, of_one: usize, left: &mut usize, lines: &mut Vec<String>) {
    for (number, case) in check.cases.iter().enumerate() {
        if *left == 0 {
            lines.push(format!("  and {} more of {}", check.cases.len() - number, check.name));
            return;
        }
        let shown = case.len().min(of_one).min(*left);
        for (index, line) in case.iter().take(shown).enumerate() {
            let indent = if index == 0 { "  " } else { "    " };
            lines.push(format!("{indent}{line}"));
        }
        *left -= shown;
    }
}

fn in_a_word(check: &Check, run: &Run) -> String {
    match check.name {
        "command" => format!("`{}` {}", run.command, check.summary),
        "used" => format!("{} (--require-used)", check.summary),
        "fired" => format!("{} (--require-fired)", check.summary),
        "recording" => {
            check.cases.iter().filter_map(|case| case.first().cloned()).collect::<Vec<_>>().join(", ")
        }
        "internal-errors" if run.broken.is_some() => "the server ended badly".to_owned(),
        _ => check.summary.clone(),
    }
}

/// At most so many characters, and nothing that would change what a terminal shows.
fn cropped(line: &str) -> String {
    let plain = |own: char| if is_invisible(own) { '\u{fffd}' } else { own };
    let mut shown: String = line.chars().take(LONGEST).map(plain).collect();
    if line.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}
