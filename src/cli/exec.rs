//! `overdub exec`: a command, and a proxy for as long as it runs.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;

use super::{
    AdminArgs, ApiArgs, KeepArgs, PlayArgs, RecordMode, ScenarioArgs, ServeArgs, UpstreamArgs, WatchArgs,
    time_limit,
};

/// What was typed behind `overdub exec`.
#[derive(Debug, Args)]
pub struct ExecArgs {
    /// When to record and when to replay: `none` replays; `once` replays the cassette if there is one and records it if
    /// not; `new_episodes` replays what was recorded and records what was not; `all` records, `passthrough` does neither.
    #[arg(
        long,
        value_name = "none|once|new_episodes|all|passthrough",
        default_value = "none",
        hide_possible_values = true
    )]
    pub mode: RecordMode,
    /// Where requests go that no recording answers.
    #[command(flatten)]
    pub upstream: UpstreamArgs,
    /// The cassette: a name under recordings/, or a path. With --mode none it may be repeated. [default with --mode none:
    /// recordings/]
    #[arg(short, long = "cassette", value_name = "NAME")]
    pub cassettes: Vec<String>,
    /// What is checked and told of the run.
    #[command(flatten)]
    pub run: ExecRunArgs,
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
    /// The command to run, and its arguments. Its exit code is overdub's; if that is 0, it is 1 where a check failed.
    #[arg(last = true, required = true, num_args = 1.., value_name = "CMD")]
    pub command: Vec<OsString>,
}

/// What was typed about the command's run, beside its proxy.
#[derive(Debug, Args)]
pub struct ExecRunArgs {
    /// Fail, with exit code 1, if a recording was never used. [default: it is told]
    #[arg(long)]
    pub require_used: bool,
    /// Write a report of the run: junit=FILE, json=FILE or markdown=FILE. May be repeated. A markdown file that exists is
    /// added to, others are replaced.
    #[arg(long = "report", value_name = "KIND=FILE")]
    pub reports: Vec<ReportTo>,
    /// Set a variable for CMD, besides those that Okta's SDKs and common HTTP clients read; {url}, {host} and {port} stand
    /// for the proxy's address, {admin} for that of its endpoints, {ca} for the local CA's certificate (--tls, --forward),
    /// {proxy} for the URL of the forward proxy (--forward). May be repeated.
    #[arg(long = "env", value_name = "NAME=VALUE")]
    pub environment: Vec<Variable>,
    /// With --mode once: how long to wait for another overdub that records the cassette. [default: 5m]
    #[arg(long, value_name = "TIME", value_parser = time_limit)]
    pub wait: Option<Duration>,
}

/// A form of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportKind {
    /// XML for CI systems: a test case per check.
    Junit,
    /// All of it, for programs.
    Json,
    /// For people, as on a CI job's page.
    Markdown,
}

/// A report, and the file it goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportTo {
    /// Its form.
    pub kind: ReportKind,
    /// The file.
    pub path: PathBuf,
}

impl FromStr for ReportTo {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, path) = text.split_once('=').unwrap_or((text, ""));
        let kind = match kind {
            "junit" => ReportKind::Junit,
            "json" => ReportKind::Json,
            "markdown" => ReportKind::Markdown,
            _ => return Err("write junit=FILE, json=FILE or markdown=FILE".to_owned()),
        };
        if path.is_empty() {
            return Err(format!("the file is missing: write {text}=FILE", text = text.trim_end_matches('=')));
        }
        Ok(Self { kind, path: path.into() })
    }
}

/// A variable of the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// What it is set to.
    pub value: String,
}

impl FromStr for Variable {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() && !text.contains('\0') => {
                Ok(Self { name: name.to_owned(), value: value.to_owned() })
            }
            _ => Err("write NAME=VALUE; {url} in it stands for the proxy's URL".to_owned()),
        }
    }
}
