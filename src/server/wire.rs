//! The stream below HTTP, as faults need it: it can be stopped between two bytes, taken back, and reset.
//!
//! hyper owns the stream that it serves, and writes nothing that is no HTTP. So a fault does not act by itself: it *arms*
//! the [`Wire`] of its connection with an [`Ending`]. When that is due, the [`Wired`] stream lets no byte pass any more,
//! [`watch`](super::watch::watch) returns, hyper is dropped, the stream comes back ([`Wired::new`]), and whoever serves the connection
//! does to it what the ending says. A connection without a fault pays one load of an atomic per write for this.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use atomic_waker::AtomicWaker;
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;

/// How long what was written has to reach the client before a connection is reset, which throws away what is still on its
/// way; and how long HTTP/2 has to write what it was given, since it does not tell when it has.
pub(super) const SETTLE: Duration = Duration::from_millis(20);

/// How a connection ends that a fault ends.
#[derive(Debug, Clone)]
pub(super) enum Ending {
    /// It stands still until the client leaves, then it is closed.
    Hang,
    /// It is closed.
    Close,
    /// It is reset (RST); `settled`: after [`SETTLE`], in which what was written reaches the client.
    Reset { settled: bool },
    /// These bytes go out, whatever they are, then it is closed.
    Raw(Bytes),
}

/// When an armed connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// Before another byte.
    Now,
    /// As soon as all that HTTP/1.1 has written is out.
    Flushed,
    /// After [`SETTLE`], in which HTTP/2 goes on writing.
    Settled,
}

/// Nothing is to happen.
pub(super) const CALM: u8 = 0;
/// [`When::Flushed`].
const FLUSHING: u8 = 1;
/// [`When::Settled`].
pub(super) const SETTLING: u8 = 2;
/// The connection ends here.
pub(super) const DUE: u8 = 3;

/// What the faults of a connection's answers ask of it.
#[derive(Debug, Default)]
pub(super) struct Wire {
    state: AtomicU8,
    /// Whether the client is to be told that this connection takes no more requests (HTTP/2).
    goaway: AtomicBool,
    /// A std lock: held to put in or take out.
    ending: Mutex<Option<Ending>>,
    /// Wakes the task that serves the connection; HTTP/2 answers requests in others.
    waker: AtomicWaker,
}

impl Wire {
    /// Lets the connection end. The first one to say how is heard: it can end in one way only.
    pub(super) fn arm(&self, ending: Ending, when: When) {
        let mut own = self.ending.lock().unwrap_or_else(PoisonError::into_inner);
        if own.is_some() {
            return;
        }
        *own = Some(ending);
        let state = match when {
            When::Now => DUE,
            When::Flushed => FLUSHING,
            When::Settled => SETTLING,
        };
        self.state.store(state, Ordering::Release);
        drop(own);
        self.waker.wake();
    }

    /// Tells the client that this connection takes no more requests: GOAWAY (RFC 9113 §6.8).
    pub(super) fn go_away(&self) {
        self.goaway.store(true, Ordering::Release);
        self.waker.wake();
    }

    /// How the connection ends, if a fault ends it.
    pub(super) fn ending(&self) -> Option<Ending> {
        self.ending.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn state(&self) -> u8 {
        self.state.load(Ordering::Acquire)
    }

    /// The time in which HTTP/2 goes on writing is over.
    pub(super) fn settled(&self) {
        self.state.store(DUE, Ordering::Release);
    }

    /// Whether the client is to be told now that this connection takes no more requests.
    pub(super) fn takes_goaway(&self) -> bool {
        self.goaway.load(Ordering::Acquire) && self.goaway.swap(false, Ordering::AcqRel)
    }

    /// Wakes the task of `context` when something is asked of the connection.
    pub(super) fn register(&self, context: &Context<'_>) {
        self.waker.register(context.waker());
    }
}

/// A stream that can be stopped.
#[derive(Debug)]
pub(super) struct Wired<I> {
    /// There until the end.
    io: Option<I>,
    back: Option<oneshot::Sender<I>>,
    wire: Arc<Wire>,
}

impl<I> Wired<I> {
    /// Guards `io`, which comes back by the receiver when it is dropped armed.
    pub(super) fn new(io: I, wire: Arc<Wire>) -> (Self, oneshot::Receiver<I>) {
        let (back, receiver) = oneshot::channel();
        (Self { io: Some(io), back: Some(back), wire }, receiver)
    }

    /// The stream, to be polled; `None` when the connection is to end here.
    fn open(&mut self) -> Option<Pin<&mut I>>
    where
        I: Unpin,
    {
        if self.wire.state() == DUE { None } else { self.io.as_mut().map(Pin::new) }
    }

    /// Whether all that was to go out before the end has gone.
    fn is_flushed(&self) -> bool {
        let state = &self.wire.state;
        self.wire.state() == FLUSHING
            && state.compare_exchange(FLUSHING, DUE, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }
}

impl<I> Drop for Wired<I> {
    fn drop(&mut self) {
        if self.wire.state() != CALM
            && let (Some(io), Some(back)) = (self.io.take(), self.back.take())
        {
            // Nobody waits for it when the server was told to stop.
            let _ = back.send(io);
        }
    }
}

// Whoever polls these is `watch`, by way of hyper: it looks at the state when they return, and needs no waker.

impl<I: AsyncRead + Unpin> AsyncRead for Wired<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.open() {
            Some(io) => io.poll_read(context, buffer),
            None => Poll::Pending,
        }
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Wired<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.open() {
            Some(io) => io.poll_write(context, bytes),
            None => Poll::Pending,
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.open() {
            Some(io) => io.poll_write_vectored(context, parts),
            None => Poll::Pending,
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.io.as_ref().is_some_and(AsyncWrite::is_write_vectored)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // hyper flushes the stream when it has nothing left to write, and not before.
        let flushed = match self.open() {
            Some(io) => ready!(io.poll_flush(context)),
            None => return Poll::Pending,
        };
        if self.is_flushed() { Poll::Pending } else { Poll::Ready(flushed) }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_flushed() {
            return Poll::Pending;
        }
        match self.open() {
            Some(io) => io.poll_shutdown(context),
            None => Poll::Pending,
        }
    }
}
