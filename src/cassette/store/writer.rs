//! Records: one cassette, appended to an exchange at a time.
//!
//! Documents are written whole, in one `write` with those that are ready beside them: what was reported as kept is kept
//! whatever happens to the process. A new file appears with its header in it or not at all.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::sidecar::{self, Beside, Numbered};
use super::staged::{Document, Staged};
use super::{lock, regular, set_aside, stem, with_suffix};
use crate::cassette::error::{CassetteError, Problem};
use crate::cassette::format;
use crate::cassette::model::{Cassette, Header, Interaction};

/// How a cassette begins.
const MARK: &str = "overdub:";

/// What to do with a cassette that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Leave it alone and fail.
    Refuse,
    /// Replace it, once the new one has been created.
    Overwrite,
    /// Continue it; a missing one is created.
    Append,
}

/// An open recording. The file is locked as long as this lives.
#[derive(Debug)]
pub struct Writer {
    path: PathBuf,
    file: File,
    /// Length of the file up to the last whole document.
    good: u64,
    /// Lines up to there, and of what is staged.
    lines: usize,
    /// Whether there may be more in the file than that.
    dirty: bool,
    staged: Staged,
    sidecars: Numbered,
    earlier: Option<Cassette>,
    /// How many exchanges the file holds.
    interactions: usize,
    /// The file that was replaced, still locked: somebody who opened it before must not take it for the present one.
    _replaced: Option<File>,
}

