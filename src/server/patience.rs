//! How long a connection waits for the head of a request, without a timer per request.
//!
//! hyper asks for a new timer at every head that it waits for, and drops it when the head has come: an entry in the
//! runtime's wheel and out again, under a lock that all connections share. Here it is told a time and is never woken:
//! the time is noted, and one timer per connection, which goes off about once in that time, looks whether it has passed.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};
use tokio::time::sleep_until;

/// Stands for: no head is waited for.
const NONE: u64 = 0;

/// Until when a connection waits for a head. Shared between hyper, which says so, and whoever serves the connection.
#[derive(Debug, Clone)]
pub(super) struct HeadLimit(Arc<Limit>);

#[derive(Debug)]
struct Limit {
    /// Times are counted from here.
    start: Instant,
    /// Nanoseconds since `start`, or [`NONE`].
    until: AtomicU64,
}

impl HeadLimit {
    /// No head is waited for.
    pub(super) fn new() -> Self {
        Self(Arc::new(Limit { start: now(), until: AtomicU64::new(NONE) }))
    }

    /// The head has come.
    pub(super) fn met(&self) {
        self.0.until.store(NONE, Ordering::Relaxed);
    }

    fn until(&self) -> Option<Instant> {
        let nanos = self.0.until.load(Ordering::Relaxed);
        (nanos != NONE).then(|| self.0.start + Duration::from_nanos(nanos))
    }
}

/// The runtime's time.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

impl Timer for HeadLimit {
    fn now(&self) -> Instant {
        now()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        let nanos = deadline.saturating_duration_since(self.0.start).as_nanos();
        self.0.until.store(u64::try_from(nanos).unwrap_or(u64::MAX).max(NONE + 1), Ordering::Relaxed);
        // It has no size, so that the box takes no memory.
        Box::pin(Never)
    }
}

/// hyper waits for this beside the head. The end comes from [`Alarm`].
struct Never;

impl Future for Never {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

impl Sleep for Never {}

/// Looks now and then whether a head has been waited for too long.
#[derive(Debug)]
pub(super) struct Alarm {
    limit: HeadLimit,
    timer: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl Alarm {
    pub(super) fn new(limit: HeadLimit) -> Self {
        Self { limit, timer: None }
    }

    /// Whether the time is over. If not, the task is woken when it may be: to be called after hyper was polled, always
    /// from one task.
    pub(super) fn is_over(&mut self, context: &mut Context<'_>) -> bool {
        // One that has not gone off knows its task already.
        if self.timer.as_ref().is_some_and(|timer| !timer.is_elapsed()) {
            return false;
        }
        let Some(until) = self.limit.until() else { return false };
        let mut timer = self.timer.take().unwrap_or_else(|| Box::pin(sleep_until(until.into())));
        timer.as_mut().reset(until.into());
        let is_over = timer.as_mut().poll(context).is_ready();
        self.timer = Some(timer);
        is_over
    }
}
