//! Edits under load.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::support::overdub::Project;
use crate::support::wire::{Client, PATIENCE};

const EDITS: u64 = 200;

/// A scenario that sets two fields to one number.
fn numbered(number: u64) -> String {
    format!(
        "on_request(\"GET /a\", |req, state| {{ state.first = {number}; }});\n\
         on_response(\"GET /a\", |req, res, state| {{ res.json.first = {number}; res.json.second = {number}; }});\n"
    )
}

/// The number that both fields have.
fn number(answer: &crate::support::wire::Message) -> u64 {
    assert_eq!(answer.status(), 200, "{answer:?}");
    let json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(json["first"], json["second"], "of one set");
    json["first"].as_u64().unwrap()
}

#[test]
fn of_two_hundred_edits_under_load_none_fails_a_request_or_is_mixed_or_lost() {
    let project = Project::new();
    project.tape("recordings/a.yaml", &[r#"GET /a => 200 {"first":0,"second":0,"list":[1,2,3]}"#]);
    project.write("scenarios/n.rhai", numbered(0));
    let player = project.serve(&["replay", "--scenario", "n"]);
    let (is_over, count) = (AtomicBool::new(false), AtomicU64::new(0));
    let mut took: Vec<Duration> = Vec::new();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let (mut client, mut last) = (Client::to(player.address), 0);
                while !is_over.load(Ordering::Relaxed) {
                    let now = number(&client.ask("GET /a"));
                    assert!(now >= last, "{now} after {last}");
                    last = now;
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let mut client = Client::to(player.address);
        for edit in 1..=EDITS {
            if edit % 3 == 0 {
                project.write("scenarios/n.rhai", "on_response(\"GET /a\", |req, res| {");
            }
            project.write("scenarios/n.rhai", numbered(edit));
            let began = tokio::time::Instant::now();
            while number(&client.ask("GET /a")) != edit {
                assert!(began.elapsed() < PATIENCE, "edit {edit} is lost");
            }
            took.push(began.elapsed());
        }
        is_over.store(true, Ordering::Relaxed);
    });
    took.sort_unstable();
    let requests = count.load(Ordering::Relaxed);
    println!(
        "{requests} requests beside; from write() to effect: median {:?}, 95 % {:?}, longest {:?}",
        took[took.len() / 2],
        took[took.len() * 95 / 100],
        took[took.len() - 1]
    );
    assert!(requests > EDITS);
}
