//! Answers requests from recordings: one key and one look-up, whatever the number of recordings.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::Arc;
use std::time::Duration;

use ::http::HeaderMap;
use bytes::Bytes;

use super::answer::Asker;
use super::captured::Captured;
use super::explanation::{Explanation, Standing};
use super::filling::Filling;
use super::index::Index;
use super::latency::Latency;
use super::miss::{Reason, Scope, Tag};
use super::search::Search;
use super::session::{Given, Session};
use super::sessions::{SessionOptions, Sessions};
use super::time::{TimeFinder, as_recorded};
use crate::apart::{LONG_BODY, apart};
use crate::cassette::{Cassette, PackedHeaders, Repeat};
use crate::clock::Clock;
use crate::error::Error;
use crate::http::{BODY_LIMIT, Body, CASSETTE, Coding, Guard, Reply, Request};
use crate::matching::{ClientOrigin, Hidden, Limits, LiveRequest};
use crate::profile::{Mask, Profile};

/// So many recordings take about a millisecond to look at.
const MANY: usize = 500;

/// A coded body from which on decoding counts as long (bytes): it may grow a thousandfold.
const LONG_CODED: usize = LONG_BODY / 16;

/// How recordings are played.
#[derive(Debug, Clone)]
pub struct ReplayOptions {
    /// Whether links to the recorded origin come back with the client's own.
    pub rewrite_links: bool,
    /// What a write does when its recordings are used up; `None`: as the cassette says.
    pub repeat: Option<Repeat>,
    /// How many sessions there may be, and for how long.
    pub sessions: SessionOptions,
    /// By whose clock answers tell the time, from the session's first request on; `None`: as recorded.
    pub clock: Option<Clock>,
    /// How long answers wait.
    pub latency: Latency,
}

impl Default for ReplayOptions {
    fn default() -> Self {
        Self {
            rewrite_links: true,
            repeat: None,
            sessions: SessionOptions::default(),
            clock: None,
            latency: Latency::default(),
        }
    }
}

/// A recording, by the number of its cassette (in the order of their names) and its own in it, both from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Recording {
    /// Which cassette.
    pub cassette: usize,
    /// Which of its interactions.
    pub interaction: usize,
}

/// A recorded answer on its way out.
#[derive(Debug)]
pub struct Answered {
    /// The response.
    pub reply: Reply,
    /// Where it came from.
    pub recording: Recording,
    /// Its recording is due again unless this is told that the answer arrived.
    pub guard: Option<Guard>,
    /// Its session knows that it was given.
    pub(super) is_marked: bool,
    /// How long it waits.
    wait: Option<Duration>,
}

impl Answered {
    /// The response, which tells by itself whether it arrived.
    pub fn into_reply(self) -> Reply {
        match self.guard {
            Some(guard) => self.reply.map(|body| body.guarded(guard)),
            None => self.reply,
        }
    }
}

/// All loaded cassettes, and the sessions that play them.
#[derive(Debug)]
pub struct Player {
    pub(super) index: Index,
    /// What is recorded while it plays.
    pub(super) captured: Option<Captured>,
    /// What no message shows.
    pub(super) mask: Mask,
    pub(super) sessions: Arc<Sessions>,
    /// Whose time answers tell, and which times they are; `None`: as recorded.
    told: Option<(Clock, TimeFinder)>,
    latency: Latency,
}

impl Player {
    /// Makes `cassettes` findable.
    pub fn new<C: Into<Cassette<PackedHeaders>>>(
        cassettes: Vec<C>,
        profile: &Profile,
        options: &ReplayOptions,
    ) -> Self {
        let cassettes = cassettes.into_iter().map(Into::into).collect();
        Self {
            index: Index::new(cassettes, profile, options, 0),
            captured: None,
            mask: Mask::new(profile),
            sessions: Arc::new(Sessions::new(options.sessions)),
            told: options.clock.clone().map(|clock| (clock, TimeFinder::new(profile.timestamps.clone()))),
            latency: options.latency,
        }
    }

    /// A player of `cassettes` that takes the place of this one, and plays on where this one is: sessions go on, and
    /// what is the same in its cassettes counts as given. [`Player::take_over`] is to be called when it has. A player
    /// with captures has no successor.
    #[must_use]
    pub fn successor<C: Into<Cassette<PackedHeaders>>>(
        &self,
        cassettes: Vec<C>,
        profile: &Profile,
        options: &ReplayOptions,
    ) -> Self {
        let cassettes = cassettes.into_iter().map(Into::into).collect();
        Self {
            index: self.index.after(cassettes, profile, options),
            captured: None,
            mask: Mask::new(profile),
            sessions: Arc::clone(&self.sessions),
            told: options.clock.clone().map(|clock| (clock, TimeFinder::new(profile.timestamps.clone()))),
            latency: options.latency,
        }
    }

