//! Which file becomes which cassette. What cannot be is told before anything is written.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::file::is_recording;
use crate::audit::walk_below;
use crate::cli::ImportArgs;
use crate::command::Failure;
use crate::interchange::import::Format;

/// How many files a message names.
const NAMED: usize = 5;

/// A file that is to become a cassette.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) source: PathBuf,
    pub(super) target: PathBuf,
    /// It was named itself, and not found below a directory.
    pub(super) named: bool,
    /// Bytes.
    pub(super) size: u64,
}

/// What is to be done.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) jobs: Vec<Job>,
    /// What could not be looked at.
    pub(super) unreadable: Vec<(PathBuf, io::Error)>,
}

/// Finds the files and the names of their cassettes.
pub(super) fn plan(args: &ImportArgs, format: Option<&'static dyn Format>) -> Result<Plan, Failure> {
    let (mut plan, mut missing) = (Plan::default(), Vec::new());
    let exact = is_exact(args)?;
    for source in &args.sources {
        match fs::metadata(source) {
            Ok(found) if found.is_dir() => plan.below(source, &args.output),
            Ok(found) => {
                let name = source.file_name().map_or(source.as_path(), Path::new);
                let target = if exact { args.output.clone() } else { named(&args.output, name) };
                plan.jobs.push(Job { source: source.clone(), target, named: true, size: found.len() });
            }
            Err(error) => missing.push(format!("{}: cannot be read: {error}", source.display())),
        }
    }
    if !missing.is_empty() {
        return Err(Failure::Usage(missing));
    }
    plan.check(args.overwrite, format)?;
    Ok(plan)
}

/// Whether DEST is the cassette itself.
fn is_exact(args: &ImportArgs) -> Result<bool, Failure> {
    let output = &args.output;
    let is_file =
        |extension: &str| output.extension().is_some_and(|own| own == extension) && !output.is_dir();
    let single = args.sources.len() == 1 && !args.sources[0].is_dir();
    if output == Path::new("-") {
        return Err(Failure::usage(
            "--output -: cassettes are not written to stdout; name a file or a directory",
        ));
    }
    if ["yml", "json", "har"].into_iter().any(is_file) && !output.is_file() {
        return Err(Failure::usage(format_args!(
            "--output {}: a cassette's name ends in .yaml",
            output.display()
        )));
    }
    if is_file("yaml") && !single {
        return Err(Failure::usage(format_args!(
            "--output {}: several recordings do not go into one cassette; name a directory",
            output.display()
        )));
    }
    if output.is_file() && !is_file("yaml") {
        return Err(Failure::usage(format_args!("--output {}: is a file and no cassette", output.display())));
    }
    Ok(is_file("yaml"))
}

/// The cassette of a file: `a/b.json` is `DEST/a/b.yaml`.
fn named(output: &Path, name: &Path) -> PathBuf {
    output.join(name).with_extension("yaml")
}

impl Plan {
    fn below(&mut self, dir: &Path, output: &Path) {
        let (files, errors) = walk_below(dir);
        self.unreadable.extend(errors);
        for source in files {
            let target = named(output, source.strip_prefix(dir).unwrap_or(&source));
            let size = fs::metadata(&source).map_or(0, |found| found.len());
            self.jobs.push(Job { source, target, named: false, size });
        }
    }

    /// Two recordings for one cassette, cassettes that exist, sources that would be overwritten.
    fn check(&self, overwrite: bool, format: Option<&'static dyn Format>) -> Result<(), Failure> {
        let mut problems = Vec::new();
        let recording = |job: &&Job| job.named || is_recording(&job.source, format);
        let mut by_target: BTreeMap<&Path, Vec<&Job>> = BTreeMap::new();
        for job in &self.jobs {
            by_target.entry(&job.target).or_default().push(job);
        }
        for (target, jobs) in by_target.iter().filter(|(_, jobs)| jobs.len() > 1) {
            let jobs: Vec<_> = jobs.iter().copied().filter(recording).collect();
            if let [first, second, ..] = jobs.as_slice() {
                problems.push(format!(
                    "{} and {} would both become {}; rename one, or import them into different directories",
                    first.source.display(),
                    second.source.display(),
                    target.display()
                ));
            }
        }
        let mut existing = self.jobs.iter().filter(|job| job.target.exists()).filter(recording);
        let is_source = |job: &&Job| self.jobs.iter().any(|own| same(&own.source, &job.target));
        if let Some(job) = existing.clone().find(is_source) {
            problems.push(format!(
                "{} would be overwritten by its own import; choose another --output",
                job.target.display()
            ));
        } else if !overwrite && let Some(first) = existing.next() {
            let rest: Vec<_> = existing.map(|job| job.target.display().to_string()).collect();
            let more = rest.len().saturating_sub(NAMED);
            let mut named = vec![first.target.display().to_string()];
            named.extend(rest.into_iter().take(NAMED));
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            problems.push(format!(
                "{}{more}: exists already; nothing was imported. Use --overwrite to replace what exists",
                named.join(", ")
            ));
        }
        if problems.is_empty() { Ok(()) } else { Err(Failure::Usage(problems)) }
    }
}

fn same(one: &Path, other: &Path) -> bool {
    one == other
        || matches!((fs::canonicalize(one), fs::canonicalize(other)), (Ok(one), Ok(other)) if one == other)
}
