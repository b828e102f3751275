//! Answers that are held back as long as they took.

use std::time::Duration;

use overdub::cassette::Cassette;
use overdub::clock::Stopwatch;
use overdub::replay::{Latency, ReplayOptions};

use crate::support::overdub::Project;
use crate::support::tape::{Client, cassette};
use crate::support::wire::{self, request};

/// A cassette whose answers took 100 ms, 200 ms and so on; the last one tells nothing.
fn slow() -> Cassette {
    let mut cassette =
        cassette("slow", &["GET /a => 200", "POST /b => 200 1", "POST /b => 200 2", "GET /c => 200"]);
    for (index, interaction) in (1..4).zip(&mut cassette.interactions) {
        interaction.took = Some(Duration::from_millis(index * 100));
    }
    cassette
}

fn client(scale: f64) -> Client {
    let latency = Latency::of(scale).unwrap();
    Client::with(vec![slow()], &ReplayOptions { latency, ..ReplayOptions::default() })
}

#[test]
fn an_answer_waits_as_long_as_it_took_times_the_scale() {
    for (scale, due) in [(0.0, [0, 0, 0]), (1.0, [100, 200, 0]), (0.5, [50, 100, 0]), (3.0, [300, 600, 0])] {
        let client = client(scale);
        let waited = ["GET /a", "POST /b", "GET /c"].map(|line| client.wait_for(line).as_millis());
        // A timer of tokio's goes off at most a millisecond late.
        assert!(
            waited.iter().zip(due).all(|(own, due)| (due..=due + 1).contains(own)),
            "{scale}: {waited:?}"
        );
    }
}

#[test]
fn a_write_whose_client_left_while_it_was_held_back_is_answered_again() {
    let client = client(1.0);
    assert!(!client.ask_and_leave_after("POST /b", Duration::from_millis(150)));
    assert_eq!(client.ask("POST /b"), "200 1");
    assert_eq!(client.ask("POST /b"), "200 2");
}

#[test]
fn an_answer_that_is_held_back_does_not_hold_back_others_nor_the_end() {
    let project = Project::new();
    let text = |path: &str, took: &str| {
        format!("---\ntook: {took}\nrequest: {{method: GET, url: {path}}}\nresponse: {{status: 200}}\n...\n")
    };
    let tape = [text("/long", "3600000ms"), text("/short", "1ms")].concat();
    project.write("recordings/a.yaml", format!("overdub: 1\nupstream: https://a.test\n...\n{tape}"));
    let player = project.serve(&["replay", "--latency", "recorded"]);
    let mut held = wire::Client::to(player.address);
    held.send(request("GET /long"));
    let watch = Stopwatch::start();
    assert_eq!(player.ask("GET /short").status(), 200);
    assert!(watch.elapsed() >= Duration::from_millis(1));
    let (status, told) = player.stop();
    assert_eq!(status.code(), Some(0), "{told}");
    assert_eq!(held.rest(), "", "cut off");
}

#[test]
fn what_is_no_latency_is_refused() {
    let project = Project::new();
    for text in ["-1", "NaN", "inf", "fast", ""] {
        let told = project.fails(&["replay", &format!("--latency={text}")]);
        assert!(told.contains("write none, recorded, or a number of 0 or more, as 0.5 or 2"), "{told}");
    }
}
