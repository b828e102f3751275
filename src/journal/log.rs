//! The session log: every entry as a line of JSON in a file, as it happens.
//!
//! A thread of its own writes it. So many entries may wait for it and no more: then requests wait, and none is lost. It
//! flushes whenever nothing waits, so that who reads along sees what happened.
//!
//! An entry is written as the admin address shows it. Where nothing was due, `request` says what `overdub explain` needs
//! besides: the body as a recording would hold it, secret *and* personal values replaced by stand-ins (numbered from
//! 9001, so that none is taken for a recorded one), since a log is a file that is kept and passed on. A body that is no
//! text, or larger than 16 KiB, is left out, and `body_bytes` says how large it was. Of headers none is written.
//!
//! That the admin address was asked to reset or end a session is a line, too, since what came before counts no more.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use serde_json::{Value, json};

use super::{Entry, Sent, shown};
use crate::profile::{Mask, Profile};
use crate::redact::Redactor;

/// How many entries may wait to be written.
const WAITING: usize = 1024;

/// Largest body that is written, in bytes.
const LARGEST: usize = 16 * 1024;

/// How many misses one set of known values serves: it grows with what it is shown.
const SERVED: usize = 1000;

/// Why a session log is not whole.
#[derive(Debug, thiserror::Error)]
#[error("--session-log {path}: {error}; {advice}")]
pub struct SessionLogError {
    path: String,
    error: io::Error,
    advice: &'static str,
}

/// A file that entries are written to.
#[derive(Debug)]
pub struct SessionLog {
    path: PathBuf,
    /// A std lock: a sender is taken when the log ends, and sent to otherwise.
    running: Mutex<Option<Running>>,
}

/// Where entries are sent, and who writes them.
type Running = (SyncSender<Entry>, JoinHandle<io::Result<()>>);

impl SessionLog {
    /// Begins the file, in place of one that exists.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn create(path: &Path, profile: &Arc<Profile>) -> Result<Self, SessionLogError> {
        let failed = |error| SessionLogError {
            path: path.display().to_string(),
            error,
            advice: "name a file in a folder that exists",
        };
        let file = File::create(path).map_err(failed)?;
        let (sender, entries) = sync_channel(WAITING);
        let mut lines = Lines::new(Arc::clone(profile));
        let write = move || written(file, &entries, &mut lines);
        let thread = std::thread::Builder::new().name("session-log".to_owned()).spawn(write);
        let running = Mutex::new(Some((sender, thread.map_err(failed)?)));
        Ok(Self { path: path.to_owned(), running })
    }

    /// Writes an entry, after those that wait already.
    pub(super) fn add(&self, entry: Entry) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((sender, _)) = &*running {
            // A writer that failed takes no more; `finish` says why.
            let _ = sender.send(entry);
        }
    }

    /// Waits until all is written.
    ///
    /// # Errors
    /// It was not.
    pub(super) fn finish(&self) -> Result<(), SessionLogError> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some((sender, thread)) = running else { return Ok(()) };
        drop(sender);
        let ended = thread.join().unwrap_or_else(|_| Err(io::Error::other("its writer ended badly")));
        ended.map_err(|error| SessionLogError {
            path: self.path.display().to_string(),
            error,
            advice: "what came after is not in it",
        })
    }
}

/// Writes entries until nobody sends any.
fn written(file: File, entries: &Receiver<Entry>, lines: &mut Lines) -> io::Result<()> {
    let mut file = BufWriter::new(file);
    let written = (|| {
        while let Ok(entry) = entries.recv() {
            writeln!(file, "{}", lines.of(entry))?;
            while let Ok(entry) = entries.try_recv() {
                writeln!(file, "{}", lines.of(entry))?;
            }
            file.flush()?;
        }
        file.flush()
    })();
    written.inspect_err(|error| tracing::error!("--session-log: {error}; no more is written to it"))
}

/// Makes lines of entries.
struct Lines {
    profile: Arc<Profile>,
    mask: Mask,
    /// Made for the first miss, and how many it served.
    redactor: Option<(Redactor, usize)>,
}

impl Lines {
    fn new(profile: Arc<Profile>) -> Self {
        Self { mask: Mask::new(&profile), profile, redactor: None }
    }

    fn of(&mut self, mut entry: Entry) -> Value {
        let request =
            entry.missed.take().filter(|_| entry.outcome == "miss").map(|sent| self.request(&entry, *sent));
        entry.target = self.mask.apply(&entry.target).into();
        let mut line = shown(&entry);
        if let Some(request) = request {
            line["request"] = request;
        }
        line
    }

    fn request(&mut self, entry: &Entry, sent: Sent) -> Value {
        let Sent { client, cassette, conditional, body } = sent;
        let mut told = json!({ "client": client.to_string(), "body_bytes": body.len() });
        if let Some(cassette) = cassette {
            told["cassette"] = cassette.into();
        }
        if conditional {
            told["conditional"] = true.into();
        }
        if body.is_empty() || body.len() > LARGEST || std::str::from_utf8(&body).is_err() {
            return told;
        }
        let profile = &self.profile;
        let (redactor, served) = self
            .redactor
            .take()
            .filter(|own| own.1 < SERVED)
            .unwrap_or_else(|| (Redactor::telling(profile), 0));
        let (redactor, _) = self.redactor.insert((redactor, served + 1));
        let body = redactor.told(&entry.method, &entry.target, body, Some(client));
        told["body"] = String::from_utf8_lossy(&body).into();
        told
    }
}
