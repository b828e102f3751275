//! A stateful Okta Factors org on a clock of its own: the thing to record when there is no org.
//!
//! It answers the users and factors calls of Okta's classic API the way the Okta Factors API reference and published
//! recordings show them: ids that change on activation, verified phones that are remembered, push transactions,
//! real one-time passwords, windows between messages, rate limits, and links that fit the status. Everything it
//! draws comes from a seed and everything it dates from a virtual clock, so the same requests give the same bytes.
//! (The exception is time-based codes: a client computes them with its own clock, so the wall clock is asked too.)
//!
//! It sends no message, opens no socket and keeps nothing on disk. It knows no policies, groups, apps, sessions or
//! `OAuth` scopes, no Okta Verify enrolment beyond what `/__sandbox/push` plays, and checks no FIDO signature. Whoever
//! serves it hands each request to [`Sandbox::handle`].
//!
//! # Where Okta and its SDKs disagree
//!
//! The org is there to be used with Okta's own SDKs, and the Python one (okta 3.x) refuses some answers that the real org
//! gives. There it answers in the nearest shape that the SDKs for Python (2.x, 3.x) and Node accept:
//!
//! | where | the real org | here |
//! |---|---|---|
//! | `_links.resend` of a pending factor | a list of one link | that link, as the schema of the API has it |
//! | CHALLENGE and SUCCESS of verify | `profile` with the phone or the credential | no `profile`; the factor has it |
//! | REJECTED and TIMEOUT of a push | `_links.factor` | only `_links.verify` |
//! | catalog, with a phone on file | `_embedded.phones` | left out; `/__sandbox/state` tells the phones |
//! | activate of a push | no `factorType` | `"factorType":"push"` (okta 2.x needs it) |
//!
//! One thing is lenient: a POST or PUT with neither body nor `Content-Length` is taken as one with an empty body, where
//! the real org answers 411.
//!
//! The way of a request: [`Sandbox::handle`] → [`call::Call::read`] → [`org::Org::answer`] → one handler found in
//! [`routes`] → [`reply::finish`]. `/__sandbox/…` goes to [`control`] instead.

mod call;
mod control;
mod errors;
mod factors;
mod limits;
mod mint;
mod org;
mod reply;
mod routes;
mod users;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use crate::clock::Timestamp;
use call::Call;
use org::Org;

/// How a sandbox org begins.
#[derive(Debug, Clone)]
pub struct SandboxConfig {
    /// What every id, code and secret is drawn from.
    pub seed: u64,
    /// The time of the first request.
    pub start: Timestamp,
    /// How far the clock moves after each request. With 40 s a client that sends message after message to one phone
    /// never meets the thirty-second window.
    pub tick: Duration,
}

impl Default for SandboxConfig {
    fn default() -> Self {
        let nine_in_the_morning = Timestamp::constant(1_767_603_600, 0); // 2026-01-05T09:00:00Z
        Self { seed: 0, start: nine_in_the_morning, tick: Duration::from_secs(1) }
    }
}

/// An org that answers requests.
#[derive(Debug)]
pub struct Sandbox {
    // One lock around the whole org: an answer depends on every request before it (ids, time, rate limit), so requests
    // have to be taken one after the other anyway. It is a plain mutex because nothing waits while it is held.
    org: Mutex<Org>,
}

impl Sandbox {
    /// A fresh org without users.
    pub fn new(config: SandboxConfig) -> Self {
        Self { org: Mutex::new(Org::new(config)) }
    }

    /// Answers one request. `origin` is `scheme://authority` under which the client reached us: links carry it.
    pub fn handle(&self, origin: &str, request: http::Request<Bytes>) -> http::Response<Bytes> {
        let call = Call::read(origin, request);
        // A handler checks before it changes anything, so even a poisoned org is whole.
        let mut org = self.org.lock().unwrap_or_else(PoisonError::into_inner);
        if call.is_control() { control::answer(&mut org, &call) } else { org.answer(&call) }
    }
}
