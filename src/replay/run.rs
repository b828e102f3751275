//! One client run, besides what was given to it: its name, its pin, when it came and what came of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::names::DEFAULT;

/// What is known about a client run. Times are counted from the start of the replay.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) name: Arc<str>,
    /// Tells two runs of one name apart.
    pub(super) number: u64,
    /// The only timeline that answers it.
    pub(super) pinned: Option<Arc<str>>,
    pub(super) created: Duration,
    /// Cancelled when the session is no more.
    pub(super) ended: CancellationToken,
    /// Nanoseconds.
    used: AtomicU64,
    answered: AtomicU64,
    missed: AtomicU64,
    failed: AtomicU64,
}

/// What came of the requests of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// A recording answered.
    pub answered: u64,
    /// No recorded answer was due.
    pub missed: u64,
    /// They could not be asked about, broken off or too large.
    pub failed: u64,
}

impl Run {
    pub(super) fn new(name: Arc<str>, number: u64, pinned: Option<Arc<str>>, now: Duration) -> Self {
        let own = Self { name, number, pinned, created: now, ..Self::default() };
        own.touch(now);
        own
    }

    /// When it was last used.
    pub(super) fn used(&self) -> Duration {
        Duration::from_nanos(self.used.load(Ordering::Relaxed))
    }

    /// Notes a use.
    pub(super) fn touch(&self, now: Duration) {
        let nanos = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        self.used.fetch_max(nanos, Ordering::Relaxed);
    }

    /// What came of its requests so far.
    pub(super) fn tally(&self) -> Tally {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Tally { answered: read(&self.answered), missed: read(&self.missed), failed: read(&self.failed) }
    }

    /// Notes what came of a request.
    pub(super) fn count(&self, tally: Tally) {
        for (count, more) in
            [(&self.answered, tally.answered), (&self.missed, tally.missed), (&self.failed, tally.failed)]
        {
            if more > 0 {
                count.fetch_add(more, Ordering::Relaxed);
            }
        }
    }
}

impl Default for Run {
    fn default() -> Self {
        Self {
            name: DEFAULT.into(),
            number: 0,
            pinned: None,
            created: Duration::ZERO,
            ended: CancellationToken::new(),
            used: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            missed: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }
}
