//! The recorder: one writer task that turns finished exchanges into interactions and appends them to a cassette.
//!
//! redact → stage → write, on a thread of its own: whatever it costs, it costs no request. What has come by then is
//! written in one go, and told of after that. What waits is bounded in number and in bytes; beyond that, responses wait
//! for their last bytes (back-pressure).
//! The recorder sees what the upstream said, never what anything later made of it.

mod exchange;
mod inspect;
mod raw;
mod scribe;
mod tee;
mod through;

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ::http::Method;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError, mpsc, oneshot};
use tokio_util::task::TaskTracker;

pub(crate) use exchange::{Exchange, RequestCopy};
pub(crate) use inspect::Inspector;
pub(crate) use raw::{Passed, interaction, is_kept};
pub(crate) use tee::{Capture, RequestTee, Tee};
pub(crate) use through::SeenThrough;

use self::scribe::{Held, Scribe};
use crate::cassette::{Interaction, Writer};
use crate::profile::Mask;
use crate::redact::Redactor;

/// How many finished exchanges may wait to be written.
const QUEUE: usize = 256;

/// How many bytes of bodies may wait to be written, in KiB: 256 MiB.
const BUDGET_KIB: u32 = 256 * 1024;

/// Most exchanges that are written at once.
const BATCH: usize = 64;

/// How long the writer rests when all has been written: what comes meanwhile wakes nobody. Where clients wait until they
/// are told of, it does not rest.
const REST: Duration = Duration::from_micros(500);

/// Hands finished exchanges to the writer task. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Recorder(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    queue: mpsc::Sender<Job>,
    budget: Arc<Semaphore>,
    /// What goes on although its client left.
    drains: TaskTracker,
    cassette: Arc<Written>,
    /// Somebody is told of each exchange, and its client waits until he knows.
    is_heard: bool,
    /// Hides secrets from the log.
    mask: Arc<Mask>,
}

/// Is told of each exchange that was written, on the writer's thread.
pub type Listener = Box<dyn FnMut(Captured) + Send>;

/// An exchange that was written.
#[derive(Debug)]
pub struct Captured {
    /// As it was written.
    pub interaction: Interaction,
    /// The session that its request belonged to, where sessions count.
    pub session: Option<Arc<str>>,
    /// Stand-ins that it was the first to show, and what they stand for. For memory only.
    pub values: Vec<(Arc<str>, Box<str>)>,
}

/// The cassette that is written.
#[derive(Debug)]
struct Written {
    name: String,
    interactions: AtomicUsize,
}

enum Job {
    Record { exchange: Box<Exchange>, held: Held },
    Stop,
}

/// The writer task, to be waited for at the end.
#[derive(Debug)]
pub struct Recording {
    recorder: Recorder,
    thread: std::thread::JoinHandle<Report>,
}

/// What a recording came to.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// Exchanges in the cassette.
    pub recorded: u64,
    /// Exchanges that could not be written; each was logged when it happened.
    pub failed: u64,
    /// Values in the cassette that look like secrets; each was logged when it was written.
    pub leaks: u64,
}

/// What is wrong with a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What it is, behind the cassette's path.
    pub what: String,
    /// What to do about it, if there is something.
    pub advice: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        self.advice.iter().try_for_each(|advice| write!(f, "; {advice}"))
    }
}

impl Report {
    /// What is wrong with the cassette at `path`; nothing where all went well.
    pub fn problems(&self, path: &Path) -> Vec<Problem> {
        let path = path.display();
        let lost = (self.failed > 0).then(|| Problem {
            what: format!("{path}: exchanges that could not be written: {}", self.failed),
            advice: None,
        });
        let leaks = (self.leaks > 0).then(|| Problem {
            what: format!("{path}: values that look like secrets: {}", self.leaks),
            advice: Some(format!(
                "say in a profile of your own where they stand and run `overdub cassette clean --profile FILE {path}`, \
                 or delete the cassette"
            )),
        });
        lost.into_iter().chain(leaks).collect()
    }
}

