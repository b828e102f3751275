//! The org: its users, its clock, its limits, and the way from a call to an answer.

use bytes::Bytes;
use http::Response;

use super::SandboxConfig;
use super::call::Call;
use super::errors::{ApiError, Code};
use super::limits::{RateLimit, Windows};
use super::mint::Mint;
use super::users::model::User;
use super::{reply, routes};
use crate::clock::{Clock, Timestamp};

/// Everything a sandbox remembers.
#[derive(Debug)]
pub(super) struct Org {
    pub(super) config: SandboxConfig,
    pub(super) clock: Clock,
    pub(super) rate: RateLimit,
    pub(super) users: Vec<User>,
    pub(super) world: World,
}

/// What a handler needs beside the user it works on.
#[derive(Debug)]
pub(super) struct World {
    /// When the request came in, by the virtual clock.
    pub(super) now: Timestamp,
    pub(super) mint: Mint,
    pub(super) windows: Windows,
    /// The one user type of the org.
    pub(super) user_type: String,
}

impl Org {
    pub(super) fn new(config: SandboxConfig) -> Self {
        let mut mint = Mint::new(config.seed);
        let user_type = mint.id("oty");
        let world = World { now: config.start, mint, windows: Windows::default(), user_type };
        let clock = Clock::virtual_from(config.start);
        Self { config, clock, rate: RateLimit::default(), users: Vec::new(), world }
    }

    /// Answers a call of the org's API; afterwards the clock ticks.
    pub(super) fn answer(&mut self, call: &Call) -> Response<Bytes> {
        self.world.now = self.clock.now();
        let allowance = self.rate.take(self.world.now);
        let answer =
            if allowance.is_exceeded { Err(Code::RateLimit.into()) } else { routes::answer(self, call) };
        let response = reply::finish(answer, call, &mut self.world, &allowance);
        self.clock.advance(self.config.tick);
        response
    }

    /// The user with this id or login.
    pub(super) fn user(&mut self, key: &str) -> Result<(&mut User, &mut World), ApiError> {
        match self.users.iter_mut().find(|user| user.answers_to(key)) {
            Some(user) => Ok((user, &mut self.world)),
            None => Err(ApiError::not_found(key, "User")),
        }
    }
}
