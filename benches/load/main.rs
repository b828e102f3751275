//! overdub against hyper with nothing on it: `cargo bench --bench load` prints one Markdown table.
//!
//! `servers` are what it is compared with, of the same crate and profile, each a process of its own (`process`);
//! `workloads` say who answers what, and what is asked of overdub; `generator` and `pace` ask; `measure` has the contenders
//! take turns; `table` is what comes of it; `instructions` counts under callgrind. See docs/performance.md.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program that prints a table")]

mod generator;
mod instructions;
mod measure;
mod pace;
mod process;
mod servers;
#[path = "../support/mod.rs"]
mod support;
mod table;
mod workloads;

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

use generator::{is_installed, write};
use workloads::{Kind, WORKLOADS, Workload};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Measures overdub against a bare hyper server, and prints one Markdown table.
#[derive(Debug, Parser)]
#[allow(clippy::struct_excessive_bools, reason = "flags of a command line")]
struct Args {
    /// Only these workloads; several with commas.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Option<Vec<String>>,
    /// How often each contender has its turn; figures are medians.
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: usize,
    /// How long a turn is, in seconds.
    #[arg(long, value_name = "N", default_value_t = 5)]
    secs: u64,
    /// Connections at once.
    #[arg(long, value_name = "N", default_value_t = 32)]
    conns: usize,
    /// Requests of the workload `memory`.
    #[arg(long, value_name = "N", default_value_t = 1e6)]
    requests: f64,
    /// The binary to measure.
    #[arg(long, value_name = "PATH", default_value = env!("CARGO_BIN_EXE_overdub"))]
    overdub: PathBuf,
    /// Write the table to this file too.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Name the workloads and end.
    #[arg(long)]
    list: bool,
    /// One round of one second, to see that it runs.
    #[arg(long)]
    quick: bool,
    /// Count instructions under callgrind instead.
    #[arg(long)]
    instructions: bool,
    /// Only look whether the answers are right, as `cargo test --benches` does.
    #[arg(long)]
    test: bool,
    /// What `cargo bench` says to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

/// One run of this program.
struct Bench {
    args: Args,
    dir: tempfile::TempDir,
}

impl Bench {
    /// Where cassettes and all that servers write is kept, until the end.
    fn dir(&self) -> &Path {
        self.dir.path()
    }

    fn is_chosen(&self, workload: &Workload) -> bool {
        self.args.only.as_ref().is_none_or(|only| only.iter().any(|name| name == workload.name))
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    if std::env::args().nth(1).is_some_and(|first| first == "serve") {
        return servers::serve(servers::Serve::parse_from(std::env::args().skip(1)));
    }
    let mut args = Args::parse();
    if args.list {
        for Workload { name, what, .. } in &WORKLOADS {
            println!("{name:12} {what}");
        }
        return Ok(());
    }
    if let Some(unknown) =
        args.only.iter().flatten().find(|name| WORKLOADS.iter().all(|own| own.name != **name))
    {
        return Err(format!("--only: there is no workload {unknown}; `--list` names them").into());
    }
    if args.quick {
        (args.rounds, args.secs, args.requests) = (1, 1, 1.0);
    }
    args.overdub = std::path::absolute(&args.overdub)?;
    let own = Bench { args, dir: tempfile::tempdir()? };
    if own.args.test || !own.args.bench {
        return look(&own);
    }
    if own.args.instructions { publish(&own, &instructions::table(&own)?) } else { tabulate(&own) }
}

/// Looks at the answers of what is quickly started.
fn look(own: &Bench) -> Result<()> {
    let is_large = |name: &str| matches!(name, "replay-10k" | "replay-100k");
    for workload in WORKLOADS.iter().filter(|one| own.is_chosen(one) && !is_large(one.name)) {
        let needs_curl = workload.name.starts_with("tls");
        if needs_curl && !is_installed("curl") {
            tell(format_args!("{}: left out, curl is not installed", workload.name));
            continue;
        }
        measure::look(own, workload).map_err(|error| format!("{}: {error}", workload.name))?;
    }
    println!("all answers are right");
    Ok(())
}

/// Prints the table of all chosen workloads, and below it which are not in it and why.
fn tabulate(own: &Bench) -> Result<()> {
    let (mut rows, mut left_out, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for workload in WORKLOADS.iter().filter(|workload| own.is_chosen(workload)) {
        if let Some(program) = programs(workload).iter().find(|program| !is_installed(program)) {
            left_out.push(format!("\n{}: left out, {program} is not installed\n", workload.name));
            continue;
        }
        match measure::measure(own, workload) {
            Ok(own) => rows.extend(own),
            Err(error) => failed.push(format!("{}: {error}", workload.name)),
        }
    }
    publish(own, &[table::markdown(&rows), left_out.concat()].concat())?;
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n").into()) }
}

/// Prints a table, and writes it to the file that was asked for.
fn publish(own: &Bench, text: &str) -> Result<()> {
    print!("{text}");
    own.args.out.as_ref().map_or(Ok(()), |path| write(path, text))
}

/// What a workload is measured with.
fn programs(workload: &Workload) -> &'static [&'static str] {
    match (&workload.kind, workload.name) {
        (Kind::Start(_), _) => &[],
        (_, "tls-http1") => &["wrk", "curl"],
        (_, "tls-http2") => &["h2load", "curl"],
        _ => &["wrk"],
    }
}

/// Says what goes on, apart from the table.
fn tell(what: fmt::Arguments<'_>) {
    eprintln!("{what}");
}