    /// Forgets, in all sessions, what concerns cassettes and stand-ins that are not played any more, since `before` is
    /// not. Clocks are set anew if answers now tell another one's time.
    pub fn take_over(&self, before: &Self) {
        self.sessions.forget_others(&self.index);
        let same = match (&self.told, &before.told) {
            (None, None) => true,
            (Some((own, _)), Some((other, _))) => own.is_same(other),
            _ => false,
        };
        if !same {
            self.sessions.reset_clocks();
        }
    }

    /// How many cassettes are loaded.
    pub fn cassettes(&self) -> usize {
        self.index.timelines.len()
    }

    /// How many interactions they hold.
    pub fn interactions(&self) -> usize {
        self.index.timelines.iter().map(|timeline| timeline.answers.len()).sum()
    }

    /// The recorded answer that is due in the session that the request names.
    ///
    /// # Errors
    /// A miss, a request body that did not arrive whole, or a name that is none.
    pub async fn answer(&self, mut request: Request) -> Result<Reply, Error> {
        let session = self.session(&request)?;
        Ok(self.answer_in(&session, &mut request).await?.into_reply())
    }

    /// The recorded answer that is due in a session, and which recording it is. The body of `request` has been read by
    /// then.
    ///
    /// # Errors
    /// A miss, or a request body that did not arrive whole.
    pub async fn answer_in(&self, session: &Arc<Session>, request: &mut Request) -> Result<Answered, Error> {
        self.try_answer(session, request).await?.map_err(|missed| self.explained(&missed, session, request))
    }

    /// The recorded answer that is due in a session, if there is one. The body of `request` has been read by then, and
    /// is still there.
    ///
    /// # Errors
    /// The request's body did not arrive whole.
    pub async fn try_answer(
        &self,
        session: &Arc<Session>,
        request: &mut Request,
    ) -> Result<Result<Answered, Missed>, Error> {
        // What few requests wait for is apart: hyper moves the future of every request.
        let body = if http_body::Body::is_end_stream(&request.body) {
            Bytes::new()
        } else {
            Box::pin(decoded_body(request)).await?
        };
        let found = apart(body.len() > LONG_BODY, || self.take(session, request, body));
        if let Ok(answered) = &found
            && let Some(wait) = answered.wait
        {
            // The answer is made by now: if its client leaves while it waits, it was cut off.
            Box::pin(tokio::time::sleep(wait)).await;
        }
        Ok(found)
    }

    /// Whether answers to requests without a body wait for nothing.
    pub fn is_prompt(&self) -> bool {
        self.latency.is_none()
    }

    /// The recorded answer that is due in a session for a request without a body, if there is one, however long it should
    /// wait ([`Player::is_prompt`]).
    ///
    /// # Errors
    /// A miss.
    pub fn answer_now(&self, session: &Arc<Session>, request: &Request) -> Result<Answered, Error> {
        self.take(session, request, Bytes::new()).map_err(|missed| self.explained(&missed, session, request))
    }

    /// The recorded answer that is due for a request with this body, if there is one.
    fn take(&self, session: &Arc<Session>, request: &Request, body: Bytes) -> Result<Answered, Missed> {
        if let Some((clock, _)) = &self.told {
            session.clock.asked(clock.now());
        }
        let mut captured = None;
        let given = match self.due(&self.index, session, request, &body) {
            Ok(given) => given,
            Err(reason) => {
                // What is recorded meanwhile comes last.
                captured = self.captured.as_ref().map(Captured::index);
                match captured.as_deref().and_then(|index| self.due(index, session, request, &body).ok()) {
                    Some(given) => given,
                    None => return Err(Missed { reason, body }),
                }
            }
        };
        let index = captured.as_deref().unwrap_or(&self.index);
        let took = || index.timeline(given.place.timeline).cassette.interactions[given.ordinal].took;
        Ok(Answered {
            recording: Recording { cassette: given.place.timeline, interaction: given.ordinal },
            is_marked: given.is_marked(),
            guard: given.is_owed().then(|| {
                let session = Arc::clone(session);
                Guard::new(move || session.give_back(given))
            }),
            wait: if self.is_prompt() { None } else { self.latency.of_recorded(took()) },
            reply: self.send(index, session, request, given),
        })
    }

    /// The recording that is due, of those in `index`.
    fn due(
        &self,
        index: &Index,
        session: &Arc<Session>,
        request: &Request,
        body: &Bytes,
    ) -> Result<Given, Reason> {
        let client = || request.client_origin();
        let pinned = Self::pinned(index, session, request)?;
        let conditional = request.told().conditional;
        let live = live(request, body, &client);
        let find = |live| Search::new(index, session, request, live, pinned, conditional).find();
        match find(live) {
            Err(Reason::NeverRecorded) => match self.sent_as_recorded(session, live) {
                None => Err(Reason::NeverRecorded),
                Some((target, body)) => find(LiveRequest { target: &target, body: &body, ..live }),
            },
            found => found,
        }
    }

    /// Target and body with the times that the client sends back told as they were recorded; `None` if it sends none.
    fn sent_as_recorded(&self, session: &Session, live: LiveRequest<'_>) -> Option<(String, Vec<u8>)> {
        let (_, times) = self.told.as_ref()?;
        as_recorded(times, session.clock.known_shift()?, live.target, live.body)
    }

