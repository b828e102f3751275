//! Finds the recorded answer that is due for a request: one key and one look-up, whatever the number of recordings.

use std::sync::Arc;

use ::http::{HeaderMap, header};
use bytes::Bytes;

use super::answer::{Asker, KnownHeaders};
use super::miss::{self, Reason, Scope};
use super::session::{Due, Given, Place, Session};
use super::sessions::Sessions;
use super::timeline::Timeline;
use crate::cassette::{Cassette, Interaction, Repeat, RequestBody};
use crate::error::Error;
use crate::http::{BODY_LIMIT, CASSETTE, Coding, LinkFinder, Origin, Reply, Request};
use crate::matching::{Hidden, Matcher};
use crate::profile::Profile;

/// How recordings are played.
#[derive(Debug, Clone)]
pub struct ReplayOptions {
    /// Whether links to the recorded origin come back with the client's own.
    pub rewrite_links: bool,
    /// What a write does when its recordings are used up; `None`: as the cassette says.
    pub repeat: Option<Repeat>,
}

impl Default for ReplayOptions {
    fn default() -> Self {
        Self { rewrite_links: true, repeat: None }
    }
}

/// All loaded cassettes, findable by request, and the session that plays them.
#[derive(Debug)]
pub struct Player {
    matcher: Matcher,
    timelines: Vec<Timeline>,
    /// Key → the tracks that have it, by the cassettes' names.
    index: hashbrown::HashMap<Box<[u8]>, Places, foldhash::fast::RandomState>,
    /// Whether any recording stands for requests with any body.
    has_any_body: bool,
    /// Fields that match by their value and are not shown.
    secret_fields: Vec<String>,
    sessions: Sessions,
}

impl Player {
    /// Makes `cassettes` findable.
    pub fn new(mut cassettes: Vec<Cassette>, profile: &Profile, options: &ReplayOptions) -> Self {
        let mut matcher = Matcher::new(profile.volatile.clone());
        let mut upstreams: Vec<&str> = cassettes.iter().map(|own| own.header.upstream.as_str()).collect();
        upstreams.sort_unstable();
        upstreams.dedup();
        for origin in upstreams.into_iter().filter_map(|upstream| Origin::parse(upstream).ok()) {
            matcher.add_origin(&origin);
        }
        cassettes.sort_by(|one, other| one.name.cmp(&other.name));
        let mut player = Self {
            matcher,
            timelines: Vec::with_capacity(cassettes.len()),
            index: hashbrown::HashMap::default(),
            has_any_body: false,
            secret_fields: profile.sensitive.secret_fields(),
            sessions: Sessions::default(),
        };
        let mut known = KnownHeaders::default();
        for cassette in cassettes {
            player.add(cassette, profile, options, &mut known);
        }
        player
    }

    fn add(
        &mut self,
        cassette: Cassette,
        profile: &Profile,
        options: &ReplayOptions,
        known: &mut KnownHeaders,
    ) {
        let origin = Origin::parse(&cassette.header.upstream).ok().filter(|_| options.rewrite_links);
        let links = origin.as_ref().map(LinkFinder::new);
        let unrecorded = |own: &Interaction| own.request.body == RequestBody::Unrecorded;
        self.has_any_body |= cassette.interactions.iter().any(unrecorded);
        let (timeline, keys) =
            Timeline::build(cassette, &self.matcher, profile, options.repeat, links.as_ref(), known);
        let number = self.timelines.len();
        for (key, entry) in keys {
            let found =
                Found { place: Place { timeline: number, track: entry.track }, constant: entry.constant };
            self.index
                .entry(key.into_bytes().into())
                .and_modify(|places| places.add(found))
                .or_insert(Places::One(found));
        }
        self.timelines.push(timeline);
    }

    /// How many cassettes are loaded.
    pub fn cassettes(&self) -> usize {
        self.timelines.len()
    }

    /// How many interactions they hold.
    pub fn interactions(&self) -> usize {
        self.timelines.iter().map(|timeline| timeline.answers.len()).sum()
    }

    /// Starts all recordings afresh.
    pub fn reset(&self) {
        self.sessions.reset();
    }

    /// The recorded answer that is due.
    ///
    /// # Errors
    /// A miss, or a request body that did not arrive whole.
    pub async fn answer(&self, mut request: Request) -> Result<Reply, Error> {
        let body = read_body(&mut request).await?;
        let session = self.sessions.of(&request);
        let client = || request.client_origin();
        let key = self.matcher.key(&request.head.method, request.target(), &body, &client);
        let exact = self.index.get(key.as_bytes()).map(Places::as_slice).unwrap_or_default();
        let looser = if self.has_any_body {
            let key = self.matcher.key_of_any_body(&request.head.method, request.target(), &client);
            self.index.get(key.as_bytes()).map(Places::as_slice).unwrap_or_default()
        } else {
            &[]
        };
        match self.choose(&session, &request, exact, looser) {
            Ok(given) => Ok(self.send(session, &request, given)),
            Err(reason) => {
                let pinned = self.pinned(&request.head.headers).ok().flatten();
                let hidden = Hidden { varying: self.matcher.presence_only(), secret: &self.secret_fields };
                let scope = Scope { timelines: &self.timelines, pinned, hidden };
                Err(Error::Miss(miss::report(&request, &body, &reason, &scope)))
            }
        }
    }

