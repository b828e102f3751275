//! Scripts that take long, and those who do not wait for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use overdub::Proxy;
use overdub::clock::Clock;
use overdub::profile::Profile;
use overdub::proxy::{OnScriptError, ScenarioOptions, Scenarios};
use overdub::replay::{Player, ReplayOptions};
use overdub::scenario::{Library, Source};
use overdub::server::Handler as _;

use crate::support::tape::{cassette, request};

/// Plays a script in a replay of `GET /other`, without a listener.
fn proxy(script: &str) -> Arc<Proxy> {
    let (name, path, text) = ("own".to_owned(), "own.rhai".to_owned(), script.to_owned());
    let library = Library::new([Source { name, path, text, shipped: false }], &[]);
    let profile = Arc::new(Profile::okta().unwrap());
    let tape = cassette("a", &["GET /other => 200 1"]);
    let player = Player::new(vec![tape], &profile, &ReplayOptions::default());
    let on_error = OnScriptError::Fail;
    let options = ScenarioOptions { seed: 0, on_error, clock: None, wall: Clock::Wall, profile };
    let scenarios = Scenarios::load(Arc::new(library), &["own".to_owned()], &[], options).unwrap();
    Arc::new(Proxy::replay(Arc::new(player)).with_scenarios(scenarios))
}

#[test]
fn requests_that_wait_for_a_script_hold_no_thread_that_others_need() {
    const MANY: usize = 24;
    let proxy = proxy(
        r#"on_request("GET /slow", |req| { let sum = 0; for n in 0..20_000 { sum += n; } respond(204) });"#,
    );
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(4)
        .build()
        .unwrap();
    runtime.block_on(async {
        // Only what has taken long once is known to do so.
        assert_eq!(proxy.handle(Box::new(request("GET /slow", &[]))).await.status(), 204);
        let ended = Arc::new(AtomicUsize::new(0));
        let slow = (0..MANY).map(|_| {
            let (proxy, ended) = (Arc::clone(&proxy), Arc::clone(&ended));
            tokio::spawn(async move {
                proxy.handle(Box::new(request("GET /slow", &[]))).await;
                ended.fetch_add(1, Ordering::SeqCst);
            })
        });
        let slow: Vec<_> = slow.collect();
        let other =
            tokio::spawn(async move { proxy.handle(Box::new(request("GET /other", &[]))).await.status() });
        assert_eq!(other.await.unwrap(), 200);
        let before = ended.load(Ordering::SeqCst);
        assert!(before < MANY / 2, "it waited for {before}");
        for one in slow {
            one.await.unwrap();
        }
    });
}
