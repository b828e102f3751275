//! One request that a scenario is for: what scripts do before an answer is looked for, and to the answer.

use std::sync::Arc;

use ::http::response::Parts;
use ::http::{
    HeaderMap, HeaderName, HeaderValue, Method, Response as HttpResponse, StatusCode, Version, header,
};
use bytes::Bytes;
use tokio::sync::Semaphore;

use super::{Answer, Loaded, OnScriptError, Proxy, Scenarios};
use crate::apart::apart;
use crate::error::Error;
use crate::fault::Faults;
use crate::http::{BODY_LIMIT, Body, Coding, Guard, Reply, Request, Whole, end_to_end, filtered};
use crate::journal::{Open, Scripted as Entry};
use crate::profile::Kind;
use crate::replay::{Recording, Session, decoded_body};
use crate::scenario::{self, Decision, Origin, Response, Route, ScenarioState, ScriptError, Set};

/// What belongs to one connection, and to whoever serves it.
const FRAMING: [HeaderName; 6] = [
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::TRAILER,
    header::TE,
    HeaderName::from_static("keep-alive"),
];

/// The handlers that a request meets, and its session.
#[derive(Debug)]
pub(super) struct Scripted {
    set: Arc<Set>,
    /// `None`: no handler is for it, but the session has overlays.
    route: Option<Route>,
    session: Arc<Session>,
}

/// One request on its way past the scripts.
struct Scene<'a> {
    scenarios: &'a Scenarios,
    scripted: &'a Scripted,
    state: &'a ScenarioState,
    shown: Arc<scenario::Request>,
    faults: Faults,
    slow: &'a Semaphore,
    /// What handlers did, if somebody looks on.
    fired: Option<Vec<Entry>>,
}

/// An answer that scripts may be shown.
struct Shown {
    /// As it came, without headers, if those are as scripts are shown them.
    parts: Parts,
    is_coded: bool,
    /// As it came, coded or not.
    body: Bytes,
    /// What follows a body whose length was not told.
    framing: Framing,
    response: Response,
}

enum Framing {
    Length,
    Chunked(Option<HeaderMap>),
}

impl Scripted {
    pub(super) fn new(set: Arc<Set>, route: Option<Route>, session: Arc<Session>) -> Self {
        Self { set, route, session }
    }
}

impl Proxy {
    /// The answer to a request that a scenario is for.
    pub(super) async fn scripted(
        &self,
        loaded: &Loaded,
        scenarios: &Scenarios,
        scripted: Scripted,
        mut request: Box<Request>,
        entry: &mut Option<Open<'_>>,
    ) -> Result<(Reply, &'static str), Error> {
        let recorded = || loaded.player.as_ref().and_then(|player| player.recorded_at());
        let state = scenarios.state_of(&scripted.session, recorded);
        let decoded = if http_body::Body::is_end_stream(&request.body) {
            Bytes::new()
        } else {
            decoded_body(&mut request).await?
        };
        let shown = Arc::new(shown(&request, decoded).veiled(scenarios.veil()));
        let fired = entry.is_some().then(Vec::new);
        let (scripted, faults) = (&scripted, Faults::NONE);
        let mut scene = Scene { scenarios, scripted, state, shown, faults, slow: &self.slow, fired };
        let answered = self.played(loaded, &mut scene, request, entry).await;
        if let (Some(entry), Some(fired)) = (entry, scene.fired) {
            entry.scripts(fired);
        }
        let (mut reply, outcome) = answered?;
        if !scene.faults.is_none() {
            reply.extensions_mut().insert(scene.faults);
        }
        Ok((reply, outcome))
    }

    async fn played(
        &self,
        loaded: &Loaded,
        scene: &mut Scene<'_>,
        request: Box<Request>,
        entry: &mut Option<Open<'_>>,
    ) -> Result<(Reply, &'static str), Error> {
        let before = scene.before().await?;
        if before.is_silence() {
            return Ok((Reply::default(), "scripted"));
        }
        let answer = match before.answer {
            None => scene.gone().await,
            answer => answer,
        };
        if let Some(response) = answer {
            let after = scene.after(&response).await?;
            let reply = made(after.unwrap_or(response), Framing::Length);
            return Ok((reply, "scripted"));
        }
        let (session, version) = (&scene.scripted.session, request.head.version);
        let Answer { reply, outcome, recording, guard } = match self.recorded_now(loaded, session, &request) {
            Some(answer) => answer?,
            None => Box::pin(self.unscripted(loaded, session, request, entry)).await?,
        };
        scene.moved(reply.status()).await;
        let reply = if scene.wants(&reply) { scene.changed(reply, recording, loaded).await? } else { reply };
        Ok((guarded(reply, guard, &scene.faults, version), outcome))
    }
}

