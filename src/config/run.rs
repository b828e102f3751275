//! Which proxy to run: `record`, `replay` and `proxy` are three ways to say it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{AdminConfig, ConfigError, ScenarioConfig, ServeConfig};
use crate::cassette::{Existing, RECORDINGS, again, is_cassette, is_recorded, path_for};
use crate::cli::{
    self, AdminArgs, ApiArgs, ClockChoice, Command, KeepArgs, PlayArgs, ProxyArgs, RecordArgs, RecordMode,
    ReplayArgs, ScenarioArgs, ServeArgs, Switch, UpstreamArgs, WatchArgs, Watching,
};
use crate::clock::Clock;
use crate::http::{Origin, OriginError};
use crate::profile::Profile;
use crate::redact::Redact;
use crate::replay::{Latency, ReplayOptions, SessionBy, SessionOptions};
use crate::upstream::UpstreamOptions;

/// What a proxy may pass requests on to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpstreamChoice {
    /// An API somewhere.
    Origin(Origin),
    /// The org that is built in.
    Sandbox,
}

impl UpstreamChoice {
    /// Reads `sandbox`, or the API's URL.
    ///
    /// # Errors
    /// It is neither.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        match text {
            "sandbox" => Ok(Self::Sandbox),
            origin => Origin::parse(origin).map(Self::Origin),
        }
    }
}

/// The upstream and the way to it.
#[derive(Debug)]
pub struct UpstreamConfig {
    /// The API; `None`: each request names its own (`--forward`).
    pub choice: Option<UpstreamChoice>,
    /// How to reach it.
    pub options: UpstreamOptions,
}

/// What is written down.
#[derive(Debug)]
pub struct KeepConfig {
    /// The file to write.
    pub cassette: PathBuf,
    /// What to do if it is there already.
    pub existing: Existing,
    /// Whether secrets are kept off the disk.
    pub redact: Redact,
}

/// What is played.
#[derive(Debug, Clone)]
pub struct PlayConfig {
    /// Names, files and directories to play; none: all of `recordings`.
    pub cassettes: Vec<String>,
    /// Where names are looked for.
    pub recordings: PathBuf,
    /// How to play.
    pub options: ReplayOptions,
}

/// Settings of a proxy. What is `None` does not exist in it: a replay has no upstream.
#[derive(Debug)]
pub struct RunConfig {
    /// How clients reach it.
    pub serve: ServeConfig,
    /// Who may look on.
    pub admin: AdminConfig,
    /// How many entries the journal keeps; `None`: there is none, for nobody looks on.
    pub journal: Option<usize>,
    /// Where every entry of the journal is written to.
    pub session_log: Option<PathBuf>,
    /// Whether account is kept of the whole run.
    pub account: bool,
    /// What is known about the API.
    pub profile: Arc<Profile>,
    /// Whether links lead back to the proxy.
    pub rewrite_links: bool,
    /// Where requests are passed on to.
    pub upstream: Option<UpstreamConfig>,
    /// What is written down of that.
    pub keep: Option<KeepConfig>,
    /// What is answered from recordings, before an upstream is asked.
    pub play: Option<PlayConfig>,
    /// What scripts change of the answers.
    pub scenarios: ScenarioConfig,
    /// Whether what is saved is taken over.
    pub watch: WatchConfig,
}

/// Which files are watched, besides recordings and scenarios.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchConfig {
    /// Whether any file is, and how.
    pub files: Watching,
    /// The profile, if it is none that is built in.
    pub profile: Option<PathBuf>,
}

impl RunConfig {
    /// Settings of the command, which runs a proxy.
    ///
    /// # Errors
    /// The first flag that cannot be used.
    pub fn of(command: Command) -> Result<Self, ConfigError> {
        match command {
            Command::Record(args) => Self::record(*args),
            Command::Replay(args) => Self::replay(*args),
            Command::Proxy(args) => Self::proxy(*args),
            Command::Exec(args) => Self::exec(*args),
            _ => Err(ConfigError::NoProxy),
        }
    }

