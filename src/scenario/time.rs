//! Moments, as scripts compute with them.

use std::cmp::Ordering;
use std::fmt;
use std::time::Duration;

use rhai::{Engine, EvalAltResult, FLOAT, INT};

use super::error::fail;
use crate::clock::{Timestamp, parse_rfc3339, rfc3339};

/// 100 years.
const FARTHEST: Duration = Duration::from_hours(24 * 36_525);

/// A moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Time(pub(super) Timestamp);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&rfc3339(self.0))
    }
}

/// A moment so much later; at the end of time it stands still.
pub(super) fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// Reads `30s`, `10m`, `24h` or `90days`: how far one moment is from another, up to 100 years.
pub(super) fn span(text: &str) -> Result<Duration, Box<EvalAltResult>> {
    match humantime::parse_duration(text) {
        Ok(span) if span <= FARTHEST => Ok(span),
        Ok(_) => Err(fail(format!("`{text}` is more than 100 years"))),
        Err(error) => Err(fail(format!("`{text}` is no duration ({error}); write 30s, 10m, 24h or 90days"))),
    }
}

fn read(text: &str) -> Result<Time, Box<EvalAltResult>> {
    let parsed = parse_rfc3339(text);
    parsed
        .map(Time)
        .map_err(|_| fail(format!("`{text}` is no time: it looks like 2020-04-22T12:09:20.000Z (RFC 3339)")))
}

fn compare(one: Time, other: &str) -> Result<Ordering, Box<EvalAltResult>> {
    Ok(one.cmp(&read(other)?))
}

/// Makes moments known to the engine; `now()` is not among them, it belongs to a call.
pub(super) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<Time>("time");
    engine.register_fn("time", read);
    engine.register_fn("to_string", |time: &mut Time| time.to_string());
    engine.register_fn("to_debug", |time: &mut Time| time.to_string());
    engine.register_get("epoch", |time: &mut Time| -> INT { time.0.as_second() });
    engine.register_get("http_date", |time: &mut Time| crate::clock::http_date(time.0));
    engine.register_fn("+", |time: Time, by: &str| span(by).map(|by| Time(later(time.0, by))));
    engine.register_fn("-", |time: Time, by: &str| {
        let earlier = time.0.checked_sub(span(by)?);
        earlier.map(Time).map_err(|_| fail("no time is that early".to_owned()))
    });
    engine
        .register_fn("-", |one: Time, other: Time| -> FLOAT { one.0.duration_since(other.0).as_secs_f64() });
    engine.register_fn("+", |text: &str, time: Time| format!("{text}{time}"));
    engine.register_fn("==", |one: Time, other: Time| one == other);
    engine.register_fn("!=", |one: Time, other: Time| one != other);
    engine.register_fn("<", |one: Time, other: Time| one < other);
    engine.register_fn("<=", |one: Time, other: Time| one <= other);
    engine.register_fn(">", |one: Time, other: Time| one > other);
    engine.register_fn(">=", |one: Time, other: Time| one >= other);
    engine.register_fn("<", |one: Time, other: &str| compare(one, other).map(Ordering::is_lt));
    engine.register_fn("<=", |one: Time, other: &str| compare(one, other).map(Ordering::is_le));
    engine.register_fn(">", |one: Time, other: &str| compare(one, other).map(Ordering::is_gt));
    engine.register_fn(">=", |one: Time, other: &str| compare(one, other).map(Ordering::is_ge));
    engine.register_fn("<", |one: &str, other: Time| compare(other, one).map(Ordering::is_gt));
    engine.register_fn("<=", |one: &str, other: Time| compare(other, one).map(Ordering::is_ge));
    engine.register_fn(">", |one: &str, other: Time| compare(other, one).map(Ordering::is_lt));
    engine.register_fn(">=", |one: &str, other: Time| compare(other, one).map(Ordering::is_le));
}
