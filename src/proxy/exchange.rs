//! One exchange with the upstream: sent on, streamed back, a copy kept.
//!
//! The client gets what the upstream sent. As a reverse proxy, links to the upstream's own origin are excepted: they
//! come back with the origin that the client used, or a client that follows them would leave the proxy.

use std::sync::Arc;
use std::time::Duration;

use ::http::request::Parts;
use ::http::response::Parts as ResponseParts;
use ::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use bytes::Bytes;

use super::body::{Patient, Relinked};
use super::heads::{as_replayed, assembled, framing, switched, upstream_headers, wanted_protocol};
use super::links::{localise, relinked};
use crate::apart::{LONG_BODY, apart};
use crate::cassette::Framing;
use crate::clock::{Clock, Stopwatch};
use crate::error::Error;
use crate::http::{
    BODY_LIMIT, Body, HEADER_LIMIT, LinkFinder, Origin, Reply, Request, Whole, copied, into_end_to_end,
    is_text, total_size,
};
use crate::recorder::{Capture, Exchange, Recorder, RequestCopy, RequestTee, Tee, is_kept};
use crate::upstream::{Cause, Upstream};

/// How long a response body may stand still. Event streams are silent for a minute and more.
const BODY_IDLE: Duration = Duration::from_mins(5);

/// The upstream, and the recorder beside it, if what passes is kept.
#[derive(Debug)]
pub struct Live {
    upstream: Upstream,
    recorder: Option<Recorder>,
    clock: Clock,
    /// `None`: links stay as they are.
    links: Option<LinkFinder>,
}

impl Live {
    /// Passes on to `upstream` and hands every exchange to `recorder`.
    pub fn new(upstream: Upstream, recorder: Recorder, clock: Clock, rewrite_links: bool) -> Self {
        Self { recorder: Some(recorder), ..Self::unrecorded(upstream, clock, rewrite_links) }
    }

    /// Passes on to `upstream` and keeps nothing.
    pub fn unrecorded(upstream: Upstream, clock: Clock, rewrite_links: bool) -> Self {
        let links = upstream.origin().filter(|_| rewrite_links).map(LinkFinder::new);
        Self { upstream, recorder: None, clock, links }
    }

    /// Where requests go that name no origin themselves.
    pub(super) fn origin(&self) -> Option<&Origin> {
        self.upstream.origin()
    }

    /// The cassette that is written: its name, and how many interactions it holds.
    pub(super) fn cassette(&self) -> Option<(String, usize)> {
        self.recorder.as_ref().map(Recorder::cassette)
    }

    /// Passes one request on.
    ///
    /// # Errors
    /// When the upstream gives no answer.
    pub(super) async fn answer(self: &Arc<Self>, request: Box<Request>) -> Result<Reply, Error> {
        let Some(recorder) = &self.recorder else {
            // Apart, for it is large, and hyper moves the future of every request.
            return Box::pin(Arc::clone(self).exchange(request)).await;
        };
        // A client that leaves while it waits must not cut an exchange that has begun.
        recorder.see_through(Arc::clone(self).exchange(request)).await
    }

