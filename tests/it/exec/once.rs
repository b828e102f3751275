//! `--mode once`: who comes first records, whoever comes meanwhile waits and replays.

use super::{Exec, WAITING};
use crate::support::overdub::Project;
use crate::support::wire::Upstream;

fn flags(upstream: &Upstream) -> Vec<String> {
    ["--mode", "once", "--upstream", &upstream.url(), "-c", "run"].map(str::to_owned).to_vec()
}

fn words(flags: &[String]) -> Vec<&str> {
    flags.iter().map(String::as_str).collect()
}

#[test]
fn the_first_run_records_and_the_next_ones_need_no_upstream() {
    let (project, upstream) = (Project::new(), Upstream::of_json("{\"a\":1}"));
    let first = Exec::waiting(&project, &words(&flags(&upstream)));
    let recorded = first.ask("GET /a").text();
    assert_eq!(
        first.end(0),
        (0, "overdub: 1 request: 1 recorded; recorded 1 exchange into recordings/run.yaml\n".to_owned())
    );
    let second = Exec::waiting(&project, &["--mode", "once", "-c", "run"]);
    assert_eq!(second.ask("GET /a").text(), recorded);
    assert_eq!(second.end(0), (0, "overdub: 1 request: 1 replayed\n".to_owned()));
    assert_eq!(upstream.seen().len(), 1);
}

#[test]
fn of_eight_that_come_at_once_one_records_and_the_others_replay() {
    let (project, upstream) = (Project::new(), Upstream::of_json("{\"a\":1}"));
    let flags = flags(&upstream);
    let run = || {
        let exec = Exec::waiting(&project, &words(&flags));
        for _ in 0..3 {
            assert_eq!(exec.ask("GET /a").text(), "{\"a\":1}");
        }
        let (code, told) = exec.end(0);
        assert_eq!(code, 0, "{told}");
        told
    };
    let told: Vec<String> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..8).map(|_| scope.spawn(run)).collect();
        running.into_iter().map(|own| own.join().expect("no panic")).collect()
    });
    let recorded = told.iter().filter(|own| own.contains("3 recorded")).count();
    let replayed = told.iter().filter(|own| own.contains("3 replayed")).count();
    assert_eq!((recorded, replayed), (1, 7), "{told:?}");
    assert_eq!(upstream.seen().len(), 3);
}

#[test]
fn who_waits_for_a_recording_waits_for_all_of_it_and_not_forever() {
    let (project, upstream) = (Project::new(), Upstream::of_json("{}"));
    let recorder = project.record(&upstream.url());
    recorder.ask("GET /a");
    let flags = flags(&upstream);
    let late = project.fails(&[&["exec"], &words(&flags)[..], &["--wait", "10ms", "--", "true"]].concat());
    assert!(late.starts_with("exit code 2\n"), "{late}");
    assert!(late.contains("another overdub still records it after 10ms; --wait allows longer"), "{late}");

    let waits = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| Exec::start(&project, &words(&flags), WAITING));
        recorder.ask("GET /b");
        recorder.stop();
        waiting.join().expect("no panic")
    });
    assert_eq!((waits.ask("GET /a").status(), waits.ask("GET /b").status()), (200, 200));
    let (code, told) = waits.end(0);
    assert!(code == 0 && told.contains("2 requests: 2 replayed"), "{told}");
}

#[test]
fn what_a_run_that_failed_has_recorded_is_kept_and_told_of() {
    let (project, upstream) = (Project::new(), Upstream::of_json("{\"a\":1}"));
    let flags = flags(&upstream);
    let blank = Exec::waiting(&project, &words(&flags)).end(7);
    assert!(blank.0 == 7 && !blank.1.contains("may lack"), "{blank:?}");
    let first = Exec::waiting(&project, &words(&flags));
    first.ask("GET /a");
    let (code, told) = first.end(7);
    assert_eq!(code, 7);
    assert!(
        told.contains("  recordings/run.yaml may lack what the command did not come to: remove it"),
        "{told}"
    );
    let second = Exec::waiting(&project, &words(&flags));
    second.ask("GET /a");
    assert_eq!(second.end(0), (0, "overdub: 1 request: 1 replayed\n".to_owned()));
}
