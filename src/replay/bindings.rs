//! What one client run sends in the place of what was recorded: values for stand-ins, origins for origins.
//!
//! Two cassettes number their stand-ins each for itself, so bindings are kept per timeline, by its number. A binding is made by the
//! first request that tells it, and stays until the session is reset.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use foldhash::fast::RandomState;

use super::variables::{Variable, Variables, admin_twin};
use crate::http::Origin;
use crate::matching::{Translation, canonical};

/// Largest value that is bound, in bytes. A larger one is matched and comes back as its stand-in.
const LARGEST: usize = 4096;

/// How many values and origins one session binds.
const MOST: usize = 8192;

/// All bindings of one session.
#[derive(Debug, Default)]
pub(super) struct Bindings {
    /// Whether there are any: told without a lock, since most sessions have none.
    any: AtomicBool,
    /// A std lock: it is held to look values up and to render them, never across an `.await`.
    all: RwLock<Timelines>,
}

/// The bindings of a session, per timeline.
#[derive(Debug, Default)]
pub(super) struct Timelines {
    by_number: HashMap<usize, Bound, RandomState>,
    count: usize,
}

/// The bindings of a session to one timeline.
#[derive(Debug, Default)]
pub(super) struct Bound {
    values: HashMap<usize, Arc<str>, RandomState>,
    /// What the client's values stand for.
    translation: Translation,
    /// Recorded origin → the client's.
    origins: HashMap<usize, LiveOrigin, RandomState>,
    /// The client's authorities → the recorded origin.
    asked: HashMap<Box<str>, usize>,
}

/// An origin in the place of a recorded one.
#[derive(Debug, Clone)]
pub(super) enum LiveOrigin {
    /// This one.
    Other(Origin),
    /// The one through which the client reaches us.
    Ours,
    /// The admin host of one that is known, or the other way round. Any other binding goes before.
    Twin(Origin),
}

impl Bindings {
    /// The bindings, if there are any.
    pub(super) fn read(&self) -> Option<RwLockReadGuard<'_, Timelines>> {
        // A panic elsewhere leaves plain values behind, which are still good.
        self.any.load(Ordering::Acquire).then(|| self.all.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The bindings, to add some.
    pub(super) fn write(&self) -> Adding<'_> {
        Adding { any: &self.any, all: self.all.write().unwrap_or_else(PoisonError::into_inner) }
    }

    /// Forgets what is bound to variables that are not there any more. `of` gives a timeline's; `None`: it is gone.
    pub(super) fn retain<'v>(&self, of: impl Fn(usize) -> Option<&'v Variables>) {
        if self.any.load(Ordering::Acquire) {
            let mut all = self.write();
            all.all.by_number.retain(|timeline, bound| of(*timeline).is_some_and(|own| bound.retain(own)));
            all.all.count = all.all.by_number.values().map(Bound::len).sum();
        }
    }

    /// Forgets all.
    pub(super) fn clear(&self) {
        let mut all = self.write();
        *all.all = Timelines::default();
    }
}

/// Bindings that nobody else looks at meanwhile.
pub(super) struct Adding<'a> {
    any: &'a AtomicBool,
    all: RwLockWriteGuard<'a, Timelines>,
}

impl Drop for Adding<'_> {
    fn drop(&mut self) {
        self.any.store(self.all.count > 0, Ordering::Release);
    }
}

impl std::ops::Deref for Adding<'_> {
    type Target = Timelines;

    fn deref(&self) -> &Timelines {
        &self.all
    }
}