    /// Asks the timeline that answered last, then the others by name; exact keys before those of any body.
    fn choose(
        &self,
        session: &Session,
        request: &Request,
        exact: &[Found],
        looser: &[Found],
    ) -> Result<Given, Reason> {
        let pinned = self.pinned(&request.head.headers)?;
        let last = session.last();
        let conditional = is_conditional(&request.head.headers);
        let mut reason = Reason::NeverRecorded;
        for places in [exact, looser] {
            let led = places.iter().filter(|found| Some(found.place.timeline) == last);
            let others = places.iter().filter(|found| Some(found.place.timeline) != last);
            for &Found { place, constant } in led.chain(others) {
                if pinned.is_some_and(|pinned| pinned != place.timeline) {
                    continue;
                }
                let timeline = &self.timelines[place.timeline];
                if let Some(ordinal) = constant {
                    session.answered_by(place.timeline);
                    return Ok(Given::always(place, ordinal));
                }
                match session.take(timeline, place, conditional) {
                    Due::Recording(given) => {
                        session.answered_by(place.timeline);
                        return Ok(given);
                    }
                    Due::UsedUp => reason.used_up(place, &timeline.tracks[place.track].recordings),
                    Due::OnlyConditional if matches!(reason, Reason::NeverRecorded) => {
                        reason = Reason::OnlyConditional;
                    }
                    Due::OnlyConditional => {}
                }
            }
        }
        Err(reason)
    }

    /// The one timeline that the client asks for by name.
    fn pinned(&self, headers: &HeaderMap) -> Result<Option<usize>, Reason> {
        let Some(name) = headers.get(CASSETTE) else { return Ok(None) };
        let name = String::from_utf8_lossy(name.as_bytes());
        let found = self.timelines.iter().position(|timeline| timeline.cassette.name == name);
        found.map(Some).ok_or_else(|| Reason::NoSuchCassette(name.into_owned()))
    }

    fn send(&self, session: Arc<Session>, request: &Request, given: Given) -> Reply {
        let timeline = &self.timelines[given.place.timeline];
        let answer = &timeline.answers[given.ordinal];
        tracing::debug!(
            "replayed: {} {} from {} #{}",
            request.head.method,
            request.head.uri.path(),
            timeline.cassette.name,
            given.ordinal + 1
        );
        let asker =
            Asker { head: &request.head, scheme: request.scheme, origin: &|| request.client_origin() };
        let reply = answer.send(&asker);
        if !given.is_owed() {
            return reply;
        }
        reply.map(|body| body.guarded(move || session.give_back(given)))
    }
}

/// What the index holds for a key in one cassette.
#[derive(Debug, Clone, Copy)]
struct Found {
    place: Place,
    /// The recording that is always due: the session need not be asked.
    constant: Option<usize>,
}

/// What the index holds for a key. Nearly all keys stand in one cassette: that one needs no list.
#[derive(Debug)]
enum Places {
    One(Found),
    Several(Vec<Found>),
}

impl Places {
    fn as_slice(&self) -> &[Found] {
        match self {
            Self::One(found) => std::slice::from_ref(found),
            Self::Several(found) => found,
        }
    }

    fn add(&mut self, found: Found) {
        match self {
            Self::One(first) => *self = Self::Several(vec![*first, found]),
            Self::Several(all) => all.push(found),
        }
    }
}
impl Reason {
    fn used_up(&mut self, place: Place, recordings: &[usize]) {
        let mut used = match std::mem::replace(self, Self::NeverRecorded) {
            Self::UsedUp(used) => used,
            _ => Vec::new(),
        };
        used.extend(recordings.iter().map(|&ordinal| (place.timeline, ordinal)));
        *self = Self::UsedUp(used);
    }
}

/// The request's body, decoded: two clients may send one body in two codings.
async fn read_body(request: &mut Request) -> Result<Bytes, Error> {
    let body = std::mem::take(&mut request.body);
    if http_body::Body::is_end_stream(&body) {
        return Ok(Bytes::new());
    }
    let whole = body.read(BODY_LIMIT).await.map_err(Error::RequestBroken)?;
    let bytes = whole.map_err(|_| Error::RequestTooLarge)?.data;
    match Coding::of(&request.head.headers) {
        Ok(Some(coding)) => Ok(coding.decode(&bytes, BODY_LIMIT).unwrap_or(bytes)),
        _ => Ok(bytes),
    }
}

fn is_conditional(headers: &HeaderMap) -> bool {
    headers.contains_key(header::IF_NONE_MATCH) || headers.contains_key(header::IF_MODIFIED_SINCE)
}
