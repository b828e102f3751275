//! The one table that comes out of it.

use std::fmt::Write as _;

/// What is asked of overdub, against the contender that is named first.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    /// At least so many requests, as a share of the first contender's; at most so much CPU time for each.
    Rate { least: f64, most_cpu: Option<f64> },
    /// 99 of 100 requests take at most so many milliseconds longer.
    Added { p99: f64 },
    /// Ready in so many seconds; with at most so many times the memory of the bodies.
    Ready { secs: f64, most_memory: Option<f64> },
    /// So many MB more at the end than after a tenth of the requests.
    Flat { megabytes: f64 },
}

/// One contender's figures.
#[derive(Debug, Default)]
pub(crate) struct Row {
    pub(crate) workload: String,
    pub(crate) contender: String,
    /// Requests per second.
    pub(crate) rate: Option<f64>,
    /// That as a share of the first contender's.
    pub(crate) ratio: Option<f64>,
    /// Microseconds of CPU time per request.
    pub(crate) cpu: Option<f64>,
    pub(crate) cpu_ratio: Option<f64>,
    /// Milliseconds.
    pub(crate) p50: Option<f64>,
    pub(crate) p99: Option<f64>,
    /// MB.
    pub(crate) peak: f64,
    pub(crate) failed: f64,
    /// What is asked of this row, and whether it holds.
    pub(crate) target: Option<(Target, Verdict)>,
}

/// Whether a target is met, and by which figure if that stands in no column.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) is_met: bool,
    pub(crate) figure: String,
}

impl Target {
    /// As a cell of the table.
    fn told(self) -> String {
        match self {
            Self::Rate { least, most_cpu: None } => format!("≥ {least:.2}"),
            Self::Rate { least, most_cpu: Some(most) } => format!("≥ {least:.2}, CPU ≤ {most:.2} ×"),
            Self::Added { p99 } => format!("p99 ≤ {p99:.0} ms more"),
            Self::Ready { secs, most_memory: None } => format!("ready in {secs} s"),
            Self::Ready { secs, most_memory: Some(most) } => {
                format!("ready in {secs} s, memory ≤ {most} × bodies")
            }
            Self::Flat { megabytes } => format!("≤ {megabytes:.0} MB more at the end"),
        }
    }
}

const HEAD: &str = "\
| workload | contender | req/s | ratio | CPU µs/req | × CPU | p50 ms | p99 ms | peak MB | failed | target | met |
|---|---|--:|--:|--:|--:|--:|--:|--:|--:|---|---|
";

/// The rows as a Markdown table.
pub(crate) fn markdown(rows: &[Row]) -> String {
    let mut text = HEAD.to_owned();
    for row in rows {
        let (target, met) = row.target.as_ref().map_or_else(Default::default, |(target, verdict)| {
            let met = if verdict.is_met { "yes" } else { "**no**" };
            (target.told(), [met, &verdict.figure].join(" ").trim_end().to_owned())
        });
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {:.0} | {:.0} | {target} | {met} |",
            row.workload,
            row.contender,
            row.rate.map(|rate| format!("{rate:.0}")).unwrap_or_default(),
            fraction(row.ratio),
            short(row.cpu),
            fraction(row.cpu_ratio),
            short(row.p50),
            short(row.p99),
            row.peak,
            row.failed,
        );
    }
    text
}

fn fraction(value: Option<f64>) -> String {
    value.map(|value| format!("{value:.2}")).unwrap_or_default()
}

/// Three digits that count.
fn short(value: Option<f64>) -> String {
    let Some(value) = value else { return String::new() };
    let digits = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.digits$}")
}
