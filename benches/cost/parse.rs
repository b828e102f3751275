//! From a cassette's text to values, and from values to what answers.

use std::io;
use std::path::Path;

use bytes::Bytes;
use criterion::{BatchSize, Criterion, Throughput};
use overdub::cassette::format::{LoadBody, SaveBody, read, write_header, write_interaction};
use overdub::replay::{Player, ReplayOptions};

use super::OKTA;
use super::support;

/// No body is large enough to stand beside the cassette.
struct NoSidecars;

impl SaveBody for NoSidecars {
    fn save(&mut self, _: &[u8]) -> io::Result<String> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl LoadBody for NoSidecars {
    fn load(&self, _: &str) -> io::Result<Bytes> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

pub(crate) fn parse(criterion: &mut Criterion) {
    // Unoptimised code only shows that it runs.
    let many = if cfg!(debug_assertions) { 1_000 } else { 10_000 };
    let cassette = support::distinct(many);
    let mut text = String::new();
    write_header(&mut text, &cassette.header);
    for own in &cassette.interactions {
        write_interaction(&mut text, own, &mut NoSidecars).expect("a document");
    }
    let parsed = || {
        read(text.as_bytes(), "bench".to_owned(), Path::new("bench.yaml"), &NoSidecars)
            .expect("a cassette")
            .cassette
    };
    assert_eq!(parsed().interactions.len(), many);
    let mut group = criterion.benchmark_group("parse");
    group.sample_size(10).throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function(format!("{many} interactions"), |bencher| bencher.iter_with_large_drop(parsed));
    group.bench_function(format!("{many} interactions, made ready"), |bencher| {
        let ready = |cassette| Player::new(vec![cassette], &OKTA, &ReplayOptions::default());
        bencher.iter_batched(|| cassette.clone(), ready, BatchSize::PerIteration);
    });
    group.finish();
}
