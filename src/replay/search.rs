//! Finds the recording that is due for one request of one session.
//!
//! First by the exact key, what is known of the client's values put back to stand-ins. Only where no recording has it,
//! by the masked key, and where that finds nothing either by patterns; what the client sent is bound then.

use super::bindings::{Adding, Bound, LiveOrigin, Timelines};
use super::index::{Candidate, Index};
use super::miss::Reason;
use super::session::{Due, Given, Session};
use super::unify::{Fit, Rank, fit, fit_captures};
use super::variables::admin_twin;
use crate::http::Request;
use crate::matching::{LiveRequest, MaskedRequest, MatchKey, Sent, Translation};

/// One request, on its way to its answer.
pub(super) struct Search<'a> {
    index: &'a Index,
    session: &'a Session,
    request: &'a Request,
    live: LiveRequest<'a>,
    /// The only timeline that is asked.
    pinned: Option<usize>,
    /// Whether the request asks for "304 if unchanged".
    conditional: bool,
    /// Why nothing was due so far.
    reason: Reason,
}

/// A candidate under the masked key. It orders by what it would bind, the timeline that answered last first, the origin,
/// and recorded order.
type Ranked<'a> = ((Rank, bool, usize, usize, usize), Candidate, Fit<'a>);

impl<'a> Search<'a> {
    pub(super) fn new(
        index: &'a Index,
        session: &'a Session,
        request: &'a Request,
        live: LiveRequest<'a>,
        pinned: Option<usize>,
        conditional: bool,
    ) -> Self {
        Self { index, session, request, live, pinned, conditional, reason: Reason::NeverRecorded }
    }

    /// The recording that is due: by an exact key, then with values left open, then whatever the body is.
    pub(super) fn find(mut self) -> Result<Given, Reason> {
        for any_body in [false, true] {
            if any_body && !self.index.has_any_body {
                break;
            }
            if let Some(given) = self.exact(any_body) {
                return Ok(given);
            }
            if matches!(self.reason, Reason::NeverRecorded)
                && self.index.has_masked()
                && let Some(given) = self.masked(any_body).or_else(|| self.open(any_body))
            {
                return Ok(given);
            }
        }
        Err(self.reason)
    }

    fn exact(&mut self, any_body: bool) -> Option<Given> {
        let index = self.index;
        let untranslated = index.exact(&self.key(None, any_body));
        let bindings = self.session.bindings.read();
        let translated = bindings.as_ref().map(|all| all.translated()).unwrap_or_default();
        let alone = translated.is_empty() && self.request.asked.is_none() && self.pinned.is_none();
        if let ([] | [_], true) = (untranslated, alone) {
            drop(translated);
            drop(bindings);
            return untranslated.first().and_then(|only| self.take(*only));
        }
        let mut found = untranslated.to_vec();
        for (timeline, translation) in translated {
            let own = index.exact(&self.key(Some(translation), any_body));
            let mut own = own.iter().filter(|own| self.number(own) == timeline).peekable();
            if own.peek().is_some() {
                found.retain(|other| self.number(other) != timeline);
                found.extend(own);
            }
        }
        let last = self.session.last();
        let bindings_of = |found: &Candidate| bindings.as_ref().and_then(|all| all.of(self.number(found)));
        let mut ranked: Vec<_> = found
            .into_iter()
            .filter_map(|own| {
                let place = own.place;
                let origin = self.origin_rank(own, bindings_of(&own))?;
                Some(((Some(self.number(&own)) != last, place.timeline, origin, place.track), own))
            })
            .collect();
        drop(bindings);
        ranked.sort_unstable_by_key(|(rank, _)| *rank);
        ranked.into_iter().find_map(|(_, own)| self.take(own))
    }