impl Adding<'_> {
    /// Binds a variable to the value that the client sent for it; what is bound already stays.
    pub(super) fn bind(&mut self, timeline: usize, variables: &Variables, number: usize, value: &[u8]) {
        let Ok(value) = std::str::from_utf8(value) else { return };
        let Some(variable) = variables.value(number) else { return };
        let known = self.all.of(timeline).is_some_and(|bound| bound.values.contains_key(&number));
        if known || value.len() > LARGEST || self.all.count >= MOST {
            return;
        }
        self.all.count += 1;
        let bound = self.all.by_number.entry(timeline).or_default();
        if stands_for_itself(value, variable) {
            // Nothing to translate.
            bound.values.insert(number, Arc::clone(&variable.text));
            return;
        }
        let value: Arc<str> = value.into();
        bound.translation.add(&value, &variable.text, variable.of_type);
        bound.values.insert(number, value);
    }

    /// Binds a recorded origin; what is bound already stays.
    pub(super) fn bind_origin(
        &mut self,
        timeline: usize,
        variables: &Variables,
        number: usize,
        live: LiveOrigin,
    ) {
        let bound = self.all.of(timeline);
        let is_bound = |number: &usize| {
            let own = bound.and_then(|bound| bound.origins.get(number));
            own.is_some_and(|own| !matches!(own, LiveOrigin::Twin(_)))
        };
        let known = is_bound(&number);
        let twin = variables.origins()[number].twin.filter(|twin| !is_bound(twin));
        if self.all.count >= MOST {
            return;
        }
        let Timelines { by_number, count } = &mut *self.all;
        let bound = by_number.entry(timeline).or_default();
        if let LiveOrigin::Other(origin) = &live {
            if bound.asked.contains_key(origin.authority()) {
                return;
            }
            bound.asked.insert(origin.authority().into(), number);
            bound.translation.add_origin(origin);
            if let (Some(twin), Some(other), false) = (twin, admin_twin(origin), known) {
                bound.translation.add_origin(&other);
                bound.origins.insert(twin, LiveOrigin::Twin(other));
            }
        }
        *count += 1;
        if !known {
            bound.origins.insert(number, live);
        }
    }
}

fn stands_for_itself(value: &str, variable: &Variable) -> bool {
    canonical(value.as_bytes()) == canonical(variable.text.as_bytes())
}

impl Timelines {
    /// Those of one timeline.
    pub(super) fn of(&self, timeline: usize) -> Option<&Bound> {
        self.by_number.get(&timeline)
    }

    /// The timelines whose requests have to be translated, ascending.
    pub(super) fn translated(&self) -> Vec<(usize, &Translation)> {
        let all = self.by_number.iter().map(|(&number, bound)| (number, &bound.translation));
        let mut all: Vec<_> = all.filter(|(_, translation)| !translation.is_empty()).collect();
        all.sort_unstable_by_key(|(number, _)| *number);
        all
    }
}

impl Bound {
    /// Forgets what is bound to others than these; whether anything is left.
    fn retain(&mut self, variables: &Variables) -> bool {
        let is_whole = self.values.keys().all(|number| variables.value(*number).is_some())
            && self.origins.keys().chain(self.asked.values()).all(|number| variables.has_origin(*number));
        if is_whole {
            return true;
        }
        self.values.retain(|number, _| variables.value(*number).is_some());
        self.origins.retain(|number, _| variables.has_origin(*number));
        self.asked.retain(|_, number| variables.has_origin(*number));
        self.translation = Translation::default();
        let mut values: Vec<_> = self.values.iter().collect();
        values.sort_unstable_by_key(|(number, _)| **number);
        for (number, value) in values {
            if let Some(own) = variables.value(*number).filter(|own| !stands_for_itself(value, own)) {
                self.translation.add(value, &own.text, own.of_type);
            }
        }
        for live in self.origins.values() {
            if let LiveOrigin::Other(origin) | LiveOrigin::Twin(origin) = live {
                self.translation.add_origin(origin);
            }
        }
        self.len() > 0
    }

    fn len(&self) -> usize {
        self.values.len() + self.origins.len()
    }

    /// The value that a variable is bound to.
    pub(super) fn value(&self, number: usize) -> Option<&str> {
        self.values.get(&number).map(AsRef::as_ref)
    }

    /// What the client's values stand for.
    pub(super) fn translation(&self) -> &Translation {
        &self.translation
    }

    /// The origin in the place of a recorded one.
    pub(super) fn origin(&self, number: usize) -> Option<&LiveOrigin> {
        self.origins.get(&number)
    }

