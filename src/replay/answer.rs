//! A recorded response made ready to send: everything that does not depend on the request is done at load.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use ::http::header::Entry;
use ::http::request::Parts;
use ::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Version, header};
use bytes::Bytes;

use super::splitter::{Medium, Splitter};
use super::template::{Context, Template};
use crate::cassette::{Framing, Interaction};
use crate::http::{Body, Coding, Origin, Reply, end_to_end, filtered, localise_cookie};

/// A recorded response, ready.
#[derive(Debug)]
pub(super) struct Answer {
    status: StatusCode,
    /// All headers in recorded order, ready for a client to whom nothing has to be adapted.
    headers: Arc<HeaderMap>,
    /// Values with open places or that depend on how the client reached us: all those of their names.
    local: Vec<(HeaderName, Vec<LocalValue>)>,
    body: AnswerBody,
    /// The coding that the upstream used, put on again for a client that accepts it.
    coding: Option<Coding>,
    framing: Framing,
    /// What few answers have, apart, so that many answers lie close together in memory.
    rare: Box<Rare>,
}

#[derive(Debug, Default)]
struct Rare {
    /// The last coded body, and whom it was for: coding costs more than all else together.
    coded: Mutex<Option<(CodedFor, Bytes)>>,
    trailers: Option<HeaderMap>,
}

/// What a coded body depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
enum CodedFor {
    Anyone,
    /// Those who reach us by this origin.
    Origin(Origin),
    /// Those who get this text.
    Text(Bytes),
}

/// Headers that occurred before, each value and each whole set kept once: much is the same in every answer of an API,
/// and what is shared stays in the processor's cache.
#[derive(Debug, Default)]
pub(super) struct KnownHeaders {
    values: HashSet<Bytes>,
    sets: HashMap<Vec<u8>, Arc<HeaderMap>>,
}

impl KnownHeaders {
    fn share(&mut self, mut headers: HeaderMap) -> Arc<HeaderMap> {
        let mut all = Vec::new();
        for (name, value) in &headers {
            // No name and no value holds a line end.
            all.extend_from_slice(name.as_str().as_bytes());
            all.push(b'\n');
            all.extend_from_slice(value.as_bytes());
            all.push(b'\n');
        }
        if let Some(known) = self.sets.get(&all) {
            return Arc::clone(known);
        }
        for value in headers.values_mut() {
            let known = self.values.get(value.as_bytes()).cloned().unwrap_or_else(|| {
                let own = Bytes::copy_from_slice(value.as_bytes());
                self.values.insert(own.clone());
                own
            });
            if let Ok(known) = HeaderValue::from_maybe_shared(known) {
                *value = known;
            }
        }
        let shared = Arc::new(headers);
        self.sets.insert(all, Arc::clone(&shared));
        shared
    }
}

#[derive(Debug)]
enum LocalValue {
    Same(HeaderValue),
    Open(OpenValue),
    Cookie(Box<Cookie>),
}

/// A header's value with open places.
#[derive(Debug)]
struct OpenValue {
    recorded: HeaderValue,
    template: Option<Template>,
}

/// A cookie for those who asked us by http, for those by https, and for a forward proxy's clients.
#[derive(Debug)]
struct Cookie {
    plain: OpenValue,
    secure: OpenValue,
    forwarded: OpenValue,
}

#[derive(Debug)]
enum AnswerBody {
    Empty,
    Fixed(Bytes),
    Open(Template),
}

/// Who asks: what an answer may depend on.
pub(super) struct Asker<'a, C> {
    pub(super) head: &'a Parts,
    pub(super) scheme: &'static str,
    /// Whether it asks for another origin than ours.
    pub(super) is_forwarded: bool,
    /// What comes to the open places.
    pub(super) context: C,
    /// The origin that it believes to talk to.
    pub(super) origin: &'a dyn Fn() -> Origin,
}

