//! What can be typed. Definitions only: nothing here opens a file or a socket.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::cassette::Repeat;
use crate::clock::{Timestamp, parse_rfc3339};

/// Record real API traffic into readable YAML cassettes, replay it offline and deterministically.
#[derive(Debug, Parser)]
#[command(name = "overdub", version, propagate_version = true, max_term_width = 110)]
pub struct Cli {
    /// How much is told on stderr.
    #[command(flatten)]
    pub log: LogArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What overdub can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Pass requests on to an API and record what passes.
    Record(RecordArgs),
    /// Answer from recordings; no upstream exists.
    Replay(ReplayArgs),
    /// Run an Okta Factors org on loopback: something to record when there is no org.
    Sandbox(SandboxArgs),
    /// Show it all in one go: record the sandbox, stop it, replay offline, compare every answer.
    Demo(DemoArgs),
}

/// How much is told, and in which form.
#[derive(Debug, Args)]
pub struct LogArgs {
    /// What is logged: a level (error, warn, info, debug, trace) or directives as in `overdub=debug,hyper=warn`.
    #[arg(long, global = true, value_name = "FILTER", env = "RUST_LOG", default_value = "info")]
    pub log: String,
    /// Form of the log lines on stderr.
    #[arg(long, global = true, value_name = "FORMAT", env = "OVERDUB_LOG_FORMAT", default_value = "text")]
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

/// `overdub record`
#[derive(Debug, Args)]
pub struct RecordArgs {
    /// The API to record, as `https://org.okta.com`, or `sandbox` for the Okta Factors org that is built in.
    #[arg(long, value_name = "URL", env = "OVERDUB_UPSTREAM")]
    pub upstream: String,
    /// The cassette to write: a name (recordings/NAME.yaml) or a path that ends in .yaml.
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
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    pub upstream_timeout: Duration,
    /// Keep secrets off the disk.
    #[arg(long, value_name = "on|off", default_value = "on")]
    pub redact: Switch,
    /// Give links to the upstream the origin that the client used.
    #[arg(long, value_name = "on|off", default_value = "on")]
    pub rewrite_links: Switch,
}

/// `overdub replay`
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// A cassette to play: a name under recordings/, a file or a directory. May be repeated. [default: recordings/]
    #[arg(short, long = "cassette", value_name = "NAME")]
    pub cassettes: Vec<String>,
    /// Where to listen; port 0 takes a free port.
    #[arg(long, value_name = "ADDR", env = "OVERDUB_LISTEN", default_value = "127.0.0.1:0")]
    pub listen: Listen,
    /// What a write gets that comes once more than it was recorded. [default: as the cassette says, else error]
    #[arg(long, value_name = "POLICY", value_parser = repeat)]
    pub repeat: Option<Repeat>,
    /// Give links to the recorded origin the origin that the client used.
    #[arg(long, value_name = "on|off", default_value = "on")]
    pub rewrite_links: Switch,
}

/// `overdub sandbox`
#[derive(Debug, Args)]
pub struct SandboxArgs {
    /// Where to listen; port 0 takes a free port.
    #[arg(long, value_name = "ADDR", env = "OVERDUB_LISTEN", default_value = "127.0.0.1:0")]
    pub listen: Listen,
    /// Decides all ids and codes.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// The org's time at the start (RFC 3339).
    #[arg(long, value_name = "TIME", default_value = "2026-01-05T09:00:00Z", value_parser = parse_rfc3339)]
    pub start: Timestamp,
    /// How far the org's clock moves on with each request.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    pub tick: Duration,
}

/// `overdub demo`
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Where the cassettes go. [default: a new directory under the system's temporary one]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| format!("{error}; write 500ms, 30s or 2m"))
}

fn repeat(text: &str) -> Result<Repeat, String> {
    match text {
        "error" => Ok(Repeat::Error),
        "last" => Ok(Repeat::Last),
        "cycle" => Ok(Repeat::Cycle),
        _ => Err("write error, last or cycle".to_owned()),
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
