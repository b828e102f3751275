//! What came of an import: lines about single files on stderr, a summary on stdout.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::file::{Imported, Outcome};
use crate::command::Failure;
use crate::command::terminal::counted;
use crate::interchange::import::{Note, Problem};
use crate::profile::StandInType;
use crate::redact::Redact;

/// How many notes of a file that are alike are told one by one.
const ALIKE: usize = 10;

/// What came of all files.
pub(super) struct Report {
    redact: Redact,
    /// Cassettes and interactions by format.
    formats: BTreeMap<&'static str, (usize, usize)>,
    replaced: BTreeMap<StandInType, usize>,
    notes: Vec<(PathBuf, Note, usize)>,
    leaks: Vec<String>,
    skipped: Vec<(PathBuf, String)>,
    failed: Vec<(PathBuf, Problem)>,
    /// A signal came: so many files were not begun.
    pub(super) stopped: Option<usize>,
}

impl Report {
    pub(super) fn new(redact: Redact) -> Self {
        Self {
            redact,
            formats: BTreeMap::new(),
            replaced: BTreeMap::new(),
            notes: Vec::new(),
            leaks: Vec::new(),
            skipped: Vec::new(),
            failed: Vec::new(),
            stopped: None,
        }
    }

    pub(super) fn add(&mut self, path: &Path, outcome: Outcome) {
        match outcome {
            Outcome::Imported(imported) => self.imported(path, imported),
            Outcome::Skipped(why) => self.skipped.push((path.to_owned(), why)),
            Outcome::Failed(problem) => self.failed.push((path.to_owned(), problem)),
        }
    }

    fn imported(&mut self, path: &Path, imported: Imported) {
        let (files, interactions) = self.formats.entry(imported.format).or_default();
        *files += 1;
        *interactions += imported.interactions;
        for (of_type, count) in imported.replaced {
            *self.replaced.entry(of_type).or_default() += count;
        }
        self.leaks.extend(imported.leaks);
        self.notes
            .extend(said(imported.notes).into_iter().map(|(note, count)| (path.to_owned(), note, count)));
    }

    fn files(&self) -> usize {
        self.formats.values().map(|(files, _)| files).sum()
    }

    fn interactions(&self) -> usize {
        self.formats.values().map(|(_, interactions)| interactions).sum()
    }

    /// Tells it, and whether all went well.
    pub(super) fn tell(self, as_json: bool) -> Result<(), Failure> {
        // Nobody is left to tell when the other end is closed; the exit code says what it came to.
        let _ = self.lines(&mut io::stderr().lock());
        let mut out = io::stdout().lock();
        let _ = if as_json { writeln!(out, "{:#}", self.json()) } else { self.summary(&mut out) };
        let mut wrong = Vec::new();
        if let Some(rest) = self.stopped {
            wrong.push(format!("stopped by a signal, before {}", counted(rest, "more file")));
        }
        if !self.failed.is_empty() {
            wrong.push(format!("{} could not be imported", counted(self.failed.len(), "file")));
        }
        if !self.leaks.is_empty() {
            let leaks = counted(self.leaks.len(), "value");
            wrong.push(format!(
                "{leaks} in the cassettes may be secrets; `overdub cassette audit --rules` says what to do about each kind"
            ));
        }
        if wrong.is_empty() { Ok(()) } else { Err(Failure::Checks(wrong.join("; "))) }
    }

    fn lines(&self, out: &mut impl Write) -> io::Result<()> {
        for (path, note, count) in &self.notes {
            let often = if *count > 1 { format!(" (×{count})") } else { String::new() };
            writeln!(out, "{}:{}: {}{often}", path.display(), note.line, note.what)?;
        }
        for (path, why) in &self.skipped {
            writeln!(out, "{}: skipped: {why}", path.display())?;
        }
        for leak in &self.leaks {
            writeln!(out, "{leak}")?;
        }
        for (path, problem) in &self.failed {
            writeln!(out, "error: {}: {}", place(path, problem), problem.what)?;
        }
        Ok(())
    }

