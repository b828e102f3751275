//! What a server is to do, said before it starts.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::verdict::Expected;
use super::{Server, ServerError};
use crate::cassette::{Existing, RECORDINGS, Repeat, is_recorded, path_for};
use crate::cli::{Listen, RecordMode, Watching};
use crate::clock::Clock;
use crate::config::{
    AdminConfig, KeepConfig, PlayConfig, RunConfig, ScenarioConfig, ServeConfig, UpstreamChoice,
    UpstreamConfig, WatchConfig,
};
use crate::profile::Profile;
use crate::proxy::OnScriptError;
use crate::redact::Redact;
use crate::replay::ReplayOptions;
use crate::scenario::Setting;
use crate::upstream::UpstreamOptions;

/// How many entries the journal keeps.
const JOURNAL: usize = 10_000;

/// What a [`Server`] is to do.
#[derive(Debug)]
#[must_use = "a server runs once it is started"]
pub struct Builder {
    mode: RecordMode,
    cassettes: Vec<String>,
    recordings: PathBuf,
    upstream: Option<String>,
    upstream_ca: Option<PathBuf>,
    existing: Existing,
    redact: Redact,
    profile: String,
    tls: bool,
    options: ReplayOptions,
    scenarios: Vec<String>,
    settings: Vec<(String, String)>,
    folder: PathBuf,
    seed: u64,
    expected: Expected,
}

impl Builder {
    fn new(mode: RecordMode, cassette: String, upstream: Option<String>) -> Self {
        Self {
            mode,
            cassettes: vec![cassette],
            recordings: PathBuf::from(RECORDINGS),
            upstream,
            upstream_ca: None,
            existing: Existing::Refuse,
            redact: Redact::On,
            profile: "okta".to_owned(),
            tls: false,
            options: ReplayOptions::default(),
            scenarios: Vec::new(),
            settings: Vec::new(),
            folder: PathBuf::from("scenarios"),
            seed: 0,
            expected: Expected::default(),
        }
    }

    pub(super) fn replay(cassette: String) -> Self {
        Self::new(RecordMode::None, cassette, None)
    }

    pub(super) fn record(cassette: String, upstream: String) -> Self {
        Self::new(RecordMode::All, cassette, Some(upstream))
    }

    pub(super) fn once(cassette: String, upstream: String) -> Self {
        Self::new(RecordMode::Once, cassette, Some(upstream))
    }

    pub(super) fn new_episodes(cassette: String, upstream: String) -> Self {
        Self::new(RecordMode::NewEpisodes, cassette, Some(upstream))
    }

    /// One more cassette to replay: a timeline of its own.
    pub fn cassette(mut self, name: impl Into<String>) -> Self {
        self.cassettes.push(name.into());
        self
    }

    /// Where cassettes are looked for by name. Cargo runs tests in their package's directory. [default: `recordings`]
    pub fn recordings(mut self, folder: impl Into<PathBuf>) -> Self {
        self.recordings = folder.into();
        self
    }

    /// A scenario to play: a name under `scenarios/`, or one that ships with overdub. They run in this order.
    pub fn scenario(mut self, name: impl Into<String>) -> Self {
        self.scenarios.push(name.into());
        self
    }

    /// Sets a parameter of scenarios, by `NAME` or `SCENARIO.NAME`.
    #[allow(clippy::needless_pass_by_value, reason = "a number reads better than a reference to one")]
    pub fn set(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.settings.push((name.into(), value.to_string()));
        self
    }

    /// Where scenarios are looked for by name. [default: `scenarios`]
    pub fn scenarios(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = folder.into();
        self
    }

    /// What chance in scenarios is drawn from. [default: 0]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// What is known about the API: `okta`, `none`, or a file of your own. [default: `okta`]
    pub fn profile(mut self, profile: impl Into<String>) -> Self {
        self.profile = profile.into();
        self
    }

    /// What a write gets that comes once more than it was recorded. [default: as the cassette says, else an error]
    pub fn repeat(mut self, repeat: Repeat) -> Self {
        self.options.repeat = Some(repeat);
        self
    }

