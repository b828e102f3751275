//! What one client run has used up: all that serving changes.
//!
//! A session remembers which recordings were given and what its client sends in the place of what was recorded,
//! nothing else; which groups of reads are reached follows from that. Two sessions over one timeline never see each
//! other.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::bindings::Bindings;
use super::index::Index;
use super::marks::{Marks, Returned};
use super::run::Run;
use super::time::SessionClock;
use super::timeline::Timeline;
use crate::profile::Kind;
use crate::scenario::SessionScripts;

/// One client run.
#[derive(Debug, Default)]
pub struct Session {
    pub(super) run: Run,
    /// A std lock: it is held to look at a few marks and never across an `.await`.
    marks: Mutex<Marks>,
    /// The number of the timeline that answered last, plus one; 0 stands for none, since an atomic has no `Option`.
    last: AtomicUsize,
    /// What the client sends in the place of what was recorded.
    pub(super) bindings: Bindings,
    /// What time it is for the client.
    pub(super) clock: SessionClock,
    /// Which scenarios it plays, and what they remember.
    pub scripts: SessionScripts,
}

/// A track of a timeline, by their places in one index. Sessions remember neither: they go by [`super::numbers`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) timeline: usize,
    pub(super) track: usize,
}

/// A recording that was given.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given {
    pub(super) place: Place,
    pub(super) ordinal: usize,
    /// What is due again if its answer is cut off, and in which run of the session it was given.
    owed: Option<(u64, Returned)>,
    is_marked: bool,
}

impl Given {
    /// A recording that is always due, so that nothing had to be marked.
    pub(super) fn always(place: Place, ordinal: usize) -> Self {
        Self { place, ordinal, owed: None, is_marked: false }
    }

    /// Whether it is due again if its answer is cut off.
    pub(super) fn is_owed(&self) -> bool {
        self.owed.is_some()
    }

    /// Whether the session had to mark it.
    pub(super) fn is_marked(&self) -> bool {
        self.is_marked
    }
}

/// What a track has for a request.
#[derive(Debug)]
pub(super) enum Due {
    /// This recording.
    Recording(Given),
    /// Recordings there are, but all were given.
    UsedUp,
    /// Only 304s, and the request sets no condition.
    OnlyConditional,
}

impl Session {
    pub(super) fn new(run: Run) -> Self {
        Self { run, ..Self::default() }
    }

    /// Starts afresh.
    pub fn reset(&self) {
        let mut marks = self.lock();
        marks.reset();
        self.last.store(0, Ordering::Relaxed);
        drop(marks);
        self.bindings.clear();
        self.clock.reset();
        self.scripts.reset();
    }

    /// The number of the timeline that answered last.
    pub(super) fn last(&self) -> Option<usize> {
        self.last.load(Ordering::Relaxed).checked_sub(1)
    }

    /// Notes which timeline answered.
    pub(super) fn answered_by(&self, timeline: usize) {
        // Written only when it changes: threads that all write one place slow each other down.
        if self.last() != Some(timeline) {
            self.last.store(timeline + 1, Ordering::Relaxed);
        }
    }

    /// Takes the answer that is due and marks it as given. `conditional`: the request asks for "304 if unchanged".
    pub(super) fn take(&self, timeline: &Timeline, place: Place, conditional: bool) -> Due {
        let mut marks = self.lock();
        match marks.due(timeline, place, conditional) {
            Ok(ordinal) => {
                marks.give(timeline, ordinal);
                let is_owed = matches!(timeline.tracks[place.track].kind, Kind::Write | Kind::Token);
                let numbers = &timeline.numbers;
                let owed = is_owed.then(|| {
                    let (track, recording) = (numbers.track(place.track), numbers.recording(ordinal));
                    (marks.run(), Returned { timeline: numbers.timeline, track, recording })
                });
                Due::Recording(Given { place, ordinal, owed, is_marked: true })
            }
            Err(none) => none,
        }
    }

    /// Notes that what was given did not reach the client whole.
    pub(super) fn give_back(&self, given: Given) {
        let mut marks = self.lock();
        if let Some((run, returned)) = given.owed
            && run == marks.run()
        {
            marks.give_back(returned);
        }
    }

    /// Notes that a recording was given for which nothing had to be marked: for those who look at the session.
    pub(super) fn note(&self, timeline: &Timeline, ordinal: usize) {
        self.lock().give(timeline, ordinal);
    }

    /// What the session made of a recording ([`Marks::standing`]).
    pub(super) fn standing(
        &self,
        timeline: &Timeline,
        ordinal: usize,
    ) -> (bool, Option<usize>, Option<usize>) {
        self.lock().standing(timeline, ordinal)
    }

    /// How many recordings of a timeline were given.
    pub(super) fn given(&self, timeline: &Timeline) -> usize {
        self.lock().count(timeline)
    }

    /// The ordinals of the recordings of a timeline that were not given.
    pub(super) fn not_given(&self, timeline: &Timeline) -> Vec<usize> {
        self.lock().not_given(timeline)
    }

    /// Forgets what concerns timelines and stand-ins that are not in `index`.
    pub(super) fn forget_others(&self, index: &Index) {
        self.lock().retain(|timeline| index.of_number(timeline).is_some());
        self.bindings.retain(|timeline| index.of_number(timeline).map(|own| &own.variables));
    }

    fn lock(&self) -> MutexGuard<'_, Marks> {
        // A panic elsewhere leaves plain marks behind, which are still good.
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
