//! What a run came to, in files: for CI systems, for programs, for people.

mod json;
mod junit;
mod markdown;

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};

use super::verdict::Run;
use crate::cli::{ReportKind, ReportTo};

/// Writes the reports, their directories if need be. Returns a text per report that could not be written.
pub(super) fn write(run: &Run, reports: &[ReportTo]) -> Vec<String> {
    let failed = reports.iter().filter_map(|report| {
        let error = write_one(run, report).err()?;
        let path = report.path.display();
        Some(format!("--report {path}: cannot be written: {error}; name a file that can be"))
    });
    failed.collect()
}

fn write_one(run: &Run, ReportTo { kind, path }: &ReportTo) -> io::Result<()> {
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        fs::create_dir_all(dir)?;
    }
    let mut options = OpenOptions::new();
    options.create(true);
    let (text, options) = match kind {
        ReportKind::Junit => (junit::text(run), options.write(true).truncate(true)),
        ReportKind::Json => (json::text(run), options.write(true).truncate(true)),
        // A CI job's page is one file for all of its steps.
        ReportKind::Markdown => (markdown::text(run), options.append(true)),
    };
    options.open(path)?.write_all(text.as_bytes())
}
