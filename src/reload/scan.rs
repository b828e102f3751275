//! What stands in the watched files: a look at the disk, as a value that can be compared with an earlier one.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::hash::{BuildHasher as _, Hasher as _};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use foldhash::quality::FixedState;

use crate::clock::{Clock, Timestamp};

/// How many folders below a watched one are looked into.
const DEEPEST: usize = 16;

/// A file that was changed less long ago may be changed again without a change of its times: file systems count them in
/// steps of up to two seconds.
const SETTLED: Duration = Duration::from_secs(3);

/// How much of a file is looked at at a time (bytes).
const PART: usize = 64 << 10;

/// A file, or a directory with what is below it. It need not be there yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    path: PathBuf,
    extensions: &'static [&'static str],
}

/// What was seen of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    stamp: Stamp,
    /// Stands for its bytes; `None`: it cannot be read.
    content: Option<u64>,
    is_empty: bool,
    /// Whether its stamp will tell of any change from now on.
    is_settled: bool,
}

/// What the file system tells of a file without opening it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    id: Identity,
}

/// Tells a file or directory from another one that took its place. Numbers of files are given again, so the time of the
/// last change of its entry, or of its making, stands beside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    number: (u64, u64),
    since: Option<(i64, i64)>,
}

/// A directory from which word of changes is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) id: Identity,
    /// The entries that matter; `None`: any.
    pub(super) names: Option<BTreeSet<OsString>>,
}

/// The watched files at one moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Scan {
    files: BTreeMap<PathBuf, Seen>,
    /// By their real paths, links resolved.
    pub(super) places: BTreeMap<PathBuf, Place>,
}

/// By what two looks are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// By what the files hold.
    Content,
    /// By whether anybody wrote to them, too.
    Stamp,
}

impl Root {
    /// What is at `path`; of a directory, the files with one of these extensions.
    pub fn new(path: &Path, extensions: &'static [&'static str]) -> Self {
        Self { path: std::path::absolute(path).unwrap_or_else(|_| path.to_owned()), extensions }
    }

    fn wants(&self, path: &Path) -> bool {
        path.extension().is_some_and(|own| self.extensions.iter().any(|one| own == *one))
    }
}

impl Scan {
    /// Looks at all files. What `before` knows and nobody changed is not read again.
    pub(super) fn of(roots: &[Root], before: &Self) -> Self {
        let mut look = Look { before, now: Clock::Wall.now(), scan: Self::default() };
        let here = std::env::current_dir().unwrap_or_default();
        for root in roots {
            look.around(&root.path, &here);
            match fs::metadata(&root.path) {
                Ok(metadata) if metadata.is_dir() => look.folder(root, &root.path, &mut Vec::new()),
                Ok(metadata) => {
                    look.file(&root.path, &metadata);
                    look.beside(root);
                }
                Err(_) => {}
            }
        }
        look.scan
    }

    /// The files that differ from those of `before`, gone and new ones among them.
    pub(super) fn differences(&self, before: &Self, by: By) -> Vec<PathBuf> {
        let same = |one: &Seen, other: &Seen| {
            one.content == other.content && (by == By::Content || one.stamp == other.stamp)
        };
        let changed = self
            .files
            .iter()
            .filter(|(path, seen)| before.files.get(*path).is_none_or(|earlier| !same(seen, earlier)));
        let gone = before.files.keys().filter(|path| !self.files.contains_key(*path));
        let mut paths: Vec<_> = changed.map(|(path, _)| path).chain(gone).cloned().collect();
        paths.sort();
        paths
    }

    /// What it knows of these files alone.
    pub(super) fn below(&self, roots: &[Root]) -> Self {
        let mut own = self.clone();
        own.files.retain(|path, _| roots.iter().any(|root| path.starts_with(&root.path)));
        own
    }

    /// Whether a file that held something is gone or empty: perhaps it is just being saved.
    pub(super) fn lacks(&self, before: &Self) -> bool {
        let held = before.files.iter().filter(|(_, seen)| !seen.is_empty);
        held.into_iter().any(|(path, _)| self.files.get(path).is_none_or(|seen| seen.is_empty))
    }
}

/// A look that is being taken.
struct Look<'a> {
    before: &'a Scan,
    now: Timestamp,
    scan: Scan,
}

