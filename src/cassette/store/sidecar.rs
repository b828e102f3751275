//! Bodies beside a cassette: `NAME-0001.body` and so on, in the same directory and nowhere else.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use super::super::format::{LoadBody, SaveBody};

/// Largest body that is loaded, four times the largest that is recorded.
const MAX_BODY: u64 = 256 << 20;

/// Loads the bodies beside a cassette, each once however often it is named.
pub(super) struct Beside {
    dir: PathBuf,
    /// Held while a file is read, so that two threads do not read the same one.
    loaded: Mutex<HashMap<String, Bytes>>,
}

impl Beside {
    pub(super) fn new(cassette: &Path) -> Self {
        Self { dir: directory(cassette), loaded: Mutex::default() }
    }
}

impl LoadBody for Beside {
    fn load(&self, name: &str) -> io::Result<Bytes> {
        if !is_plain_name(name) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "not a plain file name; the file must lie beside the cassette",
            ));
        }
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = loaded.get(name) {
            return Ok(bytes.clone());
        }
        let bytes = read_regular(&self.dir.join(name))?;
        loaded.insert(name.to_owned(), bytes.clone());
        Ok(bytes)
    }
}

/// Reads a file that is neither a link to somewhere else nor a pipe, and of bounded size.
fn read_regular(path: &Path) -> io::Result<Bytes> {
    let refuse = |what| Err(io::Error::new(io::ErrorKind::InvalidInput, what));
    if !fs::symlink_metadata(path)?.is_file() {
        return refuse("not a regular file");
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BODY + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BODY {
        return refuse("larger than 256 MiB");
    }
    Ok(bytes.into())
}

/// One path component that is not hidden and means the same on every system.
fn is_plain_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', ':', '\0'])
}

/// For recordings that are part of the program.
pub(super) struct Nowhere;

impl LoadBody for Nowhere {
    fn load(&self, _: &str) -> io::Result<Bytes> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "a shipped recording has no files beside it"))
    }
}

/// Writes bodies beside a cassette under the next free numbers.
#[derive(Debug)]
pub(super) struct Numbered {
    dir: PathBuf,
    stem: String,
    next: u32,
    /// Those that no document on disk names yet.
    pending: Vec<PathBuf>,
}

impl Numbered {
    /// Continues after the highest number that is there.
    pub(super) fn after_existing(cassette: &Path) -> io::Result<Self> {
        let (dir, stem) = (directory(cassette), sidecar_stem(cassette));
        let last = existing(&dir, &stem)?.into_iter().map(|(number, _)| number).max();
        Ok(Self { dir, stem, next: last.unwrap_or(0).saturating_add(1), pending: Vec::new() })
    }

    /// The document that names them is on disk.
    pub(super) fn keep(&mut self) {
        self.pending.clear();
    }

    /// The document that names them could not be written.
    pub(super) fn discard(&mut self) {
        discard(self.take_saved());
    }

    /// Those that no document names yet: whoever writes it has to discard them if he cannot.
    pub(super) fn take_saved(&mut self) -> Vec<PathBuf> {
        std::mem::take(&mut self.pending)
    }
}

/// Removes bodies that no cassette names.
pub(super) fn discard(saved: Vec<PathBuf>) {
    for path in saved {
        // Such a file does no harm, so that failing here needs no report of its own.
        let _ = fs::remove_file(path);
    }
}

impl SaveBody for Numbered {
    fn save(&mut self, body: &[u8]) -> io::Result<String> {
        let (name, path, mut file) = loop {
            let name = format!("{}-{:04}.body", self.stem, self.next);
            let path = self.dir.join(&name);
            self.next = self.next.checked_add(1).ok_or(io::ErrorKind::QuotaExceeded)?;
            match File::options().write(true).create_new(true).open(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {} // somebody put it there meanwhile
                file => break (name, path, file?),
            }
        };
        self.pending.push(path);
        file.write_all(body)?;
        Ok(name)
    }
}

/// Removes the bodies that a cassette, now replaced, had beside it.
pub(super) fn remove_all(cassette: &Path) -> io::Result<()> {
    existing_beside(cassette)?.iter().try_for_each(fs::remove_file)
}

/// The bodies that a cassette has beside it.
pub(super) fn existing_beside(cassette: &Path) -> io::Result<Vec<PathBuf>> {
    let found = existing(&directory(cassette), &sidecar_stem(cassette))?;
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

/// The numbered bodies of the cassette with that stem.
fn existing(dir: &Path, stem: &str) -> io::Result<Vec<(u32, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let number = name
            .to_str()
            .and_then(|name| name.strip_prefix(stem)?.strip_prefix('-')?.strip_suffix(".body"))
            .filter(|digits| digits.len() >= 4 && digits.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|digits| digits.parse().ok());
        found.extend(number.map(|number| (number, entry.path())));
    }
    Ok(found)
}

/// A sidecar's name is never hidden, whatever its cassette is called.
fn sidecar_stem(cassette: &Path) -> String {
    super::stem(cassette).trim_start_matches('.').to_owned()
}

fn directory(cassette: &Path) -> PathBuf {
    match cassette.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir.to_owned(),
        _ => PathBuf::from("."),
    }
}
