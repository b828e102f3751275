//! What can be typed. Definitions only: nothing here opens a file or a socket.
//!
//! [`crate::config`] says what it means, [`crate::command`] does it.

mod admin;
mod api;
mod ca;
mod cassette;
mod cassettes;
mod clean;
mod completions;
mod config;
mod demo;
mod drift;
mod exec;
mod explain;
mod export;
mod import;
mod proxy;
mod record;
mod replay;
mod sandbox;
mod scenario;
mod scenario_command;
mod serve;
mod sessions;
mod time;
mod watch;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use admin::AdminArgs;
pub use api::{ApiArgs, KeepArgs, PlayArgs, UpstreamArgs};
pub use ca::{CaArgs, CaCommand, CaExportArgs, CaNewArgs, CertificateFormat};
pub use cassette::{AuditArgs, CassetteCommand};
pub use cassettes::{CassetteCheckArgs, CassetteListArgs, CassetteShowArgs};
pub use clean::CleanArgs;
pub use completions::CompletionsArgs;
pub use config::ConfigArgs;
pub use demo::DemoArgs;
pub use drift::{DiffArgs, FailOn, VerifyArgs};
pub use exec::{ExecArgs, ExecRunArgs, ReportKind, ReportTo, Variable};
pub use explain::ExplainArgs;
pub use export::{ExportArgs, ExportFormat};
pub use import::{ImportArgs, ImportFormat};
pub use proxy::{ProxyArgs, RecordMode};
pub use record::RecordArgs;
pub use replay::ReplayArgs;
pub use sandbox::SandboxArgs;
pub use scenario::{OnScriptError, ScenarioArgs};
pub use scenario_command::{
    ScenarioCheckArgs, ScenarioCommand, ScenarioListArgs, ScenarioNewArgs, ScenarioTestArgs,
};
pub use serve::ServeArgs;
pub use sessions::{SessionArgs, SessionBy};
pub use time::{ClockChoice, TimeArgs};
pub use watch::{WatchArgs, Watching};

/// Record real API traffic into readable YAML cassettes, replay it offline and deterministically.
#[derive(Debug, Parser)]
#[command(name = "overdub", version, propagate_version = true, max_term_width = 110)]
pub struct Cli {
    /// How much is told on stderr.
    #[command(flatten)]
    pub log: LogArgs,
    /// Where settings are read from.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// The flag that names the file of settings, and so cannot stand in it.
    pub(crate) const CONFIG: &'static str = "config";
    /// The command that needs no settings.
    pub(crate) const COMPLETIONS: &'static str = "completions";
}

/// What overdub can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Pass requests on to an API and record what passes.
    Record(Box<RecordArgs>),
    /// Answer from recordings; no upstream exists.
    Replay(Box<ReplayArgs>),
    /// Record, replay, or both: whichever `--mode` says.
    Proxy(Box<ProxyArgs>),
    /// Run a command with a proxy set up for it, then check what it asked for.
    Exec(Box<ExecArgs>),
    /// Run an Okta Factors org on loopback: something to record when there is no org.
    Sandbox(SandboxArgs),
    /// Show it all in one go: record the sandbox, stop it, replay offline, compare every answer.
    Demo(DemoArgs),
    /// The local CA, whose certificates `--tls` and `--forward` show to clients.
    Ca(CaArgs),
    /// Work on cassettes: list, show, check, compare, audit, clean, import and export them.
    #[command(subcommand)]
    Cassette(CassetteCommand),
    /// Work on scenarios: list, check and test them, begin a new one.
    #[command(subcommand)]
    Scenario(ScenarioCommand),
    /// Say why a request is, or is not, answered from recordings, and what would have it answered. Exit code 1: it is not.
    Explain(Box<ExplainArgs>),
    /// Ask a live API again what was recorded, and tell what has changed since. Exit code 1 when clients would break.
    Verify(Box<VerifyArgs>),
    /// Print what a shell needs to complete commands and flags.
    #[command(name = Cli::COMPLETIONS)]
    Completions(CompletionsArgs),
}

/// How much is told, and in which form.
#[derive(Debug, Args)]
pub struct LogArgs {
    /// What is logged: a level (error, warn, info, debug, trace) or directives as in `overdub=debug,hyper=warn`.
    /// [default: info; exec: warn]
    #[arg(long, global = true, help_heading = "Logging", value_name = "FILTER", env = "RUST_LOG")]
    pub log: Option<String>,
    /// Form of the log lines on stderr.
    #[arg(
        long,
        global = true,
        value_name = "text|json",
        env = "OVERDUB_LOG_FORMAT",
        default_value = "text",
        hide_possible_values = true,
        help_heading = "Logging"
    )]
    pub log_format: LogFormat,
}

/// Form of the log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// `on` or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// It is done.
    On,
    /// It is not done.
    Off,
}

/// An address to listen on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen(pub SocketAddr);

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let port_only = text.strip_prefix(':').unwrap_or(text).parse();
        let local = |port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
        let named = text.strip_prefix("localhost:").map(str::parse);
        match (text.parse(), port_only, named) {
            (Ok(address), ..) => Ok(Self(address)),
            (_, Ok(port), _) | (_, _, Some(Ok(port))) => Ok(Self(local(port))),
            _ => Err("write IP:PORT, or PORT for 127.0.0.1; port 0 takes a free one".to_owned()),
        }
    }
}

/// Reads `0s`, `500ms`, `30s`, `2m`.
fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| format!("{error}; write 500ms, 30s or 2m"))
}

/// Reads a duration that something may take, and so is more than none.
fn time_limit(text: &str) -> Result<Duration, String> {
    let limit = duration(text)?;
    if limit.is_zero() {
        Err("no time at all is no limit; write 500ms, 30s or 2m".to_owned())
    } else {
        Ok(limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_definitions_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn an_address_may_be_a_port_alone() {
        for (text, address) in [
            ("8080", "127.0.0.1:8080"),
            (":0", "127.0.0.1:0"),
            ("localhost:1", "127.0.0.1:1"),
            ("[::1]:2", "[::1]:2"),
        ] {
            assert_eq!(text.parse(), Ok(Listen(address.parse().unwrap())));
        }
        assert!("example.com:80".parse::<Listen>().is_err());
    }
}