/// The reply, whose guard is told if a fault keeps it from its client.
fn guarded(reply: Reply, guard: Option<Guard>, faults: &Faults, version: Version) -> Reply {
    let Some(guard) = guard else { return reply };
    let is_cut = faults.wire.is_some_and(|wire| wire.cuts_a_bare_answer(version == Version::HTTP_2));
    if is_cut && http_body::Body::is_end_stream(reply.body()) {
        // There is no body whose way out would tell.
        drop(guard);
        return reply;
    }
    reply.map(|body| body.guarded(guard))
}

impl Scene<'_> {
    /// Works on the session. Where that may take long, requests wait for each other without a thread.
    async fn run<T>(&self, is_slow: bool, work: impl FnOnce() -> T) -> T {
        let scripts = &self.scripted.session.scripts;
        // What is quick is waited for by the thread itself: that takes less time than to let others have it.
        if !is_slow && !scripts.is_slow_turn() {
            return work();
        }
        let _turn = scripts.turn().await;
        if !is_slow {
            return work();
        }
        // It is never closed.
        let _slow = self.slow.acquire().await;
        apart(true, work)
    }

    /// The answer for an entity that is gone.
    async fn gone(&self) -> Option<Response> {
        if self.state.has_overlays() { self.run(false, || self.state.gone(&self.shown)).await } else { None }
    }

    /// What handlers decide before an answer is looked for.
    async fn before(&mut self) -> Result<Decision, Error> {
        let Some(route) = &self.scripted.route else { return Ok(Decision::default()) };
        let (set, state) = (&self.scripted.set, self.state);
        let ran = self.run(set.is_slow(route), || set.before(route, &self.shown, state)).await;
        let decision = self.settled(ran)?;
        self.note(&decision);
        Ok(decision)
    }

    /// The answer as handlers and overlays make it; `None`: as it is.
    async fn after(&mut self, response: &Response) -> Result<Option<Response>, Error> {
        let (set, state) = (&self.scripted.set, self.state);
        let Some(route) = &self.scripted.route else {
            return Ok(self.run(false, || state.overlaid(&self.shown, response)).await);
        };
        let ran = self.run(set.is_slow(route), || set.after(route, &self.shown, response, state)).await;
        let decision = self.settled(ran)?;
        self.note(&decision);
        Ok(decision.answer)
    }

    /// The decision, or what a script error comes to.
    fn settled(&self, ran: Result<Decision, Box<ScriptError>>) -> Result<Decision, Error> {
        match (ran, self.scenarios.options().on_error) {
            (Ok(decision), _) => Ok(decision),
            (Err(error), OnScriptError::Fail) => Err(Error::Script(error)),
            (Err(error), OnScriptError::Recorded) => {
                tracing::warn!(
                    "a script failed, and the answer goes out without it (--on-script-error): {error}"
                );
                Ok(Decision::default())
            }
        }
    }

    fn note(&mut self, decision: &Decision) {
        self.faults.join(decision.faults);
        if let Some(fired) = &mut self.fired {
            fired.extend(decision.fired.iter().map(|own| Entry {
                scenario: own.handler.scenario().to_owned(),
                handler: own.handler.label(),
                effects: own.effects.clone(),
            }));
        }
    }

    /// Notes that the recording or the API itself moved on what was written to.
    async fn moved(&self, status: StatusCode) {
        if !self.state.has_overlays() || !status.is_success() {
            return;
        }
        let segments: Vec<&str> = self.shown.path().split('/').filter(|part| !part.is_empty()).collect();
        let kind = self.scenarios.options().profile.kind(&self.shown.method, &segments);
        if matches!(kind, Kind::Write) {
            self.run(false, || self.state.moved_by(&self.shown)).await;
        }
    }

    /// Whether the answer has to be looked at.
    fn wants(&self, reply: &Reply) -> bool {
        if reply.status() == StatusCode::SWITCHING_PROTOCOLS {
            return false;
        }
        let content_type = reply.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
        let is = |what: &[u8]| content_type.is_some_and(|own| memchr::memmem::find(own, what).is_some());
        if is(b"text/event-stream") {
            // It has no end that could be waited for.
            return false;
        }
        let is_seen = self.scripted.route.as_ref().is_some_and(|route| self.scripted.set.sees_answers(route));
        is_seen || (self.state.has_overlays() && is(b"json"))
    }

    /// The reply as scripts make it.
    async fn changed(
        &mut self,
        reply: Reply,
        recording: Option<Recording>,
        loaded: &Loaded,
    ) -> Result<Reply, Error> {
        let origin = if recording.is_some() { Origin::Recording } else { Origin::Upstream };
        let mut shown = match Shown::of(reply, origin).await? {
            Ok(shown) => shown,
            Err(reply) => {
                tracing::warn!(
                    "{} {}: no script sees the answer, whose body is larger than {BODY_LIMIT} bytes",
                    self.shown.method,
                    self.shown.shown_path()
                );
                return Ok(reply);
            }
        };
        shown.response.json =
            recording.and_then(|recording| loaded.documents.read(recording, &shown.response.body));
        let told = shown.response.headers.get(header::CONTENT_LENGTH).cloned();
        let Some(mut response) = self.after(&shown.response).await? else { return Ok(shown.unchanged()) };
        if let Some(told) = told.filter(|_| self.shown.method == Method::HEAD && response.body.is_empty())
            && response.headers.contains_key(header::CONTENT_LENGTH)
        {
            // It is that of the body which GET would give (RFC 9110 §9.3.2).
            Arc::make_mut(&mut response.headers).insert(header::CONTENT_LENGTH, told);
        }
        // What it was may go now, so that its headers need not be copied.
        drop(shown.response);
        Ok(made(response, shown.framing))
    }
}

