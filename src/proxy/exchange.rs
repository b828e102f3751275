//! One exchange with the upstream: sent on, streamed back, a copy kept.
//!
//! The client gets what the upstream sent, links to the upstream's own origin excepted: they come back with the
//! origin that the client used, or a client that follows them would leave the proxy.

use std::sync::Arc;
use std::time::Duration;

use ::http::request::Parts;
use ::http::response::Parts as ResponseParts;
use ::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, Version, header};
use bytes::Bytes;
use hyper::body::Incoming;

use super::body::{Patient, Relinked};
use crate::cassette::Framing;
use crate::clock::{Clock, Stopwatch};
use crate::error::Error;
use crate::http::{
    BODY_LIMIT, Body, CASSETTE, Coding, HEADER_LIMIT, LinkFinder, Origin, Reply, Request, SESSION, Whole,
    copied, end_to_end, filtered, is_text, localise_cookie, total_size,
};
use crate::recorder::{Capture, Exchange, Recorder, RequestCopy, RequestTee, Tee};
use crate::upstream::{Cause, Upstream};

/// How long a response body may stand still. Event streams are silent for a minute and more.
const BODY_IDLE: Duration = Duration::from_mins(5);

/// From this size on (bytes) a body is decoded and coded again apart from the threads that serve connections.
const WORTH_A_THREAD: usize = 256 * 1024;

/// The upstream, and the recorder beside it.
#[derive(Debug)]
pub struct Live {
    upstream: Upstream,
    recorder: Recorder,
    clock: Clock,
    /// `None`: links stay as they are.
    links: Option<LinkFinder>,
}

impl Live {
    /// Passes on to `upstream` and hands every exchange to `recorder`.
    pub fn new(upstream: Upstream, recorder: Recorder, clock: Clock, rewrite_links: bool) -> Self {
        let links = upstream.origin().filter(|_| rewrite_links).map(LinkFinder::new);
        Self { upstream, recorder, clock, links }
    }

    /// Passes one request on.
    ///
    /// # Errors
    /// When the upstream gives no answer.
    pub(super) async fn answer(self: &Arc<Self>, request: Request) -> Result<Reply, Error> {
        // In a task of its own: a client that leaves while it waits must not cut an exchange that has begun.
        let exchange = self.recorder.see_through(Arc::clone(self).exchange(request));
        exchange.await.unwrap_or_else(|error| Err(Error::Internal(error.to_string())))
    }

    async fn exchange(self: Arc<Self>, request: Request) -> Result<Reply, Error> {
        let (at, stopwatch) = (self.clock.now(), Stopwatch::start());
        let target = self.target(&request)?;
        let Request { head, body, .. } = request;
        let copy = RequestCopy::of_length(http_body::Body::size_hint(&body).exact());
        let response = self.send(&target.origin, &head, body, &copy).await?;
        let (mut parts, incoming) = response.into_parts();
        if parts.headers.contains_key(header::TRANSFER_ENCODING) {
            // Both would be a way to smuggle (RFC 9112 §6.3); the chunks tell the end.
            parts.headers.remove(header::CONTENT_LENGTH);
        }
        let size = total_size(&parts.headers);
        if size > HEADER_LIMIT {
            return Err(self.upstream.error(&target.origin, Cause::HeadersTooLarge(size)).into());
        }
        let framing = framing(&parts, &incoming);
        parts.headers = end_to_end(&parts.headers, &[]);
        let path = head.uri.path_and_query();
        let exchange = Exchange {
            at,
            took: Duration::ZERO,
            client: target.client.clone(),
            method: head.method,
            origin: (self.upstream.origin() != Some(&target.origin)).then(|| target.origin.clone()),
            target: path.map_or_else(|| "/".to_owned(), |path| path.as_str().to_owned()),
            request_headers: copied(&head.headers),
            request_body: copy,
            status: parts.status,
            response_headers: copied(&parts.headers),
            framing,
            body: Bytes::new(),
            trailers: HeaderMap::new(),
        };
        let capture = Capture::new(exchange, stopwatch, self.recorder.clone());
        self.reply(parts, incoming, capture, &target).await
    }

    /// Where the request goes.
    fn target(&self, request: &Request) -> Result<Target, Error> {
        let origin = request.asked.as_ref().or(self.upstream.origin()).ok_or(Error::NoUpstream)?;
        let asked = request.asked.is_some();
        Ok(Target { origin: origin.clone(), client: request.client_origin(), asked })
    }

    /// Sends the request; one that may be repeated is, once, if its connection was just being closed (RFC 9110 §9.2.2).
    async fn send(
        &self,
        origin: &Origin,
        head: &Parts,
        body: Body,
        copy: &RequestCopy,
    ) -> Result<Response<Incoming>, Error> {
        let headers = upstream_headers(head, &body);
        let target = head.uri.path_and_query();
        let upload = || copy.lock().upload();
        if http_body::Body::is_end_stream(&body) {
            let send = |headers| {
                self.upstream.send(origin, head.method.clone(), target, headers, Body::Empty, upload)
            };
            return match send(headers.clone()).await {
                Err(error) if head.method.is_idempotent() && error.is_broken() => Ok(send(headers).await?),
                first => Ok(first?),
            };
        }
        let body = RequestTee::over(body, copy.clone());
        let sent = self.upstream.send(origin, head.method.clone(), target, headers, body, upload).await;
        sent.map_err(|error| match copy.lock().broken.take() {
            Some(broken) => Error::RequestBroken(broken.into()),
            None => error.into(),
        })
    }

