//! A recorded response made ready to send: everything that does not depend on the request is done at load.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use ::http::header::Entry;
use ::http::request::Parts;
use ::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Version, header};
use bytes::Bytes;

use crate::cassette::{Framing, Interaction};
use crate::http::{
    Body, Coding, LinkFinder, Origin, Reply, Template, end_to_end, filtered, is_text, localise_cookie,
};

/// A recorded response, ready.
#[derive(Debug)]
pub(super) struct Answer {
    status: StatusCode,
    /// All headers in recorded order, ready for a client to whom nothing has to be adapted.
    headers: Arc<HeaderMap>,
    /// Values that carry the client's origin or depend on how it reached us: all those of their names.
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
    /// The last coded body, and the origin that its links carry: coding costs more than all else together.
    coded: Mutex<Option<(Option<Origin>, Bytes)>>,
    trailers: Option<HeaderMap>,
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
    Linked(Template),
    Cookie { plain: HeaderValue, secure: HeaderValue },
}

#[derive(Debug)]
enum AnswerBody {
    Empty,
    Fixed(Bytes),
    Linked(Template),
}

/// Who asks: what an answer may depend on.
pub(super) struct Asker<'a> {
    pub(super) head: &'a Parts,
    pub(super) scheme: &'static str,
    /// Computed only for answers that carry links.
    pub(super) origin: &'a dyn Fn() -> Origin,
}

impl Answer {
    /// Splits the response at its links, those that `links` finds; `None` leaves every byte as recorded.
    pub(super) fn new(
        interaction: &Interaction,
        links: Option<&LinkFinder>,
        known: &mut KnownHeaders,
    ) -> Self {
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
        let template = links.filter(|_| !coded && is_text(&headers)).and_then(|links| links.split(&bytes));
        let body = match template {
            Some(template) => AnswerBody::Linked(template),
            None if bytes.is_empty() => AnswerBody::Empty,
            None => AnswerBody::Fixed(bytes),
        };
        let local = links.map(|links| local_headers(&headers, links)).unwrap_or_default();
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

    /// The response for one client.
    pub(super) fn send(&self, asker: &Asker<'_>) -> Reply {
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
            AnswerBody::Fixed(bytes) => self.coded_for(asker, &mut headers, None, || bytes.clone()),
            AnswerBody::Linked(template) => {
                let origin = (asker.origin)();
                self.coded_for(asker, &mut headers, Some(&origin), || template.render(&origin).into())
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
        self.coding.is_some()
            || matches!(self.body, AnswerBody::Linked(_))
            || self.framing == Framing::Chunked
    }

    fn may_have_body(&self) -> bool {
        !matches!(self.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
    }

    fn coded_for(
        &self,
        asker: &Asker<'_>,
        headers: &mut HeaderMap,
        origin: Option<&Origin>,
        plain: impl FnOnce() -> Bytes,
    ) -> Bytes {
        let Some(coding) = self.coding else { return plain() };
        if !coding.accepted_by(&asker.head.headers) {
            *headers = filtered(headers, |name| name != header::CONTENT_ENCODING);
            return plain();
        }
        // Std locks: each is held for one comparison and one copy of a pointer.
        let mut kept = self.rare.coded.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        if let Some((_, bytes)) = kept.take_if(|(own, _)| own.as_ref() == origin) {
            return bytes;
        }
        let bytes = coding.encode(&plain());
        *self.rare.coded.lock().unwrap_or_else(std::sync::PoisonError::into_inner) =
            Some((origin.cloned(), bytes.clone()));
        bytes
    }
}

/// What differs between clients in the values of those headers where anything does.
fn local_headers(headers: &HeaderMap, links: &LinkFinder) -> Vec<(HeaderName, Vec<LocalValue>)> {
    let local = |name: &HeaderName, value: &HeaderValue| match links
        .split(&Bytes::copy_from_slice(value.as_bytes()))
    {
        _ if name == header::SET_COOKIE => {
            LocalValue::Cookie { plain: localise_cookie(value, false), secure: localise_cookie(value, true) }
        }
        Some(template) => LocalValue::Linked(template),
        None => LocalValue::Same(value.clone()),
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
    fn for_client(&self, asker: &Asker<'_>) -> HeaderValue {
        match self {
            Self::Same(value) => value.clone(),
            Self::Cookie { secure, .. } if asker.scheme == "https" => secure.clone(),
            Self::Cookie { plain, .. } => plain.clone(),
            // An origin is made of characters that a header may hold, so this cannot fail.
            Self::Linked(template) => HeaderValue::try_from(template.render(&(asker.origin)()))
                .unwrap_or_else(|_| HeaderValue::from_static("")),
        }
    }
}
