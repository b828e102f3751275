//! Changes a whole cassette: the new file takes the old one's place in one step.

use std::fs::{self, File};
use std::io::{self, BufReader, Write as _};
use std::path::{Path, PathBuf};

use super::sidecar::{self, Beside, Numbered};
use super::writer::{open_locked, prepare};
use super::{set_aside, stem};
use crate::cassette::error::{CassetteError, Problem};
use crate::cassette::format;
use crate::cassette::model::{Cassette, Header, Interaction};

/// A cassette that may be replaced: no recorder can write to it as long as this lives.
#[derive(Debug)]
pub struct Rewrite {
    shown: PathBuf,
    /// Where the file itself is, should the path be a link to it.
    target: PathBuf,
    cassette: Cassette,
    /// Holds the lock.
    _old: File,
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
        Ok(Self { shown: path.to_owned(), target, cassette: reading.cassette, _old: old })
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
        let mut sidecars = Numbered::after_existing(&self.target).map_err(failed)?;
        let (new, file, _) = prepare(&self.target, header)?;
        let written =
            write_all(file, interactions, &mut sidecars).and_then(|()| fs::rename(&new, &self.target));
        if let Err(error) = written {
            sidecars.discard();
            // A file that nothing names does no harm.
            let _ = fs::remove_file(&new);
            return Err(failed(error));
        }
        before.iter().try_for_each(fs::remove_file).map_err(failed)
    }
}

fn write_all(mut file: File, interactions: &[Interaction], sidecars: &mut Numbered) -> io::Result<()> {
    let mut text = String::new();
    for own in interactions {
        text.clear();
        format::write_interaction(&mut text, own, sidecars)?;
        file.write_all(text.as_bytes())?;
    }
    file.sync_all()
}