impl Look<'_> {
    /// Wants word of what happens to the entries on the way to a path: it, or a folder above, may come or be replaced.
    fn around(&mut self, path: &Path, here: &Path) {
        let mut is_known = false;
        for (entry, folder) in path.ancestors().zip(path.ancestors().skip(1)) {
            let Some(name) = entry.file_name() else { continue };
            is_known |= self.place(folder, Some(name.to_owned()));
            if is_known && (folder == here || !folder.starts_with(here)) {
                return;
            }
        }
    }

    fn folder(&mut self, root: &Root, folder: &Path, above: &mut Vec<Identity>) {
        let Ok(metadata) = fs::metadata(folder) else { return };
        let id = Identity::of_folder(&metadata);
        // A link may lead back to a folder above.
        if above.len() >= DEEPEST || above.contains(&id) {
            return;
        }
        self.place(folder, None);
        let Ok(entries) = fs::read_dir(folder) else { return };
        above.push(id);
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".")) {
                continue;
            }
            match fs::metadata(&path) {
                Ok(metadata) if metadata.is_dir() => self.folder(root, &path, above),
                Ok(metadata) if root.wants(&path) => self.file(&path, &metadata),
                _ => {}
            }
        }
        above.pop();
    }

    /// The bodies that a single cassette has beside it.
    fn beside(&mut self, root: &Root) {
        let (Some(folder), Some(stem)) = (root.path.parent(), root.path.file_stem()) else { return };
        if !root.extensions.contains(&"body") {
            return;
        }
        let mut start = stem.to_owned();
        start.push("-");
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let (name, path) = (entry.file_name(), entry.path());
            let is_body = path.extension().is_some_and(|own| own == "body");
            if is_body && name.as_encoded_bytes().starts_with(start.as_encoded_bytes()) {
                self.place(folder, Some(name));
                if let Ok(metadata) = entry.metadata() {
                    self.file(&path, &metadata);
                }
            }
        }
    }

    fn file(&mut self, path: &Path, metadata: &Metadata) {
        // What is no file may never end.
        if !metadata.is_file() {
            return;
        }
        if fs::symlink_metadata(path).is_ok_and(|own| own.is_symlink()) {
            self.link(path);
        }
        let stamp = Stamp::of(metadata);
        if let Some(known) = self.before.files.get(path)
            && known.is_settled
            && known.stamp == stamp
        {
            self.scan.files.insert(path.to_owned(), known.clone());
            return;
        }
        let read = content(path).ok();
        let (content, is_empty) =
            (read.map(|(content, _)| content), read.is_some_and(|(_, is_empty)| is_empty));
        let is_settled = stamp.modified.is_some_and(|modified| is_settled(modified, self.now));
        self.scan.files.insert(path.to_owned(), Seen { stamp, content, is_empty, is_settled });
    }

    /// Wants word of what a link leads to, and of any link on the way there.
    fn link(&mut self, path: &Path) {
        if let Some(folder) = path.parent() {
            self.place(folder, None);
        }
        let Ok(real) = fs::canonicalize(path) else { return };
        if let (Some(folder), Some(name)) = (real.parent(), real.file_name()) {
            self.place(folder, Some(name.to_owned()));
        }
    }

    /// Wants word of an entry of a folder, or of all; whether there is such a folder.
    fn place(&mut self, folder: &Path, name: Option<OsString>) -> bool {
        let Ok(real) = fs::canonicalize(folder) else { return false };
        let Ok(metadata) = fs::metadata(&real) else { return false };
        let id = Identity::of_folder(&metadata);
        let place =
            self.scan.places.entry(real).or_insert_with(|| Place { id, names: Some(BTreeSet::new()) });
        match (&mut place.names, name) {
            (Some(names), Some(name)) => {
                names.insert(name);
            }
            (names, None) => *names = None,
            (None, Some(_)) => {}
        }
        true
    }
}

