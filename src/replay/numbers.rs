//! The numbers by which sessions know timelines, their tracks and their recordings.
//!
//! A session outlives the cassettes that it plays: they are loaded anew when a file changes. So it remembers nothing by
//! its place, which an edit moves, but by a number that is given once. What is the same after an edit keeps its number,
//! what is new gets the next one, and none is given twice. Requests that still go by an older load and those that go by
//! a newer one therefore mean the same by one number, and what an edit removed is forgotten by itself: nobody asks for
//! its number any more.
//!
//! Timelines are the same by the names of their cassettes, tracks by key and origin. The recordings of a track are the
//! same if they say the same, else by their place among those of their track.

use std::collections::{HashMap, VecDeque};

/// The numbers of one timeline, and of what is in it.
#[derive(Debug)]
pub(super) struct Numbers {
    /// Its own.
    pub(super) timeline: usize,
    /// Those of its tracks, by their places.
    tracks: Box<[u32]>,
    /// Those of its recordings, by their ordinals.
    recordings: Box<[u32]>,
    /// The next numbers of tracks and recordings.
    next: (u32, u32),
    /// Nothing was loaded before, so that every recording's number is its ordinal.
    is_plain: bool,
}

/// A track to be numbered, and the one that it was before.
pub(super) struct Renumbered<'a> {
    /// The place and the ordinals of the one before, which has the same key and origin.
    pub(super) before: Option<(usize, &'a [usize])>,
    /// Its ordinals.
    pub(super) recordings: &'a [usize],
}

impl Numbers {
    /// Of a timeline that nobody has played yet, with so many tracks and recordings.
    pub(super) fn first(timeline: usize, tracks: usize, recordings: usize) -> Self {
        let count = |most: usize| (0..).take(most).collect();
        let next = (count_of(tracks), count_of(recordings));
        Self { timeline, tracks: count(tracks), recordings: count(recordings), next, is_plain: true }
    }

    /// Of a timeline that takes the place of one with these numbers. `contents` stand for what recordings say, by their
    /// ordinals: before, and now.
    pub(super) fn after(&self, tracks: &[Renumbered<'_>], contents: (&[u64], &[u64])) -> Self {
        let mut next = self.next;
        let mut recordings = vec![0; contents.1.len()];
        let mut numbers = Vec::with_capacity(tracks.len());
        for track in tracks {
            numbers.push(match track.before {
                Some((place, _)) => self.tracks[place],
                None => take(&mut next.0),
            });
            let before = track.before.map(|(_, recordings)| recordings).unwrap_or_default();
            let same = same_recordings(
                &before.iter().map(|&ordinal| contents.0[ordinal]).collect::<Vec<_>>(),
                &track.recordings.iter().map(|&ordinal| contents.1[ordinal]).collect::<Vec<_>>(),
            );
            for (&ordinal, same) in track.recordings.iter().zip(same) {
                recordings[ordinal] = match same {
                    Some(position) => self.recordings[before[position]],
                    None => take(&mut next.1),
                };
            }
        }
        let is_plain = recordings.iter().zip(0..).all(|(number, ordinal)| *number == ordinal);
        Self {
            timeline: self.timeline,
            tracks: numbers.into(),
            recordings: recordings.into(),
            next,
            is_plain,
        }
    }

    /// The number of the track at this place.
    pub(super) fn track(&self, place: usize) -> u32 {
        self.tracks[place]
    }

    /// The number of a recording.
    pub(super) fn recording(&self, ordinal: usize) -> usize {
        self.recordings[ordinal] as usize
    }

    /// The recording of this number; `None`: it is in this timeline no more, or not yet.
    pub(super) fn ordinal(&self, number: usize) -> Option<usize> {
        if self.is_plain {
            return Some(number).filter(|ordinal| *ordinal < self.recordings.len());
        }
        self.recordings.iter().position(|own| *own as usize == number)
    }

    /// Beyond all numbers of recordings.
    pub(super) fn end(&self) -> usize {
        self.next.1 as usize
    }
}

fn take(next: &mut u32) -> u32 {
    let number = *next;
    *next = next.saturating_add(1);
    number
}

fn count_of(most: usize) -> u32 {
    u32::try_from(most).unwrap_or(u32::MAX)
}

/// For each of `now` the one of `before` that it is, each at most once. What says the same at the same place goes first,
/// then what says the same elsewhere, then what stands at the same place.
fn same_recordings(before: &[u64], now: &[u64]) -> Vec<Option<usize>> {
    let mut same: Vec<Option<usize>> = now
        .iter()
        .enumerate()
        .map(|(place, own)| (before.get(place) == Some(own)).then_some(place))
        .collect();
    let mut is_taken = vec![false; before.len()];
    for place in same.iter().flatten() {
        is_taken[*place] = true;
    }
    if same.iter().all(Option::is_some) {
        return same;
    }
    let mut moved: HashMap<u64, VecDeque<usize>> = HashMap::new();
    for (place, own) in before.iter().enumerate().filter(|(place, _)| !is_taken[*place]) {
        moved.entry(*own).or_default().push_back(place);
    }
    for (own, found) in now.iter().zip(&mut same).filter(|(_, found)| found.is_none()) {
        *found = moved.get_mut(own).and_then(VecDeque::pop_front);
        if let Some(place) = *found {
            is_taken[place] = true;
        }
    }
    for (place, found) in same.iter_mut().enumerate().filter(|(_, found)| found.is_none()) {
        if let Some(taken) = is_taken.get_mut(place).filter(|taken| !**taken) {
            *taken = true;
            *found = Some(place);
        }
    }
    same
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_are_the_same_by_what_they_say_and_then_by_their_place() {
        let same = |before: &[u64], now: &[u64]| {
            let found = same_recordings(before, now).into_iter();
            found.map(|own| own.map_or("new".to_owned(), |own| own.to_string())).collect::<Vec<_>>().join(" ")
        };
        for (before, now, expected) in [
            (&[1, 2, 3][..], &[1, 2, 3][..], "0 1 2"),
            (&[1, 2, 3], &[2, 3], "1 2"),
            (&[1, 2, 3], &[9, 1, 2, 3], "new 0 1 2"),
            (&[1, 2, 3], &[1, 9, 3], "0 1 2"),
            (&[1, 1, 2], &[1, 2], "0 2"),
            (&[1, 2], &[2, 1], "1 0"),
            (&[1], &[1, 1], "0 new"),
            (&[1, 2], &[8, 9], "0 1"),
            (&[], &[1], "new"),
            (&[1, 2], &[2, 9], "1 new"),
        ] {
            assert_eq!(same(before, now), expected, "{before:?} {now:?}");
        }
    }

    #[test]
    fn a_number_is_given_once() {
        let first = Numbers::first(7, 1, 2);
        let gone =
            first.after(&[Renumbered { before: Some((0, &[0, 1])), recordings: &[0] }], (&[1, 2], &[1]));
        let back = gone.after(
            &[
                Renumbered { before: Some((0, &[0])), recordings: &[0, 2] },
                Renumbered { before: None, recordings: &[1] },
            ],
            (&[1], &[1, 5, 2]),
        );
        assert_eq!((back.timeline, back.track(0), back.track(1)), (7, 0, 1));
        assert_eq!([0, 1, 2].map(|ordinal| back.recording(ordinal)), [0, 3, 2]);
        assert_eq!([0, 1, 2, 3].map(|number| back.ordinal(number)), [Some(0), None, Some(2), Some(1)]);
    }
}
