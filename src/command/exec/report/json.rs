//! All of it, as one JSON object; `docs/ci.md` says what its keys mean.

use serde_json::{Map, Value, json};

use super::super::child::Ended;
use super::super::verdict::{Check, Run};
use crate::clock::rfc3339;
use crate::journal::Failed;
use crate::replay::{CassetteUse, UnusedRecording};
use crate::scenario::HandlerReport;

pub(super) fn text(run: &Run) -> String {
    format!("{:#}\n", value(run))
}

fn value(run: &Run) -> Value {
    let (code, signal) = match run.ended {
        Ended::Code(code) => (Some(code), None),
        Ended::Signal(signal) => (None, Some(signal)),
    };
    let outcomes = run.tallied.outcomes.iter().map(|(name, count)| ((*name).to_owned(), (*count).into()));
    let recorded = run.recorded.as_ref().map(|(path, report)| {
        json!({
            "path": path.display().to_string(),
            "exchanges": report.recorded,
            "failed": report.failed,
            "leaks": report.leaks,
        })
    });
    json!({
        "overdub": env!("CARGO_PKG_VERSION"),
        "command": { "line": run.command, "exit_code": code, "signal": signal },
        "exit_code": run.exit_code(),
        "mode": run.mode,
        "upstream": run.upstream,
        "began": rfc3339(run.began),
        "took_ms": u64::try_from(run.took.as_millis()).unwrap_or(u64::MAX),
        "checks": run.checks().iter().map(check).collect::<Vec<_>>(),
        "requests": {
            "total": run.tallied.requests,
            "abandoned": run.tallied.abandoned(),
            "outcomes": outcomes.collect::<Map<_, _>>(),
        },
        "failures": run.tallied.failed.iter().map(failure).collect::<Vec<_>>(),
        "cassettes": run.cassettes.iter().map(cassette).collect::<Vec<_>>(),
        "recorded": recorded,
        "handlers": run.handlers.iter().map(handler).collect::<Vec<_>>(),
    })
}

fn check(own: &Check) -> Value {
    json!({ "name": own.name, "result": own.result.word(), "summary": own.summary })
}

fn failure(own: &Failed) -> Value {
    let Failed { outcome, method, target, report, times } = own;
    json!({
        "outcome": outcome,
        "method": method.as_str(),
        "target": target,
        "times": times,
        "report": report,
    })
}

fn cassette(own: &CassetteUse) -> Value {
    let unused = own.unused.iter().map(|UnusedRecording { number, line, method, url }| {
        json!({ "interaction": number, "line": line, "method": method, "url": url })
    });
    json!({
        "name": own.name,
        "path": own.path.display().to_string(),
        "interactions": own.total,
        "used": own.total - own.unused.len(),
        "unused": unused.collect::<Vec<_>>(),
    })
}

fn handler(own: &HandlerReport) -> Value {
    let HandlerReport { scenario, handler, place, calls, fired, failed, effects, last } = own;
    json!({
        "scenario": scenario,
        "handler": handler,
        "place": place,
        "calls": calls,
        "fired": fired,
        "failed": failed,
        "effects": effects,
        "last": last,
    })
}
