//! From a finished exchange to the interaction it would be if nothing were replaced.

use std::time::Duration;

use ::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use bytes::Bytes;

use super::exchange::{Exchange, RequestCopy};
use crate::cassette::{Body, Framing, Interaction, RecordedRequest, RecordedResponse, RequestBody};
use crate::clock::Timestamp;
use crate::http::{BODY_LIMIT, Coding, filtered};
use crate::profile::Profile;
use crate::redact::{CREDENTIALS, Raw};

/// Request headers that are kept for matching and for later comparison with the live API.
const KEPT: [HeaderName; 4] =
    [header::ACCEPT, header::CONTENT_TYPE, header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE];

/// An exchange as the wire showed it, whoever recorded it: bodies as they came, nothing left out.
#[derive(Debug, Clone)]
pub(crate) struct Passed {
    pub(crate) at: Option<Timestamp>,
    pub(crate) took: Option<Duration>,
    pub(crate) method: Method,
    /// What the interaction's URL is to be.
    pub(crate) url: String,
    pub(crate) request_headers: HeaderMap,
    /// Still coded, if its headers say so.
    pub(crate) request_body: RequestBody,
    pub(crate) status: StatusCode,
    pub(crate) response_headers: HeaderMap,
    pub(crate) framing: Framing,
    /// Still coded, if the headers say so and it is not `plain`.
    pub(crate) body: Bytes,
    /// The body was decoded by whoever recorded it; the headers still say that it is coded.
    pub(crate) plain: bool,
    pub(crate) trailers: HeaderMap,
}

/// What is kept of an exchange: bodies decoded, without the headers that nobody needs. Credentials are in it.
pub(crate) fn interaction(passed: Passed, profile: &Profile) -> Interaction {
    let (method, status) = (passed.method, passed.status);
    let response = RecordedResponse {
        status,
        framing: passed.framing,
        body: response_body(&passed.response_headers, passed.body, passed.plain),
        headers: response_headers(&method, status, passed.response_headers),
        trailers: response_headers(&method, status, passed.trailers),
    };
    Interaction {
        at: passed.at,
        took: passed.took,
        request: RecordedRequest {
            method,
            url: passed.url,
            headers: request_headers(&passed.request_headers, profile),
            body: request_body(&passed.request_headers, passed.request_body),
        },
        stand_ins: Vec::new(),
        repeat: None,
        response,
        line: 0,
    }
}

/// What is kept of a finished exchange, and whom it was with.
pub(super) fn raw(exchange: Exchange, profile: &Profile) -> Raw {
    let passed = Passed {
        at: Some(exchange.at),
        took: Some(exchange.took),
        method: exchange.method,
        url: exchange.target,
        request_headers: exchange.request_headers,
        request_body: copied(&exchange.request_body),
        status: exchange.status,
        response_headers: exchange.response_headers,
        framing: exchange.framing,
        body: exchange.body,
        plain: false,
        trailers: exchange.trailers,
    };
    Raw { interaction: interaction(passed, profile), origin: exchange.origin, client: Some(exchange.client) }
}

fn copied(copy: &RequestCopy) -> RequestBody {
    let mut copied = copy.lock();
    if !copied.complete {
        // The response came before the request had been sent whole: what it would have been, nobody knows.
        return RequestBody::Unrecorded;
    }
    RequestBody::Bytes(Bytes::from(std::mem::take(&mut copied.bytes)))
}

fn request_headers(headers: &HeaderMap, profile: &Profile) -> HeaderMap {
    let mut kept = HeaderMap::new();
    for name in KEPT.iter().chain(&profile.request_headers).chain(&CREDENTIALS) {
        for value in headers.get_all(name) {
            kept.append(name, value.clone());
        }
    }
    kept
}

fn request_body(headers: &HeaderMap, body: RequestBody) -> RequestBody {
    let RequestBody::Bytes(raw) = body else { return body };
    if raw.is_empty() {
        return RequestBody::Empty;
    }
    let coding = Coding::of(headers).ok().flatten();
    RequestBody::Bytes(coding.and_then(|coding| coding.decode(&raw, BODY_LIMIT).ok()).unwrap_or(raw))
}

fn response_headers(method: &Method, status: StatusCode, headers: HeaderMap) -> HeaderMap {
    let fits = |name: &HeaderName| is_kept(method, status, name);
    if headers.keys().all(fits) { headers } else { filtered(&headers, fits) }
}

/// Whether such a header of a response is kept. A length is computed when sending; without a body there is nothing to
/// compute it from.
pub(crate) fn is_kept(method: &Method, status: StatusCode, name: &HeaderName) -> bool {
    let has_body = *method != Method::HEAD && status != StatusCode::NOT_MODIFIED;
    !(has_body && name == header::CONTENT_LENGTH)
}

fn response_body(headers: &HeaderMap, raw: Bytes, plain: bool) -> Option<Body> {
    if raw.is_empty() {
        return None;
    }
    if plain {
        return Some(Body { bytes: raw, coded: false });
    }
    let decoded = match Coding::of(headers) {
        Ok(None) => return Some(Body { bytes: raw, coded: false }),
        Ok(Some(coding)) => coding.decode(&raw, BODY_LIMIT).ok(),
        Err(_) => None,
    };
    Some(match decoded {
        Some(bytes) => Body { bytes, coded: false },
        None => Body { bytes: raw, coded: true },
    })
}
