//! Time and randomness: the only file that reads the wall clock or the system's entropy.
//!
//! Everything else takes a [`Clock`], so that a test or a sandbox can run on a time of its own and come out the
//! same each time. It formats times too, so that one spelling of a timestamp stands in every file.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

pub use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::tz::Offset;

/// Where "now" comes from.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The computer's own clock.
    Wall,
    /// A clock that stands still until it is advanced: milliseconds since 1970-01-01T00:00:00Z.
    Virtual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `start` until [`Clock::advance`] moves it.
    pub fn virtual_from(start: Timestamp) -> Self {
        Self::Virtual(Arc::new(AtomicI64::new(start.as_millisecond())))
    }

    /// The present moment, to the millisecond.
    #[allow(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::Wall => {
                let now = Timestamp::now();
                Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
            }
            Self::Virtual(millis) => {
                Timestamp::from_millisecond(millis.load(Ordering::Relaxed)).unwrap_or(Timestamp::MAX)
            }
        }
    }

    /// Whether both tell the same time, now and later.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Wall, Self::Wall) => true,
            (Self::Virtual(own), Self::Virtual(other)) => Arc::ptr_eq(own, other),
            _ => false,
        }
    }

    /// Moves a virtual clock on; the wall clock cannot be moved and stays as it is.
    pub fn advance(&self, by: Duration) {
        if let Self::Virtual(millis) = self {
            let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
            millis.fetch_add(by, Ordering::Relaxed);
        }
    }
}

/// A running measurement of how long something takes.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts measuring.
    #[allow(clippy::disallowed_methods, reason = "this is the one place that reads the monotonic clock")]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// Time since the start.
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// Date and time of day as a calendar tells them (UTC, proleptic Gregorian).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Civil {
    /// The year.
    pub year: i16,
    /// From 1.
    pub month: i8,
    /// From 1.
    pub day: i8,
    /// Up to 23.
    pub hour: i8,
    /// Up to 59.
    pub minute: i8,
    /// Up to 59.
    pub second: i8,
}

impl Civil {
    /// What the calendar tells so many seconds after 1970 began; `None` beyond the years -9999 to 9999.
    pub fn of_second(second: i64) -> Option<Self> {
        let told = Offset::UTC.to_datetime(Timestamp::from_second(second).ok()?);
        Some(Self {
            year: told.year(),
            month: told.month(),
            day: told.day(),
            hour: told.hour(),
            minute: told.minute(),
            second: told.second(),
        })
    }

    /// Seconds since 1970 began; `None` if no calendar has such a date.
    pub fn as_second(self) -> Option<i64> {
        let Self { year, month, day, hour, minute, second } = self;
        let told = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
        Offset::UTC.to_timestamp(told).ok().map(Timestamp::as_second)
    }
}

/// `2020-04-22T12:09:20.000Z`: RFC 3339 with milliseconds, as Okta writes its timestamps.
pub fn rfc3339(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// Reads an RFC 3339 timestamp with any number of decimals.
///
/// # Errors
/// What is wrong with the text, in words.
pub fn parse_rfc3339(text: &str) -> Result<Timestamp, jiff::Error> {
    text.parse()
}

/// `Wed, 22 Apr 2020 12:09:20 GMT`: the form of the `Date` header (RFC 9110 §5.6.7).
pub fn http_date(at: Timestamp) -> String {
    let seconds = u64::try_from(at.as_second()).unwrap_or(0);
    httpdate::fmt_http_date(std::time::UNIX_EPOCH + Duration::from_secs(seconds))
}

/// Reads what [`http_date`] writes, and the two older forms (RFC 9110 §5.6.7).
pub fn parse_http_date(text: &str) -> Option<Timestamp> {
    httpdate::parse_http_date(text).ok().and_then(|time| Timestamp::try_from(time).ok())
}

/// Reads a date as RFC 5322 §3.3 spells it, with any offset; the weekday, which people get wrong, does not count.
pub fn parse_rfc2822(text: &str) -> Option<Timestamp> {
    let parser = DateTimeParser::new().relaxed_weekday(true);
    parser.parse_timestamp(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_virtual_clock_moves_only_when_told() {
        let clock = Clock::virtual_from(parse_rfc3339("2020-04-22T12:09:20Z").unwrap());
        assert_eq!(rfc3339(clock.now()), "2020-04-22T12:09:20.000Z");
        clock.advance(Duration::from_millis(1500));
        assert_eq!(rfc3339(clock.now()), "2020-04-22T12:09:21.500Z");
        assert_eq!(http_date(clock.now()), "Wed, 22 Apr 2020 12:09:21 GMT");
    }
}
