//! What one client run has used up: all that serving changes.
//!
//! A session remembers which recordings were given and what its client sends in the place of what was recorded,
//! nothing else; which groups of reads are reached follows from that. Two sessions over one timeline never see each
//! other.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::bindings::Bindings;
use super::run::Run;
use super::time::SessionClock;
use super::timeline::{Group, Timeline, Track};
use crate::cassette::Repeat;
use crate::profile::Kind;
use crate::scenario::SessionScripts;

/// One client run.
#[derive(Debug, Default)]
pub struct Session {
    pub(super) run: Run,
    /// A std lock: it is held to look at a few marks and never across an `.await`.
    marks: Mutex<Marks>,
    /// The timeline that answered last, plus one; 0 stands for none, since an atomic has no `Option`.
    last: AtomicUsize,
    /// What the client sends in the place of what was recorded.
    pub(super) bindings: Bindings,
    /// What time it is for the client.
    pub(super) clock: SessionClock,
    /// Which scenarios it plays, and what they remember.
    pub scripts: SessionScripts,
}

/// A track of a timeline, by their numbers.
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
    /// Whether it is due again if its answer is cut off: in which run of the session it was given.
    owed: Option<u64>,
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

#[derive(Debug, Default)]
struct Marks {
    /// Counts resets, so that what was given before one cannot be given back after it.
    run: u64,
    /// Per timeline a bit for each recording: whether it was given.
    given: HashMap<usize, Vec<u64>>,
    /// Per track a position before which everything was given: where to look first.
    hints: HashMap<Place, usize, foldhash::fast::RandomState>,
    /// Writes whose answers did not reach the client whole: due again, before others.
    returned: Vec<(Place, usize)>,
}

impl Session {
    pub(super) fn new(run: Run) -> Self {
        Self { run, ..Self::default() }
    }

    /// Starts afresh.
    pub fn reset(&self) {
        let mut marks = self.lock();
        *marks = Marks { run: marks.run + 1, ..Marks::default() };
        self.last.store(0, Ordering::Relaxed);
        drop(marks);
        self.bindings.clear();
        self.clock.reset();
        self.scripts.reset();
    }

    /// The timeline that answered last.
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
        let track = &timeline.tracks[place.track];
        let mut marks = self.lock();
        let due = match track.kind {
            Kind::Read | Kind::Poll => marks.due_read(timeline, place, track, conditional),
            Kind::Write | Kind::Token => marks.due_write(timeline, place, track),
        };
        match due {
            Ok(ordinal) => {
                marks.give(timeline, place.timeline, ordinal);
                let owed = matches!(track.kind, Kind::Write | Kind::Token).then_some(marks.run);
                Due::Recording(Given { place, ordinal, owed, is_marked: true })
            }
            Err(none) => none,
        }
    }

    /// Notes that what was given did not reach the client whole.
    pub(super) fn give_back(&self, given: Given) {
        let mut marks = self.lock();
        if given.owed == Some(marks.run) {
            marks.returned.push((given.place, given.ordinal));
            marks.returned.sort_unstable_by_key(|(_, ordinal)| *ordinal);
        }
    }

    /// Notes that a recording was given for which nothing had to be marked: for those who look at the session.
    pub(super) fn note(&self, timeline: &Timeline, number: usize, ordinal: usize) {
        self.lock().give(timeline, number, ordinal);
    }

    /// How many recordings of a timeline were given.
    pub(super) fn given(&self, timeline: usize) -> usize {
        self.lock().of(timeline).0.iter().map(|word| word.count_ones() as usize).sum()
    }

    fn lock(&self) -> MutexGuard<'_, Marks> {
        // A panic elsewhere leaves plain marks behind, which are still good.
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which recordings of one timeline were given.
#[derive(Clone, Copy)]
struct Bits<'a>(&'a [u64]);

impl Bits<'_> {
    fn has(self, ordinal: usize) -> bool {
        self.0.get(ordinal / 64).is_some_and(|word| word >> (ordinal % 64) & 1 == 1)
    }
}

