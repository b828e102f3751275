//! Response bodies changed or watched on their way: links replaced part by part, silence bounded.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use ::http::{HeaderMap, Version};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use crate::http::{Body, BodyError, LinkFinder, LinkStream, Origin, PolledFrame};
use crate::upstream::Stalled;

/// An HTTP/2 stream that was reset before its end.
#[derive(Debug, thiserror::Error)]
#[error("the stream was reset before its end")]
struct Unfinished;

/// Replaces links in a body that streams.
pub(super) struct Relinked {
    inner: Body,
    links: LinkStream,
    trailers: Option<HeaderMap>,
    broken: Option<BodyError>,
    ended: bool,
}

impl Relinked {
    pub(super) fn new(inner: Body, links: LinkFinder, origin: Origin) -> Self {
        Self { inner, links: LinkStream::new(links, origin), trailers: None, broken: None, ended: false }
    }
}

impl http_body::Body for Relinked {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> PolledFrame {
        while !self.ended {
            let part = match ready!(Pin::new(&mut self.inner).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.links.push(&data),
                    Err(frame) => {
                        self.trailers = frame.into_trailers().ok();
                        continue;
                    }
                },
                // What was held back has come, and goes out before the end, good or bad.
                end => {
                    self.ended = true;
                    self.broken = end.and_then(Result::err);
                    self.links.finish()
                }
            };
            if !part.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(part))));
            }
        }
        if let Some(error) = self.broken.take() {
            return Poll::Ready(Some(Err(error)));
        }
        Poll::Ready(self.trailers.take().map(Frame::trailers).map(Ok))
    }
}

/// Ends with an error where the body does not end well: [`Stalled`] when nothing comes for too long, [`Unfinished`]
/// when an HTTP/2 stream is reset as if all were said.
pub(super) struct Patient {
    inner: Body,
    limit: Duration,
    is_h2: bool,
    /// Set only while nothing is at hand: a body that arrives in one go costs no timer.
    waiting: Option<Pin<Box<Sleep>>>,
    /// Why it broke, held back once: hyper drops with the connection what it has not written by then, and the client is to
    /// have the head and what came of the body.
    broken: Option<BodyError>,
}

impl Patient {
    pub(super) fn new(inner: Body, limit: Duration, version: Version) -> Self {
        Self { inner, limit, is_h2: version == Version::HTTP_2, waiting: None, broken: None }
    }
}

impl Patient {
    /// Ends with `error`, once what came before has been written.
    fn break_off(&mut self, error: BodyError, context: &Context<'_>) -> PolledFrame {
        self.broken = Some(error);
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl http_body::Body for Patient {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> PolledFrame {
        if let Some(error) = self.broken.take() {
            return Poll::Ready(Some(Err(error)));
        }
        if let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(context) {
            self.waiting = None;
            return match frame {
                // hyper takes a reset with NO_ERROR for the end; only END_STREAM is one (RFC 9113 §8.1).
                None if self.is_h2 && !self.inner.is_end_stream() => {
                    self.break_off(Unfinished.into(), context)
                }
                Some(Err(error)) => self.break_off(error, context),
                frame => Poll::Ready(frame),
            };
        }
        let limit = self.limit;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(limit)));
        ready!(waiting.as_mut().poll(context));
        Poll::Ready(Some(Err(Stalled(limit).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
