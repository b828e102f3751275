//! The scenarios in force: those that all sessions play, and those that sessions chose for themselves.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use super::scripted::Scripted;
use crate::apart::apart;
use crate::clock::{Clock, Timestamp};
use crate::error::Error;
use crate::http::{Request, SCENARIO};
use crate::profile::{Mask, Profile};
use crate::replay::Session;
use crate::scenario::{
    Choice, Engine, HandlerReport, Library, ScenarioError, ScenarioState, Set, Setting, Veil,
};

/// Most different choices that sessions can play at once: each is compiled once, and kept until there is no more room
/// for it and no session plays it.
const MOST_CHOICES: usize = 1000;

/// When a session begins by the clock of scripts, where recordings are played and none tells a time.
const BEGINNING: Timestamp = Timestamp::constant(1_577_836_800, 0);

/// What a request gets whose handler fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnScriptError {
    /// An error that says so: a broken experiment is not to be mistaken for one that passed.
    #[default]
    Fail,
    /// The answer as it would be without the script.
    Recorded,
}

/// How scenarios are played.
#[derive(Debug, Clone)]
pub struct ScenarioOptions {
    /// What chance is drawn from.
    pub seed: u64,
    /// What a request gets whose handler fails.
    pub on_error: OnScriptError,
    /// What time it is for scripts; `None`: when the recording was made.
    pub clock: Option<Clock>,
    /// What really passes: one-time passwords and `between("10s", "20s")` go by it.
    pub wall: Clock,
    /// Tells writes from reads.
    pub profile: Arc<Profile>,
}

/// The scenarios in force. Nothing in it is changed by serving but what sessions chose, and the accounts.
#[derive(Debug)]
pub struct Scenarios {
    engine: Arc<OnceLock<Arc<Engine>>>,
    library: Arc<Library>,
    names: Vec<String>,
    settings: Vec<Setting>,
    options: ScenarioOptions,
    /// What sessions play that choose nothing.
    common: Arc<Set>,
    /// Hides the secrets of paths from whoever reads logs and accounts.
    veil: Veil,
    /// What sessions chose; those that play it hold the choice, too. A std lock, held to look up or to add one.
    chosen: RwLock<Chosen>,
}

type Chosen = HashMap<Arc<Choice>, Arc<Set>>;

/// How often a choice is held while scenarios are reloaded, if no session plays it: by what is loaded, and by its copy.
const HELD_HERE: usize = 2;

impl Scenarios {
    /// Those of `library` that `names` says, in the order in which their handlers run.
    ///
    /// # Errors
    /// The first thing that is wrong with them, with its place.
    pub fn load(
        library: Arc<Library>,
        names: &[String],
        settings: &[Setting],
        options: ScenarioOptions,
    ) -> Result<Self, ScenarioError> {
        Self::load_by(Arc::default(), library, names, settings, options)
    }

    /// The same by an engine that is there.
    ///
    /// # Errors
    /// The first thing that is wrong with them, with its place.
    pub fn load_with(
        engine: &Arc<Engine>,
        library: Arc<Library>,
        names: &[String],
        settings: &[Setting],
        options: ScenarioOptions,
    ) -> Result<Self, ScenarioError> {
        let engine = Arc::new(OnceLock::from(Arc::clone(engine)));
        Self::load_by(engine, library, names, settings, options)
    }

    fn load_by(
        engine: Arc<OnceLock<Arc<Engine>>>,
        library: Arc<Library>,
        names: &[String],
        settings: &[Setting],
        options: ScenarioOptions,
    ) -> Result<Self, ScenarioError> {
        let common = Arc::new(Set::load(engine_of(&engine), &library, names, settings)?);
        let (names, settings, veil) = (names.to_vec(), settings.to_vec(), veil_of(&options));
        Ok(Self { engine, library, names, settings, options, common, veil, chosen: RwLock::default() })
    }