    fn masked(&mut self, any_body: bool) -> Option<Given> {
        // Two requests that come at once may not bind one stand-in to two values.
        let session = self.session;
        let mut bindings = session.bindings.write();
        let index = self.index;
        let masked = |translation| index.matcher.masked(&LiveRequest { translation, ..self.live }, any_body);
        let translated: Vec<(usize, MaskedRequest)> =
            bindings.translated().into_iter().map(|(number, own)| (number, masked(Some(own)))).collect();
        let untranslated = masked(None);
        let mut ranked = Vec::new();
        for found in index.masked(&untranslated.key) {
            if translated.iter().all(|(timeline, _)| *timeline != self.number(found)) {
                self.rank_masked(*found, &untranslated, &bindings, &mut ranked);
            }
        }
        for (timeline, own) in &translated {
            for found in index.masked(&own.key).iter().filter(|found| self.number(found) == *timeline) {
                self.rank_masked(*found, own, &bindings, &mut ranked);
            }
        }
        self.best(ranked, &mut bindings)
    }

    /// By what stands around stand-ins, wherever in the request and in whatever coding they stand: nothing is known of
    /// the values by their fields or their look.
    fn open(&mut self, any_body: bool) -> Option<Given> {
        if !matches!(self.reason, Reason::NeverRecorded) {
            return None;
        }
        let (index, session) = (self.index, self.session);
        let sent = Sent::of(self.live.target, Some(self.live.body).filter(|_| !any_body));
        let captured: Vec<_> = index
            .open(self.live.method, sent.depth())
            .iter()
            .filter_map(|found| {
                let track = &index.timeline(found.place.timeline).tracks[found.place.track];
                Some((*found, track.pattern.as_ref()?.captures(&sent)?))
            })
            .collect();
        if captured.is_empty() {
            return None;
        }
        let mut bindings = session.bindings.write();
        let ours = (self.live.client)();
        let mut ranked = Vec::new();
        for (found, captures) in &captured {
            let bound = bindings.of(self.number(found));
            let variables = &index.timeline(found.place.timeline).variables;
            let fit = fit_captures(captures, variables, bound, self.follows(), &ours);
            self.rank(*found, bound, fit, &mut ranked);
        }
        self.best(ranked, &mut bindings)
    }

    /// What is due of the candidate that fits best, what it tells bound.
    fn best(&mut self, mut ranked: Vec<Ranked<'_>>, bindings: &mut Adding<'_>) -> Option<Given> {
        ranked.sort_unstable_by_key(|(rank, ..)| *rank);
        for (_, found, fit) in &ranked {
            if let Some(given) = self.due(*found) {
                if fit.rank != Rank::Inconsistent {
                    self.bind(bindings, *found, fit);
                }
                return Some(given);
            }
        }
        None
    }

