//! Flags that have no subject of their own, and the variables that stand in for flags.

use crate::support::overdub::{Overdub, Project};
use crate::support::wire::{Message, Upstream};

const NEW_USER: &str = "POST /api/v1/users\nauthorization: SSWS t\ncontent-type: application/json\n\n\
    {\"profile\":{\"firstName\":\"A\",\"lastName\":\"B\",\"email\":\"ab@example.com\",\"login\":\"ab@example.com\"}}";

/// The answers that a sandbox with these flags gives to a new user and to a second request.
fn sandbox(flags: &[&str]) -> (Message, Message) {
    let project = Project::new();
    let org = project.serve(&[&["sandbox"], flags].concat());
    (org.ask(NEW_USER), org.ask("GET /api/v1/users\nauthorization: SSWS t"))
}

fn id(answer: &Message) -> String {
    let user: serde_json::Value = serde_json::from_str(&answer.text()).unwrap();
    user["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_sandbox_s_seed_decides_its_ids() {
    let [default, zero, one] =
        [&[][..], &["--seed", "0"], &["--seed", "1"]].map(|flags| id(&sandbox(flags).0));
    assert_eq!(default, zero);
    assert_ne!(zero, one);
}

#[test]
fn a_sandbox_s_time_begins_and_moves_as_told() {
    let (first, second) = sandbox(&["--start", "2030-02-03T04:05:06Z", "--tick", "90s"]);
    assert_eq!(first.header("date"), "Sun, 03 Feb 2030 04:05:06 GMT");
    assert_eq!(second.header("date"), "Sun, 03 Feb 2030 04:06:36 GMT");
}

#[test]
fn variables_stand_in_for_flags_and_flags_go_before_them() {
    let (by_variable, by_flag) = (Upstream::of_json("\"variable\""), Upstream::of_json("\"flag\""));
    let project = Project::new();
    let start = |args: &[&str]| {
        let mut command = project.command(args);
        command.env("OVERDUB_UPSTREAM", by_variable.url()).env("OVERDUB_LOG_FORMAT", "json");
        Overdub::start(command)
    };
    let recorder = start(&["record", "-c", "one"]);
    assert_eq!(recorder.ask("GET /").text(), "\"variable\"");
    let (_, log) = recorder.stop();
    assert!(log.lines().all(|line| line.starts_with('{')), "{log}");
    let recorder = start(&["record", "-c", "two", "--upstream", &by_flag.url(), "--log-format", "text"]);
    assert_eq!(recorder.ask("GET /").text(), "\"flag\"");
    let (_, log) = recorder.stop();
    assert!(log.contains(" INFO ") && !log.starts_with('{'), "{log}");
}

#[test]
fn the_variables_of_address_and_ca_are_read() {
    let project = Project::new();
    project.tape("recordings/one.yaml", &["GET /a => 200 a"]);
    let run = |name: &str, value: &str, args: &[&str]| {
        let output = project.command(args).env(name, value).output().unwrap();
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let told = run("OVERDUB_LISTEN", "nowhere", &["replay"]);
    assert!(told.contains("invalid value 'nowhere' for '--listen <ADDR>'"), "{told}");
    let told =
        run("OVERDUB_UPSTREAM_CA", "none.pem", &["record", "--upstream", "https://127.0.0.1:1", "-c", "x"]);
    assert!(told.contains("--upstream-ca none.pem"), "{told}");
}

#[test]
fn the_runtime_s_variable_is_how_many_threads_serve() {
    let project = Project::new();
    let run = |threads: &str| {
        let listed =
            project.command(&["completions", "bash"]).env("TOKIO_WORKER_THREADS", threads).output().unwrap();
        (listed.status.code(), String::from_utf8_lossy(&listed.stderr).into_owned())
    };
    assert_eq!(run("2"), (Some(0), String::new()));
    let (code, told) = run("0");
    assert_eq!(code, Some(2), "{told}");
    assert!(
        told.contains(
            "TOKIO_WORKER_THREADS=0: this is how many threads serve connections: a number from 1 to"
        ),
        "{told}"
    );
}
