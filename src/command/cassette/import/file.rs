//! One recording becomes one cassette.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::plan::Job;
use crate::audit::BadRule;
use crate::cassette::{self, Cassette, CassetteError, Header, Interaction, Whole};
use crate::http::Origin;
use crate::interchange::import::{self, Exchange, Format, Found, NotARecording, Note, Problem};
use crate::profile::{Profile, StandInType};
use crate::progress::{Part, Progress};
use crate::recorder::{self, Inspector};
use crate::redact::{Raw, Redact, Redactor, clean};

/// Largest file that is read: 256 MiB.
const MAX_FILE: u64 = 256 << 20;

/// Largest text (bytes) whose interactions are kept while they are worked on; those of a larger one are read again.
const KEPT: usize = 4 << 20;

/// What came of a file.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It is a cassette now.
    Imported(Imported),
    /// It is no recording, and nobody said that it is one.
    Skipped(String),
    /// It could not be read, or its cassette could not be written.
    Failed(Problem),
}

impl Outcome {
    pub(super) fn failed(what: impl Into<String>) -> Self {
        Self::Failed(Problem { line: 0, column: 0, what: what.into() })
    }
}

/// A cassette that was made.
#[derive(Debug)]
pub(super) struct Imported {
    pub(super) format: &'static str,
    pub(super) interactions: usize,
    /// How many distinct values of each type were replaced.
    pub(super) replaced: BTreeMap<StandInType, usize>,
    /// What was not carried over.
    pub(super) notes: Vec<Note>,
    /// What looks like a secret in the cassette: `path:line:column: rule: value`.
    pub(super) leaks: Vec<String>,
}

/// Imports files.
pub(super) struct Importer {
    format: Option<&'static dyn Format>,
    redact: Redact,
    profile: Arc<Profile>,
    inspector: Inspector,
    overwrite: bool,
    /// Nothing more is to be written.
    stop: Arc<AtomicBool>,
}

impl Importer {
    pub(super) fn new(
        format: Option<&'static dyn Format>,
        redact: Redact,
        profile: Arc<Profile>,
        overwrite: bool,
        stop: Arc<AtomicBool>,
    ) -> Result<Self, BadRule> {
        let inspector = Inspector::of(&Redactor::new(Arc::clone(&profile), redact, None))?;
        Ok(Self { format, redact, profile, inspector, overwrite, stop })
    }

    pub(super) fn import(&self, job: &Job, progress: &Progress) -> Outcome {
        // Read for the upstream, for what is a value, and to be written.
        let mut part = progress.begin(job.size, if self.redact == Redact::On { 3 } else { 2 });
        let text = match read(&job.source) {
            Ok(text) => text,
            Err(problem) if job.named || is_recordings_name(&job.source) => return Outcome::Failed(problem),
            Err(problem) => return Outcome::Skipped(problem.what),
        };
        if let Some(header) = import::header(&text) {
            return self.restore(job, &text, header);
        }
        let mut reading = Reading::new(text.len() <= KEPT);
        let read = import::read(&text, self.format, &mut |found| {
            part.at(found.at);
            reading.take(found, &self.profile);
        });
        part.pass();
        let format = match read {
            Ok(format) => format,
            Err(import::Failure::Bad(problem)) if !job.named && is_no_recordings_name(&job.source) => {
                return Outcome::Skipped(NotARecording::Unreadable(problem).to_string());
            }
            Err(import::Failure::Bad(problem)) => return Outcome::Failed(problem),
            Err(import::Failure::Not(NotARecording::Unreadable(problem))) if job.named => {
                return Outcome::Failed(problem);
            }
            Err(import::Failure::Not(why)) if job.named => return Outcome::failed(why.to_string()),
            Err(import::Failure::Not(why)) => return Outcome::Skipped(why.to_string()),
        };
        match self.write(job, &text, &mut reading, &mut part) {
            Ok((replaced, leaks)) => Outcome::Imported(Imported {
                format: format.name(),
                interactions: reading.interactions,
                replaced,
                notes: reading.notes,
                leaks,
            }),
            Err(_) if self.stop.load(Ordering::Relaxed) => {
                Outcome::failed("not imported: stopped by a signal")
            }
            // What is wrong with the cassette is said with its own path.
            Err(error) => Outcome::failed(format!("not imported: {error}")),
        }
    }

