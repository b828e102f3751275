//! Processes that are measured: started, asked what they used, and ended by their id.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use overdub::clock::Stopwatch;
use rustix::process::{Pid, Signal, kill_process};

use super::Result;

/// How long a server may take until it is ready, and until it has ended.
const PATIENCE: Duration = Duration::from_mins(2);
const PAUSE: Duration = Duration::from_millis(5);

/// Ticks of a process's CPU time in a second, as Linux tells them to all programs (`USER_HZ`).
const TICKS: f64 = 100.0;

/// A server that answers.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    /// `http://127.0.0.1:PORT`.
    pub(crate) url: String,
    /// From its start until it said that it is ready.
    pub(crate) ready: Duration,
}

/// A command without the variables that change what overdub does, in a directory of its own.
pub(crate) fn command(program: impl AsRef<OsStr>, dir: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(dir)
        .env("XDG_DATA_HOME", dir.join("data"))
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    for (name, _) in std::env::vars_os() {
        let is_own = name.to_str().is_some_and(|name| name.starts_with("OVERDUB_") || name == "RUST_LOG");
        if is_own {
            command.env_remove(name);
        }
    }
    command
}

impl Running {
    /// Starts a server that tells by `url=…` on stdout that it is ready.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let since = Stopwatch::start();
        let child =
            command.stdout(Stdio::piped()).spawn().map_err(|error| format!("{command:?}: {error}"))?;
        let mut own = Self { child, url: String::new(), ready: Duration::ZERO };
        let mut line = String::new();
        // The pipe stays open: who writes to one without another end is told so.
        if let Some(stdout) = &mut own.child.stdout {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        own.ready = since.elapsed();
        let url = line.split_once("url=").and_then(|(_, rest)| rest.split_whitespace().next());
        let url = url.ok_or_else(|| format!("{command:?}: not ready: {line:?}"))?;
        url.clone_into(&mut own.url);
        Ok(own)
    }

    /// Starts a server that tells nothing, at an address where nobody listens yet.
    pub(crate) fn start_at(command: &mut Command, address: SocketAddr) -> Result<Self> {
        let since = Stopwatch::start();
        let child = command.stdout(Stdio::null()).spawn().map_err(|error| format!("{command:?}: {error}"))?;
        let mut own = Self { child, url: format!("http://{address}"), ready: Duration::ZERO };
        while std::net::TcpStream::connect(address).is_err() {
            if own.child.try_wait()?.is_some() || since.elapsed() > PATIENCE {
                return Err(format!("{command:?}: not ready").into());
            }
            std::thread::sleep(PAUSE);
        }
        own.ready = since.elapsed();
        Ok(own)
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn address(&self) -> &str {
        self.url.split_once("://").map_or("", |(_, address)| address)
    }

    /// Seconds of CPU time so far, in user code and in the kernel, its children included.
    pub(crate) fn cpu(&self) -> f64 {
        self.ids().into_iter().filter_map(cpu).sum()
    }

    /// The most memory it had so far, in MB, its children included.
    pub(crate) fn peak(&self) -> f64 {
        self.ids().into_iter().filter_map(|id| memory(id, "VmHWM:")).sum()
    }

    /// The memory it has at the moment, in MB.
    pub(crate) fn resident(&self) -> f64 {
        self.ids().into_iter().filter_map(|id| memory(id, "VmRSS:")).sum()
    }

    fn ids(&self) -> Vec<u32> {
        let own = self.child.id();
        let children = fs::read_to_string(format!("/proc/{own}/task/{own}/children")).unwrap_or_default();
        std::iter::once(own).chain(children.split_whitespace().filter_map(|id| id.parse().ok())).collect()
    }

    /// Ends it as a person would, and waits until it has.
    pub(crate) fn stop(mut self) -> Result<()> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        let since = Stopwatch::start();
        while self.child.try_wait()?.is_none() && since.elapsed() < PATIENCE {
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Has ended already where all went well; a server with children must be able to end them.
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
            std::thread::sleep(PAUSE * 20);
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// Seconds of CPU time: the fields utime and stime of `proc_pid_stat(5)`, which stand 12th and 13th behind the name.
fn cpu(id: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks =
        fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>();
    Some(ticks / TICKS)
}

fn memory(id: u32, key: &str) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib / 1024.0)
}
