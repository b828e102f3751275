//! Rounds in which the contenders take turns, and what comes of them.

use super::generator::{Ask, Measured, Traffic};
use super::pace::{self, to_f64};
use super::process::Running;
use super::support::SIZE;
use super::table::{Row, Target, Verdict};
use super::workloads::{Contender, Kind, Plan, Workload};
use super::{Bench, Result, tell};

/// One contender in one round.
#[derive(Debug, Clone, Copy)]
struct Round {
    measured: Measured,
    /// Microseconds of CPU time per request.
    cpu: f64,
}

/// How many different requests are looked at before anything is measured.
const LOOKED_AT: usize = 10;

/// The rows of a workload.
pub(crate) fn measure(own: &Bench, workload: &Workload) -> Result<Vec<Row>> {
    match workload.kind {
        Kind::Limit(plan) => at_limit(own, workload, plan(own)?),
        Kind::Half(plan) => at_half(own, workload, plan(own)?),
        Kind::Start(many) => starts(own, workload, many),
        Kind::Memory(plan) => memory(own, workload, plan(own)?),
    }
}

/// Only looks whether the answers are right.
pub(crate) fn look(own: &Bench, workload: &Workload) -> Result<()> {
    let (Kind::Limit(plan) | Kind::Half(plan) | Kind::Memory(plan)) = workload.kind else { return Ok(()) };
    let Plan { contenders, traffic, _upstream } = plan(own)?;
    contenders.iter().try_for_each(|contender| check(contender, &traffic))
}

/// Holds some answers against what they are to be.
fn check(contender: &Contender, traffic: &Traffic) -> Result<()> {
    let url = &contender.server.url;
    if let Some(first) = &contender.first {
        first.send(url, traffic.over_http2)?;
    }
    let step = traffic.asks.len().div_ceil(LOOKED_AT);
    for ask in traffic.asks.iter().step_by(step).chain(traffic.asks.last()) {
        let (status, body) = ask.send(url, traffic.over_http2)?;
        if let Some(missing) = contender.holds.iter().find(|text| !body.contains(*text)) {
            let Ask { method, path, .. } = ask;
            return Err(
                format!("{}: {method} {path}: {status}, no {missing} in {body}", contender.name).into()
            );
        }
        if status != 200 {
            return Err(format!("{}: {} {}: {status}", contender.name, ask.method, ask.path).into());
        }
    }
    Ok(())
}

fn at_limit(own: &Bench, workload: &Workload, plan: Plan) -> Result<Vec<Row>> {
    let Plan { contenders, traffic, _upstream } = plan;
    let (secs, conns) = (own.args.secs, own.args.conns);
    contenders.iter().try_for_each(|contender| check(contender, &traffic))?;
    for contender in &contenders {
        traffic.run(&contender.server.url, secs.min(2), conns, own.dir(), "warm")?;
    }
    let run =
        |contender: &Contender, tag: &str| traffic.run(&contender.server.url, secs, conns, own.dir(), tag);
    let rounds = in_turns(own, workload, &contenders, run)?;
    Ok(rows(workload, &contenders, &rounds))
}

/// Has the contenders take turns; the rounds of each.
fn in_turns(
    own: &Bench,
    workload: &Workload,
    contenders: &[Contender],
    run: impl Fn(&Contender, &str) -> Result<Measured>,
) -> Result<Vec<Vec<Round>>> {
    let mut rounds = vec![Vec::new(); contenders.len()];
    for number in 0..own.args.rounds {
        for (contender, rounds) in contenders.iter().zip(&mut rounds) {
            let before = contender.server.cpu();
            let measured = run(contender, &format!("round{number}"))?;
            let cpu = (contender.server.cpu() - before) * 1e6 / measured.requests.max(1.0);
            tell(format_args!("{} {}: {:.0}/s, {cpu:.2} µs", workload.name, contender.name, measured.rate));
            rounds.push(Round { measured, cpu });
        }
    }
    Ok(rounds)
}

/// The medians, held against the first contender's.
fn rows(workload: &Workload, contenders: &[Contender], rounds: &[Vec<Round>]) -> Vec<Row> {
    let mut rows: Vec<Row> = contenders
        .iter()
        .zip(rounds)
        .map(|(contender, rounds)| Row {
            workload: workload.name.to_owned(),
            contender: contender.name.to_owned(),
            rate: median(rounds.iter().map(|round| round.measured.rate)),
            cpu: median(rounds.iter().map(|round| round.cpu)),
            p50: median(rounds.iter().filter_map(|round| round.measured.p50)),
            p99: median(rounds.iter().filter_map(|round| round.measured.p99)),
            peak: contender.server.peak(),
            failed: rounds.iter().map(|round| round.measured.failed).sum(),
            ..Row::default()
        })
        .collect();
    let first = rows.first().map(|row| (row.rate, row.cpu, row.p99)).unwrap_or_default();
    for row in &mut rows {
        row.ratio = row.rate.zip(first.0).map(|(own, first)| own / first);
        row.cpu_ratio = row.cpu.zip(first.1).map(|(own, first)| own / first);
    }
    if let Some(row) = rows.last_mut() {
        row.target = Some((workload.target, verdict(workload.target, row, first.2)));
    }
    rows
}

