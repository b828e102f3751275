//! `overdub record`.

use clap::Args;

use super::{AdminArgs, ApiArgs, ServeArgs, Switch, UpstreamArgs};

/// What was typed behind `overdub record`.
#[derive(Debug, Args)]
pub struct RecordArgs {
    /// What is recorded.
    #[command(flatten)]
    pub upstream: UpstreamArgs,
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
    /// Keep secrets, personal values and hosts off the disk: stand-ins are written in their place. `off` writes
    /// everything as it passes, for synthetic data only.
    #[arg(long, value_name = "on|off", default_value = "on", hide_possible_values = true)]
    pub redact: Switch,
    /// What is known about the API.
    #[command(flatten)]
    pub api: ApiArgs,
    /// Who may look on.
    #[command(flatten)]
    pub admin: AdminArgs,
}
