//! A miss that explains itself: the request, what is in force, what came close, and what to do.

use std::fmt::Write as _;

use super::bindings::{Bound, LiveOrigin, Timelines};
use super::explanation::{Answering, Considered, Explanation, Named, Standing, Verdict as Outcome};
use super::index::Index;
use super::player::Recording;
use super::session::Place;
use super::timeline::Timeline;
use super::unify::fit;
use super::variables::Declared;
use crate::cassette::{Cassette, PackedHeaders, RecordedRequest};
use crate::http::{CASSETTE, Origin, Request};
use crate::matching::{
    Difference, Hidden, Known, Limits, LiveRequest, NearMiss, Verdict, body_shown, canonical, compared,
    cropped, near_misses,
};
use crate::profile::{Mask, is_told};

/// How many cassettes are named.
const NAMED: usize = 5;

/// Why nothing was due.
#[derive(Debug)]
pub(super) enum Reason {
    /// No recording has this request's key.
    NeverRecorded,
    /// Recordings there are, by timeline and ordinal, all given already.
    UsedUp(Vec<(usize, usize)>),
    /// Only 304s were recorded, and the request sets no condition.
    OnlyConditional,
    /// The client asked for a cassette that is not loaded.
    NoSuchCassette(String),
}

impl Reason {
    /// Adds recordings that were all given already.
    pub(super) fn used_up(&mut self, place: Place, recordings: &[usize]) {
        let mut used = match std::mem::replace(self, Self::NeverRecorded) {
            Self::UsedUp(used) => used,
            _ => Vec::new(),
        };
        used.extend(recordings.iter().map(|&ordinal| (place.timeline, ordinal)));
        *self = Self::UsedUp(used);
    }
}

/// What a report is made from.
pub(super) struct Scope<'a> {
    pub(super) index: &'a Index,
    pub(super) request: &'a Request,
    /// The name of its session.
    pub(super) session: &'a str,
    pub(super) live: LiveRequest<'a>,
    /// What the session's client sends in the place of what was recorded.
    pub(super) bindings: Option<&'a Timelines>,
    /// The only one that was asked.
    pub(super) pinned: Option<usize>,
    /// Fields whose values are not shown.
    pub(super) hidden: Hidden<'a>,
    /// What the session has to do with a recording.
    pub(super) standing: &'a dyn Fn(Tag) -> Standing,
}

/// A recording, by timeline and ordinal.
pub(super) type Tag = (usize, usize);

impl<'a> Scope<'a> {
    /// Why nothing is due.
    pub(super) fn missed(&self, reason: &Reason, limits: Limits) -> Explanation {
        let verdict = match reason {
            Reason::NeverRecorded => Outcome::NeverRecorded,
            Reason::UsedUp(_) => Outcome::UsedUp,
            Reason::OnlyConditional => Outcome::OnlyConditional,
            Reason::NoSuchCassette(name) => Outcome::NoSuchCassette(name.clone()),
        };
        let mut told = self.begun(verdict);
        match reason {
            Reason::UsedUp(used) => {
                let shown = used.iter().take(limits.recordings.max(NAMED));
                told.considered = shown.map(|tag| self.beside(*tag, limits)).collect();
                told.more = used.len() - told.considered.len();
            }
            Reason::NeverRecorded => {
                told.considered = self.closest(limits);
                told.left_out = self.left_out();
            }
            Reason::OnlyConditional | Reason::NoSuchCassette(_) => {}
        }
        told.masked(self.hidden.mask)
    }

    /// Why this recording is.
    pub(super) fn answered(&self, answering: Answering, limits: Limits) -> Explanation {
        let Recording { cassette, interaction } = answering.recording;
        let mut told = self.begun(Outcome::Answered(answering));
        let timeline = self.index.timeline(cassette);
        let own = timeline.tracks.iter().find(|track| track.recordings.contains(&interaction));
        let others = own.iter().flat_map(|track| &track.recordings).filter(|other| **other != interaction);
        let tags: Vec<Tag> =
            std::iter::once(interaction).chain(others.copied()).map(|ordinal| (cassette, ordinal)).collect();
        let shown = tags.iter().take(limits.recordings);
        told.considered = shown
            .map(|tag| {
                let (standing, named) = ((self.standing)(*tag), self.index.named(*tag));
                Considered { named, standing, differences: Vec::new(), more: 0 }
            })
            .collect();
        told.more = tags.len() - told.considered.len();
        told.bound = self.bound_values(cassette);
        told.masked(self.hidden.mask)
    }