/// Whether a row does what is asked of it. Failed requests fail it, whatever else it does.
fn verdict(target: Target, row: &Row, p99: Option<f64>) -> Verdict {
    let (holds, figure) = match target {
        Target::Rate { least, most_cpu } => {
            let is_lean = most_cpu.is_none_or(|most| row.cpu_ratio.is_some_and(|own| own <= most));
            (is_lean && row.ratio.is_some_and(|own| own >= least), String::new())
        }
        Target::Added { p99: most } => {
            let added = row.p99.zip(p99).map(|(own, first)| own - first);
            (
                added.is_some_and(|added| added <= most),
                added.map(|ms| format!("{ms:+.2} ms")).unwrap_or_default(),
            )
        }
        Target::Ready { .. } | Target::Flat { .. } => (false, String::new()),
    };
    Verdict { is_met: holds && row.failed == 0.0, figure }
}

fn at_half(own: &Bench, workload: &Workload, plan: Plan) -> Result<Vec<Row>> {
    let Plan { contenders, traffic, _upstream } = plan;
    contenders.iter().try_for_each(|contender| check(contender, &traffic))?;
    let mut limit = 0.0;
    for contender in &contenders {
        limit = traffic.run(&contender.server.url, own.args.secs, own.args.conns, own.dir(), "limit")?.rate;
    }
    let path = traffic.asks.first().map(|ask| ask.path.clone()).unwrap_or_default();
    let run = |contender: &Contender, tag: &str| {
        pace::run(contender.server.address(), &path, tag, limit / 2.0, own.args.secs, own.args.conns)
    };
    let rounds = in_turns(own, workload, &contenders, run)?;
    let mut rows = rows(workload, &contenders, &rounds);
    // The rate is given.
    for row in &mut rows {
        row.ratio = None;
    }
    Ok(rows)
}

fn starts(own: &Bench, workload: &Workload, many: usize) -> Result<Vec<Row>> {
    let cassette = own.distinct(many)?;
    let (mut ready, mut peaks) = (Vec::new(), Vec::new());
    for _ in 0..own.args.rounds {
        let server = Running::start(&mut own.overdub_command(&["replay", "-c", &cassette]))?;
        tell(format_args!("{}: {:.2} s, {:.0} MB", workload.name, server.ready.as_secs_f64(), server.peak()));
        ready.push(server.ready.as_secs_f64());
        peaks.push(server.peak());
        server.stop()?;
    }
    let (ready, peak) = (median(ready).unwrap_or_default(), median(peaks).unwrap_or_default());
    let bodies = to_f64(many * SIZE) / 1024.0 / 1024.0;
    let is_met = match workload.target {
        Target::Ready { secs, most_memory } => {
            ready <= secs && most_memory.is_none_or(|most| peak <= most * bodies)
        }
        _ => false,
    };
    let figure = format!("{ready:.2} s, {:.1} × {bodies:.0} MB", peak / bodies);
    let target = Some((workload.target, Verdict { is_met, figure }));
    let row = Row {
        workload: workload.name.to_owned(),
        contender: "overdub".to_owned(),
        peak,
        target,
        ..Row::default()
    };
    Ok(vec![row])
}

fn memory(own: &Bench, workload: &Workload, plan: Plan) -> Result<Vec<Row>> {
    let Plan { contenders, traffic, _upstream } = plan;
    let Some(contender) = contenders.first() else { return Ok(Vec::new()) };
    check(contender, &traffic)?;
    let (mut asked, mut failed, mut early) = (0.0, 0.0, None);
    while asked < own.args.requests {
        let one = traffic.run(&contender.server.url, own.args.secs, own.args.conns, own.dir(), "")?;
        asked += one.requests;
        failed += one.failed;
        let now = contender.server.resident();
        tell(format_args!("{}: {now:.1} MB after {asked:.0} requests", workload.name));
        if early.is_none() && asked >= own.args.requests / 10.0 {
            early = Some((asked, now));
        }
    }
    let (from, early) = early.unwrap_or_default();
    let more = contender.server.resident() - early;
    let Target::Flat { megabytes } = workload.target else { return Ok(Vec::new()) };
    let verdict = Verdict {
        is_met: more <= megabytes && failed == 0.0,
        figure: format!("{more:+.1} MB from {from:.0} to {asked:.0} requests"),
    };
    let row = Row {
        workload: workload.name.to_owned(),
        contender: contender.name.to_owned(),
        peak: contender.server.peak(),
        failed,
        target: Some((workload.target, verdict)),
        ..Row::default()
    };
    Ok(vec![row])
}

fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let lower = *values.get(values.len().saturating_sub(1) / 2)?;
    Some(f64::midpoint(lower, upper))
}