    /// The recorded origin that a forward proxy's client means by this one.
    pub(super) fn asked(&self, live: &Origin) -> Option<usize> {
        let twin = |(number, own): (&usize, &LiveOrigin)| {
            matches!(own, LiveOrigin::Twin(twin) if twin.authority() == live.authority()).then_some(*number)
        };
        let known = self.asked.get(live.authority()).copied();
        known.or_else(|| self.origins.iter().find_map(twin))
    }

    /// Whether the client asked for this origin before.
    pub(super) fn has_asked(&self, live: &Origin) -> bool {
        self.asked.contains_key(live.authority())
    }

    /// Whether something else than a twin's guess stands for a recorded origin.
    pub(super) fn has_origin(&self, number: usize) -> bool {
        self.origins.get(&number).is_some_and(|own| !matches!(own, LiveOrigin::Twin(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cassette::{self, Source};
    use crate::profile::StandInType;

    fn variables(emails: usize) -> Variables {
        let text = "overdub: 1\nupstream: https://okta.overdub.test\n---\n\
                    request: {method: GET, url: /}\nresponse: {status: 200}\n";
        let source = Source { name: "many".to_owned(), origin: cassette::Origin::Shipped(text) };
        let mut cassette = cassette::load(&source, cassette::CutOff::SetAside).unwrap();
        let email = |number| (StandInType::Email.stand_in(number, ""), StandInType::Email);
        let host = ("okta-admin.overdub.test".to_owned(), StandInType::Host);
        cassette.interactions[0].stand_ins = (0..emails).map(email).chain([host]).collect();
        Variables::of(&cassette, None)
    }

    #[test]
    fn a_session_binds_so_many_values_and_no_more() {
        let (variables, bindings) = (variables(MOST + 1), Bindings::default());
        assert!(bindings.read().is_none());
        for number in 0..=MOST {
            bindings.write().bind(0, &variables, number, format!("a{number}@x.com").as_bytes());
        }
        let all = bindings.read().unwrap();
        assert_eq!(all.of(0).unwrap().values.len(), MOST);
        drop(all);
        bindings.clear();
        assert!(bindings.read().is_none());
    }

    #[test]
    fn the_first_value_stays_and_one_that_cannot_be_shown_is_not_bound() {
        let (variables, bindings) = (variables(3), Bindings::default());
        for (number, value) in
            [(0, &b"a@x.com"[..]), (0, b"b@x.com"), (1, b"\xff@x.com"), (2, &[b'a'; LARGEST + 1])]
        {
            bindings.write().bind(0, &variables, number, value);
        }
        let all = bindings.read().unwrap();
        let bound = all.of(0).unwrap();
        assert_eq!([0, 1, 2].map(|number| bound.value(number)), [Some("a@x.com"), None, None]);
        assert!(all.of(1).is_none());
    }

    #[test]
    fn an_origin_s_twin_is_a_guess_that_a_binding_replaces() {
        let (variables, bindings) = (variables(0), Bindings::default());
        let bind = |number, live: &str| {
            let live = Origin::parse(live).unwrap();
            bindings.write().bind_origin(0, &variables, number, LiveOrigin::Other(live));
        };
        let origin = |number| {
            let all = bindings.read().unwrap();
            match all.of(0).unwrap().origin(number).unwrap() {
                LiveOrigin::Other(own) => format!("{own}"),
                LiveOrigin::Twin(own) => format!("{own}?"),
                LiveOrigin::Ours => "ours".to_owned(),
            }
        };
        bind(0, "https://dev-1.okta.com");
        assert_eq!(origin(1), "https://dev-1-admin.okta.com?");
        bind(1, "https://console.acme.com");
        assert_eq!(origin(1), "https://console.acme.com");
        bind(1, "https://other.acme.com");
        assert_eq!(origin(1), "https://console.acme.com", "both mean the same one");
        let other = Origin::parse("https://other.acme.com").unwrap();
        assert_eq!(bindings.read().unwrap().of(0).unwrap().asked(&other), Some(1));
    }
}