impl Marks {
    /// The marks of one timeline, looked up once for however many recordings are asked about.
    fn of(&self, timeline: usize) -> Bits<'_> {
        Bits(self.given.get(&timeline).map(Vec::as_slice).unwrap_or_default())
    }

    fn give(&mut self, timeline: &Timeline, number: usize, ordinal: usize) {
        let words = timeline.answers.len().div_ceil(64);
        let bits = self.given.entry(number).or_insert_with(|| vec![0; words]);
        if bits.len() < words {
            // What is recorded while it is played grows.
            bits.resize(words, 0);
        }
        bits[ordinal / 64] |= 1 << (ordinal % 64);
    }

    /// From the reached group latest in the recording, else from the first; each call one step, the last one repeats.
    fn due_read(
        &mut self,
        timeline: &Timeline,
        place: Place,
        track: &Track,
        conditional: bool,
    ) -> Result<usize, Due> {
        let given = self.of(place.timeline);
        let is_reached = |group: &Group| group.opener.is_none_or(|opener| given.has(opener));
        let latest = track.groups.iter().rposition(is_reached).unwrap_or(0);
        for (number, group) in track.groups.iter().enumerate().take(latest + 1).rev() {
            // A group that was passed over has nothing to say, unless it is all there is.
            if number < latest && number > 0 && !is_reached(group) {
                continue;
            }
            let hint = self.hints.get(&place).copied().unwrap_or(0).clamp(group.start, group.end - 1);
            let step =
                (hint..group.end).find(|&at| !given.has(track.recordings[at])).unwrap_or(group.end - 1);
            if let Some(position) = fitting(timeline, track, group, step, conditional) {
                self.hints.insert(place, position);
                return Ok(track.recordings[position]);
            }
        }
        Err(Due::OnlyConditional)
    }

    /// One that is due again, else the next that was not given, else what the repeat policy says.
    fn due_write(&mut self, timeline: &Timeline, place: Place, track: &Track) -> Result<usize, Due> {
        if let Some(index) = self.returned.iter().position(|(own, _)| *own == place) {
            return Ok(self.returned.remove(index).1);
        }
        let hint = self.hints.get(&place).copied().unwrap_or(0);
        let mut next = track.recordings.iter().copied().enumerate().skip(hint);
        let given = self.of(place.timeline);
        let unused = next.find(|(_, ordinal)| !given.has(*ordinal));
        if let Some((position, ordinal)) = unused {
            self.hints.insert(place, position + 1);
            return Ok(ordinal);
        }
        self.hints.insert(place, track.recordings.len());
        let (first, last) = (track.recordings.first().copied(), track.recordings.last().copied());
        let good = track.recordings.iter().rfind(|&&ordinal| timeline.answers[ordinal].is_success()).copied();
        let again = match (track.kind, track.repeat) {
            (Kind::Token, _) => good,
            (_, Repeat::Error) => None,
            (_, Repeat::Last) => last,
            (_, Repeat::Cycle) => {
                self.rewind(place.timeline, first.unwrap_or_default());
                self.hints.insert(place, 1);
                first
            }
        };
        again.ok_or(Due::UsedUp)
    }

    /// A key begins again with the recording `first`: whatever was recorded from there on has not happened yet.
    fn rewind(&mut self, timeline: usize, first: usize) {
        let bits = self.given.get_mut(&timeline).into_iter().flatten();
        for (index, word) in bits.enumerate().skip(first / 64) {
            *word &= if index == first / 64 { (1 << (first % 64)) - 1 } else { 0 };
        }
        self.hints.retain(|place, _| place.timeline != timeline);
        self.returned.retain(|(place, ordinal)| place.timeline != timeline || *ordinal < first);
    }
}

/// The position in `group`, at `step` or near it, whose answer fits: a recorded 304 answers conditional requests only.
fn fitting(
    timeline: &Timeline,
    track: &Track,
    group: &Group,
    step: usize,
    conditional: bool,
) -> Option<usize> {
    let fits =
        |position: &usize| conditional || !timeline.answers[track.recordings[*position]].is_not_modified();
    (step..group.end).find(fits).or_else(|| (group.start..step).rev().find(fits))
}
