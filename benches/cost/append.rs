//! From a finished exchange to the cassette on the disk.

use std::path::Path;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput};
use http::Method;
use overdub::cassette::{Existing, Interaction, Writer};
use overdub::http::Origin;
use overdub::redact::{Raw, Redact, Redactor};

use super::OKTA;
use super::support::{ELSEWHERE, factor, header, interaction, path_of};

/// Exchanges of a cassette.
const MANY: usize = 1_000;

/// One exchange of a user of his own, with what must not reach the disk.
fn exchange(number: usize) -> Interaction {
    let answer =
        factor(ELSEWHERE, number, 0).replace("user1@example.test", &format!("user{number}@acme.example"));
    interaction(Method::GET, &path_of(number), "", &answer)
}

fn raw(number: usize) -> Raw {
    Raw { interaction: exchange(number), origin: None, client: None }
}

fn redactor() -> Redactor {
    let upstream = Origin::parse(ELSEWHERE).expect("an origin");
    Redactor::new(Arc::new(OKTA.clone()), Redact::On, Some(upstream))
}

fn writer(path: &Path) -> Writer {
    Writer::create(path, &header(), Existing::Overwrite).expect("a cassette")
}

/// A thousand exchanges into a new cassette.
pub(crate) fn append(criterion: &mut Criterion) {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("bench.yaml");
    let mut group = criterion.benchmark_group("append");
    group.sample_size(10).throughput(Throughput::Elements(MANY as u64));
    let exchanges: Vec<Interaction> = (0..MANY).map(exchange).collect();
    group.bench_function("as they passed", |bencher| {
        let all = |mut writer: Writer| {
            for own in &exchanges {
                writer.append(own).expect("an exchange");
            }
            writer
        };
        bencher.iter_batched(|| writer(&path), all, BatchSize::PerIteration);
    });
    group.bench_function("redacted", |bencher| {
        let ready = || (writer(&path), redactor(), (0..MANY).map(raw).collect::<Vec<Raw>>());
        let all = |(mut writer, mut redactor, exchanges): (Writer, Redactor, Vec<Raw>)| {
            for own in exchanges {
                let own = redactor.redact(own);
                let look =
                    |text: &str| redactor.leak(text.as_bytes()).map_or(Ok(()), |at| Err((at, "a value")));
                writer.append_if(&own, look).expect("an exchange");
            }
            writer
        };
        bencher.iter_batched(ready, all, BatchSize::PerIteration);
    });
    group.finish();
}

/// One exchange: the first of a recording, and one whose values are known by then among many others.
pub(crate) fn redact(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("redact");
    group.bench_function("first exchange", |bencher| {
        let ready = || (redactor(), raw(0));
        bencher.iter_batched(ready, |(mut own, raw)| (own.redact(raw), own), BatchSize::SmallInput);
    });
    group.bench_function("known among 1,000", |bencher| {
        let mut redactor = redactor();
        for number in 0..MANY {
            redactor.redact(raw(number));
        }
        bencher.iter_batched(|| raw(MANY / 2), |raw| redactor.redact(raw), BatchSize::SmallInput);
    });
    group.finish();
}
