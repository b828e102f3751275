//! The journal: what was asked lately and what came of it, bounded, for tests to look at.
//!
//! It holds neither headers nor bodies, and what it shows of a URL has its secrets hidden. It is kept only where the
//! admin address is there to show it, or a session log ([`SessionLog`]) is written, which also says what was asked by
//! requests that missed.

mod log;
mod shown;

pub use log::{SessionLog, SessionLogError};
pub use shown::shown;

mod account;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::http::{Method, StatusCode};
use bytes::Bytes;

pub use account::{Account, Asked, Failed, Tallied};

use crate::clock::{Clock, Stopwatch, Timestamp};
use crate::http::{Origin, Request};
use crate::profile::{Mask, Profile};

/// Longest target that is kept whole, in bytes.
const LONGEST_TARGET: usize = 2048;

/// What can come of a request, as entries and the header `x-overdub-outcome` name it.
pub const OUTCOMES: [&str; 11] = [
    "replayed",
    "scripted",
    "recorded",
    "passed",
    "miss",
    "client-error",
    "upstream-error",
    "script-error",
    "internal-error",
    "own",
    "tunnelled",
];

/// What was asked lately.
#[derive(Debug)]
pub struct Journal {
    /// A std lock: it is held to put one entry in its place, or to look entries through for a reader, never across an
    /// `.await`.
    ring: Mutex<Ring>,
    /// Most entries.
    most: usize,
    clock: Clock,
    mask: Mask,
    /// Where every entry is written as it comes.
    log: Option<SessionLog>,
}

#[derive(Debug, Default)]
struct Ring {
    /// In boxes: an entry is large, and is moved from hand to hand on its way here.
    entries: VecDeque<Box<Entry>>,
    /// The number of the latest entry there ever was.
    latest: u64,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Counts from 1, in the order in which requests were answered.
    pub n: u64,
    /// When it came.
    pub at: Timestamp,
    /// The name of its session; `None` if it told one that is no name.
    pub session: Option<Arc<str>>,
    /// Its method.
    pub method: Method,
    /// Path and query, behind the origin that a forward proxy was asked for; secrets are hidden.
    pub target: Box<str>,
    /// The answer's status; `None` if the client left before.
    pub status: Option<StatusCode>,
    /// One of [`OUTCOMES`].
    pub outcome: &'static str,
    /// The recording that answered: the name of its cassette and its number in it, from 0.
    pub recording: Option<(Arc<str>, usize)>,
    /// What scenarios did to it.
    pub scripts: Vec<Scripted>,
    /// From its arrival until its answer was ready to go out.
    pub took: Duration,
    /// What it said, if nothing was due for it and a session log is written. The journal itself does not keep it.
    pub missed: Option<Box<Sent>>,
}

/// What a request that missed said, besides its method and target.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The origin by which its client knows us.
    pub client: Origin,
    /// The only cassette that was asked.
    pub cassette: Option<String>,
    /// Whether it asked for "304 if unchanged".
    pub conditional: bool,
    /// Its body, decoded.
    pub body: Bytes,
}

impl Sent {
    /// What a request said whose decoded body is `body`; only `cassette` was asked.
    pub fn of(request: &Request, body: Bytes, cassette: Option<String>) -> Self {
        let (client, conditional) = (request.client_origin(), request.told().conditional);
        Self { client, cassette, conditional, body }
    }
}

/// A handler of a scenario that did something to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scripted {
    /// The scenario.
    pub scenario: String,
    /// `on_response GET /path`.
    pub handler: String,
    /// What it did: `answer`, `response`, `entity`, `clock`, `state`, and faults by name.
    pub effects: Vec<&'static str>,
}

/// What a reader asks for.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Entries of this session.
    pub session: Option<String>,
    /// Entries of one of these outcomes; empty: any.
    pub outcomes: Vec<&'static str>,
    /// Entries after this one.
    pub after: Option<u64>,
    /// Entries of requests that came at this time or later.
    pub from: Option<Timestamp>,
    /// At most so many: the first ones after [`Query::after`] or [`Query::from`], else the latest.
    pub limit: Option<usize>,
}

/// What a reader gets.
#[derive(Debug, Clone)]
pub struct Page {
    /// The entries, oldest first.
    pub entries: Vec<Entry>,
    /// The number of the latest entry there ever was: where to ask on from.
    pub latest: u64,
}

impl Journal {
    /// A journal of at most `most` entries, the oldest of which make room for new ones.
    pub fn new(most: usize, clock: Clock, profile: &Profile) -> Self {
        Self { ring: Mutex::default(), most, clock, mask: Mask::new(profile), log: None }
    }

    /// The same, writing every entry to `log` too.
    #[must_use]
    pub fn with_log(self, log: Option<SessionLog>) -> Self {
        Self { log, ..self }
    }

    /// Writes what is still to be written to the session log, if there is one, and ends it.
    ///
    /// # Errors
    /// It could not be written whole.
    pub fn finish(&self) -> Result<(), SessionLogError> {
        self.log.as_ref().map_or(Ok(()), SessionLog::finish)
    }

    /// Writes to the session log, if there is one, what the admin address was asked for that makes a session, or all of
    /// them, start afresh. The journal itself does not keep it.
    pub fn log_afresh(&self, method: Method, target: &str, session: Option<&str>) {
        let Some(log) = &self.log else { return };
        let mut entry = self.entry(method, target.into());
        (entry.session, entry.outcome, entry.status) = (session.map(Arc::from), "own", Some(StatusCode::OK));
        let mut ring = self.lock();
        ring.latest += 1;
        log.add(Entry { n: ring.latest, ..*entry });
    }

