//! What is known about the API, and where it is: the flags that several commands share.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::{SessionArgs, Switch, TimeArgs, time_limit};
use crate::cassette::Repeat;

/// What was typed about the API.
#[derive(Debug, Args)]
pub struct ApiArgs {
    /// What is known about the API: `okta`, `none`, or a file of your own.
    #[arg(long, value_name = "FILE|okta|none", env = "OVERDUB_PROFILE", default_value = "okta")]
    pub profile: String,
    /// Give links to the API's origin the origin that the client used.
    #[arg(long, value_name = "on|off", default_value = "on", hide_possible_values = true)]
    pub rewrite_links: Switch,
}

/// What was typed about the upstream.
#[derive(Debug, Args)]
pub struct UpstreamArgs {
    /// The API, as `https://org.okta.com`, or `sandbox` for the Okta Factors org that is built in. With --forward it may
    /// be left out: requests name their API themselves.
    #[arg(long, value_name = "URL", env = "OVERDUB_UPSTREAM")]
    pub upstream: Option<String>,
    /// Trust the certificates in this PEM file too.
    #[arg(long, value_name = "FILE", env = "OVERDUB_UPSTREAM_CA")]
    pub upstream_ca: Option<PathBuf>,
    /// How long the upstream may take to answer.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = time_limit)]
    pub upstream_timeout: Duration,
}

/// What was typed about the cassette that is written.
#[derive(Debug, Args)]
pub struct KeepArgs {
    /// Replace the cassette if it exists.
    #[arg(long, conflicts_with = "append")]
    pub overwrite: bool,
    /// Add to the cassette if it exists.
    #[arg(long)]
    pub append: bool,
    /// Keep secrets, personal values and hosts off the disk: stand-ins are written in their place. `off` writes
    /// everything as it passes, for synthetic data only.
    #[arg(long, value_name = "on|off", default_value = "on", hide_possible_values = true)]
    pub redact: Switch,
}

/// What was typed about playing.
#[derive(Debug, Args)]
pub struct PlayArgs {
    /// What a write gets that comes once more than it was recorded. [default: as the cassette says, else error]
    #[arg(long, value_name = "error|last|cycle", value_parser = repeat)]
    pub repeat: Option<Repeat>,
    /// Which sessions there are.
    #[command(flatten)]
    pub sessions: SessionArgs,
    /// What time clients see.
    #[command(flatten)]
    pub time: TimeArgs,
}

pub(super) fn repeat(text: &str) -> Result<Repeat, String> {
    match text {
        "error" => Ok(Repeat::Error),
        "last" => Ok(Repeat::Last),
        "cycle" => Ok(Repeat::Cycle),
        _ => Err("write error, last or cycle".to_owned()),
    }
}
