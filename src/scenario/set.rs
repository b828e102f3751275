//! The scenarios in force: which handlers a request meets, and what comes of it.

use std::borrow::Cow;
use std::fmt;
use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::FixedState;
use http::Method;

use super::api::Res;
use super::engine::Engine;
use super::error::{ScenarioError, ScriptError};
use super::exchange::{Request, Response};
use super::handler::{Handler, HandlerReport, Phase};
use super::json::lock;
use super::library::Library;
use super::load::{Loaded, Loader, Scenario};
use super::overlay::{Overlaid, Overlays};
use super::params::Setting;
use super::route::spelled;
use super::routes::Routes;
use super::state::{Hold, ScenarioState};
use super::turn::Turn;
use crate::fault::Faults;

/// Scenarios, compiled and ready. Nothing in it is changed by serving but its accounts.
pub struct Set {
    engine: Arc<Engine>,
    library: Arc<Library>,
    scenarios: Vec<Arc<Scenario>>,
    handlers: Vec<Arc<Handler>>,
    routes: Routes,
}

impl fmt::Debug for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Set").field("handlers", &self.handlers).finish_non_exhaustive()
    }
}

/// The handlers that a request meets.
#[derive(Debug)]
pub struct Route {
    handlers: Vec<usize>,
    /// Stands for method and path.
    key: u64,
}

/// What handlers decided.
#[derive(Debug, Default)]
pub struct Decision {
    /// Before: the answer, to be sent without asking a recording or the API. After: the answer in place of the one
    /// in hand; `None`: it stays as it is.
    pub answer: Option<Response>,
    /// What is to go wrong with the answer. What `before` gives and what `after` gives are to be joined.
    pub faults: Faults,
    /// The handlers that did something, and what: see [`HandlerReport::effects`].
    pub fired: Vec<Fired>,
}

impl Decision {
    /// Whether the client gets no answer, so that none is to be looked for.
    pub fn is_silence(&self) -> bool {
        self.faults.wire.is_some_and(|wire| wire.replaces_the_answer())
    }
}

/// A handler that did something.
#[derive(Debug, Clone)]
pub struct Fired {
    /// Which.
    pub handler: Arc<Handler>,
    /// What it did.
    pub effects: Vec<&'static str>,
}

/// Two handlers that both may answer one request: the first one does.
#[derive(Debug, Clone)]
pub struct Contest {
    /// Is asked first.
    pub first: Arc<Handler>,
    /// Is asked only if the first one gives no answer.
    pub second: Arc<Handler>,
}

impl Set {
    /// Loads scenarios by name, in the order in which their handlers are to run. Every setting must be for one of them.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place.
    pub fn load(
        engine: &Arc<Engine>,
        library: &Arc<Library>,
        names: &[impl AsRef<str>],
        settings: &[Setting],
    ) -> Result<Self, ScenarioError> {
        Self::load_among(engine, library, names, settings, &[])
    }

    /// As [`Set::load`], with settings in `common` that may be for other scenarios than these.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place.
    pub fn load_among(
        engine: &Arc<Engine>,
        library: &Arc<Library>,
        names: &[impl AsRef<str>],
        settings: &[Setting],
        common: &[Setting],
    ) -> Result<Self, ScenarioError> {
        let mut loader = Loader::new(engine, library, settings, common);
        for name in names {
            loader.add(name.as_ref())?;
        }
        loader.check_settings()?;
        let Loaded { scenarios, handlers } = loader.loaded;
        let mut routes = Routes::default();
        for (number, handler) in handlers.iter().enumerate() {
            routes.add(&handler.pattern, number);
        }
        Ok(Self { engine: Arc::clone(engine), library: Arc::clone(library), scenarios, handlers, routes })
    }

    /// The scenarios, required ones included, in the order in which their handlers run.
    pub fn scenarios(&self) -> &[Arc<Scenario>] {
        &self.scenarios
    }

    /// All handlers, in the order in which they run.
    pub fn handlers(&self) -> &[Arc<Handler>] {
        &self.handlers
    }

    /// The account of every handler.
    pub fn report(&self) -> Vec<HandlerReport> {
        self.handlers.iter().map(|handler| handler.report()).collect()
    }

    /// Goes on with the accounts of the set that this one takes the place of.
    pub fn adopt(&self, before: &Self) {
        for handler in &self.handlers {
            if let Some(same) = before.handlers.iter().find(|own| own.id == handler.id) {
                handler.account.store(same.account.load_full());
            }
        }
    }

    /// Handlers of two scenarios that may both answer one request.
    pub fn contests(&self) -> Vec<Contest> {
        let answering = || self.handlers.iter().filter(|handler| handler.phase == Phase::Request);
        let mut contests = Vec::new();
        for (place, first) in answering().enumerate() {
            let others =
                answering().skip(place + 1).filter(|other| other.scenario.name != first.scenario.name);
            let overlapping = others.filter(|other| first.pattern.overlaps(&other.pattern));
            contests.extend(
                overlapping.map(|second| Contest { first: Arc::clone(first), second: Arc::clone(second) }),
            );
        }
        contests
    }

    /// Whether a request meets any handler: one look at the routes.
    pub fn concerns(&self, method: &Method, path: &str) -> bool {
        !self.handlers.is_empty() && self.routes.has(method, path)
    }

