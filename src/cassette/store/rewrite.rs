//! Changes a whole cassette: the new file takes the old one's place in one step.

use std::fs::{self, File};
use std::io::{self, BufReader, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::sidecar::{self, Beside, Numbered};
use super::writer::{open_locked, prepare};
use super::{set_aside, stem};
use crate::cassette::error::{CassetteError, Problem};
use crate::cassette::format;
use crate::cassette::model::{Cassette, Header, Interaction};

/// A document of a merged cassette.
#[derive(Debug, Clone, Copy)]
pub enum Part<'a> {
    /// The interaction at this position, as it is in the file to the byte.
    Kept(usize),
    /// This one in the place of the one at this position; comments behind that stay.
    Changed(usize, &'a Interaction),
    /// This one.
    New(&'a Interaction),
}

/// A cassette that may be replaced: no recorder can write to it as long as this lives.
#[derive(Debug)]
pub struct Rewrite {
    shown: PathBuf,
    /// Where the file itself is, should the path be a link to it.
    target: PathBuf,
    cassette: Cassette,
    /// Holds the lock.
    old: File,
}

impl Rewrite {
    /// Reads a cassette and takes the lock on it. A last exchange that a crash cut off is set aside.
    ///
    /// # Errors
    /// It cannot be read or written, is no cassette, or is being recorded.
    pub fn open(path: &Path) -> Result<Self, CassetteError> {
        let failed = |error| CassetteError::file(path, Problem::Read(error));
        if !fs::metadata(path).map_err(failed)?.is_file() {
            return Err(CassetteError::file(path, Problem::NotAFile));
        }
        let target = fs::canonicalize(path).map_err(failed)?;
        let mut old = open_locked(&target, path)?;
        let reading = format::read(BufReader::new(&old), stem(path), path, &Beside::new(&target))?;
        if let Some(torn) = reading.torn {
            let aside = set_aside(&mut old, &target, torn).map_err(failed)?;
            tracing::warn!(
                cassette = %path.display(), line = torn.line, aside = %aside.display(),
                "the last exchange was cut off; it is set aside"
            );
        }
        Ok(Self { shown: path.to_owned(), target, cassette: reading.cassette, old })
    }

    /// What it holds.
    pub fn cassette(&self) -> &Cassette {
        &self.cassette
    }

    /// Puts a cassette of this header and these interactions in its place.
    ///
    /// # Errors
    /// It cannot be written; the old one is as it was.
    pub fn replace(self, header: &Header, interactions: &[Interaction]) -> Result<(), CassetteError> {
        let failed = |error| CassetteError::file(&self.shown, Problem::Write(error));
        let before = sidecar::existing_beside(&self.target).map_err(failed)?;
        let sidecars = Numbered::after_existing(&self.target).map_err(failed)?;
        self.put(header, sidecars, |file, sidecars| write_all(file, interactions, sidecars))?;
        before.iter().try_for_each(fs::remove_file).map_err(failed)
    }

    /// Puts a cassette of these parts in its place, under the header that it has.
    ///
    /// # Errors
    /// It cannot be written, or somebody edited it after it was read; the old one is as it was.
    pub fn merge(self, parts: &[Part<'_>]) -> Result<(), CassetteError> {
        let failed = |error| CassetteError::file(&self.shown, Problem::Write(error));
        let old = fs::read(&self.target).map_err(failed)?;
        let now =
            format::read(old.as_slice(), stem(&self.shown), &self.shown, &Beside::new(&self.target)).ok();
        // A person's editor knows of no lock.
        if now.is_none_or(|now| now.cassette.interactions != self.cassette.interactions) {
            return Err(CassetteError::file(&self.shown, Problem::Edited));
        }
        let before = sidecar::existing_beside(&self.target).map_err(failed)?;
        let sidecars = Numbered::after_existing(&self.target).map_err(failed)?;
        let starts: Vec<usize> = self.cassette.interactions.iter().map(|own| own.line).collect();
        let mut text = Vec::new();
        self.put(&self.cassette.header, sidecars, |file, sidecars| {
            text = merged(&documents(&old, &starts), parts, sidecars)?;
            // The header stays as it is, too.
            file.set_len(0)?;
            file.seek(SeekFrom::Start(0))?;
            file.write_all(&text)
        })?;
        let is_named = |path: &&PathBuf| {
            let name = path.file_name().unwrap_or_default().as_encoded_bytes();
            memchr::memmem::find(&text, name).is_some()
        };
        before.iter().filter(|path| !is_named(path)).try_for_each(fs::remove_file).map_err(failed)
    }

    /// Writes a file that begins with this header, and puts it in the old one's place.
    fn put(
        &self,
        header: &Header,
        mut sidecars: Numbered,
        write: impl FnOnce(&mut File, &mut Numbered) -> io::Result<()>,
    ) -> Result<(), CassetteError> {
        let (new, mut file, _) = prepare(&self.target, header)?;
        // Whoever may not read the old one may not read the new one.
        let allowed = self.old.metadata().map(|old| old.permissions());
        let written = allowed
            .and_then(|allowed| file.set_permissions(allowed))
            .and_then(|()| write(&mut file, &mut sidecars))
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&new, &self.target));
        written.map_err(|error| {
            sidecars.discard();
            // A file that nothing names does no harm.
            let _ = fs::remove_file(&new);
            CassetteError::file(&self.shown, Problem::Write(error))
        })
    }

    /// Removes the cassette, and the bodies beside it.
    ///
    /// # Errors
    /// It cannot be removed.
    pub fn remove(self) -> Result<(), CassetteError> {
        let failed = |error| CassetteError::file(&self.shown, Problem::Write(error));
        fs::remove_file(&self.target).map_err(failed)?;
        sidecar::remove_all(&self.target).map_err(failed)
    }
}

/// The file cut into its header and its interactions, which begin on these lines (1-based).
fn documents<'t>(text: &'t [u8], starts: &[usize]) -> Vec<&'t [u8]> {
    let mut ends: Vec<usize> = memchr::memchr_iter(b'\n', text).map(|at| at + 1).collect();
    ends.insert(0, 0);
    let offset = |line: usize| ends.get(line.saturating_sub(1)).copied().unwrap_or(text.len());
    let cuts: Vec<usize> = std::iter::once(0)
        .chain(starts.iter().map(|line| offset(*line)))
        .chain(std::iter::once(text.len()))
        .collect();
    cuts.windows(2).map(|cut| text.get(cut[0]..cut[1]).unwrap_or_default()).collect()
}

