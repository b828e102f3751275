//! `overdub.yaml`, saved while overdub runs.

use super::Reloading;
use crate::support::overdub::Project;

const SCRIPT: &str = "describe(\"s\", #{ says: \"default\" });\n\
    on_response(\"GET /a\", |req, res, state| { res.json.said = param(\"says\"); });\n";

fn running(settings: &str) -> Reloading {
    let project = Project::new();
    project.tape("recordings/a.yaml", &[r#"GET /a => 200 {"said":"recorded"}"#, "POST /b => 200 1"]);
    project.tape("recordings/more/b.yaml", &["GET /more => 200 more"]);
    project.write("scenarios/s.rhai", SCRIPT);
    project.write("overdub.yaml", settings);
    Reloading::start(project, &["replay"])
}

#[test]
fn what_can_change_changes_at_once_and_of_the_rest_the_log_says_that_it_needs_a_restart() {
    let mut own = running("cassette: a\n");
    assert_eq!(own.text("GET /a"), r#"{"said":"recorded"}"#);
    own.change(|project| project.write("overdub.yaml", "cassette: a\nscenario: s\n"));
    assert_eq!(own.text("GET /a"), r#"{"said":"default"}"#);
    own.change(|project| project.write("overdub.yaml", "cassette: a\nscenario: s\nset: {s.says: set}\n"));
    assert_eq!(own.text("GET /a"), r#"{"said":"set"}"#);
    assert_eq!([own.ask("POST /b").status(), own.ask("POST /b").status()], [200, 501]);
    assert_eq!(own.ask("GET /more").status(), 501);
    own.change(|project| {
        project.write("overdub.yaml", "cassette: [a, more]\nrepeat: last\nlisten: 127.0.0.1:1\n");
    });
    assert_eq!([own.text("POST /b"), own.text("GET /more")], ["1", "more"]);
    assert_eq!(own.text("GET /a"), r#"{"said":"recorded"}"#);
    own.overdub.told("overdub.yaml: `listen` has changed: that needs a restart");
    own.change(|project| project.tape("recordings/more/b.yaml", &["GET /more => 200 edited"]));
    assert_eq!(own.text("GET /more"), "edited");
}

#[test]
fn settings_that_cannot_be_used_leave_the_ones_that_were_there() {
    let mut own = running("scenario: s\n");
    let told = own.refused(|project| project.write("overdub.yaml", "scenario: s\nset: {says: [}\n"));
    assert!(told.starts_with("overdub.yaml:2:"), "{told}");
    let told = own.refused(|project| project.write("overdub.yaml", "scenario: s\nrepeat: never\n"));
    assert!(told.contains("repeat") && told.contains("never"), "{told}");
    let told = own.refused(|project| project.write("overdub.yaml", "scenario: nobody\n"));
    assert!(told.starts_with("--scenario: there is no scenario `nobody`"), "{told}");
    assert_eq!(own.text("GET /a"), r#"{"said":"default"}"#);
    own.project.write("overdub.yaml", "# as it was\nscenario: s\n");
    own.health.until("no error", |now| now["error"].is_null());
    assert_eq!((own.text("GET /a"), own.generation()), (r#"{"said":"default"}"#.to_owned(), 0));
}

#[test]
fn a_cassette_that_new_settings_want_may_come_after_them() {
    let mut own = running("scenario: s\n");
    own.refused(|project| project.write("overdub.yaml", "scenario: s\ncassette: later\n"));
    assert_eq!(own.text("GET /a"), r#"{"said":"default"}"#);
    own.change(|project| project.tape("recordings/later.yaml", &["GET /later => 200 later"]));
    assert_eq!((own.text("GET /later"), own.ask("GET /a").status()), ("later".to_owned(), 501));
}

#[test]
fn a_file_of_settings_may_come_and_go() {
    let project = Project::new();
    project.tape("recordings/a.yaml", &["POST /b => 200 1"]);
    let mut own = Reloading::start(project, &["replay"]);
    assert_eq!([own.ask("POST /b").status(), own.ask("POST /b").status()], [200, 501]);
    own.change(|project| project.write("overdub.yaml", "repeat: last\n"));
    assert_eq!(own.text("POST /b"), "1");
    own.change(|project| std::fs::remove_file(project.path("overdub.yaml")).unwrap());
    assert_eq!(own.ask("POST /b").status(), 501);
}
