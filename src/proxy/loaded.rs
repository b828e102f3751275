//! What a proxy answers from, swapped whole when a file changes.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;

use super::Scenarios;
use crate::replay::{Player, Recording};
use crate::scenario::Parsed;

/// The recordings and the scenarios, where there are any.
pub type Contents = (Option<Arc<Player>>, Option<Arc<Scenarios>>);

/// Recordings and scenarios that belong together. A request keeps those that it began with.
#[derive(Debug, Default)]
pub struct Loaded {
    /// What recordings answer, if any do.
    pub player: Option<Arc<Player>>,
    /// What scripts change; `None` where there can be none.
    pub scenarios: Option<Arc<Scenarios>>,
    /// Recorded bodies, read as JSON for scripts.
    pub(super) documents: Documents,
}

impl Loaded {
    /// These.
    pub fn new(player: Option<Arc<Player>>, scenarios: Option<Arc<Scenarios>>) -> Self {
        Self { player, scenarios, documents: Documents::default() }
    }
}

/// Recorded bodies, read as JSON: reading one costs as much as a whole handler does.
#[derive(Debug, Default)]
pub(super) struct Documents {
    /// The last body of each recording. A std lock, held to look up or to replace one.
    by_recording: RwLock<HashMap<Recording, (Bytes, Arc<Parsed>)>>,
}

impl Documents {
    /// The body read as JSON; `None` if it is none.
    pub(super) fn read(&self, recording: Recording, body: &Bytes) -> Option<Arc<Parsed>> {
        let all = self.by_recording.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, parsed)) = all.get(&recording)
            && known == body
        {
            return Some(Arc::clone(parsed));
        }
        drop(all);
        let parsed = Arc::new(Parsed::new(std::str::from_utf8(body).ok()?).ok()?);
        let mut all = self.by_recording.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(recording, (body.clone(), Arc::clone(&parsed)));
        Some(parsed)
    }
}
