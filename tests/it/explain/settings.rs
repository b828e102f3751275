//! What would have a request answered: each setting that is told does.

use super::{explain, project, verdicts};
use crate::support::overdub::Project;
use crate::support::wire::Upstream;

const OTHER_NOTE: &str = r#"{"text":"two","tag":{"a":"x","at":"10:00"}}"#;
const OTHER_TAG: &str = r#"{"text":"one","tag":{"b":1}}"#;

fn note(body: &str) -> String {
    format!("curl http://127.0.0.1:8080/notes -d '{body}'")
}

fn settings(project: &Project, flags: &[&str]) -> Vec<String> {
    let told = explain(project, flags);
    let listed =
        told.rsplit_once("what would have it answered:\n").map(|(_, listed)| listed).unwrap_or_default();
    listed.lines().map_while(|line| line.strip_prefix("    ")).map(str::to_owned).collect()
}

/// Writes the profile that is printed below the first setting to `own.yaml`, exactly as it stands there.
fn write_printed(project: &Project, told: &[String]) {
    let file: Vec<_> = told[1..].iter().map_while(|line| line.strip_prefix("  ")).collect();
    assert!(!file.is_empty(), "{told:?}");
    project.write("own.yaml", file.join("\n") + "\n");
}

/// The status of a live replay's answer.
fn live(project: &Project, flags: &[&str], request: &str) -> u16 {
    let player = project.serve(&[&["replay", "-c", "flow"], flags].concat());
    let status = player.ask(request).status();
    player.stop();
    status
}

#[test]
fn a_field_that_varies() {
    let project = project();
    let told = settings(&project, &[&note(OTHER_NOTE)]);
    assert_eq!(
        told[..3],
        [
            "--profile FILE, a profile of your own in which `text` varies: then flow #6 answers",
            "  extends: okta",
            "  volatile: [\"text\"]"
        ]
    );
    let request = format!("POST /notes\n\n{OTHER_NOTE}");
    assert_eq!(live(&project, &[], &request), 501);
    write_printed(&project, &told);
    assert_eq!(live(&project, &["--profile", "own.yaml"], &request), 200);
    assert!(verdicts(&project, &["--profile", "own.yaml", &note(OTHER_NOTE)])[0].contains("flow #6 "));
    // What the profile of one's own lacks goes into it.
    let told = settings(&project, &["--profile", "own.yaml", &note(OTHER_TAG)]);
    assert!(told[0].starts_with("`tag` in the list `volatile` of own.yaml: then"), "{told:?}");
}

#[test]
fn a_field_that_only_one_of_both_has_varies_with_what_it_stands_in() {
    let project = project();
    let told = settings(&project, &[&note(OTHER_TAG)]);
    assert!(told[0].starts_with("--profile FILE, a profile of your own in which `tag` varies"), "{told:?}");
    write_printed(&project, &told);
    let request = format!("POST /notes\n\n{OTHER_TAG}");
    assert_eq!(live(&project, &["--profile", "own.yaml"], &request), 200);
}

#[test]
fn a_body_that_is_not_to_be_compared() {
    let project = project();
    let body = r#"{"words":["one"]}"#;
    let told = settings(&project, &[&note(body)]);
    assert!(
        told[0].starts_with("`body: unrecorded` in the request of flow #6 (recordings/flow.yaml:28)"),
        "{told:?}"
    );
    let recorded = project.read("recordings/flow.yaml");
    let edited = recorded.replace(r#"{json: {text: one, tag: {a: x, at: "10:00"}}}"#, "unrecorded");
    assert_ne!(edited, recorded);
    project.write("recordings/flow.yaml", edited);
    assert_eq!(live(&project, &[], &format!("POST /notes\n\n{body}")), 200);
    assert!(verdicts(&project, &[&note(body)])[0].ends_with("whatever its body is: none was recorded"));
}

#[test]
fn a_write_that_is_used_up() {
    let project = project();
    let delete = "DELETE /api/v1/users/00u1/factors/mbl1";
    let told = settings(&project, &[delete, delete]);
    assert!(told[0].starts_with("`repeat: last` in flow #5 (recordings/flow.yaml:24)"), "{told:?}");
    assert!(told[1].starts_with("--repeat last: then flow #5 answers"), "{told:?}");
    assert!(told[2].starts_with("a session that begins: POST /__overdub/reset, or another name"), "{told:?}");
    let answered = |flags: &[&str]| verdicts(&project, &[flags, &[delete, delete]].concat());
    assert!(answered(&["--repeat", "last"]).iter().all(|line| line.contains("flow #5 ")));

    let player = project.serve(&["replay"]);
    assert_eq!(player.ask(delete).status(), 204);
    assert_eq!(player.ask(delete).status(), 501);
    assert_eq!(player.ask(&format!("{delete}\nx-overdub-session: another")).status(), 204);
    player.ask("POST /__overdub/reset");
    assert_eq!(player.ask(delete).status(), 204);
    player.stop();

    let recorded = project.read("recordings/flow.yaml");
    project.write(
        "recordings/flow.yaml",
        recorded.replace("response: {status: 204}", "response: {status: 204}\nrepeat: last"),
    );
    assert!(answered(&[]).iter().all(|line| line.contains("flow #5 ")));
    assert!(answered(&["--repeat", "error"]).iter().all(|line| line.contains("flow #5 ")));
}

#[test]
fn a_condition_that_the_request_lacks() {
    let project = project();
    let told = settings(&project, &["GET /copy"]);
    assert!(told[0].starts_with("the header If-None-Match or If-Modified-Since in the request"), "{told:?}");
    assert_eq!(live(&project, &[], "GET /copy"), 501);
    assert_eq!(live(&project, &[], "GET /copy\nif-none-match: \"x\""), 304);
    assert!(verdicts(&project, &["curl /copy -H 'if-modified-since: x'"])[0].contains("flow #7 "));
}

#[test]
fn a_cassette_that_is_asked_for_by_name() {
    let project = project();
    project.tape("recordings/other.yaml", &["GET /only/there => 200 1"]);
    let line = "curl /only/there -H 'x-overdub-cassette: flow'";
    let told = settings(&project, &["-c", "other", line]);
    assert!(told[0].starts_with("no header x-overdub-cassette: then other #1 answers"), "{told:?}");
    assert!(told[1].starts_with("x-overdub-cassette: other: then other #1 answers"), "{told:?}");
    for line in ["curl /only/there", "curl /only/there -H 'x-overdub-cassette: other'"] {
        assert!(verdicts(&project, &["-c", "other", line])[0].contains("other #1 "));
    }
    let told = settings(&project, &["GET /only/there"]);
    assert!(told[0].starts_with("-c other beside the others: then other #1 answers"), "{told:?}");
}

#[test]
fn recording_it() {
    let project = project();
    let (missed, upstream) = ("GET /api/v1/users/00u1", Upstream::of_json("{\"id\":\"00u1\"}"));
    let told = settings(&project, &[missed]);
    assert!(
        told.last().unwrap().contains("overdub proxy --mode new_episodes --upstream URL -c flow"),
        "{told:?}"
    );
    let player =
        project.serve(&["proxy", "--mode", "new_episodes", "--upstream", &upstream.url(), "-c", "flow"]);
    assert_eq!(player.ask(missed).status(), 200);
    player.stop();
    assert!(verdicts(&project, &[missed])[0].contains("flow #8 "));
}
