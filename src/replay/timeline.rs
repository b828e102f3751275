//! One cassette made ready for replay: its keys, and per key the recorded answers in their groups.
//!
//! Built once at load and never changed by serving; what serving changes is in [`super::session`].

use std::collections::HashMap;
use std::hash::BuildHasher as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use ::http::{HeaderMap, Method, header};
use foldhash::quality::FixedState;
use smallvec::SmallVec;

use super::answer::Answer;
use super::head::KnownHeaders;
use super::index::{Candidate, Index};
use super::numbers::{Numbers, Renumbered};
use super::openers::openers;
use super::player::ReplayOptions;
use super::splitter::Splitter;
use super::time::TimeFinder;
use super::unify::{Position, positions, variables_of};
use super::variables::Variables;
use crate::cassette::{Cassette, Interaction, PackedHeaders, RecordedResponse, Repeat};
use crate::clock::{Timestamp, parse_http_date};
use crate::matching::{MaskedRequest, MatchKey, Matcher, Pattern, Target};
use crate::profile::{Kind, Profile};

/// One cassette's answers, findable.
#[derive(Debug)]
pub(super) struct Timeline {
    /// The cassette's name.
    pub(super) name: Arc<str>,
    /// The cassette, for miss reports: its requests. Its responses are in `answers`.
    pub(super) cassette: Cassette<PackedHeaders>,
    /// Per interaction the response ready to send, in recorded order.
    pub(super) answers: Vec<Answer>,
    /// Per key the recordings that it finds.
    pub(super) tracks: Vec<Track>,
    /// What it leaves open.
    pub(super) variables: Variables,
    /// By what sessions know it, its tracks and its recordings.
    pub(super) numbers: Numbers,
    /// Tells this load of the cassette from others.
    pub(super) load: u64,
    /// Stands for what each response says.
    contents: Box<[u64]>,
}

/// All recordings of one key at one origin.
#[derive(Debug)]
pub(super) struct Track {
    /// What decides which of them is due.
    pub(super) kind: Kind,
    /// Their ordinals, ascending. Most tracks have one, and there are as many as requests.
    pub(super) recordings: SmallVec<[usize; 1]>,
    /// Stretches of `recordings` between one opener and the next; a write's are one.
    pub(super) groups: SmallVec<[Group; 1]>,
    /// For writes: what comes after the last one.
    pub(super) repeat: Repeat,
    /// The number of the origin that they were sent to.
    pub(super) origin: usize,
    /// What their masked key leaves open, if any of it is a stand-in's.
    pub(super) positions: Option<Box<[Position]>>,
    /// The variables among that.
    pub(super) variables: Box<[usize]>,
    /// Their request split at its stand-ins, if it has any.
    pub(super) pattern: Option<Box<Pattern>>,
}

/// A track as the index knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct TrackEntry {
    /// Its number.
    pub(super) track: usize,
    /// The recording that is always due.
    pub(super) constant: Option<usize>,
    /// The number of the origin that its recordings were sent to.
    pub(super) origin: usize,
    /// Whether its requests hold stand-ins that can be bound.
    pub(super) is_open: bool,
}

/// What all timelines of an index are made with.
pub(super) struct Making<'a> {
    pub(super) matcher: &'a Matcher,
    pub(super) profile: &'a Profile,
    pub(super) options: &'a ReplayOptions,
}

/// The keys by which a timeline's tracks are found.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// Those that must be equal to the last byte.
    pub(super) exact: Vec<(MatchKey, TrackEntry)>,
    /// Those that leave values open.
    pub(super) masked: Vec<(MatchKey, TrackEntry)>,
    /// Those of tracks with patterns: method, and how many segments the path has.
    pub(super) open: Vec<((Method, usize), TrackEntry)>,
}

