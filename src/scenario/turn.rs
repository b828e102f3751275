//! One handler's turn at one request: its arguments, its call, and what it leaves behind.

use std::collections::BTreeSet;
use std::sync::Arc;

use rhai::{Dynamic, EvalAltResult, Position};

use super::api::{Req, Res};
use super::call::Running;
use super::engine::Engine;
use super::error::{ScriptError, fail};
use super::exchange::{Request, Response};
use super::handler::{Handler, Last};
use super::json::{Access, Json, lock, type_name};
use super::library::Library;
use super::overlay::Overlays;
use super::set::{Decision, Fired};
use super::state::{Hold, ScenarioState};
use crate::fault::{Fault, Faults, WireFault};

type Fallible<T> = Result<T, Box<EvalAltResult>>;

/// One handler's turn at one request.
pub(super) struct Turn<'a, 'b> {
    pub(super) engine: &'a Engine,
    pub(super) library: &'a Library,
    pub(super) handler: &'a Arc<Handler>,
    pub(super) key: u64,
    pub(super) request: &'a Arc<Request>,
    pub(super) session: &'a ScenarioState,
    pub(super) hold: &'a mut Hold<'b>,
    /// What it made of entities.
    pub(super) made: Overlays,
    pub(super) effects: Vec<&'static str>,
}

impl Turn<'_, '_> {
    /// Calls the handler, and keeps what it did for the session.
    pub(super) fn call(&mut self, res: Option<&Res>) -> Fallible<Dynamic> {
        let handler = self.handler;
        handler.account.load().called();
        let (nth, state) = self.hold.with(|inner| {
            let nth = inner.count(handler.id, self.key);
            let scenario = &handler.scenario;
            let used = handler.uses_session.then(|| inner.document(&scenario.name, &scenario.initial));
            (nth, used)
        });
        let nth = nth?;
        let revision = || state.as_ref().map(|state| lock(state).revision());
        let was = revision();
        let req = Req {
            request: Arc::clone(self.request),
            handler: Arc::clone(handler),
            nth,
            session: Arc::clone(&self.session.session),
        };
        let mut arguments = vec![Dynamic::from(req)];
        arguments.extend(res.map(|res| Dynamic::from(res.clone())));
        arguments.push(match &state {
            Some(state) => Json::open(state, Access::ReadWrite, "state")?,
            None => Dynamic::UNIT,
        });
        let running = Running {
            handler: Arc::clone(handler),
            request: Arc::clone(self.request),
            nth,
            clocks: Arc::clone(&self.session.clocks),
            session: Arc::clone(&self.session.session),
            seed: self.session.seed,
            draws: None,
            ids: None,
            overlays: Overlays::default(),
            restored: BTreeSet::new(),
            advanced: std::time::Duration::ZERO,
        };
        let (result, running) = handler.call(self.engine, arguments, running);
        let value = result?;
        if let Some(running) = running {
            if !running.advanced.is_zero() {
                self.effects.push("clock");
            }
            if !running.overlays.is_empty() || !running.restored.is_empty() {
                self.effects.push("entity");
                self.made = running.overlays;
                let fits = self.hold.with(|inner| {
                    inner.overlays.forget(&running.restored);
                    self.session.add_overlays(inner, self.made.clone())
                });
                if !fits {
                    return Err(fail("this session changed more entities than can be kept".to_owned()));
                }
            }
        }
        if revision() != was {
            self.effects.push("state");
        }
        Ok(value)
    }

    /// What the value of an `on_request` handler says.
    pub(super) fn answer_of(&mut self, value: &Dynamic) -> Fallible<Option<(Option<Response>, Faults)>> {
        if value.is_unit() {
            return Ok(None);
        }
        if let Some(res) = value.read_lock::<Res>() {
            let (response, faults, asked) = res.lock().taken();
            self.effects.push("answer");
            self.effects.extend(asked);
            return Ok(Some((Some(response), faults)));
        }
        if let Some(fault) = value.read_lock::<Fault>() {
            let name = fault.name();
            let stands_alone = match *fault {
                Fault::Delay(_) | Fault::Wire(WireFault::Refuse(_) | WireFault::TlsFailure(_)) => true,
                Fault::Wire(wire) => wire.replaces_the_answer(),
                _ => false,
            };
            if !stands_alone {
                let how = format!("respond(…).fault({name}(…)), or res.fault({name}(…)) in on_response");
                return Err(fail(format!("{name} is a fault of an answer: write {how}")));
            }
            let mut faults = Faults::NONE;
            faults.add(*fault);
            self.effects.push(name);
            return Ok(Some((None, faults)));
        }
        let found = type_name(value);
        let label = self.handler.label();
        let how = "the last value of on_request is its answer: respond(…), redirect(…), okta_error(…), a fault \
                   such as reset(), or nothing (end the last line with `;`)";
        Err(fail(format!("the handler {label} gives {found}: {how}")))
    }

    /// The value of an `on_response` handler counts for nothing; an answer among them was meant for something.
    pub(super) fn ignored(value: &Dynamic, res: &Res) -> Fallible<()> {
        match value.read_lock::<Res>() {
            Some(other) if !other.is(res) => {
                let how = "write res.replace(respond(…)), or res.redirect(…) to keep the body";
                Err(fail(format!("what on_response returns is ignored, so this answer would be lost: {how}")))
            }
            _ => Ok(()),
        }
    }

    /// Turns an error into one with its place.
    pub(super) fn settle<T>(&self, result: Fallible<T>) -> Result<T, Box<ScriptError>> {
        result.map_err(|error| {
            self.handler.account.load().failed();
            let source = &self.handler.scenario.source;
            let mut made = ScriptError::of_run(self.library, source, &error);
            if made.line == 0 {
                // What has no place of its own is told at the handler.
                let line = u16::try_from(self.handler.line).unwrap_or(u16::MAX).max(1);
                made = ScriptError::new(source, Position::new(line, 1), made.message);
            }
            Box::new(ScriptError { handler: Some(self.handler.label()), ..made })
        })
    }

    pub(super) fn account(self, decision: &mut Decision) {
        if self.effects.is_empty() {
            return;
        }
        let (request, session) = (self.request, &self.session.session);
        let last = Last {
            method: request.method.clone(),
            path: request.path().into(),
            session: Arc::clone(session),
        };
        self.handler.account.load().fired(&self.effects, last);
        decision.fired.push(Fired { handler: Arc::clone(self.handler), effects: self.effects });
    }
}
