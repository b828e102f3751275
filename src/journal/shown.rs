//! An entry as JSON: on the admin address and in a session log alike.

use std::time::Duration;

use serde_json::{Value, json};

use super::Entry;
use crate::clock::rfc3339;

/// The entry as an object. Its target is shown as it is.
pub fn shown(entry: &Entry) -> Value {
    let (cassette, interaction) =
        entry.recording.as_ref().map(|(name, number)| (&**name, number + 1)).unzip();
    let scripts = entry
        .scripts
        .iter()
        .map(|own| json!({ "scenario": own.scenario, "handler": own.handler, "effects": own.effects }));
    let mut shown = json!({
        "n": entry.n,
        "at": rfc3339(entry.at),
        "session": entry.session.as_deref(),
        "method": entry.method.as_str(),
        "target": entry.target,
        "status": entry.status.map(|status| status.as_u16()),
        "outcome": entry.outcome,
        "cassette": cassette,
        // Counted from 1, as miss reports do.
        "interaction": interaction,
        "took_ms": millis(entry.took),
    });
    if !entry.scripts.is_empty() {
        shown["scenarios"] = scripts.collect();
    }
    shown
}

/// Milliseconds with three decimals.
fn millis(took: Duration) -> f64 {
    let micros = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
    f64::from(micros) / 1000.0
}
