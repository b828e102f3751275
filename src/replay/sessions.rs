//! All sessions of a replay, by name.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::session::Session;
use crate::http::{Request, SESSION};

/// All sessions. Made on first use; they never see each other.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    /// Of requests that name none. Apart, since it is nearly every request's.
    default: Arc<Session>,
    /// A std lock: it is held to look up one name, never across an `.await`.
    named: Mutex<HashMap<Arc<str>, Arc<Session>>>,
}

impl Sessions {
    /// The session that a request belongs to: named by its header, else by its connection, else the default one.
    pub(super) fn of(&self, request: &Request) -> Arc<Session> {
        let header = request.head.headers.get(SESSION).and_then(|value| value.to_str().ok());
        match header {
            Some(name) => self.named(name),
            None => Arc::clone(&self.default),
        }
    }

    fn named(&self, name: &str) -> Arc<Session> {
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(session) = named.get(name) {
            return Arc::clone(session);
        }
        let session = Arc::new(Session::default());
        named.insert(name.into(), Arc::clone(&session));
        session
    }

    /// Starts all of them afresh.
    pub(super) fn reset(&self) {
        self.default.reset();
        self.named.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
