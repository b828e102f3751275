//! All sessions of a replay, by name: made on first use, bounded in number and idle time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use super::index::Index;
use super::names::{self, DEFAULT, SessionBy};
use super::run::Run;
use super::session::Session;
use crate::clock::{Clock, Stopwatch, Timestamp};
use crate::error::Error;
use crate::http::Request;

/// How many sessions there may be, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionOptions {
    /// What tells the session of a request that names none.
    pub by: SessionBy,
    /// Most sessions at once, the default one not counted; beyond that the least recently used goes.
    pub most: usize,
    /// After how long without a request one goes.
    pub idle: Duration,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self { by: SessionBy::Name, most: 10_000, idle: Duration::from_hours(1) }
    }
}

/// All sessions. They never see each other.
#[derive(Debug)]
pub struct Sessions {
    /// Of requests that name none. Apart, since it is nearly every request's: no lock, no hash.
    default: Arc<Session>,
    /// A std lock, held to look up one name and never across an `.await`; only a name that is new writes.
    named: RwLock<Named>,
    options: SessionOptions,
    /// Sessions' times are counted from here.
    pub(super) watch: Stopwatch,
    began: Timestamp,
    /// Every recording that was given in any of them, whatever became of it; only where account is kept.
    pub(super) overall: OnceLock<Session>,
}

/// A session that a request belongs to. The default one is nearly every request's: its count, which all threads share,
/// is not touched for each.
#[derive(Debug)]
pub enum Held<'a> {
    /// The default session.
    Default(&'a Arc<Session>),
    /// Another one.
    Named(Arc<Session>),
}

impl std::ops::Deref for Held<'_> {
    type Target = Arc<Session>;

    fn deref(&self) -> &Arc<Session> {
        match self {
            Self::Default(session) => session,
            Self::Named(session) => session,
        }
    }
}

#[derive(Debug, Default)]
struct Named {
    by_name: HashMap<Arc<str>, Arc<Session>, foldhash::quality::RandomState>,
    /// When each was used, as far as was known when it was put here; the oldest comes first.
    order: BinaryHeap<Reverse<(Duration, u64, Arc<str>)>>,
    /// How many were made.
    made: u64,
    /// It was told that sessions had to go.
    told: bool,
}

impl Sessions {
    /// None but the default one.
    pub fn new(options: SessionOptions) -> Self {
        let (default, named) = (Arc::default(), RwLock::default());
        Self {
            default,
            named,
            options,
            watch: Stopwatch::start(),
            began: Clock::Wall.now(),
            overall: OnceLock::new(),
        }
    }

    /// Remembers from now on which recordings were given in any session, also after it ended or was reset.
    pub fn keep_account(&self) {
        self.overall.get_or_init(Session::default);
    }

