//! From a request to the recorded answer that is due, made ready to send.

use std::cell::Cell;

use criterion::{BatchSize, Criterion};
use http::Method;
use overdub::cassette::Cassette;
use overdub::http::{Body, Reply, Request};
use overdub::replay::{Player, ReplayOptions};

use super::support::{self, UPSTREAM, factor, path_of};
use super::{OKTA, at_once, request};

fn player(cassette: Cassette) -> Player {
    Player::new(vec![cassette], &OKTA, &ReplayOptions::default())
}

fn answer(player: &Player, request: Request) -> Reply {
    at_once(player.answer(request)).expect("a recording")
}

/// The same request again and again, by `many` recordings.
pub(crate) fn recordings(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("match");
    // Unoptimised code only shows that it runs.
    let counts: &[usize] = if cfg!(debug_assertions) { &[1, 1_000] } else { &[1, 1_000, 10_000, 100_000] };
    for &many in counts {
        let player = player(support::distinct(many));
        // Not in the order in which they lie in memory.
        let next = Cell::new(0);
        let ask = || {
            next.set((next.get() + 7919) % many);
            request(Method::GET, &path_of(next.get()), "", None)
        };
        group.bench_function(format!("{many} recordings"), |bencher| {
            bencher.iter_batched(ask, |request| answer(&player, request), BatchSize::SmallInput);
        });
    }
    group.finish();
}

/// One request whose answers change: by polling, and by writes between the reads.
pub(crate) fn changing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("changing");
    for (name, cassette, writes) in
        [("polled", support::polled(), false), ("epochs", support::epochs(), true)]
    {
        let player = player(cassette);
        for sessions in [1, 1_000] {
            let names: Vec<String> = (0..sessions).map(|number| format!("session-{number}")).collect();
            let next = Cell::new(0);
            let ask = || {
                let number = next.replace(next.get() + 1);
                let session = Some(names[number % sessions].as_str());
                if writes && (number / sessions).is_multiple_of(3) {
                    request(Method::POST, &support::write_path(), r#"{"passCode":"123456"}"#, session)
                } else {
                    request(Method::GET, &path_of(0), "", session)
                }
            };
            group.bench_function(format!("{name}, {sessions} sessions"), |bencher| {
                bencher.iter_batched(ask, |request| answer(&player, request), BatchSize::SmallInput);
            });
        }
    }
    group.finish();
}

/// An answer with links and stand-ins, for a client that sent values of its own.
pub(crate) fn rendered(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("render");
    for (name, body) in [("1.5 KB", factor(UPSTREAM, 0, 0)), ("100 KB", long_list(UPSTREAM))] {
        let player = player(support::signed_up(&body));
        let sign_up = support::sign_up("somebody@client.example");
        answer(&player, request(Method::POST, "/api/v1/users", &sign_up, None));
        let ask = || request(Method::GET, &path_of(0), "", None);
        assert_rendered(&answer(&player, ask()));
        group.bench_function(name, |bencher| {
            bencher.iter_batched(ask, |request| answer(&player, request), BatchSize::SmallInput);
        });
    }
    group.finish();
}

/// A list of factors as JSON, of some 100 KB.
fn long_list(origin: &str) -> String {
    let factors: Vec<String> = (0..66).map(|number| factor(origin, number, 0)).collect();
    format!("[{}]", factors.join(","))
}

fn assert_rendered(reply: &Reply) {
    let Body::Whole(bytes) = reply.body() else { panic!("a body at hand") };
    let text = String::from_utf8_lossy(bytes);
    assert!(text.contains("somebody@client.example") && text.contains("http://127.0.0.1:8080/api"), "{text}");
    assert!(!text.contains(UPSTREAM) && !text.contains(support::EMAIL), "{text}");
}
