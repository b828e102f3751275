//! Tests that go with no scenario: a misspelt `NAME.test.yaml` would otherwise pass for ever, unplayed.

use std::path::Path;

use super::FOLDER;
use crate::scenario::Library;

/// Folders below folders that are looked into, as for scenarios.
const DEEPEST: usize = 4;
const ENDING: &str = ".test.yaml";

/// A file of tests beside no script of the project.
pub(super) struct Stray {
    /// What the script would be called.
    pub(super) name: String,
    /// As messages say it.
    pub(super) path: String,
}

impl Stray {
    /// All of them; of those named only, if any are named. Folders that cannot be read have none.
    pub(super) fn all(names: &[String], library: &Library) -> Vec<Self> {
        let mut found = Vec::new();
        look(Path::new(FOLDER), "", 0, &mut found);
        found.retain(|own| {
            let is_asked_for = names.is_empty() || names.contains(&own.name);
            is_asked_for && library.get(&own.name).is_none_or(|source| source.shipped)
        });
        found.sort_by(|one, other| one.name.cmp(&other.name));
        found
    }

    /// What is wrong, and what to do.
    pub(super) fn problem(&self) -> String {
        let Self { name, path } = self;
        format!("{path}: there is no {FOLDER}/{name}.rhai beside it to test: rename the one or the other")
    }
}

fn look(folder: &Path, prefix: &str, depth: usize, found: &mut Vec<Stray>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let Some(own) = path.file_name().and_then(|name| name.to_str()).filter(|name| !name.starts_with('.'))
        else {
            continue;
        };
        if path.is_dir() && depth < DEEPEST {
            look(&path, &format!("{prefix}{own}/"), depth + 1, found);
        } else if let Some(stem) = own.strip_suffix(ENDING) {
            found.push(Stray { name: format!("{prefix}{stem}"), path: path.display().to_string() });
        }
    }
}
