//! Bodies in files of their own that no cassette names.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::glance::Glance;
use crate::cassette::{Origin, Source};

/// What their names end with.
const BODY: &str = "body";

/// A line for each, in the directories of the cassettes.
pub(super) fn unnamed(sources: &[Source]) -> Vec<String> {
    let files = sources.iter().filter_map(|source| match &source.origin {
        Origin::File(path) => Some(path),
        Origin::Shipped(_) => None,
    });
    let dirs: BTreeSet<PathBuf> = files.filter_map(|path| path.parent().map(Path::to_owned)).collect();
    dirs.iter().flat_map(|dir| of_directory(dir)).collect()
}

fn of_directory(dir: &Path) -> Vec<String> {
    let here = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    let entries: Vec<PathBuf> =
        fs::read_dir(here).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    let ends = |path: &Path, ending: &str| path.extension().is_some_and(|own| own == ending);
    let mut bodies: Vec<_> = entries.iter().filter(|path| ends(path, BODY)).collect();
    if bodies.is_empty() {
        return Vec::new();
    }
    let mut named = BTreeSet::new();
    for path in entries.iter().filter(|path| ends(path, "yaml") || ends(path, "yml")) {
        match Glance::at_file(path, "") {
            Ok(glance) => named.extend(glance.beside),
            // Which bodies it names cannot be known, so that none is certainly nobody's.
            Err(_) => return Vec::new(),
        }
    }
    bodies.retain(|path| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_none_or(|name| !named.contains(name))
    });
    bodies.sort();
    bodies
        .iter()
        .filter_map(|path| path.file_name())
        .map(|name| dir.join(name))
        .map(|path| format!("{}: no cassette beside it names it; it can be deleted", path.display()))
        .collect()
}
