//! All loaded cassettes, findable by request.

use std::collections::HashMap;

use ::http::Method;

use super::answer::KnownHeaders;
use super::player::ReplayOptions;
use super::session::Place;
use super::timeline::{Keys, Timeline, TrackEntry};
use super::variables::Variables;
use crate::cassette::{Cassette, RequestBody};
use crate::matching::{MatchKey, Matcher};
use crate::profile::Profile;

/// All loaded cassettes, findable by request.
#[derive(Debug)]
pub(super) struct Index {
    pub(super) matcher: Matcher,
    pub(super) timelines: Vec<Timeline>,
    /// The number of the first timeline: sessions know recordings of several indexes by their timelines' numbers.
    first: usize,
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
    /// Makes `cassettes` findable; their timelines are numbered from `first` on.
    pub(super) fn new(
        mut cassettes: Vec<Cassette>,
        profile: &Profile,
        options: &ReplayOptions,
        first: usize,
    ) -> Self {
        cassettes.sort_by(|one, other| one.name.cmp(&other.name));
        let variables: Vec<_> = cassettes.iter().map(Variables::of).collect();
        let mut origins: Vec<_> =
            variables.iter().flat_map(Variables::origins).map(|own| &own.origin).collect();
        origins.sort_unstable_by_key(|own| own.authority());
        origins.dedup_by_key(|own| own.authority());
        let mut matcher = Matcher::new(profile.volatile.clone(), profile.sensitive.clone());
        for origin in origins {
            matcher.add_origin(origin);
        }
        let unrecorded =
            |own: &Cassette| own.interactions.iter().any(|own| own.request.body == RequestBody::Unrecorded);
        let mut index = Self {
            matcher,
            timelines: Vec::with_capacity(cassettes.len()),
            first,
            exact: Found::default(),
            masked: Found::default(),
            open: HashMap::new(),
            has_any_body: cassettes.iter().any(unrecorded),
        };
        let mut known = KnownHeaders::default();
        for (cassette, variables) in cassettes.into_iter().zip(variables) {
            let (timeline, Keys { exact, masked, open }) =
                Timeline::build(cassette, variables, &index.matcher, profile, options, &mut known);
            let number = first + index.timelines.len();
            file(number, exact, &mut index.exact);
            file(number, masked, &mut index.masked);
            for (key, entry) in open {
                let place = Place { timeline: number, track: entry.track };
                index.open.entry(key).or_default().push(Candidate { place, entry });
            }
            index.timelines.push(timeline);
        }
        index
    }

    /// The timeline of this number, which comes from a candidate of this index.
    pub(super) fn timeline(&self, number: usize) -> &Timeline {
        &self.timelines[number - self.first]
    }

    /// The number of the cassette with this name.
    pub(super) fn number_of(&self, name: &str) -> Option<usize> {
        let found = self.timelines.iter().position(|timeline| timeline.cassette.name == name);
        found.map(|index| self.first + index)
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
