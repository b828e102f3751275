//! What is recorded while it is played: each exchange answers from the moment it was recorded.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::index::Index;
use super::names::DEFAULT;
use super::player::{Player, ReplayOptions};
use super::timeline::Timeline;
use crate::cassette::{Cassette, Interaction, PackedHeaders};
use crate::profile::Profile;

/// Recordings that are added while they are played: one timeline, numbered behind all that were loaded.
#[derive(Debug)]
pub(super) struct Captured {
    /// A std lock: held while an exchange is added, by the one thread that does.
    cassette: Mutex<Cassette<PackedHeaders>>,
    /// A std lock: held to take or to replace one pointer.
    index: RwLock<Arc<Index>>,
    profile: Arc<Profile>,
    options: ReplayOptions,
    number: usize,
}

impl Captured {
    fn new(cassette: Cassette, profile: Arc<Profile>, options: ReplayOptions, number: usize) -> Self {
        let cassette = Cassette::from(cassette);
        let index = Index::new(vec![cassette.clone()], &profile, &options, number);
        Self { cassette: Mutex::new(cassette), index: RwLock::new(Arc::new(index)), profile, options, number }
    }

    /// What there is by now.
    pub(super) fn index(&self) -> Arc<Index> {
        Arc::clone(&self.index.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Adds an exchange and returns its number.
    fn add(&self, interaction: Interaction) -> usize {
        let mut cassette = self.cassette.lock().unwrap_or_else(PoisonError::into_inner);
        cassette.interactions.push(interaction.into());
        // Built anew for each: a test run adds dozens, and takes the time of a network for each of them.
        let index = Index::new(vec![cassette.clone()], &self.profile, &self.options, self.number);
        *self.index.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(index);
        cassette.interactions.len() - 1
    }
}

impl Player {
    /// The same, to which exchanges are added while it plays. `cassette` holds none yet: they go on top of its name and
    /// header.
    #[must_use]
    pub fn with_captures(
        mut self,
        cassette: Cassette,
        profile: Arc<Profile>,
        options: &ReplayOptions,
    ) -> Self {
        self.captured = Some(Captured::new(cassette, profile, options.clone(), self.cassettes()));
        self
    }

    /// Looks at each timeline: those that were loaded, then what was recorded since.
    pub(super) fn each_timeline(&self, mut look: impl FnMut(&Timeline)) {
        self.index.timelines.iter().for_each(&mut look);
        if let Some(captured) = &self.captured {
            look(captured.index().timeline(captured.number));
        }
    }

    /// Looks at the timeline at this place.
    pub(super) fn look_at(&self, number: usize, look: impl FnOnce(&Timeline)) {
        match &self.captured {
            Some(captured) if captured.number == number => look(captured.index().timeline(number)),
            _ => look(self.index.timeline(number)),
        }
    }

    /// Lets an exchange that was just recorded answer from now on. The session that made it has had its answer, and
    /// knows what `values` stand for: pairs of a stand-in and the value itself.
    pub fn capture(&self, interaction: Interaction, session: Option<&str>, values: &[(Arc<str>, Box<str>)]) {
        let Some(captured) = &self.captured else { return };
        let ordinal = captured.add(interaction);
        let Some(session) = self.sessions.find(session.unwrap_or(DEFAULT)) else { return };
        let index = captured.index();
        let timeline = index.timeline(captured.number);
        session.note(timeline, ordinal);
        if values.is_empty() {
            return;
        }
        let mut bindings = session.bindings.write();
        for (stand_in, value) in values {
            let mut variables = timeline.variables.values();
            if let Some((number, _)) = variables.find(|(_, own)| *own.text == **stand_in) {
                bindings.bind(captured.number, &timeline.variables, number, value.as_bytes());
            }
        }
    }
}