    fn begun(&self, verdict: Outcome) -> Explanation {
        let target = match &self.request.asked {
            Some(origin) => format!("{origin}{}", self.live.target),
            None => self.live.target.to_owned(),
        };
        Explanation {
            method: self.live.method.clone(),
            target: self.hidden.mask.apply(&target),
            body: body_shown(self.live.body, self.hidden),
            verdict,
            in_force: self.in_force(),
            cassettes: self.asked().map(|(_, timeline)| as_typed(&timeline.cassette)).collect(),
            session: self.session.to_owned(),
            considered: Vec::new(),
            more: 0,
            left_out: Vec::new(),
            bound: Vec::new(),
        }
    }

    fn asked(&self) -> impl Iterator<Item = (usize, &'a Timeline)> + use<'_, 'a> {
        let timelines = self.index.timelines.iter().enumerate();
        timelines.filter(|(number, _)| self.pinned.is_none_or(|pinned| pinned == *number))
    }

    fn in_force(&self) -> String {
        let named = self.asked().take(NAMED).map(|(_, timeline)| {
            let cassette = &timeline.cassette;
            format!("{} ({})", cassette.name, cassette.interactions.len())
        });
        let mut text = named.collect::<Vec<_>>().join(", ");
        match self.pinned {
            Some(_) if self.request.head.headers.contains_key(CASSETTE) => {
                text.push_str(", asked for by x-overdub-cassette");
            }
            Some(_) => text.push_str(", which the session was made for"),
            None if self.index.timelines.len() > NAMED => {
                let _ = write!(text, " and {} more", self.index.timelines.len() - NAMED);
            }
            None => {}
        }
        text
    }

    /// A recording of the request's key: why another value does not make it due again.
    fn beside(&self, tag: Tag, limits: Limits) -> Considered {
        self.considered(compared(self.sent(), self.hidden, self, self.recorded(tag), limits))
    }

    fn considered(&self, near: NearMiss<Tag>) -> Considered {
        let NearMiss { tag, differences, more } = near;
        Considered { named: self.index.named(tag), standing: (self.standing)(tag), differences, more }
    }

    fn closest(&self, limits: Limits) -> Vec<Considered> {
        // One recording per key: the others of a key differ from the request in the same way.
        let tracks = self.asked().flat_map(|(number, timeline)| {
            timeline.tracks.iter().filter_map(move |track| Some((number, *track.recordings.first()?)))
        });
        let recorded = tracks.map(|tag| self.recorded(tag));
        let near = near_misses(self.sent(), self.hidden, self, recorded, limits);
        near.into_iter().map(|near| self.considered(near)).collect()
    }

    /// Recordings that would do, were not one cassette asked for by name.
    fn left_out(&self) -> Vec<Named> {
        if self.pinned.is_none() {
            return Vec::new();
        }
        let exact = self.index.exact(&self.index.matcher.key(&self.live));
        let masked = self.index.matcher.masked(&self.live, false);
        let open = self.index.masked(&masked.key).iter().filter(|found| {
            let track = &self.index.timeline(found.place.timeline).tracks[found.place.track];
            track.positions.as_deref().and_then(|own| fit(own, &masked.values, None, Some(0))).is_some()
        });
        let mut places: Vec<Place> = exact.iter().chain(open).map(|found| found.place).collect();
        places.sort_unstable_by_key(|place| (place.timeline, place.track));
        places.dedup();
        let others = places.into_iter().filter(|place| Some(place.timeline) != self.pinned).take(NAMED);
        others
            .map(|place| {
                let ordinal = self.index.timeline(place.timeline).tracks[place.track].recordings[0];
                self.index.named((place.timeline, ordinal))
            })
            .collect()
    }

    /// What the client sends in the place of a cassette's stand-ins and origins.
    fn bound_values(&self, timeline: usize) -> Vec<(String, String)> {
        let Some(bound) = self.bound(timeline) else { return Vec::new() };
        let variables = &self.index.timeline(timeline).variables;
        let values = variables.values().filter_map(|(number, own)| {
            let value = bound.value(number).filter(|value| **value != *own.text)?;
            Some((own.text.to_string(), cropped(value)))
        });
        let origins = variables.origins().iter().enumerate().filter_map(|(number, own)| {
            let LiveOrigin::Other(live) = bound.origin(number)? else { return None };
            (*live != own.origin).then(|| (own.origin.to_string(), live.to_string()))
        });
        values.chain(origins).collect()
    }