    /// The same choices of what `library` holds, with the accounts of this one.
    ///
    /// # Errors
    /// The first thing that is wrong with them, with its place.
    pub fn reloaded(
        &self,
        library: Arc<Library>,
        names: &[String],
        settings: &[Setting],
        options: ScenarioOptions,
    ) -> Result<Self, ScenarioError> {
        let engine = engine_of(&self.engine);
        let common = Set::load(engine, &library, names, settings)?;
        common.adopt(&self.common);
        let mut chosen = HashMap::new();
        // Not under the lock: who makes a choice would wait, and behind them all others.
        let before = self.chosen().clone();
        for (choice, before) in before {
            let set = match compiled(engine, &library, &choice, settings) {
                Ok(set) => Arc::new(set),
                // No session plays it any more, and one that chooses it again is told.
                Err(_) if Arc::strong_count(&choice) <= HELD_HERE => continue,
                // It is the choice that does not fit any more, and not a file: its session is told, and nobody else.
                Err(ScenarioError::Setting(_)) => continue,
                Err(ScenarioError::Script(error)) => return Err(error.into()),
                Err(error) => {
                    let (choice, error) = (choice.text().to_owned(), Box::new(error));
                    return Err(ScenarioError::Chosen { choice, error });
                }
            };
            set.adopt(&before);
            chosen.insert(choice, set);
        }
        Ok(Self {
            engine: Arc::clone(&self.engine),
            library,
            names: names.to_vec(),
            settings: settings.to_vec(),
            veil: veil_of(&options),
            options,
            common: Arc::new(common),
            chosen: RwLock::new(chosen),
        })
    }

    /// The files that there are.
    pub fn library(&self) -> &Arc<Library> {
        &self.library
    }

    /// What is wrong with the scenario of this name, whether anybody plays it or not. A file that others import plays
    /// nothing, and is sound if it compiles.
    pub fn check_alone(&self, name: &str) -> Option<ScenarioError> {
        Set::load(engine_of(&self.engine), &self.library, &[name], &[]).err()
    }

    /// What sessions play that choose nothing.
    pub fn common(&self) -> &Arc<Set> {
        &self.common
    }

    /// Their names, as they were asked for.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// What chance is drawn from.
    pub fn seed(&self) -> u64 {
        self.options.seed
    }

    /// What paths are shown without.
    pub(super) fn veil(&self) -> &Veil {
        &self.veil
    }

    /// How they are played.
    pub fn options(&self) -> &ScenarioOptions {
        &self.options
    }