impl Shown {
    /// Reads the reply whole; gives it back if it is too large for that.
    async fn of(reply: Reply, origin: Origin) -> Result<Result<Self, Reply>, Error> {
        let (mut parts, body) = reply.into_parts();
        let is_chunked = http_body::Body::size_hint(&body).exact().is_none();
        let Whole { data, trailers } = match body.read(BODY_LIMIT).await.map_err(Error::AnswerBroken)? {
            Ok(whole) => whole,
            Err(rest) => return Ok(Err(Reply::from_parts(parts, rest))),
        };
        let framing = if is_chunked { Framing::Chunked(trailers) } else { Framing::Length };
        let coding = Coding::of(&parts.headers).ok().flatten();
        let decoded = coding.and_then(|coding| coding.decode(&data, BODY_LIMIT).ok());
        let is_coded = decoded.is_some();
        // What is changed goes out as plain text, which every client takes.
        let headers = if is_coded {
            filtered(&parts.headers, |name| name != header::CONTENT_ENCODING)
        } else {
            std::mem::take(&mut parts.headers)
        };
        let response = Response {
            status: parts.status,
            headers: Arc::new(headers),
            body: decoded.unwrap_or_else(|| data.clone()),
            json: None,
            origin,
        };
        Ok(Ok(Self { parts, is_coded, body: data, framing, response }))
    }

    /// As it came.
    fn unchanged(mut self) -> Reply {
        if !self.is_coded {
            self.parts.headers = Arc::unwrap_or_clone(self.response.headers);
        }
        let body = match self.framing {
            Framing::Chunked(trailers) => Body::Unsized(Some(self.body), trailers),
            Framing::Length if self.body.is_empty() => Body::Empty,
            Framing::Length => Body::Whole(self.body),
        };
        Reply::from_parts(self.parts, body)
    }
}

/// What a script made of an answer, as it goes out.
fn made(response: Response, framing: Framing) -> Reply {
    let Response { status, headers, body, .. } = response;
    // Framing is not for scripts to say; faults of the wire are.
    let says_framing = FRAMING.iter().any(|name| headers.contains_key(name));
    let mut headers = if says_framing { end_to_end(&headers, &[]) } else { Arc::unwrap_or_clone(headers) };
    let has_body = !matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let body = match framing {
        Framing::Chunked(trailers) if has_body => {
            headers = filtered(&headers, |name| name != header::CONTENT_LENGTH);
            Body::Unsized(Some(body), trailers)
        }
        _ if body.is_empty() => Body::Empty,
        _ => {
            headers.insert(header::CONTENT_LENGTH, body.len().into());
            Body::Whole(body)
        }
    };
    let mut reply = HttpResponse::new(body);
    *reply.status_mut() = status;
    *reply.headers_mut() = headers;
    reply
}

/// The request as scripts see it.
fn shown(request: &Request, decoded: Bytes) -> scenario::Request {
    let origin = request.client_origin();
    let url = [origin.scheme(), "://", origin.authority(), request.target()].concat();
    scenario::Request::new(request.head.method.clone(), url, request.head.headers.clone(), decoded)
}