    /// By which clock replayed answers tell the time. [default: as recorded]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.options.clock = Some(clock);
        self
    }

    /// Speaks HTTPS with a certificate of the local CA, which [`Server::ca`] names.
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Trusts the certificates in this PEM file when it talks to the upstream.
    pub fn upstream_ca(mut self, file: impl Into<PathBuf>) -> Self {
        self.upstream_ca = Some(file.into());
        self
    }

    /// Records anew over a cassette that is there.
    pub fn overwrite(mut self) -> Self {
        self.existing = Existing::Overwrite;
        self
    }

    /// Whether secrets are kept off the disk. [default: on]
    pub fn redact(mut self, redact: Redact) -> Self {
        self.redact = redact;
        self
    }

    /// Does not fail the test because of requests that fail: it looks at [`Server::journal`] itself.
    pub fn allow_failures(mut self) -> Self {
        self.expected.failures = true;
        self
    }

    /// Fails the test if a recording was used by nobody.
    pub fn require_used(mut self) -> Self {
        self.expected.used = true;
        self
    }

    /// Fails the test if a handler of a scenario never did anything.
    pub fn require_fired(mut self) -> Self {
        self.expected.fired = true;
        self
    }

    /// Starts the server on a free port of loopback.
    ///
    /// # Errors
    /// A cassette, a scenario or the profile cannot be used, or the upstream is no origin.
    pub async fn start(self) -> Result<Server, ServerError> {
        let (ready, started) = oneshot::channel();
        self.begin(ready)?;
        started.await.unwrap_or_else(|_| Err(ServerError::never_began()))
    }

    /// [`Builder::start`] for tests that are no `async` functions.
    ///
    /// # Errors
    /// As for [`Builder::start`].
    pub fn start_blocking(self) -> Result<Server, ServerError> {
        let (ready, started) = oneshot::channel();
        self.begin(ready)?;
        // Elsewhere, since a runtime's threads may not wait.
        let started = std::thread::spawn(|| started.blocking_recv()).join();
        started.ok().and_then(Result::ok).unwrap_or_else(|| Err(ServerError::never_began()))
    }

    fn begin(self, ready: oneshot::Sender<Result<Server, ServerError>>) -> Result<(), ServerError> {
        let expected = self.expected;
        Server::launch(self.config()?, expected, ready)
    }

    fn config(self) -> Result<RunConfig, ServerError> {
        let profile = Profile::choose(&self.profile);
        let profile = profile.map_err(|error| ServerError::new(format_args!("the profile: {error}")))?;
        let settings = self.settings.iter().map(|(name, value)| Setting::parse(&format!("{name}={value}")));
        let settings: Result<_, _> = settings.collect();
        let settings =
            settings.map_err(|error| ServerError::new(format_args!("a setting of scenarios: {error}")))?;
        let written = match (self.mode, self.cassettes.as_slice()) {
            (RecordMode::None, _) => None,
            (_, [only]) => Some(path_for(only, &self.recordings)),
            _ => return Err(ServerError::new("a server that records has one cassette")),
        };
        let mode = match (self.mode, &written) {
            (RecordMode::Once, Some(file)) if is_recorded(file) => RecordMode::None,
            (RecordMode::Once, _) => RecordMode::All,
            (mode, _) => mode,
        };
        let records = mode != RecordMode::None;
        let existing = if mode == RecordMode::NewEpisodes { Existing::Append } else { self.existing };
        let keep = written.filter(|_| records).map(|cassette| KeepConfig {
            cassette,
            existing,
            redact: self.redact,
        });
        let play = (mode != RecordMode::All).then_some(PlayConfig {
            cassettes: self.cassettes,
            recordings: self.recordings,
            options: self.options,
        });
        let upstream = self.upstream.filter(|_| records).map(|own| upstream(&own, self.upstream_ca));
        let local = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        Ok(RunConfig {
            serve: ServeConfig { listen: Listen(local), tls: self.tls, forward: None, public: None },
            admin: AdminConfig { listen: None },
            journal: Some(JOURNAL),
            session_log: None,
            account: true,
            profile: Arc::new(profile),
            rewrite_links: true,
            upstream: upstream.transpose()?,
            keep,
            play,
            scenarios: ScenarioConfig {
                names: self.scenarios,
                settings,
                seed: self.seed,
                on_error: OnScriptError::Fail,
                require_fired: false,
                folder: self.folder,
            },
            watch: WatchConfig { files: Watching::Off, profile: None },
        })
    }
}

fn upstream(text: &str, ca: Option<PathBuf>) -> Result<UpstreamConfig, ServerError> {
    let choice = UpstreamChoice::parse(text);
    let choice = choice.map_err(|error| ServerError::new(format_args!("the upstream: {error}")))?;
    Ok(UpstreamConfig { choice: Some(choice), options: UpstreamOptions { ca, ..UpstreamOptions::default() } })
}
