//! Goes through a cassette in recorded order: what is sent again, with which values, and what has changed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use ::http::{HeaderName, Method, StatusCode, header};
use bytes::Bytes;

use super::report::{Outcome, Unsent};
use super::send::{Outgoing, Sender, Trouble};
use crate::cassette::{Cassette, Interaction, RecordedRequest};
use crate::config::VerifyConfig;
use crate::drift::{
    Bindings, Change, ChangeKind, Comparer, Known, Plan, Severity, Sort, Step, Terms, Translation,
    most_severe,
};
use crate::http::end_to_end;
use crate::matching::Target;
use crate::profile::{Kind, Mask, Profile, StandInType};
use crate::redact::{Redact, Redactor, with_stand_ins};

/// A cassette that is verified, and what is known before anything is sent.
pub(super) struct Subject<'a> {
    /// As it is in its file.
    cassette: &'a Cassette,
    /// With stand-ins throughout, so that no person's values are compared, or shown.
    recorded: Cassette,
    known: Known,
    plan: Plan,
    profile: Arc<Profile>,
    mask: &'a Mask,
}

impl<'a> Subject<'a> {
    pub(super) fn of(cassette: &'a Cassette, profile: &Arc<Profile>, mask: &'a Mask) -> Self {
        let recorded = with_stand_ins(cassette, profile);
        let known = Known::of(&recorded);
        let plan = Plan::of(&recorded, &known.terms, profile);
        Self { cassette, recorded, known, plan, profile: Arc::clone(profile), mask }
    }

    /// Holds answers whose stand-ins are these against recorded ones.
    fn comparer<'c>(&'c self, live: &'c Terms) -> Comparer<'c> {
        Comparer::new(&self.profile, self.mask, &self.known, live)
    }
}

/// Recorded headers that are not sent: a condition would be about what the recording client knew, and whom it is for and
/// how long it is are for whoever sends it to say.
const OF_THE_RECORDING: [HeaderName; 5] =
    [header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE, header::HOST, header::CONTENT_LENGTH, header::EXPECT];

