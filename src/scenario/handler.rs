//! A handler: a function of a script and the requests it is for, and the account of what it did.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use http::Method;
use rhai::{Dynamic, EvalAltResult, EvalContext, FnPtr, GlobalRuntimeState, Scope};

use super::call::{self, Call, Running};
use super::engine::Engine;
use super::error::fail;
use super::json::show;
use super::load::Scenario;
use super::resolved::Resolved;
use super::route::Pattern;

/// When a handler runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Before an answer is looked for.
    Request,
    /// With the answer in hand.
    Response,
}

impl Phase {
    /// The function that registers such a handler.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Request => "on_request",
            Self::Response => "on_response",
        }
    }

    /// What is handed to the function.
    pub(super) const fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Request => &["req", "state"],
            Self::Response => &["req", "res", "state"],
        }
    }
}

/// A handler of a scenario that is loaded.
pub struct Handler {
    pub(super) scenario: Arc<Scenario>,
    /// When it runs.
    pub phase: Phase,
    /// The route as the script writes it.
    pub route: String,
    /// Where it is registered, counted from 1.
    pub line: usize,
    pub(super) pattern: Pattern,
    /// The same after a reload, as long as scenario and route are.
    pub(super) id: u64,
    pub(super) function: FnPtr,
    /// How many of the arguments it takes.
    pub(super) arity: usize,
    /// Whether it may use what its session remembers, so that it needs the session to itself.
    pub(super) uses_session: bool,
    pub(super) captured: Vec<Captured>,
    /// Functions and imports of its file.
    pub(super) global: GlobalRuntimeState,
    pub(super) resolved: Resolved,
    /// Goes on when a newer load of the same handler takes this one's place.
    pub(super) account: ArcSwap<Account>,
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.scenario.name, self.label())
    }
}

/// A variable of the file that a handler uses.
#[derive(Debug)]
pub(super) struct Captured {
    pub(super) name: String,
    value: Dynamic,
    /// How the value prints, to see whether it was changed.
    printed: String,
}

impl Captured {
    pub(super) fn new(name: &str, value: &Dynamic) -> Self {
        let value = value.flatten_clone();
        let printed = show(&value);
        Self { name: name.to_owned(), value, printed }
    }
}

impl Handler {
    /// The scenario it belongs to.
    pub fn scenario(&self) -> &str {
        &self.scenario.name
    }

    /// `scenarios/NAME.rhai:12`: where it is registered.
    pub fn place(&self) -> String {
        format!("{}:{}", self.scenario.source.path, self.line)
    }

    /// `on_response GET /path`.
    pub fn label(&self) -> String {
        format!("{} {}", self.phase.name(), self.route)
    }

    /// Calls the function.
    pub(super) fn call(
        &self,
        engine: &Engine,
        arguments: Vec<Dynamic>,
        running: Running,
    ) -> (Result<Dynamic, Box<EvalAltResult>>, Option<Running>) {
        // Each call gets the values that the file had computed. What handlers share is `state`, which belongs to a
        // session; a variable that they shared would leak from one session to the next.
        let fresh: Vec<Dynamic> =
            self.captured.iter().map(|captured| captured.value.clone().into_shared()).collect();
        let taken = arguments.into_iter().take(self.arity);
        let mut arguments: Vec<Dynamic> = fresh.iter().cloned().chain(taken).collect();
        let mut arguments: Vec<&mut Dynamic> = arguments.iter_mut().collect();
        let (mut global, mut scope) = (self.global.clone(), Scope::new());
        let limits = &engine.limits;
        let work = || {
            let call = || {
                self.resolved.with(|caches| {
                    EvalContext::new(&engine.rhai, &mut global, caches, &mut scope, None).call_fn_raw(
                        self.function.fn_name(),
                        false,
                        false,
                        &mut arguments,
                    )
                })
            };
            // The engine is not ours: what panics in it must not end the connection, still less the process.
            let result = catch_unwind(AssertUnwindSafe(call));
            result.unwrap_or_else(|_| Err(fail("the script engine failed inside".to_owned())))
        };
        let (result, call) = call::enter(Call::Run(Box::new(running)), limits.wall, limits.operations, work);
        self.account.load().took(call::operations());
        let running = match call {
            Some(Call::Run(running)) => Some(*running),
            _ => None,
        };
        let result = result.and_then(|value| self.unchanged(&fresh).map(|()| value));
        (result, running)
    }