/// What was loaded before, and the place of the same cassette in it.
#[derive(Clone, Copy)]
pub(super) struct Before<'a> {
    pub(super) index: &'a Index,
    pub(super) timeline: usize,
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
    /// Sorts a cassette's interactions by key and origin; returns the keys beside it, each with its track's number.
    /// `number` and `load`: by which sessions know it.
    pub(super) fn build(
        mut cassette: Cassette<PackedHeaders>,
        variables: Variables,
        (number, load): (usize, u64),
        making: &Making<'_>,
    ) -> (Self, Keys) {
        let Making { matcher, profile, options } = making;
        let upstream = cassette.header.upstream.as_str();
        let interactions = &cassette.interactions;
        let kinds: Vec<Kind> = interactions.iter().map(|own| kind(own, upstream, profile)).collect();
        let openers = openers(interactions, upstream, &kinds, profile);
        let default = options.repeat.or(cassette.header.repeat).unwrap_or_default();

        let mut numbers: HashMap<(MatchKey, usize), usize> = HashMap::new();
        let mut tracks: Vec<Track> = Vec::new();
        for (ordinal, interaction) in interactions.iter().enumerate() {
            let key = matcher.recorded_key(&interaction.request);
            let origin = variables.origin_of(&interaction.request, upstream);
            let number = *numbers.entry((key, origin)).or_insert_with(|| {
                tracks.push(Track::new(kinds[ordinal], default, origin));
                tracks.len() - 1
            });
            let track = &mut tracks[number];
            track.repeat = interaction.repeat.unwrap_or(track.repeat);
            track.add(ordinal, openers[ordinal]);
        }
        tracks.shrink_to_fit();
        let stand_ins = variables.stand_ins();
        let mut masked = Vec::new();
        for (number, track) in tracks.iter_mut().enumerate().filter(|_| variables.declares()) {
            let request = &interactions[track.recordings[0]].request;
            let MaskedRequest { key, values } = matcher.recorded_masked(request);
            track.positions = positions(values, &variables);
            track.pattern = Pattern::of(request, &stand_ins, matcher).map(Box::new);
            track.variables = track.positions.as_deref().map(variables_of).unwrap_or_default().into();
            if track.positions.is_some() {
                masked.push((key, number));
            }
        }
        let methods: Vec<_> =
            tracks.iter().map(|own| interactions[own.recordings[0]].request.method.clone()).collect();
        let times = options.clock.is_some().then(|| TimeFinder::new(profile.timestamps.clone()));
        let splitter = Splitter::new(&variables, options.rewrite_links, times);
        let (answers, contents) = answers(&mut cassette.interactions, &splitter);
        let entry = |number: usize| {
            let track = &tracks[number];
            let (constant, is_open) = (track.constant(&answers), !track.variables.is_empty());
            TrackEntry { track: number, constant, origin: track.origin, is_open }
        };
        let masked = masked.into_iter().map(|(key, number)| (key, entry(number))).collect();
        let open = tracks.iter().zip(methods).enumerate().filter_map(|(number, (track, method))| {
            Some(((method, track.pattern.as_ref()?.depth()), entry(number)))
        });
        let open = open.collect();
        let mut exact: Vec<_> = numbers.into_iter().map(|((key, _), track)| (key, entry(track))).collect();
        exact.sort_unstable_by_key(|(_, entry)| entry.track);
        let numbers = Numbers::first(number, tracks.len(), answers.len());
        let name = cassette.name.as_str().into();
        let timeline = Self { name, cassette, answers, tracks, variables, numbers, load, contents };
        (timeline, Keys { exact, masked, open })
    }

    /// Gives what is the same as in `before` the numbers that it had there.
    pub(super) fn renumber(&mut self, keys: &Keys, before: Before<'_>) {
        let earlier = before.index.timeline(before.timeline);
        let mut tracks: Vec<_> =
            self.tracks.iter().map(|own| Renumbered { before: None, recordings: &own.recordings }).collect();
        for (key, entry) in &keys.exact {
            let is_same = |found: &&Candidate| {
                found.place.timeline == before.timeline && found.entry.origin == entry.origin
            };
            let found = before.index.exact(key).iter().find(is_same).map(|found| found.place.track);
            tracks[entry.track].before =
                found.map(|place| (place, earlier.tracks[place].recordings.as_slice()));
        }
        self.numbers = earlier.numbers.after(&tracks, (&earlier.contents, &self.contents));
    }
}

/// Recordings that a thread takes at a time; fewer are not worth another thread.
const AT_A_TIME: usize = 1000;

/// Most threads for one cassette.
const MAX_THREADS: usize = 8;

/// The responses made ready, and what stands for their contents. What becomes part of an answer is taken from its
/// interaction, so that there is never memory for both.
fn answers(
    interactions: &mut [Interaction<PackedHeaders>],
    splitter: &Splitter,
) -> (Vec<Answer>, Box<[u64]>) {
    let count = interactions.len();
    let threads = thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
    let threads = threads.min(count.div_ceil(AT_A_TIME));
    let parts = Mutex::new(interactions.chunks_mut(AT_A_TIME).enumerate());
    let next = || parts.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        let mut known = KnownHeaders::default();
        let ready = std::iter::from_fn(next).map(|(at, part)| (at, answers_of(part, splitter, &mut known)));
        ready.collect::<Vec<_>>()
    };
    let mut parts = thread::scope(|scope| {
        // Where the system gives no more threads, this one does it.
        let start = |_| thread::Builder::new().name("load".to_owned()).spawn_scoped(scope, work).ok();
        let others: Vec<_> = (1..threads).filter_map(start).collect();
        let mut parts = work();
        for other in others {
            parts.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        parts
    });
    parts.sort_unstable_by_key(|(at, _)| *at);
    let (mut answers, mut contents) = (Vec::with_capacity(count), Vec::with_capacity(count));
    for (answer, content) in parts.into_iter().flat_map(|(_, part)| part) {
        answers.push(answer);
        contents.push(content);
    }
    (answers, contents.into())
}

fn answers_of(
    interactions: &mut [Interaction<PackedHeaders>],
    splitter: &Splitter,
    known: &mut KnownHeaders,
) -> Vec<(Answer, u64)> {
    let ready = interactions.iter_mut().map(|own| {
        let response = own.response.unpack();
        own.at = own.at.or_else(|| date(&response.headers));
        let content = content(&response);
        (Answer::new(&own.request.method, response, splitter, known), content)
    });
    ready.collect()
}

/// Stands for what a response says to its client.
fn content(response: &RecordedResponse) -> u64 {
    let headers = response.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let body = response.body.as_ref().map(|body| (&body.bytes, body.coded));
    FixedState::default().hash_one((response.status.as_u16(), headers.collect::<Vec<_>>(), body))
}

/// When the upstream says that it answered.
fn date(headers: &HeaderMap) -> Option<Timestamp> {
    parse_http_date(headers.get(header::DATE)?.to_str().ok()?)
}

fn kind(interaction: &Interaction<PackedHeaders>, upstream: &str, profile: &Profile) -> Kind {
    let target = Target::recorded(&interaction.request.url, upstream);
    let segments: Vec<_> = target.segments().collect();
    let borrowed: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    profile.kind(&interaction.request.method, &borrowed)
}

impl Track {
    fn new(kind: Kind, repeat: Repeat, origin: usize) -> Self {
        Self {
            kind,
            recordings: SmallVec::new(),
            groups: SmallVec::new(),
            repeat,
            origin,
            positions: None,
            variables: Box::default(),
            pattern: None,
        }
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
