//! `overdub record`, `replay` and `proxy`: one way to run a proxy.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::sandbox::{self, Org, Served};
use super::serve::{Ready, bind, refuse_circle, settings, until_signal};
use super::{Failure, admin, reload, scenarios};
use crate::Proxy;
use crate::cassette::{self, Cassette, CutOff, Writer};
use crate::clock::Clock;
use crate::config::{KeepConfig, PlayConfig, Renewal, RunConfig, UpstreamChoice, UpstreamConfig};
use crate::http::Origin;
use crate::profile::Profile;
use crate::proxy::Live;
use crate::recorder::{Captured, Recorder, Recording, Report};
use crate::redact::Redactor;
use crate::replay::Player;
use crate::sandbox::{Sandbox, SandboxConfig};
use crate::shipped::SHIPPED;
use crate::upstream::Upstream;

/// How long after the signal exchanges may still end that go on without their clients.
const DRAIN: Duration = Duration::from_millis(3400);

/// How long they get at least.
const SHORTEST_DRAIN: Duration = Duration::from_millis(200);

/// Runs a proxy until it is told to stop.
pub(super) async fn run(config: RunConfig, renewal: Renewal) -> Result<(), Failure> {
    // Watched before it is read, so that no change is lost in between.
    let (plan, watched) = reload::begin(&config, renewal);
    let RunConfig { serve, admin, profile, rewrite_links, upstream, keep, play, scenarios, .. } = config;
    let listener = bind(serve.listen).await?;
    let reached = match upstream {
        Some(upstream) => Some(Reached::of(upstream).await?),
        None => None,
    };
    let origin = reached.as_ref().and_then(|reached| reached.origin.clone());
    if let Some(origin) = &origin {
        refuse_circle(&listener, origin)?;
    }
    let settings = settings(&serve, origin.as_ref())?;
    let Running { proxy, mode, size, recording } = match reached.as_ref().map(|reached| &reached.upstream) {
        None => replaying(play, &profile)?,
        Some(upstream) => passing(upstream.clone(), keep, play, &profile, rewrite_links)?,
    };
    let loaded = scenarios::load(&scenarios, plan.clock(), &profile)?;
    let proxy = proxy.with_scenarios(loaded);
    let (proxy, beside) = admin::start(admin, proxy, &profile, &settings).await?;
    let reloading = watched.map(|watched| tokio::spawn(plan.run(watched, Arc::clone(&proxy))));
    let upstream = match &reached {
        None => "none".to_owned(),
        Some(reached) => reached.origin.as_ref().map_or_else(|| "any".to_owned(), ToString::to_string),
    };
    let ready = Ready {
        mode,
        upstream: &upstream,
        cassettes: size.0,
        interactions: size.1,
        admin: beside.address(),
        shutdown: beside.shutdown.clone(),
    };
    let since_signal = until_signal(listener, Arc::clone(&proxy), settings, ready).await?;
    if let Some(reloading) = reloading {
        reloading.abort();
    }
    beside.ended().await;

    let grace = DRAIN.saturating_sub(since_signal.elapsed()).max(SHORTEST_DRAIN);
    let report = match recording {
        Some((path, recording)) => Some((path, recording.finish(grace).await)),
        None => None,
    };
    if let Some(org) = reached.and_then(|reached| reached.sandbox) {
        org.stop().await;
    }
    let fired = scenarios::account(&proxy, scenarios.require_fired);
    report.map_or(Ok(()), |(path, report)| verdict(&path, report)).and(fired)
}

/// The upstream, and the org that runs for it if it is the one that is built in.
struct Reached {
    origin: Option<Origin>,
    upstream: Upstream,
    sandbox: Option<Served>,
}

impl Reached {
    async fn of(config: UpstreamConfig) -> Result<Self, Failure> {
        let (origin, sandbox) = match config.choice {
            None => (None, None),
            Some(UpstreamChoice::Origin(origin)) => (Some(origin), None),
            Some(UpstreamChoice::Sandbox) => {
                let org = sandbox::start(Arc::new(Org(Sandbox::new(SandboxConfig::default())))).await?;
                (Some(org.origin.clone()), Some(org))
            }
        };
        let upstream = Upstream::new(origin.clone(), &config.options).map_err(Failure::usage)?;
        Ok(Self { origin, upstream, sandbox })
    }
}

/// A proxy, ready to serve.
struct Running {
    proxy: Proxy,
    mode: &'static str,
    /// How many cassettes and interactions there are at the start.
    size: (usize, usize),
    /// What is being written, and where.
    recording: Option<(PathBuf, Recording)>,
}

