//! One HTTP/1.1 connection, polled by whoever waits for what it brings.
//!
//! hyper means a connection to run in a task of its own. Each answer then wakes that task first and the waiting one
//! through it, and each part of a body does so again. Here the connection is a value: it goes with the request, then
//! with the body, then back into the pool, and the task that holds it polls it.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use ::http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{self, SendRequest};
use tokio::task::unconstrained;

use super::bell::Bell;
use super::connect::Io;
use crate::http::Body;

/// How often a connection is polled in one go before other tasks have their turn: it needs one or two.
const MOST_TURNS: usize = 8;

/// Why there is no answer, with the request if nothing of it was sent.
pub(super) type Unsent = Box<TrySendError<Request<Body>>>;

/// A connection for one exchange at a time. Dropping it closes it.
pub(super) struct Connection {
    sender: SendRequest<Body>,
    /// `None` once it has ended.
    driver: Option<http1::Connection<Io, Body>>,
    bell: Arc<Bell>,
    /// Rings the bell.
    rope: Waker,
}

impl Connection {
    pub(super) fn new(sender: SendRequest<Body>, driver: http1::Connection<Io, Body>) -> Self {
        let bell = Bell::new();
        Self { sender, driver: Some(driver), rope: Waker::from(Arc::clone(&bell)), bell }
    }

    /// Sends a request and waits for the head of its answer. The connection comes back with it; when this is given up, the
    /// connection is closed.
    ///
    /// # Errors
    /// Why there is no answer, with the request if nothing of it was sent.
    pub(super) async fn send(
        mut self: Box<Self>,
        request: Box<Request<Body>>,
    ) -> Result<(Response<Incoming>, Box<Self>), Unsent> {
        // Its budget is that of the connection, which it would wake in vain.
        let mut response = pin!(unconstrained(self.sender.try_send_request(*request)));
        let response = poll_fn(|context| self.poll_while(context, |_, own| response.as_mut().poll(own)));
        match response.await {
            Ok(response) => Ok((response, self)),
            Err(failed) => Err(Box::new(failed)),
        }
    }

    /// Waits until the next request can be sent, or the connection has ended.
    pub(super) async fn ready(&mut self) {
        let ready = poll_fn(|context| self.poll_while(context, SendRequest::poll_ready));
        // Whether it is, the connection itself is asked.
        let _ = ready.await;
    }

    /// Whether a request can be sent: the connection stands, as far as is known, and nothing of the last exchange is left.
    pub(super) fn is_ready(&mut self) -> bool {
        self.attend();
        self.driver.is_some() && self.sender.is_ready()
    }

    /// Polls the next part of a body that this connection brings.
    pub(super) fn poll_body<T>(
        &mut self,
        context: &mut Context<'_>,
        mut part: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.poll_while(context, |_, own| part(own))
    }

    /// Polls `step`, which waits for something that the connection does, and the connection by turns.
    fn poll_while<T>(
        &mut self,
        context: &mut Context<'_>,
        mut step: impl FnMut(&mut SendRequest<Body>, &mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        // What the connection does to the step happens while it is polled, and the step is polled next.
        let mut quiet = Context::from_waker(Waker::noop());
        for _ in 0..MOST_TURNS {
            self.attend();
            if let Poll::Ready(done) = step(&mut self.sender, &mut quiet) {
                return Poll::Ready(done);
            }
            if self.bell.leave(context.waker()) {
                return Poll::Pending;
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Polls the connection if it has something to do.
    fn attend(&mut self) {
        if self.bell.attend()
            && let Some(driver) = &mut self.driver
            && let Poll::Ready(ended) = Pin::new(driver).poll(&mut Context::from_waker(&self.rope))
        {
            if let Err(error) = ended {
                tracing::debug!("a connection to the upstream ended early: {error}");
            }
            self.driver = None;
        }
    }
}