    /// Settings of `record`.
    ///
    /// # Errors
    /// The first flag that cannot be used.
    pub fn record(args: RecordArgs) -> Result<Self, ConfigError> {
        let base = Base::of(&args.api, &args.scenarios, &args.watch)?;
        let (cassette, existing) = match (&args.update, &args.cassette) {
            (Some(name), _) => (again(&cassette_file(name)?), Existing::Overwrite),
            (None, Some(name)) => (cassette_file(name)?, existing(&args.keep)),
            (None, None) => return Err(ConfigError::OneCassette(RecordMode::All)),
        };
        let keep = KeepConfig { cassette, existing, redact: redact(&args.keep) };
        Ok(Self {
            upstream: Some(upstream(args.upstream, args.serve.forward)?),
            keep: Some(keep),
            ..base.with(&args.serve, &args.admin)?
        })
    }

    /// Settings of `replay`.
    ///
    /// # Errors
    /// The first flag that cannot be used.
    pub fn replay(args: ReplayArgs) -> Result<Self, ConfigError> {
        let base = Base::of(&args.api, &args.scenarios, &args.watch)?;
        let play = play(args.cassettes, &args.play, base.rewrite_links);
        Ok(Self { play: Some(play), ..base.offline(&args.serve, &args.admin)? })
    }

    /// Settings of `proxy`. `once` is decided here: it records if its cassette is not there, and replays it if it is.
    ///
    /// # Errors
    /// The first flag that cannot be used, or that would have no effect.
    pub fn proxy(args: ProxyArgs) -> Result<Self, ConfigError> {
        let base = Base::of(&args.api, &args.scenarios, &args.watch)?;
        let mode = args.mode;
        let file = match (mode, &args.cassettes[..]) {
            (RecordMode::None, _) | (RecordMode::Passthrough, []) => None,
            (RecordMode::Passthrough, _) => return Err(ConfigError::NoEffect("-c", mode)),
            (_, [only]) => Some(cassette_file(only)?),
            (_, _) => return Err(ConfigError::OneCassette(mode)),
        };
        if let Some(flag) = without_effect(&args) {
            return Err(ConfigError::NoEffect(flag, mode));
        }
        let resolved = match (mode, &file) {
            (RecordMode::Once, Some(file)) if is_recorded(file) => RecordMode::None,
            (RecordMode::Once, _) => RecordMode::All,
            (mode, _) => mode,
        };
        let plays = matches!(resolved, RecordMode::None | RecordMode::NewEpisodes);
        let played = play(args.cassettes, &args.play, base.rewrite_links);
        let existing = match resolved {
            RecordMode::NewEpisodes => Existing::Append,
            _ => existing(&args.keep),
        };
        let keep = file.filter(|_| resolved != RecordMode::None).map(|cassette| KeepConfig {
            cassette,
            existing,
            redact: redact(&args.keep),
        });
        let play = plays.then_some(played);
        if resolved == RecordMode::None {
            return Ok(Self { play, ..base.offline(&args.serve, &args.admin)? });
        }
        let upstream = Some(upstream(args.upstream, args.serve.forward)?);
        Ok(Self { upstream, keep, play, ..base.with(&args.serve, &args.admin)? })
    }
}

/// The cassette that `record --update` updates, if that is what was typed.
///
/// # Errors
/// The name cannot be a file's.
pub fn updated(args: &RecordArgs) -> Result<Option<PathBuf>, ConfigError> {
    args.update.as_deref().map(cassette_file).transpose()
}

/// What every proxy knows.
struct Base {
    profile: Arc<Profile>,
    rewrite_links: bool,
    scenarios: ScenarioConfig,
    watch: WatchConfig,
}

impl Base {
    fn of(args: &ApiArgs, scenarios: &ScenarioArgs, watch: &WatchArgs) -> Result<Self, ConfigError> {
        let profile = Arc::new(Profile::choose(&args.profile)?);
        let scenarios = ScenarioConfig::of(scenarios)?;
        let watch = WatchConfig { files: watch.watch, profile: Profile::file(&args.profile) };
        Ok(Self { profile, rewrite_links: args.rewrite_links == Switch::On, scenarios, watch })
    }

    fn with(self, serve: &ServeArgs, admin: &AdminArgs) -> Result<RunConfig, ConfigError> {
        let serve = ServeConfig::of(serve, &self.profile)?;
        self.run(serve, admin)
    }