    fn rank_masked<'m>(
        &self,
        found: Candidate,
        live: &'m MaskedRequest,
        bindings: &Timelines,
        ranked: &mut Vec<Ranked<'m>>,
    ) {
        let place = found.place;
        let bound = bindings.of(self.number(&found));
        let positions = self.index.timeline(place.timeline).tracks[place.track].positions.as_deref();
        if let Some(fit) = positions.and_then(|own| fit(own, &live.values, bound, self.follows())) {
            self.rank(found, bound, fit, ranked);
        }
    }

    fn rank<'m>(&self, found: Candidate, bound: Option<&Bound>, fit: Fit<'m>, ranked: &mut Vec<Ranked<'m>>) {
        let place = found.place;
        if let Some(origin) = self.origin_rank(found, bound) {
            let led = Some(self.number(&found)) != self.session.last();
            ranked.push(((fit.rank, led, place.timeline, origin, place.track), found, fit));
        }
    }

    /// The recorded origin that stands for the one through which the client reaches us.
    fn follows(&self) -> Option<usize> {
        self.request.asked.is_none().then_some(0)
    }

    /// By which the session knows the timeline of a candidate.
    fn number(&self, found: &Candidate) -> usize {
        self.index.timeline(found.place.timeline).numbers.timeline
    }

    fn key(&self, translation: Option<&Translation>, any_body: bool) -> MatchKey {
        let live = LiveRequest { translation, ..self.live };
        if any_body { self.index.matcher.key_of_any_body(&live) } else { self.index.matcher.key(&live) }
    }

    /// How near the origin of a recording is to the one that was asked; `None`: it is not meant, or its timeline is not.
    fn origin_rank(&self, found: Candidate, bound: Option<&Bound>) -> Option<usize> {
        if self.pinned.is_some_and(|pinned| pinned != found.place.timeline) {
            return None;
        }
        let number = found.entry.origin;
        // Who asks us means the upstream, else the first origin that has the request.
        let Some(live) = &self.request.asked else { return Some(number) };
        let variables = &self.index.timeline(found.place.timeline).variables;
        let known = bound
            .and_then(|bound| bound.asked(live))
            .or_else(|| variables.origin_number(live))
            .or_else(|| {
                let twin = bound?.asked(&admin_twin(live)?)?;
                variables.origins()[twin].twin
            });
        match known {
            Some(known) => (known == number).then_some(0),
            None if bound.is_some_and(|bound| bound.has_origin(number)) => {
                Some(number + variables.origins().len())
            }
            None => Some(number),
        }
    }

    /// What is due of this track, and what it tells about the client noted.
    fn take(&mut self, found: Candidate) -> Option<Given> {
        let given = self.due(found)?;
        self.settle(found);
        Some(given)
    }

    fn due(&mut self, found: Candidate) -> Option<Given> {
        let (place, timeline) = (found.place, self.index.timeline(found.place.timeline));
        let given = match found.entry.constant {
            Some(ordinal) => Given::always(place, ordinal),
            None => match self.session.take(timeline, place, self.conditional) {
                Due::Recording(given) => given,
                Due::UsedUp => {
                    self.reason.used_up(place, &timeline.tracks[place.track].recordings);
                    return None;
                }
                Due::OnlyConditional => {
                    if matches!(self.reason, Reason::NeverRecorded) {
                        self.reason = Reason::OnlyConditional;
                    }
                    return None;
                }
            },
        };
        self.session.answered_by(timeline.numbers.timeline);
        Some(given)
    }

    /// Notes what an exact match tells: stand-ins that the client sends are bound to themselves, the origin that it
    /// asks to the recorded one.
    fn settle(&self, found: Candidate) {
        let is_plain = !found.entry.is_open && found.entry.origin == 0 && self.request.asked.is_none();
        if is_plain {
            return;
        }
        let place = found.place;
        let timeline = self.index.timeline(place.timeline);
        let track = &timeline.tracks[place.track];
        let is_known = |bound: &Bound| {
            track.variables.iter().all(|number| bound.value(*number).is_some())
                && match &self.request.asked {
                    Some(live) => bound.has_asked(live),
                    None => track.origin == 0 || bound.has_origin(track.origin),
                }
        };
        if self
            .session
            .bindings
            .read()
            .is_some_and(|all| all.of(timeline.numbers.timeline).is_some_and(is_known))
        {
            return;
        }
        let mut bindings = self.session.bindings.write();
        for &number in &track.variables {
            if let Some(own) = timeline.variables.value(number) {
                let variables = &timeline.variables;
                bindings.bind(timeline.numbers.timeline, variables, number, own.text.as_bytes());
            }
        }
        self.bind_origin(&mut bindings, found);
    }

    fn bind(&self, bindings: &mut Adding<'_>, found: Candidate, fit: &Fit<'_>) {
        let timeline = self.index.timeline(found.place.timeline);
        let (timeline, variables) = (timeline.numbers.timeline, &timeline.variables);
        for (number, value) in &fit.values {
            bindings.bind(timeline, variables, *number, value);
        }
        for (number, live) in fit.live_origins() {
            bindings.bind_origin(timeline, variables, number, live);
        }
        self.bind_origin(bindings, found);
    }

    fn bind_origin(&self, bindings: &mut Adding<'_>, found: Candidate) {
        let live = match &self.request.asked {
            Some(live) => LiveOrigin::Other(live.clone()),
            None if found.entry.origin == 0 => return,
            None => LiveOrigin::Ours,
        };
        let timeline = self.index.timeline(found.place.timeline);
        let (number, variables) = (timeline.numbers.timeline, &timeline.variables);
        bindings.bind_origin(number, variables, found.entry.origin, live);
    }
}
