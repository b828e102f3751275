//! From a finished exchange to the interaction it would be if nothing were replaced.

use std::sync::Arc;

use ::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use bytes::Bytes;

use super::exchange::{Exchange, RequestCopy};
use crate::cassette::{Body, Interaction, RecordedRequest, RecordedResponse, RequestBody};
use crate::http::{BODY_LIMIT, Coding, filtered};
use crate::profile::Profile;
use crate::redact::{CREDENTIALS, Raw};

/// Request headers that are kept for matching and for later comparison with the live API.
const KEPT: [HeaderName; 4] =
    [header::ACCEPT, header::CONTENT_TYPE, header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE];

/// The exchange with its bodies decoded and without the headers that nobody needs. Credentials are in it.
pub(super) fn raw(exchange: Exchange, profile: &Arc<Profile>) -> Raw {
    let body = request_body(&exchange.request_headers, &exchange.request_body);
    let (method, status) = (exchange.method, exchange.status);
    let response = RecordedResponse {
        status,
        headers: response_headers(&method, status, &exchange.response_headers),
        framing: exchange.framing,
        body: response_body(&exchange.response_headers, exchange.body),
        trailers: response_headers(&method, status, &exchange.trailers),
    };
    let interaction = Interaction {
        at: Some(exchange.at),
        took: Some(exchange.took),
        request: RecordedRequest {
            method,
            url: exchange.target,
            headers: request_headers(&exchange.request_headers, profile),
            body,
        },
        stand_ins: Vec::new(),
        repeat: None,
        response,
        line: 0,
    };
    Raw { interaction, origin: exchange.origin, client: Some(exchange.client) }
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

fn request_body(headers: &HeaderMap, copy: &RequestCopy) -> RequestBody {
    let mut copied = copy.lock();
    if !copied.complete {
        // The response came before the request had been sent whole: what it would have been, nobody knows.
        return RequestBody::Unrecorded;
    }
    if copied.bytes.is_empty() {
        return RequestBody::Empty;
    }
    let raw = Bytes::from(std::mem::take(&mut copied.bytes));
    let coding = Coding::of(headers).ok().flatten();
    RequestBody::Bytes(coding.and_then(|coding| coding.decode(&raw, BODY_LIMIT).ok()).unwrap_or(raw))
}

fn response_headers(method: &Method, status: StatusCode, headers: &HeaderMap) -> HeaderMap {
    // A length is computed when sending; without a body there is nothing to compute it from.
    let has_body = *method != Method::HEAD && status != StatusCode::NOT_MODIFIED;
    filtered(headers, |name| !(has_body && name == header::CONTENT_LENGTH))
}

fn response_body(headers: &HeaderMap, raw: Bytes) -> Option<Body> {
    if raw.is_empty() {
        return None;
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