    /// An export of a cassette becomes that cassette again.
    fn restore(&self, job: &Job, text: &str, header: Header) -> Outcome {
        let name = job.target.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let mut own = Cassette { name, path: job.source.clone(), header, interactions: Vec::new() };
        let upstream = own.header.upstream.clone();
        let read = import::restore(text, &upstream, &mut |interaction| own.interactions.push(interaction));
        let format = match read {
            Ok(format) => format,
            Err(import::Failure::Bad(problem)) => return Outcome::Failed(problem),
            Err(import::Failure::Not(why)) => return Outcome::failed(why.to_string()),
        };
        let mut replaced = BTreeMap::new();
        if self.redact == Redact::On {
            let cleaned = clean(&own, &self.profile);
            (own.header, own.interactions) = (cleaned.header, cleaned.interactions);
            replaced = cleaned.replaced;
        }
        let written = Whole::begin(&job.target, &own.header, self.overwrite).and_then(|mut cassette| {
            own.interactions.iter().try_for_each(|own| cassette.append_if(own, |_| Ok(())))?;
            cassette.publish()
        });
        match written {
            Ok(()) => Outcome::Imported(Imported {
                format: format.name(),
                interactions: own.interactions.len(),
                replaced,
                notes: Vec::new(),
                leaks: Vec::new(),
            }),
            Err(error) => Outcome::failed(format!("not imported: {error}")),
        }
    }

    fn write(
        &self,
        job: &Job,
        text: &str,
        reading: &mut Reading,
        part: &mut Part<'_>,
    ) -> Result<Written, CassetteError> {
        let main = reading.main();
        let mut redactor = Redactor::new(Arc::clone(&self.profile), self.redact, main.clone());
        if redactor.is_on() {
            // What is told to be a value only later is replaced earlier, too.
            self.each((text, part), reading, main.as_ref(), false, &mut |own| {
                self.go_on(job)?;
                redactor.learn(own);
                Ok(())
            })?;
            part.pass();
        }
        let mut cassette = Whole::begin(&job.target, &redactor.header(), self.overwrite)?;
        let (mut replaced, mut leaks) = (BTreeMap::new(), Vec::new());
        self.each((text, part), reading, main.as_ref(), true, &mut |own| {
            self.go_on(job)?;
            let interaction = redactor.redact(Raw { interaction: own, origin: None, client: None });
            for fresh in redactor.fresh().iter().filter(|fresh| *fresh.stand_in != *fresh.value) {
                *replaced.entry(fresh.of_type).or_default() += 1;
            }
            let before = cassette.lines();
            let mut hits = Vec::new();
            cassette.append_if(&interaction, |text| {
                hits = self.inspector.look(&redactor, &interaction, text)?;
                Ok(())
            })?;
            let place = job.target.display();
            let told = hits.iter().map(|hit| {
                format!("{place}:{}:{}: {}: {}", before + hit.line, hit.column, hit.rule, hit.masked)
            });
            leaks.extend(told);
            Ok(())
        })?;
        cassette.publish()?;
        Ok((replaced, leaks))
    }

    /// Whether there is no reason to stop.
    fn go_on(&self, job: &Job) -> Result<(), CassetteError> {
        if self.stop.load(Ordering::Relaxed) {
            let stopped = io::Error::new(io::ErrorKind::Interrupted, "stopped by a signal");
            return Err(CassetteError::file(&job.target, cassette::Problem::Write(stopped)));
        }
        Ok(())
    }