    /// The handlers that a request meets.
    pub fn matches(&self, method: &Method, path: &str) -> Option<Route> {
        if self.handlers.is_empty() {
            return None;
        }
        let handlers = self.routes.find(method, path);
        if handlers.is_empty() {
            return None;
        }
        let path = spelled(path);
        let key = FixedState::default().hash_one((method.as_str(), &*path));
        Some(Route { handlers, key })
    }

    /// Whether any handler wants to see the answer.
    pub fn sees_answers(&self, route: &Route) -> bool {
        self.of(route, Phase::Response).next().is_some()
    }

    /// Whether a handler of the route once took long, so that it may again.
    pub fn is_slow(&self, route: &Route) -> bool {
        let mut all = route.handlers.iter().filter_map(|&number| self.handlers.get(number));
        all.any(|handler| handler.account.load().is_slow())
    }

    fn of(&self, route: &Route, phase: Phase) -> impl Iterator<Item = &Arc<Handler>> {
        let all = route.handlers.iter().filter_map(|&number| self.handlers.get(number));
        all.filter(move |handler| handler.phase == phase)
    }

    /// Runs the `on_request` handlers until one answers.
    ///
    /// # Errors
    /// The handler that failed, and where; what ran before it counts.
    pub fn before(
        &self,
        route: &Route,
        request: &Arc<Request>,
        session: &ScenarioState,
    ) -> Result<Decision, Box<ScriptError>> {
        let mut decision = Decision::default();
        if self.of(route, Phase::Request).next().is_none() {
            return Ok(decision);
        }
        let mut hold = self.hold(route, Phase::Request, session);
        for handler in self.of(route, Phase::Request) {
            let mut one = self.turn(handler, route, request, session, &mut hold);
            let ran = one.call(None);
            let ran = ran.and_then(|value| one.answer_of(&value));
            let done = one.settle(ran)?;
            let answer = done.map(|(response, faults)| {
                decision.faults.join(faults);
                response
            });
            one.account(&mut decision);
            if let Some(answer) = answer {
                decision.answer = answer;
                if decision.answer.is_some() || decision.is_silence() {
                    break;
                }
            }
        }
        Ok(decision)
    }

    /// Lays the session's overlays over an answer and runs the `on_response` handlers on it.
    ///
    /// # Errors
    /// The handler that failed, and where; what ran before it counts for the session, not for the answer.
    pub fn after(
        &self,
        route: &Route,
        request: &Arc<Request>,
        response: &Response,
        session: &ScenarioState,
    ) -> Result<Decision, Box<ScriptError>> {
        let mut decision = Decision::default();
        let res = Res::new(response.clone());
        let mut hold = self.hold(route, Phase::Response, session);
        if session.has_overlays() {
            hold.with(|inner| lay_over(&inner.overlays, &res, request, session));
        }
        for handler in self.of(route, Phase::Response) {
            let mut one = self.turn(handler, route, request, session, &mut hold);
            let (was_changed, asked) = {
                let answer = res.lock();
                (answer.revision(), answer.asked.len())
            };
            let ran = one.call(Some(&res)).and_then(|value| Turn::ignored(&value, &res));
            one.settle(ran)?;
            let made = std::mem::take(&mut one.made);
            if !made.is_empty() {
                lay_over(&made, &res, request, session);
            }
            let answer = res.lock();
            one.effects.extend(answer.asked.iter().skip(asked));
            if answer.revision() != was_changed {
                one.effects.push("response");
            }
            drop(answer);
            one.account(&mut decision);
        }
        // Others of the session need not wait while the answer is written.
        drop(hold);
        let mut answer = res.lock();
        let is_changed = answer.is_changed();
        let (response, faults, _) = answer.taken();
        decision.answer = is_changed.then_some(response);
        decision.faults = faults;
        Ok(decision)
    }

    /// What the session remembers, for the handlers of a request.
    fn hold<'a>(&self, route: &Route, phase: Phase, session: &'a ScenarioState) -> Hold<'a> {
        session.hold(self.of(route, phase).any(|handler| handler.uses_session))
    }

    fn turn<'a, 'b>(
        &'a self,
        handler: &'a Arc<Handler>,
        route: &Route,
        request: &'a Arc<Request>,
        session: &'a ScenarioState,
        hold: &'a mut Hold<'b>,
    ) -> Turn<'a, 'b> {
        let (engine, library) = (&self.engine, &self.library);
        let (made, effects) = (Overlays::default(), Vec::new());
        Turn { engine, library, handler, key: route.key, request, session, hold, made, effects }
    }
}

/// Lays overlays over the answer in hand. What is not JSON has no entities in it.
fn lay_over(overlays: &Overlays, res: &Res, request: &Request, session: &ScenarioState) {
    let path: Cow<'_, str> = spelled(request.path());
    let mut answer = res.lock();
    if !overlays.may_touch(&path, &answer.body()) {
        return;
    }
    let Ok(document) = answer.document() else { return };
    // Bound to a name, so that the document is free again before the answer is changed.
    let laid = overlays.lay_over(&mut lock(&document), &path);
    if let Ok(Overlaid::Gone(id)) = laid {
        answer.become_(session.not_found(&id, &path, request));
    }
}
