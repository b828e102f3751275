//! What a running proxy takes over of what is saved: built aside and whole, and put in place at once.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::modes::cassettes;
use super::scenarios;
use crate::Proxy;
use crate::cassette::CutOff;
use crate::cli::Watching;
use crate::clock::Clock;
use crate::config::{PlayConfig, Renewal, Renewed, RunConfig, ScenarioConfig};
use crate::profile::Profile;
use crate::proxy::{Loaded, Scenarios};
use crate::reload::{Root, TakeOver, Watch, run};
use crate::replay::Player;
use crate::scenario::ScenarioError;

/// What is loaded, and from which files.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// Recordings that nobody writes to while they are played.
    play: Option<PlayConfig>,
    scenarios: ScenarioConfig,
    profile: Arc<Profile>,
    /// Where the profile was read from; `None`: it is built in.
    profile_file: Option<PathBuf>,
    /// What time it is for scripts.
    clock: Option<Clock>,
    /// `None`: settings stay as they are.
    renewal: Option<Renewal>,
}

/// What a new `overdub.yaml` changes at once, wherever scenarios are played.
const SCRIPTED: [&str; 3] = ["scenario", "set", "on-script-error"];

/// The same for recordings that are replayed.
const REPLAYED: [&str; 6] = ["cassette", "profile", "repeat", "clock", "latency", "rewrite-links"];

/// What can change while a proxy runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Settings,
    Profile,
    Cassettes,
    Scenarios,
}

/// What has changed and is not in force yet.
type Stale = BTreeSet<Part>;

/// Takes over what is saved.
#[derive(Debug)]
struct Reloader {
    proxy: Arc<Proxy>,
    plan: Plan,
    /// What was to be loaded when that failed: its files count, too.
    wanted: Option<Plan>,
    stale: Stale,
}

/// What is loaded with these settings, and its files watched, if they are to be.
pub(super) fn begin(config: &RunConfig, renewal: Option<Renewal>) -> (Plan, Option<Watch>) {
    let plan = Plan::of(config, renewal);
    let watched = match config.watch.files {
        Watching::On => Some(Watch::new(plan.roots(), false)),
        Watching::Poll => Some(Watch::new(plan.roots(), true)),
        Watching::Off => None,
    };
    (plan, watched)
}

impl Plan {
    /// What is loaded with these settings. A cassette that is written is never loaded anew: whoever writes it tells the
    /// player of each exchange.
    fn of(config: &RunConfig, renewal: Option<Renewal>) -> Self {
        let told = config.play.as_ref().and_then(|play| play.options.clock.clone());
        let is_offline = config.upstream.is_none();
        Self {
            play: config.play.clone().filter(|_| is_offline),
            scenarios: config.scenarios.clone(),
            profile: Arc::clone(&config.profile),
            profile_file: config.watch.profile.clone(),
            // Where nothing is played, it is the time that it is.
            clock: if is_offline { told } else { Some(told.unwrap_or(Clock::Wall)) },
            renewal,
        }
    }

    /// What time it is for scripts; `None`: when the recording was made.
    pub(super) fn clock(&self) -> Option<Clock> {
        self.clock.clone()
    }

    /// Takes over what is saved as long as it is polled.
    pub(super) async fn run(self, watched: Watch, proxy: Arc<Proxy>) {
        run(watched, Reloader { proxy, plan: self, wanted: None, stale: Stale::new() }).await;
    }

    /// The file that settings are read from.
    fn settings_file(&self) -> Option<&Path> {
        self.renewal.as_ref().and_then(Renewal::file)
    }

    fn roots(&self) -> Vec<Root> {
        let mut roots = vec![Root::new(&self.scenarios.folder, &["rhai"])];
        let single = [self.profile_file.as_deref(), self.settings_file()];
        roots.extend(single.into_iter().flatten().map(|path| Root::new(path, &[])));
        if let Some(play) = &self.play {
            roots.extend(cassette_paths(play).iter().map(|path| Root::new(path, &["yaml", "yml", "body"])));
        }
        roots
    }
}

/// Where the cassettes that are played are, or may come to be.
fn cassette_paths(play: &PlayConfig) -> Vec<PathBuf> {
    if play.cassettes.is_empty() {
        return vec![play.recordings.clone()];
    }
    let places = play.cassettes.iter().flat_map(|name| [play.recordings.join(name), PathBuf::from(name)]);
    let with = |path: &Path, suffix: &str| {
        let mut path = path.as_os_str().to_owned();
        path.push(suffix);
        PathBuf::from(path)
    };
    let candidates = places.flat_map(|path| [with(&path, ".yaml"), with(&path, ".yml"), path]);
    candidates.collect()
}

