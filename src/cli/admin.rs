//! What is there for those who look on.

use std::path::PathBuf;

use clap::Args;

use super::Listen;

/// What was typed about the admin address.
#[derive(Debug, Args)]
pub struct AdminArgs {
    /// Serve the admin endpoints (sessions, journal, health) at this address of loopback; port 0 takes a free port.
    /// [default: off]
    #[arg(long, value_name = "ADDR", env = "OVERDUB_ADMIN")]
    pub admin: Option<Listen>,
    /// How many requests the journal keeps, which --admin shows; 0 keeps none.
    #[arg(long, value_name = "N", default_value = "10000", value_parser = count)]
    pub journal: usize,
    /// Write every entry of the journal to this file, one JSON object per line, as it happens; a request that missed with
    /// what `overdub explain` needs. One that exists is replaced. [default: none]
    #[arg(long, value_name = "FILE", env = "OVERDUB_SESSION_LOG")]
    pub session_log: Option<PathBuf>,
}

fn count(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| "write a whole number; 0 keeps no journal".to_owned())
}