fn merged(documents: &[&[u8]], parts: &[Part<'_>], sidecars: &mut Numbered) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let kept = |text: &mut Vec<u8>, document: &[u8]| {
        text.extend_from_slice(document);
        // A person may have left the end out; what follows needs it.
        if !document.ends_with(b"\n") {
            text.push(b'\n');
        }
        if behind(document).is_none() {
            text.extend_from_slice(b"...\n");
        }
    };
    kept(&mut text, documents.first().copied().unwrap_or_default());
    let mut written = String::new();
    for part in parts {
        match part {
            Part::Kept(at) => kept(&mut text, documents.get(at + 1).copied().unwrap_or_default()),
            Part::New(interaction) | Part::Changed(_, interaction) => {
                written.clear();
                format::write_interaction(&mut written, interaction, sidecars)?;
                text.extend_from_slice(written.as_bytes());
            }
        }
        if let Part::Changed(at, _) = part {
            let comments = documents.get(at + 1).and_then(|own| behind(own)).unwrap_or_default();
            text.extend_from_slice(comments);
            if !text.ends_with(b"\n") {
                text.push(b'\n');
            }
        }
    }
    Ok(text)
}

/// What stands behind the end of a document: comments, about the next one mostly. `None`: the end is left out.
fn behind(document: &[u8]) -> Option<&[u8]> {
    let mut rest = document;
    while !rest.is_empty() {
        let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        let (line, others) = rest.split_at(end);
        if line.trim_ascii_end() == b"..." {
            return Some(others);
        }
        rest = others;
    }
    None
}

fn write_all(file: &mut File, interactions: &[Interaction], sidecars: &mut Numbered) -> io::Result<()> {
    let mut text = String::new();
    for own in interactions {
        text.clear();
        format::write_interaction(&mut text, own, sidecars)?;
        file.write_all(text.as_bytes())?;
    }
    Ok(())
}
