//! How often: the org's requests per minute, messages per address, wrong answers per user.

use std::collections::BTreeMap;
use std::time::Duration;

use super::errors::{ApiError, Code};
use crate::clock::Timestamp;

const MINUTE: Duration = Duration::from_mins(1);
const REQUESTS_PER_MINUTE: u32 = 600;
/// Wrong answers in a row that lock the user.
const MISTAKES: u32 = 5;
const LOCKED_FOR: Duration = Duration::from_mins(5);

/// `from` and `by` later; the end of time if there is no such moment.
pub(super) fn after(from: Timestamp, by: Duration) -> Timestamp {
    from.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// The org-wide limit that the `x-rate-limit-…` headers tell of.
#[derive(Debug)]
pub(super) struct RateLimit {
    pub(super) per_minute: u32,
    pub(super) used: u32,
    pub(super) resets: Timestamp,
}

/// What the rate limit says about one request.
#[derive(Debug)]
pub(super) struct Allowance {
    pub(super) is_exceeded: bool,
    pub(super) limit: u32,
    pub(super) remaining: u32,
    pub(super) resets: Timestamp,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self { per_minute: REQUESTS_PER_MINUTE, used: 0, resets: Timestamp::MIN }
    }
}

impl RateLimit {
    /// Counts a request. The minute begins with the first request after the last one ended.
    pub(super) fn take(&mut self, now: Timestamp) -> Allowance {
        if now >= self.resets {
            self.used = 0;
            self.resets = after(now, MINUTE);
        }
        let is_exceeded = self.used >= self.per_minute;
        if !is_exceeded {
            self.used += 1;
        }
        let remaining = self.per_minute.saturating_sub(self.used);
        Allowance { is_exceeded, limit: self.per_minute, remaining, resets: self.resets }
    }
}

/// The way a code reaches somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Channel {
    Sms,
    Call,
    Email,
}

impl Channel {
    /// How long after a message the next one may go, and what is said before (Okta Factors API reference).
    const fn window(self) -> (Duration, Code) {
        match self {
            Self::Sms => (Duration::from_secs(30), Code::SmsSentRecently),
            Self::Call => (Duration::from_secs(30), Code::CallMadeRecently),
            Self::Email => (Duration::from_secs(5), Code::MailSentRecently),
        }
    }
}

/// When a message last went to each address, whoever it was for.
#[derive(Debug, Default)]
pub(super) struct Windows(BTreeMap<(Channel, String), Timestamp>);

impl Windows {
    /// Notes a message to `address`, unless one went there too recently.
    pub(super) fn send(&mut self, channel: Channel, address: &str, now: Timestamp) -> Result<(), ApiError> {
        let (window, code) = channel.window();
        let key = (channel, address.to_owned());
        if self.0.get(&key).is_some_and(|sent| now < after(*sent, window)) {
            return Err(code.into());
        }
        self.0.insert(key, now);
        Ok(())
    }
}

/// Wrong answers in a row, and the lock they lead to.
#[derive(Debug, Default)]
pub(super) struct Lock {
    mistakes: u32,
    until: Option<Timestamp>,
}

impl Lock {
    /// Until when the user is locked, if so.
    pub(super) fn until(&self, now: Timestamp) -> Option<Timestamp> {
        self.until.filter(|until| now < *until)
    }

    /// Lets an attempt pass, or says that the user is locked.
    pub(super) fn check(&self, now: Timestamp) -> Result<(), ApiError> {
        if self.until(now).is_some() { Err(Code::Locked.into()) } else { Ok(()) }
    }

    /// Takes note of how an attempt ended and hands the outcome on.
    pub(super) fn note<T>(&mut self, outcome: Result<T, ApiError>, now: Timestamp) -> Result<T, ApiError> {
        match &outcome {
            Ok(_) => *self = Self::default(),
            Err(error) if error.code == Code::Mismatch => {
                self.until = None;
                self.mistakes += 1;
                if self.mistakes >= MISTAKES {
                    *self = Self { mistakes: 0, until: Some(after(now, LOCKED_FOR)) };
                }
            }
            Err(_) => {}
        }
        outcome
    }
}
