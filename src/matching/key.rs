//! The key of a request: what must be equal for a recording to answer it.
//!
//! Method, path, query and the body's fingerprint, each in a canonical spelling: clients spell one URL in many ways
//! from run to run (`//api/v1`, `/users/?limit=2`, `%40` or `@`, `+` or `%20`), forwarded verbatim, compared alike.

use std::borrow::Cow;

use ::http::Method;

use super::body;
use super::speller::{ClientOrigin, Speller};
use crate::cassette::{RecordedRequest, RequestBody};
use crate::http::{LinkFinder, Origin, percent_decoded, sorted_pairs};

/// What identifies a request, as bytes that can be hashed and compared.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MatchKey(Vec<u8>);

impl MatchKey {
    /// The canonical bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The canonical bytes, to keep.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// Which parts of a request identify it.
#[derive(Debug, Clone, Default)]
pub struct Matcher {
    presence_only: Vec<String>,
    origins: Vec<LinkFinder>,
}

/// Stands in a key for a body of which nothing is known. No fingerprint is one byte long.
const ANY_BODY: u8 = b'?';

impl Matcher {
    /// A matcher for which the JSON and form fields `presence_only` count by being there, whatever they hold.
    pub fn new(presence_only: Vec<String>) -> Self {
        Self { presence_only, origins: Vec::new() }
    }

    /// Makes links to `origin`, that of a recording, the same as links to the origin a live client uses: a client that
    /// sends back a link it was given sends its own.
    pub fn add_origin(&mut self, origin: &Origin) {
        self.origins.push(LinkFinder::new(origin));
    }

    /// The fields that count by being there.
    pub fn presence_only(&self) -> &[String] {
        &self.presence_only
    }

    /// The key of a live request. `target` is path and query as sent.
    pub fn key(&self, method: &Method, target: &str, body: &[u8], client: ClientOrigin<'_>) -> MatchKey {
        let speller = self.speller(Some(client));
        let mut key = head(&speller, method, &Target::of(target));
        body::fingerprint(body, &speller, &mut key);
        MatchKey(key)
    }

    /// The key under which recordings without a known body stand for this request.
    pub fn key_of_any_body(&self, method: &Method, target: &str, client: ClientOrigin<'_>) -> MatchKey {
        let mut key = head(&self.speller(Some(client)), method, &Target::of(target));
        key.push(ANY_BODY);
        MatchKey(key)
    }

    /// The key of a recorded request, its URL being relative or of another origin than `upstream`.
    pub fn recorded_key(&self, request: &RecordedRequest, upstream: &str) -> MatchKey {
        let speller = self.speller(None);
        let mut key = head(&speller, &request.method, &Target::recorded(&request.url, upstream));
        match &request.body {
            RequestBody::Unrecorded => key.push(ANY_BODY),
            RequestBody::Empty => body::fingerprint(b"", &speller, &mut key),
            RequestBody::Bytes(bytes) => body::fingerprint(bytes, &speller, &mut key),
        }
        MatchKey(key)
    }

    fn speller<'a>(&'a self, client: Option<ClientOrigin<'a>>) -> Speller<'a> {
        Speller { presence_only: &self.presence_only, origins: &self.origins, client }
    }
}

/// Everything but the body. A space ends the method, a newline the target: neither occurs inside, since control
/// characters and spaces are escaped.
fn head(speller: &Speller<'_>, method: &Method, target: &Target<'_>) -> Vec<u8> {
    let size = method.as_str().len() + target.path.len() + target.query.len();
    let mut key = Vec::with_capacity(size + 48);
    key.extend_from_slice(method.as_str().as_bytes());
    key.push(b' ');
    if let Some(origin) = target.origin {
        key.extend_from_slice(origin.to_ascii_lowercase().as_bytes());
    }
    for segment in target.path.split('/').filter(|segment| !segment.is_empty()) {
        key.push(b'/');
        escape(&percent_decoded(segment.as_bytes()), &mut key);
    }
    let mut separator = b'?';
    if !target.query.is_empty() {
        for (name, value) in sorted_pairs(target.query.as_bytes()) {
            key.push(separator);
            escape(&name, &mut key);
            key.push(b'=');
            escape(&speller.neutral(value), &mut key);
            separator = b'&';
        }
    }
    key.push(b'\n');
    key
}

/// A request's target, split into what is compared separately.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// `scheme://authority` when it is not the upstream's.
    pub origin: Option<&'a str>,
    /// The path as spelled.
    pub path: &'a str,
    /// The query as spelled, without `?`.
    pub query: &'a str,
}

impl<'a> Target<'a> {
    /// Of path and query.
    pub fn of(target: &'a str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self { origin: None, path, query }
    }

    /// Of a recorded URL: an absolute one to `upstream` is the same as a relative one.
    pub fn recorded(url: &'a str, upstream: &str) -> Self {
        let Some((scheme, rest)) = url.split_once("://").filter(|_| !url.starts_with('/')) else {
            return Self::of(url);
        };
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (origin, target) = url.split_at(scheme.len() + 3 + end);
        let origin = (!origin.eq_ignore_ascii_case(upstream)).then_some(origin);
        Self { origin, ..Self::of(target) }
    }

    /// The path's segments, decoded; empty ones (doubled and trailing slashes) do not count.
    pub fn segments(&self) -> impl Iterator<Item = Cow<'a, str>> + use<'a> {
        self.path.split('/').filter(|segment| !segment.is_empty()).map(|segment| {
            match percent_decoded(segment.as_bytes()) {
                Cow::Borrowed(_) => Cow::Borrowed(segment),
                Cow::Owned(decoded) => Cow::Owned(String::from_utf8_lossy(&decoded).into_owned()),
            }
        })
    }
}

