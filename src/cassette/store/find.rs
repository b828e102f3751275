//! What was typed after `-c`, as cassettes: names under `recordings/`, files, directories, shipped recordings.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::cassette::error::{CassetteError, Problem};

/// Where a project keeps its cassettes: names are looked for below it.
pub const RECORDINGS: &str = "recordings";

/// A cassette that was found and not yet loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its name: the path below the directory it was found in, without `.yaml`.
    pub name: String,
    /// Where its text is.
    pub origin: Origin,
}

/// Where a cassette's text is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// In a file.
    File(PathBuf),
    /// In the program.
    Shipped(&'static str),
}

/// Finds cassettes. Each of `names` is a name under `dir` (with or without `.yaml`, subdirectories with `/`), a file,
/// or a directory, which stands for all cassettes below it. Without names it is all of `dir`. `shipped` recordings,
/// as name and text, stand in for names that are nowhere on disk.
///
/// # Errors
/// Every name that means nothing, every directory that cannot be read or holds nothing, every two files of one name.
pub fn find(
    names: &[String],
    dir: &Path,
    shipped: &[(&'static str, &'static str)],
) -> Result<Vec<Source>, Vec<CassetteError>> {
    let mut finder = Finder { dir, shipped, found: Vec::new(), errors: Vec::new() };
    if names.is_empty() {
        finder.directory(dir, dir);
    }
    for name in names {
        if let Err(error) = finder.resolve(name) {
            finder.errors.push(error);
        }
    }
    finder.finish()
}

/// The file that a recording named `name` goes into: under `dir`, unless it is plainly a path.
pub fn path_for(name: &str, dir: &Path) -> PathBuf {
    let path = Path::new(name);
    let in_a_directory = path.parent().is_some_and(|parent| parent != Path::new(""));
    let path = if !is_name(path) || (has_extension(path) && in_a_directory) {
        path.to_owned()
    } else {
        dir.join(path)
    };
    if has_extension(&path) { path } else { super::with_suffix(&path, ".yaml") }
}

struct Finder<'a> {
    dir: &'a Path,
    shipped: &'a [(&'static str, &'static str)],
    found: Vec<Source>,
    errors: Vec<CassetteError>,
}

impl Finder<'_> {
    fn resolve(&mut self, name: &str) -> Result<(), CassetteError> {
        let typed = Path::new(name);
        let under_dir = is_name(typed).then(|| self.dir.join(typed));
        for path in under_dir.into_iter().chain([typed.to_owned()]) {
            for candidate in [super::with_suffix(&path, ".yaml"), super::with_suffix(&path, ".yml"), path] {
                match fs::metadata(&candidate) {
                    Ok(metadata) if metadata.is_dir() => {
                        let base = if candidate.starts_with(self.dir) { self.dir } else { &candidate };
                        self.directory(&candidate, base);
                        return Ok(());
                    }
                    Ok(_) => {
                        let parent = candidate.parent().unwrap_or(Path::new(""));
                        let base = if candidate.starts_with(self.dir) { self.dir } else { parent };
                        self.found.push(source(&candidate, base));
                        return Ok(());
                    }
                    Err(error) if is_absent(&error) => {}
                    Err(error) => return Err(CassetteError::file(&candidate, Problem::Read(error))),
                }
            }
        }
        let shipped = name.strip_suffix(".yaml").unwrap_or(name);
        if let Some((name, text)) = self.shipped.iter().find(|(name, _)| *name == shipped) {
            self.found.push(Source { name: (*name).to_owned(), origin: Origin::Shipped(text) });
            return Ok(());
        }
        let problem = Problem::Missing { known: self.known(shipped), dir: self.dir.to_owned() };
        Err(CassetteError::file(typed, problem))
    }

    /// Adds all cassettes below `dir`, named by their path below `base`.
    fn directory(&mut self, dir: &Path, base: &Path) {
        let mut files = Vec::new();
        let before = self.errors.len();
        walk(dir, &mut files, &mut self.errors);
        if files.is_empty() && self.errors.len() == before {
            let shipped = self.shipped.iter().map(|(name, _)| (*name).to_owned()).collect();
            let problem = if dir.is_dir() { Problem::NoneThere } else { Problem::NoDirectory { shipped } };
            self.errors.push(CassetteError::file(dir, problem));
        }
        // Two files of one name are told in the same order on every file system.
        files.sort();
        let mut sources: Vec<_> = files.iter().map(|file| source(file, base)).collect();
        sources.sort_by(|a, b| a.name.cmp(&b.name));
        self.found.append(&mut sources);
    }

    /// The names there are, those most like `wanted` first.
    fn known(&self, wanted: &str) -> Vec<String> {
        let mut files = Vec::new();
        // What is wrong with other directories is not what was asked.
        walk(self.dir, &mut files, &mut Vec::new());
        let mut names: Vec<String> = files.iter().map(|file| source(file, self.dir).name).collect();
        names.extend(self.shipped.iter().map(|(name, _)| (*name).to_owned()));
        names.sort();
        names.dedup();
        names.sort_by_cached_key(|name| distance(wanted, name));
        names
    }

    /// One source per file, and one file per name.
    fn finish(mut self) -> Result<Vec<Source>, Vec<CassetteError>> {
        let mut by_name: HashMap<String, Origin> = HashMap::new();
        let mut files: HashSet<PathBuf> = HashSet::new();
        let mut sources = Vec::with_capacity(self.found.len());
        for source in self.found {
            if let Origin::File(path) = &source.origin {
                let real = fs::canonicalize(path).unwrap_or_else(|_| path.clone());
                if !files.insert(real) {
                    continue;
                }
            }
            match (by_name.get(&source.name), &source.origin) {
                (None, _) => {
                    by_name.insert(source.name.clone(), source.origin.clone());
                    sources.push(source);
                }
                (Some(Origin::File(other)), Origin::File(path)) => {
                    let problem = Problem::SameName { name: source.name.clone(), other: other.clone() };
                    self.errors.push(CassetteError::file(path, problem));
                }
                // The same shipped recording twice, or one that a file of that name stands before.
                (Some(_), _) => {}
            }
        }
        if self.errors.is_empty() { Ok(sources) } else { Err(self.errors) }
    }
}

/// Collects the cassettes below `dir`. Hidden entries are skipped, links to directories are not followed.
fn walk(dir: &Path, files: &mut Vec<PathBuf>, errors: &mut Vec<CassetteError>) {
    let entries = match fs::read_dir(dir).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
        Ok(entries) => entries,
        Err(error) if is_absent(&error) => return,
        Err(error) => return errors.push(CassetteError::file(dir, Problem::Read(error))),
    };
    for entry in entries {
        let path = entry.path();
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            walk(&path, files, errors);
        } else if has_extension(&path) {
            files.push(path);
        }
    }
}

fn source(file: &Path, base: &Path) -> Source {
    let below = file.strip_prefix(base).unwrap_or(file).with_extension("");
    let parts: Vec<_> = below.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    Source { name: parts.join("/"), origin: Origin::File(file.to_owned()) }
}

fn has_extension(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

/// Whether it can be a name below a directory: it neither leaves it nor names the directory itself.
fn is_name(path: &Path) -> bool {
    path.components().next().is_some() && path.components().all(|part| matches!(part, Component::Normal(_)))
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// How many letters have to be changed, added or removed to make one name of the other (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let change = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
