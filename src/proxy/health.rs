//! A proxy at a glance: whether it serves what it is meant to serve, and what went wrong so far.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Map, Value, json};

use super::{Mode, Proxy};

/// A proxy at a glance, as JSON.
pub type Health = Value;

/// Outcomes that are failures.
const FAILURES: [&str; 5] = ["miss", "client-error", "upstream-error", "script-error", "internal-error"];

/// How many requests failed, by outcome. A request that does not fail costs nothing here.
#[derive(Debug, Default)]
pub(super) struct Failures([AtomicU64; FAILURES.len()]);

impl Failures {
    pub(super) fn count(&self, outcome: &str) {
        if let Some(index) = FAILURES.iter().position(|own| *own == outcome) {
            self.0[index].fetch_add(1, Ordering::Relaxed);
        }
    }

    fn shown(&self) -> Value {
        let counts = FAILURES.iter().zip(&self.0);
        let shown = counts.map(|(name, count)| ((*name).to_owned(), count.load(Ordering::Relaxed).into()));
        Value::Object(shown.collect::<Map<_, _>>())
    }
}

impl Proxy {
    /// The proxy at a glance.
    pub fn health(&self) -> Health {
        let (mode, live) = match &self.mode {
            Mode::Replay => ("replay", None),
            Mode::NewEpisodes(live) => ("new_episodes", Some(live)),
            Mode::Record(live) => ("record", Some(live)),
            Mode::Passthrough(live) => ("passthrough", Some(live)),
        };
        let cassettes: Vec<_> = match self.player() {
            Some(player) => {
                player.cassette_sizes().iter().map(|(name, size)| cassette(name, *size)).collect()
            }
            None => live
                .and_then(|live| live.cassette())
                .map(|(name, size)| cassette(&name, size))
                .into_iter()
                .collect(),
        };
        // A forward proxy without an upstream of its own goes where each request asks to.
        let upstream = live.map(|live| live.origin().map_or_else(|| "any".to_owned(), ToString::to_string));
        let mut health = json!({
            "status": "ok",
            "mode": mode,
            "version": env!("CARGO_PKG_VERSION"),
            "uptime_s": self.watch.elapsed().as_secs(),
            "upstream": upstream,
            "cassettes": cassettes,
            "errors": self.failures.shown(),
            "reload": self.reloads.shown(),
        });
        health["sessions"] = self.sessions().len().into();
        health
    }
}

fn cassette(name: &str, interactions: usize) -> Value {
    json!({ "name": name, "interactions": interactions })
}
