//! What came against what was expected, difference by difference.

use ::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use serde_json::Value;

use super::file::Expect;
use super::vars::Vars;
use crate::fault::{Faults, WireFault};

/// What reached the client.
#[derive(Debug)]
pub(super) struct Came {
    /// `None`: a fault took the answer's place.
    pub(super) answer: Option<(StatusCode, HeaderMap, Bytes)>,
    pub(super) faults: Faults,
}

impl Came {
    /// The body as JSON, if it is.
    pub(super) fn json(&self) -> Option<Value> {
        self.answer.as_ref().and_then(|(_, _, body)| serde_json::from_slice(body).ok())
    }

    /// The answer in one line.
    pub(super) fn summary(&self) -> String {
        const MOST: usize = 300;
        let Some((status, _, body)) = &self.answer else {
            return format!("no answer: {}", faults_of(&self.faults).join(", "));
        };
        let body = String::from_utf8_lossy(body);
        let body = body.split_whitespace().collect::<Vec<_>>().join(" ");
        let cut = if body.chars().count() > MOST { "…" } else { "" };
        format!("{} {}{cut}", status.as_u16(), body.chars().take(MOST).collect::<String>())
            .trim_end()
            .to_owned()
    }
}

/// Every difference, in words.
pub(super) fn differences(expect: &Expect, came: &Came, vars: &Vars) -> Vec<String> {
    let mut found = Vec::new();
    compare_faults(expect, came, &mut found);
    let asks_for_answer = expect.status.is_some()
        || expect.json.is_some()
        || expect.text.is_some()
        || !expect.headers.is_empty()
        || !expect.absent.is_empty();
    let Some((status, headers, body)) = &came.answer else {
        if asks_for_answer && expect.faults.is_some() {
            found.push(format!("an answer is expected, got {}", came.summary()));
        }
        return found;
    };
    if let Some(expected) = expect.status.filter(|expected| *expected != status.as_u16()) {
        found.push(format!("status: expected {expected}, got {}", came.summary()));
    }
    for (name, value) in &expect.headers {
        let there = headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
        let told = there.as_deref().map_or_else(|| "none".to_owned(), |text| format!("`{text}`"));
        match value.as_deref() {
            None if there.is_some() => found.push(format!("header {name}: expected none, got {told}")),
            Some("*") if there.is_none() => found.push(format!("header {name}: expected one, got none")),
            None | Some("*") => {}
            Some(value) => {
                let value = vars.filled(value);
                if there.as_deref() != Some(&value) {
                    found.push(format!("header {name}: expected `{value}`, got {told}"));
                }
            }
        }
    }
    if let Some(text) = expect.text.as_deref().map(|text| vars.filled(text))
        && !String::from_utf8_lossy(body).contains(&text)
    {
        found.push(format!("text: `{text}` is not in {}", came.summary()));
    }
    compare_json(expect, came, vars, &mut found);
    found
}

fn compare_json(expect: &Expect, came: &Came, vars: &Vars, found: &mut Vec<String>) {
    if expect.json.is_none() && expect.absent.is_empty() {
        return;
    }
    let Some(json) = came.json() else {
        found.push(format!("json: the body is no JSON: {}", came.summary()));
        return;
    };
    if let Some(expected) = &expect.json {
        compare_values("", &vars.filled_in(expected), &json, found);
    }
    for pointer in &expect.absent {
        if let Some(value) = json.pointer(&pointer.0) {
            found.push(format!("json {}: expected nothing, got {value}", pointer.0));
        }
    }
}

/// Whether all that is expected is there.
fn compare_values(at: &str, expected: &Value, came: &Value, found: &mut Vec<String>) {
    match (expected, came) {
        (Value::Object(expected), Value::Object(own)) => {
            for (name, value) in expected {
                let at = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
                if let Some(own) = own.get(name) {
                    compare_values(&at, value, own, found);
                } else {
                    let names = own.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
                    found.push(format!("json {at}: expected {value}, but there are only {names}"));
                }
            }
        }
        (Value::Array(expected), Value::Array(own)) if expected.len() == own.len() => {
            for (place, (value, own)) in expected.iter().zip(own).enumerate() {
                compare_values(&format!("{at}/{place}"), value, own, found);
            }
        }
        (Value::Array(expected), Value::Array(own)) => {
            let (wanted, there) = (expected.len(), own.len());
            found.push(format!("json {at}: expected {wanted} elements, got {there}: {came}"));
        }
        _ if expected == came => {}
        _ => found.push(format!("json {at}: expected {expected}, got {came}")),
    }
}

fn compare_faults(expect: &Expect, came: &Came, found: &mut Vec<String>) {
    let there = faults_of(&came.faults);
    let told = || if there.is_empty() { "none".to_owned() } else { there.join(", ") };
    match &expect.faults {
        Some(wanted) => {
            let is_one = |wanted: &str, own: &str| wanted == own || own.split('(').next() == Some(wanted);
            let missing = wanted.iter().any(|name| !there.iter().any(|own| is_one(&name.0, own)));
            let surplus = there.iter().any(|own| !wanted.iter().any(|name| is_one(&name.0, own)));
            if missing || surplus {
                let names: Vec<_> = wanted.iter().map(|name| name.0.as_str()).collect();
                let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                found.push(format!("faults: expected {names}, got {}", told()));
            }
        }
        None if breaks(&came.faults) => found.push(format!("faults: expected none, got {}", told())),
        None => {}
    }
    if let Some(span) = expect.delay
        && !(span.least..=span.most).contains(&came.faults.delay)
    {
        let time = humantime::format_duration;
        let wanted = if span.least == span.most {
            time(span.least).to_string()
        } else {
            format!("{} to {}", time(span.least), time(span.most))
        };
        found.push(format!("delay: expected {wanted}, got {}", time(came.faults.delay)));
    }
}

/// Whether a client meets more than a slow answer.
fn breaks(faults: &Faults) -> bool {
    faults.wire.is_some() || faults.refuse > 0 || faults.tls_failure > 0
}

/// All faults but delays, as scripts write them.
fn faults_of(faults: &Faults) -> Vec<String> {
    let mut told = Vec::new();
    if let Some(rate) = faults.throttle {
        told.push(format!("throttle({rate})"));
    }
    if let Some((chunks, over)) = faults.dribble {
        told.push(format!("dribble({chunks}, \"{}\")", humantime::format_duration(over)));
    }
    if let Some(wire) = faults.wire {
        told.push(match wire {
            WireFault::ResetAfter(number) | WireFault::Truncate(number) | WireFault::WrongLength(number) => {
                format!("{}({number})", wire.name())
            }
            WireFault::H2Reset(code) => format!("{}({code})", wire.name()),
            _ => wire.name().to_owned(),
        });
    }
    for (name, count) in [("refuse", faults.refuse), ("tls_failure", faults.tls_failure)] {
        if count > 0 {
            told.push(format!("{name}({count})"));
        }
    }
    told
}