    /// Hands over each interaction, with a URL relative to `main` or absolute; for the last time or not.
    fn each(
        &self,
        (text, part): (&str, &mut Part<'_>),
        reading: &mut Reading,
        main: Option<&Origin>,
        last: bool,
        hand_over: &mut dyn FnMut(Interaction) -> Result<(), CassetteError>,
    ) -> Result<(), CassetteError> {
        let with_url = |origin: &Origin, mut own: Interaction| {
            if Some(origin) != main {
                own.request.url.insert_str(0, &origin.to_string());
            }
            own
        };
        match &mut reading.kept {
            Some(kept) if last => {
                for (origin, own) in std::mem::take(kept) {
                    hand_over(with_url(&origin, own))?;
                }
            }
            Some(kept) => {
                for (origin, own) in kept {
                    hand_over(with_url(origin, own.clone()))?;
                }
            }
            None => {
                let mut ended = Ok(());
                // It was read to its end before.
                let _ = import::read(text, self.format, &mut |found| {
                    part.at(found.at);
                    if let Some(exchange) = found.exchange.filter(|_| ended.is_ok()) {
                        let (origin, own) = interaction(exchange, &self.profile);
                        ended = hand_over(with_url(&origin, own));
                    }
                });
                ended?;
            }
        }
        Ok(())
    }
}

type Written = (BTreeMap<StandInType, usize>, Vec<String>);

/// What is known of a file after it was read once.
struct Reading {
    /// Its interactions with relative URLs; `None`: they are not kept.
    kept: Option<Vec<(Origin, Interaction)>>,
    interactions: usize,
    /// How many interactions each origin has, in the order in which they came.
    origins: Vec<(Origin, usize)>,
    notes: Vec<Note>,
}

impl Reading {
    fn new(keep: bool) -> Self {
        Self { kept: keep.then(Vec::new), interactions: 0, origins: Vec::new(), notes: Vec::new() }
    }

    fn take(&mut self, found: Found, profile: &Profile) {
        self.notes.extend(found.notes);
        let Some(exchange) = found.exchange else { return };
        self.interactions += 1;
        match self.origins.iter_mut().find(|(own, _)| own == exchange.origin()) {
            Some((_, count)) => *count += 1,
            None => self.origins.push((exchange.origin().clone(), 1)),
        }
        if let Some(kept) = &mut self.kept {
            kept.push(interaction(exchange, profile));
        }
    }

    /// The origin that most interactions are with; the first of those with as many.
    fn main(&self) -> Option<Origin> {
        let most = self.origins.iter().map(|(_, count)| *count).max()?;
        self.origins.iter().find(|(_, count)| *count == most).map(|(origin, _)| origin.clone())
    }
}

fn interaction(exchange: Exchange, profile: &Profile) -> (Origin, Interaction) {
    let Exchange { origin, passed } = exchange;
    (origin, recorder::interaction(passed, profile))
}

/// Whether a file is a recording, as far as its first interaction tells.
pub(super) fn is_recording(path: &Path, format: Option<&'static dyn Format>) -> bool {
    read(path).is_ok_and(|text| import::is_recording(&text, format))
}

/// Whether a file is called as recordings are.
fn is_recordings_name(path: &Path) -> bool {
    let extension = path.extension().and_then(|own| own.to_str()).unwrap_or_default().to_ascii_lowercase();
    matches!(extension.as_str(), "yaml" | "yml" | "json" | "har")
}

/// Whether a file is called as something else: a guide may quote a recording. vcrpy gives its files any name or none.
fn is_no_recordings_name(path: &Path) -> bool {
    path.extension().is_some() && !is_recordings_name(path)
}

fn read(path: &Path) -> Result<String, Problem> {
    let failed = |what: String| Problem { line: 0, column: 0, what };
    let found = fs::metadata(path).map_err(|error| failed(format!("cannot be read: {error}")))?;
    if !found.is_file() {
        return Err(failed("is not a regular file".to_owned()));
    }
    if found.len() > MAX_FILE {
        return Err(failed(format!("is larger than {} MiB", MAX_FILE >> 20)));
    }
    let bytes = fs::read(path).map_err(|error| failed(format!("cannot be read: {error}")))?;
    String::from_utf8(bytes).map_err(|error| {
        let good = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = memchr::memchr_iter(b'\n', good).count() + 1;
        let column = good.len() - memchr::memrchr(b'\n', good).map_or(0, |at| at + 1) + 1;
        Problem { line, column, what: "is not UTF-8 text".to_owned() }
    })
}
