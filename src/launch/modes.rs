//! What answers in each mode, opened.

use std::path::PathBuf;
use std::sync::Arc;

use super::LaunchError;
use super::sandbox::{Org, Served, serve_org};
use crate::Proxy;
use crate::cassette::{self, Cassette, CutOff, PackedHeaders, Writer};
use crate::clock::Clock;
use crate::config::{KeepConfig, PlayConfig, RunConfig, UpstreamChoice, UpstreamConfig};
use crate::http::Origin;
use crate::profile::Profile;
use crate::proxy::Live;
use crate::recorder::{Captured, Recorder, Recording};
use crate::redact::Redactor;
use crate::replay::Player;
use crate::sandbox::{Sandbox, SandboxConfig};
use crate::shipped::SHIPPED;
use crate::upstream::Upstream;

/// The upstream, and the org that runs for it if it is the one that is built in.
pub(crate) struct Reached {
    pub(crate) origin: Option<Origin>,
    pub(crate) upstream: Upstream,
    pub(crate) sandbox: Option<Served>,
}

impl Reached {
    pub(crate) async fn of(config: &UpstreamConfig) -> Result<Self, LaunchError> {
        let (origin, sandbox) = match &config.choice {
            None => (None, None),
            Some(UpstreamChoice::Origin(origin)) => (Some(origin.clone()), None),
            Some(UpstreamChoice::Sandbox) => {
                let org = serve_org(Arc::new(Org(Sandbox::new(SandboxConfig::default())))).await?;
                (Some(org.origin.clone()), Some(org))
            }
        };
        let upstream = Upstream::new(origin.clone(), &config.options).map_err(LaunchError::one)?;
        Ok(Self { origin, upstream, sandbox })
    }
}

/// A proxy, ready to serve.
pub(super) struct Running {
    pub(super) proxy: Proxy,
    pub(super) mode: &'static str,
    /// How many cassettes and interactions there are at the start.
    pub(super) size: (usize, usize),
    /// What is being written, and where.
    pub(super) recording: Option<(PathBuf, Recording)>,
}

/// A proxy as its settings say; `upstream` is what it reaches.
pub(super) fn running(config: &RunConfig, upstream: Option<&Upstream>) -> Result<Running, LaunchError> {
    let RunConfig { play, keep, profile, rewrite_links, .. } = config;
    match upstream {
        None => replaying(play.as_ref(), profile),
        Some(upstream) => passing(upstream.clone(), keep.as_ref(), play.as_ref(), profile, *rewrite_links),
    }
}

/// A proxy that answers from recordings alone.
fn replaying(play: Option<&PlayConfig>, profile: &Profile) -> Result<Running, LaunchError> {
    let Some(play) = play else {
        return Err(LaunchError::one("there is neither an upstream nor a recording to answer from"));
    };
    let cassettes = cassettes(play, profile, CutOff::SetAside).map_err(LaunchError)?;
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
) -> Result<Vec<Cassette<PackedHeaders>>, Vec<String>> {
    let cassettes = cassette::find(&play.cassettes, &play.recordings, SHIPPED)
        .and_then(|sources| cassette::load_packed(&sources, cut_off))
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    for cassette in &cassettes {
        compare_profiles(cassette, profile);
    }
    Ok(cassettes)
}

/// Warns of a cassette that another profile recorded: which values vary, and what is a read, is the profile's to say.
fn compare_profiles(cassette: &Cassette<PackedHeaders>, profile: &Profile) {
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
    keep: Option<&KeepConfig>,
    play: Option<&PlayConfig>,
    profile: &Arc<Profile>,
    rewrite_links: bool,
) -> Result<Running, LaunchError> {
    let Some(KeepConfig { cassette: path, existing, redact }) = keep else {
        let live = Live::unrecorded(upstream, Clock::Wall, rewrite_links);
        let proxy = Proxy::passthrough(live);
        return Ok(Running { proxy, mode: "passthrough", size: (0, 0), recording: None });
    };
    let mut redactor = Redactor::new(Arc::clone(profile), *redact, upstream.origin().cloned());
    let header = redactor.header();
    let mut writer = Writer::create(path, &header, *existing).map_err(LaunchError::one)?;
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
        .map_err(|error| LaunchError::one(format_args!("cannot start the recorder: {error}")))?;
    let live = Live::new(upstream, recorder, Clock::Wall, rewrite_links);
    let (proxy, mode) = match player {
        Some(player) => (Proxy::new_episodes(player, live), "new_episodes"),
        None => (Proxy::record(live), "record"),
    };
    Ok(Running { proxy, mode, size: (1, before), recording: Some((path.clone(), recording)) })
}
