//! A connection served until something ends it: itself, a fault, a head that does not come, the end of serving.
//!
//! This runs around hyper at every event of a connection, so what nearly never happens is asked in one load each.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use hyper_util::server::graceful::GracefulConnection;
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

use super::patience::Alarm;
use super::wire::{CALM, DUE, SETTLE, SETTLING, Wire};

/// The end of serving, as connections hear of it.
#[derive(Debug, Default)]
pub(super) struct Closing {
    /// Told without the token's lock, which all connections share.
    begun: AtomicBool,
    wakes: CancellationToken,
    abort: CancellationToken,
}

impl Closing {
    /// Connections finish what is under way, and end.
    pub(super) fn begin(&self) {
        self.begun.store(true, Ordering::Release);
        self.wakes.cancel();
    }

    /// Connections end where they are.
    pub(super) fn abort(&self) {
        self.abort.cancel();
    }

    /// Waits for [`Closing::abort`].
    pub(super) async fn aborted(&self) {
        self.abort.cancelled().await;
    }
}

/// What ended a connection.
#[derive(Debug)]
pub(super) enum End<E> {
    /// It ended by itself.
    Itself(Result<(), E>),
    /// A fault: see [`Wire::ending`].
    Fault,
    /// No whole head of a request came in time.
    NoHead,
    /// It was cut off.
    Abort,
}

/// Serves the connection until something ends it.
pub(super) async fn watch<C: GracefulConnection>(
    mut connection: Pin<&mut C>,
    wire: &Wire,
    mut alarm: Alarm,
    closing: &Closing,
) -> End<C::Error> {
    let mut hearing = Hearing::of(closing);
    let mut settled = None;
    poll_fn(|context| {
        wire.register(context);
        while wire.state() != DUE {
            if let Poll::Ready(ended) = connection.as_mut().poll(context) {
                let by_itself = wire.state() == CALM;
                return Poll::Ready(if by_itself { End::Itself(ended) } else { End::Fault });
            }
            if wire.state() == SETTLING {
                let settled = settled.get_or_insert_with(|| Box::pin(tokio::time::sleep(SETTLE)));
                ready!(settled.as_mut().poll(context));
                wire.settled();
            } else if wire.takes_goaway() {
                // After what HTTP/2 had to write so far.
                connection.as_mut().graceful_shutdown();
            } else if wire.state() != DUE {
                if alarm.is_over(context) {
                    return Poll::Ready(End::NoHead);
                }
                match hearing.next(context) {
                    None => return Poll::Pending,
                    Some(Heard::Close) => connection.as_mut().graceful_shutdown(),
                    Some(Heard::Abort) => return Poll::Ready(End::Abort),
                }
            }
        }
        Poll::Ready(End::Fault)
    })
    .await
}

/// What a connection hears of the end of serving.
enum Heard {
    Close,
    Abort,
}

/// Hears of the end of serving. Always polled from one task, so that to register once is enough.
struct Hearing<'a> {
    closing: &'a Closing,
    wakes: Pin<Box<WaitForCancellationFuture<'a>>>,
    /// Set once the end has begun.
    abort: Option<Pin<Box<WaitForCancellationFuture<'a>>>>,
    is_registered: bool,
}

impl<'a> Hearing<'a> {
    fn of(closing: &'a Closing) -> Self {
        let wakes = Box::pin(closing.wakes.cancelled());
        Self { closing, wakes, abort: None, is_registered: false }
    }

    /// What is new; if nothing is, the task is woken when something is.
    fn next(&mut self, context: &mut Context<'_>) -> Option<Heard> {
        if let Some(abort) = &mut self.abort {
            return abort.as_mut().poll(context).is_ready().then_some(Heard::Abort);
        }
        let begun = self.closing.begun.load(Ordering::Acquire);
        if !begun && std::mem::replace(&mut self.is_registered, true) {
            return None;
        }
        if !begun && self.wakes.as_mut().poll(context).is_pending() {
            return None;
        }
        self.abort = Some(Box::pin(self.closing.abort.cancelled()));
        Some(Heard::Close)
    }
}
