//! One-time passwords that a device computes: TOTP (RFC 6238) and HOTP (RFC 4226).

use std::time::Duration;

use data_encoding::{BASE32_NOPAD, HEXLOWER_PERMISSIVE};
use serde_json::{Value, json};
use totp_rs::Builder;

use super::links::{self, Place};
use crate::clock::{Clock, Timestamp};
use crate::sandbox::errors::{ApiError, Code};
use crate::sandbox::limits::after;

const STEP: u64 = 30;
/// How far a counter may have run ahead of us (RFC 4226 §7.4), and how far back a code is known as used.
const LOOK_AROUND: u64 = 10;
/// Steps of which we remember that their code was used; older ones are out of the window anyway.
const REMEMBERED: usize = 16;
/// The cause Okta gives beside E0000068.
const MISMATCH: &str = "Your passcode doesn't match our records. Please try again.";

/// What to say to a code that does not fit.
pub(super) fn wrong_code() -> ApiError {
    ApiError::because(Code::Mismatch, MISMATCH)
}

/// HOTP of a counter. A TOTP is the HOTP of the number of its time step, so the time is chosen to give that number.
fn code_at(secret: &[u8], counter: u64) -> String {
    let totp = Builder::new().with_secret(secret.to_vec()).with_step_duration(STEP).build_noncompliant();
    totp.generate(counter.saturating_mul(STEP)).to_string()
}

fn step_of(at: Timestamp) -> u64 {
    u64::try_from(at.as_second()).unwrap_or_default() / STEP
}

/// The steps around a moment, the present one first.
fn window(at: Timestamp) -> [u64; 3] {
    let step = step_of(at);
    [step, step_of(after(at, Duration::from_secs(STEP))), step.saturating_sub(1)]
}

/// A time-based token.
#[derive(Debug)]
pub(in crate::sandbox) struct Totp {
    pub(super) credential: String,
    pub(super) secret: Vec<u8>,
    /// The last part of the QR code's href.
    pub(super) qr: String,
    used: Vec<u64>,
}

impl Totp {
    pub(super) fn new(credential: String, secret: Vec<u8>, qr: String) -> Self {
        Self { credential, secret, qr, used: Vec::new() }
    }

    /// Accepts the code of the present step or of a neighbour, once. A real client computes it with its own clock, so
    /// the wall clock's steps count as well as those of the org's clock.
    pub(super) fn check(&mut self, code: &str, now: Timestamp) -> Result<(), ApiError> {
        let mut steps = window(now).into_iter().chain(window(Clock::Wall.now()));
        let step = steps.find(|step| code_at(&self.secret, *step) == code).ok_or_else(wrong_code)?;
        if self.used.contains(&step) {
            return Err(Code::Replayed.into());
        }
        if self.used.len() == REMEMBERED {
            self.used.remove(0);
        }
        self.used.push(step);
        Ok(())
    }

    /// A code that would be accepted now, if there is one left.
    pub(super) fn current(&self, now: Timestamp) -> Option<String> {
        let step = window(now).into_iter().find(|step| !self.used.contains(step))?;
        Some(code_at(&self.secret, step))
    }

    pub(super) fn activation(&self, place: Place<'_>) -> Value {
        json!({
            "timeStep": STEP,
            "sharedSecret": BASE32_NOPAD.encode(&self.secret),
            "encoding": "base32",
            "keyLength": 6,
            "_links": { "qrcode": links::qrcode(place, &self.qr) },
        })
    }
}

/// A counter-based token.
#[derive(Debug)]
pub(in crate::sandbox) struct Hotp {
    secret: Vec<u8>,
    counter: u64,
}

impl Hotp {
    /// `shared` is hexadecimal or base32, depending on the factor profile; anything else is taken as it is.
    pub(super) fn new(shared: &str) -> Self {
        let hex = HEXLOWER_PERMISSIVE.decode(shared.as_bytes());
        let secret = hex.or_else(|_| BASE32_NOPAD.decode(shared.trim_end_matches('=').as_bytes()));
        Self { secret: secret.unwrap_or_else(|_| shared.as_bytes().to_vec()), counter: 0 }
    }

    /// Accepts the code of the next few counters and moves past it.
    pub(super) fn check(&mut self, code: &str) -> Result<(), ApiError> {
        let is_code = |counter: &u64| code_at(&self.secret, *counter) == code;
        if let Some(counter) = (self.counter..=self.counter + LOOK_AROUND).find(is_code) {
            self.counter = counter + 1;
            return Ok(());
        }
        let was_code =
            (self.counter.saturating_sub(LOOK_AROUND)..self.counter).any(|counter| is_code(&counter));
        Err(if was_code { Code::Replayed.into() } else { wrong_code() })
    }

    pub(super) fn current(&self) -> String {
        code_at(&self.secret, self.counter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_test_vectors_of_rfc_4226() {
        let codes: Vec<_> = (0..4).map(|counter| code_at(b"12345678901234567890", counter)).collect();
        assert_eq!(codes, ["755224", "287082", "359152", "969429"]);
    }

    #[test]
    fn a_counter_code_is_accepted_once_and_a_later_one_moves_the_counter() {
        let mut hotp = Hotp::new("3132333435363738393031323334353637383930");
        assert!(hotp.check("755224").is_ok());
        assert_eq!(hotp.check("755224").unwrap_err().code, Code::Replayed);
        assert!(hotp.check("969429").is_ok());
        assert_eq!(hotp.check("000000").unwrap_err().code, Code::Mismatch);
    }
}
