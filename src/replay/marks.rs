//! Which recordings were given in one session, and from that which are due.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::session::{Due, Place};
use super::timeline::{Group, Timeline, Track};
use crate::cassette::Repeat;
use crate::profile::Kind;

/// What was given. Everything is known by its numbers ([`super::numbers`]), so that it means the same in whatever load.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// Counts resets, so that what was given before one cannot be given back after it.
    run: u64,
    /// Per timeline a bit for each recording: whether it was given.
    given: HashMap<usize, Vec<u64>, RandomState>,
    /// Per timeline and track where to look first: before it everything was given, or passed over.
    hints: HashMap<(usize, u32), Hint, RandomState>,
    /// Writes whose answers did not reach the client whole: due again, before others.
    returned: Vec<Returned>,
}

/// A position in a track.
#[derive(Debug, Clone, Copy)]
struct Hint {
    /// The load in which it is this position.
    load: u64,
    position: usize,
    /// The number of the recording there: that stays in other loads.
    recording: usize,
}

/// A recording that is due again, by numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Returned {
    pub(super) timeline: usize,
    pub(super) track: u32,
    pub(super) recording: usize,
}

/// Which recordings of one timeline were given.
#[derive(Clone, Copy)]
struct Given<'a> {
    bits: &'a [u64],
    timeline: &'a Timeline,
}

impl Given<'_> {
    fn has(self, ordinal: usize) -> bool {
        let number = self.timeline.numbers.recording(ordinal);
        self.bits.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    /// Whether the write that opens a group was given.
    fn is_reached(self, group: &Group) -> bool {
        group.opener.is_none_or(|opener| self.has(opener))
    }

    /// The last group of a track that is reached, else the first.
    fn latest_reached(self, track: &Track) -> usize {
        track.groups.iter().rposition(|group| self.is_reached(group)).unwrap_or(0)
    }
}

impl Marks {
    /// Forgets all.
    pub(super) fn reset(&mut self) {
        *self = Self { run: self.run + 1, ..Self::default() };
    }

    /// How often everything was forgotten.
    pub(super) fn run(&self) -> u64 {
        self.run
    }

    /// The recording of a track that is due. `conditional`: the request asks for "304 if unchanged".
    pub(super) fn due(&mut self, timeline: &Timeline, place: Place, conditional: bool) -> Result<usize, Due> {
        match timeline.tracks[place.track].kind {
            Kind::Read | Kind::Poll => self.due_read(timeline, place, conditional),
            Kind::Write | Kind::Token => self.due_write(timeline, place),
        }
    }

    /// What was made of a recording: whether it was given, which one has to be given before it is due, and which one
    /// was, so that it is due no more.
    pub(super) fn standing(
        &self,
        timeline: &Timeline,
        ordinal: usize,
    ) -> (bool, Option<usize>, Option<usize>) {
        let given = self.of(timeline);
        let used = given.has(ordinal);
        let Some(track) = timeline.tracks.iter().find(|track| track.recordings.contains(&ordinal)) else {
            return (used, None, None);
        };
        if matches!(track.kind, Kind::Write | Kind::Token) || track.groups.len() < 2 {
            return (used, None, None);
        }
        let own =
            track.groups.iter().position(|group| track.recordings[group.start..group.end].contains(&ordinal));
        let latest = given.latest_reached(track);
        match (own, track.groups.get(latest)) {
            (Some(own), _) if own > latest => (used, track.groups[own].opener, None),
            (Some(own), Some(reached)) if own < latest => (used, None, reached.opener),
            _ => (used, None, None),
        }
    }

    /// Marks a recording as given.
    pub(super) fn give(&mut self, timeline: &Timeline, ordinal: usize) {
        let words = timeline.numbers.end().div_ceil(64);
        let bits = self.given.entry(timeline.numbers.timeline).or_insert_with(|| vec![0; words]);
        if bits.len() < words {
            // What is recorded while it is played grows, and so does what is edited.
            bits.resize(words, 0);
        }
        let number = timeline.numbers.recording(ordinal);
        bits[number / 64] |= 1 << (number % 64);
    }

    /// Notes that a recording that was given is due again.
    pub(super) fn give_back(&mut self, returned: Returned) {
        if !self.returned.contains(&returned) {
            self.returned.push(returned);
        }
    }

    /// How many recordings of a timeline were given.
    pub(super) fn count(&self, timeline: &Timeline) -> usize {
        let given = self.of(timeline);
        (0..timeline.answers.len()).filter(|ordinal| given.has(*ordinal)).count()
    }

    /// The ordinals of the recordings of a timeline that were not given.
    pub(super) fn not_given(&self, timeline: &Timeline) -> Vec<usize> {
        let given = self.of(timeline);
        (0..timeline.answers.len()).filter(|ordinal| !given.has(*ordinal)).collect()
    }

    /// Forgets the timelines for which this is false.
    pub(super) fn retain(&mut self, is_there: impl Fn(usize) -> bool) {
        self.given.retain(|timeline, _| is_there(*timeline));
        self.hints.retain(|(timeline, _), _| is_there(*timeline));
        self.returned.retain(|own| is_there(own.timeline));
    }

