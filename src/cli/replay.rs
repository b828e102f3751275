//! `overdub replay`.

use clap::Args;

use super::{AdminArgs, ServeArgs, SessionArgs, Switch, TimeArgs};
use crate::cassette::Repeat;

/// What was typed behind `overdub replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// A cassette to play: a name under recordings/, a file or a directory. May be repeated. [default: recordings/]
    #[arg(short, long = "cassette", value_name = "NAME")]
    pub cassettes: Vec<String>,
    /// How clients reach it.
    #[command(flatten)]
    pub serve: ServeArgs,
    /// What a write gets that comes once more than it was recorded. [default: as the cassette says, else error]
    #[arg(long, value_name = "error|last|cycle", value_parser = repeat)]
    pub repeat: Option<Repeat>,
    /// What is known about the API: `okta`, `none`, or a file of your own.
    #[arg(long, value_name = "FILE|okta|none", env = "OVERDUB_PROFILE", default_value = "okta")]
    pub profile: String,
    /// Give links to the recorded origin the origin that the client used.
    #[arg(long, value_name = "on|off", default_value = "on", hide_possible_values = true)]
    pub rewrite_links: Switch,
    /// Which sessions there are.
    #[command(flatten)]
    pub sessions: SessionArgs,
    /// What time clients see.
    #[command(flatten)]
    pub time: TimeArgs,
    /// Who may look on.
    #[command(flatten)]
    pub admin: AdminArgs,
}

fn repeat(text: &str) -> Result<Repeat, String> {
    match text {
        "error" => Ok(Repeat::Error),
        "last" => Ok(Repeat::Last),
        "cycle" => Ok(Repeat::Cycle),
        _ => Err("write error, last or cycle".to_owned()),
    }
}
