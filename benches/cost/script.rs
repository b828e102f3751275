//! What a scenario costs: the requests that its handlers are for, and the others.

use std::sync::Arc;

use criterion::{BatchSize, Criterion};
use http::{Method, StatusCode};
use overdub::Proxy;
use overdub::clock::Clock;
use overdub::http::Body;
use overdub::proxy::{OnScriptError, ScenarioOptions, Scenarios};
use overdub::replay::{Player, ReplayOptions};
use overdub::scenario::{Library, Source};
use overdub::server::Handler as _;

use super::support::{self, SCENARIO, path_of};
use super::{OKTA, at_once, request};

/// A path that no handler is for.
const OTHER: &str = "/api/v1/groups/00g1";

fn proxy(with_scenario: bool) -> Proxy {
    let mut cassette = support::distinct(1);
    let other = support::factor(support::ELSEWHERE, 2, 0);
    cassette.interactions.push(support::interaction(Method::GET, OTHER, "", &other));
    let proxy = Proxy::replay(Arc::new(Player::new(vec![cassette], &OKTA, &ReplayOptions::default())));
    if !with_scenario {
        return proxy;
    }
    let source = Source {
        name: "expired".to_owned(),
        path: "scenarios/expired.rhai".to_owned(),
        text: SCENARIO.to_owned(),
        shipped: false,
    };
    let options = ScenarioOptions {
        seed: 0,
        on_error: OnScriptError::Fail,
        clock: None,
        wall: Clock::Wall,
        profile: Arc::new(OKTA.clone()),
    };
    let library = Arc::new(Library::new([source], &[]));
    let scenarios = Scenarios::load(library, &["expired".to_owned()], &[], options).expect("a scenario");
    proxy.with_scenarios(scenarios)
}

pub(crate) fn script(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("script");
    let cases = [
        ("status and a field of 1.5 KB", true, path_of(0), "EXPIRED"),
        ("a route without handlers", true, OTHER.to_owned(), "ACTIVE"),
        ("no scenario", false, path_of(0), "ACTIVE"),
    ];
    for (name, with_scenario, path, status) in cases {
        let proxy = proxy(with_scenario);
        let ask = || Box::new(request(Method::GET, &path, "", None));
        let reply = at_once(proxy.handle(ask()));
        let Body::Whole(bytes) = reply.body() else { panic!("a body at hand") };
        let text = String::from_utf8_lossy(bytes);
        assert!(reply.status() == StatusCode::OK && text.contains(status), "{text}");
        group.bench_function(name, |bencher| {
            bencher.iter_batched(ask, |request| at_once(proxy.handle(request)), BatchSize::SmallInput);
        });
    }
    group.finish();
}