/// Writes decoded bytes so that what separates parts of a key cannot come from inside one.
fn escape(decoded: &[u8], out: &mut Vec<u8>) {
    for &byte in decoded {
        if !byte.is_ascii_graphic() || matches!(byte, b'%' | b'/' | b'?' | b'&' | b'=') {
            out.extend_from_slice(&[b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        } else {
            out.push(byte);
        }
    }
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use proptest::prelude::*;

    fn here() -> Origin {
        Origin::new("http", "127.0.0.1:8080")
    }

    fn key(target: &str, body: &str) -> MatchKey {
        Matcher::new(vec!["passCode".to_owned()]).key(&Method::POST, target, body.as_bytes(), &here)
    }

    #[test]
    fn a_link_that_a_client_sends_back_is_the_recorded_one() {
        let mut matcher = Matcher::default();
        matcher.add_origin(&Origin::new("https", "okta.overdub.test"));
        for (live, recorded) in [
            (r#"{"href":"http://127.0.0.1:8080/a"}"#, r#"{"href":"https://okta.overdub.test/a"}"#),
            (r#"{"href":"http:\/\/127.0.0.1:8080\/a"}"#, r#"{"href":"https://okta.overdub.test/a"}"#),
            ("to=http%3A%2F%2F127.0.0.1%3A8080%2Fa", "to=https%3A%2F%2Fokta.overdub.test%2Fa"),
            (r#"{"href":"https://okta.overdub.test/a"}"#, r#"{"href":"https://okta.overdub.test/a"}"#),
        ] {
            let recorded = RecordedRequest {
                method: Method::POST,
                url: "/a?back=https://okta.overdub.test/b".to_owned(),
                headers: ::http::HeaderMap::new(),
                body: RequestBody::Bytes(recorded.to_owned().into()),
            };
            let live = matcher.key(
                &Method::POST,
                "/a?back=http%3A%2F%2F127.0.0.1%3A8080%2Fb",
                live.as_bytes(),
                &here,
            );
            assert_eq!(live, matcher.recorded_key(&recorded, "https://okta.overdub.test"));
        }
    }

    #[test]
    fn spellings_of_one_url_are_one_key() {
        for (one, other) in [
            ("//api/v1/users", "/api/v1/users"),
            ("/users/?limit=2", "/users?limit=2"),
            ("/users/me%40x.test", "/users/me@x.test"),
            ("/users?q=a+b&limit=2", "/users?limit=2&q=a%20b"),
            ("/caf%C3%A9", "/café"),
            ("/a?", "/a"),
        ] {
            assert_eq!(key(one, ""), key(other, ""), "{one} and {other}");
        }
    }

    #[test]
    fn what_differs_in_meaning_differs_in_key() {
        for (one, other) in [
            ("/a%2Fb", "/a/b"),
            ("/a?x=1&x=1", "/a?x=1"),
            ("/a?x=1%26y=2", "/a?x=1&y=2"),
            ("/a%3Fx=1", "/a?x=1"),
            ("/a%0A", "/a"),
            ("/A", "/a"),
        ] {
            assert_ne!(key(one, ""), key(other, ""), "{one} and {other}");
        }
    }

    #[test]
    fn an_absolute_url_to_the_upstream_is_a_relative_one() {
        let matcher = Matcher::default();
        let recorded = |url: &str| RecordedRequest {
            method: Method::GET,
            url: url.to_owned(),
            headers: ::http::HeaderMap::new(),
            body: RequestBody::Empty,
        };
        let upstream = "https://okta.overdub.test";
        let live = matcher.key(&Method::GET, "/a?b=1", b"", &here);
        assert_eq!(matcher.recorded_key(&recorded("/a?b=1"), upstream), live);
        assert_eq!(matcher.recorded_key(&recorded("https://OKTA.overdub.test/a?b=1"), upstream), live);
        assert_ne!(matcher.recorded_key(&recorded("https://cdn.overdub.test/a?b=1"), upstream), live);
        assert_eq!(
            matcher.recorded_key(&recorded("/a?b=1&url=http://x"), upstream),
            matcher.key(&Method::GET, "/a?url=http://x&b=1", b"", &here)
        );
    }

    #[test]
    fn an_unrecorded_body_has_a_key_of_its_own() {
        let matcher = Matcher::default();
        let request = RecordedRequest {
            method: Method::POST,
            url: "/a".to_owned(),
            headers: ::http::HeaderMap::new(),
            body: RequestBody::Unrecorded,
        };
        assert_eq!(matcher.recorded_key(&request, ""), matcher.key_of_any_body(&Method::POST, "/a", &here));
        assert_ne!(matcher.recorded_key(&request, ""), matcher.key(&Method::POST, "/a", b"?", &here));
        assert_ne!(
            matcher
                .recorded_key(&RecordedRequest { body: RequestBody::Bytes(Bytes::from("?")), ..request }, ""),
            matcher.key_of_any_body(&Method::POST, "/a", &here)
        );
    }

    proptest! {
        #[test]
        fn the_canonical_spelling_of_a_target_has_the_same_key(target in "/[a-z%/?&=+0-9A-F .@é]{0,24}") {
            let first = key(&target, "");
            let text = String::from_utf8(first.as_bytes().to_vec()).unwrap();
            let canonical = text.strip_prefix("POST ").unwrap().strip_suffix('\n').unwrap();
            prop_assert_eq!(key(canonical, ""), first);
        }
    }
}
