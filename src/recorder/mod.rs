//! The recorder: one writer task that turns finished exchanges into interactions and appends them to a cassette.
//!
//! redact → append → flush, exchange by exchange, on a thread of its own: whatever it costs, it costs no request. What
//! waits for it is bounded in number and in bytes; beyond that, responses wait for their last bytes (back-pressure).
//! The recorder sees what the upstream said, never what anything later made of it.

mod exchange;
mod inspect;
mod raw;
mod tee;

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_util::task::TaskTracker;

pub(crate) use exchange::{Exchange, RequestCopy};
pub(crate) use inspect::Inspector;
pub(crate) use raw::{Passed, interaction};
pub(crate) use tee::{Capture, RequestTee, Tee};

use crate::cassette::{CassetteError, Interaction, Writer};
use crate::profile::Mask;
use crate::redact::Redactor;

/// How many finished exchanges may wait to be written.
const QUEUE: usize = 256;

/// How many bytes of bodies may wait to be written, in KiB: 256 MiB.
const BUDGET_KIB: u32 = 256 * 1024;

/// Hands finished exchanges to the writer task. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Recorder {
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
    Record {
        exchange: Box<Exchange>,
        /// Its share of the budget.
        permit: Option<tokio::sync::OwnedSemaphorePermit>,
        /// Who waits until it is written.
        done: Option<oneshot::Sender<()>>,
    },
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
        let recorder = Self {
            queue,
            budget,
            drains: TaskTracker::new(),
            cassette: Arc::clone(&cassette),
            is_heard: listener.is_some(),
            mask: Arc::clone(&mask),
        };
        let scribe = Scribe::new(writer, redactor, listener)?;
        let thread = std::thread::Builder::new()
            .name("recorder".to_owned())
            .spawn(move || write_all(jobs, scribe, &cassette.interactions, &mask))?;
        Ok((recorder.clone(), Recording { recorder, thread }))
    }

    /// The cassette's name, and how many interactions it holds by now.
    pub(crate) fn cassette(&self) -> (String, usize) {
        (self.cassette.name.clone(), self.cassette.interactions.load(Ordering::Relaxed))
    }

    /// What hides secrets from the log.
    pub(crate) fn mask(&self) -> &Mask {
        &self.mask
    }

    /// Hands over a finished exchange, waiting while the queue is full; where somebody listens, until he was told.
    pub(crate) async fn submit(&self, exchange: Exchange) {
        let kib = u32::try_from(exchange.size() / 1024).unwrap_or(BUDGET_KIB).min(BUDGET_KIB);
        let permit = match kib {
            0 => None,
            kib => Arc::clone(&self.budget).acquire_many_owned(kib).await.ok(),
        };
        let (done, written) = oneshot::channel();
        let done = self.is_heard.then_some(done);
        if self.queue.send(Job::Record { exchange: Box::new(exchange), permit, done }).await.is_err() {
            tracing::warn!("an exchange that ended after the recording was closed is not in the cassette");
        }
        if self.is_heard {
            // The writer tells by letting go, too.
            let _ = written.await;
        }
    }

    /// Runs what has begun to its end even if the client's connection is gone; the end of the recording waits for it.
    pub(crate) fn see_through<T: Send + 'static>(
        &self,
        begun: impl Future<Output = T> + Send + 'static,
    ) -> tokio::task::JoinHandle<T> {
        self.drains.spawn(begun)
    }
}

impl Recording {
    /// Waits up to `grace` for bodies still being read, writes what was handed over, and flushes it to the disk.
    pub async fn finish(self, grace: Duration) -> Report {
        self.recorder.drains.close();
        if tokio::time::timeout(grace, self.recorder.drains.wait()).await.is_err() {
            tracing::warn!(
                "exchanges that did not end in time and are not recorded: {}",
                self.recorder.drains.len()
            );
        }
        let _ = self.recorder.queue.send(Job::Stop).await;
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
    mask: &Mask,
) -> Report {
    let mut report = Report::default();
    while let Some(Job::Record { exchange, permit, done }) = jobs.blocking_recv() {
        let what = exchange.what(mask);
        match scribe.append(*exchange) {
            Ok(leaks) => {
                report.recorded += 1;
                report.leaks += leaks;
                interactions.store(scribe.writer.interactions(), Ordering::Relaxed);
                tracing::debug!("recorded: {what}");
            }
            Err(error) => {
                report.failed += 1;
                tracing::error!("not recorded: {what}: {error}");
            }
        }
        drop((permit, done));
    }
    if let Err(error) = scribe.writer.sync() {
        report.failed += 1;
        tracing::error!("{error}");
    }
    report
}

/// Writes exchanges, and looks at what is written.
struct Scribe {
    writer: Writer,
    redactor: Redactor,
    inspector: Inspector,
    listener: Option<Listener>,
}

impl Scribe {
    fn new(writer: Writer, redactor: Redactor, listener: Option<Listener>) -> io::Result<Self> {
        let inspector = Inspector::of(&redactor).map_err(io::Error::other)?;
        Ok(Self { writer, redactor, inspector, listener })
    }

    /// Writes one exchange, unless a real value would be in what is written; returns how many values look like secrets
    /// that no rule of the profile names.
    fn append(&mut self, exchange: Exchange) -> Result<u64, CassetteError> {
        let session = exchange.session.clone();
        let raw = raw::raw(exchange, self.redactor.profile());
        let interaction = self.redactor.redact(raw);
        let Self { writer, redactor, inspector, listener } = self;
        let before = writer.lines();
        let mut hits = Vec::new();
        writer.append_if(&interaction, |text| {
            hits = inspector.look(redactor, &interaction, text)?;
            Ok(())
        })?;
        for hit in &hits {
            let (path, line) = (writer.path().display(), before + hit.line);
            tracing::error!("{path}:{line}:{}: {}: {}", hit.column, hit.rule, hit.masked);
        }
        if let Some(listener) = listener {
            let values = redactor.fresh().iter().map(|own| (Arc::clone(&own.stand_in), own.value.clone()));
            listener(Captured { interaction, session, values: values.collect() });
        }
        Ok(hits.len() as u64)
    }
}
