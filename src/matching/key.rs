//! The key of a request: what must be equal for a recording to answer it.
//!
//! Method, path, query and the body's fingerprint, each in a canonical spelling: clients spell one URL in many ways
//! from run to run (`//api/v1`, `/users/?limit=2`, `%40` or `@`, `+` or `%20`), forwarded verbatim, compared alike.

use ::http::Method;
use smallvec::SmallVec;

use super::speller::{ClientOrigin, Masked, Speller};
use super::target::Target;
use super::translation::Translation;
use super::{body, plain};
use crate::cassette::RecordedRequest;
use crate::http::{LinkFinder, Origin, percent_decoded};
use crate::profile::Sensitive;

/// What identifies a request, as bytes that can be hashed and compared.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MatchKey(pub(super) SmallVec<[u8; SHORT]>);

/// Longest key that takes no memory of its own, in bytes: most keys of an API are shorter.
pub(super) const SHORT: usize = 112;

impl MatchKey {
    /// The canonical bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The canonical bytes, to keep.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0.into_vec()
    }
}

/// A request as its client sent it.
#[derive(Clone, Copy)]
pub struct LiveRequest<'a> {
    /// Its method.
    pub method: &'a Method,
    /// Path and query.
    pub target: &'a str,
    /// The body, decoded.
    pub body: &'a [u8],
    /// The origin that its client knows us by.
    pub client: ClientOrigin<'a>,
    /// What its client's values stand for in one recording.
    pub(crate) translation: Option<&'a Translation>,
}

/// Which parts of a request identify it.
#[derive(Debug, Clone, Default)]
pub struct Matcher {
    pub(super) presence_only: Vec<String>,
    pub(super) sensitive: Sensitive,
    origins: Vec<LinkFinder>,
}

/// A request with the values left open that may differ between two runs.
#[derive(Debug)]
pub(crate) struct MaskedRequest {
    /// What must be equal besides.
    pub(crate) key: MatchKey,
    /// Those values, in the order of the canonical spelling.
    pub(crate) values: Vec<Masked>,
}

/// Stands in a key for a body of which nothing is known. No fingerprint is one byte long.
const ANY_BODY: u8 = b'?';

impl Matcher {
    /// A matcher for which the JSON and form fields `presence_only` count by being there, whatever they hold.
    /// `sensitive` tells which values may differ between two runs.
    pub fn new(presence_only: Vec<String>, sensitive: Sensitive) -> Self {
        Self { presence_only, sensitive, origins: Vec::new() }
    }

    /// Makes links to `origin`, one of a recording's, the same as links to the origin a live client uses: a client that
    /// sends back a link it was given sends its own.
    pub fn add_origin(&mut self, origin: &Origin) {
        self.origins.push(LinkFinder::new(origin));
    }

    /// The fields that count by being there.
    pub fn presence_only(&self) -> &[String] {
        &self.presence_only
    }

    /// The key of a live request.
    pub fn key(&self, live: &LiveRequest<'_>) -> MatchKey {
        if live.body.is_empty() && live.translation.is_none() && plain::is_canonical(live.target) {
            return plain::key(live.method, live.target);
        }
        self.spelled_out(live)
    }

    /// The same, whatever is spelled how.
    pub(super) fn spelled_out(&self, live: &LiveRequest<'_>) -> MatchKey {
        self.spelled(&live.spelling(), Some(live.body), false).0
    }

    /// The key under which recordings stand that match a live request whatever its body is.
    pub fn key_of_any_body(&self, live: &LiveRequest<'_>) -> MatchKey {
        self.spelled(&live.spelling(), None, false).0
    }

    /// A live request with values left open; `any_body`: as [`Matcher::key_of_any_body`].
    pub(crate) fn masked(&self, live: &LiveRequest<'_>, any_body: bool) -> MaskedRequest {
        self.spelled(&live.spelling(), Some(live.body).filter(|_| !any_body), true).into()
    }

    /// The key of a recorded request, whichever origin it was sent to.
    pub fn recorded_key(&self, request: &RecordedRequest) -> MatchKey {
        self.spelled(&Spelling::of(request), request.body.known(), false).0
    }

    /// A recorded request with values left open.
    pub(crate) fn recorded_masked(&self, request: &RecordedRequest) -> MaskedRequest {
        self.spelled(&Spelling::of(request), request.body.known(), true).into()
    }