    /// The session that a request belongs to, which is thereby used.
    ///
    /// # Errors
    /// It names one by what is no name.
    pub fn of(&self, request: &Request) -> Result<Held<'_>, Error> {
        Ok(match names::of(request, self.options.by)?.as_deref() {
            None | Some(DEFAULT) => Held::Default(&self.default),
            Some(name) => Held::Named(self.get(name)),
        })
    }

    /// The name of the session that a request belongs to, whether there is one or not; `None` if it names none.
    ///
    /// # Errors
    /// It names one by what is no name.
    pub fn name_of(&self, request: &Request) -> Result<Option<String>, Error> {
        Ok(names::of(request, self.options.by)?.map(std::borrow::Cow::into_owned))
    }

    /// The session of this name, made if there is none, which is thereby used.
    pub fn get(&self, name: &str) -> Arc<Session> {
        if name == DEFAULT { Arc::clone(&self.default) } else { self.named(name, self.watch.elapsed()) }
    }

    fn named(&self, name: &str, now: Duration) -> Arc<Session> {
        if let Some(session) = self.fresh(&self.read(), name, now) {
            session.run.touch(now);
            return session;
        }
        let mut named = self.write();
        // Another request may have made it in the meantime.
        if let Some(session) = self.fresh(&named, name, now) {
            session.run.touch(now);
            return session;
        }
        named.add(name, None, now, self.options)
    }

    /// The session of this name, unless it was idle for too long.
    fn fresh(&self, named: &Named, name: &str, now: Duration) -> Option<Arc<Session>> {
        let session = named.by_name.get(name)?;
        (!is_over(session, now, self.options.idle)).then(|| Arc::clone(session))
    }

    /// A new session, which only the cassette `pinned` answers; without a name it gets one. `None`: there is one of
    /// this name already.
    pub fn create(&self, name: Option<&str>, pinned: Option<Arc<str>>) -> Option<Arc<Session>> {
        let now = self.watch.elapsed();
        let mut named = self.write();
        let name = match name {
            Some(name) => name.to_owned(),
            None => named.unused_name(),
        };
        if name == DEFAULT || self.fresh(&named, &name, now).is_some() {
            return None;
        }
        Some(named.add(&name, pinned, now, self.options))
    }

    /// The session of this name, which is not used by asking.
    pub fn find(&self, name: &str) -> Option<Arc<Session>> {
        if name == DEFAULT {
            return Some(Arc::clone(&self.default));
        }
        self.fresh(&self.read(), name, self.watch.elapsed())
    }

    /// Ends a session; whether there was one. The default session never ends.
    pub fn remove(&self, name: &str) -> bool {
        self.write().remove(name)
    }

    /// All of them, the default one first, the others by name.
    pub(super) fn all(&self) -> Vec<Arc<Session>> {
        let now = self.watch.elapsed();
        let idle = self.options.idle;
        let mut all: Vec<_> =
            self.read().by_name.values().filter(|session| !is_over(session, now, idle)).cloned().collect();
        all.sort_unstable_by(|one, other| one.run.name.cmp(&other.run.name));
        all.insert(0, Arc::clone(&self.default));
        all
    }

    /// How many there are, the default one among them.
    #[allow(clippy::len_without_is_empty, reason = "the default session is always there")]
    pub fn len(&self) -> usize {
        let (now, idle) = (self.watch.elapsed(), self.options.idle);
        1 + self.read().by_name.values().filter(|session| !is_over(session, now, idle)).count()
    }

    /// How long a session may still be idle; `None` if it is no more.
    pub fn idle_left(&self, session: &Session) -> Option<Duration> {
        let left = (session.run.used() + self.options.idle).checked_sub(self.watch.elapsed());
        left.filter(|left| !left.is_zero() && !session.run.ended.is_cancelled())
    }

    /// When by the wall clock it was so long after the start.
    pub(super) fn wall_time(&self, since_start: Duration) -> Timestamp {
        self.began.checked_add(since_start).unwrap_or(Timestamp::MAX)
    }

    /// Starts all of them afresh.
    pub fn reset(&self) {
        for session in self.all() {
            session.reset();
        }
    }

    /// Starts one afresh; one that does not exist is fresh already.
    pub fn reset_one(&self, name: &str) {
        if let Some(session) = self.find(name) {
            session.reset();
        }
    }

    /// Forgets, in all of them, what concerns cassettes and stand-ins that are not in `index`.
    pub(super) fn forget_others(&self, index: &Index) {
        for session in self.all() {
            session.forget_others(index);
        }
    }

    /// Sets the clocks of all of them anew.
    pub(super) fn reset_clocks(&self) {
        for session in self.all() {
            session.clock.reset();
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Named> {
        self.named.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Named> {
        self.named.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_over(session: &Session, now: Duration, idle: Duration) -> bool {
    now.saturating_sub(session.run.used()) >= idle
}

impl Named {
    fn add(
        &mut self,
        name: &str,
        pinned: Option<Arc<str>>,
        now: Duration,
        options: SessionOptions,
    ) -> Arc<Session> {
        self.remove(name);
        self.make_room(now, options);
        self.made += 1;
        let name: Arc<str> = name.into();
        let session = Arc::new(Session::new(Run::new(Arc::clone(&name), self.made, pinned, now)));
        self.order.push(Reverse((now, self.made, Arc::clone(&name))));
        self.by_name.insert(name, Arc::clone(&session));
        session
    }

    /// Lets go of those that were idle for too long, and of the least recently used ones if there are too many.
    ///
    /// What the order says may be out of date; each use costs at most one correction here, so a new session costs the
    /// same however many there are.
    fn make_room(&mut self, now: Duration, options: SessionOptions) {
        while let Some(Reverse((noted, number, name))) = self.order.pop() {
            let own = self.by_name.get(&name).filter(|own| own.run.number == number);
            let Some((used, is_over)) = own.map(|own| (own.run.used(), is_over(own, now, options.idle)))
            else {
                continue;
            };
            if is_over {
                self.remove(&name);
            } else if used > noted {
                self.order.push(Reverse((used, number, name)));
            } else if self.by_name.len() >= options.most {
                self.tell_crowded(&name, options.most);
                self.remove(&name);
            } else {
                self.order.push(Reverse((used, number, name)));
                return;
            }
        }
    }

    /// Tells once that sessions have to go.
    fn tell_crowded(&mut self, name: &str, most: usize) {
        if !std::mem::replace(&mut self.told, true) {
            tracing::warn!(
                "more than {most} sessions: the least recently used ones end, `{name}` first (--max-sessions allows \
                 more)"
            );
        }
    }

    fn remove(&mut self, name: &str) -> bool {
        let Some(session) = self.by_name.remove(name) else { return false };
        session.run.ended.cancel();
        // Entries of sessions that were ended by hand must not pile up.
        if self.order.len() > 2 * self.by_name.len() + 64 {
            let by_name = &self.by_name;
            self.order.retain(|Reverse((_, number, name))| {
                by_name.get(name).is_some_and(|own| own.run.number == *number)
            });
        }
        true
    }

    fn unused_name(&self) -> String {
        let mut number = self.made + 1;
        loop {
            let name = format!("session-{number}");
            if !self.by_name.contains_key(name.as_str()) {
                return name;
            }
            number += 1;
        }
    }
}
