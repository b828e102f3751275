//! What became of files that changed: seen in the health, and, as long as it is an error, in every response.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ::http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use crate::clock::{Clock, Timestamp, rfc3339};

/// The header that says why what was saved is not in force.
const RELOAD_ERROR: HeaderName = HeaderName::from_static("x-overdub-reload-error");

/// Longest value of that header, in characters.
const LONGEST: usize = 500;

/// What became of files that changed.
#[derive(Debug)]
pub(super) struct Reloads {
    /// Told without a lock, since every request asks.
    has_error: AtomicBool,
    /// A std lock, held to write it down or to read it.
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// How often what answers was replaced.
    generation: u64,
    /// When that was last, or the start.
    at: Timestamp,
    error: Option<Failed>,
}

/// Why what was saved last is not in force.
#[derive(Debug)]
struct Failed {
    at: Timestamp,
    /// A text per problem.
    problems: Vec<String>,
    header: HeaderValue,
}

impl Reloads {
    pub(super) fn new() -> Self {
        let state = State { generation: 0, at: Clock::Wall.now(), error: None };
        Self { has_error: AtomicBool::new(false), state: Mutex::new(state) }
    }

    /// What was saved is in force; returns how often that was so.
    pub(super) fn succeeded(&self) -> u64 {
        let mut state = self.lock();
        state.generation += 1;
        state.at = Clock::Wall.now();
        state.error = None;
        self.has_error.store(false, Ordering::Release);
        state.generation
    }

    /// What was saved comes to what is in force already.
    pub(super) fn settled(&self) {
        self.lock().error = None;
        self.has_error.store(false, Ordering::Release);
    }

    /// What was saved cannot be used.
    pub(super) fn failed(&self, problems: Vec<String>) {
        let header = header_of(&problems);
        let mut state = self.lock();
        state.error = Some(Failed { at: Clock::Wall.now(), problems, header });
        self.has_error.store(true, Ordering::Release);
    }

    /// Tells the receiver of a response if what was saved is not in force.
    pub(super) fn tell(&self, headers: &mut HeaderMap) {
        if self.has_error.load(Ordering::Acquire)
            && let Some(failed) = &self.lock().error
        {
            headers.insert(RELOAD_ERROR, failed.header.clone());
        }
    }

    /// As the health shows it.
    pub(super) fn shown(&self) -> Value {
        let state = self.lock();
        let error = state.error.as_ref().map(|failed| {
            let lines: Vec<&str> = failed.problems.iter().flat_map(|problem| problem.lines()).collect();
            json!({ "at": rfc3339(failed.at), "message": lines })
        });
        json!({ "generation": state.generation, "at": rfc3339(state.at), "error": error })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The first line of the first problem, and how many more there are, in what a header may hold.
fn header_of(problems: &[String]) -> HeaderValue {
    let first = problems.first().and_then(|problem| problem.lines().next()).unwrap_or("unknown");
    let plain = |own: char| if own == ' ' || own.is_ascii_graphic() { own } else { '?' };
    let mut text: String = first.chars().take(LONGEST).map(plain).collect();
    if problems.len() > 1 {
        let _ = write!(text, " (and {} more)", problems.len() - 1);
    }
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("unknown"))
}
