//! `overdub record`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::{AdminArgs, ServeArgs, Switch, time_limit};

/// What was typed behind `overdub record`.
#[derive(Debug, Args)]
pub struct RecordArgs {
    /// The API to record, as `https://org.okta.com`, or `sandbox` for the Okta Factors org that is built in. With
    /// --forward it may be left out: requests name their API themselves.
    #[arg(long, value_name = "URL", env = "OVERDUB_UPSTREAM", required_unless_present = "forward")]
    pub upstream: Option<String>,
    /// The cassette to write: a name (recordings/NAME.yaml), or a path (DIR/NAME.yaml).
    #[arg(short, long, value_name = "NAME")]
    pub cassette: String,
    /// How clients reach it.
    #[command(flatten)]
    pub serve: ServeArgs,
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
    /// Keep secrets, personal values and hosts off the disk: stand-ins are written in their place. `off` writes
    /// everything as it passes, for synthetic data only.
    #[arg(long, value_name = "on|off", default_value = "on", hide_possible_values = true)]
    pub redact: Switch,
    /// What is known about the API: `okta`, `none`, or a file of your own.
    #[arg(long, value_name = "FILE|okta|none", env = "OVERDUB_PROFILE", default_value = "okta")]
    pub profile: String,
    /// Give links to the upstream the origin that the client used.
    #[arg(long, value_name = "on|off", default_value = "on", hide_possible_values = true)]
    pub rewrite_links: Switch,
    /// Who may look on.
    #[command(flatten)]
    pub admin: AdminArgs,
}
