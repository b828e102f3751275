//! What scenarios change in one session: their state, how often they were asked, overlays and the clock.
//!
//! It belongs to the session and not to the scripts, so it survives their reload.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::error::fail;
use super::exchange::{Request, Response};
use super::json::{Document, Parsed, lock};
use super::okta;
use super::overlay::{Overlaid, Overlays};
use super::route::spelled;
use super::time::later;
use super::{draw, exchange};
use crate::clock::{Clock, Timestamp};

/// Most pairs of a handler and a path that are counted in one session.
const MOST_COUNTS: usize = 1_000_000;

/// What the scenarios of one session remember.
#[derive(Debug)]
pub struct ScenarioState {
    pub(super) session: Arc<str>,
    pub(super) seed: u64,
    pub(super) clocks: Arc<Clocks>,
    /// Held while a handler runs that uses it: such handlers of one session see each other's changes whole, those of
    /// another do not wait. A handler never awaits anything.
    inner: Mutex<Inner>,
    /// Whether there are overlays, so that most answers need not take the lock.
    is_overlaid: AtomicBool,
}

#[derive(Debug, Default)]
pub(super) struct Inner {
    /// By scenario.
    documents: HashMap<String, (Arc<Parsed>, Arc<Mutex<Document>>)>,
    /// By handler and request path.
    counts: HashMap<(u64, u64), u64>,
    pub(super) overlays: Overlays,
}

/// What a session remembers, while handlers of a request run.
#[derive(Debug)]
pub(super) struct Hold<'a> {
    session: &'a ScenarioState,
    kept: Option<MutexGuard<'a, Inner>>,
}

impl Hold<'_> {
    /// Works on it. Where it is not kept to itself, others may have changed it since the last time.
    pub(super) fn with<T>(&mut self, work: impl FnOnce(&mut Inner) -> T) -> T {
        match &mut self.kept {
            Some(inner) => work(inner),
            None => work(&mut self.session.lock()),
        }
    }
}

/// The clocks of a session.
#[derive(Debug)]
pub(super) struct Clocks {
    session: Clock,
    wall: Clock,
    started: Mutex<Timestamp>,
    advanced: Mutex<Duration>,
}

impl Clocks {
    pub(super) fn advanced(&self) -> Duration {
        *self.advanced.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn advance(&self, by: Duration) {
        let mut advanced = self.advanced.lock().unwrap_or_else(PoisonError::into_inner);
        *advanced = advanced.saturating_add(by);
    }

    /// The session's time.
    pub(super) fn now(&self) -> Timestamp {
        later(self.session.now(), self.advanced())
    }

    /// The time that devices go by which compute passcodes.
    pub(super) fn wall(&self) -> Timestamp {
        later(self.wall.now(), self.advanced())
    }

    /// Since the session began.
    pub(super) fn elapsed(&self) -> Duration {
        let started = *self.started.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = self.wall.now().duration_since(started);
        Duration::try_from(passed).unwrap_or_default().saturating_add(self.advanced())
    }

    /// Begins anew.
    fn reset(&self) {
        *self.advanced.lock().unwrap_or_else(PoisonError::into_inner) = Duration::ZERO;
        *self.started.lock().unwrap_or_else(PoisonError::into_inner) = self.wall.now();
    }
}

impl ScenarioState {
    /// Of a session that begins now.
    ///
    /// `clock` is the session's own: what `now()` says and error answers are dated with. `wall` is what really passes:
    /// one-time passwords and `between("10s", "20s")` go by it.
    pub fn new(session: impl Into<Arc<str>>, seed: u64, clock: Clock, wall: Clock) -> Self {
        let started = Mutex::new(wall.now());
        let clocks = Clocks { session: clock, wall, started, advanced: Mutex::default() };
        Self {
            session: session.into(),
            seed,
            clocks: Arc::new(clocks),
            inner: Mutex::default(),
            is_overlaid: AtomicBool::new(false),
        }
    }

