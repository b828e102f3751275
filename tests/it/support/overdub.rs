//! The binary itself, started in a directory of its own and ended by its id.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};

use super::wire::{Message, PATIENCE, ask};

/// Variables that would change what overdub does.
const ENVIRONMENT: [&str; 13] = [
    "RUST_LOG",
    "NO_COLOR",
    "COLUMNS",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "OVERDUB_CONFIG",
    "OVERDUB_UPSTREAM",
    "OVERDUB_LISTEN",
    "OVERDUB_ADMIN",
    "OVERDUB_LOG_FORMAT",
    "OVERDUB_UPSTREAM_CA",
    "OVERDUB_PUBLIC_URL",
    "OVERDUB_PROFILE",
];

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

    /// The names of the files in a directory, sorted.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(name)).expect("a directory");
        let mut names: Vec<_> =
            entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// What was recorded into `recordings/run.yaml`.
    pub(crate) fn cassette(&self) -> String {
        self.read("recordings/run.yaml")
    }

    #[allow(clippy::disallowed_methods, reason = "a fixture's file, in its own directory")]
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(path, text).expect("a file");
    }

    /// Writes a cassette with a `METHOD /path => status body` per line; the body is text.
    pub(crate) fn tape(&self, name: &str, lines: &[&str]) {
        let head = "overdub: 1\nupstream: https://okta.overdub.test\n...\n".to_owned();
        let interactions = lines.iter().map(|line| {
            let (request, response) = line.split_once(" => ").expect("`=>`");
            let (method, url) = request.split_once(' ').expect("a method and a path");
            let (status, body) = response.split_once(' ').unwrap_or((response, ""));
            let request = format!("---\nrequest: {{method: {method}, url: {url}}}\n");
            let response = format!("response:\n  status: {status}\n");
            let body = match body {
                "" => String::new(),
                body => {
                    format!("  headers: {{content-type: application/json}}\n  body: {{text: '{body}'}}\n")
                }
            };
            [request, response, body, "...\n".to_owned()].concat()
        });
        let text = std::iter::once(head).chain(interactions).collect::<String>();
        self.write(name, text);
    }

    /// The command, to be started by the test itself.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        self.here(Command::new(env!("CARGO_BIN_EXE_overdub")), args)
    }

    fn here(&self, mut command: Command, args: &[&str]) -> Command {
        command.args(args).current_dir(self.dir.path()).stdin(Stdio::null());
        command.env("XDG_DATA_HOME", self.path("data"));
        for name in ENVIRONMENT {
            command.env_remove(name);
        }
        command
    }

    /// The command, in a process that runs this line of shell first.
    pub(crate) fn command_after(&self, line: &str, args: &[&str]) -> Command {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{line}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_overdub")]);
        self.here(shell, args)
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

    /// Runs a command that ends badly: its exit code and what it says on stderr. Nothing goes to stdout.
    pub(crate) fn fails(&self, args: &[&str]) -> String {
        let (code, stdout, stderr) = self.run(args);
        assert_eq!(stdout, "", "stdout is for what was asked for");
        format!("exit code {code}\n{}", stderr.trim_end())
    }

    /// Starts a serving command and waits until it is ready.
    pub(crate) fn serve(&self, args: &[&str]) -> Overdub {
        Overdub::start(self.command(args))
    }

    /// Records from an upstream into `recordings/run.yaml`.
    pub(crate) fn record(&self, upstream: &str) -> Overdub {
        self.record_with(upstream, &[])
    }

    pub(crate) fn record_with(&self, upstream: &str, more: &[&str]) -> Overdub {
        self.serve(&[&["record", "--upstream", upstream, "-c", "run"], more].concat())
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
    stderr: Arc<Stderr>,
}

/// What was told so far, and whether more can come.
#[derive(Default)]
struct Stderr {
    told: Mutex<(String, bool)>,
    changed: Condvar,
}

impl Overdub {
    pub(crate) fn start(command: Command) -> Self {
        Self::start_with(command, Stderr::of)
    }

    /// Starts it so that nobody reads what it tells on stderr: its pipe has no other end.
    pub(crate) fn start_unheard(command: Command) -> Self {
        Self::start_with(command, |child| {
            drop(child.stderr.take());
            Arc::new(Stderr { told: Mutex::new((String::new(), true)), ..Stderr::default() })
        })
    }

    fn start_with(mut command: Command, listen: impl FnOnce(&mut Child) -> Arc<Stderr>) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary");
        let stderr = listen(&mut child);
        let mut ready = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout"));
        stdout.read_line(&mut ready).expect("a ready line");
        let address = ready.split_once("url=").and_then(|(_, rest)| rest.split(' ').next());
        let address = address.and_then(|url| url.split_once("://")).map(|(_, address)| address);
        let Some(address) = address.and_then(|address| address.parse().ok()) else {
            panic!("not ready: {ready:?} {}", stderr.until(|_| false));
        };
        Self { address, ready: ready.trim_end().to_owned(), child, stderr }
    }

    /// Where the admin endpoints are.
    pub(crate) fn admin(&self) -> SocketAddr {
        let address = self.ready.split_once("admin=http://").and_then(|(_, rest)| rest.split(' ').next());
        address.and_then(|address| address.parse().ok()).expect("an admin address")
    }

    /// Sends a request on a connection of its own and returns the answer.
    pub(crate) fn ask(&self, request: &str) -> Message {
        ask(self.address, request)
    }

    /// Waits until stderr holds `text`, and returns all that it holds by then.
    pub(crate) fn told(&self, text: &str) -> String {
        let told = self.stderr.until(|told| told.contains(text));
        assert!(told.contains(text), "no {text:?} in {told}");
        told
    }

    /// Sends SIGTERM and waits; returns how it ended and what it had told on stderr.
    pub(crate) fn stop(self) -> (ExitStatus, String) {
        self.signal("TERM");
        self.ended()
    }

    /// Sends SIGKILL and waits.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("a process");
        self.child.wait().expect("an end");
    }

    /// Sends a signal, to this process and no other.
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().expect("sh").success());
    }

    /// Waits for its end.
    pub(crate) fn ended(mut self) -> (ExitStatus, String) {
        let told = self.stderr.until(|_| false);
        (self.child.wait().expect("an end"), told)
    }
}

impl Stderr {
    fn of(child: &mut Child) -> Arc<Self> {
        let own = Arc::new(Self::default());
        let (shared, mut pipe) = (Arc::clone(&own), child.stderr.take().expect("stderr"));
        std::thread::spawn(move || {
            let mut part = [0; 4096];
            loop {
                let length = pipe.read(&mut part).unwrap_or(0);
                let mut told = shared.told.lock().expect("no panic");
                told.0.push_str(&String::from_utf8_lossy(&part[..length]));
                told.1 |= length == 0;
                shared.changed.notify_all();
                if length == 0 {
                    return;
                }
            }
        });
        own
    }

    /// Waits until `enough`, or until the process closed it.
    fn until(&self, enough: impl Fn(&str) -> bool) -> String {
        let told = self.told.lock().expect("no panic");
        let (told, late) = self
            .changed
            .wait_timeout_while(told, PATIENCE, |(told, ended)| !*ended && !enough(told))
            .expect("no panic");
        assert!(!late.timed_out(), "nothing more on stderr, and no end, after: {}", told.0);
        told.0.clone()
    }
}

impl Drop for Overdub {
    fn drop(&mut self) {
        // Has ended already, unless the test failed or does not care how it ends.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
