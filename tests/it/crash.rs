//! What is on the disk when things go wrong.

use std::sync::Mutex;
use std::sync::mpsc::channel;

use crate::support::overdub::{Overdub, Project};
use crate::support::wire::{Client, PATIENCE, Upstream, request, with_body};

/// How often a recorder is killed.
const ROUNDS: usize = 6;

/// Connections that keep asking while it is killed.
const CLIENTS: usize = 4;

/// Answers with what was asked for, now and then a large one.
fn upstream() -> Upstream {
    Upstream::start(|request| {
        let target = request.target();
        let size = if target.ends_with('7') { 80_000 } else { 700 };
        with_body(
            "HTTP/1.1 200 OK\ncontent-type: application/json",
            format!("{target:?}{}", " ".repeat(size)),
        )
    })
}

/// Asks for one path after the other until the connection breaks; tells each whose answer came whole.
fn keep_asking(address: std::net::SocketAddr, prefix: &str, told: &dyn Fn(String)) {
    use std::io::{BufRead as _, Read as _, Write as _};
    let mut client = Client::to(address);
    for number in 0.. {
        let target = format!("{prefix}/{number}");
        if client.0.get_mut().write_all(request(&format!("GET {target}")).as_bytes()).is_err() {
            return;
        }
        let mut length = None;
        loop {
            let mut line = String::new();
            if client.0.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.trim().parse().ok();
            }
            if line == "\r\n" {
                break;
            }
        }
        if client.0.read_exact(&mut vec![0; length.unwrap()]).is_err() {
            return;
        }
        told(target);
    }
}

/// Kills the recorder while clients are at work; returns the exchanges that the cassette held before.
fn killed_at_work(project: &Project, recorder: Overdub, round: usize) -> Vec<String> {
    let (told, answered) = channel();
    let told = Mutex::new(told);
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (address, told) = (recorder.address, &told);
            scope.spawn(move || {
                let told = told.lock().unwrap().clone();
                keep_asking(address, &format!("/{round}/{client}"), &|target| {
                    let _ = told.send(target);
                });
            });
        }
        let wanted = 10 + 7 * round;
        let whole: Vec<_> = (0..wanted).map(|_| answered.recv_timeout(PATIENCE).unwrap()).collect();
        // An answer may come a moment before its exchange is written: until that has happened, more is asked.
        let held = |cassette: &str| whole.iter().all(|target| cassette.contains(&format!("url: {target}\n")));
        let found = (0..3000).any(|_| {
            let _ = answered.recv_timeout(PATIENCE);
            held(&project.cassette())
        });
        recorder.kill();
        assert!(found, "every answered exchange is written soon");
        whole
    })
}

#[test]
fn a_recorder_that_is_killed_leaves_every_exchange_that_was_written() {
    let upstream = upstream();
    let project = Project::new();
    let mut written = Vec::new();
    for round in 0..ROUNDS {
        let recorder = project.record_with(&upstream.url(), &["--append"]);
        written.extend(killed_at_work(&project, recorder, round));
        let player = project.replay();
        let mut client = Client::to(player.address);
        for target in &written {
            let answer = client.ask(&format!("GET {target}"));
            assert_eq!(answer.text().trim_end(), format!("{target:?}"), "after kill {round}");
        }
        assert!(player.stop().0.success());
    }
}

/// A recorder whose files may not grow beyond some 16 KiB: what a full disk is to a program.
fn on_a_small_disk(project: &Project, upstream: &Upstream) -> Overdub {
    let url = upstream.url();
    Overdub::start(
        project.command_after("trap '' XFSZ; ulimit -f 16", &["record", "--upstream", &url, "-c", "run"]),
    )
}

fn sized_by_path() -> Upstream {
    Upstream::start(|request| {
        let size = request.target().trim_start_matches('/').parse().unwrap();
        with_body("HTTP/1.1 200 OK\ncontent-type: text/plain", "x".repeat(size))
    })
}

#[test]
fn a_disk_that_takes_no_more_is_told_when_it_happens_and_by_the_exit_code() {
    let (upstream, project) = (sized_by_path(), Project::new());
    let recorder = on_a_small_disk(&project, &upstream);
    assert_eq!(recorder.ask("GET /10").body.len(), 10);
    assert_eq!(recorder.ask("GET /40000").body.len(), 40_000, "the client gets its answer");
    let told = recorder.told("not recorded: GET /40000");
    assert!(told.contains("ERROR") && told.contains("recordings/run.yaml: cannot be written"), "{told}");
    assert_eq!(recorder.ask("GET /20").body.len(), 20);
    let (status, told) = recorder.stop();
    assert_eq!(status.code(), Some(1), "{told}");
    assert!(told.contains("error: recordings/run.yaml: exchanges that could not be written: 1"), "{told}");
    let player = project.replay();
    assert!(player.ready.ends_with("interactions=2"), "{}", player.ready);
    assert_eq!(player.ask("GET /20").body.len(), 20);
    assert!(!project.path("recordings/run.yaml.torn").exists(), "what was not written whole is taken back");
}

#[test]
fn of_what_comes_at_once_a_full_disk_keeps_all_that_fits() {
    let (upstream, project) = (sized_by_path(), Project::new());
    let recorder = on_a_small_disk(&project, &upstream);
    std::thread::scope(|scope| {
        for size in 2000..2012 {
            let recorder = &recorder;
            scope.spawn(move || assert_eq!(recorder.ask(&format!("GET /{size}")).body.len(), size));
        }
    });
    let (status, told) = recorder.stop();
    assert_eq!(status.code(), Some(1), "{told}");
    let failed = told.matches("not recorded: GET /20").count();
    assert!((1..12).contains(&failed), "{told}");
    let player = project.replay();
    assert!(player.ready.ends_with(&format!("interactions={}", 12 - failed)), "{} {told}", player.ready);
    assert!(!project.path("recordings/run.yaml.torn").exists(), "what was not written whole is taken back");
}

#[test]
fn a_large_body_that_the_disk_does_not_take_leaves_nothing_behind() {
    let (upstream, project) = (sized_by_path(), Project::new());
    let recorder = on_a_small_disk(&project, &upstream);
    assert_eq!(recorder.ask("GET /70000").body.len(), 70_000);
    recorder.told("not recorded: GET /70000");
    assert_eq!(recorder.stop().0.code(), Some(1));
    assert_eq!(project.list("recordings"), ["run.yaml"]);
}

#[test]
fn a_cassette_can_be_replayed_while_it_is_recorded() {
    let (upstream, project) = (sized_by_path(), Project::new());
    let recorder = project.record(&upstream.url());
    recorder.ask("GET /1");
    recorder.ask("GET /2");
    let (status, _) = {
        // The recorder is at work: nothing of its file may be set aside.
        let player = project.replay();
        player.ask("GET /1");
        player.stop()
    };
    assert!(status.success());
    recorder.ask("GET /3");
    recorder.stop();
    assert!(project.replay().ready.ends_with("interactions=3"));
    assert_eq!(project.list("recordings"), ["run.yaml"]);
}
