//! A proxy from its settings, served in this process: what all commands that run one do alike, and tests in Rust.
//!
//! [`Launched::start`] opens what the settings name, in an order in which nothing is lost, and serves it;
//! [`Launched::stop`] lets requests under way end, writes what is still to be written, and tells what came of it.

mod admin;
mod listen;
mod modes;
mod reload;
mod sandbox;
mod scenarios;

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use listen::bind;
pub use sandbox::{Org, Served, serve_org};

pub(crate) use modes::Reached;

use crate::Proxy;
use crate::clock::Stopwatch;
use crate::config::{Renewal, RunConfig};
use crate::http::Origin;
use crate::journal::SessionLog;
use crate::recorder::{Recording, Report};
use crate::server::serve;
use admin::Beside;
use modes::Running;

/// How long after the end was asked for exchanges may still end that go on without their clients.
const DRAIN: Duration = Duration::from_millis(3400);

/// How long they get at least.
const SHORTEST_DRAIN: Duration = Duration::from_millis(200);

/// Why a proxy cannot be started: what was asked for, or a file that it names, cannot be used. One text per problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchError(pub Vec<String>);

impl LaunchError {
    /// A single problem.
    pub(crate) fn one(problem: impl fmt::Display) -> Self {
        Self(vec![problem.to_string()])
    }
}

impl fmt::Display for LaunchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for LaunchError {}

/// A proxy that is being served.
#[derive(Debug)]
pub struct Launched {
    proxy: Arc<Proxy>,
    facts: Facts,
    shutdown: CancellationToken,
    server: JoinHandle<()>,
    beside: Beside,
    reloading: Option<JoinHandle<()>>,
    recording: Option<(PathBuf, Recording)>,
    org: Option<Served>,
}

/// What those need to know who want to reach a proxy.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Where clients reach it.
    pub url: Origin,
    /// The same as an address of this machine.
    pub address: SocketAddr,
    /// The certificate of the local CA, if clients are to trust it.
    pub ca: Option<PathBuf>,
    /// Where the admin endpoints are.
    pub admin: Option<SocketAddr>,
    /// `record`, `replay`, `new_episodes` or `passthrough`.
    pub mode: &'static str,
    /// What it passes requests on to: `none`, `any`, or an origin.
    pub upstream: String,
    /// How many cassettes it began with.
    pub cassettes: usize,
    /// How many interactions these held.
    pub interactions: usize,
}

/// What came of a proxy.
#[derive(Debug)]
pub struct Ended {
    /// As it was at its end: its journal, what its sessions played, what its scenarios did.
    pub proxy: Arc<Proxy>,
    /// The cassette that was written, and what the recording came to.
    pub recorded: Option<(PathBuf, Report)>,
    /// Why connections were not served to their end.
    pub broken: Option<String>,
    /// Why the session log is not whole.
    pub unlogged: Option<String>,
}

impl Launched {
    /// Starts a proxy. `renewal` is where new settings come from while it runs; `None`: from nowhere.
    ///
    /// # Errors
    /// Something cannot be used; nothing is served then.
    pub async fn start(config: RunConfig, renewal: Option<Renewal>) -> Result<Self, LaunchError> {
        // Watched before it is read, so that no change is lost in between.
        let (plan, watched) = reload::begin(&config, renewal);
        let RunConfig { serve: own, admin, journal, session_log, profile, upstream, scenarios, .. } = &config;
        let listener = bind(own.listen).await?;
        let address =
            listener.local_addr().map_err(|error| LaunchError::one(format_args!("--listen: {error}")))?;
        let reached = match upstream {
            Some(upstream) => Some(Reached::of(upstream).await?),
            None => None,
        };
        let origin = reached.as_ref().and_then(|reached| reached.origin.clone());
        if let Some(origin) = &origin {
            listen::refuse_circle(&listener, origin)?;
        }
        let settings = listen::settings(own, origin.as_ref())?;
        let Running { proxy, mode, size, recording } =
            modes::running(&config, reached.as_ref().map(|reached| &reached.upstream))?;
        let loaded = scenarios::load(scenarios, plan.clock(), profile)?;
        let mut proxy = proxy.with_scenarios(loaded);
        if let Some(most) = journal {
            let log = session_log.as_deref().map(|path| SessionLog::create(path, profile));
            let log = log.transpose().map_err(LaunchError::one)?;
            proxy = proxy.with_logged_journal(*most, log, profile);
        }
        if config.account {
            proxy = proxy.with_account(profile);
        }
        let proxy = Arc::new(proxy);
        let shutdown = CancellationToken::new();
        let beside = admin::start(*admin, &proxy, &settings, &shutdown).await?;
        let reloading = watched.map(|watched| tokio::spawn(plan.run(watched, Arc::clone(&proxy))));
        let authority = settings.tls.as_ref().or(settings.forward.as_ref().map(|(_, authority)| authority));
        let scheme = if settings.tls.is_some() { "https" } else { "http" };
        let facts = Facts {
            url: Origin::new(scheme, &address.to_string()),
            address,
            ca: authority.map(|own| own.ca().path().to_owned()),
            admin: beside.address(),
            mode,
            upstream: match &reached {
                None => "none".to_owned(),
                Some(_) => origin.map_or_else(|| "any".to_owned(), |origin| origin.to_string()),
            },
            cassettes: size.0,
            interactions: size.1,
        };
        let server = tokio::spawn(serve(listener, Arc::clone(&proxy), settings, shutdown.clone()));
        let org = reached.and_then(|reached| reached.sandbox);
        Ok(Self { proxy, facts, shutdown, server, beside, reloading, recording, org })
    }

    /// What those need to know who want to reach it.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The proxy itself.
    pub fn proxy(&self) -> &Arc<Proxy> {
        &self.proxy
    }

    /// The cassette that is written.
    pub fn cassette(&self) -> Option<&Path> {
        self.recording.as_ref().map(|(path, _)| path.as_path())
    }

    /// Lets requests under way end, within the grace time, and finishes what is recorded.
    pub async fn stop(self) -> Ended {
        let since = Stopwatch::start();
        self.shutdown.cancel();
        let served = self.server.await;
        if let Some(reloading) = self.reloading {
            reloading.abort();
        }
        self.beside.ended().await;
        let grace = DRAIN.saturating_sub(since.elapsed()).max(SHORTEST_DRAIN);
        let recorded = match self.recording {
            Some((path, recording)) => Some((path, recording.finish(grace).await)),
            None => None,
        };
        if let Some(org) = self.org {
            org.stop().await;
        }
        let unlogged = self.proxy.journal().and_then(|journal| journal.finish().err());
        Ended {
            proxy: self.proxy,
            recorded,
            broken: served.err().map(|error| error.to_string()),
            unlogged: unlogged.map(|error| error.to_string()),
        }
    }
}