    /// The error that explains a miss.
    fn explained(&self, missed: &Missed, session: &Session, request: &Request) -> Error {
        let standing = |tag| self.standing(session, tag);
        // All recordings are looked at.
        let why = apart(self.interactions() > MANY, || {
            self.scoped(session, request, &missed.body, &standing, |scope| {
                scope.missed(&missed.reason, Limits::MESSAGE)
            })
        });
        Error::Miss(why.lines())
    }

    /// Asks what `tell` has to say about a request.
    pub(super) fn scoped(
        &self,
        session: &Session,
        request: &Request,
        body: &Bytes,
        standing: &dyn Fn(Tag) -> Standing,
        tell: impl FnOnce(&Scope<'_>) -> Explanation,
    ) -> Explanation {
        let pinned = Self::pinned(&self.index, session, request).ok().flatten();
        let hidden = Hidden { varying: self.index.matcher.presence_only(), mask: &self.mask };
        let bindings = session.bindings.read();
        let (bindings, session) = (bindings.as_deref(), &*session.run.name);
        let client = || request.client_origin();
        let live = live(request, body, &client);
        tell(&Scope { index: &self.index, request, session, live, bindings, pinned, hidden, standing })
    }

    /// The one timeline that the client asks for by name, or that its session was made for.
    pub(super) fn pinned(
        index: &Index,
        session: &Session,
        request: &Request,
    ) -> Result<Option<usize>, Reason> {
        let Some(name) = asked_of(session, request) else { return Ok(None) };
        index.place_of(&name).map(Some).ok_or_else(|| Reason::NoSuchCassette(name.into_owned()))
    }

    /// The name of the one cassette that a request asks for, or that its session was made for.
    pub fn asked_of(&self, session: &Session, request: &Request) -> Option<String> {
        asked_of(session, request).map(Cow::into_owned)
    }

    fn send(&self, index: &Index, session: &Session, request: &Request, given: Given) -> Reply {
        let timeline = index.timeline(given.place.timeline);
        let answer = &timeline.answers[given.ordinal];
        if tracing::enabled!(tracing::Level::DEBUG) {
            let path = self.mask.apply(request.head.uri.path());
            let (name, number) = (&timeline.cassette.name, given.ordinal + 1);
            tracing::debug!("replayed: {} {path} from {name} #{number}", request.head.method);
        }
        let bindings = if answer.is_open() { session.bindings.read() } else { None };
        let shift = if self.told.is_some() {
            let shift = session.clock.shift(timeline.cassette.interactions[given.ordinal].at);
            shift.saturating_add(session.scripts.advanced())
        } else {
            0
        };
        let client = || request.client_origin();
        let is_forwarded = request.asked.is_some();
        let bound = bindings.as_ref().and_then(|all| all.of(timeline.numbers.timeline));
        let context = Filling { client: &client, known: OnceCell::new(), is_forwarded, bound, shift };
        let asker =
            Asker { head: &request.head, scheme: request.scheme, is_forwarded, context, origin: &client };
        answer.send(&asker)
    }
}

/// A request for which nothing is due.
#[derive(Debug)]
pub struct Missed {
    pub(super) reason: Reason,
    /// The request's body, decoded.
    pub(super) body: Bytes,
}

/// The one cassette that the client asks for by name, or that its session was made for.
fn asked_of<'a>(session: &'a Session, request: &'a Request) -> Option<Cow<'a, str>> {
    let header = request.told().cassette.then(|| request.head.headers.get(CASSETTE)).flatten();
    let asked = header.map(|name| String::from_utf8_lossy(name.as_bytes()));
    asked.or_else(|| session.run.pinned.as_deref().map(Cow::Borrowed))
}

pub(super) fn live<'a>(request: &'a Request, body: &'a Bytes, client: ClientOrigin<'a>) -> LiveRequest<'a> {
    LiveRequest { method: &request.head.method, target: request.target(), body, client, translation: None }
}

/// The request's body, decoded: two clients may send one body in two codings. The request keeps it as it came.
///
/// # Errors
/// It did not arrive whole, or is too large.
pub async fn decoded_body(request: &mut Request) -> Result<Bytes, Error> {
    let body = std::mem::take(&mut request.body);
    let whole = body.read(BODY_LIMIT).await.map_err(Error::RequestBroken)?;
    let bytes = whole.map_err(|_| Error::RequestTooLarge)?.data;
    request.body = Body::Whole(bytes.clone());
    Ok(decoded_as(&request.head.headers, bytes))
}

/// A body decoded as its headers say; as it is, where it is not what they say.
pub fn decoded_as(headers: &HeaderMap, bytes: Bytes) -> Bytes {
    match Coding::of(headers) {
        Ok(Some(coding)) => {
            apart(bytes.len() > LONG_CODED, || coding.decode(&bytes, BODY_LIMIT)).unwrap_or(bytes)
        }
        _ => bytes,
    }
}