impl Writer {
    /// Opens a recording at `path`, with its directories, and puts the header into a new one.
    ///
    /// # Errors
    /// It exists and `existing` says to refuse, another process records into it, it is to be continued and cannot be
    /// read, or it cannot be created.
    pub fn create(path: &Path, header: &Header, existing: Existing) -> Result<Self, CassetteError> {
        let failed = |problem: Problem| CassetteError::file(path, problem);
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir).map_err(|error| failed(Problem::Write(error)))?;
        }
        let there = match fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => true,
            Ok(_) => return Err(failed(Problem::NotAFile)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(failed(Problem::Read(error))),
        };
        match existing {
            Existing::Append if there => Self::continue_at(path),
            Existing::Overwrite if there => Self::replace(path, header, existing),
            // A recording that recorded nothing is in nobody's way.
            Existing::Refuse if there && is_blank(path) => Self::replace(path, header, existing),
            Existing::Refuse if there => Err(failed(Problem::Exists)),
            _ => Self::begin(path, header),
        }
    }

    /// Appends one exchange. When this returns, the file holds it.
    ///
    /// # Errors
    /// It cannot be written. The file is cut back to the exchanges before and can be appended to again.
    pub fn append(&mut self, interaction: &Interaction) -> Result<(), CassetteError> {
        self.append_if(interaction, |_| Ok(()))
    }

    /// Appends one exchange if `check` has nothing against its document; else it says at which byte and why.
    ///
    /// # Errors
    /// As for [`Writer::append`], and what `check` says, with the line it would have stood on.
    pub fn append_if(
        &mut self,
        interaction: &Interaction,
        check: impl FnOnce(&str) -> Result<(), (usize, &'static str)>,
    ) -> Result<(), CassetteError> {
        self.stage(interaction, check)?;
        self.flush().pop().map_or(Ok(()), |(_, error)| Err(error))
    }

    /// The same for an exchange that the file holds after the next [`Writer::flush`] only.
    ///
    /// # Errors
    /// It is none that can be written, and what `check` says.
    pub fn stage(
        &mut self,
        interaction: &Interaction,
        check: impl FnOnce(&str) -> Result<(), (usize, &'static str)>,
    ) -> Result<(), CassetteError> {
        let start = self.staged.text.len();
        let written = format::write_interaction(&mut self.staged.text, interaction, &mut self.sidecars);
        let text = self.staged.text.get(start..).unwrap_or_default();
        let refused = |(offset, why)| refused(&self.path, self.lines, text, offset, why);
        let checked = written
            .map_err(|error| CassetteError::file(&self.path, Problem::Write(error)))
            .and_then(|()| check(text).map_err(refused));
        let beside = self.sidecars.take_saved();
        if checked.is_ok() {
            let lines = line_ends(text.as_bytes());
            self.lines += lines;
            self.staged.documents.push(Document { end: self.staged.text.len(), lines, beside });
        } else {
            self.staged.text.truncate(start);
            sidecar::discard(beside);
        }
        checked
    }

    /// Bytes that are ready to be written.
    pub fn staged(&self) -> usize {
        self.staged.text.len()
    }

    /// Writes what is ready. Returns what the file does not hold afterwards: the how manieth of those that were ready
    /// (from 0), in order, and why it cannot be written. The file can be appended to again.
    pub fn flush(&mut self) -> Vec<(usize, CassetteError)> {
        let Staged { mut text, mut documents } = std::mem::take(&mut self.staged);
        let count = documents.len();
        let mut failed = Vec::new();
        if self.write(text.as_bytes()).is_err() {
            // Some may fit all the same: each is tried alone.
            let mut start = 0;
            for (index, own) in documents.iter().enumerate() {
                let document = text.as_bytes().get(start..own.end).unwrap_or_default();
                failed.extend(self.write(document).err().map(|error| (index, error)));
                start = own.end;
            }
        }
        for (index, _) in &failed {
            if let Some(own) = documents.get_mut(*index) {
                self.lines -= own.lines;
                sidecar::discard(std::mem::take(&mut own.beside));
            }
        }
        self.interactions += count - failed.len();
        text.clear();
        documents.clear();
        self.staged = Staged { text, documents };
        let path = &self.path;
        failed.into_iter().map(|(at, error)| (at, CassetteError::file(path, Problem::Write(error)))).collect()
    }

    /// Writes whole documents; if that fails, the file is as it was.
    fn write(&mut self, documents: &[u8]) -> io::Result<()> {
        self.cut_back()?;
        self.dirty = true;
        if let Err(error) = self.file.write_all(documents) {
            // If this fails too, the next write tries again, and a load sets the rest aside.
            let _ = self.cut_back();
            return Err(error);
        }
        self.dirty = false;
        self.good += documents.len() as u64;
        Ok(())
    }

    fn cut_back(&mut self) -> io::Result<()> {
        if self.dirty {
            self.file.set_len(self.good)?;
            self.file.seek(SeekFrom::Start(self.good))?;
            self.dirty = false;
        }
        Ok(())
    }

    /// Waits until everything is on the disk itself, where a power cut leaves it.
    ///
    /// # Errors
    /// The disk did not take it.
    pub fn sync(&mut self) -> Result<(), CassetteError> {
        self.file.sync_all().map_err(|error| CassetteError::file(&self.path, Problem::Write(error)))
    }

    /// The file that is written.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The cassette's name.
    pub fn name(&self) -> String {
        stem(&self.path)
    }

    /// How many exchanges the file holds.
    pub fn interactions(&self) -> usize {
        self.interactions
    }

    /// Lines of the file so far, with what is ready to be written.
    pub fn lines(&self) -> usize {
        self.lines
    }

    /// What the cassette held before, when it is continued; once.
    pub fn take_earlier(&mut self) -> Option<Cassette> {
        self.earlier.take()
    }

    fn begin(path: &Path, header: &Header) -> Result<Self, CassetteError> {
        let (new, file, good) = prepare(path, header)?;
        publish(&new, path)?;
        Self::over(path, file, good, None)
    }

    fn replace(path: &Path, header: &Header, existing: Existing) -> Result<Self, CassetteError> {
        let failed = |error| CassetteError::file(path, Problem::Write(error));
        // Where the file itself is, should the path be a link to it.
        let target = fs::canonicalize(path).map_err(failed)?;
        let old = open_locked(&target, path)?;
        // Whoever had the lock so far may have recorded something.
        if existing == Existing::Refuse && !is_blank(path) {
            return Err(CassetteError::file(path, Problem::Exists));
        }
        let (new, file, good) = prepare(&target, header)?;
        fs::rename(&new, &target).map_err(failed)?;
        sidecar::remove_all(&target).map_err(failed)?;
        let writer = Self::over(&target, file, good, Some(old))?;
        Ok(Self { path: path.to_owned(), ..writer })
    }

    fn continue_at(path: &Path) -> Result<Self, CassetteError> {
        let failed = |error| CassetteError::file(path, Problem::Write(error));
        let mut file = open_locked(path, path)?;
        let reading = format::read(BufReader::new(&file), stem(path), path, &Beside::new(path))?;
        if let Some(torn) = reading.torn {
            let aside = set_aside(&mut file, path, torn).map_err(failed)?;
            tracing::warn!(
                cassette = %path.display(), line = torn.line, aside = %aside.display(),
                "the last exchange was cut off; it is set aside and the recording goes on after the one before"
            );
        }
        let good = close_last(&mut file, reading.closed || reading.torn.is_some()).map_err(failed)?;
        let writer = Self::over(path, file, good, None)?;
        let interactions = reading.cassette.interactions.len();
        Ok(Self { earlier: Some(reading.cassette), interactions, ..writer })
    }

    fn over(path: &Path, mut file: File, good: u64, replaced: Option<File>) -> Result<Self, CassetteError> {
        let failed = |error| CassetteError::file(path, Problem::Write(error));
        let sidecars = Numbered::after_existing(path).map_err(failed)?;
        let lines = lines_of(&mut file).map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            file,
            good,
            lines,
            dirty: false,
            staged: Staged::default(),
            sidecars,
            earlier: None,
            interactions: 0,
            _replaced: replaced,
        })
    }
}

