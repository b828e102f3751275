//! XML as Ant's task for `JUnit` first wrote it, and as GitHub's, GitLab's and Jenkins' readers take it: one suite, a test case
//! per check.

use std::fmt::Write as _;
use std::time::Duration;

use super::super::verdict::{Check, CheckResult, Run};
use crate::clock::rfc3339;

pub(super) fn text(run: &Run) -> String {
    let checks = run.checks();
    let count = |result: CheckResult| checks.iter().filter(|check| check.result == result).count();
    let (failures, skipped) = (count(CheckResult::Failed), count(CheckResult::Skipped));
    let name = escaped(&format!("overdub exec: {}", run.command));
    let counts = format!(r#"tests="{}" failures="{failures}" errors="0""#, checks.len());
    let time = seconds(run.took);
    // The schema of Ant's task has no time zone here: it is UTC.
    let began = rfc3339(run.began);
    let began = began.split('.').next().unwrap_or_default();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Without attributes: some schemas know none here.
    xml.push_str("<testsuites>\n");
    let _ = writeln!(
        xml,
        r#"  <testsuite id="0" package="overdub" name="{name}" {counts} skipped="{skipped}" time="{time}" timestamp="{began}" hostname="localhost">"#
    );
    properties(run, &mut xml);
    for check in &checks {
        // All of the time is the command's.
        let time = if check.name == "command" { seconds(run.took) } else { seconds(Duration::ZERO) };
        test_case(check, &name, &time, &mut xml);
    }
    xml.push_str(
        "    <system-out></system-out>\n    <system-err></system-err>\n  </testsuite>\n</testsuites>\n",
    );
    xml
}

fn properties(run: &Run, xml: &mut String) {
    let mut all = vec![
        ("mode", run.mode.to_owned()),
        ("upstream", run.upstream.clone()),
        ("exit_code", run.exit_code().to_string()),
        ("requests", run.tallied.requests.to_string()),
    ];
    all.extend(run.tallied.outcomes.iter().map(|(outcome, count)| (*outcome, count.to_string())));
    xml.push_str("    <properties>\n");
    for (name, value) in all {
        let _ = writeln!(xml, r#"      <property name="overdub.{name}" value="{}"/>"#, escaped(&value));
    }
    xml.push_str("    </properties>\n");
}

fn test_case(check: &Check, class: &str, time: &str, xml: &mut String) {
    let (name, summary) = (check.name, escaped(&check.summary));
    let open = format!(r#"    <testcase classname="{class}" name="{name}" time="{time}""#);
    let _ = match check.result {
        CheckResult::Passed => writeln!(xml, "{open}/>"),
        CheckResult::Skipped => {
            writeln!(xml, "{open}>\n      <skipped message=\"{summary}\"/>\n    </testcase>")
        }
        CheckResult::Failed => {
            let cases: Vec<_> = check.cases.iter().map(|case| case.join("\n  ")).collect();
            let text = escaped(&cases.join("\n"));
            writeln!(
                xml,
                "{open}>\n      <failure message=\"{summary}\" type=\"overdub.{name}\">{text}</failure>\n    </testcase>"
            )
        }
    };
}

fn seconds(took: Duration) -> String {
    format!("{:.3}", took.as_secs_f64())
}

/// A text as it may stand between tags and in attributes. What XML 1.0 has no way to write (§2.2) is replaced.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for own in text.chars() {
        match own {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(own),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            own if own.is_control() => escaped.push('\u{fffd}'),
            own => escaped.push(own),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_can_be_written() {
        assert_eq!(
            escaped("a<b>&\"c\"\u{0}\u{1b}[31m\r\nd\u{ffff}é"),
            "a&lt;b&gt;&amp;&quot;c&quot;\u{fffd}\u{fffd}[31m\u{fffd}\nd\u{fffd}é"
        );
    }
}
