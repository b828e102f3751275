//! `overdub demo`: the whole story in one go, with nothing else installed.
//!
//! Starts the sandbox org, records four flows through the proxy, stops the org, replays them offline, compares every
//! answer byte by byte, stand-ins aside, plays three scenarios over the recordings, and shows what happened.

mod flows;
mod show;
mod talk;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::Failure;
use crate::Proxy;
use crate::cassette::{self, Cassette, CutOff, Existing, Writer};
use crate::cli::{DemoArgs, Listen};
use crate::clock::Clock;
use crate::http::Origin;
use crate::launch::{Org, serve_org};
use crate::profile::Profile;
use crate::proxy::{Live, OnScriptError, ScenarioOptions, Scenarios};
use crate::recorder::{Recorder, Recording};
use crate::redact::{Redact, Redactor};
use crate::replay::{Player, ReplayOptions};
use crate::sandbox::{Sandbox, SandboxConfig};
use crate::scenario::Library;
use crate::server::{Handler, Settings, serve};
use crate::shipped::SCENARIOS;
use crate::upstream::{Upstream, UpstreamOptions};
use flows::{FLOWS, Flow, SCENES, Scene};
use show::Show;
use talk::{Caller, Turn};

/// Steps of the org's clock: long enough that two messages to one phone are never too close (30 s).
const TICK: Duration = Duration::from_secs(35);

pub(super) async fn run(args: DemoArgs) -> Result<(), Failure> {
    let dir = directory(args.dir)?;
    if let Some(there) = FLOWS.iter().map(|flow| file(&dir, flow)).find(|path| path.exists()) {
        let there = there.display();
        return Err(Failure::usage(format_args!(
            "--dir: {there} exists already; name another directory, or delete it"
        )));
    }
    let profile = Arc::new(Profile::okta().map_err(Failure::usage)?);
    let show = Show::on_stdout();
    show.title();

    let org = Arc::new(Org(Sandbox::new(SandboxConfig { tick: TICK, ..SandboxConfig::default() })));
    let served = serve_org(Arc::clone(&org)).await?;
    let upstream = served.origin.clone();
    show.recording(&upstream);
    let mut told = Vec::new();
    for flow in FLOWS {
        let recorded = record(flow, &dir, &upstream, &org, &profile).await?;
        show.flow(flow, &recorded.turns, &recorded.cassette);
        told.push((flow, recorded));
    }

    served.stop().await;
    show.org_is_gone(&upstream, is_gone(&upstream).await);

    let mut different = 0;
    show.replaying();
    for (flow, recorded) in &told {
        let differences = replay(recorded, &profile).await?;
        show.compared(flow, recorded.turns.len(), &differences);
        different += differences.len();
    }
    show.scenarios();
    let mut unseen = Vec::new();
    for scene in SCENES {
        let turns = stage(scene, &dir, &org, &profile).await?;
        show.scene(scene, &turns);
        let (step, what) = scene.shows;
        if !turns.get(step).is_some_and(|turn| show::seen(turn).contains(what)) {
            unseen.push(format!("{}: no {what}", scene.scenario));
        }
    }
    show.ending(&dir);
    match different {
        0 if unseen.is_empty() => Ok(()),
        0 => Err(Failure::Checks(unseen.join("; "))),
        number => Err(Failure::Checks(format!("{number} answers differ from what was recorded"))),
    }
}

/// Where a flow's cassette goes.
fn file(dir: &Path, flow: &Flow) -> PathBuf {
    dir.join(flow.cassette).with_extension("yaml")
}

/// What was recorded of one flow, and what the client saw.
struct Recorded {
    cassette: PathBuf,
    /// The address of the proxy: a replay behind another one would differ in every link.
    proxy: Listen,
    turns: Vec<Turn>,
}

async fn record(
    flow: &Flow,
    dir: &Path,
    upstream: &Origin,
    org: &Arc<Org>,
    profile: &Arc<Profile>,
) -> Result<Recorded, Failure> {
    let path = file(dir, flow);
    let client =
        Upstream::new(Some(upstream.clone()), &UpstreamOptions::default()).map_err(Failure::usage)?;
    let redactor = Redactor::new(Arc::clone(profile), Redact::On, Some(upstream.clone()));
    let writer = Writer::create(&path, &redactor.header(), Existing::Refuse).map_err(Failure::usage)?;
    let (recorder, recording) = Recorder::start(writer, redactor, None).map_err(Failure::usage)?;
    let proxy = Arc::new(Proxy::record(Live::new(client, recorder, Clock::Wall, true)));
    let stage = Stage::open(Listen(([127, 0, 0, 1], 0).into()), proxy).await?;
    let turns = Caller::to(&stage.origin)?.play(flow.steps, &org.0).await?;
    let listen = stage.close().await;
    finish(recording, &path).await?;
    Ok(Recorded { cassette: path, proxy: listen, turns })
}

