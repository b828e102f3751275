//! Instructions per request, counted by callgrind: the same whatever else the machine does.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::generator::Ask;
use super::pace::{Connection, to_f64};
use super::process::{Running, command};
use super::support::path_of;
use super::{Bench, Result, tell};

/// Requests of the two runs whose difference counts: what starting costs is in both.
const FEW: usize = 1_000;
const MANY: usize = 6_000;

/// Recordings of the workloads that are counted.
const COUNTED: [(&str, usize); 4] =
    [("replay-1", 1), ("replay-1k", 1_000), ("replay-10k", 10_000), ("replay-100k", 100_000)];

/// A Markdown table: user instructions per request of both servers, over one connection.
pub(crate) fn table(own: &Bench) -> Result<String> {
    let mut text = "| workload | bare hyper | overdub | × |\n|---|--:|--:|--:|\n".to_owned();
    for (name, recordings) in COUNTED {
        let is_chosen = match &own.args.only {
            // Reading 100,000 recordings under callgrind takes minutes.
            None => recordings <= 10_000,
            Some(only) => only.iter().any(|chosen| chosen == name),
        };
        if !is_chosen {
            continue;
        }
        let cassette = own.distinct(recordings)?;
        let bare = per_request(own, recordings, |valgrind| {
            valgrind.arg(std::env::current_exe()?).args(["serve", "fixed"]);
            Ok(())
        })?;
        let overdub = per_request(own, recordings, |valgrind| {
            valgrind.arg(&own.args.overdub).args(["replay", "-c", &cassette]);
            valgrind.args(["--config", "none", "--listen", "127.0.0.1:0"]);
            Ok(())
        })?;
        tell(format_args!("{name}: {bare:.0} and {overdub:.0} instructions"));
        let _ = writeln!(text, "| {name} | {bare:.0} | {overdub:.0} | {:.2} |", overdub / bare);
    }
    Ok(text)
}

fn per_request(own: &Bench, recordings: usize, program: impl Fn(&mut Command) -> Result<()>) -> Result<f64> {
    let run = |requests| {
        let out = own.dir().join("callgrind.out");
        let mut valgrind = command("valgrind", own.dir());
        valgrind.args(["--tool=callgrind", &format!("--callgrind-out-file={}", out.display())]);
        program(&mut valgrind)?;
        let server = Running::start(&mut valgrind)?;
        let mut connection = Connection::to(server.address())?;
        for number in 0..requests {
            // 7919 is a prime: all recordings come in turn, not in the order in which they lie in memory.
            let (status, _) = connection.ask(&Ask::get(path_of(number * 7919 % recordings)))?;
            if status != 200 {
                return Err(format!("{valgrind:?}: {status}").into());
            }
        }
        drop(connection);
        server.stop()?;
        total(&out)
    };
    Ok((run(MANY)? - run(FEW)?) / to_f64(MANY - FEW))
}

/// The sum that callgrind writes at the end of its file.
fn total(out: &Path) -> Result<f64> {
    let text = fs::read_to_string(out)?;
    let line =
        text.lines().rev().find_map(|line| line.strip_prefix("totals: ").or(line.strip_prefix("summary: ")));
    Ok(line.ok_or("callgrind told no totals")?.trim().parse()?)
}