    /// Whether a request that misses is to tell what it said.
    pub fn asks_for_misses(&self) -> bool {
        self.log.is_some()
    }

    /// Whether any entry is kept.
    pub fn is_kept(&self) -> bool {
        self.most > 0
    }

    /// Begins the entry of a request. It is written when what is returned is dropped. `None`: none is kept.
    pub fn begin(&self, request: &Request) -> Option<Open<'_>> {
        if !self.is_kept() && self.log.is_none() {
            return None;
        }
        let entry = self.entry(request.head.method.clone(), self.target(request));
        Some(Open { journal: self, watch: Stopwatch::start(), entry: Some(entry) })
    }

    /// The entry of a request of which nothing else is known.
    fn entry(&self, method: Method, target: Box<str>) -> Box<Entry> {
        Box::new(Entry {
            n: 0,
            at: self.clock.now(),
            session: None,
            method,
            target,
            status: None,
            outcome: "client-error",
            recording: None,
            scripts: Vec::new(),
            took: Duration::ZERO,
            missed: None,
        })
    }

    /// The target as it is kept. Secrets are hidden when it is read, which few entries ever are; what is too long is
    /// cut, and a cut could keep a secret from being known as one.
    fn target(&self, request: &Request) -> Box<str> {
        let target = request.target();
        let whole: Box<str> = match &request.asked {
            Some(origin) => format!("{origin}{target}").into(),
            None => Box::from(target),
        };
        if whole.len() <= LONGEST_TARGET { whole } else { self.mask.cut(&whole, LONGEST_TARGET) }
    }

    fn write(&self, mut entry: Box<Entry>) {
        let mut ring = self.lock();
        ring.latest += 1;
        entry.n = ring.latest;
        if let Some(log) = &self.log {
            // Under the lock: its lines come in the order of their numbers.
            log.add(Entry { missed: entry.missed.take(), ..(*entry).clone() });
        }
        if !self.is_kept() {
            return;
        }
        let oldest = if ring.entries.len() >= self.most { ring.entries.pop_front() } else { None };
        ring.entries.push_back(entry);
        drop(ring);
        // Its memory is freed when nobody waits for the lock.
        drop(oldest);
    }

    /// The entries that a reader asks for.
    pub fn read(&self, query: &Query) -> Page {
        let ring = self.lock();
        let fits = |entry: &&Entry| {
            query.session.as_deref().is_none_or(|session| entry.session.as_deref() == Some(session))
                && (query.outcomes.is_empty() || query.outcomes.contains(&entry.outcome))
                && query.after.is_none_or(|after| entry.n > after)
                && query.from.is_none_or(|from| entry.at >= from)
        };
        let limit = query.limit.unwrap_or(usize::MAX);
        let mut entries: Vec<Entry> = if query.after.is_some() || query.from.is_some() {
            ring.entries.iter().map(Box::as_ref).filter(fits).take(limit).cloned().collect()
        } else {
            let latest = ring.entries.iter().rev().map(Box::as_ref).filter(fits);
            let mut latest: Vec<_> = latest.take(limit).cloned().collect();
            latest.reverse();
            latest
        };
        let latest = ring.latest;
        drop(ring);
        for entry in &mut entries {
            entry.target = self.mask.apply(&entry.target).into();
        }
        Page { entries, latest }
    }

    /// Forgets all entries; returns how many there were. Numbers go on.
    pub fn clear(&self) -> usize {
        let entries = std::mem::take(&mut self.lock().entries);
        entries.len()
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        // A panic elsewhere leaves whole entries behind.
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The entry of a request that is being answered.
#[derive(Debug)]
pub struct Open<'a> {
    journal: &'a Journal,
    watch: Stopwatch,
    entry: Option<Box<Entry>>,
}

impl Open<'_> {
    /// Notes the session.
    pub fn session(&mut self, name: Arc<str>) {
        if let Some(entry) = &mut self.entry {
            entry.session = Some(name);
        }
    }

    /// Notes which recording answers.
    pub fn recording(&mut self, cassette: Arc<str>, interaction: usize) {
        if let Some(entry) = &mut self.entry {
            entry.recording = Some((cassette, interaction));
        }
    }

    /// Notes what a request said for which nothing was due; `sent` is asked only if a session log is written.
    pub fn missed(&mut self, sent: impl FnOnce() -> Sent) {
        if let Some(entry) = self.entry.as_mut().filter(|_| self.journal.asks_for_misses()) {
            entry.missed = Some(Box::new(sent()));
        }
    }

    /// Notes what scenarios did.
    pub fn scripts(&mut self, scripts: Vec<Scripted>) {
        if let Some(entry) = &mut self.entry {
            entry.scripts = scripts;
        }
    }

    /// Notes what came of it, and writes the entry.
    pub fn close(mut self, outcome: &'static str, status: StatusCode) {
        if let Some(entry) = &mut self.entry {
            entry.outcome = outcome;
            entry.status = Some(status);
        }
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if let Some(mut entry) = self.entry.take() {
            entry.took = self.watch.elapsed();
            self.journal.write(entry);
        }
    }
}