    /// The key, and the values left open if `masked`. `body`: `None` when it is not known.
    fn spelled(&self, own: &Spelling<'_>, body: Option<&[u8]>, masked: bool) -> (MatchKey, Vec<Masked>) {
        let segments: Vec<_> =
            if masked || own.translation.is_some() { own.target.segments().collect() } else { Vec::new() };
        let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
        let mut speller = Speller {
            presence_only: &self.presence_only,
            sensitive: &self.sensitive,
            origins: &self.origins,
            client: own.client,
            translation: own.translation,
            segments: &segments,
            masked: masked.then(Vec::new),
        };
        let mut key = head(&mut speller, own.method, &own.target);
        match body {
            Some(body) => body::fingerprint(body, &mut speller, &mut key),
            None => key.push(ANY_BODY),
        }
        (MatchKey(key.into()), speller.masked.unwrap_or_default())
    }
}

impl From<(MatchKey, Vec<Masked>)> for MaskedRequest {
    fn from((key, values): (MatchKey, Vec<Masked>)) -> Self {
        Self { key, values }
    }
}

/// Everything but the body, recorded or live.
struct Spelling<'a> {
    method: &'a Method,
    target: Target<'a>,
    client: Option<ClientOrigin<'a>>,
    translation: Option<&'a Translation>,
}

impl<'a> Spelling<'a> {
    fn of(request: &'a RecordedRequest) -> Self {
        let target = Target::recorded(&request.url, "");
        Self { method: &request.method, target, client: None, translation: None }
    }
}

impl<'a> LiveRequest<'a> {
    fn spelling(&self) -> Spelling<'a> {
        let (client, translation) = (Some(self.client), self.translation);
        Spelling { method: self.method, target: Target::of(self.target), client, translation }
    }
}

/// Method, path and query. A space ends the method, a newline the target: neither occurs inside, since control
/// characters and spaces are escaped.
fn head(speller: &mut Speller<'_>, method: &Method, target: &Target<'_>) -> Vec<u8> {
    let size = method.as_str().len() + target.path.len() + target.query.len();
    let mut key = Vec::with_capacity(size + 48);
    key.extend_from_slice(method.as_str().as_bytes());
    key.push(b' ');
    for segment in target.path.split('/').filter(|segment| !segment.is_empty()) {
        key.push(b'/');
        escape(&speller.segment(percent_decoded(segment.as_bytes())), &mut key);
    }
    let mut separator = b'?';
    if !target.query.is_empty() {
        for (name, value) in speller.pairs(target.query.as_bytes(), false) {
            key.push(separator);
            escape(&name, &mut key);
            key.push(b'=');
            escape(&value, &mut key);
            separator = b'&';
        }
    }
    key.push(b'\n');
    key
}