    async fn exchange(self: Arc<Self>, request: Box<Request>) -> Result<Reply, Error> {
        let recorder = self.recorder.as_ref();
        let begun = recorder.map(|recorder| (recorder.clone(), self.clock.now(), Stopwatch::start()));
        let (target, body) = self.target(request)?;
        let (origin, head) = (&target.origin, &target.request.head);
        let copy = RequestCopy::of_length(http_body::Body::size_hint(&body).exact(), begun.is_some());
        let response = self.send(origin, head, body, &copy).await?;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return self.switch(origin, head, response);
        }
        let (mut parts, body) = response.into_parts();
        if parts.headers.contains_key(header::TRANSFER_ENCODING) {
            // Both would be a way to smuggle (RFC 9112 §6.3); the chunks tell the end.
            parts.headers.remove(header::CONTENT_LENGTH);
        }
        let size = total_size(&parts.headers);
        if size > HEADER_LIMIT {
            return Err(self.upstream.error(origin, Cause::HeadersTooLarge(size)).into());
        }
        let framing = framing(&parts, &body);
        parts.headers = into_end_to_end(parts.headers);
        let capture = begun.map(|(recorder, at, stopwatch)| {
            let exchange = Exchange {
                at,
                took: Duration::ZERO,
                client: target.client(),
                method: head.method.clone(),
                origin: (self.upstream.origin() != Some(origin)).then(|| origin.clone()),
                target: target.request.target().to_owned(),
                session: target.request.session.clone(),
                request_headers: copied(&head.headers, |_| true),
                request_body: copy,
                status: parts.status,
                response_headers: copied(&parts.headers, |name| is_kept(&head.method, parts.status, name)),
                framing,
                body: Bytes::new(),
                trailers: HeaderMap::new(),
            };
            Box::new(Capture::new(exchange, stopwatch, recorder))
        });
        self.reply(Answer { parts, body, framing, capture }, target).await
    }

    /// Where the request goes, and its body.
    fn target(&self, mut request: Box<Request>) -> Result<(Target, Body), Error> {
        let origin = request.asked.as_ref().or(self.upstream.origin()).ok_or(Error::NoUpstream)?.clone();
        let body = std::mem::take(&mut request.body);
        Ok((Target { origin, request }, body))
    }

    /// Sends the request; one that may be repeated is, once, if its connection was just being closed (RFC 9110 §9.2.2).
    async fn send(
        &self,
        origin: &Origin,
        head: &Parts,
        body: Body,
        copy: &RequestCopy,
    ) -> Result<Response<Body>, Error> {
        let headers = upstream_headers(head, &body);
        let target = head.uri.path_and_query();
        let upload = || copy.lock().upload();
        if http_body::Body::is_end_stream(&body) {
            let send = |headers| {
                self.upstream.send(origin, head.method.clone(), target, headers, Body::Empty, upload)
            };
            return match send(headers).await {
                Err(error) if head.method.is_idempotent() && error.is_broken() => {
                    Ok(send(upstream_headers(head, &Body::Empty)).await?)
                }
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

    /// A connection that changes its protocol: both sides of it are handed to the server.
    fn switch(&self, origin: &Origin, head: &Parts, response: Response<Body>) -> Result<Reply, Error> {
        if wanted_protocol(head).is_none() {
            let cause = Cause::Broken("it changed the protocol, which nobody had asked for".to_owned());
            return Err(self.upstream.error(origin, cause).into());
        }
        let what =
            response.headers().get(header::UPGRADE).map(|name| String::from_utf8_lossy(name.as_bytes()));
        let what = what.as_deref().unwrap_or("another protocol");
        if let Some(recorder) = &self.recorder {
            let path = recorder.mask().apply(head.uri.path());
            tracing::info!("not recorded: {} {path}: upgraded to {what}", head.method);
        } else {
            // Nothing tells which of its paths are secret.
            tracing::info!("{} at {origin}: upgraded to {what}", head.method);
        }
        Ok(switched(response))
    }

    /// The client's answer: at once where nothing in the body changes, else when the body is there.
    async fn reply(&self, mut answer: Answer, target: Target) -> Result<Reply, Error> {
        let parts = &mut answer.parts;
        // A part's links stay: changed ones would not be where Content-Range says (RFC 9110 §14.4).
        let text = is_text(&parts.headers) && parts.status != StatusCode::PARTIAL_CONTENT;
        let links = self.links.as_ref().filter(|_| target.request.asked.is_none());
        if let Some(links) = links {
            localise(&mut parts.headers, links, || target.client());
        }
        if answer.capture.is_some() {
            parts.headers = as_replayed(std::mem::take(&mut parts.headers));
        }
        let Answer { parts, body, framing, capture } = answer;
        if http_body::Body::is_end_stream(&body) {
            finish(capture).await;
            return Ok(assembled(parts, Body::Empty));
        }
        let body = match body {
            whole @ Body::Whole(_) => whole,
            arriving => Body::stream(Patient::new(arriving, BODY_IDLE, parts.version)),
        };
        let Some(links) = links.filter(|_| text) else {
            return Ok(assembled(parts, kept(body, capture)));
        };
        let coded = parts.headers.contains_key(header::CONTENT_ENCODING);
        if framing == Framing::Chunked && !coded {
            let relinked = Relinked::new(kept(body, capture), links.clone(), target.client());
            return Ok(assembled(parts, Body::stream(relinked)));
        }
        // Apart, for it is large: futures are moved about, and with them all that they may come to hold.
        Box::pin(self.relinked_whole(Answer { parts, body, framing, capture }, links, target)).await
    }

    /// A body whose length is told beforehand, or that is coded: its links can only be changed in the whole.
    async fn relinked_whole(
        &self,
        answer: Answer,
        links: &LinkFinder,
        target: Target,
    ) -> Result<Reply, Error> {
        let Answer { mut parts, body, framing, mut capture } = answer;
        let whole = match body.read(BODY_LIMIT).await {
            Ok(Ok(whole)) => whole,
            Ok(Err(rest)) => {
                give_up(capture, &format_args!("its response body is larger than {BODY_LIMIT} bytes"));
                return Ok(assembled(parts, rest));
            }
            Err(error) => {
                let error = self.upstream.broken(&target.origin, &*error);
                give_up(capture, &error);
                return Err(error.into());
            }
        };
        let Whole { data, trailers } = whole;
        if let Some(capture) = &mut capture {
            let exchange = &mut capture.exchange;
            exchange.body = Bytes::copy_from_slice(&data);
            exchange.trailers =
                trailers.as_ref().map(|trailers| copied(trailers, |_| true)).unwrap_or_default();
        }
        finish(capture).await;
        let changed =
            apart(data.len() > LONG_BODY, || relinked(&data, &parts.headers, links, || target.client()));
        let data = changed.unwrap_or(data);
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

/// A response on its way to the client.
struct Answer {
    parts: ResponseParts,
    body: Body,
    framing: Framing,
    /// What is kept of it; `None` where nothing is.
    capture: Option<Box<Capture>>,
}

/// The body, copied while it passes if that is wanted.
fn kept(body: Body, capture: Option<Box<Capture>>) -> Body {
    match capture {
        Some(capture) => Body::stream(Tee::new(body, *capture)),
        None => body,
    }
}

async fn finish(capture: Option<Box<Capture>>) {
    if let Some(capture) = capture {
        capture.finish().await;
    }
}

fn give_up(capture: Option<Box<Capture>>, why: &dyn std::fmt::Display) {
    if let Some(capture) = capture {
        capture.give_up(why);
    }
}

/// Where a request goes, and whose it is.
struct Target {
    /// The origin it is sent to.
    origin: Origin,
    /// The request, less its body. What asked for the origin itself is not altered on the way.
    request: Box<Request>,
}

impl Target {
    /// The origin that the client knows: found out where it is needed, which most answers do not.
    fn client(&self) -> Origin {
        self.request.client_origin()
    }
}