async fn finish(recording: Recording, path: &Path) -> Result<(), Failure> {
    let report = recording.finish(Duration::from_secs(1)).await;
    match report.problems(path).first() {
        Some(problem) => Err(Failure::Checks(problem.to_string())),
        None => Ok(()),
    }
}

/// Plays the same requests against the cassette; returns what differs.
async fn replay(recorded: &Recorded, profile: &Profile) -> Result<Vec<String>, Failure> {
    let cassettes = load(&recorded.cassette)?;
    let declared = cassettes.iter().flat_map(|own| &own.interactions).flat_map(|own| &own.stand_ins);
    let stand_ins: Vec<_> = declared.map(|(text, _)| text.clone()).collect();
    let stand_ins: Vec<_> = stand_ins.iter().map(String::as_str).collect();
    let player = Arc::new(Player::new(cassettes, profile, &ReplayOptions::default()));
    let stage = Stage::open(recorded.proxy, Arc::new(Proxy::replay(player))).await?;
    let differences = Caller::to(&stage.origin)?.repeat(&recorded.turns, &stand_ins).await?;
    stage.close().await;
    Ok(differences)
}

fn load(cassette: &Path) -> Result<Vec<Cassette>, Failure> {
    let name = cassette.to_string_lossy().into_owned();
    cassette::find(&[name], Path::new(""), &[])
        .and_then(|sources| cassette::load_all(&sources, CutOff::SetAside))
        .map_err(|errors| Failure::Usage(errors.iter().map(ToString::to_string).collect()))
}

/// Plays a scenario over a cassette that was just recorded.
async fn stage(
    scene: &Scene,
    dir: &Path,
    org: &Arc<Org>,
    profile: &Arc<Profile>,
) -> Result<Vec<Turn>, Failure> {
    let cassettes = load(&dir.join(scene.cassette).with_extension("yaml"))?;
    let player = Arc::new(Player::new(cassettes, profile, &ReplayOptions::default()));
    let options = ScenarioOptions {
        seed: 0,
        on_error: OnScriptError::Fail,
        clock: None,
        wall: Clock::Wall,
        profile: Arc::clone(profile),
    };
    let library = Arc::new(Library::new([], SCENARIOS));
    let names = [scene.scenario.to_owned()];
    let scenarios = Scenarios::load(library, &names, &[], options).map_err(Failure::usage)?;
    let proxy = Arc::new(Proxy::replay(player).with_scenarios(scenarios));
    let stage = Stage::open(Listen(([127, 0, 0, 1], 0).into()), proxy).await?;
    let turns = Caller::to(&stage.origin)?.play(scene.steps, &org.0).await?;
    stage.close().await;
    Ok(turns)
}

/// A proxy on loopback for as long as it is needed.
struct Stage {
    origin: Origin,
    listen: Listen,
    ends: CancellationToken,
    server: JoinHandle<()>,
}

impl Stage {
    async fn open<H: Handler>(listen: Listen, handler: Arc<H>) -> Result<Self, Failure> {
        let failed = |error| Failure::usage(format_args!("cannot listen on {}: {error}", listen.0));
        let listener = TcpListener::bind(listen.0).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let ends = CancellationToken::new();
        let server = tokio::spawn(serve(listener, handler, Settings::default(), ends.clone()));
        Ok(Self { origin: Origin::new("http", &address.to_string()), listen: Listen(address), ends, server })
    }

    async fn close(self) -> Listen {
        self.ends.cancel();
        // The server ends by itself; how it ended does not matter to the story.
        let _ = self.server.await;
        self.listen
    }
}

/// Whether nobody listens there any more.
async fn is_gone(origin: &Origin) -> bool {
    tokio::net::TcpStream::connect(origin.authority()).await.is_err()
}

/// Where the cassettes go: the directory asked for, or a new one below the system's temporary directory.
fn directory(asked: Option<PathBuf>) -> Result<PathBuf, Failure> {
    let failed = |dir: &Path, error: std::io::Error| {
        Failure::usage(format_args!("--dir {}: {error}; name a directory that can be written", dir.display()))
    };
    if let Some(dir) = asked {
        return std::fs::create_dir_all(&dir).map(|()| dir.clone()).map_err(|error| failed(&dir, error));
    }
    // An earlier demo's directory is kept: its cassettes are the user's.
    let mut number = 1;
    loop {
        let dir = std::env::temp_dir().join(format!("overdub-demo-{number}"));
        match std::fs::create_dir(&dir) {
            Ok(()) => return Ok(dir),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(failed(&dir, error)),
        }
    }
}
