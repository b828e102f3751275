//! Recording again what was recorded before.

use insta::assert_snapshot;
use overdub::cassette::{Part, Rewrite};

use crate::support::overdub::{Overdub, Project};
use crate::support::wire::{Act, Upstream, json, with_body};

/// An API with one user, who has an id, a login and some fields more.
fn api(id: &str, login: &str, more: &str) -> Upstream {
    let user = format!(
        r#"{{"id":"{id}","created":"2026-01-05T09:08:45.000Z","profile":{{"login":"{login}"}}{more},"_links":{{"self":{{"href":"/api/v1/users/{id}"}}}}}}"#
    );
    Upstream::start(move |request| -> Vec<Act> {
        match request.target().split('?').next().unwrap_or_default() {
            "/api/v1/groups" => json("[]"),
            "/api/v1/gone" => {
                with_body("HTTP/1.1 404 X\ncontent-type: application/json", r#"{"errorCode":"E0000007"}"#)
            }
            _ => json(&user),
        }
    })
}

/// What a client does there.
fn play(overdub: &Overdub, id: &str, login: &str, more: &[&str]) {
    let body = format!(r#"{{"profile":{{"login":"{login}"}}}}"#);
    overdub.ask(&format!("POST /api/v1/users\ncontent-type: application/json\n\n{body}"));
    for line in more {
        overdub.ask(line);
    }
    overdub.ask(&format!("GET /api/v1/users/{id}"));
}

const ID: &str = "00ua4t9ugYY0pDxkE4x6";
const OTHER: &str = "00uLPHffIbkcy4kIFjcX";

/// A project with a recorded cassette, and that.
fn recorded(more: &[&str]) -> (Project, String) {
    let project = Project::new();
    let upstream = api(ID, "jane@acme.com", r#","status":"ACTIVE""#);
    let recorder = project.record(&upstream.url());
    play(&recorder, ID, "jane@acme.com", more);
    assert!(recorder.stop().0.success());
    let text = project.cassette();
    (project, text)
}

fn update(project: &Project, upstream: &Upstream) -> Overdub {
    project.serve(&["record", "--upstream", &upstream.url(), "--update", "run"])
}

/// The lines that are in one text only, in the order of a diff.
fn lines(before: &str, after: &str) -> String {
    let (one, other): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let mut table = vec![vec![0; other.len() + 1]; one.len() + 1];
    for i in (0..one.len()).rev() {
        for j in (0..other.len()).rev() {
            table[i][j] = if one[i] == other[j] {
                table[i + 1][j + 1] + 1
            } else {
                table[i + 1][j].max(table[i][j + 1])
            };
        }
    }
    let (mut i, mut j, mut out) = (0, 0, Vec::new());
    while i < one.len() || j < other.len() {
        if i < one.len() && j < other.len() && one[i] == other[j] {
            (i, j) = (i + 1, j + 1);
        } else if j == other.len() || (i < one.len() && table[i + 1][j] >= table[i][j + 1]) {
            out.push(format!("-{}", one[i]));
            i += 1;
        } else {
            out.push(format!("+{}", other[j]));
            j += 1;
        }
    }
    out.join("\n")
}

#[test]
fn what_means_the_same_stays_to_the_byte() {
    let (project, before) = recorded(&[]);
    let upstream = api(OTHER, "bob@x.org", r#","status":"ACTIVE""#);
    let recorder = update(&project, &upstream);
    play(&recorder, OTHER, "bob@x.org", &[]);
    let (status, told) = recorder.stop();
    assert!(
        status.success() && told.contains("recordings/run.yaml: same 2, changed 0, new 0, not asked for 0"),
        "{told}"
    );
    assert_eq!(lines(&before, &project.cassette()), "");
    assert_eq!(project.list("recordings"), ["run.yaml"]);
}

#[test]
fn what_has_changed_is_all_that_a_diff_shows() {
    let (project, before) = recorded(&["GET /api/v1/groups"]);
    let upstream = api(OTHER, "bob@x.org", r#","status":"STAGED","manager":"eve@x.org""#);
    let recorder = update(&project, &upstream);
    play(&recorder, OTHER, "bob@x.org", &["GET /api/v1/gone?of=bob@x.org"]);
    let (status, told) = recorder.stop();
    assert!(status.success() && told.contains("same 0, changed 2, new 1, not asked for 1"), "{told}");
    let after = project.cassette();
    let changed = lines(&before, &after);
    let moment = |line: &&str| !line.starts_with("+at: ") && !line.starts_with("+took: ");
    assert_snapshot!(changed.lines().filter(moment).collect::<Vec<_>>().join("\n"), @r#"
    +  "user2@example.test": email
    -      status: ACTIVE
    +      status: STAGED
    +      manager: user2@example.test
    +request:
    +  method: GET
    +  url: /api/v1/gone?of=user1@example.test
    +response:
    +  status: 404
    +  headers:
    +    content-type: application/json
    +  body:
    +    json:
    +      errorCode: E0000007
    +...
    +---
    -      status: ACTIVE
    +      status: STAGED
    +      manager: user2@example.test
    "#);
    assert!(!after.contains(OTHER) && !after.contains("x.org"), "{after}");
    // It is a cassette as any other.
    let replay = project.replay();
    assert!(replay.ask(&format!("GET /api/v1/users/{ID}")).text().contains("STAGED"));
}

#[test]
fn a_recording_that_was_killed_is_taken_over_by_the_next_one() {
    let (project, before) = recorded(&[]);
    let upstream = api(ID, "jane@acme.com", r#","status":"STAGED""#);
    let recorder = project.serve(&[
        "record",
        "--upstream",
        &upstream.url(),
        "--update",
        "run",
        "--log",
        "overdub=debug",
    ]);
    play(&recorder, ID, "jane@acme.com", &[]);
    recorder.told("recorded: GET");
    recorder.kill();
    assert_eq!(project.cassette(), before);
    assert_eq!(project.list("recordings"), ["run.yaml", "run.yaml.again"]);
    let recorder = update(&project, &upstream);
    let (status, told) = recorder.stop();
    assert!(status.success(), "{told}");
    assert!(
        told.contains("a recording that did not come to its end left recordings/run.yaml.again behind"),
        "{told}"
    );
    assert_eq!(
        lines(&before, &project.cassette()),
        "-      status: ACTIVE\n+      status: STAGED\n-      status: ACTIVE\n+      status: STAGED"
    );
    assert_eq!(project.list("recordings"), ["run.yaml"]);
}

#[test]
fn large_bodies_beside_the_cassette_go_with_what_named_them() {
    let project = Project::new();
    let large = |letter: &str| Upstream::of_json(&format!("{{\"a\":\"{}\"}}", letter.repeat(70_000)));
    let (one, other) = (large("a"), large("b"));
    let recorder = project.record(&one.url());
    recorder.ask("GET /a");
    recorder.ask("GET /b");
    assert!(recorder.stop().0.success());
    let recorder = update(&project, &other);
    recorder.ask("GET /b");
    assert!(recorder.stop().0.success());
    assert_eq!(project.list("recordings"), ["run-0001.body", "run-0003.body", "run.yaml"]);
    let replay = project.replay();
    assert!(replay.ask("GET /a").text().contains("aaa"));
    assert!(replay.ask("GET /b").text().contains("bbb"));
}

#[test]
fn there_has_to_be_a_cassette_to_update() {
    let project = Project::new();
    let fails =
        |args: &[&str]| project.fails(&[&["record", "--upstream", "http://127.0.0.1:1"], args].concat());
    assert_snapshot!(fails(&["--update", "run"]), @r#"
    exit code 2
    error: --update: recordings/run.yaml: there is no such cassette to update; record it with -c first
    "#);
    let told = fails(&["--update", "run", "--append"]);
    assert!(
        told.starts_with("exit code 2") && told.contains("--update <NAME>' cannot be used with '--append'"),
        "{told}"
    );
    let told = fails(&[]);
    assert!(told.starts_with("exit code 2") && told.contains("--cassette <NAME>"), "{told}");
}

#[test]
fn comments_between_interactions_stay_where_they_are() {
    let (project, text) = recorded(&["GET /api/v1/groups"]);
    let commented = text.replace("...\n---\n", "...\n# about what follows\n---\n") + "# the end\n";
    project.write("recordings/run.yaml", &commented);
    let upstream = api(OTHER, "bob@x.org", r#","status":"STAGED""#);
    let recorder = update(&project, &upstream);
    play(&recorder, OTHER, "bob@x.org", &["GET /api/v1/gone?of=bob@x.org"]);
    let (status, told) = recorder.stop();
    assert!(status.success() && told.contains("changed 2, new 1, not asked for 1"), "{told}");
    let after = project.cassette();
    let kept = |text: &str| text.lines().filter(|line| line.starts_with('#')).count();
    assert_eq!(kept(&after), kept(&commented), "{after}");
    // Each document has one end.
    assert_eq!(after.matches("\n...\n").count(), after.matches("\n---\n").count() + 1, "{after}");
    assert_eq!(project.replay().ask(&format!("GET /api/v1/users/{ID}")).line(), "HTTP/1.1 200 OK");
}

#[test]
fn what_somebody_wrote_in_the_meantime_is_left_alone() {
    let (project, text) = recorded(&[]);
    let path = project.path("recordings/run.yaml");
    let own = Rewrite::open(&path).unwrap();
    // As an editor saves: another file under the same name.
    let edited = text.replacen("---\n", "# a thought\n---\n", 1);
    project.write("recordings/new.yaml", &edited);
    std::fs::rename(project.path("recordings/new.yaml"), &path).unwrap();
    let error = own.merge(&[Part::Kept(0)]).unwrap_err().to_string();
    assert!(error.contains("was edited meanwhile"), "{error}");
    assert_eq!(project.cassette(), edited);
}

#[cfg(unix)]
#[test]
fn a_cassette_that_is_nobody_elses_to_read_stays_so_and_no_planted_link_is_written_through() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let (project, _) = recorded(&[]);
    let path = project.path("recordings/run.yaml");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    project.write("precious", "as it was");
    symlink(project.path("precious"), project.path("recordings/run.yaml.new")).unwrap();
    let upstream = api(OTHER, "bob@x.org", r#","status":"STAGED""#);
    let recorder = update(&project, &upstream);
    play(&recorder, OTHER, "bob@x.org", &[]);
    let (status, told) = recorder.stop();
    assert!(status.success() && told.contains("changed 2"), "{told}");
    let metadata = std::fs::symlink_metadata(&path).unwrap();
    assert!(metadata.is_file() && metadata.permissions().mode() & 0o777 == 0o600, "{metadata:?}");
    assert_eq!(std::fs::read_to_string(project.path("precious")).unwrap(), "as it was");
}
