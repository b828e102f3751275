//! One cassette made ready for replay: its keys, and per key the recorded answers in their groups.
//!
//! Built once at load and never changed by serving; what serving changes is in [`super::session`].

use std::collections::HashMap;

use ::http::HeaderMap;

use super::answer::{Answer, KnownHeaders};
use super::openers::openers;
use crate::cassette::{Cassette, Interaction, Repeat};
use crate::http::LinkFinder;
use crate::matching::{MatchKey, Matcher, Target};
use crate::profile::{Kind, Profile};

/// One cassette's answers, findable.
#[derive(Debug)]
pub(super) struct Timeline {
    /// The cassette, for miss reports: its requests. Its responses are in `answers`.
    pub(super) cassette: Cassette,
    /// Per interaction the response ready to send, in recorded order.
    pub(super) answers: Vec<Answer>,
    /// Per key the recordings that it finds.
    pub(super) tracks: Vec<Track>,
}

/// All recordings of one key.
#[derive(Debug)]
pub(super) struct Track {
    /// What decides which of them is due.
    pub(super) kind: Kind,
    /// Their ordinals, ascending.
    pub(super) recordings: Vec<usize>,
    /// Stretches of `recordings` between one opener and the next; a write's are one.
    pub(super) groups: Vec<Group>,
    /// For writes: what comes after the last one.
    pub(super) repeat: Repeat,
}

/// A track as the index knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct TrackEntry {
    /// Its number.
    pub(super) track: usize,
    /// The recording that is always due.
    pub(super) constant: Option<usize>,
}

/// Recordings of one key that share an opener.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Group {
    /// The write whose replay reaches the group; `None`: it is reached from the start.
    pub(super) opener: Option<usize>,
    /// First position in [`Track::recordings`].
    pub(super) start: usize,
    /// Position behind the last.
    pub(super) end: usize,
}

impl Timeline {
    /// Sorts a cassette's interactions by key; returns the keys beside it, each with its track's number.
    pub(super) fn build(
        mut cassette: Cassette,
        matcher: &Matcher,
        profile: &Profile,
        repeat: Option<Repeat>,
        links: Option<&LinkFinder>,
        known: &mut KnownHeaders,
    ) -> (Self, Vec<(MatchKey, TrackEntry)>) {
        let upstream = cassette.header.upstream.as_str();
        let interactions = &cassette.interactions;
        let kinds: Vec<Kind> = interactions.iter().map(|own| kind(own, upstream, profile)).collect();
        let openers = openers(interactions, upstream, &kinds, profile);
        let default = repeat.or(cassette.header.repeat).unwrap_or_default();

        let mut numbers: HashMap<MatchKey, usize> = HashMap::new();
        let mut tracks: Vec<Track> = Vec::new();
        for (ordinal, interaction) in interactions.iter().enumerate() {
            let key = matcher.recorded_key(&interaction.request, upstream);
            let number = *numbers.entry(key).or_insert_with(|| {
                tracks.push(Track::new(kinds[ordinal], default));
                tracks.len() - 1
            });
            let track = &mut tracks[number];
            track.repeat = interaction.repeat.unwrap_or(track.repeat);
            track.add(ordinal, openers[ordinal]);
        }
        let answers: Vec<_> = interactions.iter().map(|own| Answer::new(own, links, known)).collect();
        let entry = |track: usize| TrackEntry { track, constant: tracks[track].constant(&answers) };
        let mut keys: Vec<_> = numbers.into_iter().map(|(key, track)| (key, entry(track))).collect();
        keys.sort_unstable_by_key(|(_, entry)| entry.track);
        for own in &mut cassette.interactions {
            own.request.headers = HeaderMap::new();
            own.response.headers = HeaderMap::new();
            own.response.body = None;
        }
        (Self { cassette, answers, tracks }, keys)
    }
}

fn kind(interaction: &Interaction, upstream: &str, profile: &Profile) -> Kind {
    let target = Target::recorded(&interaction.request.url, upstream);
    let segments: Vec<_> = target.segments().collect();
    let borrowed: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    profile.kind(&interaction.request.method, &borrowed)
}

impl Track {
    fn new(kind: Kind, repeat: Repeat) -> Self {
        Self { kind, recordings: Vec::new(), groups: Vec::new(), repeat }
    }

    /// Adds the next recording. Openers come in recorded order, so those of one opener stand together.
    fn add(&mut self, ordinal: usize, opener: Option<usize>) {
        self.recordings.push(ordinal);
        let end = self.recordings.len();
        match self.groups.last_mut().filter(|group| group.opener == opener) {
            Some(group) => group.end = end,
            None => self.groups.push(Group { opener, start: end - 1, end }),
        }
    }

    /// The one recording that is always due, if nothing about this track needs to be remembered.
    fn constant(&self, answers: &[Answer]) -> Option<usize> {
        let [only] = self.recordings[..] else { return None };
        (self.kind == Kind::Read && !answers[only].is_not_modified()).then_some(only)
    }
}
