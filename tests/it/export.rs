//! `overdub cassette export`: what the files of other tools say, and that nothing is lost on the way back.

mod back;
mod formats;
mod laws;

use crate::cassette_command::ODD;
use crate::support::overdub::Project;

#[test]
fn what_ships_can_be_written_in_every_format() {
    let project = Project::new();
    let names = [
        "okta-push",
        "okta-question",
        "okta-sms",
        "okta-totp",
        "push-enroll-poll",
        "sms-remembered-verification",
    ];
    for format in ["har", "wiremock", "vcrpy", "go-vcr", "curl"] {
        let export = [&["cassette", "export", "--to", format, "-o", format], &names[..]].concat();
        let (code, stdout, stderr) = project.run(&export);
        assert_eq!((code, stderr.as_str()), (0, ""), "{format}");
        assert_eq!(stdout.lines().count(), names.len());
    }
    insta::assert_snapshot!(project.list("har").join(" "), @r#"okta-push.har okta-question.har okta-sms.har okta-totp.har push-enroll-poll.har sms-remembered-verification.har"#);
    insta::assert_snapshot!(project.list("curl").join(" "), @r#"okta-push.sh okta-question.sh okta-sms.sh okta-totp.sh push-enroll-poll.sh sms-remembered-verification.sh"#);
}

#[test]
fn a_file_is_replaced_only_when_that_is_said() {
    let project = Project::new();
    project.write("out.har", "mine");
    let export = ["cassette", "export", "okta-sms", "--to", "har", "-o", "out.har"];
    insta::assert_snapshot!(project.fails(&export), @r#"
    exit code 2
    error: out.har: exists already; choose another name, or replace it with --overwrite
    "#);
    assert_eq!(project.read("out.har"), "mine");
    let (code, stdout, _) = project.run(&[&export[..], &["--overwrite"]].concat());
    assert_eq!((code, stdout.as_str()), (0, "out.har: 9 interactions\n"));
    assert!(project.read("out.har").starts_with("{\n  \"log\""));
    assert_eq!(project.list("."), ["out.har"]);
}

#[test]
fn no_cassette_is_lost_to_an_export() {
    let project = Project::new();
    let cassette = format!("# Written by hand.\n\n{ODD}");
    project.write("recordings/odd.yaml", &cassette);
    let export = ["cassette", "export", "odd", "--to", "vcrpy", "--overwrite", "-o", "recordings"];
    insta::assert_snapshot!(project.fails(&export), @r#"
    exit code 2
    error: recordings/odd.yaml: is a cassette, and stays one; choose another name
    "#);
    assert_eq!(project.read("recordings/odd.yaml"), cassette);
    assert_eq!(project.list("recordings"), ["odd.yaml"]);
}

#[test]
fn several_cassettes_need_a_directory_and_one_bad_one_keeps_no_other_back() {
    let project = Project::new();
    project.write("recordings/sub/odd.yaml", ODD);
    project.write("recordings/bad.yaml", "overdub: 1\nupstream: nowhere\n...\n");
    insta::assert_snapshot!(project.fails(&["cassette", "export", "bad", "sub/odd", "--to", "vcrpy"]), @r#"
    exit code 2
    error: 2 cassettes: name the directory that they go into with -o DIR
    "#);
    let (code, stdout, stderr) =
        project.run(&["cassette", "export", "bad", "sub/odd", "--to", "vcrpy", "-o", "out"]);
    insta::assert_snapshot!(format!("{code}\n{stdout}{stderr}"), @r#"
    2
    out/sub/odd.yaml: 6 interactions
    error: recordings/bad.yaml:2:11: upstream: `nowhere` is not an origin such as `https://okta.overdub.test`, without a path
    "#);
    assert_eq!(project.list("out/sub"), ["odd.yaml"]);
}

#[test]
fn what_a_format_cannot_say_is_told_with_its_place() {
    let project = Project::new();
    project.write("recordings/odd.yaml", ODD);
    for (format, lines) in [("wiremock", [6, 53].as_slice()), ("curl", &[63]), ("har", &[]), ("vcrpy", &[])] {
        let (code, _, stderr) = project.run(&["cassette", "export", "odd", "--to", format]);
        let places = stderr.lines().filter_map(|line| line.split("odd.yaml:").nth(1)?.split(':').next());
        let places: Vec<u32> = places.map(|place| place.parse().unwrap()).collect();
        assert_eq!((code, places.as_slice()), (0, lines), "{format}: {stderr}");
    }
}
