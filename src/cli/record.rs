//! `overdub record`.

use clap::Args;

use super::{AdminArgs, ApiArgs, KeepArgs, ScenarioArgs, ServeArgs, UpstreamArgs, WatchArgs};

/// What was typed behind `overdub record`.
#[derive(Debug, Args)]
pub struct RecordArgs {
    /// What is recorded.
    #[command(flatten)]
    pub upstream: UpstreamArgs,
    /// The cassette to write: a name (recordings/NAME.yaml), or a path (DIR/NAME.yaml).
    #[arg(short, long, value_name = "NAME", required_unless_present = "update")]
    pub cassette: Option<String>,
    /// Record a cassette that exists again, in the place of -c: what means the same stays as it is to the byte, what has
    /// changed is replaced in its place, what is new is added, and what was not asked for this time stays.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["cassette", "append", "overwrite"])]
    pub update: Option<String>,
    /// How clients reach it.
    #[command(flatten)]
    pub serve: ServeArgs,
    /// How it is written down.
    #[command(flatten)]
    pub keep: KeepArgs,
    /// What scripts change of it.
    #[command(flatten)]
    pub scenarios: ScenarioArgs,
    /// Whether changes of files count.
    #[command(flatten)]
    pub watch: WatchArgs,
    /// What is known about the API.
    #[command(flatten)]
    pub api: ApiArgs,
    /// Who may look on.
    #[command(flatten)]
    pub admin: AdminArgs,
}