    /// What was set from outside.
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }

    /// The account of every handler, of those that all play and those that sessions chose; secrets are hidden.
    pub fn report(&self) -> Vec<HandlerReport> {
        let mut all = self.accounts();
        for last in all.iter_mut().filter_map(|own| own.last.as_mut()) {
            *last = self.veil.apply(last);
        }
        all
    }

    fn accounts(&self) -> Vec<HandlerReport> {
        let mut all = self.common.report();
        let chosen = self.chosen();
        let mut choices: Vec<_> = chosen.iter().collect();
        choices.sort_unstable_by_key(|(choice, _)| *choice);
        for own in choices.into_iter().flat_map(|(_, set)| set.report()) {
            match all.iter_mut().find(|known| known.place == own.place && known.handler == own.handler) {
                Some(known) => known.add(own),
                None => all.push(own),
            }
        }
        all
    }

    /// What a request meets of them in its session; `None`, for most, leaves it to the recordings and the API.
    ///
    /// # Errors
    /// The request chooses scenarios that cannot be played.
    pub(super) fn scripted(
        &self,
        session: &Arc<Session>,
        request: &Request,
    ) -> Result<Option<Scripted>, Error> {
        let choice = match said(request) {
            // Not what the session says by now: another request of it may have chosen since.
            Some(text) => Some(self.choose(session, &text)?),
            None => session.scripts.choice(),
        };
        let chosen = choice.map(|choice| self.set_of(&choice)).transpose()?;
        // Most requests meet no handler: what is shared by all threads is not counted up and down for them.
        let set = chosen.as_ref().unwrap_or(&self.common);
        let route = set.matches(&request.head.method, request.head.uri.path());
        let is_overlaid = || session.scripts.known_state().is_some_and(ScenarioState::has_overlays);
        if route.is_none() && !is_overlaid() {
            return Ok(None);
        }
        Ok(Some(Scripted::new(Arc::clone(set), route, Arc::clone(session))))
    }

    /// Whether a request may meet any of them.
    pub(super) fn concern(&self, session: &Session, request: &Request) -> bool {
        let scripts = &session.scripts;
        request.told().scenario
            || scripts.choice().is_some()
            || self.common.concerns(&request.head.method, request.head.uri.path())
            || scripts.known_state().is_some_and(ScenarioState::has_overlays)
    }

    /// Has a session play what `text` says, from now on.
    ///
    /// # Errors
    /// It cannot be played.
    fn choose(&self, session: &Session, text: &str) -> Result<Arc<Choice>, Error> {
        let text = text.trim();
        if let Some(choice) = session.scripts.choice().filter(|choice| choice.is_of(text)) {
            return Ok(choice);
        }
        let choice = Choice::parse(text).map_err(|error| Error::Choice(error.to_string()))?;
        let choice = self.playable(choice)?;
        session.scripts.choose(Some(Arc::clone(&choice)));
        Ok(choice)
    }

    /// A choice, once it is known that it can be played.
    ///
    /// # Errors
    /// It cannot, and why.
    pub fn playable(&self, choice: Choice) -> Result<Arc<Choice>, Error> {
        let choice = Arc::new(choice);
        self.set_of(&choice)?;
        let known = self.chosen().get_key_value(&choice).map(|(known, _)| Arc::clone(known));
        Ok(known.unwrap_or(choice))
    }

    /// The set for a choice, compiled when it is first made.
    fn set_of(&self, choice: &Arc<Choice>) -> Result<Arc<Set>, Error> {
        if let Some(set) = self.chosen().get(choice) {
            return Ok(Arc::clone(set));
        }
        let made = apart(true, || compiled(engine_of(&self.engine), &self.library, choice, &self.settings));
        let set = Arc::new(made.map_err(|error| match error {
            ScenarioError::Script(error) => Error::Script(error),
            other => Error::Choice(other.to_string()),
        })?);
        let mut chosen = self.chosen.write().unwrap_or_else(PoisonError::into_inner);
        if chosen.len() >= MOST_CHOICES && !chosen.contains_key(choice) {
            // Their accounts go with them.
            chosen.retain(|own, _| Arc::strong_count(own) > 1);
            if chosen.len() >= MOST_CHOICES {
                let what = format!(
                    "sessions play {MOST_CHOICES} different choices already; end some sessions, or reset them"
                );
                return Err(Error::Choice(what));
            }
        }
        Ok(Arc::clone(chosen.entry(Arc::clone(choice)).or_insert(set)))
    }

    /// What the scenarios of a session remember. `recorded` tells when the recording was made.
    pub(super) fn state_of<'a>(
        &self,
        session: &'a Session,
        recorded: impl FnOnce() -> Option<Timestamp>,
    ) -> &'a ScenarioState {
        session.scripts.state(|| {
            let clock = self.options.clock.clone();
            let clock = clock.unwrap_or_else(|| Clock::virtual_from(recorded().unwrap_or(BEGINNING)));
            ScenarioState::new(session.name(), self.options.seed, clock, self.options.wall.clone())
        })
    }

    fn chosen(&self) -> std::sync::RwLockReadGuard<'_, Chosen> {
        self.chosen.read().unwrap_or_else(PoisonError::into_inner)
    }
}

fn veil_of(options: &ScenarioOptions) -> Veil {
    let mask = Mask::new(&options.profile);
    Veil::new(move |target| mask.apply(target))
}

/// What a request chooses; several lines are one list (RFC 9110 §5.3).
fn said(request: &Request) -> Option<String> {
    if !request.told().scenario {
        return None;
    }
    let headers = &request.head.headers;
    let mut lines = headers.get_all(SCENARIO).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    let first = lines.next()?.into_owned();
    Some(lines.fold(first, |all, line| [all.as_str(), &line].join(", ")))
}

/// The one engine, made when it is first needed.
fn engine_of(engine: &OnceLock<Arc<Engine>>) -> &Arc<Engine> {
    engine.get_or_init(Arc::default)
}

fn compiled(
    engine: &Arc<Engine>,
    library: &Arc<Library>,
    choice: &Choice,
    common: &[Setting],
) -> Result<Set, ScenarioError> {
    Set::load_among(engine, library, choice.names(), choice.settings(), common)
}
