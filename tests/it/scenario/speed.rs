//! What scenarios cost, measured: `cargo test --release --test it scenario::speed -- --ignored --nocapture`.

#![allow(clippy::print_stdout, reason = "a measurement is read")]

use std::hint::black_box;
use std::sync::Arc;

use http::Method;
use overdub::clock::Stopwatch;
use overdub::scenario::{Parsed, Response};

use super::{FACTOR, FACTOR_PATH, Stage, recorded, request};

fn nanos(label: &str, times: u32, mut work: impl FnMut()) {
    let mut best = u128::MAX;
    for _ in 0..7 {
        let watch = Stopwatch::start();
        for _ in 0..times {
            work();
        }
        best = best.min(watch.elapsed().as_nanos() / u128::from(times));
    }
    println!("{label}: {best} ns");
}

#[test]
#[ignore = "a measurement, not a test"]
fn what_a_call_costs() {
    let script = r#"
        on_response("GET /api/v1/users/{user}/factors/{factor}", |req, res, state| {
            res.status = 202;
            res.json.status = "EXPIRED";
        });
        on_request("POST /api/v1/users/{user}/factors/{factor}/verify", |req, state| {
            if chance(0.1) { return okta_error("E0000047"); }
        });
    "#;
    let stage = Stage::of(script);
    let pad = format!(r#""pad":"{}","_links""#, "x".repeat(1000));
    let body = FACTOR.replace(r#""_links""#, &pad);
    let response = recorded(&body);
    let get = request("GET", FACTOR_PATH, "");
    println!("{} bytes", body.len());
    nanos("status and one field, cached parse", 20_000, || {
        black_box(stage.after(&get, black_box(&response)).unwrap());
    });
    nanos("status and one field, parsed each time", 20_000, || {
        let fresh = Response { json: None, ..response.clone() };
        black_box(stage.after(&get, &fresh).unwrap());
    });
    nanos("the same, request made each time", 20_000, || {
        let get = request("GET", FACTOR_PATH, "");
        black_box(stage.after(&get, &response).unwrap());
    });
    nanos("reading the body", 20_000, || {
        black_box(Parsed::new(black_box(body.as_str())).map(Arc::new).unwrap());
    });
    let others =
        ["/api/v1/users/00u1/factors", "/api/v1/groups/00g1/users", "/api/v1/users/00u1/factors/opf1/x"];
    for path in others {
        nanos(&format!("another route, {path}"), 200_000, || {
            black_box(stage.set.matches(black_box(&Method::GET), black_box(path)).is_none());
        });
    }
}
