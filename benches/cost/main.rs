//! What the parts of a request's way cost, each by itself: `cargo bench --bench cost -- NAME`.
//!
//! One binary, since each would link the whole crate. Nothing here touches a socket; `benches/load` does.

#![allow(clippy::expect_used, clippy::panic, reason = "a bench that cannot go on says why and ends")]

mod answer;
mod append;
mod key;
mod parse;
mod script;
#[path = "../support/mod.rs"]
mod support;

use std::pin::pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use http::Method;
use overdub::http::{Body, Request};
use overdub::profile::Profile;

/// What is known about Okta; its patterns take long to compile.
static OKTA: LazyLock<Profile> = LazyLock::new(|| Profile::okta().expect("the profile"));

/// A request as `server` hands it in.
fn request(method: Method, target: &str, body: &str, session: Option<&str>) -> Request {
    let own = http::Request::builder().method(method).uri(target).header("host", "127.0.0.1:8080");
    let own = own.header("accept", "application/json");
    let own = session.iter().fold(own, |own, name| own.header("x-overdub-session", *name));
    let (head, ()) = own.body(()).expect("a request").into_parts();
    let body =
        if body.is_empty() { Body::Empty } else { Body::Whole(Bytes::copy_from_slice(body.as_bytes())) };
    Request::new(head, body, "http", "127.0.0.1:8080".parse().expect("an address"))
}

/// Runs what never waits, without a runtime whose cost would be measured too.
fn at_once<T>(work: impl Future<Output = T>) -> T {
    match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits for something"),
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    targets = key::key, answer::recordings, answer::changing, answer::rendered, script::script, parse::parse,
        append::append, append::redact
}
criterion_main!(benches);
