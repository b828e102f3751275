//! `overdub replay`.

use clap::Args;

use super::{AdminArgs, ApiArgs, PlayArgs, ScenarioArgs, ServeArgs, WatchArgs};

/// What was typed behind `overdub replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// A cassette to play: a name under recordings/, a file or a directory. May be repeated. [default: recordings/]
    #[arg(short, long = "cassette", value_name = "NAME")]
    pub cassettes: Vec<String>,
    /// How clients reach it.
    #[command(flatten)]
    pub serve: ServeArgs,
    /// How it is played.
    #[command(flatten)]
    pub play: PlayArgs,
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