    /// The marks of one timeline, looked up once for however many recordings are asked about.
    fn of<'a>(&'a self, timeline: &'a Timeline) -> Given<'a> {
        let bits = self.given.get(&timeline.numbers.timeline).map(Vec::as_slice).unwrap_or_default();
        Given { bits, timeline }
    }

    fn hint(&self, timeline: &Timeline, place: Place) -> usize {
        let track = &timeline.tracks[place.track];
        let key = (timeline.numbers.timeline, timeline.numbers.track(place.track));
        match self.hints.get(&key) {
            None => 0,
            Some(hint) if hint.load == timeline.load => hint.position,
            Some(hint) => {
                let is_same = |ordinal: &usize| timeline.numbers.recording(*ordinal) == hint.recording;
                track.recordings.iter().position(is_same).unwrap_or(0)
            }
        }
    }

    fn set_hint(&mut self, timeline: &Timeline, place: Place, position: usize) {
        let Some(&ordinal) = timeline.tracks[place.track].recordings.get(position) else { return };
        let key = (timeline.numbers.timeline, timeline.numbers.track(place.track));
        let recording = timeline.numbers.recording(ordinal);
        self.hints.insert(key, Hint { load: timeline.load, position, recording });
    }

    /// From the reached group latest in the recording, else from the first; each call one step, the last one repeats.
    fn due_read(&mut self, timeline: &Timeline, place: Place, conditional: bool) -> Result<usize, Due> {
        let track = &timeline.tracks[place.track];
        let given = self.of(timeline);
        let latest = given.latest_reached(track);
        let hint = self.hint(timeline, place);
        for (number, group) in track.groups.iter().enumerate().take(latest + 1).rev() {
            // A group that was passed over has nothing to say, unless it is all there is.
            if number < latest && number > 0 && !given.is_reached(group) {
                continue;
            }
            let hint = hint.clamp(group.start, group.end - 1);
            let step =
                (hint..group.end).find(|&at| !given.has(track.recordings[at])).unwrap_or(group.end - 1);
            if let Some(position) = fitting(timeline, track, group, step, conditional) {
                self.set_hint(timeline, place, position);
                return Ok(track.recordings[position]);
            }
        }
        Err(Due::OnlyConditional)
    }

    /// One that is due again, else the next that was not given, else what the repeat policy says.
    fn due_write(&mut self, timeline: &Timeline, place: Place) -> Result<usize, Due> {
        if let Some(ordinal) = self.due_again(timeline, place) {
            return Ok(ordinal);
        }
        let track = &timeline.tracks[place.track];
        let hint = self.hint(timeline, place);
        let given = self.of(timeline);
        let mut next = track.recordings.iter().copied().enumerate().skip(hint);
        let unused = next.find(|(_, ordinal)| !given.has(*ordinal));
        if let Some((position, ordinal)) = unused {
            self.set_hint(timeline, place, position);
            return Ok(ordinal);
        }
        self.set_hint(timeline, place, track.recordings.len() - 1);
        let (first, last) = (track.recordings.first().copied(), track.recordings.last().copied());
        let good = track.recordings.iter().rfind(|&&ordinal| timeline.answers[ordinal].is_success()).copied();
        let again = match (track.kind, track.repeat) {
            (Kind::Token, _) => good,
            (_, Repeat::Error) => None,
            (_, Repeat::Last) => last,
            (_, Repeat::Cycle) => {
                self.rewind(timeline, first.unwrap_or_default());
                self.set_hint(timeline, place, 0);
                first
            }
        };
        again.ok_or(Due::UsedUp)
    }

    /// The first in the recording of those whose answers did not arrive.
    fn due_again(&mut self, timeline: &Timeline, place: Place) -> Option<usize> {
        let track = timeline.numbers.track(place.track);
        let is_of = |own: &Returned| own.timeline == timeline.numbers.timeline && own.track == track;
        let (index, ordinal) = self
            .returned
            .iter()
            .enumerate()
            .filter(|(_, own)| is_of(own))
            .filter_map(|(index, own)| Some((index, timeline.numbers.ordinal(own.recording)?)))
            .min_by_key(|(_, ordinal)| *ordinal)?;
        self.returned.swap_remove(index);
        Some(ordinal)
    }

    /// A key begins again with the recording `first`: whatever was recorded from there on has not happened yet.
    fn rewind(&mut self, timeline: &Timeline, first: usize) {
        let numbers = &timeline.numbers;
        if let Some(bits) = self.given.get_mut(&numbers.timeline) {
            for number in (first..timeline.answers.len()).map(|ordinal| numbers.recording(ordinal)) {
                if let Some(word) = bits.get_mut(number / 64) {
                    *word &= !(1 << (number % 64));
                }
            }
        }
        self.hints.retain(|(timeline, _), _| *timeline != numbers.timeline);
        self.returned.retain(|own| {
            own.timeline != numbers.timeline
                || numbers.ordinal(own.recording).is_some_and(|ordinal| ordinal < first)
        });
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
