//! For people, on a CI job's page: GitHub's flavour of Markdown.

use std::fmt::Write as _;

use super::super::verdict::{Check, CheckResult, Run};
use crate::command::terminal::counted;

/// Most lines that are shown of one check: a CI job's page takes 1 MiB of all steps together.
const MOST: usize = 200;

pub(super) fn text(run: &Run) -> String {
    let checks = run.checks();
    let is_good = run.exit_code() == 0;
    let result = if is_good { "✅ passed" } else { "❌ failed" };
    let requests = counted(run.tallied.requests, "request");
    let outcomes = run.tallied.outcomes.iter().map(|(outcome, count)| format!("{count} {outcome}"));
    let outcomes: Vec<_> = outcomes.collect();
    let mut text = format!("### overdub exec: {result}\n\n{}\n\n", code(&run.command));
    let of = if outcomes.is_empty() { String::new() } else { format!(": {}", outcomes.join(", ")) };
    let seconds = run.took.as_secs_f64();
    let _ = writeln!(
        text,
        "{requests}{of} · mode {} · {seconds:.1} s · exit code {}\n",
        run.mode,
        run.exit_code()
    );
    text.push_str("| check | result | |\n|---|---|---|\n");
    for Check { name, result, summary, .. } in &checks {
        let result = match result {
            CheckResult::Passed => "✅ passed",
            CheckResult::Failed => "❌ failed",
            CheckResult::Skipped => "➖ skipped",
        };
        let _ = writeln!(text, "| {name} | {result} | {} |", cell(summary));
    }
    text.push('\n');
    for check in checks.iter().filter(|check| check.result == CheckResult::Failed && !check.cases.is_empty())
    {
        details(check, &mut text);
    }
    text
}

/// What a failed check found, folded.
fn details(check: &Check, text: &mut String) {
    let lines = check.cases.iter().flat_map(|case| {
        let (first, rest) =
            case.split_first().map_or(("", [].as_slice()), |(first, rest)| (first.as_str(), rest));
        std::iter::once(first.to_owned()).chain(rest.iter().map(|line| format!("  {line}")))
    });
    let mut lines: Vec<_> = lines.collect();
    if lines.len() > MOST {
        let more = lines.len() - MOST;
        lines.truncate(MOST);
        lines.push(format!("… and {more} more lines"));
    }
    let block = lines.join("\n");
    let fence = "`".repeat(longest_run(&block).max(2) + 1);
    let (name, summary) = (check.name, html(&check.summary));
    let _ = writeln!(
        text,
        "<details><summary>{name}: {summary}</summary>\n\n{fence}text\n{block}\n{fence}\n\n</details>\n"
    );
}

/// A text as code within a line.
fn code(text: &str) -> String {
    let plain = text.replace(['\n', '\r'], " ");
    let fence = "`".repeat(longest_run(&plain) + 1);
    let pad = if plain.starts_with('`') || plain.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{plain}{pad}{fence}")
}

/// A text as it may stand in a table.
fn cell(text: &str) -> String {
    html(text).replace('\\', "\\\\").replace('|', "\\|").replace('\n', " ")
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// How many backticks stand in a row at most.
fn longest_run(text: &str) -> usize {
    text.split(|own| own != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_as_code_stays_code() {
        assert_eq!(code("pytest -q"), "`pytest -q`");
        assert_eq!(code("sh -c 'a `b`'"), "``sh -c 'a `b`'``");
        assert_eq!(code("`b`"), "`` `b` ``");
        assert_eq!(cell("a|b\n<c>"), "a\\|b &lt;c&gt;");
    }
}
