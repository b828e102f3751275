//! What is saved while overdub runs counts from then on.

mod cassettes;
mod files;
mod load;
mod scenarios;
mod settings;

use std::net::SocketAddr;

use serde_json::Value;

use crate::support::overdub::{Overdub, Project};
use crate::support::wire::{Client, Message, PATIENCE};

/// The health of a proxy, asked on a connection of its own.
pub(crate) struct Health(Client);

impl Health {
    pub(crate) fn of(address: SocketAddr) -> Self {
        Self(Client::to(address))
    }

    /// What it says about reloads.
    pub(crate) fn reload(&mut self) -> Value {
        let answer = self.0.ask("GET /__overdub/health");
        let health: Value = serde_json::from_slice(&answer.body).expect("JSON");
        health["reload"].clone()
    }

    /// Waits until it says so.
    pub(crate) fn until(&mut self, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let began = tokio::time::Instant::now();
        loop {
            let reload = self.reload();
            if is_so(&reload) {
                return reload;
            }
            assert!(began.elapsed() < PATIENCE, "{what}: {reload}");
        }
    }
}

/// A running overdub whose files are changed.
struct Reloading {
    project: Project,
    overdub: Overdub,
    health: Health,
    client: Client,
}

impl Reloading {
    fn start(project: Project, args: &[&str]) -> Self {
        let overdub = project.serve(args);
        let (health, client) = (Health::of(overdub.address), Client::to(overdub.address));
        Self { project, overdub, health, client }
    }

    fn generation(&mut self) -> u64 {
        self.health.reload()["generation"].as_u64().expect("a number")
    }

    /// Changes files and waits until that counts.
    fn change(&mut self, change: impl FnOnce(&Project)) {
        let before = self.generation();
        change(&self.project);
        self.health
            .until("a reload", |now| now["generation"].as_u64() > Some(before) && now["error"].is_null());
    }

    /// Changes files in a way that cannot be used, and waits until that is told; what is told.
    fn refused(&mut self, change: impl FnOnce(&Project)) -> String {
        let before = self.health.reload();
        change(&self.project);
        let now =
            self.health.until("an error", |now| !now["error"].is_null() && now["error"] != before["error"]);
        assert_eq!(now["generation"], before["generation"]);
        let lines = now["error"]["message"].as_array().expect("lines").iter();
        lines.map(|line| line.as_str().expect("a line")).collect::<Vec<_>>().join("\n")
    }

    /// Asks on the one connection that stays open.
    fn ask(&mut self, request: &str) -> Message {
        self.client.ask(request)
    }

    /// The body of the answer.
    fn text(&mut self, request: &str) -> String {
        self.ask(request).text()
    }
}
