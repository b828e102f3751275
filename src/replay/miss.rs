//! A miss that explains itself: the request, what is in force, what came close, and what to do.

use std::fmt::Write as _;

use super::bindings::{Bound, LiveOrigin, Timelines};
use super::index::Index;
use super::names::DEFAULT;
use super::session::Place;
use super::timeline::Timeline;
use super::unify::fit;
use super::variables::Declared;
use crate::cassette::RecordedRequest;
use crate::http::{CASSETTE, Origin, Request};
use crate::matching::{
    Difference, Hidden, Known, LiveRequest, NearMiss, Verdict, canonical, compared, cropped, near_misses,
};

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
}

/// A recording, by timeline and ordinal.
type Tag = (usize, usize);

/// The report, first line first.
pub(super) fn report(reason: &Reason, scope: &Scope<'_>) -> Vec<String> {
    let (method, mask) = (scope.live.method, scope.hidden.mask);
    let target = mask.apply(scope.live.target);
    let line = match &scope.request.asked {
        Some(origin) => format!("{method} {origin}{target}"),
        None => format!("{method} {target}"),
    };
    let mut lines = vec![match reason {
        Reason::NeverRecorded => format!("never recorded: {line}"),
        Reason::UsedUp(_) => format!("recorded, but already used: {line}"),
        Reason::OnlyConditional => format!("recorded only as 304 Not Modified: {line}"),
        Reason::NoSuchCassette(name) => {
            format!("no cassette named `{}` is loaded: {line}", name.escape_debug())
        }
    }];
    lines.push(scope.in_force());
    lines.extend(scope.session());
    match reason {
        Reason::UsedUp(used) => scope.used(used, &mut lines),
        Reason::NeverRecorded => {
            scope.closest(&mut lines);
            scope.left_out(&mut lines);
        }
        Reason::OnlyConditional | Reason::NoSuchCassette(_) => {}
    }
    lines.push(advice(reason).to_owned());
    // What differs may be a part of a URL that shows a token.
    lines.iter().map(|line| mask.text(line).into_owned()).collect()
}

impl<'a> Scope<'a> {
    fn asked(&self) -> impl Iterator<Item = (usize, &'a Timeline)> + use<'_, 'a> {
        let timelines = self.index.timelines.iter().enumerate();
        timelines.filter(|(number, _)| self.pinned.is_none_or(|pinned| pinned == *number))
    }

    fn in_force(&self) -> String {
        let mut text = String::from("cassettes in force: ");
        for (index, (_, timeline)) in self.asked().take(NAMED).enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            let _ = write!(
                text,
                "{separator}{} ({})",
                timeline.cassette.name,
                timeline.cassette.interactions.len()
            );
        }
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

    /// Which session it is, unless it is the one of everybody who names none.
    fn session(&self) -> Option<String> {
        (self.session != DEFAULT).then(|| format!("session: {}", cropped(self.session)))
    }

    /// What was given already, and why another value does not make it due again.
    fn used(&self, used: &[Tag], lines: &mut Vec<String>) {
        for tag in used.iter().take(NAMED) {
            lines.push(format!("used in this session: {}", self.recording(*tag)));
            let near = compared(self.sent(), self.hidden, self, self.recorded(*tag));
            tell(near, lines);
        }
        if used.len() > NAMED {
            lines.push(format!("and {} more recordings", used.len() - NAMED));
        }
    }

    fn closest(&self, lines: &mut Vec<String>) {
        // One recording per key: the others of a key differ from the request in the same way.
        let tracks = self.asked().flat_map(|(number, timeline)| {
            timeline.tracks.iter().filter_map(move |track| Some((number, *track.recordings.first()?)))
        });
        let near = near_misses(self.sent(), self.hidden, self, tracks.map(|tag| self.recorded(tag)));
        if near.is_empty() {
            lines.push("closest: nothing like it was recorded".to_owned());
        }
        for near in near {
            lines.push(format!("closest: {}", self.recording(near.tag)));
            tell(near, lines);
        }
    }

    /// Recordings that would do, were not one cassette asked for by name.
    fn left_out(&self, lines: &mut Vec<String>) {
        if self.pinned.is_none() {
            return;
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
        for place in places.into_iter().filter(|place| Some(place.timeline) != self.pinned).take(NAMED) {
            let ordinal = self.index.timeline(place.timeline).tracks[place.track].recordings[0];
            let recording = self.recording((place.timeline, ordinal));
            lines.push(format!("recorded in a cassette that was not asked: {recording}"));
        }
    }

    fn sent(&self) -> (&'a ::http::Method, &'a str, &'a [u8]) {
        (self.live.method, self.live.target, self.live.body)
    }

    fn recorded(&self, tag: Tag) -> (Tag, &'a RecordedRequest, &'a str) {
        let cassette = &self.index.timeline(tag.0).cassette;
        (tag, &cassette.interactions[tag.1].request, cassette.header.upstream.as_str())
    }

    /// `sms #3 (recordings/sms.yaml:41) POST /api/v1/users`
    fn recording(&self, (timeline, ordinal): Tag) -> String {
        let cassette = &self.index.timeline(timeline).cassette;
        let interaction = &cassette.interactions[ordinal];
        let (number, path, line) = (ordinal + 1, cassette.path.display(), interaction.line);
        let RecordedRequest { method, url, .. } = &interaction.request;
        format!("{} #{number} ({path}:{line}) {method} {url}", cassette.name)
    }

    fn bound(&self, timeline: usize) -> Option<&'a Bound> {
        self.bindings.and_then(|all| all.of(self.index.timeline(timeline).numbers.timeline))
    }
}

impl Known<Tag> for Scope<'_> {
    fn value(&self, tag: &Tag, sent: &str, recorded: &str) -> Verdict {
        let (bound, variables) = (self.bound(tag.0), &self.index.timeline(tag.0).variables);
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

/// What separates a request from a recording, a line each.
fn tell(near: NearMiss<Tag>, lines: &mut Vec<String>) {
    for Difference { field, sent, recorded, bound } in near.differences {
        let shown = |value: Option<String>| value.unwrap_or_else(|| "(none)".to_owned());
        let with = if field == "method" { "recorded with" } else { "recorded" };
        let mut line = format!("  {field}: sent {}, {with} {}", shown(sent), shown(recorded));
        if let Some(value) = bound {
            let _ = write!(line, ", which stands for {value} in this session");
        }
        lines.push(line);
    }
    if near.more > 0 {
        lines.push(format!("  and {} more differences", near.more));
    }
}

fn advice(reason: &Reason) -> &'static str {
    match reason {
        Reason::NeverRecorded => {
            "what to do: record it (`overdub record --append …`), or let the client send what was recorded"
        }
        Reason::UsedUp(_) => {
            "what to do: POST /__overdub/reset starts the recordings afresh; `repeat: last` or `repeat: cycle` in \
             the cassette (or --repeat) allows it again"
        }
        Reason::OnlyConditional => "what to do: record it without If-None-Match and If-Modified-Since",
        Reason::NoSuchCassette(_) => {
            "what to do: load it with -c, or leave out the x-overdub-cassette header"
        }
    }
}
