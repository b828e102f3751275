//! The call that runs on this thread: what the functions of the API work on.
//!
//! Rhai's functions are registered once for all calls and get only their arguments. A call never leaves its thread nor
//! awaits, so what belongs to it is kept by thread.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rhai::{Dynamic, EvalAltResult};

use super::draw::{DrawKey, Draws};
use super::error::fail;
use super::exchange::Request;
use super::handler::Handler;
use super::load::Loading;
use super::overlay::Overlays;
use super::state::Clocks;
use crate::clock::Stopwatch;

/// What runs.
#[derive(Debug)]
pub(super) enum Call {
    Load(Box<Loading>),
    Run(Box<Running>),
}

/// A handler that runs.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) handler: Arc<Handler>,
    pub(super) request: Arc<Request>,
    /// The number of this call for this path.
    pub(super) nth: u64,
    pub(super) clocks: Arc<Clocks>,
    pub(super) session: Arc<str>,
    pub(super) seed: u64,
    /// What the script draws, and what overdub draws for it; most calls draw nothing.
    pub(super) draws: Option<Draws>,
    pub(super) ids: Option<Draws>,
    /// What it made of entities so far.
    pub(super) overlays: Overlays,
    /// Entities that are to show themselves again, before `overlays` count.
    pub(super) restored: BTreeSet<String>,
    pub(super) advanced: Duration,
}

impl Running {
    fn begin(&self, purpose: &'static str) -> Draws {
        Draws::new(&DrawKey {
            seed: self.seed,
            session: &self.session,
            scenario: &self.handler.scenario.name,
            handler: self.handler.id,
            request: self.request.key(),
            nth: self.nth,
            purpose,
        })
    }

    /// The chance of the script.
    pub(super) fn chance(&mut self) -> &mut Draws {
        let begun = self.draws.unwrap_or_else(|| self.begin("script"));
        self.draws.insert(begun)
    }

    /// What ids of errors are made of.
    pub(super) fn ids(&mut self) -> &mut Draws {
        let begun = self.ids.unwrap_or_else(|| self.begin("ids"));
        self.ids.insert(begun)
    }
}

thread_local! {
    static CALL: RefCell<Option<Call>> = const { RefCell::new(None) };
    static OPERATIONS: Cell<u64> = const { Cell::new(0) };
    static LINES: Cell<u32> = const { Cell::new(0) };
    static METER: Cell<Option<Meter>> = const { Cell::new(None) };
}

#[derive(Debug, Clone, Copy)]
struct Meter {
    watch: Stopwatch,
    wall: Duration,
    operations: u64,
    /// At which operation a limit was met.
    over: Option<u64>,
}

impl Meter {
    fn limit(&self) -> String {
        if self.over.is_some_and(|over| over > self.operations) {
            return format!("it ran for more than {} operations", self.operations);
        }
        format!("it ran for longer than {}", humantime::format_duration(self.wall))
    }
}

/// Ends a call whatever happens in it.
struct Leave;

impl Drop for Leave {
    fn drop(&mut self) {
        CALL.with(|own| own.borrow_mut().take());
        METER.set(None);
    }
}

/// Runs `work` as `call`, and gives back what has become of it.
pub(super) fn enter<T>(
    call: Call,
    wall: Duration,
    operations: u64,
    work: impl FnOnce() -> T,
) -> (T, Option<Call>) {
    let leave = Leave;
    CALL.with(|own| own.replace(Some(call)));
    OPERATIONS.set(0);
    LINES.set(0);
    METER.set(Some(Meter { watch: Stopwatch::start(), wall, operations, over: None }));
    let result = work();
    let call = CALL.with(|own| own.borrow_mut().take());
    drop(leave);
    (result, call)
}

/// Operations after a limit is met until the engine itself ends the script.
const GRACE: u64 = 500;

/// Called by the engine at each operation; what it returns ends the script.
pub(super) fn tick() -> Option<Dynamic> {
    // Reading the clock costs as much as some operations, so it is read now and then.
    const NOW_AND_THEN: u64 = 32;
    let count = OPERATIONS.get() + 1;
    OPERATIONS.set(count);
    let mut meter = METER.get()?;
    let is_over =
        count > meter.operations || count.is_multiple_of(NOW_AND_THEN) && meter.watch.elapsed() > meter.wall;
    if is_over && meter.over.is_none() {
        meter.over = Some(count);
        METER.set(Some(meter));
    }
    // The engine forgets where in a function it ends a script; a use of a variable knows its place, so that it comes
    // first: see `check`.
    let is_ended = meter.over.is_some_and(|over| count > over + GRACE);
    is_ended.then(|| meter.limit().into())
}

/// An error if a limit of this call is met. Called at each use of a variable.
pub(super) fn check() -> Fallible<()> {
    match METER.get() {
        Some(meter) if meter.over.is_some() => Err(fail(meter.limit())),
        _ => Ok(()),
    }
}

/// Most lines that one call may log.
const MOST_LINES: u32 = 100;

/// Notes that this call logs a line.
pub(super) fn logs() -> Fallible<()> {
    LINES.set(LINES.get() + 1);
    if LINES.get() > MOST_LINES {
        return Err(fail(format!("it logs more than {MOST_LINES} lines in one call")));
    }
    Ok(())
}

/// Operations of this call so far.
pub(super) fn operations() -> u64 {
    OPERATIONS.get()
}

type Fallible<T> = Result<T, Box<EvalAltResult>>;

/// Works on the handler that runs.
pub(super) fn run<T>(work: impl FnOnce(&mut Running) -> Fallible<T>) -> Fallible<T> {
    CALL.with(|own| match own.borrow_mut().as_mut() {
        Some(Call::Run(running)) => work(running),
        _ => {
            Err(fail("this works in a handler only: there is no request while the file is loaded".to_owned()))
        }
    })
}

/// Works on the file that is loaded.
pub(super) fn load<T>(work: impl FnOnce(&mut Loading) -> Fallible<T>) -> Fallible<T> {
    CALL.with(|own| match own.borrow_mut().as_mut() {
        Some(Call::Load(loading)) => work(loading),
        _ => Err(fail("this works while the file is loaded only: write it outside of handlers".to_owned())),
    })
}

/// Whether a handler runs, and not a file that is loaded.
pub(super) fn is_running() -> bool {
    CALL.with(|own| matches!(*own.borrow(), Some(Call::Run(_))))
}
