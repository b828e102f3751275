//! What was typed, made into complete settings, or an error that names the flag, the value and the fix.

mod exec;
mod file;
mod renewal;
mod run;
mod scenarios;
mod serve;
mod verify;

use std::net::SocketAddr;
use std::path::PathBuf;

pub use exec::ExecConfig;
pub use file::{CommandLine, FileError, FromFile, Settings, SettingsError};
pub use renewal::{Renewal, Renewed};
pub use run::{KeepConfig, PlayConfig, RunConfig, UpstreamChoice, UpstreamConfig, WatchConfig, updated};
pub use scenarios::ScenarioConfig;
pub use serve::{AdminConfig, CaConfig, ServeConfig};
pub use verify::VerifyConfig;

use crate::cli::RecordMode;
use crate::http::{HostPatternError, OriginError};
use crate::profile::ProfileError;
use crate::scenario::SettingError;

/// Why settings do not fit.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// `--upstream` is no origin.
    #[error("--upstream: {0} (`sandbox` is the org that is built in)")]
    Upstream(#[from] OriginError),
    /// `--set` sets nothing.
    #[error("--set: {0}")]
    Set(#[from] SettingError),
    /// `--public-url` is no origin.
    #[error("--public-url: {0}")]
    PublicUrl(OriginError),
    /// `--allow-host` names no host.
    #[error("--allow-host: {0}")]
    AllowHost(#[from] HostPatternError),
    /// `--tunnel-others` where nothing is sent anywhere.
    #[error("--tunnel-others: a replay opens no outgoing connection; leave it out, or record")]
    TunnelInReplay,
    /// `--profile` names none that can be used.
    #[error("--profile: {0}")]
    Profile(#[from] ProfileError),
    /// `--admin` is an address that others reach.
    #[error(
        "--admin {0}: only programs on this machine may use it; choose an address of loopback, as 127.0.0.1:0"
    )]
    AdminNotLoopback(SocketAddr),
    /// Requests are to be passed on, and there is nowhere to pass them to.
    #[error(
        "--upstream is missing: give the API's URL or `sandbox`, or --forward, where requests name their API themselves"
    )]
    NoUpstream,
    /// A mode that writes one cassette, with none or several named.
    #[error("--mode {0} writes one cassette: give one -c NAME")]
    OneCassette(RecordMode),
    /// A flag that does nothing in this mode.
    #[error("{0} has no effect with --mode {1}; leave it out")]
    NoEffect(&'static str, RecordMode),
    /// A file that would be replaced is a cassette.
    #[error("{flag} {}: is a cassette, and stays one; name another file", .path.display())]
    IsCassette {
        /// What named it.
        flag: &'static str,
        /// The cassette.
        path: PathBuf,
    },
    /// A command that runs no proxy.
    #[error("the command runs no proxy")]
    NoProxy,
    /// `--env` has a place that nothing stands for.
    #[error("--env {name}: there is no {place} without {flag}")]
    NoSuchPlace {
        /// The variable.
        name: String,
        /// The place.
        place: &'static str,
        /// What would fill it.
        flag: &'static str,
    },
    /// There is nothing to verify recordings by.
    #[error("--upstream is missing: give the API's URL, or `sandbox`")]
    NothingToAsk,
    /// `--header` is none.
    #[error("--header: {0}; write NAME: VALUE")]
    Header(&'static str),
    /// `--bind` binds nothing.
    #[error("--bind {0}: write RECORDED=LIVE, as user1@example.test=jane@acme.com")]
    Bind(String),
    /// The token of `OKTA_CLIENT_TOKEN` is no header's value.
    #[error("OKTA_CLIENT_TOKEN: is no text that a header can hold")]
    Token,
    /// A token would go where everybody on the way can read it.
    #[error(
        "OKTA_CLIENT_TOKEN would be sent to {0} unencrypted; use https, or say with --header that it is to be sent"
    )]
    Unencrypted(String),
    /// `-c` cannot be a file's name.
    #[error("-c {0}: {1}")]
    Cassette(String, &'static str),
}