/// A proxy that answers from recordings alone.
fn replaying(play: Option<PlayConfig>, profile: &Profile) -> Result<Running, Failure> {
    let Some(play) = play else {
        return Err(Failure::usage("there is neither an upstream nor a recording to answer from"));
    };
    let cassettes = cassettes(&play, profile, CutOff::SetAside).map_err(Failure::Usage)?;
    let player = Player::new(cassettes, profile, &play.options);
    let size = (player.cassettes(), player.interactions());
    Ok(Running { proxy: Proxy::replay(Arc::new(player)), mode: "replay", size, recording: None })
}

/// The cassettes to be played.
///
/// # Errors
/// A text per problem.
pub(super) fn cassettes(
    play: &PlayConfig,
    profile: &Profile,
    cut_off: CutOff,
) -> Result<Vec<Cassette>, Vec<String>> {
    let cassettes = cassette::find(&play.cassettes, &play.recordings, SHIPPED)
        .and_then(|sources| cassette::load_all(&sources, cut_off))
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    for cassette in &cassettes {
        compare_profiles(cassette, profile);
    }
    Ok(cassettes)
}

/// Warns of a cassette that another profile recorded: which values vary, and what is a read, is the profile's to say.
fn compare_profiles(cassette: &Cassette, profile: &Profile) {
    let recorded = cassette.header.profile.as_deref().filter(|name| *name != profile.name);
    if let Some(recorded) = recorded {
        tracing::warn!(
            "{}: recorded with the profile `{recorded}`, and played with `{}`, so that requests may match otherwise; \
             give the profile that recorded it with --profile",
            cassette.path.display(),
            profile.name
        );
    }
}

/// A proxy that passes on, records what passes if that is wanted, and answers from recordings what they can.
fn passing(
    upstream: Upstream,
    keep: Option<KeepConfig>,
    play: Option<PlayConfig>,
    profile: &Arc<Profile>,
    rewrite_links: bool,
) -> Result<Running, Failure> {
    let Some(KeepConfig { cassette: path, existing, redact }) = keep else {
        let live = Live::unrecorded(upstream, Clock::Wall, rewrite_links);
        let proxy = Proxy::passthrough(live);
        return Ok(Running { proxy, mode: "passthrough", size: (0, 0), recording: None });
    };
    let mut redactor = Redactor::new(Arc::clone(profile), redact, upstream.origin().cloned());
    let header = redactor.header();
    let mut writer = Writer::create(&path, &header, existing).map_err(Failure::usage)?;
    let earlier = writer.take_earlier();
    if let Some(earlier) = &earlier {
        redactor.continue_after(earlier);
    }
    let before = earlier.as_ref().map_or(0, |cassette| cassette.interactions.len());
    let player = play.map(|play| {
        let captured = Cassette { name: writer.name(), path: path.clone(), header, interactions: Vec::new() };
        let player = Player::new(earlier.into_iter().collect(), profile, &play.options);
        Arc::new(player.with_captures(captured, Arc::clone(profile), &play.options))
    });
    let listener = player.as_ref().map(|player| {
        let player = Arc::clone(player);
        Box::new(move |captured: Captured| {
            player.capture(captured.interaction, captured.session.as_deref(), &captured.values);
        }) as _
    });
    let (recorder, recording) = Recorder::start(writer, redactor, listener)
        .map_err(|error| Failure::usage(format_args!("cannot start the recorder: {error}")))?;
    let live = Live::new(upstream, recorder, Clock::Wall, rewrite_links);
    let (proxy, mode) = match player {
        Some(player) => (Proxy::new_episodes(player, live), "new_episodes"),
        None => (Proxy::record(live), "record"),
    };
    Ok(Running { proxy, mode, size: (1, before), recording: Some((path, recording)) })
}

/// Says what a recording came to.
fn verdict(path: &Path, report: Report) -> Result<(), Failure> {
    let path = path.display();
    tracing::info!("{path}: exchanges recorded: {}", report.recorded);
    if report.failed > 0 {
        return Err(Failure::Checks(format!(
            "{path}: exchanges that could not be written: {}",
            report.failed
        )));
    }
    if report.leaks > 0 {
        return Err(Failure::Checks(format!(
            "{path}: values that look like secrets: {}; say in a profile of your own where they stand and run \
             `overdub cassette clean --profile FILE {path}`, or delete the cassette",
            report.leaks
        )));
    }
    Ok(())
}
