//! Whoever asks: wrk over HTTP/1.1, h2load over HTTP/2, curl for a look at one answer.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::Result;
use super::pace;

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    /// The session that it names, or nothing.
    pub(crate) session: String,
    /// A JSON body, or nothing.
    pub(crate) body: String,
}

/// What clients ask for, in no order.
#[derive(Debug)]
pub(crate) struct Traffic {
    pub(crate) asks: Vec<Ask>,
    /// Whether no path comes twice: it is that of the only request, with a number behind it.
    pub(crate) is_unique: bool,
    pub(crate) over_http2: bool,
}

/// What one run came to.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Measured {
    pub(crate) requests: f64,
    /// Requests per second.
    pub(crate) rate: f64,
    /// Milliseconds that half of the requests took at most.
    pub(crate) p50: Option<f64>,
    /// Milliseconds that 99 of 100 took at most.
    pub(crate) p99: Option<f64>,
    /// Requests without an answer, or with another status than 2xx.
    pub(crate) failed: f64,
}

impl Ask {
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self { method: "GET", path: path.into(), session: String::new(), body: String::new() }
    }

    pub(crate) fn post(path: impl Into<String>, body: impl Into<String>) -> Self {
        Self { method: "POST", body: body.into(), ..Self::get(path) }
    }

    pub(crate) fn in_session(self, name: String) -> Self {
        Self { session: name, ..self }
    }

    /// The answer's status and body.
    pub(crate) fn send(&self, url: &str, over_http2: bool) -> Result<(u16, String)> {
        if let Some(address) = url.strip_prefix("http://") {
            return pace::ask(address, self);
        }
        // The certificate is one that nobody signed, or the CA of this run.
        let mut curl = Command::new("curl");
        curl.args(["-s", "-k", "-w", "\n%{http_code}", if over_http2 { "--http2" } else { "--http1.1" }]);
        let output = curl.arg(format!("{url}{}", self.path)).output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (body, status) = text.rsplit_once('\n').unwrap_or_default();
        Ok((status.parse()?, body.to_owned()))
    }
}

impl Traffic {
    pub(crate) fn of(asks: Vec<Ask>) -> Self {
        Self { asks, is_unique: false, over_http2: false }
    }

    /// Asks `url` for some seconds over some connections. `tag` makes paths unique that are to be.
    pub(crate) fn run(&self, url: &str, secs: u64, conns: usize, dir: &Path, tag: &str) -> Result<Measured> {
        if self.over_http2 {
            self.h2load(url, secs, conns, dir)
        } else {
            self.wrk(url, secs, conns, dir, tag)
        }
    }

    fn first(&self) -> Result<&Ask> {
        self.asks.first().ok_or_else(|| "nothing to ask for".into())
    }

    fn wrk(&self, url: &str, secs: u64, conns: usize, dir: &Path, tag: &str) -> Result<Measured> {
        let mut wrk = Command::new("wrk");
        wrk.args([
            "-t1",
            "--latency",
            "--timeout",
            "20s",
            "-c",
            &conns.to_string(),
            "-d",
            &format!("{secs}s"),
        ]);
        let first = self.first()?;
        let is_plain = first.method == "GET" && first.session.is_empty() && !self.is_unique;
        if self.asks.len() > 1 || !is_plain {
            let (script, asks) = (dir.join("spread.lua"), dir.join("requests"));
            write(&script, include_str!("spread.lua"))?;
            write(&asks, &self.listed())?;
            wrk.arg("-s").arg(&script).env("LOAD_REQUESTS", &asks);
        }
        if self.is_unique {
            wrk.env("LOAD_UNIQUE", tag);
        }
        let text = said(wrk.arg(format!("{url}{}", first.path)))?;
        let told = |before: &str| number_after(&text, before);
        let failed = [
            told("Non-2xx or 3xx responses:"),
            told("connect "),
            told(" read "),
            told(" write "),
            told("timeout "),
        ];
        Ok(Measured {
            requests: number_before(&text, " requests in ").ok_or_else(|| format!("wrk said: {text}"))?,
            rate: told("Requests/sec:").unwrap_or_default(),
            p50: percentile(&text, "50%"),
            p99: percentile(&text, "99%"),
            // The sum of nothing is -0.
            failed: failed.into_iter().flatten().sum::<f64>().abs(),
        })
    }

    /// `method path session body`, divided by tabs, a line each.
    fn listed(&self) -> String {
        self.asks.iter().fold(String::new(), |mut all, Ask { method, path, session, body }| {
            let _ = writeln!(all, "{method}\t{path}\t{session}\t{body}");
            all
        })
    }

    /// Eight requests at once on each connection. How long each took is asked for apart: to write it down takes time.
    fn h2load(&self, url: &str, secs: u64, conns: usize, dir: &Path) -> Result<Measured> {
        let url = format!("{url}{}", self.first()?.path);
        let run = |secs: u64, log: Option<&Path>| {
            let mut h2load = Command::new("h2load");
            h2load.args(["-t1", "-m8", "-c", &(conns / 8).max(1).to_string(), "-D", &format!("{secs}s")]);
            h2load.args(log.iter().map(|log| format!("--log-file={}", log.display())));
            said(h2load.arg(&url))
        };
        let text = run(secs, None)?;
        let log = dir.join("h2load.log");
        let _ = fs::remove_file(&log);
        run(1, Some(&log))?;
        let mut took: Vec<f64> = fs::read_to_string(&log)?
            .lines()
            .filter_map(|line| line.split('\t').nth(2)?.parse::<f64>().ok())
            .map(|micros| micros / 1e3)
            .collect();
        let done = number_before(&text, " done, ").ok_or_else(|| format!("h2load said: {text}"))?;
        let good = number_before(&text, " 2xx").unwrap_or_default();
        Ok(Measured {
            requests: done,
            rate: number_before(&text, " req/s").unwrap_or_default(),
            p50: pace::share(&mut took, 0.50),
            p99: pace::share(&mut took, 0.99),
            failed: done - good,
        })
    }
}

/// Whether a program is installed.
pub(crate) fn is_installed(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}

/// Writes a file of this run's own.
pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    Ok(File::create(path)?.write_all(text.as_bytes())?)
}

/// What a command says on stdout.
fn said(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{command:?}: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    Err(format!("{command:?}: {text}{}", String::from_utf8_lossy(&output.stderr)).into())
}

fn number_after(text: &str, before: &str) -> Option<f64> {
    let (_, rest) = text.split_once(before)?;
    rest.split_whitespace().next()?.trim_end_matches(',').parse().ok()
}

fn number_before(text: &str, behind: &str) -> Option<f64> {
    let (rest, _) = text.split_once(behind)?;
    rest.rsplit([' ', '\n']).next()?.parse().ok()
}

/// Milliseconds from wrk's `     50%  140.00us`.
fn percentile(text: &str, share: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.trim().strip_prefix(share))?.trim();
    let units = [("us", 1e-3), ("ms", 1.0), ("s", 1e3), ("m", 6e4)];
    units.iter().find_map(|(unit, factor)| Some(line.strip_suffix(unit)?.parse::<f64>().ok()? * factor))
}
