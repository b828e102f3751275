//! From what a handler said to a response with the headers of the real org.
//!
//! Which headers stand where is taken from published recordings of factor calls.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::Value;

use super::call::Call;
use super::errors::{ApiError, Code};
use super::limits::Allowance;
use super::org::World;
use crate::clock::{Timestamp, http_date, rfc3339};

/// What a handler answers.
pub(super) type Answer = Result<Reply, ApiError>;

const SESSION_CLEARED: &str = r#"sid=""; Expires=Thu, 01-Jan-1970 00:00:10 GMT; Path=/"#;

/// Stand on every answer.
const ALWAYS: &[(&str, &str)] = &[
    ("p3p", r#"CP="HONK""#),
    ("strict-transport-security", "max-age=315360000; includeSubDomains"),
    ("x-content-type-options", "nosniff"),
    ("x-xss-protection", "0"),
];

/// Missing on 401 and on the 429 of the rate limit.
const UNCACHED: &[(&str, &str)] =
    &[("cache-control", "no-cache, no-store"), ("pragma", "no-cache"), ("expires", "0")];

/// A handler's answer before it has headers.
#[derive(Debug)]
pub(super) struct Reply {
    status: StatusCode,
    payload: Payload,
    links: Vec<String>,
}

#[derive(Debug)]
enum Payload {
    Nothing,
    Json(Value),
    Png(&'static [u8]),
}

impl Reply {
    pub(super) fn ok(body: Value) -> Self {
        Self { status: StatusCode::OK, payload: Payload::Json(body), links: Vec::new() }
    }

    /// 201: only a push challenge is answered so.
    pub(super) fn created(body: Value) -> Self {
        Self { status: StatusCode::CREATED, ..Self::ok(body) }
    }

    /// 204: what was asked for is gone.
    pub(super) fn gone() -> Self {
        Self { status: StatusCode::NO_CONTENT, payload: Payload::Nothing, links: Vec::new() }
    }

    pub(super) fn png(image: &'static [u8]) -> Self {
        Self { status: StatusCode::OK, payload: Payload::Png(image), links: Vec::new() }
    }

    /// Adds a `link` header line of its own.
    pub(super) fn with_link(mut self, href: &str, relation: &str) -> Self {
        self.links.push(format!("<{href}>; rel=\"{relation}\""));
        self
    }
}

/// A time as Okta's bodies have it: to the second, written with three decimals.
pub(super) fn stamp(at: Timestamp) -> String {
    rfc3339(Timestamp::from_second(at.as_second()).unwrap_or(at))
}

/// Turns an answer into the response that goes out.
pub(super) fn finish(
    answer: Answer,
    call: &Call,
    world: &mut World,
    allowance: &Allowance,
) -> Response<Bytes> {
    let refusal = answer.as_ref().err().map(|error| error.code);
    let reply = answer.unwrap_or_else(|error| Reply {
        status: error.status(),
        payload: Payload::Json(error.body(&mut world.mint)),
        links: Vec::new(),
    });
    let mut headers = HeaderMap::new();
    set(&mut headers, header::DATE, &http_date(world.now));
    set(&mut headers, header::SERVER, "nginx");
    let may_compress = call.accepts_gzip() && refusal != Some(Code::RateLimit);
    let body = encode(reply.payload, may_compress, &mut headers);
    describe(&mut headers, refusal, world, allowance);
    for link in &reply.links {
        set(&mut headers, header::LINK, link);
    }
    if call.is_head {
        set(&mut headers, header::CONTENT_LENGTH, &body.len().to_string());
    }
    let mut response = Response::new(if call.is_head { Bytes::new() } else { body });
    *response.status_mut() = reply.status;
    *response.headers_mut() = headers;
    response
}

/// The body in bytes, with the headers that speak of it. A 204 has none of them.
fn encode(payload: Payload, may_compress: bool, headers: &mut HeaderMap) -> Bytes {
    let json = match payload {
        Payload::Nothing => return Bytes::new(),
        Payload::Png(image) => {
            set(headers, header::CONTENT_TYPE, "image/png");
            return Bytes::from_static(image);
        }
        Payload::Json(json) => json.to_string(),
    };
    set(headers, header::CONTENT_TYPE, "application/json");
    set(headers, header::VARY, "Accept-Encoding");
    if may_compress && let Some(packed) = gzip(json.as_bytes()) {
        set(headers, header::CONTENT_ENCODING, "gzip");
        return packed;
    }
    json.into()
}

/// Level 6 and no modification time, so that the same body gives the same bytes.
fn gzip(body: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 2), Compression::new(6));
    encoder.write_all(body).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

/// The headers that speak of the request, the session and the limits.
fn describe(headers: &mut HeaderMap, refusal: Option<Code>, world: &mut World, allowance: &Allowance) {
    set(headers, "x-okta-request-id", &world.mint.request_id());
    set(headers, "x-rate-limit-limit", &allowance.limit.to_string());
    set(headers, "x-rate-limit-remaining", &allowance.remaining.to_string());
    set(headers, "x-rate-limit-reset", &allowance.resets.as_second().to_string());
    for (name, value) in ALWAYS {
        set(headers, *name, value);
    }
    if refusal == Some(Code::InvalidToken) {
        set(headers, header::WWW_AUTHENTICATE, "SSWS");
    }
    if !matches!(refusal, Some(Code::InvalidToken | Code::RateLimit)) {
        for (name, value) in UNCACHED {
            set(headers, *name, value);
        }
    }
    set(headers, header::SET_COOKIE, SESSION_CLEARED);
    if refusal != Some(Code::RateLimit) {
        let session = format!("JSESSIONID={}; Path=/; Secure; HttpOnly", world.mint.session());
        set(headers, header::SET_COOKIE, &session);
    }
}

/// Adds one header line. A value that no header can carry (it came from the client) is left out.
pub(super) fn set(headers: &mut HeaderMap, name: impl TryInto<HeaderName>, value: &str) {
    if let (Ok(name), Ok(value)) = (name.try_into(), HeaderValue::from_bytes(value.as_bytes())) {
        headers.append(name, value);
    }
}
