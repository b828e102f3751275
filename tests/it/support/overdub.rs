//! The binary itself, started in a directory of its own and ended by its id.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

/// A directory in which overdub runs.
pub(crate) struct Project {
    dir: tempfile::TempDir,
}

impl Project {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a directory") }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    #[allow(clippy::disallowed_methods, reason = "a fixture's file, in its own directory")]
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(path, text).expect("a file");
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_overdub"));
        command.args(args).current_dir(self.dir.path()).env_remove("RUST_LOG").stdin(Stdio::null());
        command
    }

    /// Runs a command to its end: exit code, stdout, stderr with the directory's name left out.
    pub(crate) fn run(&self, args: &[&str]) -> (i32, String, String) {
        let output = self.command(args).output().expect("the binary");
        let text = |bytes: &[u8]| {
            let dir = self.dir.path().to_string_lossy().into_owned();
            String::from_utf8_lossy(bytes).replace(&format!("{dir}/"), "")
        };
        (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
    }

    /// Starts a serving command and waits until it is ready.
    pub(crate) fn serve(&self, args: &[&str]) -> Overdub {
        let mut child =
            self.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary");
        let mut ready = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout"));
        stdout.read_line(&mut ready).expect("a ready line");
        let Some(address) = ready.split_once("url=http://").and_then(|(_, rest)| rest.split(' ').next())
        else {
            let mut told = String::new();
            let _ = child.stderr.take().expect("stderr").read_to_string(&mut told);
            panic!("not ready: {ready:?} {told}");
        };
        Overdub { address: address.parse().expect("an address"), ready: ready.trim_end().to_owned(), child }
    }

    /// Records from an upstream into `recordings/run.yaml`.
    pub(crate) fn record(&self, upstream: &str) -> Overdub {
        self.serve(&["record", "--upstream", upstream, "-c", "run"])
    }

    /// Replays `recordings/`.
    pub(crate) fn replay(&self) -> Overdub {
        self.serve(&["replay"])
    }
}

/// A running overdub.
pub(crate) struct Overdub {
    pub(crate) address: SocketAddr,
    pub(crate) ready: String,
    child: Child,
}

impl Overdub {
    /// Sends SIGTERM and waits; returns how it ended and what it had told on stderr.
    pub(crate) fn stop(self) -> (ExitStatus, String) {
        self.signal("-TERM")
    }

    /// Sends SIGKILL and waits.
    pub(crate) fn kill(self) {
        self.signal("-KILL");
    }

    pub(crate) fn signal(mut self, signal: &str) -> (ExitStatus, String) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().expect("kill");
        assert!(sent.success());
        let mut told = String::new();
        let _ = self.child.stderr.take().expect("stderr").read_to_string(&mut told);
        (self.child.wait().expect("an end"), told)
    }
}

impl Drop for Overdub {
    fn drop(&mut self) {
        // Only a test that failed leaves it running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
