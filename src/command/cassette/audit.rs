//! `overdub cassette audit`: the leak scan over files.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::json;

use super::glance::Glance;
use crate::audit::{Auditor, Hit, RULES, Scope, files_below};
use crate::cassette::RECORDINGS;
use crate::cli::AuditArgs;
use crate::command::Failure;
use crate::command::terminal::{Paint, counted};

/// How many lines are named where one value stands often in a file.
const LINES_NAMED: usize = 3;

pub(super) fn run(args: &AuditArgs) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    // Nobody reads on when stdout is closed; whether there are leaks is in the exit code.
    if args.rules {
        let _ = if args.json { rules_as_json(&mut out) } else { rules(&mut out) };
        return Ok(());
    }
    let (report, problems) = Report::of(&paths(args)?)?;
    // That nothing was found says nothing where nothing could be read.
    if args.json || problems.is_empty() || report.scanned > 0 {
        let _ = if args.json { report.json(&mut out) } else { report.text(&mut out) };
    }
    let _ = out.flush();
    drop(out);
    if !problems.is_empty() {
        return Err(Failure::Usage(problems));
    }
    match report.hits() {
        0 => Ok(()),
        hits => Err(Failure::Checks(format!(
            "{} in {}; `overdub cassette audit --rules` says what to do about each kind",
            counted(hits, "leak"),
            counted(report.files.len(), "file")
        ))),
    }
}

fn paths(args: &AuditArgs) -> Result<Vec<PathBuf>, Failure> {
    if !args.paths.is_empty() {
        return Ok(args.paths.clone());
    }
    let recordings = Path::new(RECORDINGS);
    if recordings.is_dir() {
        Ok(vec![recordings.to_owned()])
    } else {
        Err(Failure::usage(format_args!(
            "there is no directory {RECORDINGS} here; name the files or directories to look through"
        )))
    }
}

/// What a cassette says itself to be stand-ins: no leak in it, whatever they look like. Nothing of a file that is none.
fn declared(file: &Path) -> Vec<String> {
    let Ok(Glance { reading, .. }) = Glance::at_file(file, "") else { return Vec::new() };
    reading.cassette.interactions.into_iter().flat_map(|own| own.stand_ins).map(|(text, _)| text).collect()
}

/// What the scan found.
struct Report {
    /// Files with hits.
    files: Vec<(PathBuf, Vec<Hit>)>,
    /// How many files were looked through.
    scanned: usize,
    /// Files that were left out since they are binary.
    binary: Vec<PathBuf>,
}

impl Report {
    /// Looks through all files; what could not be read comes beside the report, a message each.
    fn of(paths: &[PathBuf]) -> Result<(Self, Vec<String>), Failure> {
        let auditor = Auditor::new(Scope::Any).map_err(Failure::usage)?;
        let mut report = Self { files: Vec::new(), scanned: 0, binary: Vec::new() };
        let mut problems = Vec::new();
        let unread = |path: &Path, error: io::Error| format!("{}: cannot be read: {error}", path.display());
        let mut files = Vec::new();
        for path in paths {
            match files_below(path) {
                Ok(mut found) => files.append(&mut found),
                Err(errors) => problems.extend(errors.into_iter().map(|(path, error)| unread(&path, error))),
            }
        }
        let mut seen = HashSet::new();
        for file in files {
            if !seen.insert(file.canonicalize().unwrap_or_else(|_| file.clone())) {
                continue;
            }
            match auditor.scan_file(&file) {
                Ok(None) => report.binary.push(file),
                Ok(Some(mut hits)) => {
                    report.scanned += 1;
                    if !hits.is_empty() {
                        let declared = declared(&file);
                        hits.retain(|hit| !declared.iter().any(|value| hit.is(value)));
                    }
                    if !hits.is_empty() {
                        report.files.push((file, hits));
                    }
                }
                Err(error) => problems.push(unread(&file, error)),
            }
        }
        Ok((report, problems))
    }

    fn hits(&self) -> usize {
        self.files.iter().map(|(_, hits)| hits.len()).sum()
    }

