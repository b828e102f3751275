//! One body type for all that is sent and received.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::http::HeaderMap;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;

/// What a body of this crate gives when it is asked for its next frame.
pub(crate) type PolledFrame = Poll<Option<Result<Frame<Bytes>, BodyError>>>;

/// Why a body ended before its end.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// A body on its way in or out.
#[derive(Debug, Default)]
pub enum Body {
    /// No bytes at all.
    #[default]
    Empty,
    /// Bytes at hand, sent with their length.
    Whole(Bytes),
    /// Bytes at hand whose length is not told beforehand: HTTP/1.1 sends them in chunks, then the trailers.
    Unsized(Option<Bytes>, Option<HeaderMap>),
    /// Bytes at hand whose way out is watched: see [`Body::guarded`].
    Guarded(Box<Guarded>),
    /// Arriving from a connection.
    Incoming(Incoming),
    /// Made while it is sent.
    Stream(UnsyncBoxBody<Bytes, BodyError>),
}

impl Body {
    /// A body made of frames.
    pub fn stream<B>(body: B) -> Self
    where
        B: http_body::Body<Data = Bytes, Error = BodyError> + Send + 'static,
    {
        Self::Stream(body.boxed_unsync())
    }

    /// Reads the body whole.
    ///
    /// Returns `Ok(Err(rest))` as soon as it is known to be larger than `limit` bytes: what was read, followed by
    /// what is still to come, so that a caller can pass it on without ever holding more than the limit.
    ///
    /// # Errors
    /// When the connection breaks first.
    pub async fn read(self, limit: usize) -> Result<Result<Whole, Body>, BodyError> {
        let mut whole = Whole::default();
        let mut body = match self {
            Self::Empty => return Ok(Ok(whole)),
            Self::Whole(data) if data.len() <= limit => {
                whole.data = data;
                return Ok(Ok(whole));
            }
            other => other,
        };
        let mut parts = Vec::new();
        while let Some(frame) = body.frame().await {
            match frame?.into_data() {
                Ok(data) if parts.is_empty() && body.is_end() && data.len() <= limit => {
                    whole.data = data;
                    return Ok(Ok(whole));
                }
                Ok(data) => parts.extend_from_slice(&data),
                Err(frame) => whole.trailers = frame.into_trailers().ok(),
            }
            if parts.len() > limit {
                let read = Some(Bytes::from(parts));
                return Ok(Err(Self::stream(Recovery { read, rest: body })));
            }
        }
        whole.data = Bytes::from(parts);
        Ok(Ok(whole))
    }

    /// The same body, whose guard is told when its last byte went to the connection.
    ///
    /// Bytes at hand go out in parts of 64 KiB, so that a client that leaves in the middle of a large body is seen.
    #[must_use]
    pub fn guarded(self, guard: Guard) -> Self {
        let (rest, trailers, sized) = match self {
            Self::Whole(data) if !data.is_empty() => (data, None, true),
            Self::Unsized(data, trailers) => (data.unwrap_or_default(), trailers, false),
            other => {
                guard.arrived();
                return other;
            }
        };
        Self::Guarded(Box::new(Guarded { rest, trailers, sized, guard: Some(guard) }))
    }

    /// How long it is, whether or not its framing tells; `None`: nobody knows yet.
    pub(crate) fn length(&self) -> Option<u64> {
        match self {
            Self::Unsized(data, _) => Some(data.as_ref().map_or(0, Bytes::len) as u64),
            Self::Guarded(guarded) => Some(guarded.rest.len() as u64),
            other => http_body::Body::size_hint(other).exact(),
        }
    }

    /// The next frame, with at most `most` bytes of those at hand, the others staying where they are: whoever watches
    /// them is not told of bytes that were not sent. What arrives comes as it arrives.
    pub(crate) fn poll_part(&mut self, context: &mut Context<'_>, most: usize) -> PolledFrame {
        match self {
            Self::Whole(data) | Self::Unsized(Some(data), _) if data.len() > most => {
                Poll::Ready(Some(Ok(Frame::data(data.split_to(most)))))
            }
            Self::Guarded(guarded) => guarded.part(most),
            other => http_body::Body::poll_frame(Pin::new(other), context),
        }
    }

    /// The same bytes, sent with their length if they are at hand.
    pub(crate) fn sized(self) -> Self {
        match self {
            Self::Unsized(data, _) => data.filter(|data| !data.is_empty()).map_or(Self::Empty, Self::Whole),
            Self::Guarded(mut guarded) => {
                (guarded.sized, guarded.trailers) = (true, None);
                Self::Guarded(guarded)
            }
            other => other,
        }
    }

