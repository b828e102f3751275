//! `overdub exec`: a command with a proxy of its own.
//!
//! The command is a shell that says where the proxy is and waits; the test is its client.

mod checks;
mod docs;
mod environment;
mod once;
mod reports;
mod signals;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::thread::JoinHandle;

use insta::assert_snapshot;

use crate::support::overdub::Project;
use crate::support::wire::{Message, ask};

/// Says where the proxy is, and ends with the code that it is told.
const WAITING: &str = r#"echo "$OVERDUB_URL $OVERDUB_ADMIN_URL"; read code; exit "$code""#;

/// A running `overdub exec`.
struct Exec {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    stderr: JoinHandle<String>,
    url: String,
    admin: String,
}

impl Exec {
    /// Starts one that waits, and waits until its command runs.
    fn waiting(project: &Project, args: &[&str]) -> Self {
        Self::start(project, args, WAITING)
    }

    /// Starts one with a line of shell, whose first line says where the proxy and its admin endpoints are.
    fn start(project: &Project, args: &[&str], line: &str) -> Self {
        let mut command = project.command(&[&["exec"], args, &["--", "sh", "-c", line]].concat());
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary");
        let mut pipe = child.stderr.take().expect("stderr");
        let stderr = std::thread::spawn(move || {
            let mut told = String::new();
            pipe.read_to_string(&mut told).expect("text");
            told
        });
        let (stdin, stdout) = (child.stdin.take().expect("stdin"), child.stdout.take().expect("stdout"));
        let mut own = Self {
            child,
            stdin,
            stdout: BufReader::new(stdout),
            stderr,
            url: String::new(),
            admin: String::new(),
        };
        let first = own.line();
        let (url, admin) = first.split_once(' ').expect("where it is");
        (own.url, own.admin) = (url.to_owned(), admin.to_owned());
        own
    }

    /// The next line of the command's.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("a line");
        line.trim_end().to_owned()
    }

    fn ask(&self, request: &str) -> Message {
        ask(host(&self.url), request)
    }

    fn ask_admin(&self, request: &str) -> Message {
        ask(host(&self.admin), &format!("{request}\nhost: localhost"))
    }

    /// Has the command end with a code: overdub's own, and what it says.
    fn end(mut self, code: i32) -> (i32, String) {
        writeln!(self.stdin, "{code}").expect("a reader");
        self.ended()
    }

    fn ended(mut self) -> (i32, String) {
        drop(self.stdin);
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).expect("text");
        assert_eq!(rest, "", "stdout is the command's");
        let code = self.child.wait().expect("an end").code().unwrap_or(-1);
        (code, self.stderr.join().expect("no panic"))
    }
}

fn host(url: &str) -> std::net::SocketAddr {
    let (_, address) = url.split_once("://").expect("a URL");
    address.parse().expect("an address")
}

/// A project with a cassette `run` of three recordings.
fn project() -> Project {
    let project = Project::new();
    project.tape("recordings/run.yaml", &["GET /a => 200 a", "GET /b => 200 b", "POST /c => 201 c"]);
    project
}

#[test]
fn all_is_well_in_one_line() {
    let project = project();
    let exec = Exec::waiting(&project, &["-c", "run"]);
    for (request, answer) in [("GET /a", "a"), ("GET /b", "b"), ("POST /c", "c")] {
        assert_eq!(exec.ask(request).text(), answer);
    }
    assert_eq!(exec.end(0), (0, "overdub: 3 requests: 3 replayed\n".to_owned()));
}

#[test]
fn stdout_and_stdin_are_the_command_s() {
    use std::process::Output;
    let project = project();
    let run = |line: &str| -> Output {
        project.command(&["exec", "-c", "run", "--", "sh", "-c", line]).output().expect("the binary")
    };
    let output = run("printf 'out, '; printf err >&2; cat; exit 0");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "out, ");
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("err"), "{output:?}");
}

#[test]
fn the_command_s_exit_code_goes_first() {
    let project = project();
    for (code, missed, expected) in [(0, false, 0), (0, true, 1), (7, true, 7), (255, false, 255)] {
        let exec = Exec::waiting(&project, &["-c", "run"]);
        if missed {
            assert_eq!(exec.ask("GET /never").status(), 501);
        }
        let (ended, told) = exec.end(code);
        assert_eq!(ended, expected, "{told}");
        assert_eq!(told.contains("overdub: exit code"), expected != 0, "{told}");
    }
}

#[test]
fn a_command_that_a_signal_ends_has_the_code_that_shells_give_it() {
    let (code, _, told) = project().run(&["exec", "-c", "run", "--", "sh", "-c", "kill -KILL $$"]);
    assert_eq!(code, 137, "{told}");
    assert!(told.contains("was ended by signal 9"), "{told}");
}