/// Gives a file that [`prepare`] made its name, which nothing has yet.
pub(super) fn publish(new: &Path, path: &Path) -> Result<(), CassetteError> {
    let published = match fs::hard_link(new, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(Problem::Exists),
        // A file system without links: a rename is as good, but for a race between two recorders.
        Err(_) => fs::rename(new, path).map_err(Problem::Write),
        Ok(()) => Ok(()),
    };
    // After a rename it is gone already.
    let _ = fs::remove_file(new);
    published.map_err(|problem| CassetteError::file(path, problem))
}

/// Where a document that is not written would have said what it must not.
pub(super) fn refused(
    path: &Path,
    lines: usize,
    text: &str,
    offset: usize,
    why: &'static str,
) -> CassetteError {
    let before = text.as_bytes().get(..offset).unwrap_or_default();
    let column = before.len() - memchr::memrchr(b'\n', before).map_or(0, |at| at + 1) + 1;
    CassetteError::at(path, lines + line_ends(before) + 1, column, Problem::Refused(why))
}

pub(super) fn line_ends(text: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', text).count()
}

/// Lines of a file that has just been opened; leaves it at its end.
fn lines_of(file: &mut File) -> io::Result<usize> {
    file.seek(SeekFrom::Start(0))?;
    let (mut part, mut lines) = (vec![0; 64 << 10], 0);
    loop {
        match file.read(&mut part)? {
            0 => return Ok(lines),
            length => lines += line_ends(part.get(..length).unwrap_or_default()),
        }
    }
}

/// Whether something is there that is more than a cassette without any exchange: a recording that recorded nothing is
/// as good as none.
pub fn is_recorded(path: &Path) -> bool {
    path.exists() && !is_blank(path)
}

/// Whether a cassette stands there, as its first lines tell: nobody wants to lose one to a file of another kind.
pub fn is_cassette(path: &Path) -> bool {
    // Opening a pipe would wait for somebody to write.
    if !fs::metadata(path).is_ok_and(|found| found.is_file()) {
        return false;
    }
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(4096).read_to_end(&mut start));
    let text = String::from_utf8_lossy(&start);
    let says =
        |line: &&str| !(line.trim().is_empty() || line.starts_with(['#', '%']) || line.starts_with("---"));
    read.is_ok()
        && text.trim_start_matches('\u{feff}').lines().find(says).is_some_and(|line| line.starts_with(MARK))
}

/// Whether the file is a cassette without any exchange.
fn is_blank(path: &Path) -> bool {
    // A header alone is short; anything longer need not be read.
    let short = fs::metadata(path).is_ok_and(|metadata| metadata.len() < 4096);
    let read =
        || format::read(BufReader::new(File::open(path).ok()?), stem(path), path, &Beside::new(path)).ok();
    short && read().is_some_and(|own| own.torn.is_none() && own.cassette.interactions.is_empty())
}

/// Writes a new cassette under a name of its own, locked, so that it can take its place in one step.
pub(super) fn prepare(path: &Path, header: &Header) -> Result<(PathBuf, File, u64), CassetteError> {
    let failed = |error| CassetteError::file(path, Problem::Write(error));
    let new = with_suffix(path, ".new");
    if fs::symlink_metadata(&new).is_ok_and(|there| there.is_symlink()) {
        // None of ours: what it leads to would be written over.
        fs::remove_file(&new).map_err(failed)?;
    }
    let mut file =
        File::options().read(true).write(true).create(true).truncate(false).open(&new).map_err(failed)?;
    if lock(&file).map_err(failed)?.is_none() {
        return Err(CassetteError::file(path, Problem::Busy));
    }
    let mut text = String::new();
    format::write_header(&mut text, header);
    let written = file.set_len(0).and_then(|()| file.write_all(text.as_bytes()));
    if let Err(error) = written {
        let _ = fs::remove_file(&new);
        return Err(failed(error));
    }
    Ok((new, file, text.len() as u64))
}

/// Opens an existing file and takes its lock; `shown` is how messages name it.
pub(super) fn open_locked(path: &Path, shown: &Path) -> Result<File, CassetteError> {
    let failed = |error| CassetteError::file(shown, Problem::Write(error));
    let file = File::options().read(true).write(true).open(path).map_err(failed)?;
    regular(&file, shown)?;
    match lock(&file).map_err(failed)? {
        Some(()) => Ok(file),
        None => Err(CassetteError::file(shown, Problem::Busy)),
    }
}

/// Goes to the end of a cassette, and ends its last document if a person left that out: a document that is cut off
/// later on can only be told by the others' being ended. Returns the length.
fn close_last(file: &mut File, closed: bool) -> io::Result<u64> {
    let length = file.seek(SeekFrom::End(0))?;
    let mut last = [b'\n'];
    if length > 0 {
        file.seek(SeekFrom::Start(length - 1))?;
        file.read_exact(&mut last)?;
    }
    if last != *b"\n" {
        file.write_all(b"\n")?;
    }
    if !closed {
        file.write_all(b"...\n")?;
    }
    file.stream_position()
}
