//! Response bodies changed or watched on their way: links replaced part by part, silence bounded.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use ::http::HeaderMap;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use crate::http::{Body, BodyError, LinkFinder, LinkStream, Origin};
use crate::upstream::Stalled;

/// Replaces links in a body that streams.
pub(super) struct Relinked {
    inner: Body,
    links: LinkStream,
    trailers: Option<HeaderMap>,
    ended: bool,
}

impl Relinked {
    pub(super) fn new(inner: Body, links: LinkFinder, origin: Origin) -> Self {
        Self { inner, links: LinkStream::new(links, origin), trailers: None, ended: false }
    }
}

impl http_body::Body for Relinked {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        while !self.ended {
            let frame = ready!(Pin::new(&mut self.inner).poll_frame(context)).transpose()?;
            let part = match frame.map(Frame::into_data) {
                Some(Ok(data)) => self.links.push(&data),
                Some(Err(frame)) => {
                    self.trailers = frame.into_trailers().ok();
                    continue;
                }
                None => {
                    self.ended = true;
                    self.links.finish()
                }
            };
            if !part.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(part))));
            }
        }
        Poll::Ready(self.trailers.take().map(Frame::trailers).map(Ok))
    }
}

/// Ends with [`Stalled`] when nothing comes for too long.
pub(super) struct Patient {
    inner: Body,
    limit: Duration,
    /// Set only while nothing is at hand: a body that arrives in one go costs no timer.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    pub(super) fn new(inner: Body, limit: Duration) -> Self {
        Self { inner, limit, waiting: None }
    }
}

impl http_body::Body for Patient {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(context) {
            self.waiting = None;
            return Poll::Ready(frame);
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
