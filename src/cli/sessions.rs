//! Which sessions a replay keeps, and what time they see.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::time_limit;

/// What was typed about sessions.
#[derive(Debug, Args)]
pub struct SessionArgs {
    /// What tells client runs apart that name no session by x-overdub-session, a port of their own or the proxy's user
    /// name: nothing (all are one), or their API tokens.
    #[arg(long, value_name = "name|token", default_value = "name", hide_possible_values = true)]
    pub session_by: SessionBy,
    /// Most sessions at once; beyond that the least recently used one ends.
    #[arg(long, value_name = "N", default_value = "10000", value_parser = count)]
    pub max_sessions: usize,
    /// After how long without a request a session ends.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = time_limit)]
    pub session_idle: Duration,
}

/// What tells the session of a request that names none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SessionBy {
    /// Nothing.
    Name,
    /// Its API token.
    Token,
}

fn count(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|&count| count > 0).ok_or_else(|| "write a whole number, 1 or more".to_owned())
}
