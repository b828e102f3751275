//! What is seen through to its end, whoever waits for it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// Runs where it is waited for; when nobody waits any more, goes on in a task of its own. A task from the beginning
/// would cost two switches per exchange.
pub(crate) struct SeenThrough<T: Send + 'static> {
    begun: Option<Pin<Box<dyn Future<Output = T> + Send>>>,
    tracker: TaskTracker,
    /// Until it has ended, the tracker is waited for.
    _token: TaskTrackerToken,
}

impl<T: Send + 'static> SeenThrough<T> {
    pub(super) fn new(tracker: &TaskTracker, begun: impl Future<Output = T> + Send + 'static) -> Self {
        Self { begun: Some(Box::pin(begun)), tracker: tracker.clone(), _token: tracker.token() }
    }
}

impl<T: Send + 'static> Future for SeenThrough<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        // Taken out meanwhile: what has panicked is not run again.
        let Some(mut begun) = self.begun.take() else { return Poll::Pending };
        let polled = begun.as_mut().poll(context);
        if polled.is_pending() {
            self.begun = Some(begun);
        }
        Poll::Ready(ready!(polled))
    }
}

impl<T: Send + 'static> Drop for SeenThrough<T> {
    fn drop(&mut self) {
        // Without a runtime everything ends.
        if let (Some(begun), Ok(runtime)) = (self.begun.take(), Handle::try_current()) {
            self.tracker.spawn_on(begun, &runtime);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn what_is_not_waited_for_is_seen_through() {
        let tracker = TaskTracker::new();
        let (go, gone) = oneshot::channel::<()>();
        let (end, ended) = oneshot::channel();
        let mut begun = SeenThrough::new(&tracker, async move {
            gone.await.ok();
            end.send("ended").ok();
        });
        let first = std::future::poll_fn(|context| Poll::Ready(Pin::new(&mut begun).poll(context))).await;
        assert!(first.is_pending());
        assert_eq!(tracker.len(), 1);
        drop(begun);
        go.send(()).unwrap();
        assert_eq!(ended.await, Ok("ended"));
        tracker.close();
        tracker.wait().await;
    }

    #[tokio::test]
    async fn what_has_ended_is_waited_for_no_more() {
        let tracker = TaskTracker::new();
        assert_eq!(SeenThrough::new(&tracker, async { 1 }).await, 1);
        assert!(tracker.is_empty());
    }
}
