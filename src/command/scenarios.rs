//! Scenarios of a proxy, accounted for when it ends.

use std::collections::BTreeMap;

use super::Failure;
use crate::Proxy;
use crate::scenario::HandlerReport;

/// Says what the handlers did. `required`: it is a failure if one never did anything.
///
/// # Errors
/// Names those that never did anything.
pub(super) fn account(proxy: &Proxy, required: bool) -> Result<(), Failure> {
    let report = proxy.scenarios().map(|scenarios| scenarios.report()).unwrap_or_default();
    for handler in &report {
        tracing::info!("{}", told(handler));
    }
    let idle: Vec<_> = report.iter().filter(|handler| handler.fired == 0).collect();
    if !required || idle.is_empty() {
        return Ok(());
    }
    let lines = idle.iter().map(|own| format!("\n  {}: {} ({})", own.scenario, own.handler, own.place));
    let what = "handlers that never did anything (--require-fired): ";
    Err(Failure::Checks(format!("{what}{}{}", idle.len(), lines.collect::<String>())))
}

/// `scenario NAME: HANDLER: fired 2 times of 5 calls (answer 2), last on …`.
fn told(handler: &HandlerReport) -> String {
    let HandlerReport { scenario, handler, calls, fired, failed, effects, last, place } = handler;
    let label = format!("scenario {scenario}: {handler}");
    if *fired == 0 && *failed == 0 {
        return format!("{label}: never fired, of {calls} calls ({place})");
    }
    let failed = if *failed > 0 { format!(", failed {failed}") } else { String::new() };
    let last = last.as_ref().map(|last| format!(", last on {last}")).unwrap_or_default();
    format!("{label}: fired {fired} of {calls} calls{failed}{}{last}", listed(effects))
}

fn listed(effects: &BTreeMap<&'static str, u64>) -> String {
    if effects.is_empty() {
        return String::new();
    }
    let all: Vec<_> = effects.iter().map(|(effect, count)| format!("{effect} {count}")).collect();
    format!(" ({})", all.join(", "))
}
