//! Bodies that are copied while they pass: towards the upstream, and back to the client.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;

use super::exchange::{Exchange, RequestCopy};
use super::{Recorder, SeenThrough};
use crate::clock::Stopwatch;
use crate::http::{BODY_LIMIT, Body, BodyError, PolledFrame, copied};

/// How long a response is read after its client left: an event stream may never end.
const DRAIN_LIMIT: Duration = Duration::from_mins(1);

type Finishing = SeenThrough<()>;

/// A request body on its way to the upstream.
pub(crate) struct RequestTee {
    inner: Body,
    copy: RequestCopy,
}

impl RequestTee {
    /// Copies `body` into `copy` as it is read.
    pub(crate) fn over(body: Body, copy: RequestCopy) -> Body {
        Body::stream(Self { inner: body, copy })
    }
}

impl http_body::Body for RequestTee {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> PolledFrame {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(context));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    self.copy.add(data);
                }
                // A body of known length is not asked again after its last byte.
                if self.inner.is_end_stream() {
                    self.copy.lock().complete = true;
                }
            }
            None => self.copy.lock().complete = true,
            Some(Err(error)) => self.copy.lock().broken = Some(error.to_string()),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// An exchange whose response is still arriving.
pub(crate) struct Capture {
    pub(crate) exchange: Box<Exchange>,
    stopwatch: Stopwatch,
    recorder: Recorder,
    copied: Vec<u8>,
    too_large: bool,
}

impl Capture {
    /// Begins to collect the response of `exchange`.
    pub(crate) fn new(exchange: Exchange, stopwatch: Stopwatch, recorder: Recorder) -> Self {
        Self { exchange: Box::new(exchange), stopwatch, recorder, copied: Vec::new(), too_large: false }
    }

    fn add(&mut self, frame: &Frame<Bytes>) {
        if let Some(data) = frame.data_ref() {
            self.too_large |= self.copied.len() + data.len() > BODY_LIMIT;
            if self.too_large {
                self.copied = Vec::new();
            } else {
                self.copied.extend_from_slice(data);
            }
        } else if let Some(trailers) = frame.trailers_ref() {
            self.exchange.trailers = copied(trailers, |_| true);
        }
    }

    /// The response is complete: hands the exchange over, waiting for room if need be.
    pub(crate) async fn finish(self) {
        if let Some((recorder, exchange)) = self.hand_over() {
            recorder.submit(exchange).await;
        }
    }

    /// The same if that needs no waiting; else gives back what still has to be handed over.
    fn hand_over(mut self) -> Option<(Recorder, Box<Exchange>)> {
        if !self.copied.is_empty() {
            self.exchange.body = std::mem::take(&mut self.copied).into();
        }
        let request_too_large = self.exchange.request_body.lock().too_large;
        if self.too_large || request_too_large {
            let side = if request_too_large { "request" } else { "response" };
            self.give_up(&format_args!("its {side} body is larger than {BODY_LIMIT} bytes"));
            return None;
        }
        self.exchange.took = self.stopwatch.elapsed();
        let Self { exchange, recorder, .. } = self;
        let rest = recorder.try_submit(exchange).err()?;
        Some((recorder, rest))
    }

    /// The response is no longer worth keeping.
    pub(crate) fn give_up(self, why: &dyn std::fmt::Display) {
        tracing::warn!("not recorded: {}: {why}", self.exchange.what(self.recorder.mask()));
    }
}

/// A response body on its way to the client.
///
/// Its last part leaves only when the recorder has taken the exchange: that is the recorder's back-pressure. When the
/// client leaves first, the rest is read and recorded without it.
pub(crate) struct Tee {
    inner: Body,
    capture: Option<Capture>,
    /// What the last part waits for, if it has to, and the part.
    finishing: Option<(Option<Finishing>, Option<Frame<Bytes>>)>,
}

impl Tee {
    /// Collects `body` into `capture` as it is read.
    pub(crate) fn new(body: Body, capture: Capture) -> Self {
        Self { inner: body, capture: Some(capture), finishing: None }
    }

    /// Hands the exchange over; `last` leaves when that is done.
    fn finish(&mut self, last: Option<Frame<Bytes>>) {
        let waiting = self.capture.take().and_then(Capture::hand_over).map(|(recorder, exchange)| {
            let own = recorder.clone();
            recorder.see_through(async move { own.submit(exchange).await })
        });
        self.finishing = Some((waiting, last));
    }
}

impl http_body::Body for Tee {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> PolledFrame {
        loop {
            if let Some((finishing, last)) = &mut self.finishing {
                if let Some(waiting) = finishing {
                    ready!(Pin::new(waiting).poll(context));
                }
                let last = last.take();
                self.finishing = None;
                return Poll::Ready(last.map(Ok));
            }
            if self.capture.is_none() {
                return Pin::new(&mut self.inner).poll_frame(context);
            }
            match ready!(Pin::new(&mut self.inner).poll_frame(context)) {
                Some(Ok(frame)) => {
                    if let Some(capture) = &mut self.capture {
                        capture.add(&frame);
                    }
                    if !self.inner.is_end_stream() {
                        return Poll::Ready(Some(Ok(frame)));
                    }
                    self.finish(Some(frame));
                }
                Some(Err(error)) => {
                    if let Some(capture) = self.capture.take() {
                        capture.give_up(&error);
                    }
                    return Poll::Ready(Some(Err(error)));
                }
                None => self.finish(None),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.finishing.is_none() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.finishing {
            Some((_, Some(last))) => {
                SizeHint::with_exact(last.data_ref().map_or(0, |data| data.len() as u64))
            }
            _ => self.inner.size_hint(),
        }
    }
}

impl Drop for Tee {
    fn drop(&mut self) {
        // What is being handed over already goes on by itself.
        if let Some(capture) = self.capture.take() {
            let recorder = capture.recorder.clone();
            drop(recorder.see_through(drain(std::mem::take(&mut self.inner), capture)));
        }
    }
}

/// Reads the rest of a response whose client left.
async fn drain(mut rest: Body, mut capture: Capture) {
    let read = tokio::time::timeout(DRAIN_LIMIT, async {
        while let Some(frame) = rest.frame().await {
            capture.add(&frame?);
            if capture.too_large {
                break;
            }
        }
        Ok::<(), BodyError>(())
    });
    match read.await {
        Ok(Ok(())) => capture.finish().await,
        Ok(Err(error)) => capture.give_up(&error),
        Err(_) => capture.give_up(&"its client left and it did not end within a minute"),
    }
}
