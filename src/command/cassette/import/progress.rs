//! How far long work is: on a terminal a line that changes, else a log line now and then.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Stopwatch;

/// How often a terminal's line changes, and how often there is a log line elsewhere.
const SHOWN_EVERY: Duration = Duration::from_millis(100);
const LOGGED_EVERY: Duration = Duration::from_secs(5);

/// How many files are done.
pub(super) struct Progress {
    total: usize,
    terminal: bool,
    state: Mutex<State>,
}

struct State {
    done: usize,
    told: Stopwatch,
    /// A line stands on the terminal.
    shown: bool,
}

impl Progress {
    pub(super) fn new(total: usize) -> Self {
        let state = State { done: 0, told: Stopwatch::start(), shown: false };
        Self { total, terminal: io::stderr().is_terminal(), state: Mutex::new(state) }
    }

    /// One more is done.
    pub(super) fn done(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.done += 1;
        let every = if self.terminal { SHOWN_EVERY } else { LOGGED_EVERY };
        if state.told.elapsed() < every || state.done == self.total {
            return;
        }
        state.told = Stopwatch::start();
        let (done, total) = (state.done, self.total);
        if self.terminal {
            // Nobody is left to see it when stderr is closed.
            let _ = write!(io::stderr(), "\r\x1b[Kimported {done} of {total} files");
            state.shown = true;
        } else {
            tracing::info!("imported {done} of {total} files");
        }
    }

    /// Takes the line away.
    pub(super) fn ended(&self) {
        if self.state.lock().unwrap_or_else(PoisonError::into_inner).shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