impl Answer {
    /// Splits the response at its open places, those that `splitter` finds.
    pub(super) fn new(interaction: &Interaction, splitter: &Splitter, known: &mut KnownHeaders) -> Self {
        let response = &interaction.response;
        let coded = response.body.as_ref().is_some_and(|body| body.coded);
        let has_body = !matches!(response.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        let body = response.body.as_ref().filter(|_| has_body);
        let bytes = body.map(|body| body.bytes.clone()).unwrap_or_default();
        let mut computed = Vec::new();
        // Without a body (HEAD, 304) there is nothing to compute a length from.
        let bodiless =
            interaction.request.method == Method::HEAD || response.status == StatusCode::NOT_MODIFIED;
        if !bodiless {
            computed.push(header::CONTENT_LENGTH);
        }
        if response.status == StatusCode::NO_CONTENT {
            computed.push(header::CONTENT_TYPE);
        }
        let mut headers = end_to_end(&response.headers, &computed);
        if !bodiless && has_body && response.framing == Framing::Length {
            // Last, as at record. What is rendered or coded for a client puts its own length in this place.
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
        }
        let headers = known.share(headers);
        let coding = if coded || bytes.is_empty() { None } else { Coding::of(&headers).ok().flatten() };
        let medium = Medium::of(&headers).filter(|_| !coded);
        let body = match medium.and_then(|medium| splitter.split(&bytes, medium)) {
            Some(template) => AnswerBody::Open(template),
            None if bytes.is_empty() => AnswerBody::Empty,
            None => AnswerBody::Fixed(bytes),
        };
        let local = local_headers(&headers, splitter);
        Self {
            status: response.status,
            headers,
            local,
            body,
            coding,
            framing: response.framing,
            rare: Box::new(Rare {
                coded: Mutex::default(),
                trailers: (!response.trailers.is_empty()).then(|| response.trailers.clone()),
            }),
        }
    }

    /// Whether it says that nothing changed: an answer to conditional requests only.
    pub(super) fn is_not_modified(&self) -> bool {
        self.status == StatusCode::NOT_MODIFIED
    }

    /// Whether its status is of the 2xx class.
    pub(super) fn is_success(&self) -> bool {
        self.status.is_success()
    }

    /// Whether bindings can show in it.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.body, AnswerBody::Open(_)) || !self.local.is_empty()
    }

    /// The response for one client.
    pub(super) fn send<C: Context>(&self, asker: &Asker<'_, C>) -> Reply {
        let mut headers = HeaderMap::clone(&self.headers);
        for (name, values) in &self.local {
            if let Entry::Occupied(mut entry) = headers.entry(name) {
                for (sent, local) in entry.iter_mut().zip(values) {
                    *sent = local.for_client(asker);
                }
            }
        }
        let body = match &self.body {
            AnswerBody::Empty => Bytes::new(),
            AnswerBody::Fixed(bytes) => {
                self.coded_for(asker, &mut headers, || CodedFor::Anyone, |_| bytes.clone())
            }
            AnswerBody::Open(template) if !asker.is_forwarded && template.is_linked_only() => {
                let origin = || CodedFor::Origin((asker.origin)());
                self.coded_for(asker, &mut headers, origin, |_| template.render(&asker.context))
            }
            AnswerBody::Open(template) => {
                let text = || CodedFor::Text(template.render(&asker.context));
                self.coded_for(asker, &mut headers, text, |whom| match whom {
                    Some(CodedFor::Text(text)) => text,
                    _ => template.render(&asker.context),
                })
            }
        };
        // HTTP/1.0 knows no chunks (RFC 9112 §6.1), and with a length its connection can be used again.
        let unsized_body = self.framing == Framing::Chunked && asker.head.version != Version::HTTP_10;
        let body = match body {
            body if unsized_body && self.may_have_body() => {
                Body::Unsized(Some(body), self.rare.trailers.clone())
            }
            body if body.is_empty() => Body::Empty,
            body => {
                if self.is_adapted() {
                    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
                }
                Body::Whole(body)
            }
        };
        let mut reply = Response::new(body);
        *reply.status_mut() = self.status;
        *reply.headers_mut() = headers;
        reply
    }