    fn offline(self, serve: &ServeArgs, admin: &AdminArgs) -> Result<RunConfig, ConfigError> {
        let serve = ServeConfig::offline(serve, &self.profile)?;
        self.run(serve, admin)
    }

    fn run(self, serve: ServeConfig, args: &AdminArgs) -> Result<RunConfig, ConfigError> {
        let Self { profile, rewrite_links, scenarios, watch } = self;
        let admin = AdminConfig::of(args)?;
        if let Some(log) = args.session_log.as_ref().filter(|path| is_cassette(path)) {
            return Err(ConfigError::IsCassette { flag: "--session-log", path: log.clone() });
        }
        Ok(RunConfig {
            serve,
            admin,
            journal: (admin.listen.is_some() || args.session_log.is_some()).then_some(args.journal),
            session_log: args.session_log.clone(),
            account: false,
            profile,
            rewrite_links,
            upstream: None,
            keep: None,
            play: None,
            scenarios,
            watch,
        })
    }
}

/// A flag that says something about what this mode does not do.
fn without_effect(args: &ProxyArgs) -> Option<&'static str> {
    let ProxyArgs { mode, keep, play, .. } = args;
    let records = !matches!(mode, RecordMode::None | RecordMode::Passthrough);
    let plays = !matches!(mode, RecordMode::All | RecordMode::Passthrough);
    let given = [
        ("--overwrite", keep.overwrite && *mode != RecordMode::All),
        ("--append", keep.append && *mode != RecordMode::All),
        ("--redact", keep.redact == Switch::Off && !records),
        ("--repeat", play.repeat.is_some() && !plays),
        ("--clock", !matches!(play.time.clock, ClockChoice::Recorded) && !plays),
        ("--latency", play.time.latency > 0.0 && !plays),
    ];
    given.into_iter().find_map(|(flag, is_idle)| is_idle.then_some(flag))
}

pub(super) fn upstream(args: UpstreamArgs, forward: bool) -> Result<UpstreamConfig, ConfigError> {
    let choice = match args.upstream.as_deref() {
        None if forward => None,
        None => return Err(ConfigError::NoUpstream),
        Some(text) => Some(UpstreamChoice::parse(text)?),
    };
    let options = UpstreamOptions { ca: args.upstream_ca, timeout: args.upstream_timeout };
    Ok(UpstreamConfig { choice, options })
}

fn play(cassettes: Vec<String>, args: &PlayArgs, rewrite_links: bool) -> PlayConfig {
    let options = ReplayOptions {
        rewrite_links,
        repeat: args.repeat,
        sessions: SessionOptions {
            by: match args.sessions.session_by {
                cli::SessionBy::Name => SessionBy::Name,
                cli::SessionBy::Token => SessionBy::Token,
            },
            most: args.sessions.max_sessions,
            idle: args.sessions.session_idle,
        },
        clock: match args.time.clock {
            ClockChoice::Recorded => None,
            ClockChoice::Now => Some(Clock::Wall),
            ClockChoice::Frozen(time) => Some(Clock::virtual_from(time)),
        },
        latency: Latency::of(args.time.latency).unwrap_or_default(),
    };
    PlayConfig { cassettes, recordings: PathBuf::from(RECORDINGS), options }
}

fn existing(args: &KeepArgs) -> Existing {
    match (args.overwrite, args.append) {
        (true, _) => Existing::Overwrite,
        (_, true) => Existing::Append,
        _ => Existing::Refuse,
    }
}

fn redact(args: &KeepArgs) -> Redact {
    if args.redact == Switch::On { Redact::On } else { Redact::Off }
}

/// The file that `-c` names: under `recordings/`, unless it is plainly a path.
pub(super) fn cassette_file(name: &str) -> Result<PathBuf, ConfigError> {
    if name.ends_with('/') || Path::new(name).file_name().is_none() {
        return Err(ConfigError::Cassette(
            name.to_owned(),
            "names no file; give a name, or a path to a .yaml file",
        ));
    }
    Ok(path_for(name, Path::new(RECORDINGS)))
}
