//! Writes a cassette that appears whole or not at all: for what is not recorded live.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::sidecar::{self, Numbered};
use super::writer::{line_ends, open_locked, prepare, publish, refused};
use crate::cassette::error::{CassetteError, Problem};
use crate::cassette::format;
use crate::cassette::model::{Header, Interaction};

/// A cassette that is being made. Nothing of it is left if it is dropped before [`Whole::publish`].
#[derive(Debug)]
pub struct Whole {
    shown: PathBuf,
    /// Where the file itself will be, should the path be a link to it.
    target: PathBuf,
    new: PathBuf,
    file: BufWriter<File>,
    sidecars: Numbered,
    buffer: String,
    lines: usize,
    /// The file that it replaces, locked, and the bodies beside it.
    old: Option<(File, Vec<PathBuf>)>,
}

impl Whole {
    /// Begins a cassette that will be at `path`, with its directories; one that is there is replaced if `overwrite` says
    /// so.
    ///
    /// # Errors
    /// It exists, is being recorded, or cannot be written.
    pub fn begin(path: &Path, header: &Header, overwrite: bool) -> Result<Self, CassetteError> {
        let failed = |error| CassetteError::file(path, Problem::Write(error));
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir).map_err(failed)?;
        }
        let (target, old) = match fs::canonicalize(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => (path.to_owned(), None),
            Err(error) => return Err(failed(error)),
            Ok(_) if !overwrite => return Err(CassetteError::file(path, Problem::Exists)),
            Ok(target) => {
                let old = open_locked(&target, path)?;
                let bodies = sidecar::existing_beside(&target).map_err(failed)?;
                (target, Some((old, bodies)))
            }
        };
        let sidecars = Numbered::after_existing(&target).map_err(failed)?;
        let (new, file, _) = prepare(&target, header)?;
        let mut text = String::new();
        format::write_header(&mut text, header);
        let lines = line_ends(text.as_bytes());
        let file = BufWriter::with_capacity(64 << 10, file);
        Ok(Self { shown: path.to_owned(), target, new, file, sidecars, buffer: String::new(), lines, old })
    }

    /// Adds one exchange if `check` has nothing against its document; else it says at which byte and why.
    ///
    /// # Errors
    /// It cannot be written, and what `check` says, with the line it would have stood on.
    pub fn append_if(
        &mut self,
        interaction: &Interaction,
        check: impl FnOnce(&str) -> Result<(), (usize, &'static str)>,
    ) -> Result<(), CassetteError> {
        let failed = |error| CassetteError::file(&self.shown, Problem::Write(error));
        self.buffer.clear();
        format::write_interaction(&mut self.buffer, interaction, &mut self.sidecars).map_err(failed)?;
        check(&self.buffer)
            .map_err(|(offset, why)| refused(&self.shown, self.lines, &self.buffer, offset, why))?;
        self.file.write_all(self.buffer.as_bytes()).map_err(failed)?;
        self.lines += line_ends(self.buffer.as_bytes());
        Ok(())
    }

    /// Lines so far.
    pub fn lines(&self) -> usize {
        self.lines
    }

    /// Puts it in its place.
    ///
    /// # Errors
    /// It cannot be written, or somebody else put a file there meanwhile; what was there is as it was.
    pub fn publish(mut self) -> Result<(), CassetteError> {
        let failed = |error| CassetteError::file(&self.shown, Problem::Write(error));
        self.file.flush().and_then(|()| self.file.get_ref().sync_all()).map_err(failed)?;
        match self.old.take() {
            None => publish(&self.new, &self.target)?,
            Some((_locked, bodies)) => {
                fs::rename(&self.new, &self.target).map_err(failed)?;
                self.sidecars.keep();
                bodies.iter().try_for_each(fs::remove_file).map_err(failed)?;
            }
        }
        self.sidecars.keep();
        Ok(())
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        // Nothing is left to remove where it was published.
        self.sidecars.discard();
        let _ = fs::remove_file(&self.new);
    }
}