    /// What it remembers, for the handlers of one request; to itself, if one of them uses it.
    pub(super) fn hold(&self, to_itself: bool) -> Hold<'_> {
        Hold { session: self, kept: to_itself.then(|| self.lock()) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Each part is whole after every step, so what a panic interrupted can still be used.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far scripts have moved the session's clock.
    pub fn advanced(&self) -> Duration {
        self.clocks.advanced()
    }

    /// All entities that scripts changed.
    pub fn overlays(&self) -> Overlays {
        self.lock().overlays.clone()
    }

    /// Whether any answer of the session may have to be changed by [`ScenarioState::overlaid`], or made by
    /// [`ScenarioState::gone`]. Costs nothing.
    pub fn has_overlays(&self) -> bool {
        self.is_overlaid.load(Ordering::Acquire)
    }

    pub(super) fn add_overlays(&self, inner: &mut Inner, overlays: Overlays) -> bool {
        let fits = inner.overlays.join(overlays);
        self.is_overlaid.store(!inner.overlays.is_empty(), Ordering::Release);
        fits
    }

    /// The 404 to a request whose path names an entity that is gone; to be asked before a recording is used up.
    pub fn gone(&self, request: &Request) -> Option<Response> {
        if !self.has_overlays() {
            return None;
        }
        let path = spelled(request.path());
        let gone = self.lock().overlays.gone(&path).map(str::to_owned)?;
        Some(self.not_found(&gone, &path, request))
    }

    pub(super) fn not_found(&self, id: &str, path: &str, request: &Request) -> Response {
        let key = draw::DrawKey {
            seed: self.seed,
            session: &self.session,
            scenario: id,
            handler: 0,
            request: request.key(),
            nth: 0,
            purpose: "gone",
        };
        okta::gone(id, path, self.clocks.now(), &mut draw::Draws::new(&key))
    }

    /// The answer as overlays make it; `None`: they leave it as it is. For answers that no handler is shown.
    pub fn overlaid(&self, request: &Request, response: &Response) -> Option<Response> {
        if !self.has_overlays() {
            return None;
        }
        let inner = self.lock();
        self.laid_over(&inner.overlays, request, response)
    }

    fn laid_over(&self, overlays: &Overlays, request: &Request, response: &Response) -> Option<Response> {
        let path = spelled(request.path());
        if !overlays.may_touch(&path, &response.body) {
            return None;
        }
        let parsed = match &response.json {
            Some(parsed) => Arc::clone(parsed),
            // What is not JSON has no entities in it.
            None => exchange::parsed(&response.body).ok()?,
        };
        let mut document = Document::new(parsed);
        match overlays.lay_over(&mut document, &path) {
            Ok(Overlaid::Changed) => {
                let body = document.text().into();
                let mut changed = Response { body, json: None, ..response.clone() };
                changed.settle();
                Some(changed)
            }
            Ok(Overlaid::Gone(id)) => Some(self.not_found(&id, &path, request)),
            Ok(Overlaid::Untouched) | Err(_) => None,
        }
    }

    /// To be told of each write that the recording or the API answered with success, before its answer is overlaid:
    /// what a script made of the entity is over, as the entity itself has moved on. Polls and other requests that
    /// change nothing are no writes.
    pub fn moved_by(&self, request: &Request) {
        if self.has_overlays() {
            let mut inner = self.lock();
            inner.overlays.moved_by(&spelled(request.path()));
            self.is_overlaid.store(!inner.overlays.is_empty(), Ordering::Release);
        }
    }

    /// Forgets everything, as when the session begins anew.
    pub fn reset(&self) {
        *self.lock() = Inner::default();
        self.is_overlaid.store(false, Ordering::Release);
        self.clocks.reset();
    }
}

impl Inner {
    /// The number of this call of a handler for a path, from 1.
    pub(super) fn count(&mut self, handler: u64, request: u64) -> Result<u64, Box<rhai::EvalAltResult>> {
        if self.counts.len() >= MOST_COUNTS && !self.counts.contains_key(&(handler, request)) {
            let what =
                format!("the session asked for more than {MOST_COUNTS} paths: `nth` counts no further");
            return Err(fail(what));
        }
        let count = self.counts.entry((handler, request)).or_default();
        *count += 1;
        Ok(*count)
    }

    /// The state of a scenario, which begins as `initial`. What a reload adds to that is added here.
    pub(super) fn document(&mut self, scenario: &str, initial: &Arc<Parsed>) -> Arc<Mutex<Document>> {
        let known = self.documents.get_mut(scenario);
        let Some((seen, document)) = known else {
            let document = Arc::new(Mutex::new(Document::new(Arc::clone(initial))));
            self.documents.insert(scenario.to_owned(), (Arc::clone(initial), Arc::clone(&document)));
            return document;
        };
        if !Arc::ptr_eq(seen, initial) {
            *seen = Arc::clone(initial);
            add_missing(&mut lock(document), initial);
        }
        if lock(document).is_scattered() {
            let text = lock(document).text();
            if let Ok(parsed) = Parsed::new(text) {
                *document = Arc::new(Mutex::new(Document::new(Arc::new(parsed))));
            }
        }
        Arc::clone(document)
    }
}

/// Adds the members that a newer version of a scenario begins with.
fn add_missing(document: &mut Document, initial: &Arc<Parsed>) {
    let initial = Document::new(Arc::clone(initial));
    let root = document.root();
    for name in initial.names(initial.root()) {
        if document.member(root, &name).is_none()
            && let Some(value) = initial.member(initial.root(), &name)
        {
            // The text was read before, and is far below what a document may grow by.
            let _ = document.set(root, &name, initial.text_of(value));
        }
    }
}
