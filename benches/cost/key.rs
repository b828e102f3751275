//! From a request to the key by which its recording is found.

use std::hint::black_box;

use criterion::Criterion;
use http::Method;
use overdub::matching::Matcher;

use super::OKTA;
use super::support::{ELSEWHERE, factor, interaction, path_of};

pub(crate) fn key(criterion: &mut Criterion) {
    let matcher = Matcher::new(OKTA.volatile.clone(), OKTA.sensitive.clone());
    let query = format!("{}?after=00u000041&limit=200&filter=status+eq+%22ACTIVE%22", path_of(1));
    let asked = [
        ("get", interaction(Method::GET, &path_of(1), "", "")),
        ("query", interaction(Method::GET, &query, "", "")),
        ("post 1.5 KB JSON", interaction(Method::POST, &path_of(1), &factor(ELSEWHERE, 1, 0), "")),
    ];
    let mut group = criterion.benchmark_group("key");
    for (name, asked) in asked {
        group.bench_function(name, |bencher| {
            bencher.iter(|| matcher.recorded_key(black_box(&asked.request)));
        });
    }
    group.finish();
}
