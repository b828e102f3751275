//! A response body, and the connection that brings it.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;

use super::connection::Connection;
use super::pool::Peer;
use crate::http::{Body, BodyError, PolledFrame};

/// What a body gave: a part, a failure, or `None` at its end.
type Part = Option<Result<Frame<Bytes>, hyper::Error>>;

/// A body that is arriving. When it has come, its connection goes back to the others of its peer.
struct Arriving {
    /// What came together with the head.
    first: Option<Part>,
    rest: Incoming,
    connection: Option<Box<Connection>>,
    peer: Arc<Peer>,
}

/// The body that `connection` brings: at hand at once, if all of it came with the head.
pub(super) async fn arriving(mut connection: Box<Connection>, mut rest: Incoming, peer: &Arc<Peer>) -> Body {
    if rest.is_end_stream() {
        peer.take_back(connection);
        return Body::Empty;
    }
    let whole = rest.size_hint().exact();
    let first = poll_fn(|context| {
        Poll::Ready(connection.poll_body(context, |own| Pin::new(&mut rest).poll_frame(own)))
    });
    let first = match first.await {
        Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
            Ok(data) if whole == Some(data.len() as u64) => {
                peer.take_back(connection);
                return Body::Whole(data);
            }
            Ok(data) => Some(Some(Ok(Frame::data(data)))),
            Err(frame) => Some(Some(Ok(frame))),
        },
        Poll::Ready(end) => Some(end),
        Poll::Pending => None,
    };
    Body::stream(Arriving { first, rest, connection: Some(connection), peer: Arc::clone(peer) })
}

impl Arriving {
    fn poll_part(&mut self, context: &mut Context<'_>) -> Poll<Part> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(first);
        }
        let rest = &mut self.rest;
        match &mut self.connection {
            Some(connection) => connection.poll_body(context, |own| Pin::new(&mut *rest).poll_frame(own)),
            None => Pin::new(rest).poll_frame(context),
        }
    }

    fn take_back(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.peer.take_back(connection);
        }
    }
}

impl http_body::Body for Arriving {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> PolledFrame {
        let part = ready!(self.poll_part(context));
        match &part {
            Some(Ok(_)) if !self.rest.is_end_stream() => {}
            Some(Ok(_)) | None => self.take_back(),
            Some(Err(_)) => self.connection = None,
        }
        Poll::Ready(part.map(|part| part.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = self.rest.size_hint();
        if let (Some(Some(Ok(first))), Some(rest)) = (&self.first, hint.exact()) {
            hint.set_exact(rest + first.data_ref().map_or(0, |data| data.len() as u64));
        }
        hint
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        // It is ready for the next request only if all of the body has come; else this closes it.
        self.take_back();
    }
}