/// Writes decoded bytes so that what separates parts of a key cannot come from inside one.
fn escape(decoded: &[u8], out: &mut Vec<u8>) {
    let mut rest = decoded;
    while let Some(at) = rest.iter().position(|byte| ESCAPED[usize::from(*byte)]) {
        let byte = rest[at];
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(&[b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

/// The bytes that are escaped: a table, since every byte of every target is looked at.
pub(super) const ESCAPED: [bool; 256] = {
    let mut escaped = [true; 256];
    let mut byte = b'!';
    while byte <= b'~' {
        escaped[byte as usize] = matches!(byte, b'%' | b'+' | b'/' | b'?' | b'&' | b'=');
        byte += 1;
    }
    escaped
};

const HEX: &[u8; 16] = b"0123456789ABCDEF";

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::cassette::RequestBody;
    use proptest::prelude::*;

    fn here() -> Origin {
        Origin::new("http", "127.0.0.1:8080")
    }

    fn live<'a>(method: &'a Method, target: &'a str, body: &'a str) -> LiveRequest<'a> {
        LiveRequest { method, target, body: body.as_bytes(), client: &here, translation: None }
    }

    fn key(target: &str, body: &str) -> MatchKey {
        Matcher::new(vec!["passCode".to_owned()], Sensitive::default()).key(&live(
            &Method::POST,
            target,
            body,
        ))
    }

    fn recorded(method: Method, url: &str, body: RequestBody) -> RecordedRequest {
        RecordedRequest { method, url: url.to_owned(), headers: ::http::HeaderMap::new(), body }
    }

    #[test]
    fn a_link_that_a_client_sends_back_is_the_recorded_one() {
        let mut matcher = Matcher::default();
        matcher.add_origin(&Origin::new("https", "okta.overdub.test"));
        for (sent, body) in [
            (r#"{"href":"http://127.0.0.1:8080/a"}"#, r#"{"href":"https://okta.overdub.test/a"}"#),
            (r#"{"href":"http:\/\/127.0.0.1:8080\/a"}"#, r#"{"href":"https://okta.overdub.test/a"}"#),
            ("to=http%3A%2F%2F127.0.0.1%3A8080%2Fa", "to=https%3A%2F%2Fokta.overdub.test%2Fa"),
            (
                "to=/a?u=http%253A%252F%252F127.0.0.1%253A8080",
                "to=/a?u=https%253A%252F%252Fokta.overdub.test",
            ),
            (r#"{"href":"https://okta.overdub.test/a"}"#, r#"{"href":"https://okta.overdub.test/a"}"#),
        ] {
            let body = RequestBody::Bytes(body.to_owned().into());
            let recorded = recorded(Method::POST, "/a?back=https://okta.overdub.test/b", body);
            let target = "/a?back=http%3A%2F%2F127.0.0.1%3A8080%2Fb";
            assert_eq!(matcher.key(&live(&Method::POST, target, sent)), matcher.recorded_key(&recorded));
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
            ("/a?x=%2B", "/a?x=+"),
            ("/a%0A", "/a"),
            ("/A", "/a"),
        ] {
            assert_ne!(key(one, ""), key(other, ""), "{one} and {other}");
        }
    }

    #[test]
    fn the_origin_is_no_part_of_a_key() {
        let matcher = Matcher::default();
        let of = |url: &str| matcher.recorded_key(&recorded(Method::GET, url, RequestBody::Empty));
        for (url, target) in [
            ("/a?b=1", "/a?b=1"),
            ("https://OKTA.overdub.test/a?b=1", "/a?b=1"),
            ("https://cdn.overdub.test", "/"),
            ("/a?b=1&url=http://x", "/a?url=http://x&b=1"),
        ] {
            assert_eq!(of(url), matcher.key(&live(&Method::GET, target, "")), "{url}");
        }
        let origin = |url| Target::recorded(url, "https://okta.overdub.test").origin;
        assert_eq!(origin("https://OKTA.overdub.test/a"), None);
        assert_eq!(origin("https://cdn.overdub.test/a"), Some("https://cdn.overdub.test"));
        assert_eq!(origin("/a"), None);
    }

    #[test]
    fn an_unrecorded_body_has_a_key_of_its_own() {
        let matcher = Matcher::default();
        let of = |body| matcher.recorded_key(&recorded(Method::POST, "/a", body));
        let any = matcher.key_of_any_body(&live(&Method::POST, "/a", ""));
        assert_eq!(of(RequestBody::Unrecorded), any);
        assert_ne!(of(RequestBody::Unrecorded), matcher.key(&live(&Method::POST, "/a", "?")));
        assert_ne!(of(RequestBody::Bytes(Bytes::from("?"))), any);
    }

    #[test]
    fn a_masked_key_leaves_values_open_in_one_order() {
        let matcher = Matcher::new(Vec::new(), crate::profile::Profile::okta().unwrap().sensitive);
        let masked = |target: &str, body: &str| matcher.masked(&live(&Method::POST, target, body), false);
        let one = masked(
            "/api/v1/users/a%40x.com?filter=login+eq+%22b@x.com%22&q=x",
            r#"{"profile":{"login":"c","firstName":"D","note":"call +15551234567"},"at":"https://e.com/x"}"#,
        );
        let other = masked(
            "/api/v1/users/a@y.com?q=x&filter=login+eq+%22b@y.com%22",
            r#"{"at":"https://e.org/x","profile":{"note":"call +15551234568","firstName":"E","login":"d"}}"#,
        );
        assert_eq!(one.key, other.key);
        let values = |own: MaskedRequest| {
            let shown =
                |own: &Masked| format!("{} {}", own.of_type.name(), String::from_utf8_lossy(&own.value));
            own.values.iter().map(shown).collect::<Vec<_>>()
        };
        let expected = [
            "email a@x.com",
            "email b@x.com",
            "host https://e.com",
            "name D",
            "login c",
            "phone +15551234567",
        ];
        assert_eq!(values(one), expected);
        assert_eq!(values(other)[0], "email a@y.com");
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
