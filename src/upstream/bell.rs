//! The waker of a connection that is polled by whoever waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Wake, Waker};

use atomic_waker::AtomicWaker;

/// Nothing to do, and the waiting task wants to be woken.
const IDLE: u8 = 0;
/// The connection is being polled, or nobody waits: whoever polls it looks at the bell again before it sleeps.
const ATTENDED: u8 = 1;
/// Something happened since the connection was last polled.
const RUNG: u8 = 2;

/// Notes that a connection has something to do, and wakes the task that waits for it, if one does.
///
/// It outlives the tasks: the connection keeps one waker for its whole life, so that moving it from one request to the
/// next registers nothing anew, and what it does to itself while it is polled wakes nobody.
#[derive(Debug)]
pub(super) struct Bell {
    state: AtomicU8,
    waiting: AtomicWaker,
}

impl Bell {
    /// A bell that has rung: a new connection wants to be polled.
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { state: AtomicU8::new(RUNG), waiting: AtomicWaker::new() })
    }

    /// Whether it has rung since it was last attended to. From now on it wakes nobody.
    pub(super) fn attend(&self) -> bool {
        self.state.swap(ATTENDED, Ordering::AcqRel) == RUNG
    }

    /// Has `task` woken when it rings next; `false` if it has rung in the meantime.
    pub(super) fn leave(&self, task: &Waker) -> bool {
        self.waiting.register(task);
        self.state.compare_exchange(ATTENDED, IDLE, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.swap(RUNG, Ordering::AcqRel) == IDLE {
            self.waiting.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn it_wakes_only_who_waits_and_forgets_nothing() {
        let (bell, count) = (Bell::new(), Arc::new(Count::default()));
        let (rope, task) = (Waker::from(Arc::clone(&bell)), Waker::from(Arc::clone(&count)));
        assert!(bell.attend() && !bell.attend(), "a new one has rung, once");
        rope.wake_by_ref();
        assert!(!bell.leave(&task), "it rang before the task was there");
        assert!(bell.attend());
        assert!(bell.leave(&task));
        assert_eq!(count.0.load(Ordering::Relaxed), 0);
        rope.wake_by_ref();
        rope.wake_by_ref();
        assert_eq!(count.0.load(Ordering::Relaxed), 1, "the task is woken once");
        assert!(bell.attend());
    }
}