    /// Per rule that has hits, in the order of the table: how many, and in how many files.
    fn by_rule(&self) -> Vec<(&'static str, usize, usize)> {
        let count = |name: &'static str| {
            let each = self.files.iter().map(|(_, hits)| hits.iter().filter(|hit| hit.rule == name).count());
            each.fold((name, 0, 0), |(name, hits, files), here| {
                (name, hits + here, files + usize::from(here > 0))
            })
        };
        RULES.iter().map(|rule| count(rule.name)).filter(|(_, hits, _)| *hits > 0).collect()
    }

    fn text(&self, out: &mut impl Write) -> io::Result<()> {
        let paint = Paint::on_stdout();
        for (file, hits) in &self.files {
            for group in grouped(hits) {
                let Some(hit) = group.first() else { continue };
                let place = format!("{}:{}:{}", file.display(), hit.line, hit.column);
                write!(out, "{place}: {}: {}", paint.red(hit.rule), hit.masked)?;
                writeln!(out, "{}", also(&group[1..]))?;
            }
        }
        let looked = counted(self.scanned, "file");
        let binary = match self.binary.len() {
            0 => String::new(),
            some => format!(" ({} left out: binary)", counted(some, "file")),
        };
        if self.files.is_empty() {
            return writeln!(out, "no leaks in {looked}{binary}");
        }
        let rules: Vec<_> = self
            .by_rule()
            .into_iter()
            .map(|(rule, hits, files)| format!("{rule} {hits} in {}", counted(files, "file")))
            .collect();
        writeln!(
            out,
            "{} in {} of {looked}{binary}: {}",
            counted(self.hits(), "leak"),
            self.files.len(),
            rules.join(", ")
        )
    }

    fn json(&self, out: &mut impl Write) -> io::Result<()> {
        let mut hits = Vec::with_capacity(self.hits());
        for (file, in_file) in &self.files {
            let file = file.to_string_lossy();
            hits.extend(in_file.iter().map(|hit| Located { file: file.clone(), hit }));
        }
        let rules = self.by_rule().into_iter().map(|(rule, hits, files)| (rule, Count { hits, files }));
        let binary = self.binary.iter().map(|file| file.to_string_lossy()).collect();
        let rules = rules.collect();
        let report = JsonReport { files: self.scanned, binary, rules, hits };
        serde_json::to_writer_pretty(&mut *out, &report)?;
        writeln!(out)
    }
}

/// The report as one JSON object.
#[derive(Serialize)]
struct JsonReport<'a> {
    files: usize,
    binary: Vec<Cow<'a, str>>,
    rules: BTreeMap<&'a str, Count>,
    hits: Vec<Located<'a>>,
}

#[derive(Serialize)]
struct Count {
    hits: usize,
    files: usize,
}

#[derive(Serialize)]
struct Located<'a> {
    file: Cow<'a, str>,
    #[serde(flatten)]
    hit: &'a Hit,
}

/// Hits of one value and rule together, in the order of the first.
fn grouped(hits: &[Hit]) -> Vec<Vec<&Hit>> {
    let mut groups: Vec<Vec<&Hit>> = Vec::new();
    let mut by_value: HashMap<(&str, u64), usize> = HashMap::new();
    for hit in hits {
        let group = *by_value.entry((hit.rule, hit.same)).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[group].push(hit);
    }
    groups
}

/// ` ×12, also on lines 40, 77, 90, …`: where the same value stands again.
fn also(others: &[&Hit]) -> String {
    if others.is_empty() {
        return String::new();
    }
    let mut lines: Vec<_> = others.iter().map(|hit| hit.line).collect();
    lines.dedup();
    let more = if lines.len() > LINES_NAMED { ", …" } else { "" };
    let named: Vec<_> = lines.iter().take(LINES_NAMED).map(usize::to_string).collect();
    let line = if lines.len() == 1 { "line" } else { "lines" };
    format!(" ×{}, also on {line} {}{more}", others.len() + 1, named.join(", "))
}

fn rules(out: &mut impl Write) -> io::Result<()> {
    let paint = Paint::on_stdout();
    for rule in RULES {
        writeln!(out, "{}\n    finds  {}\n    to do  {}", paint.red(rule.name), rule.finds, rule.advice)?;
    }
    Ok(())
}

fn rules_as_json(out: &mut impl Write) -> io::Result<()> {
    let rules =
        RULES.iter().map(|rule| json!({"rule": rule.name, "finds": rule.finds, "advice": rule.advice}));
    writeln!(out, "{:#}", json!({"rules": rules.collect::<Vec<_>>()}))
}
