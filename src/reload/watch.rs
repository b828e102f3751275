//! Waits until watched files hold something else.
//!
//! The system's word that something happened is no more than a reason to look; what counts is what the files hold. So a
//! word too many costs a look, and one that was lost is made good by the next.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::scan::{By, Place, Root, Scan};
use crate::clock::Stopwatch;

/// For how long nothing must happen until what was written counts as written: an editor writes in several steps.
const QUIET: Duration = Duration::from_millis(10);

/// After how long it counts anyway, where there is no end of writing.
const LONGEST: Duration = Duration::from_millis(50);

/// How long a file may be gone or empty that was there: editors and version control take it away before they put the new
/// one in its place.
const GRACE: Duration = Duration::from_millis(300);

/// How often files are looked at where the system tells of no changes.
const INTERVAL: Duration = Duration::from_millis(500);

/// How often new folders are followed in one look; what comes after that is told as an event.
const ROUNDS: usize = 8;

/// Watched files.
#[derive(Debug)]
pub struct Watch {
    roots: Arc<[Root]>,
    told: Arc<Told>,
    /// What was seen last, and told.
    taken: Arc<Scan>,
}

/// Whom the system tells of changes, and from where.
#[derive(Debug)]
struct Told {
    /// Rung when there is a reason to look.
    bell: Arc<Notify>,
    /// A std lock, held on threads that may wait.
    system: Mutex<System>,
}

#[derive(Debug)]
enum System {
    /// It tells.
    Tells { watcher: RecommendedWatcher, followed: Followed },
    /// It does not: somebody has to look.
    Silent,
}

/// The folders from which word is wanted, by their real paths. A std lock, held to look one up.
type Followed = Arc<Mutex<BTreeMap<PathBuf, Place>>>;

impl Watch {
    /// Begins to watch; from now on no change is lost. Unless `polls`, the system is asked to tell of changes.
    ///
    /// This reads all files; it is for the start, or for a thread that may wait.
    pub fn new(roots: Vec<Root>, polls: bool) -> Self {
        let bell = Arc::new(Notify::new());
        let system = if polls { System::Silent } else { System::new(&bell) };
        let told = Arc::new(Told { bell, system: Mutex::new(system) });
        let roots: Arc<[Root]> = roots.into();
        let taken = Arc::new(look(&roots, &told, &Scan::default()));
        Self { roots, told, taken }
    }

    /// Watches these files from now on. Those that are new to it count as changed.
    pub fn follow(&mut self, roots: Vec<Root>) {
        if *self.roots != *roots {
            self.taken = Arc::new(self.taken.below(&roots));
            self.roots = roots.into();
        }
    }

    /// Completes when files hold something else than was told last, and says which.
    pub async fn changed(&mut self) -> Vec<PathBuf> {
        self.differing(By::Content).await
    }

    /// The files to which anybody wrote since they were told of, once that is done. Whoever has read them meanwhile cannot
    /// know which of two contents he has read, even if they are by now as they were, and has to read them again.
    pub async fn written(&mut self) -> Vec<PathBuf> {
        if self.look().await.differences(&self.taken, By::Stamp).is_empty() {
            return Vec::new();
        }
        self.quiet(Some(QUIET)).await;
        self.differing(By::Stamp).await
    }

    async fn differing(&mut self, by: By) -> Vec<PathBuf> {
        let mut lacking: Option<Stopwatch> = None;
        loop {
            let scan = self.look().await;
            let changed = scan.differences(&self.taken, by);
            let left = if changed.is_empty() || !scan.lacks(&self.taken) {
                lacking = None;
                None
            } else {
                let since = *lacking.get_or_insert_with(Stopwatch::start);
                GRACE.checked_sub(since.elapsed())
            };
            if !changed.is_empty() && left.is_none() {
                self.taken = scan;
                return changed;
            }
            self.quiet(left).await;
        }
    }

    /// Completes when something happened and nothing more does, or after `left`.
    async fn quiet(&self, left: Option<Duration>) {
        let bell = &self.told.bell;
        let interval = if self.told.lock().is_silent() { Some(INTERVAL) } else { None };
        let has_happened = timeout(left.or(interval).unwrap_or(Duration::MAX), bell.notified()).await.is_ok();
        let since = Stopwatch::start();
        while has_happened && since.elapsed() < LONGEST && timeout(QUIET, bell.notified()).await.is_ok() {}
    }