impl Plan {
    /// What a file is a part of.
    fn part_of(&self, file: &Path) -> Part {
        let is_at = |path: Option<&Path>| path.is_some_and(|path| absolute(path) == file);
        let is_script = file.extension().is_some_and(|own| own == "rhai");
        if is_at(self.settings_file()) {
            Part::Settings
        } else if is_at(self.profile_file.as_deref()) {
            Part::Profile
        } else if is_script && file.starts_with(absolute(&self.scenarios.folder)) {
            Part::Scenarios
        } else {
            Part::Cassettes
        }
    }

    /// What is to be loaded now that this is stale, and what of it anew. Settings and the profile are read here.
    fn after(&self, stale: &Stale) -> Result<(Self, Stale), Vec<String>> {
        let (mut plan, mut needed) = (self.clone(), stale.clone());
        if needed.remove(&Part::Settings)
            && let Some(renewal) = &self.renewal
        {
            let renewed = renewal.renew().map_err(|problem| vec![problem])?;
            needed.extend(plan.renew(renewed));
        }
        if needed.contains(&Part::Profile)
            && let Some(file) = &plan.profile_file
        {
            let path = file.display();
            if plan.play.is_none() {
                tracing::warn!(
                    "{path}: what is recorded goes by the profile as it was; a new one needs a restart"
                );
                needed.remove(&Part::Profile);
            } else {
                let profile = Profile::choose(&path.to_string());
                plan.profile = Arc::new(profile.map_err(|error| vec![format!("--profile: {error}")])?);
            }
        }
        Ok((plan, needed))
    }

    /// Goes on with new settings; those that cannot change any more are told. Returns what they make stale.
    fn renew(&mut self, renewed: Renewed) -> Stale {
        let Renewed { run, changed, from } = renewed;
        let is_replay = self.play.is_some();
        let can_change = |key: &str| SCRIPTED.contains(&key) || (is_replay && REPLAYED.contains(&key));
        for key in changed.iter().filter(|key| !can_change(key)) {
            let file = from.file().unwrap_or(Path::new("the file of settings")).display();
            tracing::warn!("{file}: `{key}` has changed: that needs a restart");
        }
        let new = Self::of(&run, Some(from));
        let mut stale = Stale::new();
        let is_any = |keys: &[&str]| keys.iter().any(|key| changed.contains(*key));
        if is_any(&SCRIPTED) {
            stale.insert(Part::Settings);
        }
        self.renewal = new.renewal;
        self.scenarios = ScenarioConfig { seed: self.scenarios.seed, ..new.scenarios };
        let (Some(before), Some(mut play)) = (&self.play, new.play) else { return stale };
        play.options.sessions = before.options.sessions;
        if changed.contains("clock") {
            self.clock = new.clock;
        } else {
            play.options.clock.clone_from(&before.options.clock);
        }
        if is_any(&REPLAYED) {
            stale.insert(Part::Cassettes);
        }
        if changed.contains("profile") {
            stale.insert(Part::Profile);
            self.profile = new.profile;
            self.profile_file = new.profile_file;
        }
        self.play = Some(play);
        stale
    }

    /// The player that takes the place of this one.
    fn player_after(&self, now: &Arc<Player>, needed: &Stale) -> Result<Arc<Player>, Vec<String>> {
        match &self.play {
            Some(play) if needed.contains(&Part::Cassettes) || needed.contains(&Part::Profile) => {
                let cassettes = cassettes(play, &self.profile, CutOff::Refuse)?;
                Ok(Arc::new(now.successor(cassettes, &self.profile, &play.options)))
            }
            _ => Ok(Arc::clone(now)),
        }
    }

    /// The scenarios that take the place of these. Those that were activated while the proxy ran stay active, unless the
    /// settings now say others.
    fn scenarios_after(&self, now: &Arc<Scenarios>, needed: &Stale) -> Result<Arc<Scenarios>, Vec<String>> {
        if *needed == Stale::from([Part::Cassettes]) {
            return Ok(Arc::clone(now));
        }
        let own = &self.scenarios;
        let (names, set) = if needed.contains(&Part::Settings) {
            (&own.names[..], &own.settings[..])
        } else {
            (now.names(), now.settings())
        };
        let options = scenarios::options(own, self.clock(), &self.profile);
        let after = scenarios::library(own).and_then(|library| now.reloaded(library, names, set, options));
        after.map(Arc::new).map_err(|error| vec![scenarios::told_as_flag(&error)])
    }
}

