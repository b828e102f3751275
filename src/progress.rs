//! How far long work is: on a terminal a line that changes, else a log line now and then. Nothing for what is quick.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Stopwatch;

/// How often a terminal's line changes, and how often there is a log line elsewhere.
const SHOWN_EVERY: Duration = Duration::from_millis(100);
const LOGGED_EVERY: Duration = Duration::from_secs(5);

/// What takes its time.
pub(crate) struct Work {
    /// What is done with files, in the past tense.
    pub(crate) done: &'static str,
    /// What they are called.
    pub(crate) files: &'static str,
    /// When it is told for the first time on a terminal, and elsewhere.
    pub(crate) told_after: (Duration, Duration),
}

/// How many files, and how much of them, are done.
pub(crate) struct Progress {
    work: Work,
    files: usize,
    /// All of them.
    bytes: u64,
    terminal: bool,
    state: Mutex<State>,
}

struct State {
    files: usize,
    bytes: u64,
    told: Stopwatch,
    /// It has not been told yet.
    is_first: bool,
    /// A line stands on the terminal.
    shown: bool,
}

/// A file that is worked on; done when it is dropped.
pub(crate) struct Part<'p> {
    progress: &'p Progress,
    size: u64,
    /// How many of its bytes count as done.
    counted: u64,
    /// How often it is gone through, and how often it was.
    passes: u64,
    passed: u64,
}

impl Progress {
    /// Of work on so many files, that many bytes together.
    pub(crate) fn new(work: Work, files: usize, bytes: u64) -> Self {
        let state = State { files: 0, bytes: 0, told: Stopwatch::start(), is_first: true, shown: false };
        Self { work, files, bytes, terminal: io::stderr().is_terminal(), state: Mutex::new(state) }
    }

    /// A file of that size (bytes) is begun, which is gone through so many times.
    pub(crate) fn begin(&self, size: u64, passes: u64) -> Part<'_> {
        Part { progress: self, size, counted: 0, passes, passed: 0 }
    }

    fn add(&self, files: usize, bytes: u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.files += files;
        state.bytes += bytes;
        let every = match (state.is_first, self.terminal) {
            (true, true) => self.work.told_after.0,
            (true, false) => self.work.told_after.1,
            (false, true) => SHOWN_EVERY,
            (false, false) => LOGGED_EVERY,
        };
        if state.told.elapsed() < every || state.files == self.files {
            return;
        }
        state.told = Stopwatch::start();
        state.is_first = false;
        let (done, all) = (megabytes(state.bytes), megabytes(self.bytes));
        let Work { done: verb, files: what, .. } = self.work;
        let told = format!("{verb} {} of {} {what}, {done} of {all} MB", state.files, self.files);
        if self.terminal {
            // Nobody is left to see it when stderr is closed.
            let _ = write!(io::stderr(), "\r\x1b[K{told}");
            state.shown = true;
        } else {
            tracing::info!("{told}");
        }
    }
}

impl Drop for Progress {
    /// Takes the line away.
    fn drop(&mut self) {
        if self.state.get_mut().unwrap_or_else(PoisonError::into_inner).shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

impl Part<'_> {
    /// Has come so far (bytes from the beginning) in going through it.
    pub(crate) fn at(&mut self, offset: usize) {
        let offset = u64::try_from(offset).unwrap_or(u64::MAX).min(self.size);
        self.count(self.passed.saturating_mul(self.size).saturating_add(offset) / self.passes.max(1));
    }

    /// Has gone through it once.
    pub(crate) fn pass(&mut self) {
        self.at(usize::MAX);
        self.passed += 1;
    }

    fn count(&mut self, bytes: u64) {
        let bytes = bytes.min(self.size);
        if bytes > self.counted {
            self.progress.add(0, bytes - self.counted);
            self.counted = bytes;
        }
    }
}

impl Drop for Part<'_> {
    fn drop(&mut self) {
        self.progress.add(1, self.size - self.counted);
    }
}

/// Millions of bytes, rounded up: something small is not nothing.
fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1_000_000)
}
