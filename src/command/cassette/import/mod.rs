//! `overdub cassette import`: other programs' recordings become cassettes.
//!
//! `plan` says which file becomes which cassette, before anything is written; `file` does one; `report` tells what came
//! of all. Files are independent of each other, so several threads take them in turn.

mod file;
mod plan;
mod report;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use self::file::{Importer, Outcome};
use self::plan::Job;
use self::report::Report;
use crate::cli::{ImportArgs, Switch};
use crate::command::{Failure, chosen, serve};
use crate::interchange::import::by_name;
use crate::progress::{Progress, Work};
use crate::redact::Redact;

const WORK: Work = Work {
    done: "imported",
    files: "files",
    told_after: (Duration::from_millis(100), Duration::from_secs(5)),
};

/// Most threads. Beyond that the disk is busy.
const MAX_THREADS: usize = 8;

/// How much text is worked on at the same time (bytes): bounds memory. A larger file is worked on alone.
const AT_ONCE: u64 = 8 << 20;

pub(super) fn run(args: &ImportArgs) -> Result<(), Failure> {
    let profile = chosen::profile(&args.profile)?;
    let redact = if args.redact == Switch::On { Redact::On } else { Redact::Off };
    let format = args.format.name().and_then(by_name);
    let stop = stop()?;
    let importer = Importer::new(format, redact, profile, args.overwrite, Arc::clone(&stop));
    let importer = importer.map_err(Failure::usage)?;
    let plan = plan::plan(args, format)?;
    let mut report = Report::new(redact);
    for (path, error) in plan.unreadable {
        report.add(&path, Outcome::failed(format!("cannot be read: {error}")));
    }
    let done = all(&plan.jobs, &importer, &stop);
    report.stopped = stop.load(Ordering::Relaxed).then(|| plan.jobs.len() - done.len());
    for (path, outcome) in done {
        report.add(&path, outcome);
    }
    report.tell(args.json)
}

/// Is set by SIGINT and SIGTERM, so that no half cassette stays behind.
fn stop() -> Result<Arc<AtomicBool>, Failure> {
    let (signal, stop) = (serve::signals(), Arc::new(AtomicBool::new(false)));
    let signal = signal.map_err(|error| Failure::usage(format_args!("cannot catch signals: {error}")))?;
    let flag = Arc::clone(&stop);
    tokio::spawn(async move {
        signal.await;
        flag.store(true, Ordering::Relaxed);
    });
    Ok(stop)
}

/// Imports all files; what came of each that was begun, in their order.
fn all(jobs: &[Job], importer: &Importer, stop: &AtomicBool) -> Vec<(PathBuf, Outcome)> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS).min(jobs.len());
    let (next, gate) = (AtomicUsize::new(0), Gate::default());
    let progress = Progress::new(WORK, jobs.len(), jobs.iter().map(|job| job.size).sum());
    let work = || {
        let mut done = Vec::new();
        while let Some((at, job)) = next_of(jobs, &next).filter(|_| !stop.load(Ordering::Relaxed)) {
            let share = gate.enter(job.size);
            let outcome = importer.import(job, &progress);
            drop(share);
            done.push((at, job.source.clone(), outcome));
        }
        done
    };
    let mut done = Vec::with_capacity(jobs.len());
    thread::scope(|scope| {
        // Where the system gives no more threads, this one does it.
        let others: Vec<_> = (1..threads)
            .filter_map(|_| thread::Builder::new().name("import".to_owned()).spawn_scoped(scope, work).ok())
            .collect();
        done = work();
        for other in others {
            done.extend(other.join().unwrap_or_default());
        }
    });
    drop(progress);
    done.sort_by_key(|(at, ..)| *at);
    done.into_iter().map(|(_, path, outcome)| (path, outcome)).collect()
}

fn next_of<'j>(jobs: &'j [Job], next: &AtomicUsize) -> Option<(usize, &'j Job)> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    jobs.get(at).map(|job| (at, job))
}

/// Lets files through as long as they are not too much at once.
#[derive(Default)]
struct Gate {
    inside: Mutex<u64>,
    left: Condvar,
}

/// A file's share of what is inside; gives it back when dropped.
struct Share<'g> {
    gate: &'g Gate,
    size: u64,
}

impl Gate {
    fn enter(&self, size: u64) -> Share<'_> {
        let inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |inside: &mut u64| *inside > 0 && *inside + size > AT_ONCE;
        let mut inside = self.left.wait_while(inside, full).unwrap_or_else(PoisonError::into_inner);
        *inside += size;
        Share { gate: self, size }
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        *self.gate.inside.lock().unwrap_or_else(PoisonError::into_inner) -= self.size;
        self.gate.left.notify_all();
    }
}