    fn summary(&self, out: &mut impl Write) -> io::Result<()> {
        let formats: Vec<_> =
            self.formats.iter().map(|(name, (files, _))| format!("{name} {files}")).collect();
        let formats = if formats.is_empty() { String::new() } else { format!(" ({})", formats.join(", ")) };
        writeln!(
            out,
            "{} with {} imported{formats}; {} skipped, {} failed",
            counted(self.files(), "file"),
            counted(self.interactions(), "interaction"),
            self.skipped.len(),
            self.failed.len()
        )?;
        if self.redact == Redact::Off || self.files() == 0 {
            return Ok(());
        }
        let counts: Vec<_> =
            self.replaced.iter().map(|(of_type, count)| format!("{count} {}", of_type.name())).collect();
        let counts = if counts.is_empty() { "no values".to_owned() } else { counts.join(", ") };
        writeln!(out, "replaced: {counts}")
    }

    fn json(&self) -> Value {
        let formats = self.formats.iter().map(|(name, (files, interactions))| {
            (*name, json!({"files": files, "interactions": interactions}))
        });
        let replaced = self.replaced.iter().map(|(of_type, count)| (of_type.name(), *count));
        let path = |path: &Path| path.to_string_lossy().into_owned();
        let notes = self.notes.iter().map(|(own, note, count)| {
            json!({"file": path(own), "line": note.line, "what": note.what, "times": count})
        });
        let skipped = self.skipped.iter().map(|(own, why)| json!({"file": path(own), "why": why}));
        let failed = self.failed.iter().map(|(own, problem)| {
            json!({"file": path(own), "line": problem.line, "column": problem.column, "what": problem.what})
        });
        json!({
            "files": self.files(),
            "interactions": self.interactions(),
            "formats": formats.collect::<BTreeMap<_, _>>(),
            "replaced": replaced.collect::<BTreeMap<_, _>>(),
            "notes": notes.collect::<Vec<_>>(),
            "leaks": self.leaks,
            "skipped": skipped.collect::<Vec<_>>(),
            "failed": failed.collect::<Vec<_>>(),
        })
    }
}

/// `file`, `file:line` or `file:line:column`.
fn place(path: &Path, problem: &Problem) -> String {
    let path = path.display();
    match (problem.line, problem.column) {
        (0, _) => path.to_string(),
        (line, 0) => format!("{path}:{line}"),
        (line, column) => format!("{path}:{line}:{column}"),
    }
}

/// The notes of a file, with how often each is meant: what is the same throughout is said once, and of what is alike,
/// but for what stands in backticks and for numbers, a few are.
fn said(notes: Vec<Note>) -> Vec<(Note, usize)> {
    let mut said: Vec<(Note, usize)> = Vec::new();
    // Per kind: which notes there are, and the place of the one that counts the others.
    let mut kinds: HashMap<String, (Vec<usize>, Option<usize>)> = HashMap::new();
    for note in notes {
        let (own, rest) = kinds.entry(kind(&note.what)).or_default();
        if let Some(same) = own.iter().find(|at| said[**at].0.what == note.what) {
            said[*same].1 += 1;
        } else if own.len() < ALIKE {
            own.push(said.len());
            said.push((note, 1));
        } else if let Some(rest) = rest {
            said[*rest].1 += 1;
        } else {
            *rest = Some(said.len());
            said.push((note, 1));
        }
    }
    for (own, rest) in kinds.into_values().filter_map(|(own, rest)| Some((own, rest?))) {
        let last = own.last().map_or_else(String::new, |at| kind(&said[*at].0.what));
        let (note, count) = &mut said[rest];
        note.what = format!("and {count} more like this: {last}");
        *count = 1;
    }
    said
}

/// A note without what stands in backticks and without numbers.
fn kind(what: &str) -> String {
    let mut out = String::with_capacity(what.len());
    for (index, part) in what.split('`').enumerate() {
        match index % 2 {
            0 => out.extend(part.chars().filter(|c| !c.is_ascii_digit())),
            _ => out.push_str("`…`"),
        }
    }
    out
}