impl Recorder {
    /// Starts the writer task, which tells `listener` of each exchange.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(
        writer: Writer,
        redactor: Redactor,
        listener: Option<Listener>,
    ) -> io::Result<(Self, Recording)> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let budget = Arc::new(Semaphore::new(BUDGET_KIB as usize));
        let cassette =
            Arc::new(Written { name: writer.name(), interactions: AtomicUsize::new(writer.interactions()) });
        let mask = Arc::new(Mask::new(redactor.profile()));
        let is_heard = listener.is_some();
        let scribe = Scribe::new(writer, redactor, listener, Arc::clone(&mask))?;
        let recorder = Self(Arc::new(Shared {
            queue,
            budget,
            drains: TaskTracker::new(),
            cassette: Arc::clone(&cassette),
            is_heard,
            mask,
        }));
        let thread = std::thread::Builder::new()
            .name("recorder".to_owned())
            .spawn(move || write_all(jobs, scribe, &cassette.interactions, is_heard))?;
        Ok((recorder.clone(), Recording { recorder, thread }))
    }

    /// The cassette's name, and how many interactions it holds by now.
    pub(crate) fn cassette(&self) -> (String, usize) {
        (self.0.cassette.name.clone(), self.0.cassette.interactions.load(Ordering::Relaxed))
    }

    /// What hides secrets from the log.
    pub(crate) fn mask(&self) -> &Mask {
        &self.0.mask
    }

    /// Hands over a finished exchange if that needs no waiting; else gives it back.
    pub(crate) fn try_submit(&self, exchange: Box<Exchange>) -> Result<(), Box<Exchange>> {
        if self.0.is_heard {
            return Err(exchange);
        }
        let permit = match budget_kib(&exchange) {
            0 => None,
            kib => match Arc::clone(&self.0.budget).try_acquire_many_owned(kib) {
                Ok(permit) => Some(permit),
                Err(TryAcquireError::NoPermits | TryAcquireError::Closed) => return Err(exchange),
            },
        };
        let job = Job::Record { exchange, held: Held { _permit: permit, _done: None } };
        match self.0.queue.try_send(job) {
            Err(
                TrySendError::Full(Job::Record { exchange, .. })
                | TrySendError::Closed(Job::Record { exchange, .. }),
            ) => Err(exchange),
            _ => Ok(()),
        }
    }

    /// Hands over a finished exchange, waiting while the queue is full; where somebody listens, until he was told.
    pub(crate) async fn submit(&self, exchange: Box<Exchange>) {
        let permit: Option<OwnedSemaphorePermit> = match budget_kib(&exchange) {
            0 => None,
            kib => Arc::clone(&self.0.budget).acquire_many_owned(kib).await.ok(),
        };
        let (done, written) = oneshot::channel();
        let held = Held { _permit: permit, _done: self.0.is_heard.then_some(done) };
        if self.0.queue.send(Job::Record { exchange, held }).await.is_err() {
            tracing::warn!("an exchange that ended after the recording was closed is not in the cassette");
        }
        if self.0.is_heard {
            // The writer tells by letting go, too.
            let _ = written.await;
        }
    }

    /// Runs what has begun to its end even if the client's connection is gone; the end of the recording waits for it.
    pub(crate) fn see_through<T: Send + 'static>(
        &self,
        begun: impl Future<Output = T> + Send + 'static,
    ) -> SeenThrough<T> {
        SeenThrough::new(&self.0.drains, begun)
    }
}

/// What an exchange takes of the budget.
fn budget_kib(exchange: &Exchange) -> u32 {
    u32::try_from(exchange.size() / 1024).unwrap_or(BUDGET_KIB).min(BUDGET_KIB)
}

/// Method and path for a message, without the path's secrets; a query tells too little to be worth its own.
fn shown(method: &Method, target: &str, mask: &Mask) -> String {
    let path = target.split('?').next().unwrap_or_default();
    format!("{method} {}", mask.apply(path))
}

impl Recording {
    /// Waits up to `grace` for bodies still being read, writes what was handed over, and flushes it to the disk.
    pub async fn finish(self, grace: Duration) -> Report {
        self.recorder.0.drains.close();
        if tokio::time::timeout(grace, self.recorder.0.drains.wait()).await.is_err() {
            tracing::warn!(
                "exchanges that did not end in time and are not recorded: {}",
                self.recorder.0.drains.len()
            );
        }
        let _ = self.recorder.0.queue.send(Job::Stop).await;
        let joined = tokio::task::spawn_blocking(|| self.thread.join()).await;
        if let Ok(Ok(report)) = joined {
            return report;
        }
        tracing::error!("the recorder ended before its time: exchanges since then are lost");
        Report { failed: 1, ..Report::default() }
    }
}

/// The writer task's whole life.
fn write_all(
    mut jobs: mpsc::Receiver<Job>,
    mut scribe: Scribe,
    interactions: &AtomicUsize,
    is_heard: bool,
) -> Report {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let come = jobs.blocking_recv_many(&mut batch, BATCH);
        let mut stopped = come == 0;
        for job in batch.drain(..) {
            match job {
                Job::Record { exchange, held } if !stopped => scribe.take(*exchange, held),
                Job::Record { .. } => {}
                Job::Stop => stopped = true,
            }
        }
        scribe.write();
        interactions.store(scribe.writer.interactions(), Ordering::Relaxed);
        if stopped {
            return scribe.close();
        }
        if come < BATCH && !is_heard {
            std::thread::sleep(REST);
        }
    }
}
