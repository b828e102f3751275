//! What one client run has used up: all that serving changes.
//!
//! A session remembers which recordings of each key were given and which groups that reached, nothing else. Two
//! sessions over one timeline never see each other.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::timeline::{Group, Timeline, Track};
use crate::cassette::Repeat;
use crate::profile::Kind;

/// One client run.
#[derive(Debug)]
pub(super) struct Session {
    /// A std lock: it is held for a few map look-ups and never across an `.await`.
    cursors: Mutex<HashMap<Place, Cursor, foldhash::fast::RandomState>>,
    /// The timeline that answered last, one more than its number; 0: none yet.
    last: AtomicUsize,
}

/// A track of a timeline, by their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) timeline: usize,
    pub(super) track: usize,
}

/// How far a session is in one track.
#[derive(Debug, Clone, Default)]
struct Cursor {
    /// Writes: how many recordings were given.
    used: usize,
    /// Reads: the latest group that was reached by an opener, one more than its number; 0: none.
    reached: usize,
    /// Reads: how many recordings of each group were given.
    steps: Vec<usize>,
}

/// What a track has for a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// The recording with this ordinal.
    Recording(usize),
    /// Recordings there are, but all were given.
    UsedUp,
    /// Only 304s, and the request sets no condition.
    OnlyConditional,
}

impl Session {
    pub(super) fn new() -> Self {
        Self { cursors: Mutex::default(), last: AtomicUsize::new(0) }
    }

    /// Starts afresh.
    pub(super) fn reset(&self) {
        self.lock().clear();
        self.last.store(0, Ordering::Relaxed);
    }

    /// The timeline that answered last.
    pub(super) fn last(&self) -> Option<usize> {
        self.last.load(Ordering::Relaxed).checked_sub(1)
    }

    /// Notes which timeline answered.
    pub(super) fn answered_by(&self, timeline: usize) {
        self.last.store(timeline + 1, Ordering::Relaxed);
    }

    /// Takes the answer that is due and marks it as given. `conditional`: the request asks for "304 if unchanged".
    pub(super) fn take(&self, timeline: &Timeline, place: Place, conditional: bool) -> Due {
        let track = &timeline.tracks[place.track];
        let mut cursors = self.lock();
        let due = match track.kind {
            Kind::Read | Kind::Poll => {
                take_read(timeline, track, cursors.entry(place).or_default(), conditional)
            }
            Kind::Write | Kind::Token => take_write(timeline, place, &mut cursors),
        };
        if let Due::Recording(ordinal) = due {
            for reached in &timeline.reaches[ordinal] {
                let place = Place { timeline: place.timeline, track: reached.track };
                let cursor = cursors.entry(place).or_default();
                cursor.reached = cursor.reached.max(reached.group + 1);
            }
        }
        due
    }

    /// Takes back that `ordinal` was given, when its answer did not reach the client whole.
    pub(super) fn give_back(&self, timeline: &Timeline, place: Place, ordinal: usize) {
        let track = &timeline.tracks[place.track];
        if let Some(cursor) = self.lock().get_mut(&place)
            && cursor.used > 0
            && track.recordings.get(cursor.used - 1) == Some(&ordinal)
        {
            cursor.used -= 1;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Place, Cursor, foldhash::fast::RandomState>> {
        // A panic elsewhere leaves plain counters behind, which are still good.
        self.cursors.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// From the reached group latest in the recording, else from the first; each call one step, the last one repeats.
fn take_read(timeline: &Timeline, track: &Track, cursor: &mut Cursor, conditional: bool) -> Due {
    // Only the first group can be without an opener, and the first is what there is when none was reached.
    let latest = cursor.reached.max(1) - 1;
    cursor.steps.resize(track.groups.len(), 0);
    for number in (0..=latest).rev() {
        let group = &track.groups[number];
        let step = cursor.steps[number].min(group.end - group.start - 1);
        if let Some(position) = fitting(timeline, track, group, step, conditional) {
            cursor.steps[number] = position - group.start + 1;
            return Due::Recording(track.recordings[position]);
        }
    }
    Due::OnlyConditional
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
    let at = group.start + step;
    (at..group.end).find(fits).or_else(|| (group.start..at).rev().find(fits))
}

/// The next unused recording, else what the repeat policy says.
fn take_write(
    timeline: &Timeline,
    place: Place,
    cursors: &mut HashMap<Place, Cursor, foldhash::fast::RandomState>,
) -> Due {
    let track = &timeline.tracks[place.track];
    let cursor = cursors.entry(place).or_default();
    if let Some(&ordinal) = track.recordings.get(cursor.used) {
        cursor.used += 1;
        return Due::Recording(ordinal);
    }
    let last = track.recordings.last().copied();
    match (track.repeat, track.kind) {
        (Repeat::Last, _) => last.map_or(Due::UsedUp, Due::Recording),
        (Repeat::Cycle, _) => {
            rewind(timeline, place, cursors);
            track.recordings.first().map_or(Due::UsedUp, |&first| Due::Recording(first))
        }
        (Repeat::Error, Kind::Token) => {
            let good = |ordinal: &&usize| timeline.answers[**ordinal].is_success();
            track.recordings.iter().rev().find(good).map_or(Due::UsedUp, |&good| Due::Recording(good))
        }
        (Repeat::Error, _) => Due::UsedUp,
    }
}

/// A key begins again: what was recorded after its first recording has not happened yet.
fn rewind(
    timeline: &Timeline,
    place: Place,
    cursors: &mut HashMap<Place, Cursor, foldhash::fast::RandomState>,
) {
    let Some(&first) = timeline.tracks[place.track].recordings.first() else { return };
    for (own, cursor) in cursors.iter_mut().filter(|(own, _)| own.timeline == place.timeline) {
        let track = &timeline.tracks[own.track];
        let before = track.recordings.partition_point(|&ordinal| ordinal < first);
        cursor.used = cursor.used.min(before);
        let opened_before = |group: &Group| group.opener.is_some_and(|opener| opener < first);
        while cursor.reached > 0 && !track.groups.get(cursor.reached - 1).is_some_and(opened_before) {
            cursor.reached -= 1;
        }
        for (step, group) in cursor.steps.iter_mut().zip(&track.groups) {
            if group.opener.is_some_and(|opener| opener >= first) {
                *step = 0;
            }
        }
    }
    if let Some(cursor) = cursors.get_mut(&place) {
        cursor.used = 1;
    }
}
