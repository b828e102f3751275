//! What was typed, made into complete settings, or an error that names the flag, the value and the fix.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cassette::{Existing, path_for};
use crate::cli::{
    self, AdminArgs, CaNewArgs, ClockChoice, Listen, RecordArgs, ReplayArgs, ServeArgs, SessionArgs, Switch,
};
use crate::clock::Clock;
use crate::http::{HostPattern, HostPatternError, Origin, OriginError};
use crate::profile::{Profile, ProfileError};
use crate::redact::Redact;
use crate::replay::{Latency, ReplayOptions, SessionBy, SessionOptions};
use crate::server::Forward;
use crate::upstream::UpstreamOptions;

/// Where a project keeps its cassettes.
const RECORDINGS: &str = "recordings";

/// Why settings do not fit.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// `--upstream` is no origin.
    #[error("--upstream: {0} (`sandbox` is the org that is built in)")]
    Upstream(#[from] OriginError),
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
    /// `-c` cannot be a file's name.
    #[error("-c {0}: {1}")]
    Cassette(String, &'static str),
}

/// What to record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpstreamChoice {
    /// An API somewhere.
    Origin(Origin),
    /// The org that is built in.
    Sandbox,
}

/// Hosts that a forward proxy may be asked for when none are named: those of Okta's orgs.
const OKTA: [&str; 3] = ["*.okta.com", "*.oktapreview.com", "*.okta-emea.com"];

/// How clients reach a proxy.
#[derive(Debug, Clone)]
pub struct ServeConfig {
    /// Where to listen.
    pub listen: Listen,
    /// Whether clients come by TLS.
    pub tls: bool,
    /// What it does as a forward proxy; `None`: it is none.
    pub forward: Option<Forward>,
    /// The origin at which it is known; `None`: what each request says.
    pub public: Option<Origin>,
}

impl ServeConfig {
    /// Settings from flags.
    ///
    /// # Errors
    /// The first flag that cannot be used.
    pub fn of(args: &ServeArgs) -> Result<Self, ConfigError> {
        let named = patterns(&args.allow_host)?;
        let allowed = if named.is_empty() {
            OKTA.iter().map(|text| text.parse()).collect::<Result<_, _>>()?
        } else {
            named
        };
        Ok(Self {
            listen: args.listen,
            tls: args.tls,
            forward: args.forward.then_some(Forward { allowed, tunnel_others: args.tunnel_others }),
            public: args
                .public_url
                .as_deref()
                .map(Origin::parse)
                .transpose()
                .map_err(ConfigError::PublicUrl)?,
        })
    }

    /// The same, for a proxy that opens no outgoing connection.
    ///
    /// # Errors
    /// The first flag that cannot be used.
    pub fn offline(args: &ServeArgs) -> Result<Self, ConfigError> {
        if args.tunnel_others {
            return Err(ConfigError::TunnelInReplay);
        }
        Self::of(args)
    }
}

/// Settings of `ca new`.
#[derive(Debug)]
pub struct CaConfig {
    /// The hosts that it can vouch for; none: all.
    pub only: Vec<HostPattern>,
    /// Whether one that is there is replaced.
    pub force: bool,
}

impl CaConfig {
    /// Settings from flags.
    ///
    /// # Errors
    /// A flag that cannot be used.
    pub fn of(args: &CaNewArgs) -> Result<Self, ConfigError> {
        Ok(Self { only: patterns(&args.allow_host)?, force: args.force })
    }
}

/// The hosts that `--allow-host` names.
fn patterns(texts: &[String]) -> Result<Vec<HostPattern>, ConfigError> {
    Ok(texts.iter().map(|text| text.trim().parse()).collect::<Result<_, _>>()?)
}

/// Who may look on.
#[derive(Debug, Clone, Copy)]
pub struct AdminConfig {
    /// Where the admin endpoints are; `None`: nowhere.
    pub listen: Option<Listen>,
    /// How many entries the journal keeps.
    pub journal: usize,
}

impl AdminConfig {
    /// Settings from flags.
    ///
    /// # Errors
    /// The first flag that cannot be used.
    pub fn of(args: &AdminArgs) -> Result<Self, ConfigError> {
        match args.admin {
            Some(Listen(address)) if !address.ip().is_loopback() => {
                Err(ConfigError::AdminNotLoopback(address))
            }
            listen => Ok(Self { listen, journal: args.journal }),
        }
    }
}