    /// A body that breaks before its first byte.
    pub(crate) fn broken(error: BodyError) -> Self {
        Self::stream(Broken(Some(error)))
    }

    /// Whether nothing comes any more.
    pub(crate) fn is_end(&self) -> bool {
        http_body::Body::is_end_stream(self)
    }
}

/// Something to be done when an answer does not reach its client whole, whatever becomes of it.
pub struct Guard(Option<Box<dyn FnOnce() + Send>>);

impl Guard {
    /// Does `on_cut` when it is dropped, unless the answer has arrived by then.
    pub fn new(on_cut: impl FnOnce() + Send + 'static) -> Self {
        Self(Some(Box::new(on_cut)))
    }

    /// The answer reached its client.
    pub fn arrived(mut self) {
        self.0 = None;
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guard")
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(on_cut) = self.0.take() {
            on_cut();
        }
    }
}

/// How far a request body has been sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upload {
    /// Bytes sent so far.
    pub sent: u64,
    /// All of it has been sent.
    pub complete: bool,
}

/// A body that was read to its end.
#[derive(Debug, Default)]
pub struct Whole {
    /// All its bytes.
    pub data: Bytes,
    /// What came after them.
    pub trailers: Option<HeaderMap>,
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> PolledFrame {
        match self.get_mut() {
            Self::Empty => Poll::Ready(None),
            body @ Self::Whole(_) => match std::mem::take(body) {
                Self::Whole(data) if !data.is_empty() => Poll::Ready(Some(Ok(Frame::data(data)))),
                _ => Poll::Ready(None),
            },
            Self::Unsized(data, trailers) => {
                let frame = data.take().filter(|data| !data.is_empty()).map(Frame::data);
                Poll::Ready(frame.or_else(|| trailers.take().map(Frame::trailers)).map(Ok))
            }
            Self::Guarded(guarded) => guarded.part(GUARDED_PART),
            Self::Incoming(body) => Pin::new(body).poll_frame(context).map_err(Into::into),
            Self::Stream(body) => Pin::new(body).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Whole(data) => data.is_empty(),
            // Saying "ended" here would let the server send a length; the framing is what this variant is for.
            Self::Unsized(..) => false,
            Self::Guarded(guarded) => guarded.sized && guarded.rest.is_empty(),
            Self::Incoming(body) => body.is_end_stream(),
            Self::Stream(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Whole(data) => SizeHint::with_exact(data.len() as u64),
            Self::Guarded(guarded) if guarded.sized => SizeHint::with_exact(guarded.rest.len() as u64),
            Self::Unsized(..) | Self::Guarded(_) => SizeHint::default(),
            Self::Incoming(body) => body.size_hint(),
            Self::Stream(body) => body.size_hint(),
        }
    }
}

/// Bytes at hand whose way out is watched.
pub struct Guarded {
    rest: Bytes,
    trailers: Option<HeaderMap>,
    sized: bool,
    guard: Option<Guard>,
}

/// Largest part that a watched body hands to the connection at once (bytes).
const GUARDED_PART: usize = 64 * 1024;

impl Guarded {
    fn part(&mut self, most: usize) -> PolledFrame {
        let length = self.rest.len().min(most).min(GUARDED_PART);
        let part = self.rest.split_to(length);
        if self.rest.is_empty()
            && let Some(guard) = self.guard.take()
        {
            guard.arrived();
        }
        let frame = (length > 0).then(|| Frame::data(part));
        Poll::Ready(frame.or_else(|| self.trailers.take().map(Frame::trailers)).map(Ok))
    }
}

impl fmt::Debug for Guarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded")
            .field("rest", &self.rest)
            .field("sized", &self.sized)
            .finish_non_exhaustive()
    }
}

/// What was read of a body that turned out too large, followed by the rest of it.
#[derive(Debug)]
struct Recovery {
    read: Option<Bytes>,
    rest: Body,
}

impl http_body::Body for Recovery {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> PolledFrame {
        match self.read.take() {
            Some(read) => Poll::Ready(Some(Ok(Frame::data(read)))),
            None => Pin::new(&mut self.rest).poll_frame(context),
        }
    }
}

struct Broken(Option<BodyError>);

impl http_body::Body for Broken {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> PolledFrame {
        Poll::Ready(self.0.take().map(Err))
    }
}
