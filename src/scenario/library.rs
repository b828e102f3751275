//! The scenario files there are: the project's own, then the ones that are shipped.
//!
//! Files are values here, read before anything is compiled, so that a reload can build a whole set aside.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Largest file that is read as a scenario: 1 MiB.
const LARGEST: u64 = 1024 * 1024;
/// Folders below folders that are looked into.
const DEEPEST: usize = 4;

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its name without `.rhai`; in a folder below, `folder/name`.
    pub name: String,
    /// Where a person finds it, as messages say it.
    pub path: String,
    /// What it says.
    pub text: String,
    /// Whether it is built in.
    pub shipped: bool,
}

/// All files, by name.
#[derive(Debug, Clone, Default)]
pub struct Library {
    sources: BTreeMap<String, Arc<Source>>,
}

/// Why the files could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct LibraryError {
    /// The file or folder.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: String,
}

impl Library {
    /// The project's files, then those of `shipped` (name and text) that no file of the project hides.
    pub fn new(project: impl IntoIterator<Item = Source>, shipped: &[(&str, &str)]) -> Self {
        let shipped = shipped.iter().map(|(name, text)| Source {
            name: (*name).to_owned(),
            path: format!("{name}.rhai (shipped)"),
            text: (*text).to_owned(),
            shipped: true,
        });
        let mut sources = BTreeMap::new();
        for source in project.into_iter().chain(shipped) {
            sources.entry(source.name.clone()).or_insert_with(|| Arc::new(source));
        }
        Self { sources }
    }

    /// Reads every `*.rhai` in a folder and below; no such folder is no files. Then as [`Library::new`].
    ///
    /// # Errors
    /// Names the file that cannot be read, is no UTF-8, or is larger than 1 MiB.
    pub fn read(folder: &Path, shipped: &[(&str, &str)]) -> Result<Self, LibraryError> {
        let mut found = Vec::new();
        if folder.is_dir() {
            read_folder(folder, "", 0, &mut found)?;
        }
        Ok(Self::new(found, shipped))
    }

    /// The file of this name.
    pub fn get(&self, name: &str) -> Option<&Arc<Source>> {
        self.sources.get(name)
    }

    /// All files, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Source>> {
        self.sources.values()
    }

    pub(super) fn names(&self) -> Vec<&str> {
        self.sources.keys().map(String::as_str).collect()
    }
}

fn read_folder(
    folder: &Path,
    prefix: &str,
    depth: usize,
    found: &mut Vec<Source>,
) -> Result<(), LibraryError> {
    let failed = |path: &Path, problem: String| LibraryError { path: path.to_owned(), problem };
    let unreadable = |error: std::io::Error| failed(folder, error.to_string());
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let Some(stem) =
            path.file_stem().and_then(|stem| stem.to_str()).filter(|stem| !stem.starts_with('.'))
        else {
            continue;
        };
        if path.is_dir() && depth < DEEPEST {
            read_folder(&path, &format!("{prefix}{stem}/"), depth + 1, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rhai") {
            // A file that was there a moment ago and is gone: a save in progress, or a deletion.
            let length = match std::fs::metadata(&path) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                metadata => metadata.map_err(|error| failed(&path, error.to_string()))?.len(),
            };
            if length > LARGEST {
                return Err(failed(&path, "is larger than 1 MiB".to_owned()));
            }
            let text = std::fs::read_to_string(&path).map_err(|error| failed(&path, error.to_string()))?;
            let name = format!("{prefix}{stem}");
            found.push(Source { name, path: path.display().to_string(), text, shipped: false });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_the_project_hides_a_shipped_one_of_its_name() {
        let own = Source {
            name: "a".to_owned(),
            path: "scenarios/a.rhai".to_owned(),
            text: "own".to_owned(),
            shipped: false,
        };
        let library = Library::new([own], &[("a", "shipped"), ("b", "shipped")]);
        let texts: Vec<_> =
            library.iter().map(|source| (source.name.as_str(), source.text.as_str())).collect();
        assert_eq!(texts, [("a", "own"), ("b", "shipped")]);
    }

    #[test]
    #[allow(clippy::disallowed_methods, reason = "scenarios are written by people, not by the store")]
    fn a_folder_is_read_with_what_is_below_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("lib")).unwrap();
        for (name, text) in [("a.rhai", "1"), ("lib/b.rhai", "2"), ("c.txt", "3"), (".d.rhai", "4")] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let library = Library::read(folder.path(), &[]).unwrap();
        assert_eq!(library.names(), ["a", "lib/b"]);
        assert!(Library::read(&folder.path().join("none"), &[]).unwrap().names().is_empty());
        std::fs::write(folder.path().join("a.rhai"), [0xff, 0xfe]).unwrap();
        let said = Library::read(folder.path(), &[]).unwrap_err().to_string();
        assert!(said.contains("a.rhai") && said.contains("UTF-8"), "{said}");
    }
}
