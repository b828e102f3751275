//! Cassettes that are not there, not cassettes, or broken: what, where, and what to do.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::overdub::Project;

const GOOD: &str = "overdub: 1\nupstream: https://okta.overdub.test\n...\n---\n\
                    request: {method: GET, url: /a}\nresponse: {status: 200}\n...\n";

/// What is told when this is the only recording; the file is left as it is.
fn told_of(text: &str) -> String {
    let project = Project::new();
    project.write("recordings/a.yaml", text);
    let told = project.fails(&["replay"]);
    assert_eq!(project.read("recordings/a.yaml"), text, "nothing is written");
    assert_eq!(project.list("recordings"), ["a.yaml"]);
    told
}

#[test]
fn a_name_that_is_not_there_is_answered_with_those_that_are() {
    let project = Project::new();
    project.tape("recordings/sms-enroll.yaml", &[]);
    project.tape("recordings/deeper/push.yaml", &[]);
    let told = project.fails(&["replay", "-c", "sms-enrol"]);
    assert!(
        told.starts_with("exit code 2\nerror: sms-enrol: no such cassette\n  hint: known: sms-enroll, "),
        "{told}"
    );
    assert!(told.contains("deeper/push"), "{told}");
    assert_eq!(told.lines().count(), 3);
}

#[test]
fn a_project_without_recordings_is_told_so() {
    let project = Project::new();
    insta::assert_snapshot!(project.fails(&["replay"]), @r#"
    exit code 2
    error: recordings: there is no such directory
      hint: record one, or name one that ships: okta-push, okta-question, okta-sms, okta-totp, push-enroll-poll, push-enroll-poll-expired, sms-remembered-verification, totp-enroll-activate-verify
    "#);
    std::fs::create_dir(project.path("recordings")).unwrap();
    insta::assert_snapshot!(project.fails(&["replay"]), @r"
    exit code 2
    error: recordings: holds no cassettes
      hint: record one, or give a name, a file or another directory
    ");
}

#[test]
fn files_of_other_programs_are_recognised() {
    let project = Project::new();
    project.write(
        "vcrpy.yaml",
        "interactions:\n- request:\n    body: null\n    method: GET\n    uri: https://org.test/a\nversion: 1\n",
    );
    project.write("session.har", r#"{"log": {"version": "1.2", "entries": []}}"#);
    project.write("ruby.yaml", "---\nhttp_interactions:\n- request:\n    method: get\n");
    project.write("values.yaml", "replicas: 2\n");
    let told = |file| project.fails(&["replay", "-c", file]);
    insta::assert_snapshot!(told("vcrpy.yaml"), @r"
    exit code 2
    error: vcrpy.yaml:1:1: looks like a vcrpy file, not an overdub cassette
      hint: `overdub cassette import FILE -o DIR` makes a cassette of it
    ");
    insta::assert_snapshot!(told("session.har"), @r"
    exit code 2
    error: session.har: looks like a HAR file, not an overdub cassette
      hint: `overdub cassette import FILE -o DIR` makes a cassette of it
    ");
    insta::assert_snapshot!(told("ruby.yaml"), @r"
    exit code 2
    error: ruby.yaml:1:1: looks like a Ruby VCR file, not an overdub cassette
      hint: `overdub cassette import FILE -o DIR` makes a cassette of it
    ");
    insta::assert_snapshot!(told("values.yaml"), @r"
    exit code 2
    error: values.yaml:1:1: is not an overdub cassette
      hint: overdub cassettes begin with `overdub: 1`
    ");
}

#[test]
fn a_cassette_of_a_later_format_is_told_apart() {
    insta::assert_snapshot!(told_of("overdub: 2\nupstream: https://a.test\nnew: {}\n...\n"), @r"
    exit code 2
    error: recordings/a.yaml:1:1: is written in cassette format 2; this overdub reads up to 1
      hint: replay it with a newer overdub, or record it again with this one
    ");
}

#[test]
fn an_unknown_key_is_told_with_line_and_column() {
    insta::assert_snapshot!(told_of(&GOOD.replace("response: {status: 200}", "response:\n  status: 200\n  statsu: 1")), @r"
    exit code 2
    error: recordings/a.yaml:8:3: response: unknown key `statsu`; known are status, headers, framing, trailers, body, and `x-…`
    ");
    insta::assert_snapshot!(told_of(&GOOD.replace("...\n---", "colour: blue\n...\n---")), @r"
    exit code 2
    error: recordings/a.yaml:3:1: unknown key `colour`; known are overdub, recorded_with, profile, upstream, repeat, and `x-…`
    ");
}

#[test]
fn what_a_cassette_needs_is_told_when_it_is_missing() {
    insta::assert_snapshot!(told_of(&GOOD.replace("method: GET, ", "")), @r"
    exit code 2
    error: recordings/a.yaml:5:10: request: `method` is missing
    ");
    insta::assert_snapshot!(told_of(&GOOD.replace("status: 200", "status: 99")), @r"
    exit code 2
    error: recordings/a.yaml:6:20: response.status: `99` is not a final status, from 200 to 999
    ");
    insta::assert_snapshot!(told_of(""), @r"
    exit code 2
    error: recordings/a.yaml: is empty
      hint: a cassette begins with `overdub: 1`; delete the file or record it again
    ");
    insta::assert_snapshot!(told_of(&GOOD.replace("{status: 200}", "{status: 200]")), @r"
    exit code 2
    error: recordings/a.yaml:6:23: did not find expected ',' or '}', while parsing a flow mapping
    ");
}

#[test]
fn hostile_files_are_refused_at_once() {
    let body =
        |body: &str| GOOD.replace("{status: 200}", &format!("{{status: 200, body: {{json: {body}}}}}"));
    insta::assert_snapshot!(told_of(&body("[&a [x], *a, *a]")), @r"
    exit code 2
    error: recordings/a.yaml:6:39: anchors and the aliases that repeat them (`&name`) are not allowed in cassettes
      hint: write the value out in full; put it in quotes if it is meant as text
    ");
    insta::assert_snapshot!(told_of(&body("!!binary aGk=")), @r"
    exit code 2
    error: recordings/a.yaml:6:38: tags (`!name`) are not allowed in cassettes
      hint: write the value out in full; put it in quotes if it is meant as text
    ");
    insta::assert_snapshot!(told_of(&body(&("[".repeat(5000) + "]".repeat(5000).as_str()))), @r"
    exit code 2
    error: recordings/a.yaml:6:164: is nested more than 64 levels deep
      hint: put such a body under `text:` instead of `json:`
    ");
    insta::assert_snapshot!(told_of(&GOOD.replace("{status: 200}", "{status: 200, body: {file: ../../etc/passwd}}")), @r"
    exit code 2
    error: recordings/a.yaml:6:38: response.body.file: body file `../../etc/passwd`: not a plain file name; the file must lie beside the cassette
    ");
    insta::assert_snapshot!(told_of(&GOOD.replace("{status: 200}", "{status: 200, body: {file: gone.body}}")), @r"
    exit code 2
    error: recordings/a.yaml:6:38: response.body.file: body file `gone.body`: No such file or directory (os error 2)
    ");
    let large = GOOD
        .replace("{status: 200}", &format!("\n  status: 200\n  body:\n    text: {}", "x".repeat(17 << 20)));
    insta::assert_snapshot!(told_of(&large), @r"
    exit code 2
    error: recordings/a.yaml:4: has a document of more than 16 MiB
      hint: move large bodies into files of their own, with `file:`
    ");
}

#[test]
fn what_a_file_says_is_shown_without_its_control_characters() {
    let told = told_of(&GOOD.replace("status: 200", "\"\\e[31mred\\u202e\": 200"));
    assert!(told.chars().all(|c| c == '\n' || !c.is_control()) && !told.contains('\u{202e}'), "{told:?}");
}

#[test]
fn two_cassettes_of_one_name_are_refused() {
    let project = Project::new();
    project.tape("one/a.yaml", &[]);
    project.tape("two/a.yaml", &[]);
    insta::assert_snapshot!(project.fails(&["replay", "-c", "one/a.yaml", "-c", "two/a.yaml"]), @r"
    exit code 2
    error: two/a.yaml: is a second cassette named `a`; the first is one/a.yaml
      hint: rename one of them, or replay them one at a time
    ");
    project.tape("recordings/b.yaml", &[]);
    project.tape("recordings/b.yml", &[]);
    insta::assert_snapshot!(project.fails(&["replay"]), @r"
    exit code 2
    error: recordings/b.yml: is a second cassette named `b`; the first is recordings/b.yaml
      hint: rename one of them, or replay them one at a time
    ");
}

#[test]
fn all_errors_of_a_directory_are_told_at_once() {
    let project = Project::new();
    project.write("recordings/good.yaml", GOOD);
    project.write("recordings/later.yaml", "overdub: 9\nupstream: https://a.test\n");
    project.write("recordings/empty.yaml", "");
    project.write("recordings/key.yaml", GOOD.replace("method", "methdo"));
    std::fs::create_dir(project.path("recordings/dir.yaml")).unwrap();
    project.write("recordings/dir.yaml/in.yaml", "nothing");
    insta::assert_snapshot!(project.fails(&["replay"]), @r"
    exit code 2
    error: recordings/dir.yaml/in.yaml: is not an overdub cassette
      hint: overdub cassettes begin with `overdub: 1`
    error: recordings/empty.yaml: is empty
      hint: a cassette begins with `overdub: 1`; delete the file or record it again
    error: recordings/key.yaml:5:11: request: unknown key `methdo`; known are method, url, headers, body, and `x-…`
    error: recordings/later.yaml:1:1: is written in cassette format 9; this overdub reads up to 1
      hint: replay it with a newer overdub, or record it again with this one
    ");
    insta::assert_snapshot!(project.fails(&["replay", "-c", "good", "-c", "gone", "-c", "empty"]), @r"
    exit code 2
    error: gone: no such cassette
      hint: known: good, key, later, empty, okta-sms, okta-totp, okta-push, dir.yaml/in, …
    ");
}

#[test]
fn an_exchange_that_a_crash_cut_off_is_set_aside_and_the_rest_plays() {
    let project = Project::new();
    let torn = "---\nrequest: {method: GET, url: /b}\nrespo";
    project.write("recordings/a.yaml", format!("{GOOD}{torn}"));
    let player = project.replay();
    assert!(player.ready.ends_with("interactions=1"), "{}", player.ready);
    assert_eq!(player.ask("GET /a").status(), 200);
    let (status, told) = player.stop();
    assert!(status.success());
    assert!(
        told.contains("WARN") && told.contains("recordings/a.yaml.torn") && told.contains("cut off"),
        "{told}"
    );
    assert_eq!(project.read("recordings/a.yaml.torn"), torn);
    assert_eq!(project.read("recordings/a.yaml"), GOOD);
    let (_, told) = project.replay().stop();
    assert!(!told.contains("WARN"), "once is enough: {told}");
}

#[test]
fn a_torn_cassette_can_be_continued() {
    let upstream = crate::support::wire::Upstream::of_json("{}");
    let project = Project::new();
    project.write("recordings/run.yaml", format!("{GOOD}---\nrequest: {{meth"));
    let recorder = project.record_with(&upstream.url(), &["--append"]);
    assert!(recorder.ready.ends_with("interactions=1"), "{}", recorder.ready);
    recorder.ask("GET /b");
    recorder.stop();
    assert_eq!(project.read("recordings/run.yaml.torn"), "---\nrequest: {meth");
    assert!(project.replay().ready.ends_with("interactions=2"));
}

#[test]
fn a_broken_cassette_is_neither_continued_nor_changed() {
    let project = Project::new();
    let broken = GOOD.replace("method", "methdo");
    project.write("recordings/run.yaml", &broken);
    let told = project.fails(&["record", "--upstream", "http://127.0.0.1:1", "-c", "run", "--append"]);
    assert!(told.starts_with("exit code 2\nerror: recordings/run.yaml:5:"), "{told}");
    assert_eq!(project.cassette(), broken);
}

#[test]
fn a_place_that_cannot_be_written_is_told() {
    let project = Project::new();
    project.write("recordings", "a file");
    insta::assert_snapshot!(project.fails(&["record", "--upstream", "http://127.0.0.1:1", "-c", "run"]), @r#"
    exit code 2
    error: recordings/run.yaml: cannot be written: File exists (os error 17)
      hint: check that its directory can be written; what was recorded before is kept
    "#);
    std::fs::create_dir(project.path("dir.yaml")).unwrap();
    insta::assert_snapshot!(project.fails(&["record", "--upstream", "http://127.0.0.1:1", "-c", "./dir.yaml"]), @r"
    exit code 2
    error: ./dir.yaml: is not a regular file
      hint: give a .yaml file, or a directory of them
    ");
    insta::assert_snapshot!(project.fails(&["demo", "--dir", "recordings/demo"]), @r"
    exit code 2
    error: --dir recordings/demo: Not a directory (os error 20); name a directory that can be written
    ");
}

#[test]
fn a_file_that_may_not_be_read_is_not_taken_for_a_missing_one() {
    let project = Project::new();
    project.write("recordings/a.yaml", GOOD);
    let path = project.path("recordings/a.yaml");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::read(&path).is_ok() {
        eprintln!("skipped: this user may read everything");
        return;
    }
    insta::assert_snapshot!(project.fails(&["replay"]), @r"
    exit code 2
    error: recordings/a.yaml: cannot be read: Permission denied (os error 13)
      hint: check the path and its permissions; an unreadable cassette is never skipped
    ");
    assert!(project.fails(&["replay", "-c", "a"]).contains("Permission denied"));
}

#[test]
fn a_cassette_of_another_profile_is_played_with_a_warning() {
    let project = Project::new();
    project.write("recordings/own.yaml", GOOD.replacen('\n', "\nprofile: mine\n", 1));
    let (_, told) = project.serve(&["replay"]).stop();
    assert!(
        told.contains(
            "recordings/own.yaml: recorded with the profile `mine`, and played with `okta`, so that requests may match \
             otherwise; give the profile that recorded it with --profile"
        ),
        "{told}"
    );

    project.write("recordings/own.yaml", GOOD);
    let (_, told) = project.serve(&["replay"]).stop();
    assert!(!told.contains("WARN"), "by hand it names none: {told}");
}