#[test]
fn a_command_that_cannot_be_run_is_told_with_what_to_do() {
    let project = project();
    project.write("text", "no program");
    let fails = |program: &str| project.fails(&["exec", "-c", "run", "--", program]);
    let programs = ["nonesuch", "./nonesuch", "./text", "./recordings", "", "npm run test"];
    assert_snapshot!(
        programs.map(fails).join("\n"),
        @r#"
    exit code 2
    error: cannot run `nonesuch`: there is no such program in PATH; write its path
    exit code 2
    error: cannot run `./nonesuch`: there is no such file, or its interpreter is missing
    exit code 2
    error: cannot run `./text`: it is no program, or may not be run; chmod +x allows it
    exit code 2
    error: cannot run `./recordings`: it is a directory
    exit code 2
    error: cannot run ``: its name is empty; is a variable not set?
    exit code 2
    error: cannot run `npm run test`: there is no such program; leave out the quotes around the whole line, or run it by `sh -c '…'`
    "#
    );
    assert_snapshot!(project.fails(&["exec", "-c", "run"]).lines().take(3).collect::<Vec<_>>().join("\n"), @r#"
    exit code 2
    error: the following required arguments were not provided:
      <CMD>...
    "#);
}

#[test]
fn what_cannot_be_used_is_told_before_anything_runs() {
    let project = project();
    let fails = |args: &[&str]| project.fails(&[&["exec"], args, &["--", "touch", "ran"]].concat());
    assert_snapshot!(
        [
            fails(&["-c", "nonesuch"]),
            fails(&["--mode", "once", "-c", "new"]),
            fails(&["-c", "run", "--wait", "1s"]),
            fails(&["-c", "new", "--mode", "all", "--upstream", "sandbox", "--require-used"]),
            fails(&["-c", "run", "--env", "CA={ca}"]),
            fails(&["-c", "run", "--tls", "--env", "P={proxy}"]),
        ]
        .join("\n"),
        @r#"
    exit code 2
    error: nonesuch: no such cassette
      hint: known: okta-push, run, okta-sms, okta-totp, okta-question, push-enroll-poll, push-enroll-poll-expired, totp-enroll-activate-verify, …
    exit code 2
    error: --upstream is missing: give the API's URL or `sandbox`, or --forward, where requests name their API themselves
    exit code 2
    error: --wait has no effect with --mode none; leave it out
    exit code 2
    error: --require-used has no effect with --mode all; leave it out
    exit code 2
    error: --env CA: there is no {ca} without --tls or --forward
    exit code 2
    error: --env P: there is no {proxy} without --forward
    "#
    );
    for (flag, value) in [("--report", "xml=a"), ("--report", "junit="), ("--env", "=a"), ("--env", "a")] {
        assert!(fails(&["-c", "run", flag, value]).starts_with("exit code 2"), "{flag} {value}");
    }
    assert!(!project.path("ran").exists());
}

#[test]
fn settings_come_from_overdub_yaml_too() {
    let project = project();
    project.write(
        "overdub.yaml",
        "cassette: run\nexec:\n  require-used: true\n  report: {json: out/run.json}\n  env: {DOMAIN: '{host}'}\n",
    );
    let (code, told) = Exec::waiting(&project, &[]).end(0);
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("3 of 3 recordings unused (--require-used)"), "{told}");
    assert!(project.read("out/run.json").contains(r#""exit_code": 1"#));
    let (code, domain, told) = project.run(&["exec", "--no-require-used", "--", "sh", "-c", "echo $DOMAIN"]);
    assert!(code == 0 && domain.starts_with("127.0.0.1:"), "{domain} {told}");
}

#[test]
fn eight_at_once_do_not_disturb_each_other() {
    let project = Project::new();
    project.tape("recordings/run.yaml", &["GET /a => 200 1", "GET /a => 200 2", "POST /b => 200 b"]);
    let running: Vec<_> = (0..8).map(|_| Exec::waiting(&project, &["-c", "run", "--require-used"])).collect();
    for (request, answer) in [("GET /a", "1"), ("GET /a", "2"), ("POST /b", "b")] {
        for exec in &running {
            assert_eq!(exec.ask(request).text(), answer);
        }
    }
    for exec in running {
        assert_eq!(exec.end(0), (0, "overdub: 3 requests: 3 replayed\n".to_owned()));
    }
}

#[test]
fn no_cassette_is_lost_to_a_report_or_a_log() {
    let project = project();
    let before = project.read("recordings/run.yaml");
    let fails =
        |flag: &str, value: &str| project.fails(&["exec", "-c", "run", flag, value, "--", "touch", "it-ran"]);
    assert_snapshot!(
        [
            fails("--report", "junit=recordings/run.yaml"),
            fails("--report", "markdown=recordings/run.yaml"),
            fails("--session-log", "recordings/run.yaml"),
        ]
        .join("\n"),
        @r#"
    exit code 2
    error: --report recordings/run.yaml: is a cassette, and stays one; name another file
    exit code 2
    error: --report recordings/run.yaml: is a cassette, and stays one; name another file
    exit code 2
    error: --session-log recordings/run.yaml: is a cassette, and stays one; name another file
    "#
    );
    assert_eq!(project.read("recordings/run.yaml"), before);
    assert!(!project.path("it-ran").exists());
}
