//! `overdub record`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::{Listen, Switch, time_limit};

/// What was typed behind `overdub record`.
#[derive(Debug, Args)]
pub struct RecordArgs {
    /// The API to record, as `https://org.okta.com`, or `sandbox` for the Okta Factors org that is built in.
    #[arg(long, value_name = "URL", env = "OVERDUB_UPSTREAM")]
    pub upstream: String,
    /// The cassette to write: a name (recordings/NAME.yaml), or a path (DIR/NAME.yaml).
    #[arg(short, long, value_name = "NAME")]
    pub cassette: String,
    /// Where to listen; port 0 takes a free port.
    #[arg(long, value_name = "ADDR", env = "OVERDUB_LISTEN", default_value = "127.0.0.1:0")]
    pub listen: Listen,
    /// Replace the cassette if it exists.
    #[arg(long, conflicts_with = "append")]
    pub overwrite: bool,
    /// Add to the cassette if it exists.
    #[arg(long)]
    pub append: bool,
    /// Trust the certificates in this PEM file too.
    #[arg(long, value_name = "FILE", env = "OVERDUB_UPSTREAM_CA")]
    pub upstream_ca: Option<PathBuf>,
    /// How long the upstream may take to answer.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = time_limit)]
    pub upstream_timeout: Duration,
    /// Keep credentials and session cookies off the disk. Bodies and URLs are written as they pass, but for the API's
    /// own origin; `off` writes everything.
    #[arg(long, value_name = "on|off", default_value = "on", hide_possible_values = true)]
    pub redact: Switch,
    /// Give links to the upstream the origin that the client used.
    #[arg(long, value_name = "on|off", default_value = "on", hide_possible_values = true)]
    pub rewrite_links: Switch,
}
