//! `overdub proxy`: the general form of `record` and `replay`.

use std::fmt;

use clap::{Args, ValueEnum};

use super::{AdminArgs, ApiArgs, KeepArgs, PlayArgs, ScenarioArgs, ServeArgs, UpstreamArgs, WatchArgs};

/// When to record and when to replay, by the names that users of VCR know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RecordMode {
    /// Replay the cassette if there is one, else record it.
    Once,
    /// Replay what was recorded, and record what was not.
    #[value(name = "new_episodes", alias = "new-episodes")]
    NewEpisodes,
    /// Record everything.
    All,
    /// Replay, and never reach an upstream.
    None,
    /// Pass everything on, and record nothing.
    Passthrough,
}

impl fmt::Display for RecordMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Once => "once",
            Self::NewEpisodes => "new_episodes",
            Self::All => "all",
            Self::None => "none",
            Self::Passthrough => "passthrough",
        })
    }
}

/// What was typed behind `overdub proxy`.
#[derive(Debug, Args)]
pub struct ProxyArgs {
    /// When to record and when to replay: `once` replays the cassette if there is one and records it if not;
    /// `new_episodes` replays what was recorded and records what was not; `all` records (`overdub record`), `none`
    /// replays (`overdub replay`), `passthrough` does neither.
    #[arg(long, value_name = "once|new_episodes|all|none|passthrough", hide_possible_values = true)]
    pub mode: RecordMode,
    /// Where requests go that no recording answers.
    #[command(flatten)]
    pub upstream: UpstreamArgs,
    /// The cassette: a name under recordings/, or a path. With --mode none it may be repeated. [default with --mode none:
    /// recordings/]
    #[arg(short, long = "cassette", value_name = "NAME")]
    pub cassettes: Vec<String>,
    /// How clients reach it.
    #[command(flatten)]
    pub serve: ServeArgs,
    /// How it is written down.
    #[command(flatten)]
    pub keep: KeepArgs,
    /// How recordings are played.
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
