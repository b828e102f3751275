//! The shared vocabulary: requests, replies, bodies, content codings and links.
//!
//! Values only. Nothing here opens a socket or knows what a cassette is.

mod body;
mod byte_set;
mod coding;
mod headers;
mod hosts;
mod json;
mod links;
mod multiset;
mod told;
mod values;

pub(crate) use body::PolledFrame;
pub use body::{Body, BodyError, Guard, Guarded, Upload, Whole};
pub use byte_set::ByteSet;
pub use coding::{Coding, CodingError};
pub use headers::{
    Origin, OriginError, copied, end_to_end, filtered, host_and_port, into_end_to_end, is_text,
    localise_cookie, total_size,
};
pub use hosts::{HostPattern, HostPatternError, address, is_loopback};
pub use json::{JsonKind, JsonScanner, JsonValue};
pub use links::{Link, LinkFinder, LinkForm, LinkStream, Template, may_have_link};
pub(crate) use multiset::{Pair, pairs_by_name, percent_decoded, query_pairs, sorted_pairs};
pub use told::Told;
pub use values::{SHORTEST, ValueFinder};

use ::http::request::Parts;
use ::http::uri::Authority;
use ::http::{HeaderName, header};
use std::net::SocketAddr;
use std::sync::Arc;

/// Largest body that is kept for recording, matching or link rewriting: 64 MiB. Larger ones pass through untouched.
pub const BODY_LIMIT: usize = 64 * 1024 * 1024;

/// Largest header section of a request or a response: 64 KiB, names and values together.
pub const HEADER_LIMIT: usize = 64 * 1024;

/// Header that tells an answer of overdub's own from the API's: `miss`, `upstream-error`, `client-error`,
/// `internal-error`, `reset`, `own`.
pub const OUTCOME: HeaderName = HeaderName::from_static("x-overdub-outcome");

/// Header by which a client asks for one cassette by name.
pub const CASSETTE: HeaderName = HeaderName::from_static("x-overdub-cassette");

/// Header by which a client names the session that its requests belong to.
pub const SESSION: HeaderName = HeaderName::from_static("x-overdub-session");

/// Header by which a client says which scenarios its session plays.
pub const SCENARIO: HeaderName = HeaderName::from_static("x-overdub-scenario");

/// A request as it reached us.
#[derive(Debug)]
pub struct Request {
    /// Method, target, version and headers as the client sent them.
    pub head: Parts,
    /// The body, still arriving.
    pub body: Body,
    /// `http` or `https`: how the client reached us.
    pub scheme: &'static str,
    /// The address of ours that it reached.
    pub local: SocketAddr,
    /// The origin that a forward proxy's client asks for, by absolute form or CONNECT; `None`: it asks us.
    pub asked: Option<Origin>,
    /// The origin at which we are known, if it was set: what `Host` says does not count then.
    pub public: Option<Origin>,
    /// The name of the client run, where the connection itself tells it.
    pub session: Option<Arc<str>>,
    told: Told,
}

impl Request {
    /// A request to us as a reverse proxy, of nobody in particular.
    pub fn new(head: Parts, body: Body, scheme: &'static str, local: SocketAddr) -> Self {
        let told = Told::by(&head.headers);
        Self { head, body, scheme, local, asked: None, public: None, session: None, told }
    }

    /// What its headers tell of how to answer, found out when it was made: headers that change later do not count.
    pub fn told(&self) -> Told {
        self.told
    }

    /// The origin that the client believes it talks to: what links must carry to lead it back to us.
    ///
    /// What a forward proxy was asked for; else what was set as our own origin; else the target's authority (HTTP/2,
    /// absolute form), else `Host`, else our own address: an HTTP/1.0 client sends neither, and a `Host` that is no
    /// authority is not repeated into a body.
    pub fn client_origin(&self) -> Origin {
        if let Some(known) = self.asked.as_ref().or(self.public.as_ref()) {
            return known.clone();
        }
        let host = || self.head.headers.get(header::HOST)?.to_str().ok();
        let authority = match self.head.uri.authority() {
            Some(authority) => Some(authority.as_str()),
            None => host().filter(|host| is_authority(host)),
        };
        match authority {
            Some(authority) => Origin::new(self.scheme, authority),
            None => Origin::new(self.scheme, &self.local.to_string()),
        }
    }

    /// Path and query exactly as sent (RFC 3986 §3.3): no decoding, no normalisation. `*` for `OPTIONS *`.
    pub fn target(&self) -> &str {
        self.head.uri.path_and_query().map_or("/", |target| target.as_str())
    }
}

/// Whether a text is an authority (RFC 3986 §3.2). Nearly all are a plain name and a port, which tells itself.
fn is_authority(text: &str) -> bool {
    let is_plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-');
    let (host, port) = text.split_once(':').unwrap_or((text, "0"));
    let is_host = !host.is_empty() && host.bytes().all(is_plain);
    let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    (is_host && is_port) || text.parse::<Authority>().is_ok()
}

/// What goes back to the client.
pub type Reply = ::http::Response<Body>;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_authority_is_what_the_parser_takes(text in "[a-zA-Z0-9.:@%_\\[\\]-]{0,12}(:[0-9]{0,6})?") {
            prop_assert_eq!(is_authority(&text), text.parse::<Authority>().is_ok());
        }
    }
}
