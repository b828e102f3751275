//! Heads of messages between two hops: what travels on, what ends here.

use ::http::request::Parts;
use ::http::response::Parts as ResponseParts;
use ::http::{HeaderMap, HeaderName, HeaderValue, Response, Version, header};

use crate::cassette::Framing;
use crate::http::{Body, CASSETTE, Reply, SCENARIO, SESSION, end_to_end, filtered};
use crate::server::Tunnel;

/// What is sent to the upstream: the client's headers, less those of this hop and those meant for us.
pub(super) fn upstream_headers(head: &Parts, body: &Body) -> HeaderMap {
    let mut headers = end_to_end(&head.headers, &OURS);
    // We pass trailers on, so we may ask for them (RFC 9110 §10.1.4).
    if head.headers.get(header::TE).is_some_and(|te| te.to_str().is_ok_and(|te| te.contains("trailers"))) {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
    if http_body::Body::size_hint(body).exact().is_none() {
        // Without it hyper takes a GET for one without a body.
        headers.insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
    if head.version == Version::HTTP_2 {
        joined_cookies(&mut headers);
    }
    if let Some(protocol) = wanted_protocol(head) {
        name_protocol(&mut headers, protocol);
    }
    headers
}

/// The protocol that the client would rather speak on this connection (RFC 9110 §7.8). One to HTTP/2 is not taken: the
/// specification has given it up (RFC 9113 §3.1), and either side speaks its own version anyway.
pub(super) fn wanted_protocol(head: &Parts) -> Option<HeaderValue> {
    let protocol = head.headers.get(header::UPGRADE).filter(|_| head.version == Version::HTTP_11)?;
    let named = head.headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let upgrades =
        named.flat_map(|value| value.split(',')).any(|name| name.trim().eq_ignore_ascii_case("upgrade"));
    (upgrades && !protocol.as_bytes().eq_ignore_ascii_case(b"h2c")).then(|| protocol.clone())
}

fn name_protocol(headers: &mut HeaderMap, protocol: HeaderValue) {
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, protocol);
}

/// The 101 for the client, with the upstream's side of the connection.
pub(super) fn switched(mut response: Response<Body>) -> Reply {
    let tunnel = Tunnel(hyper::upgrade::on(&mut response));
    let (parts, _) = response.into_parts();
    let mut headers = end_to_end(&parts.headers, &[]);
    if let Some(protocol) = parts.headers.get(header::UPGRADE) {
        name_protocol(&mut headers, protocol.clone());
    }
    let mut reply = Response::new(Body::Empty);
    *reply.status_mut() = parts.status;
    *reply.headers_mut() = headers;
    reply.extensions_mut().insert(tunnel);
    reply
}

/// HTTP/2 splits cookies into lines, HTTP/1.1 allows one line only (RFC 9113 §8.2.3).
fn joined_cookies(headers: &mut HeaderMap) {
    let lines: Vec<_> = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if lines.len() > 1
        && let Ok(joined) = HeaderValue::from_bytes(&lines.join(&b"; "[..]))
    {
        headers.insert(header::COOKIE, joined);
    }
}

/// Headers that end here: the client sets the upstream's `Host` anew, the others are spoken to a proxy.
const OURS: [HeaderName; 5] = [header::HOST, header::PROXY_AUTHORIZATION, SESSION, SCENARIO, CASSETTE];

/// How the upstream told the body's end. HTTP/2 has frames instead: there a length is either told or it is not.
pub(super) fn framing(parts: &ResponseParts, body: &Body) -> Framing {
    let told = parts.headers.contains_key(header::CONTENT_LENGTH);
    if told || http_body::Body::is_end_stream(body) { Framing::Length } else { Framing::Chunked }
}

/// The head with its length, where it is told, last, as it stands at replay: recorded and replayed heads are alike to the
/// byte.
pub(super) fn as_replayed(mut headers: HeaderMap) -> HeaderMap {
    let Some(length) = headers.get(header::CONTENT_LENGTH).cloned() else { return headers };
    if headers.keys().last() != Some(&header::CONTENT_LENGTH) {
        headers = filtered(&headers, |name| name != header::CONTENT_LENGTH);
        headers.insert(header::CONTENT_LENGTH, length);
    }
    headers
}

/// The reply.
pub(super) fn assembled(parts: ResponseParts, body: Body) -> Reply {
    let mut reply = Response::new(body);
    *reply.status_mut() = parts.status;
    *reply.headers_mut() = parts.headers;
    reply
}