    /// Whether the body's length can differ from the recorded one's.
    fn is_adapted(&self) -> bool {
        self.coding.is_some() || matches!(self.body, AnswerBody::Open(_)) || self.framing == Framing::Chunked
    }

    fn may_have_body(&self) -> bool {
        !matches!(self.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
    }

    /// The body, coded if it was and the client takes that. `whom` tells what it depends on, `plain` makes it.
    fn coded_for<C>(
        &self,
        asker: &Asker<'_, C>,
        headers: &mut HeaderMap,
        whom: impl FnOnce() -> CodedFor,
        plain: impl FnOnce(Option<CodedFor>) -> Bytes,
    ) -> Bytes {
        let Some(coding) = self.coding else { return plain(None) };
        if !coding.accepted_by(&asker.head.headers) {
            *headers = filtered(headers, |name| name != header::CONTENT_ENCODING);
            return plain(None);
        }
        let whom = whom();
        // Std locks: each is held for one copy of a few pointers.
        let kept = self.rare.coded.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        if let Some((_, bytes)) = kept.filter(|(own, _)| *own == whom) {
            return bytes;
        }
        let bytes = coding.encode(&plain(Some(whom.clone())));
        *self.rare.coded.lock().unwrap_or_else(std::sync::PoisonError::into_inner) =
            Some((whom, bytes.clone()));
        bytes
    }
}

/// What differs between clients in the values of those headers where anything does.
fn local_headers(headers: &HeaderMap, splitter: &Splitter) -> Vec<(HeaderName, Vec<LocalValue>)> {
    let local = |name: &HeaderName, value: &HeaderValue| {
        if name == header::SET_COOKIE && splitter.has_links() {
            return LocalValue::Cookie(Box::new(Cookie {
                plain: OpenValue::of_cookie(localise_cookie(value, false), splitter),
                secure: OpenValue::of_cookie(localise_cookie(value, true), splitter),
                forwarded: OpenValue::of_cookie(value.clone(), splitter),
            }));
        }
        match splitter.split_header(name, value) {
            Some(template) => {
                LocalValue::Open(OpenValue { recorded: value.clone(), template: Some(template) })
            }
            None => LocalValue::Same(value.clone()),
        }
    };
    headers
        .keys()
        .map(|name| {
            (name.clone(), headers.get_all(name).iter().map(|value| local(name, value)).collect::<Vec<_>>())
        })
        .filter(|(_, values)| values.iter().any(|value| !matches!(value, LocalValue::Same(_))))
        .collect()
}

impl LocalValue {
    fn for_client<C: Context>(&self, asker: &Asker<'_, C>) -> HeaderValue {
        match self {
            Self::Same(value) => value.clone(),
            Self::Open(value) => value.fill(&asker.context),
            Self::Cookie(cookie) if asker.is_forwarded => cookie.forwarded.fill(&asker.context),
            Self::Cookie(cookie) if asker.scheme == "https" => cookie.secure.fill(&asker.context),
            Self::Cookie(cookie) => cookie.plain.fill(&asker.context),
        }
    }
}

impl OpenValue {
    fn of_cookie(recorded: HeaderValue, splitter: &Splitter) -> Self {
        let template = splitter.split_cookie(&recorded);
        Self { recorded, template }
    }

    fn fill(&self, context: &impl Context) -> HeaderValue {
        let filled = self.template.as_ref().map(|template| template.render(context));
        // A value that a header cannot hold, such as one with a line end, stays what was recorded.
        filled
            .and_then(|bytes| HeaderValue::from_maybe_shared(bytes).ok())
            .unwrap_or_else(|| self.recorded.clone())
    }
}