    /// The client's answer: at once where nothing in the body changes, else when the body is there.
    async fn reply(
        &self,
        mut parts: ResponseParts,
        incoming: Incoming,
        capture: Capture,
        target: &Target,
    ) -> Result<Reply, Error> {
        // A part's links stay: changed ones would not be where Content-Range says (RFC 9110 §14.4).
        let text = is_text(&parts.headers) && parts.status != StatusCode::PARTIAL_CONTENT;
        let links = self.links.as_ref().filter(|_| !target.asked);
        if let Some(links) = links {
            localise(&mut parts.headers, links, &target.client);
        }
        if http_body::Body::is_end_stream(&incoming) {
            capture.finish().await;
            return Ok(assembled(parts, Body::Empty));
        }
        let body = Body::stream(Patient::new(Body::Incoming(incoming), BODY_IDLE, parts.version));
        let Some(links) = links.filter(|_| text) else {
            return Ok(assembled(parts, Body::stream(Tee::new(body, capture))));
        };
        let coded = parts.headers.contains_key(header::CONTENT_ENCODING);
        if capture.exchange.framing == Framing::Chunked && !coded {
            let tee = Body::stream(Tee::new(body, capture));
            return Ok(assembled(
                parts,
                Body::stream(Relinked::new(tee, links.clone(), target.client.clone())),
            ));
        }
        self.relinked_whole(parts, body, capture, links, target).await
    }

    /// A body whose length is told beforehand, or that is coded: its links can only be changed in the whole.
    async fn relinked_whole(
        &self,
        mut parts: ResponseParts,
        body: Body,
        mut capture: Capture,
        links: &LinkFinder,
        target: &Target,
    ) -> Result<Reply, Error> {
        let whole = match body.read(BODY_LIMIT).await {
            Ok(Ok(whole)) => whole,
            Ok(Err(rest)) => {
                capture.give_up(&format_args!("its response body is larger than {BODY_LIMIT} bytes"));
                return Ok(assembled(parts, rest));
            }
            Err(error) => {
                let error = self.upstream.broken(&target.origin, &*error);
                capture.give_up(&error);
                return Err(error.into());
            }
        };
        let Whole { data, trailers } = whole;
        capture.exchange.body = Bytes::copy_from_slice(&data);
        capture.exchange.trailers = trailers.as_ref().map(copied).unwrap_or_default();
        let framing = capture.exchange.framing;
        capture.finish().await;
        let origin = &target.client;
        let data = if data.len() < WORTH_A_THREAD {
            relinked(&data, &parts.headers, links, origin).unwrap_or(data)
        } else {
            let (whole, headers) = (data.clone(), parts.headers.clone());
            let (links, origin) = (links.clone(), origin.clone());
            let changed = tokio::task::spawn_blocking(move || relinked(&whole, &headers, &links, &origin));
            changed.await.ok().flatten().unwrap_or(data)
        };
        let body = match framing {
            Framing::Length => {
                parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(data.len()));
                Body::Whole(data)
            }
            Framing::Chunked => Body::Unsized(Some(data), trailers),
        };
        Ok(assembled(parts, body))
    }
}

/// Where a request goes, and where its client believes to be.
struct Target {
    /// The origin it is sent to.
    origin: Origin,
    /// The origin that the client knows.
    client: Origin,
    /// The client asked for that origin itself: nothing is altered on the way.
    asked: bool,
}

/// The body with the client's origin in its links; `None` when it has none, or is not what its coding says.
fn relinked(data: &Bytes, headers: &HeaderMap, links: &LinkFinder, origin: &Origin) -> Option<Bytes> {
    let coding = Coding::of(headers).ok()?;
    let plain = match coding {
        None => data.clone(),
        Some(coding) => coding.decode(data, BODY_LIMIT).ok()?,
    };
    let rendered = links.split(&plain)?.render(origin);
    Some(match coding {
        None => rendered.into(),
        Some(coding) => coding.encode(&rendered),
    })
}

/// What is sent to the upstream: the client's headers, less those of this hop and those meant for us.
fn upstream_headers(head: &Parts, body: &Body) -> HeaderMap {
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
    headers
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
const OURS: [HeaderName; 5] = [
    header::HOST,
    header::PROXY_AUTHORIZATION,
    SESSION,
    HeaderName::from_static("x-overdub-scenario"),
    CASSETTE,
];

/// Puts the client's origin into links, and makes cookies ones that it keeps.
fn localise(headers: &mut HeaderMap, links: &LinkFinder, origin: &Origin) {
    for (name, value) in headers.iter_mut() {
        if name == header::SET_COOKIE {
            *value = localise_cookie(value, origin.scheme() == "https");
        } else if let Some(template) = links.split(&Bytes::copy_from_slice(value.as_bytes()))
            && let Ok(rendered) = HeaderValue::try_from(template.render(origin))
        {
            *value = rendered;
        }
    }
}

/// How the upstream told the body's end. HTTP/2 has frames instead: there a length is either told or it is not.
fn framing(parts: &ResponseParts, incoming: &Incoming) -> Framing {
    let told = parts.headers.contains_key(header::CONTENT_LENGTH);
    if told || http_body::Body::is_end_stream(incoming) { Framing::Length } else { Framing::Chunked }
}

/// The reply. Its length, where it is told, stands last, as it does at replay: recorded and replayed heads are alike
/// to the byte.
fn assembled(mut parts: ResponseParts, body: Body) -> Reply {
    if let Some(length) = parts.headers.get(header::CONTENT_LENGTH).cloned() {
        parts.headers = filtered(&parts.headers, |name| name != header::CONTENT_LENGTH);
        parts.headers.insert(header::CONTENT_LENGTH, length);
    }
    let mut reply = Response::new(body);
    *reply.status_mut() = parts.status;
    *reply.headers_mut() = parts.headers;
    reply
}
