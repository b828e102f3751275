//! All loaded cassettes, findable by request.

use std::collections::HashMap;

use ::http::Method;

use super::explanation::Named;
use super::player::{Recording, ReplayOptions};
use super::session::Place;
use super::timeline::{Before, Keys, Making, Timeline, TrackEntry};
use super::variables::Variables;
use crate::cassette::{Cassette, PackedHeaders, RequestBody};
use crate::matching::{MatchKey, Matcher};
use crate::profile::Profile;

/// All loaded cassettes, findable by request.
#[derive(Debug)]
pub(super) struct Index {
    pub(super) matcher: Matcher,
    pub(super) timelines: Vec<Timeline>,
    /// The place of the first timeline: one player may have two indexes.
    first: usize,
    /// The next timeline's number.
    next: usize,
    /// Counts the loads that took each other's place.
    load: u64,
    /// Key → the tracks that have it, by the cassettes' names and in recorded order.
    exact: Found,
    /// The same for keys that leave values open.
    masked: Found,
    /// Method and number of segments → the tracks that have patterns, in the same order.
    open: HashMap<(Method, usize), Vec<Candidate>>,
    /// Whether any recording stands for requests with any body.
    pub(super) has_any_body: bool,
}

type Found = hashbrown::HashMap<Box<[u8]>, Places, foldhash::fast::RandomState>;

/// A track that has a key, and what is known of it without looking at it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub(super) place: Place,
    pub(super) entry: TrackEntry,
}

/// What the index holds for a key. Nearly all keys stand in one track: that one needs no list.
#[derive(Debug)]
enum Places {
    One(Candidate),
    Several(Vec<Candidate>),
}

impl Index {
    /// Makes `cassettes` findable; their timelines are placed from `first` on.
    pub(super) fn new(
        cassettes: Vec<Cassette<PackedHeaders>>,
        profile: &Profile,
        options: &ReplayOptions,
        first: usize,
    ) -> Self {
        Self::build(cassettes, profile, options, first, None)
    }

    /// The same for cassettes that take the place of these: sessions know them by the same numbers.
    pub(super) fn after(
        &self,
        cassettes: Vec<Cassette<PackedHeaders>>,
        profile: &Profile,
        options: &ReplayOptions,
    ) -> Self {
        Self::build(cassettes, profile, options, self.first, Some(self))
    }

    fn build(
        mut cassettes: Vec<Cassette<PackedHeaders>>,
        profile: &Profile,
        options: &ReplayOptions,
        first: usize,
        before: Option<&Self>,
    ) -> Self {
        cassettes.sort_by(|one, other| one.name.cmp(&other.name));
        let earlier: Vec<Option<Before<'_>>> =
            cassettes.iter().map(|own| before.and_then(|index| index.before(&own.name))).collect();
        let variables: Vec<_> = cassettes
            .iter()
            .zip(&earlier)
            .map(|(own, before)| {
                Variables::of(own, before.map(|own| &own.index.timeline(own.timeline).variables))
            })
            .collect();
        let mut index = Self {
            matcher: matcher(profile, &variables),
            timelines: Vec::with_capacity(cassettes.len()),
            first,
            next: before.map_or(first, |index| index.next),
            load: before.map_or(0, |index| index.load + 1),
            exact: Found::default(),
            masked: Found::default(),
            open: HashMap::new(),
            has_any_body: cassettes.iter().any(has_unrecorded),
        };
        let mut timelines = Vec::with_capacity(cassettes.len());
        let making = Making { matcher: &index.matcher, profile, options };
        for ((cassette, variables), before) in cassettes.into_iter().zip(variables).zip(earlier) {
            let (mut timeline, keys) =
                Timeline::build(cassette, variables, (index.next, index.load), &making);
            match before {
                Some(before) => timeline.renumber(&keys, before),
                None => index.next += 1,
            }
            timelines.push((timeline, keys));
        }
        for (timeline, Keys { exact, masked, open }) in timelines {
            let place = first + index.timelines.len();
            file(place, exact, &mut index.exact);
            file(place, masked, &mut index.masked);
            for (key, entry) in open {
                let found = Candidate { place: Place { timeline: place, track: entry.track }, entry };
                index.open.entry(key).or_default().push(found);
            }
            index.timelines.push(timeline);
        }
        index
    }

