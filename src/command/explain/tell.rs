//! What was found out about a request: for people, and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::settings::Setting;
use crate::command::named::Named;
use crate::replay::{self, Answering, Considered, Explanation, Match, Standing, Verdict, told};

/// A request, what comes of it, and what would make it another.
pub(super) struct Told {
    pub(super) explanation: Explanation,
    pub(super) settings: Vec<Setting>,
    /// What is not known.
    pub(super) notes: Vec<String>,
    /// What the request was called by whoever asked: `flow.http#2`.
    pub(super) title: Option<String>,
}

impl Told {
    /// Whether a recording would answer.
    pub(super) fn is_answered(&self) -> bool {
        matches!(self.explanation.verdict, Verdict::Answered(_))
    }

    /// For people; `all`: every difference.
    pub(super) fn text(&self, all: bool) -> String {
        let own = &self.explanation;
        let mut out = String::new();
        let mut line = |text: &str| {
            out.push_str(text);
            out.push('\n');
        };
        line(&self.verdict());
        let title = self.title.as_ref().map(|title| format!("{title}: ")).unwrap_or_default();
        let body = own.body.as_ref().map(|body| format!(" with {body}")).unwrap_or_default();
        line(&format!("  request: {title}{} {}{body}", own.method, own.target));
        line(&format!("  cassettes: {}", own.in_force));
        line(&format!("  session: {}", own.session));
        for note in &self.notes {
            line(&format!("  note: {note}"));
        }
        let what = if self.is_answered() {
            "recordings of this request"
        } else if own.verdict == Verdict::UsedUp {
            "recordings of this request, all used"
        } else {
            "closest recordings"
        };
        if !own.considered.is_empty() {
            line(&format!("  {what}:"));
        }
        for (index, considered) in own.considered.iter().enumerate() {
            let answers = self.is_answered() && index == 0;
            line(&format!("    {}: {}", considered.named, standing(considered, answers)));
            let shown = if all { considered.differences.len() } else { 1 };
            for difference in considered.differences.iter().take(shown) {
                line(&format!("      {}", told(difference)));
            }
            let more = considered.differences.len().saturating_sub(shown) + considered.more;
            match more {
                0 => {}
                1 => line("      and 1 more difference (--all shows it)"),
                _ => line(&format!("      and {more} more differences (--all shows them)")),
            }
        }
        if own.more > 0 {
            line(&format!("    and {} more (--all)", own.more));
        }
        if !self.is_answered() && own.considered.is_empty() {
            line("  closest recordings: nothing like it was recorded");
        }
        if !own.bound.is_empty() {
            line("  in this session:");
        }
        for (stand_in, value) in &own.bound {
            line(&format!("    {value} stands for {stand_in}"));
        }
        if !self.settings.is_empty() {
            line("  what would have it answered:");
        }
        for setting in &self.settings {
            setting.lines().for_each(|text| line(&format!("    {text}")));
        }
        out
    }

    fn verdict(&self) -> String {
        let own = &self.explanation;
        match &own.verdict {
            Verdict::Answered(Answering { status, by, .. }) => {
                let by = match by {
                    Match::Exact => "exact",
                    Match::Values => "with the client's own values where stand-ins were recorded",
                    Match::AnyBody => "whatever its body is: none was recorded",
                };
                let place = own.considered.first().map(|own| own.named.place()).unwrap_or_default();
                format!("would be answered by {place} with {status}, {by}")
            }
            miss => format!("a miss: {}", miss.told()),
        }
    }

    pub(super) fn json(&self) -> Value {
        let own = &self.explanation;
        let (verdict, reason, by) = match &own.verdict {
            Verdict::Answered(answering) => ("answered", None, Some(answering)),
            Verdict::NeverRecorded => ("miss", Some("never-recorded"), None),
            Verdict::UsedUp => ("miss", Some("used-up"), None),
            Verdict::OnlyConditional => ("miss", Some("only-conditional"), None),
            Verdict::NoSuchCassette(_) => ("miss", Some("no-such-cassette"), None),
        };
        let bindings =
            own.bound.iter().map(|(stand_in, value)| json!({ "stand_in": stand_in, "value": value }));
        let answer = by.map(|Answering { status, by, .. }| {
            let by = match by {
                Match::Exact => "exact",
                Match::Values => "values",
                Match::AnyBody => "any-body",
            };
            let mut answer = own.considered.first().map(|own| named(&own.named)).unwrap_or_default();
            answer["status"] = (*status).into();
            answer["match"] = by.into();
            answer
        });
        json!({
            "title": self.title,
            "request": { "method": own.method.as_str(), "target": own.target, "body": own.body },
            "session": own.session,
            "verdict": verdict,
            "reason": reason,
            "answer": answer,
            "candidates": own.considered.iter().map(candidate).collect::<Vec<_>>(),
            "more_candidates": own.more,
            "bindings": bindings.collect::<Vec<_>>(),
            "settings": self.settings.iter().map(Setting::json).collect::<Vec<_>>(),
            "notes": self.notes,
        })
    }
}

fn candidate(own: &Considered) -> Value {
    let Standing { used, after, until } = &own.standing;
    let differences = own.differences.iter().map(
        |own| json!({ "field": own.field, "sent": own.sent, "recorded": own.recorded, "bound": own.bound }),
    );
    let mut shown = named(&own.named);
    shown["used"] = (*used).into();
    shown["due_after"] = after.as_ref().map(named).into();
    shown["over_since"] = until.as_ref().map(named).into();
    shown["differences"] = differences.collect();
    shown["more_differences"] = own.more.into();
    shown
}

fn named(own: &replay::Named) -> Value {
    json!(Named::from(own))
}

/// What its session has to do with a recording, in words.
fn standing(own: &Considered, answers: bool) -> String {
    let Standing { used, after, until } = &own.standing;
    let mut text = match (answers, used) {
        (true, false) => "answers",
        (true, true) => "answers, and did before",
        (false, true) => "used",
        (false, false) => "not used",
    }
    .to_owned();
    let write = |named: &replay::Named| {
        format!("{} #{}, {} {}", named.cassette, named.recording.interaction + 1, named.method, named.url)
    };
    if let Some(after) = after {
        let _ = write!(text, ", due only after {}", write(after));
    }
    if let Some(until) = until {
        let _ = write!(text, ", over since {}", write(until));
    }
    text
}
