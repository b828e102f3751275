//! What the demo prints: made to be read by a person, plain where colour is not wanted.

use std::io::{self, Write as _};
use std::path::Path;

use serde_json::Value;

use super::flows::{Flow, Scene};
use super::talk::Turn;
use crate::command::terminal::{Paint, shortened};
use crate::http::Origin;

/// Writes the story to stdout.
pub(super) struct Show {
    paint: Paint,
}

/// Longest path that is shown whole (characters).
const PATH: usize = 64;

impl Show {
    pub(super) fn on_stdout() -> Self {
        Self { paint: Paint::on_stdout() }
    }

    pub(super) fn title(&self) {
        line(&self.paint.bold("overdub: record an API, take it away, replay it"));
    }

    pub(super) fn recording(&self, upstream: &Origin) {
        line("");
        line(&format!(
            "{} An Okta Factors org runs on {upstream}; a client talks to it through overdub, which records.",
            self.paint.bold("1.")
        ));
    }

    pub(super) fn flow(&self, flow: &Flow, turns: &[Turn], cassette: &Path) {
        line("");
        line(&format!("   {}", self.paint.bold(flow.title)));
        self.turns(turns);
        line(&self.paint.dim(&format!("     {} interactions in {}", turns.len(), cassette.display())));
    }

    fn turns(&self, turns: &[Turn]) {
        for turn in turns {
            let path = path(&turn.path);
            line(&format!("     {:<6} {path:<PATH$} {}  {}", turn.method, self.status(turn), outcome(turn)));
        }
    }

    pub(super) fn org_is_gone(&self, upstream: &Origin, gone: bool) {
        let refused = if gone { "nobody listens there any more" } else { "something listens there still" };
        line("");
        line(&format!("{} The org is stopped: {upstream}, {refused}.", self.paint.bold("2.")));
    }

    pub(super) fn replaying(&self) {
        line("");
        line(&format!(
            "{} The same requests again, answered from the cassettes alone; status and body compared byte by byte, \
             secrets aside: the cassettes hold stand-ins for them.",
            self.paint.bold("3.")
        ));
        line("");
    }

    pub(super) fn compared(&self, flow: &Flow, turns: usize, differences: &[String]) {
        let equal = turns - differences.len();
        let mark =
            if differences.is_empty() { self.paint.green("same") } else { self.paint.red("DIFFERENT") };
        line(&format!("     {:<14} {equal:>2} of {turns:>2} answers  {mark}", flow.cassette));
        for difference in differences {
            line(&format!("       {difference}"));
        }
    }

    pub(super) fn scenarios(&self) {
        line("");
        line(&format!(
            "{} Scenarios over the same cassettes: what nobody can reproduce at will, at will.",
            self.paint.bold("4.")
        ));
    }

    pub(super) fn scene(&self, scene: &Scene, turns: &[Turn]) {
        line("");
        line(&format!("   {} ({})", self.paint.bold(scene.scenario), scene.title));
        self.turns(turns);
    }

    pub(super) fn ending(&self, dir: &Path) {
        line("");
        line(&format!("{} The cassettes are yours to read, and to serve:", self.paint.bold("5.")));
        line("");
        let serve = format!("overdub replay -c {} --listen 127.0.0.1:8080", dir.display());
        line(&format!("     {serve}"));
        line(&format!("     {serve} --scenario push-expired"));
    }

    fn status(&self, turn: &Turn) -> String {
        let text = turn.status.as_u16().to_string();
        if turn.status.is_success() { self.paint.green(&text) } else { self.paint.red(&text) }
    }
}

fn line(text: &str) {
    // Nobody reads on when stdout is closed; what was checked is in the exit code.
    let _ = writeln!(io::stdout(), "{text}");
}

/// What the answer says, in a few words: the factor's id and status, a result, an error, where it leads.
fn outcome(turn: &Turn) -> String {
    let told = told(turn);
    match &turn.location {
        Some(location) => {
            let path = location.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
            format!(
                "{told} -> {}",
                path.map_or(location.as_str(), |(_, path)| path).replacen("api/v1", "…", 1)
            )
        }
        None => told,
    }
}

/// Status and outcome, as a line of the story tells them.
pub(super) fn seen(turn: &Turn) -> String {
    format!("{} {}", turn.status.as_u16(), outcome(turn))
}

fn told(turn: &Turn) -> String {
    let Ok(answer) = serde_json::from_slice::<Value>(&turn.answer) else { return String::new() };
    let text = |pointer: &str| answer.pointer(pointer).and_then(Value::as_str);
    if let Some(code) = text("/errorCode") {
        return format!(
            "{code} {}",
            text("/errorCauses/0/errorSummary").or(text("/errorSummary")).unwrap_or_default()
        );
    }
    match &answer {
        Value::Array(items) if items.is_empty() => "an empty list".to_owned(),
        Value::Array(items) => {
            match items.first().and_then(|first| first.get("status")).and_then(Value::as_str) {
                Some(status) => format!("{} in the list, {status}", items.len()),
                None => format!("{} in the list", items.len()),
            }
        }
        _ => [text("/id"), text("/factorResult"), text("/status")]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" "),
    }
}

/// A path that fits its column.
fn path(path: &str) -> String {
    let path = path.strip_prefix("/api/v1").map_or_else(|| path.to_owned(), |rest| format!("…{rest}"));
    shortened(&path, PATH)
}