/// What stands for a file's bytes, and whether they are white space alone. A part at a time: a cassette may be large.
fn content(path: &Path) -> io::Result<(u64, bool)> {
    let mut file = fs::File::open(path)?;
    let (mut hasher, mut is_empty) = (FixedState::default().build_hasher(), true);
    let mut part = Vec::with_capacity(PART);
    loop {
        part.clear();
        // To the full: parts of other lengths would give other numbers.
        if file.by_ref().take(PART as u64).read_to_end(&mut part)? == 0 {
            return Ok((hasher.finish(), is_empty));
        }
        hasher.write(&part);
        is_empty &= part.trim_ascii().is_empty();
    }
}

fn is_settled(modified: SystemTime, now: Timestamp) -> bool {
    let modified = Timestamp::try_from(modified).unwrap_or(Timestamp::MAX);
    Duration::try_from(now.duration_since(modified)).is_ok_and(|age| age > SETTLED)
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        let length = metadata.len();
        Self { length, modified: metadata.modified().ok(), id: Identity::of_file(metadata) }
    }
}

impl Identity {
    #[cfg(unix)]
    fn of_file(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        let since = Some((metadata.ctime(), metadata.ctime_nsec()));
        Self { number: (metadata.dev(), metadata.ino()), since }
    }

    #[cfg(not(unix))]
    fn of_file(metadata: &Metadata) -> Self {
        Self::of_folder(metadata)
    }

    #[cfg(unix)]
    fn of_folder(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self { number: (metadata.dev(), metadata.ino()), since: created(metadata) }
    }

    #[cfg(not(unix))]
    fn of_folder(metadata: &Metadata) -> Self {
        Self { number: (0, 0), since: created(metadata) }
    }
}

/// When it was made, where the file system remembers it.
fn created(metadata: &Metadata) -> Option<(i64, i64)> {
    let created = Timestamp::try_from(metadata.created().ok()?).ok()?;
    Some((created.as_second(), i64::from(created.subsec_nanosecond())))
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a fixture's files, in its own directory")]
mod tests {
    use super::*;

    fn scan(root: &Path, before: &Scan) -> Scan {
        Scan::of(&[Root::new(root, &["rhai"])], before)
    }

    #[test]
    fn a_large_file_is_looked_at_to_its_last_byte() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.yaml");
        let seen = |bytes: &[u8]| {
            fs::write(&file, bytes).unwrap();
            content(&file).unwrap()
        };
        let mut bytes = vec![b' '; 3 * PART + 7];
        let blank = seen(&bytes);
        assert_eq!((seen(&bytes), blank.1), (blank, true));
        bytes[3 * PART + 6] = b'x';
        let (other, is_empty) = seen(&bytes);
        assert!(other != blank.0 && !is_empty);
        assert_ne!(seen(&bytes[..3 * PART]), blank, "one that is shorter");
    }

    #[test]
    fn only_other_bytes_are_another_content_and_any_write_another_stamp() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.rhai");
        fs::write(&file, "1").unwrap();
        fs::write(folder.path().join("a.txt"), "no scenario").unwrap();
        let first = scan(folder.path(), &Scan::default());
        assert_eq!(first.differences(&Scan::default(), By::Content), [file.as_path()]);
        let later = SystemTime::UNIX_EPOCH + Duration::from_secs(7);
        fs::File::options().write(true).open(&file).unwrap().set_modified(later).unwrap();
        let touched = scan(folder.path(), &first);
        assert!(touched.differences(&first, By::Content).is_empty());
        assert_eq!(touched.differences(&first, By::Stamp), [file.as_path()]);
        assert!(!touched.lacks(&first));
        fs::write(&file, "2").unwrap();
        let written = scan(folder.path(), &touched);
        assert_eq!(written.differences(&touched, By::Content), [file.as_path()]);
        fs::write(&file, " \n").unwrap();
        assert!(scan(folder.path(), &written).lacks(&written));
        fs::remove_file(&file).unwrap();
        let gone = scan(folder.path(), &written);
        assert!(gone.lacks(&written));
        assert_eq!(gone.differences(&written, By::Content), [file.as_path()]);
    }

    #[test]
    #[cfg(unix)]
    fn links_that_lead_back_end() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("below")).unwrap();
        fs::write(folder.path().join("below/a.rhai"), "1").unwrap();
        std::os::unix::fs::symlink(folder.path(), folder.path().join("below/again")).unwrap();
        assert_eq!(scan(folder.path(), &Scan::default()).files.len(), 1);
    }
}
