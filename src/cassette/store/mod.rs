//! Cassettes as files: found by name, loaded, and appended to so that a crash costs one exchange at most.
//!
//! `find` turns what was typed into files, `load` reads them, `writer` records what is `staged`, `rewrite` changes a
//! whole cassette, `whole` makes one at a stroke, `sidecar` keeps the bodies that are too large for the cassette. A
//! recorder holds a lock on its file: that tells an exchange that is being written from one that a crash cut off, and
//! keeps a second recorder out.

mod find;
mod load;
mod rewrite;
mod sidecar;
mod staged;
mod whole;
mod writer;

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

pub use find::{Origin, RECORDINGS, Source, find, path_for};
pub use load::{CutOff, load, load_all, load_packed};
pub use rewrite::{Part, Rewrite};
pub use whole::Whole;
pub use writer::{Existing, Writer, is_cassette, is_recorded};

use super::error::{CassetteError, Problem};
use super::format::Torn;

/// How often a lock is asked for, and how long to wait in between: a process that is just being started holds, for a
/// moment, copies of all files that its parent has open.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(10);

/// Takes the lock that a recorder holds while it writes; `None` if another process has it.
fn lock(file: &File) -> io::Result<Option<()>> {
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(Some(())),
            Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(None)
}

/// Whether somebody records into this file at the moment.
pub fn is_being_recorded(path: &Path) -> bool {
    let is_locked = |path: &Path| {
        File::open(path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    };
    // One that is about to begin has a file of its own until there is a header in it.
    is_locked(&with_suffix(path, ".new")) || is_locked(path)
}

/// Moves the torn tail of a locked file to `NAME.yaml.torn`, after whatever was set aside before.
fn set_aside(file: &mut File, path: &Path, torn: Torn) -> io::Result<PathBuf> {
    use io::{Read, Seek, SeekFrom};
    let aside = with_suffix(path, ".torn");
    file.seek(SeekFrom::Start(torn.offset))?;
    let mut to = File::options().create(true).append(true).open(&aside)?;
    io::copy(&mut file.take(torn.end - torn.offset), &mut to)?;
    to.sync_data()?;
    file.set_len(torn.offset)?;
    Ok(aside)
}

/// Where a cassette is recorded that an existing one is updated from: beside it, under a name that no command takes for
/// a cassette's.
pub fn again(cassette: &Path) -> PathBuf {
    with_suffix(cassette, ".again")
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// The name of the cassette at `path`, where no directory says otherwise.
fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Refuses directories, pipes and devices, which would block or never end.
fn regular(file: &File, path: &Path) -> Result<(), CassetteError> {
    match file.metadata() {
        Ok(metadata) if metadata.is_file() => Ok(()),
        Ok(_) => Err(CassetteError::file(path, Problem::NotAFile)),
        Err(error) => Err(CassetteError::file(path, Problem::Read(error))),
    }
}
