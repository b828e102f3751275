//! Cassettes and profiles that are changed while they are played.

use std::process::Command;

use super::Reloading;
use crate::support::overdub::Project;

const TAPE: &[&str] =
    &["POST /a => 200 1", "GET /a => 200 after-1", "POST /a => 200 2", "GET /a => 200 after-2"];

fn replaying(args: &[&str]) -> Reloading {
    let project = Project::new();
    project.tape("recordings/a.yaml", TAPE);
    Reloading::start(project, &[&["replay"], args].concat())
}

fn sh(project: &Project, script: &str) {
    let status = Command::new("sh").args(["-ec", script]).current_dir(project.path("")).status();
    assert!(status.unwrap().success(), "{script}");
}

#[test]
fn an_edited_cassette_plays_on_where_its_sessions_are() {
    let mut own = replaying(&[]);
    assert_eq!([own.text("POST /a"), own.text("GET /a")], ["1", "after-1"]);
    own.change(|project| sh(project, "sed -i -e s/after-1/edited/ -e \"s/'2'/'two'/\" recordings/a.yaml"));
    assert_eq!([own.text("GET /a"), own.text("POST /a")], ["edited", "two"]);
    own.change(|project| project.tape("recordings/0.yaml", &["GET /0 => 200 0"]));
    assert_eq!([own.text("GET /0"), own.text("GET /a")], ["0", "after-2"]);
    let used_up = own.ask("POST /a");
    assert_eq!(used_up.status(), 501);
    own.change(|project| project.tape("recordings/a.yaml", &[TAPE, &["POST /a => 200 3"]].concat()));
    assert_eq!(own.text("POST /a"), "3");
}

#[test]
fn a_document_that_is_not_yet_written_to_its_end_is_nothing_to_tidy_up() {
    let mut own = replaying(&["-c", "a"]);
    let whole = own.project.read("recordings/a.yaml");
    let half = format!("{whole}---\nrequest: {{method: GET, url: /new}}\nrespon");
    let told = own.refused(|project| project.write("recordings/a.yaml", &half));
    assert!(told.contains("is cut off within its last document"), "{told}");
    assert_eq!(own.project.read("recordings/a.yaml"), half, "the file is its editor's");
    assert_eq!(own.text("POST /a"), "1");
    let more = format!("{half}se: {{status: 204}}\n...\n");
    own.change(|project| project.write("recordings/a.yaml", &more));
    assert_eq!(own.ask("GET /new").status(), 204);
}

#[test]
fn a_cassette_that_cannot_be_read_leaves_the_one_that_was_there() {
    let mut own = replaying(&["-c", "a"]);
    assert_eq!(own.text("POST /a"), "1");
    let told = own.refused(|project| project.write("recordings/a.yaml", "overdub: 1\nupstream: [\n"));
    assert!(told.starts_with("recordings/a.yaml:"), "{told}");
    let answer = own.ask("POST /a");
    assert_eq!(answer.text(), "2");
    assert_eq!(answer.header("x-overdub-reload-error"), told.lines().next().unwrap());
    let gone = own.refused(|project| std::fs::remove_file(project.path("recordings/a.yaml")).unwrap());
    assert_ne!(gone, told);
    own.change(|project| project.tape("recordings/a.yaml", &[TAPE, &["POST /a => 200 3"]].concat()));
    assert_eq!(own.text("POST /a"), "3");
}

#[test]
fn a_folder_of_cassettes_may_be_replaced() {
    let mut own = replaying(&[]);
    assert_eq!(own.text("POST /a"), "1");
    own.change(|project| {
        project.tape("new/a.yaml", &[TAPE, &["GET /b => 200 b"]].concat());
        sh(project, "rm -r recordings; mv new recordings");
    });
    assert_eq!([own.text("GET /b"), own.text("POST /a"), own.text("GET /a")], ["b", "2", "after-2"]);
    own.change(|project| project.tape("recordings/below/c.yaml", &["GET /c => 200 c"]));
    assert_eq!(own.text("GET /c"), "c");
}

#[test]
fn what_is_one_of_two_files_waits_for_the_other() {
    let project = Project::new();
    project.tape("recordings/a.yaml", &["GET /a => 200 {}"]);
    project.write("scenarios/s.rhai", "on_request(\"GET /s\", |req, state| respond(200, 1));\n");
    let mut own = Reloading::start(project, &["replay", "--scenario", "s"]);
    own.refused(|project| project.write("recordings/a.yaml", "no cassette"));
    own.refused(|project| {
        project.write("scenarios/s.rhai", "on_request(\"GET /s\", |req, state| respond(200, 2));\n");
        project.write("recordings/a.yaml", "still no cassette");
    });
    assert_eq!(own.text("GET /s"), "1", "all or nothing");
    own.change(|project| project.tape("recordings/a.yaml", &["GET /a => 200 3"]));
    assert_eq!([own.text("GET /s"), own.text("GET /a")], ["2", "3"]);
}

#[test]
fn a_profile_that_is_saved_decides_what_matches() {
    let project = Project::new();
    project.write("recordings/a.yaml", "overdub: 1\nupstream: https://okta.overdub.test\n---\nrequest:\n  method: POST\n  url: /a\n  headers: {content-type: application/json}\n  body: {text: '{\"code\":\"1\"}'}\nresponse:\n  status: 200\n  headers: {content-type: text/plain}\n  body: {text: 'yes'}\n");
    let none = include_str!("../../../profiles/none.yaml");
    project.write("own.yaml", none);
    let mut own = Reloading::start(project, &["replay", "--profile", "own.yaml", "--repeat", "last"]);
    let ask = "POST /a\ncontent-type: application/json\n\n{\"code\":\"2\"}";
    assert_eq!(own.ask(ask).status(), 501);
    let told = own.refused(|project| project.write("own.yaml", format!("{none}\nvolatile: 1\n")));
    assert!(told.starts_with("--profile: own.yaml"), "{told}");
    own.change(|project| project.write("own.yaml", format!("{none}\nvolatile: [code]\n")));
    assert_eq!(own.text(ask), "yes");
}

#[test]
fn a_journal_names_the_cassette_that_answered_when_it_did() {
    let mut own = replaying(&["--admin", "127.0.0.1:0"]);
    own.ask("POST /a");
    own.change(|project| project.tape("recordings/0.yaml", &["GET /0 => 200 0"]));
    own.ask("POST /a");
    let journal = crate::support::wire::ask(own.overdub.admin(), "GET /__overdub/journal\nhost: localhost");
    let journal: serde_json::Value = serde_json::from_slice(&journal.body).unwrap();
    let entries = journal["entries"].as_array().unwrap().iter();
    let named: Vec<_> =
        entries.filter(|own| own["method"] == "POST").map(|own| own["cassette"].clone()).collect();
    assert_eq!(named, ["a", "a"]);
}