/// Settings of `record`.
#[derive(Debug)]
pub struct RecordConfig {
    /// The API; `None`: each request names its own (`--forward`).
    pub upstream: Option<UpstreamChoice>,
    /// How to reach it.
    pub upstream_options: UpstreamOptions,
    /// The file to write.
    pub cassette: PathBuf,
    /// What to do if it is there already.
    pub existing: Existing,
    /// How clients reach it.
    pub serve: ServeConfig,
    /// Who may look on.
    pub admin: AdminConfig,
    /// Whether secrets are kept off the disk.
    pub redact: Redact,
    /// Whether links lead back to the proxy.
    pub rewrite_links: bool,
    /// What is known about the API.
    pub profile: Arc<Profile>,
}

impl RecordConfig {
    /// Settings from flags.
    ///
    /// # Errors
    /// The first flag that cannot be used.
    pub fn of(args: RecordArgs) -> Result<Self, ConfigError> {
        let upstream = match args.upstream.as_deref() {
            None => None,
            Some("sandbox") => Some(UpstreamChoice::Sandbox),
            Some(origin) => Some(UpstreamChoice::Origin(Origin::parse(origin)?)),
        };
        Ok(Self {
            upstream,
            upstream_options: UpstreamOptions { ca: args.upstream_ca, timeout: args.upstream_timeout },
            cassette: cassette_file(&args.cassette)?,
            existing: match (args.overwrite, args.append) {
                (true, _) => Existing::Overwrite,
                (_, true) => Existing::Append,
                _ => Existing::Refuse,
            },
            serve: ServeConfig::of(&args.serve)?,
            admin: AdminConfig::of(&args.admin)?,
            redact: if args.redact == Switch::On { Redact::On } else { Redact::Off },
            rewrite_links: args.rewrite_links == Switch::On,
            profile: Arc::new(Profile::choose(&args.profile)?),
        })
    }
}

/// Settings of `replay`.
#[derive(Debug)]
pub struct ReplayConfig {
    /// Names, files and directories to play; none: all of `recordings`.
    pub cassettes: Vec<String>,
    /// Where names are looked for.
    pub recordings: PathBuf,
    /// How clients reach it.
    pub serve: ServeConfig,
    /// Who may look on.
    pub admin: AdminConfig,
    /// How to play.
    pub options: ReplayOptions,
    /// What is known about the API.
    pub profile: Profile,
}

impl ReplayConfig {
    /// Settings from flags.
    ///
    /// # Errors
    /// The first flag that cannot be used.
    pub fn of(args: ReplayArgs) -> Result<Self, ConfigError> {
        Ok(Self {
            cassettes: args.cassettes,
            recordings: PathBuf::from(RECORDINGS),
            serve: ServeConfig::offline(&args.serve)?,
            admin: AdminConfig::of(&args.admin)?,
            options: ReplayOptions {
                rewrite_links: args.rewrite_links == Switch::On,
                repeat: args.repeat,
                sessions: session_options(&args.sessions),
                clock: match args.time.clock {
                    ClockChoice::Recorded => None,
                    ClockChoice::Now => Some(Clock::Wall),
                    ClockChoice::Frozen(time) => Some(Clock::virtual_from(time)),
                },
                latency: Latency::of(args.time.latency).unwrap_or_default(),
            },
            profile: Profile::choose(&args.profile)?,
        })
    }
}

fn session_options(args: &SessionArgs) -> SessionOptions {
    SessionOptions {
        by: match args.session_by {
            cli::SessionBy::Name => SessionBy::Name,
            cli::SessionBy::Token => SessionBy::Token,
        },
        most: args.max_sessions,
        idle: args.session_idle,
    }
}

/// The file that `-c` names: under `recordings/`, unless it is plainly a path.
fn cassette_file(name: &str) -> Result<PathBuf, ConfigError> {
    if name.ends_with('/') || Path::new(name).file_name().is_none() {
        return Err(ConfigError::Cassette(
            name.to_owned(),
            "names no file; give a name, or a path to a .yaml file",
        ));
    }
    Ok(path_for(name, Path::new(RECORDINGS)))
}
