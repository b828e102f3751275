//! Files and directories: which are read, and how in bounded memory.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::found::Position;
use super::{Auditor, Hit};
use crate::http::Coding;

/// How much of a file is looked at in one piece: 32 MiB. A larger one is read in pieces that overlap.
const WINDOW: usize = 32 * 1024 * 1024;

/// How far pieces overlap to each side (bytes): a name, its value and base64 around it may be that long.
const MARGIN: usize = 1024 * 1024;

/// How much of a file's beginning tells whether it is text (bytes).
const SNIFFED: usize = 8 * 1024;

/// The regular files that `path` names: itself, or all below it, sorted. Below a directory, hidden entries and links to
/// directories are left out.
///
/// # Errors
/// Each path that cannot be read, and why.
pub fn files_below(path: &Path) -> Result<Vec<PathBuf>, Vec<(PathBuf, io::Error)>> {
    let (files, errors) = walk_below(path);
    if errors.is_empty() { Ok(files) } else { Err(errors) }
}

/// As [`files_below`], with what could be read beside what could not.
pub fn walk_below(path: &Path) -> (Vec<PathBuf>, Vec<(PathBuf, io::Error)>) {
    let mut files = Vec::new();
    let mut errors = Vec::new();
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => walk(path, &mut files, &mut errors),
        Ok(found) if found.is_file() => files.push(path.to_owned()),
        Ok(_) => errors.push((path.to_owned(), io::Error::other("it is neither a file nor a directory"))),
        Err(error) => errors.push((path.to_owned(), error)),
    }
    files.sort();
    (files, errors)
}

fn walk(dir: &Path, files: &mut Vec<PathBuf>, errors: &mut Vec<(PathBuf, io::Error)>) {
    let entries = match fs::read_dir(dir).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
        Ok(entries) => entries,
        Err(error) => return errors.push((dir.to_owned(), error)),
    };
    for entry in entries {
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk(&path, files, errors),
            // A link may lead to a file; one that leads nowhere holds nothing.
            Ok(_) if path.is_file() => files.push(path),
            Ok(_) => {}
            Err(error) => errors.push((path, error)),
        }
    }
}

impl Auditor {
    /// The leaks in a file; `None` when it is binary. A gzipped file is unpacked first.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn scan_file(&self, path: &Path) -> io::Result<Option<Vec<Hit>>> {
        self.scan_reader(File::open(path)?, WINDOW, MARGIN)
    }

    fn scan_reader(
        &self,
        mut file: impl io::Read,
        window: usize,
        margin: usize,
    ) -> io::Result<Option<Vec<Hit>>> {
        let mut piece = Vec::new();
        let mut begins = Position { line: 1, column: 1 };
        let mut hits = Vec::new();
        let mut told = 0;
        loop {
            let room = window.saturating_sub(piece.len()) as u64;
            let last = file.by_ref().take(room).read_to_end(&mut piece)?
                < usize::try_from(room).unwrap_or(usize::MAX);
            if told == 0 && piece.starts_with(&[0x1f, 0x8b]) {
                return Ok(Coding::Gzip.decode(&piece, window).ok().map(|plain| self.scan(&plain)));
            }
            if told == 0 && memchr::memchr(0, &piece[..piece.len().min(SNIFFED)]).is_some() {
                return Ok(None);
            }
            let until = if last { piece.len() } else { piece.len() - margin };
            hits.append(&mut self.scan_part(&piece, begins, told..until));
            if last {
                return Ok(Some(hits));
            }
            let done = until - margin;
            begins.advance(&piece[..done]);
            piece.drain(..done);
            told = margin;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Scope;
    use proptest::prelude::*;
    use std::fmt::Write as _;
    use std::sync::LazyLock;

    static AUDITOR: LazyLock<Auditor> = LazyLock::new(|| Auditor::new(Scope::Any).unwrap());

    proptest! {
        #[test]
        fn a_file_in_pieces_has_the_hits_that_it_has_as_a_whole(
            fillers in prop::collection::vec(0_usize..200, 1..30),
            newline in any::<bool>(),
        ) {
            let mut text = String::new();
            for (number, filler) in fillers.iter().enumerate() {
                text.push_str(&"é.".repeat(*filler));
                text.push_str(if newline { "\n" } else { " " });
                let _ = write!(text, "\"password\": \"hunter{number}\"");
            }
            let whole = AUDITOR.scan(text.as_bytes());
            prop_assert_eq!(whole.len(), fillers.len());
            let pieces = AUDITOR.scan_reader(text.as_bytes(), 600, 100).unwrap().unwrap();
            prop_assert_eq!(pieces, whole);
        }
    }
}
