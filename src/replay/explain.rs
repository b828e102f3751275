//! A request explained to who asks, whatever comes of it.

use std::collections::HashMap;
use std::sync::Arc;

use super::explanation::{Answering, Explanation, Match, Standing};
use super::miss::Tag;
use super::player::{Player, Recording, live};
use super::session::Session;
use super::unify::fit_captures;
use crate::cassette::RequestBody;
use crate::error::Error;
use crate::http::{Origin, Request};
use crate::matching::{Limits, LiveRequest, Sent};

impl Player {
    /// What would come of a request, and why. The session goes on as if the request had come.
    ///
    /// # Errors
    /// The request's body did not arrive whole.
    pub async fn explain(
        &self,
        session: &Arc<Session>,
        request: &mut Request,
        limits: Limits,
    ) -> Result<Explanation, Error> {
        let before: HashMap<Tag, Standing> =
            self.tags().map(|tag| (tag, self.standing(session, tag))).collect();
        let standing = |tag: Tag| before.get(&tag).cloned().unwrap_or_default();
        let body = super::decoded_body(request).await?;
        let exact = self.exact_places(session, &live(request, &body, &|| request.client_origin()));
        let answered = match self.try_answer(session, request).await? {
            Err(missed) => {
                return Ok(self.scoped(session, request, &body, &standing, |scope| {
                    scope.missed(&missed.reason, limits)
                }));
            }
            Ok(answered) => answered,
        };
        let Recording { cassette, interaction } = answered.recording;
        let timeline = self.index.timeline(cassette);
        let is_exact = exact.iter().any(|(place, track)| {
            *place == cassette && timeline.tracks[*track].recordings.contains(&interaction)
        });
        let any_body = timeline.cassette.interactions[interaction].request.body == RequestBody::Unrecorded;
        let by = match (is_exact, any_body) {
            (true, _) => Match::Exact,
            (false, true) => Match::AnyBody,
            (false, false) => Match::Values,
        };
        let answering =
            Answering { recording: answered.recording, status: answered.reply.status().as_u16(), by };
        let answered = Ok(answered);
        self.note(session, &answered);
        if let Some(guard) = answered.ok().and_then(|own| own.guard) {
            // As if its client had read it all.
            guard.arrived();
        }
        Ok(self.scoped(session, request, &body, &standing, |scope| scope.answered(answering, limits)))
    }

    /// Notes that a recording was given for a request of this method to `target`, of whose body nothing is known: it
    /// counts as given, and what the path and the query tell is bound.
    pub fn given_before(&self, session: &Session, recording: Recording, target: &str, client: &Origin) {
        let Recording { cassette, interaction } = recording;
        let timeline = self.index.timeline(cassette);
        session.note(timeline, interaction);
        session.answered_by(timeline.numbers.timeline);
        let track = timeline.tracks.iter().find(|track| track.recordings.contains(&interaction));
        let recorded = &timeline.cassette.interactions[interaction].request;
        let Some(pattern) = track.and_then(|track| track.pattern.as_ref()) else { return };
        let sent = Sent::of(target, recorded.body.known());
        let Some(captures) = pattern.captures(&sent) else { return };
        let variables = &timeline.variables;
        let fit = fit_captures(&captures, variables, None, Some(0), client);
        let mut bindings = session.bindings.write();
        for (number, value) in &fit.values {
            // What stands in the recorded body is not what the client sent.
            if variables.value(*number).is_some_and(|own| own.text.as_bytes() != *value) {
                bindings.bind(timeline.numbers.timeline, variables, *number, value);
            }
        }
    }

    /// The recording of this number, from 0, in the cassette of this name.
    pub fn find(&self, cassette: &str, interaction: usize) -> Option<Recording> {
        let place = self.index.place_of(cassette)?;
        let known = interaction < self.index.timeline(place).answers.len();
        known.then_some(Recording { cassette: place, interaction })
    }

    pub(super) fn standing(&self, session: &Session, (place, ordinal): Tag) -> Standing {
        let (used, after, until) = session.standing(self.index.timeline(place), ordinal);
        let named = |ordinal: usize| self.index.named((place, ordinal));
        Standing { used, after: after.map(named), until: until.map(named) }
    }

    fn tags(&self) -> impl Iterator<Item = Tag> + '_ {
        self.index
            .timelines
            .iter()
            .enumerate()
            .flat_map(|(place, timeline)| (0..timeline.answers.len()).map(move |ordinal| (place, ordinal)))
    }

    /// The tracks that have the request's key to the letter, or once the session's values are put back.
    fn exact_places(&self, session: &Session, live: &LiveRequest<'_>) -> Vec<(usize, usize)> {
        let found = self.index.exact(&self.index.matcher.key(live));
        let mut places: Vec<_> = found.iter().map(|own| (own.place.timeline, own.place.track)).collect();
        let bindings = session.bindings.read();
        for (number, translation) in bindings.as_ref().map(|all| all.translated()).unwrap_or_default() {
            let key = self.index.matcher.key(&LiveRequest { translation: Some(translation), ..*live });
            let own = self.index.exact(&key).iter().map(|own| (own.place.timeline, own.place.track));
            places.extend(own.filter(|(place, _)| self.index.timeline(*place).numbers.timeline == number));
        }
        places
    }
}
