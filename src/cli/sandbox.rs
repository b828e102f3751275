//! `overdub sandbox`.

use std::time::Duration;

use clap::Args;

use super::{Listen, duration};
use crate::clock::{Timestamp, parse_rfc3339};

/// What was typed behind `overdub sandbox`.
#[derive(Debug, Args)]
pub struct SandboxArgs {
    /// Where to listen; port 0 takes a free port.
    #[arg(long, value_name = "ADDR", env = "OVERDUB_LISTEN", default_value = "127.0.0.1:0")]
    pub listen: Listen,
    /// Decides all ids and codes.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// The org's time at the start (RFC 3339).
    #[arg(long, value_name = "TIME", default_value = "2026-01-05T09:00:00Z", value_parser = parse_rfc3339)]
    pub start: Timestamp,
    /// How far the org's clock moves on with each request.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    pub tick: Duration,
}