    /// The place that a cassette of this name has here.
    fn before(&self, name: &str) -> Option<Before<'_>> {
        Some(Before { index: self, timeline: self.place_of(name)? })
    }

    /// The timeline that sessions know by this number.
    pub(super) fn of_number(&self, number: usize) -> Option<&Timeline> {
        self.timelines.iter().find(|timeline| timeline.numbers.timeline == number)
    }

    /// The timeline at this place, which comes from a candidate of this index.
    pub(super) fn timeline(&self, place: usize) -> &Timeline {
        &self.timelines[place - self.first]
    }

    /// The place of the cassette with this name.
    pub(super) fn place_of(&self, name: &str) -> Option<usize> {
        let found = self.timelines.iter().position(|timeline| timeline.cassette.name == name);
        found.map(|index| self.first + index)
    }

    /// A recording by what people find it by.
    pub(super) fn named(&self, (place, ordinal): (usize, usize)) -> Named {
        let cassette = &self.timeline(place).cassette;
        let interaction = &cassette.interactions[ordinal];
        Named {
            recording: Recording { cassette: place, interaction: ordinal },
            cassette: cassette.name.clone(),
            path: cassette.path.clone(),
            line: interaction.line,
            method: interaction.request.method.clone(),
            url: interaction.request.url.clone(),
        }
    }

    /// The tracks that have this key.
    pub(super) fn exact(&self, key: &MatchKey) -> &[Candidate] {
        self.exact.get(key.as_bytes()).map(Places::as_slice).unwrap_or_default()
    }

    /// The tracks that have this key, which leaves values open.
    pub(super) fn masked(&self, key: &MatchKey) -> &[Candidate] {
        self.masked.get(key.as_bytes()).map(Places::as_slice).unwrap_or_default()
    }

    /// The tracks with patterns that may fit a request of this method to a path of so many segments.
    pub(super) fn open(&self, method: &Method, depth: usize) -> &[Candidate] {
        self.open.get(&(method.clone(), depth)).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether any recording has values that a client may send otherwise.
    pub(super) fn has_masked(&self) -> bool {
        !self.masked.is_empty() || !self.open.is_empty()
    }
}

fn matcher(profile: &Profile, variables: &[Variables]) -> Matcher {
    let mut origins: Vec<_> = variables.iter().flat_map(Variables::origins).map(|own| &own.origin).collect();
    origins.sort_unstable_by_key(|own| own.authority());
    origins.dedup_by_key(|own| own.authority());
    let mut matcher = Matcher::new(profile.volatile.clone(), profile.sensitive.clone());
    for origin in origins {
        matcher.add_origin(origin);
    }
    matcher
}

/// Whether any recording stands for requests with any body.
fn has_unrecorded(cassette: &Cassette<PackedHeaders>) -> bool {
    cassette.interactions.iter().any(|own| own.request.body == RequestBody::Unrecorded)
}

fn file(timeline: usize, keys: Vec<(MatchKey, TrackEntry)>, to: &mut Found) {
    for (key, entry) in keys {
        let candidate = Candidate { place: Place { timeline, track: entry.track }, entry };
        to.entry(key.into_bytes().into())
            .and_modify(|places| places.add(candidate))
            .or_insert(Places::One(candidate));
    }
}

impl Places {
    fn as_slice(&self) -> &[Candidate] {
        match self {
            Self::One(found) => std::slice::from_ref(found),
            Self::Several(found) => found,
        }
    }

    fn add(&mut self, found: Candidate) {
        match self {
            Self::One(first) => *self = Self::Several(vec![*first, found]),
            Self::Several(all) => all.push(found),
        }
    }
}