/// What was loaded, and is not in place yet.
#[derive(Debug)]
pub(super) struct Built {
    plan: Plan,
    needed: Stale,
    changed: Vec<PathBuf>,
    /// What it takes the place of.
    before: Arc<Loaded>,
    player: Option<Arc<Player>>,
    scenarios: Option<Arc<Scenarios>>,
}

impl TakeOver for Reloader {
    type Built = Built;

    fn build(&mut self, changed: &[PathBuf]) -> Result<Built, Vec<String>> {
        self.stale.extend(changed.iter().map(|file| self.plan.part_of(file)));
        let (plan, needed) = self.plan.after(&self.stale)?;
        self.wanted = Some(plan.clone());
        let before = self.proxy.loaded();
        let (player, scenarios) = if needed.is_empty() {
            (before.player.clone(), before.scenarios.clone())
        } else {
            let player = before.player.as_ref().map(|now| plan.player_after(now, &needed));
            let scenarios = before.scenarios.as_ref().map(|now| plan.scenarios_after(now, &needed));
            (player.transpose()?, scenarios.transpose()?)
        };
        Ok(Built { plan, needed, changed: changed.to_vec(), before, player, scenarios })
    }

    fn place(&mut self, built: Built) -> Result<(), Vec<String>> {
        let Built { plan, needed, changed, before, player, scenarios } = built;
        if needed.is_empty() {
            self.proxy.reload_settled();
        } else {
            self.proxy.change(|loaded| {
                let scenarios = match (&loaded.scenarios, &before.scenarios) {
                    // Others were activated since.
                    (Some(now), Some(before)) if !Arc::ptr_eq(now, before) => {
                        Some(plan.scenarios_after(now, &needed)?)
                    }
                    _ => scenarios,
                };
                Ok::<_, Vec<String>>((player.clone(), scenarios))
            })?;
            if let (Some(after), Some(before)) = (&player, &before.player)
                && !Arc::ptr_eq(after, before)
            {
                after.take_over(before);
            }
            let generation = self.proxy.reload_succeeded();
            tracing::info!(generation, "taken over: {}", listed(&changed));
            self.tell_of_unplayed(&plan, &changed);
        }
        self.plan = plan;
        self.wanted = None;
        self.stale.clear();
        Ok(())
    }

    fn refuse(&mut self, problems: Vec<String>) {
        for problem in &problems {
            tracing::error!("not taken over, what was loaded before stays in force: {problem}");
        }
        self.proxy.reload_failed(problems);
    }

    fn roots(&self) -> Vec<Root> {
        let mut roots = self.plan.roots();
        for root in self.wanted.iter().flat_map(Plan::roots) {
            if !roots.contains(&root) {
                roots.push(root);
            }
        }
        roots
    }
}

impl Reloader {
    /// Says what is wrong with scenarios that were saved and that nobody plays: it is in nobody's way, and their author
    /// wants to know.
    fn tell_of_unplayed(&self, plan: &Plan, changed: &[PathBuf]) {
        let folder = absolute(&plan.scenarios.folder);
        let names = changed.iter().filter_map(|file| {
            let name = file.strip_prefix(&folder).ok()?.to_str()?.strip_suffix(".rhai")?;
            Some(name.replace(std::path::MAIN_SEPARATOR, "/"))
        });
        let Some(scenarios) = self.proxy.scenarios() else { return };
        for error in names.filter_map(|name| scenarios.check_alone(&name)) {
            if let ScenarioError::Script(error) = error {
                tracing::warn!("a scenario that nobody plays cannot be played: {error}");
            }
        }
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// The names of files, as people know them.
fn listed(paths: &[PathBuf]) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let shown: Vec<_> = paths
        .iter()
        .take(5)
        .map(|path| path.strip_prefix(&here).unwrap_or(path).display().to_string())
        .collect();
    let more = if paths.len() > 5 { format!(" and {} more", paths.len() - 5) } else { String::new() };
    format!("{}{more}", shown.join(", "))
}
