//! Recording: what passes through comes back as it was sent, then and from the cassette.

mod connections;
mod failures;
mod files;
mod links;
mod passthrough;
mod requests;
mod responses;
mod secrets;
mod streams;
mod tls;

use crate::support::overdub::{Overdub, Project};
use crate::support::wire::{Message, Upstream};

/// What a client got while it was recorded, and what it got from the recording.
struct Played {
    project: Project,
    recorded: Vec<Message>,
    replayed: Vec<Message>,
    cassette: String,
}

impl Played {
    /// Every answer, which is the same both times.
    fn same(&self) -> &[Message] {
        for (recorded, replayed) in self.recorded.iter().zip(&self.replayed) {
            assert_eq!(recorded, replayed, "replayed as recorded");
        }
        &self.recorded
    }
}

/// Sends the requests through a recorder, one after the other, and once more to a replay of what it wrote.
fn play(upstream: &Upstream, requests: &[&str]) -> Played {
    play_with(upstream, requests, &[])
}

/// The same with flags that both commands know.
fn play_with(upstream: &Upstream, requests: &[&str], flags: &[&str]) -> Played {
    let project = Project::new();
    let recorder = project.record_with(&upstream.url(), flags);
    let live = requests.iter().map(|request| recorder.ask(request)).collect();
    let (status, told) = recorder.stop();
    assert!(status.success(), "{told}");
    let player = project.serve(&[&["replay"], flags].concat());
    let replayed = requests.iter().map(|request| player.ask(request)).collect();
    Played { recorded: live, replayed, cassette: project.cassette(), project }
}

/// Waits until the cassette holds `text`: overdub is asked for something of its own, again and again.
fn until_recorded(project: &Project, recorder: &Overdub, text: &str) {
    for _ in 0..3000 {
        if project.cassette().contains(text) {
            return;
        }
        recorder.ask("GET /__overdub/nothing");
    }
    panic!("{text:?} is not recorded: {}", project.cassette());
}