/// One cassette on its way through the live API.
pub(super) struct Walk<'a> {
    subject: &'a Subject<'a>,
    sender: &'a Sender<'a>,
    config: &'a VerifyConfig,
    /// Puts stand-ins into what is answered.
    redactor: Redactor,
    /// Those stand-ins, and what they stand for. In memory only.
    live: Terms,
    values: HashMap<String, String>,
    bindings: Bindings,
    /// Ids of which nobody knows in what state their things are: a write to them was not sent, or came to nothing.
    unsettled: HashSet<String>,
    outcomes: Vec<Outcome>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(subject: &'a Subject<'a>, sender: &'a Sender<'a>, config: &'a VerifyConfig) -> Self {
        let profile = Arc::clone(&subject.profile);
        Self {
            subject,
            sender,
            config,
            redactor: Redactor::new(profile, Redact::On, Some(sender.origin().clone())),
            live: Terms::default(),
            values: HashMap::new(),
            bindings: Bindings::default(),
            unsettled: HashSet::new(),
            outcomes: Vec::new(),
        }
    }

    /// What came of each interaction.
    pub(super) async fn run(mut self) -> Vec<Outcome> {
        let mut stopped = false;
        for at in 0..self.subject.plan.steps.len() {
            let outcome = match self.unsent(at) {
                _ if stopped => Outcome::Unsent(Unsent::Stopped),
                Some(reason) => Outcome::Unsent(reason),
                None => match self.ask(at).await {
                    Ok(outcome) => outcome,
                    Err(Trouble { told, ends_all }) => {
                        stopped = ends_all;
                        Outcome::Failed(told)
                    }
                },
            };
            let kept = matches!(outcome, Outcome::Compared(_) | Outcome::Unsent(Unsent::Covered));
            if !kept && self.subject.plan.steps[at].kind != Kind::Read {
                self.unsettle(at);
            }
            self.outcomes.push(outcome);
        }
        self.outcomes
    }

    /// Why an interaction is not sent; `None`: it is.
    fn unsent(&self, at: usize) -> Option<Unsent> {
        let (step, own) = (&self.subject.plan.steps[at], &self.subject.cassette.interactions[at]);
        if step.kind != Kind::Read && !self.config.allow_writes {
            return Some(Unsent::Write);
        }
        if step.kind != Kind::Read && own.request.method != Method::DELETE && self.is_unsettled(at) {
            return Some(Unsent::After);
        }
        if step.elsewhere {
            return Some(Unsent::Elsewhere);
        }
        let status = own.response.status;
        if is_passing(status) || status == StatusCode::NOT_MODIFIED {
            return Some(Unsent::Passing(status.as_u16()));
        }
        if own.request.body.known().is_none() {
            return Some(Unsent::NoBody);
        }
        let unknown = step.told.iter().find(|(id, answer)| !self.is_known(id, *answer));
        if let Some((_, answer)) = unknown {
            return Some(Unsent::Depends(*answer));
        }
        if let Some(stand_in) = self.unbound(&own.request, step.kind == Kind::Read) {
            return Some(Unsent::NeedsValue(stand_in));
        }
        let first = self.members(at).into_iter().find(|other| *other < at)?;
        // Asking again tells something new only where the recording did.
        let covered = self.is_asked_once(at) && !matches!(self.outcomes[first], Outcome::Unsent(_));
        covered.then_some(Unsent::Covered)
    }

    /// Whether it is known what an id of the recording is now. One that only a read told may still be the same.
    fn is_known(&self, id: &str, answer: usize) -> bool {
        let told = self.config.bindings.contains_key(id) || self.bindings.live(Sort::Id, id).is_some();
        let from_read = self.subject.plan.steps[answer].kind == Kind::Read;
        told || (from_read
            && matches!(
                self.outcomes[answer],
                Outcome::Compared(_) | Outcome::Unsent(Unsent::Covered) | Outcome::Unclear
            ))
    }

    /// A stand-in of a request for which there has to be a real value, and is none.
    fn unbound(&self, request: &RecordedRequest, reads: bool) -> Option<String> {
        let missing = std::cell::RefCell::new(None);
        let lookup = |word: &str| {
            let of_type = self.subject.known.terms.type_of(word)?;
            let needed = match of_type {
                StandInType::Passcode
                | StandInType::Token
                | StandInType::Jwt
                | StandInType::Key
                | StandInType::Secret
                | StandInType::SharedSecret => true,
                StandInType::Email | StandInType::Login | StandInType::Phone => reads,
                _ => false,
            };
            if needed && self.value_of(word).is_none() {
                missing.borrow_mut().get_or_insert_with(|| word.to_owned());
            }
            None
        };
        let translation = Translation::new(&lookup);
        translation.url(&request.url);
        if let Some(body) = request.body.bytes() {
            translation.body(&request.headers, body);
        }
        missing.into_inner()
    }

    /// What is sent in the place of a word of the recording.
    fn value_of(&self, word: &str) -> Option<String> {
        if let Some(given) = self.config.bindings.get(word) {
            return Some(given.clone());
        }
        match self.subject.known.terms.type_of(word) {
            Some(of_type) => {
                let stand_in = self.bindings.live(Sort::of(of_type), word)?;
                Some(self.values.get(stand_in).map_or_else(|| stand_in.to_owned(), Clone::clone))
            }
            None => self.bindings.live(Sort::Id, word).map(str::to_owned),
        }
    }

    fn outgoing(&self, own: &RecordedRequest) -> Outgoing {
        let lookup = |word: &str| self.value_of(word);
        let translation = Translation::new(&lookup);
        let upstream = self.subject.cassette.header.upstream.as_str();
        let target = Target::recorded(&own.url, upstream);
        let mut url = translation.url(target.path);
        if !target.query.is_empty() {
            let query = Bytes::from(translation.url(target.query));
            let query = self.sender.with_links(upstream, query);
            url.push('?');
            url.push_str(&String::from_utf8_lossy(&query));
        }
        let body = own.body.bytes().map(|body| translation.body(&own.headers, body)).unwrap_or_default();
        let headers = end_to_end(&own.headers, &OF_THE_RECORDING);
        let body = self.sender.with_links(upstream, body);
        Outgoing { method: own.method.clone(), target: url, headers, body }
    }

    async fn ask(&mut self, at: usize) -> Result<Outcome, Trouble> {
        let own = &self.subject.cassette.interactions[at];
        let raw = self.sender.send(self.outgoing(&own.request), &self.subject.profile).await?;
        let live = self.redactor.redact(raw);
        for fresh in self.redactor.fresh() {
            self.values.insert(fresh.stand_in.to_string(), fresh.value.to_string());
        }
        self.live.declare(&live);
        if let Some(trouble) = self.trouble(own, &live) {
            return Err(trouble);
        }
        let changes = self.compared(at, &live);
        if !self.is_stale(at) {
            return Ok(Outcome::Compared(changes));
        }
        if changes.iter().any(|change| change.path == "status") {
            return Ok(Outcome::Unclear);
        }
        Ok(Outcome::Compared(whatever_the_state(changes)))
    }

    /// An answer that says nothing about the API.
    fn trouble(&self, recorded: &Interaction, live: &Interaction) -> Option<Trouble> {
        let (was, is) = (recorded.response.status, live.response.status);
        if was == is {
            return None;
        }
        let told = match is {
            StatusCode::UNAUTHORIZED => {
                "the answer is 401: its credentials are not accepted; give them with --header or OKTA_CLIENT_TOKEN"
                    .to_owned()
            }
            StatusCode::TOO_MANY_REQUESTS => {
                "the answer is 429: the API's rate limit is used up; run it again in a minute".to_owned()
            }
            status if is_passing(status) => format!("the answer is {}", status.as_u16()),
            _ => return None,
        };
        let answered = |own: &Outcome| matches!(own, Outcome::Compared(_) | Outcome::Unclear);
        let ends_all = match is {
            StatusCode::UNAUTHORIZED => !self.outcomes.iter().any(answered),
            status => status == StatusCode::TOO_MANY_REQUESTS,
        };
        Some(Trouble { told, ends_all })
    }

    /// What differs from the recording that differs least.
    fn compared(&mut self, at: usize, live: &Interaction) -> Vec<Change> {
        let comparer = self.subject.comparer(&self.live);
        let own = &self.subject.recorded.interactions[at];
        // What was sent, and so stands for what was recorded.
        comparer.requests(&mut self.bindings, &own.request, &live.request);
        let mut members = self.members(at);
        // The one that it is asked for goes first.
        members.sort_by_key(|member| member.abs_diff(at));
        let mut best: Option<(usize, Vec<Change>, Bindings)> = None;
        for member in members {
            let mut bindings = self.bindings.clone();
            let recorded = &self.subject.recorded.interactions[member].response;
            let changes = comparer.answers(&mut bindings, recorded, &live.response);
            let rank = |changes: &[Change]| (most_severe(changes), changes.len());
            if best.as_ref().is_none_or(|(_, least, _)| rank(&changes) < rank(least)) {
                let is_same = changes.is_empty();
                best = Some((member, changes, bindings));
                if is_same {
                    break;
                }
            }
        }
        let Some((member, changes, bindings)) = best else { return Vec::new() };
        self.bindings = bindings;
        // A poll that did not get as far as it did in the recording: what was to come of it has not.
        if member != at && self.subject.plan.steps[at].kind == Kind::Poll {
            self.unsettle(at);
        }
        changes
    }

    /// The interactions whose answers may be due where this one is asked again: those of the same request, as long as
    /// nothing is sent in between that would make a difference.
    fn members(&self, at: usize) -> Vec<usize> {
        let steps = &self.subject.plan.steps;
        let own = &steps[at];
        if !matches!(own.kind, Kind::Read | Kind::Poll) {
            return vec![at];
        }
        let same = |other: &Step| {
            other.request == own.request && (!self.config.allow_writes || other.opener == own.opener)
        };
        (0..steps.len()).filter(|other| same(&steps[*other])).collect()
    }

    /// Whether one request does for all that are the same: nothing changes by itself in between.
    fn is_asked_once(&self, at: usize) -> bool {
        if self.subject.plan.steps[at].kind != Kind::Read {
            return false;
        }
        if !self.config.allow_writes {
            return true;
        }
        let comparer = self.subject.comparer(&self.subject.known.terms);
        let own = &self.subject.recorded.interactions[at];
        self.members(at)
            .into_iter()
            .all(|other| comparer.are_alike(own, &self.subject.recorded.interactions[other]))
    }

    /// From now on nobody knows the state of what this interaction is about.
    fn unsettle(&mut self, at: usize) {
        self.unsettled.extend(self.subject.plan.steps[at].ids.iter().cloned());
    }

    fn is_unsettled(&self, at: usize) -> bool {
        self.subject.plan.steps[at].ids.iter().any(|id| self.unsettled.contains(id))
    }

    /// Whether a write that was not sent would have changed what is answered.
    fn is_stale(&self, at: usize) -> bool {
        if self.config.allow_writes && self.is_unsettled(at) {
            return true;
        }
        let lacks = |opener: usize| !matches!(self.outcomes.get(opener), Some(Outcome::Compared(_)));
        self.members(at).into_iter().any(|member| self.subject.plan.steps[member].opener.is_some_and(lacks))
    }
}

/// The changes that are ones in whichever state the thing is. Where a value tells that it is in another one, fields may
/// have come and gone with it, and only what is of another type is a change for sure.
fn whatever_the_state(changes: Vec<Change>) -> Vec<Change> {
    let other_state = changes.iter().any(|change| change.severity == Severity::Value);
    let counts = |change: &Change| {
        let for_sure = matches!(change.kind, ChangeKind::Type | ChangeKind::ContentType);
        change.severity > Severity::Value && (for_sure || !other_state)
    };
    changes.into_iter().filter(counts).collect()
}

/// Whether a status tells of a moment, not of the API.
fn is_passing(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}
