//! Loads cassettes, all errors at once, and sets a torn tail aside.

use std::convert::identity;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::find::{Origin, Source};
use super::sidecar::{Beside, Nowhere};
use super::{lock, regular, set_aside};
use crate::cassette::error::{CassetteError, Problem};
use crate::cassette::format::{self, Keep, Torn};
use crate::cassette::model::{Cassette, Interaction};
use crate::cassette::packed::PackedHeaders;
use crate::progress::{Part, Progress, Work};

/// A start that takes longer than this is worth a word.
const LONG: Duration = Duration::from_secs(1);

const WORK: Work = Work { done: "loaded", files: "cassettes", told_after: (LONG, LONG) };

/// Bytes per read; a cassette of many megabytes is read in few calls.
const READ_BUFFER: usize = 256 << 10;

/// What is done with a last document that is cut off, and that no recorder is writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CutOff {
    /// It was left behind by a crash: it is set aside as `NAME.yaml.torn`, and the rest loads.
    SetAside,
    /// Somebody is editing the file: it is an error, and the file stays as it is.
    Refuse,
}

/// Loads every source.
///
/// # Errors
/// What is wrong with each that cannot be loaded.
pub fn load_all(sources: &[Source], cut_off: CutOff) -> Result<Vec<Cassette>, Vec<CassetteError>> {
    load_all_as(sources, cut_off, identity)
}

/// The same, as replay needs them.
///
/// # Errors
/// What is wrong with each that cannot be loaded.
pub fn load_packed(
    sources: &[Source],
    cut_off: CutOff,
) -> Result<Vec<Cassette<PackedHeaders>>, Vec<CassetteError>> {
    load_all_as(sources, cut_off, Interaction::from)
}

fn load_all_as<H: Send>(
    sources: &[Source],
    cut_off: CutOff,
    keep: Keep<H>,
) -> Result<Vec<Cassette<H>>, Vec<CassetteError>> {
    let progress = Progress::new(WORK, sources.len(), sources.iter().map(size).sum());
    let (mut cassettes, mut errors) = (Vec::with_capacity(sources.len()), Vec::new());
    for source in sources {
        match load_as(source, cut_off, keep, Some(progress.begin(size(source), 1))) {
            Ok(cassette) => cassettes.push(cassette),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(cassettes) } else { Err(errors) }
}

/// Loads one cassette. A last document that a recorder is still writing is not there yet.
///
/// # Errors
/// It cannot be read, or is not a cassette.
pub fn load(source: &Source, cut_off: CutOff) -> Result<Cassette, CassetteError> {
    load_as(source, cut_off, identity, None)
}

fn load_as<H: Send>(
    source: &Source,
    cut_off: CutOff,
    keep: Keep<H>,
    mut progress: Option<Part<'_>>,
) -> Result<Cassette<H>, CassetteError> {
    let path = match &source.origin {
        Origin::File(path) => path,
        Origin::Shipped(text) => {
            let path = PathBuf::from(format!("{} (shipped)", source.name));
            let read = format::read_as(text.as_bytes(), source.name.clone(), &path, &Nowhere, keep)?;
            return Ok(read.cassette);
        }
    };
    loop {
        let reading = read_file(path, source.name.clone(), keep, progress.as_mut())?;
        let Some(torn) = reading.torn else { return Ok(reading.cassette) };
        let line = torn.line;
        match mend(path, torn, cut_off) {
            Ok(Mended::Refused) => {
                return Err(CassetteError { line, ..CassetteError::file(path, Problem::Torn) });
            }
            Ok(Mended::SetAside(aside)) => tracing::warn!(
                cassette = %path.display(), line, aside = %aside.display(),
                "the last exchange was cut off; it is set aside and the rest is loaded"
            ),
            Ok(Mended::InProgress) => tracing::debug!(
                cassette = %path.display(), line,
                "the last exchange is still being recorded; the rest is loaded"
            ),
            Ok(Mended::Changed) => continue,
            Err(error) => tracing::warn!(
                cassette = %path.display(), line, %error,
                "the last exchange was cut off and cannot be set aside; the rest is loaded"
            ),
        }
        return Ok(reading.cassette);
    }
}

/// How long a source is, in bytes; 0 if that cannot be told.
fn size(source: &Source) -> u64 {
    match &source.origin {
        Origin::File(path) => std::fs::metadata(path).map_or(0, |metadata| metadata.len()),
        Origin::Shipped(text) => text.len() as u64,
    }
}

/// A file that tells how far it was read.
struct Told<'a, 'p> {
    file: File,
    read: usize,
    progress: Option<&'a mut Part<'p>>,
}

impl io::Read for Told<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.read += read;
        if let Some(progress) = &mut self.progress {
            progress.at(self.read);
        }
        Ok(read)
    }
}

fn read_file<H: Send>(
    path: &Path,
    name: String,
    keep: Keep<H>,
    progress: Option<&mut Part<'_>>,
) -> Result<format::Reading<H>, CassetteError> {
    // The kind is looked at first, since opening a pipe would wait for its other end.
    let unreadable = |error| CassetteError::file(path, Problem::Read(error));
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(CassetteError::file(path, Problem::NotAFile));
    }
    let file = File::open(path).map_err(unreadable)?;
    regular(&file, path)?;
    let input = BufReader::with_capacity(READ_BUFFER, Told { file, read: 0, progress });
    format::read_as(input, name, path, &Beside::new(path), keep)
}

/// What became of a torn tail.
enum Mended {
    /// It is in this file now.
    SetAside(PathBuf),
    /// A recorder is at work.
    InProgress,
    /// It stays where it is.
    Refused,
    /// A recorder went on and finished since the file was read.
    Changed,
}

fn mend(path: &Path, torn: Torn, cut_off: CutOff) -> io::Result<Mended> {
    let mut file = File::options().read(true).write(cut_off == CutOff::SetAside).open(path)?;
    if lock(&file)?.is_none() {
        return Ok(Mended::InProgress);
    }
    if file.metadata()?.len() != torn.end {
        return Ok(Mended::Changed);
    }
    if cut_off == CutOff::Refuse {
        return Ok(Mended::Refused);
    }
    set_aside(&mut file, path, torn).map(Mended::SetAside)
}
