//! Sends one request to the live API, and returns what passed as a recorder would have seen it.

use std::sync::Arc;
use std::time::Duration;

use ::http::uri::PathAndQuery;
use ::http::{HeaderMap, HeaderValue, Method, header};
use bytes::Bytes;

use crate::cassette::{Framing, RequestBody};
use crate::clock::{Clock, Stopwatch};
use crate::http::{BODY_LIMIT, Body, LinkFinder, Origin, Upload, end_to_end};
use crate::profile::Profile;
use crate::recorder::{Passed, interaction};
use crate::redact::Raw;
use crate::upstream::{Cause, Upstream};

/// Who asks, for an API that wants to know.
const USER_AGENT: &str = concat!("overdub/", env!("CARGO_PKG_VERSION"));

/// Sends requests to one API.
#[derive(Debug)]
pub(super) struct Sender<'a> {
    upstream: &'a Upstream,
    origin: &'a Origin,
    /// What goes with each request.
    headers: &'a HeaderMap,
    timeout: Duration,
}

/// A request that is to be sent.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) method: Method,
    /// Path and query.
    pub(super) target: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Why there is no answer, and whether there can be one to the next request.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) told: String,
    pub(super) ends_all: bool,
}

impl<'a> Sender<'a> {
    pub(super) fn new(
        upstream: &'a Upstream,
        origin: &'a Origin,
        headers: &'a HeaderMap,
        timeout: Duration,
    ) -> Self {
        Self { upstream, origin, headers, timeout }
    }

    /// Where requests go.
    pub(super) fn origin(&self) -> &Origin {
        self.origin
    }

    /// A text in which links lead to the live API instead of to `recorded`.
    pub(super) fn with_links(&self, recorded: &str, text: Bytes) -> Bytes {
        let Ok(recorded) = Origin::parse(recorded) else { return text };
        let split = LinkFinder::new(&recorded).split(&text);
        split.map_or(text, |template| template.render(self.origin).into())
    }

    /// The recorded headers, and those that go with each request in the place of any of their names.
    fn with_ours(&self, mut headers: HeaderMap) -> HeaderMap {
        headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        for name in self.headers.keys() {
            headers.remove(name);
            for value in self.headers.get_all(name) {
                headers.append(name, value.clone());
            }
        }
        headers
    }

    /// Sends a request and reads its whole answer.
    ///
    /// # Errors
    /// There is none, and why.
    pub(super) async fn send(&self, own: Outgoing, profile: &Arc<Profile>) -> Result<Raw, Trouble> {
        let Outgoing { method, target, headers: recorded, body } = own;
        let (at, stopwatch) = (Clock::Wall.now(), Stopwatch::start());
        let path: PathAndQuery = target
            .parse()
            .map_err(|_| Trouble { told: "its URL cannot be sent".to_owned(), ends_all: false })?;
        let mut headers = self.with_ours(recorded);
        let request_body =
            if body.is_empty() { RequestBody::Empty } else { RequestBody::Bytes(body.clone()) };
        let sent = body.len() as u64;
        let request_headers = headers.clone();
        if body.is_empty() && !method.is_safe() {
            // Okta wants to be told that there is none, or answers 411.
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        let outgoing = if body.is_empty() { Body::Empty } else { Body::Whole(body) };
        let upload = || Upload { sent, complete: true };
        let response =
            self.upstream.send(self.origin, method.clone(), Some(&path), headers, outgoing, upload);
        let response = response.await.map_err(|error| Trouble {
            told: error.to_string(),
            // Who cannot be reached now cannot be reached for the next request.
            ends_all: !error.is_broken(),
        })?;
        let (parts, body) = response.into_parts();
        let read = tokio::time::timeout(self.timeout, body.read(BODY_LIMIT)).await;
        let broken = |told: String| Trouble { told, ends_all: false };
        let body = match read {
            Err(_) => {
                let error = self.upstream.error(self.origin, Cause::Stalled(self.timeout));
                return Err(broken(error.to_string()));
            }
            Ok(Err(error)) => {
                return Err(broken(self.upstream.broken(self.origin, error.as_ref()).to_string()));
            }
            Ok(Ok(Err(_))) => return Err(broken(format!("its answer is larger than {BODY_LIMIT} bytes"))),
            Ok(Ok(Ok(whole))) => whole.data,
        };
        let passed = Passed {
            at: Some(at),
            took: Some(stopwatch.elapsed()),
            method,
            url: target,
            request_headers,
            request_body,
            status: parts.status,
            response_headers: end_to_end(&parts.headers, &[]),
            framing: Framing::Length,
            body,
            plain: false,
            trailers: HeaderMap::new(),
        };
        let interaction = interaction(passed, profile);
        Ok(Raw { interaction, origin: None, client: Some(self.origin.clone()) })
    }
}
