//! A recorded response made ready to send: everything that does not depend on the request is done at load.

use std::sync::{Mutex, PoisonError};

use ::http::request::Parts;
use ::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Version, header};
use bytes::Bytes;

use super::head::{Head, KnownHeaders};
use super::splitter::{Medium, Splitter};
use super::template::{Context, Template};
use crate::apart::{LONG_BODY, apart};
use crate::cassette::{Framing, RecordedResponse};
use crate::http::{Body, Coding, Origin, Reply, end_to_end, filtered};

/// A recorded response, ready.
#[derive(Debug)]
pub(super) struct Answer {
    status: StatusCode,
    /// All headers in recorded order.
    head: Head,
    body: AnswerBody,
    /// What few answers have, apart, so that many answers lie close together in memory.
    coded: Option<Box<Coded>>,
    framing: Framing,
    trailers: Option<Box<HeaderMap>>,
}

#[derive(Debug)]
struct Coded {
    /// What the upstream used, put on again for a client that accepts it.
    coding: Coding,
    /// The last coded body, and whom it was for: coding costs more than all else together.
    last: Mutex<Option<(CodedFor, Bytes)>>,
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
    /// Splits a response to `method` at its open places, those that `splitter` finds.
    pub(super) fn new(
        method: &Method,
        response: RecordedResponse,
        splitter: &Splitter,
        known: &mut KnownHeaders,
    ) -> Self {
        let coded = response.body.as_ref().is_some_and(|body| body.coded);
        let has_body = !matches!(response.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        let body = response.body.filter(|_| has_body);
        let bytes = body.map(|body| body.bytes).unwrap_or_default();
        let mut computed = Vec::new();
        // Without a body (HEAD, 304) there is nothing to compute a length from.
        let bodiless = method == Method::HEAD || response.status == StatusCode::NOT_MODIFIED;
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
        let coding = if coded || bytes.is_empty() { None } else { Coding::of(&headers).ok().flatten() };
        let medium = Medium::of(&headers).filter(|_| !coded);
        let body = match medium.and_then(|medium| splitter.split(&bytes, medium)) {
            Some(template) => AnswerBody::Open(template),
            None if bytes.is_empty() => AnswerBody::Empty,
            None => AnswerBody::Fixed(bytes),
        };
        Self {
            status: response.status,
            head: Head::new(headers, splitter, known),
            body,
            coded: coding.map(|coding| Box::new(Coded { coding, last: Mutex::default() })),
            framing: response.framing,
            trailers: (!response.trailers.is_empty()).then(|| Box::new(response.trailers)),
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
        matches!(self.body, AnswerBody::Open(_)) || self.head.is_open()
    }

    /// The response for one client.
    pub(super) fn send<C: Context>(&self, asker: &Asker<'_, C>) -> Reply {
        let mut headers = self.head.for_client(asker);
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
                Body::Unsized(Some(body), self.trailers.as_deref().cloned())
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
        self.coded.is_some() || matches!(self.body, AnswerBody::Open(_)) || self.framing == Framing::Chunked
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
        let Some(Coded { coding, last }) = self.coded.as_deref() else { return plain(None) };
        if !coding.accepted_by(&asker.head.headers) {
            *headers = filtered(headers, |name| name != header::CONTENT_ENCODING);
            return plain(None);
        }
        let whom = whom();
        // Std locks: each is held for one copy of a few pointers.
        let kept = last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, bytes)) = kept.filter(|(own, _)| *own == whom) {
            return bytes;
        }
        let plain = plain(Some(whom.clone()));
        let bytes = apart(plain.len() > LONG_BODY, || coding.encode(&plain));
        *last.lock().unwrap_or_else(PoisonError::into_inner) = Some((whom, bytes.clone()));
        bytes
    }
}