    fn sent(&self) -> (&'a ::http::Method, &'a str, &'a [u8]) {
        (self.live.method, self.live.target, self.live.body)
    }

    fn recorded(&self, tag: Tag) -> (Tag, &'a RecordedRequest, &'a str) {
        let cassette = &self.index.timeline(tag.0).cassette;
        (tag, &cassette.interactions[tag.1].request, cassette.header.upstream.as_str())
    }

    fn bound(&self, timeline: usize) -> Option<&'a Bound> {
        self.bindings.and_then(|all| all.of(self.index.timeline(timeline).numbers.timeline))
    }
}

impl Known<Tag> for Scope<'_> {
    fn value(&self, tag: &Tag, sent: &str, recorded: &str) -> Verdict {
        let (bound, variables) = (self.bound(tag.0), &self.index.timeline(tag.0).variables);
        if is_told(sent) {
            // It stands for what a log does not show: nothing is known of it.
            return Verdict::Same;
        }
        let same = |one: &str, other: &str| canonical(one.as_bytes()) == canonical(other.as_bytes());
        match variables.declared(recorded.as_bytes()) {
            Some(Declared::Secret) => return Verdict::Same,
            Some(Declared::Variable(number)) => {
                return match bound.and_then(|bound| bound.value(number)) {
                    Some(value) if !same(value, sent) => Verdict::Bound(value.to_owned()),
                    _ => Verdict::Same,
                };
            }
            None => {}
        }
        let (Ok(live), Ok(own)) = (Origin::parse(sent), Origin::parse(recorded)) else {
            return Verdict::Differs;
        };
        let Some(number) = variables.origin_number(&own) else { return Verdict::Differs };
        let ours = || (self.live.client)().authority() == live.authority();
        match bound.and_then(|bound| bound.origin(number)) {
            _ if ours() || variables.origin_number(&live).is_some() => Verdict::Same,
            Some(LiveOrigin::Other(known)) if known.authority() != live.authority() => {
                Verdict::Bound(known.to_string())
            }
            None if number == 0 && self.request.asked.is_none() => Verdict::Differs,
            _ => Verdict::Same,
        }
    }

    fn origin(&self, (timeline, ordinal): &Tag) -> Option<(String, String)> {
        let asked = self.request.asked.as_ref()?;
        let (_, recorded, upstream) = self.recorded((*timeline, *ordinal));
        let variables = &self.index.timeline(*timeline).variables;
        let number = variables.origin_of(recorded, upstream);
        let known = self.bound(*timeline).and_then(|bound| bound.asked(asked));
        let known = known.or_else(|| variables.origin_number(asked))?;
        let shown = |number: usize| variables.origins()[number].origin.to_string();
        (known != number).then(|| (format!("{asked} ({} in the recording)", shown(known)), shown(number)))
    }
}

impl Explanation {
    /// Without secrets: a recording may hold some, and what differs may be a part of a URL that shows a token.
    fn masked(mut self, mask: &Mask) -> Self {
        let hide = |text: &mut String| *text = mask.text(text).into_owned();
        hide(&mut self.session);
        if let Outcome::NoSuchCassette(name) = &mut self.verdict {
            hide(name);
        }
        let standings = self
            .considered
            .iter_mut()
            .flat_map(|own| [Some(&mut own.named), own.standing.after.as_mut(), own.standing.until.as_mut()]);
        for named in standings.flatten().chain(&mut self.left_out) {
            named.url = mask.apply(&named.url);
        }
        let differences = self.considered.iter_mut().flat_map(|own| &mut own.differences);
        for Difference { field, sent, recorded, bound } in differences {
            hide(field);
            [sent, recorded, bound].into_iter().flatten().for_each(hide);
        }
        self.bound.iter_mut().map(|(_, value)| value).chain(&mut self.body).for_each(hide);
        self
    }
}

/// As `-c` takes a cassette: by its name where that finds it, in `recordings` or among what is shipped.
fn as_typed(cassette: &Cassette<PackedHeaders>) -> String {
    let is_file = cassette.path.extension().is_some_and(|own| own == "yaml" || own == "yml");
    if cassette.path.starts_with("recordings") || !is_file {
        cassette.name.clone()
    } else {
        cassette.path.display().to_string()
    }
}