    fn unchanged(&self, after: &[Dynamic]) -> Result<(), Box<EvalAltResult>> {
        for (captured, after) in self.captured.iter().zip(after) {
            if show(&after.flatten_clone()) != captured.printed {
                let name = &captured.name;
                let why = "the variable is of the file, and a handler cannot change it for later calls";
                return Err(fail(format!("`{name}` was changed: {why}; keep it in `state`")));
            }
        }
        Ok(())
    }
}

/// What a handler did so far.
#[derive(Debug, Default)]
pub(super) struct Account {
    calls: AtomicU64,
    fired: AtomicU64,
    failed: AtomicU64,
    is_slow: AtomicBool,
    rare: Mutex<Rare>,
}

/// From this number of operations on a call takes long: a millisecond or so.
const SLOW: u64 = 10_000;

#[derive(Debug, Default, Clone)]
struct Rare {
    effects: BTreeMap<&'static str, u64>,
    last: Option<Last>,
}

/// A request on which a handler fired. It is put in words when somebody asks.
#[derive(Debug, Clone)]
pub(super) struct Last {
    pub(super) method: Method,
    pub(super) path: Box<str>,
    pub(super) session: Arc<str>,
}

impl Account {
    pub(super) fn called(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes how many operations a call took.
    pub(super) fn took(&self, operations: u64) {
        if operations > SLOW {
            self.is_slow.store(true, Ordering::Relaxed);
        }
    }

    /// Whether a call took long.
    pub(super) fn is_slow(&self) -> bool {
        self.is_slow.load(Ordering::Relaxed)
    }

    pub(super) fn failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn fired(&self, effects: &[&'static str], on: Last) {
        self.fired.fetch_add(1, Ordering::Relaxed);
        let on = Some(on);
        let mut rare = self.rare.lock().unwrap_or_else(PoisonError::into_inner);
        for effect in effects {
            *rare.effects.entry(effect).or_default() += 1;
        }
        // What it takes the place of is dropped when others may go on.
        let before = std::mem::replace(&mut rare.last, on);
        drop(rare);
        drop(before);
    }
}

/// One line of the account that is given at the end of a run.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct HandlerReport {
    /// The scenario.
    pub scenario: String,
    /// `on_response GET /path`.
    pub handler: String,
    /// `scenarios/NAME.rhai:12`: where it is registered.
    pub place: String,
    /// How often it ran.
    pub calls: u64,
    /// How often it did something: answered, changed the answer or the state, asked for a fault.
    pub fired: u64,
    /// How often it ended with an error.
    pub failed: u64,
    /// What it did, and how often: `answer`, `response`, `entity`, `clock`, `state`, and faults by name.
    pub effects: BTreeMap<&'static str, u64>,
    /// The request on which it last fired.
    pub last: Option<String>,
}

impl HandlerReport {
    /// Adds what the same handler did elsewhere.
    pub fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.fired += other.fired;
        self.failed += other.failed;
        for (effect, count) in other.effects {
            *self.effects.entry(effect).or_default() += count;
        }
        self.last = other.last.or_else(|| self.last.take());
    }
}

impl Handler {
    /// The account so far.
    pub fn report(&self) -> HandlerReport {
        let account = self.account.load();
        let rare = account.rare.lock().unwrap_or_else(PoisonError::into_inner).clone();
        HandlerReport {
            scenario: self.scenario.name.clone(),
            handler: self.label(),
            place: self.place(),
            calls: account.calls.load(Ordering::Relaxed),
            fired: account.fired.load(Ordering::Relaxed),
            failed: account.failed.load(Ordering::Relaxed),
            effects: rare.effects,
            last: rare
                .last
                .map(|Last { method, path, session }| format!("{method} {path} in session {session}")),
        }
    }
}