    async fn look(&self) -> Arc<Scan> {
        let (roots, told, taken) = (Arc::clone(&self.roots), Arc::clone(&self.told), Arc::clone(&self.taken));
        let seen = tokio::task::spawn_blocking(move || look(&roots, &told, &taken)).await;
        seen.map_or_else(|_| Arc::clone(&self.taken), Arc::new)
    }
}

/// Looks at the files, and has the system tell of all folders that there are by now.
fn look(roots: &[Root], told: &Told, before: &Scan) -> Scan {
    let mut scan = Scan::of(roots, before);
    let mut system = told.lock();
    for _ in 0..ROUNDS {
        // What came into a folder before it was followed is seen by a second look.
        if !system.follow(&scan.places) {
            break;
        }
        scan = Scan::of(roots, &scan);
    }
    scan
}

impl Told {
    fn lock(&self) -> MutexGuard<'_, System> {
        self.system.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl System {
    fn new(bell: &Arc<Notify>) -> Self {
        let followed = Followed::default();
        let (ring, known) = (Arc::clone(bell), Arc::clone(&followed));
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if event.map_or(true, |event| matters(&event, &known)) {
                ring.notify_one();
            }
        });
        match watcher {
            Ok(watcher) => Self::Tells { watcher, followed },
            Err(error) => Self::silent(&error),
        }
    }

    fn silent(error: &notify::Error) -> Self {
        tracing::warn!(
            "the system does not tell of changed files ({error}); they are looked at every {} ms instead",
            INTERVAL.as_millis()
        );
        Self::Silent
    }

    fn is_silent(&self) -> bool {
        matches!(self, Self::Silent)
    }

    /// Follows these folders and no others; whether one is new.
    fn follow(&mut self, places: &BTreeMap<PathBuf, Place>) -> bool {
        let Self::Tells { watcher, followed } = self else { return false };
        let (mut old, mut new) = (Vec::new(), Vec::new());
        {
            let mut followed = lock(followed);
            for (path, place) in followed.iter() {
                if places.get(path).is_none_or(|own| own.id != place.id) {
                    old.push(path.clone());
                }
            }
            for (path, place) in places {
                if followed.get(path).is_none_or(|own| own.id != place.id) {
                    new.push(path.clone());
                }
            }
            // Known before it is followed, so that no word is taken for one that nobody wants.
            *followed = places.clone();
        }
        for path in old {
            // It may be gone, and its watch with it.
            let _ = watcher.unwatch(&path);
        }
        for path in &new {
            match watcher.watch(path, RecursiveMode::NonRecursive) {
                Ok(()) => {}
                // Gone since: the next look sees that.
                Err(_) if !path.exists() => {
                    lock(followed).remove(path);
                }
                Err(error) => {
                    *self = Self::silent(&error);
                    return true;
                }
            }
        }
        !new.is_empty()
    }
}

fn lock(followed: &Followed) -> MutexGuard<'_, BTreeMap<PathBuf, Place>> {
    followed.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether an event is a reason to look.
fn matters(event: &Event, followed: &Followed) -> bool {
    // Reading is none: looking would be its own reason.
    let is_read = match event.kind {
        EventKind::Access(kind) => kind != AccessKind::Close(AccessMode::Write),
        _ => false,
    };
    if is_read {
        return false;
    }
    let mut followed = lock(followed);
    let has_moved = matches!(event.kind, EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)));
    let mut is_wanted = event.need_rescan();
    for path in &event.paths {
        is_wanted |= is_known(path, &followed);
        // A folder that went away is not followed any more, whatever comes in its place.
        if has_moved && followed.remove(path).is_some() {
            is_wanted = true;
        }
    }
    is_wanted
}

fn is_known(path: &Path, followed: &BTreeMap<PathBuf, Place>) -> bool {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return false };
    let place = followed.get(folder);
    place.is_some_and(|place| place.names.as_ref().is_none_or(|names| names.contains(name)))
}
