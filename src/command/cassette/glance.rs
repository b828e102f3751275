//! A look at a cassette without the bodies beside it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use crate::cassette::format::{self, LoadBody, Reading};
use crate::cassette::{CassetteError, Origin, Problem, Source};

/// What was seen.
pub(super) struct Glance {
    pub(super) reading: Reading,
    /// Bytes of the cassette and of the bodies beside it.
    pub(super) bytes: u64,
    /// The names of the bodies beside it.
    pub(super) beside: Vec<String>,
}

impl Glance {
    /// # Errors
    /// It cannot be read, or is no cassette.
    pub(super) fn at(source: &Source) -> Result<Self, CassetteError> {
        match &source.origin {
            Origin::Shipped(text) => {
                let path = PathBuf::from(format!("{} (shipped)", source.name));
                let bodies = Sizes { dir: PathBuf::new(), seen: Mutex::default() };
                let reading = format::read(text.as_bytes(), source.name.clone(), &path, &bodies)?;
                Ok(Self { reading, bytes: text.len() as u64, beside: Vec::new() })
            }
            Origin::File(path) => Self::at_file(path, &source.name),
        }
    }

    pub(super) fn at_file(path: &Path, name: &str) -> Result<Self, CassetteError> {
        let unreadable = |error| CassetteError::file(path, Problem::Read(error));
        // The kind is looked at first, since opening a pipe would wait for its other end.
        let metadata = fs::metadata(path).map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(CassetteError::file(path, Problem::NotAFile));
        }
        let input = BufReader::new(File::open(path).map_err(unreadable)?);
        let dir = path.parent().map(Path::to_owned).unwrap_or_default();
        let bodies = Sizes { dir, seen: Mutex::default() };
        let reading = format::read(input, name.to_owned(), path, &bodies)?;
        let seen = bodies.seen.into_inner().unwrap_or_else(PoisonError::into_inner);
        let bytes = metadata.len() + seen.values().sum::<u64>();
        Ok(Self { reading, bytes, beside: seen.into_keys().collect() })
    }
}

/// Bodies of which only the size counts.
struct Sizes {
    dir: PathBuf,
    seen: Mutex<BTreeMap<String, u64>>,
}

impl LoadBody for Sizes {
    fn load(&self, name: &str) -> io::Result<Bytes> {
        // A missing one is the business of whoever loads it.
        let size = fs::metadata(self.dir.join(name)).map_or(0, |metadata| metadata.len());
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), size);
        Ok(Bytes::new())
    }
}
