//! The scenarios that ship: each plays what its tests say, over a recording and over the sandbox.

use std::collections::BTreeSet;
use std::path::Path;

use overdub::shipped::{SCENARIO_TESTS, SCENARIOS};

use super::told;
use crate::support::overdub::Project;

#[test]
fn every_shipped_scenario_does_what_its_tests_say_and_no_handler_is_idle() {
    let said = told(&Project::new(), &["test"]);
    for (name, _) in SCENARIOS {
        let own = || said.lines().filter(|line| line.starts_with(&format!("{name}: ")));
        assert!(own().next().is_some(), "{name} has no tests: {said}");
        assert!(own().all(|line| line.ends_with(" ... ok")), "{said}");
        assert!(own().any(|line| line.contains("(over sandbox)")), "{name} is never played live");
        assert!(
            own().any(|line| !line.contains("(over sandbox)")),
            "{name} is never played over a recording"
        );
    }
    assert!(said.ends_with(", 0 failed") && !said.contains("note:"), "{said}");
}

#[test]
fn all_files_in_scenarios_ship_under_their_own_names() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let files = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name());
    let files: BTreeSet<_> = files.map(|name| name.to_string_lossy().into_owned()).collect();
    let scripts = SCENARIOS.iter().map(|(name, _)| format!("{name}.rhai"));
    let tests = SCENARIO_TESTS.iter().map(|(name, _)| format!("{name}.test.yaml"));
    let shipped: BTreeSet<_> = scripts.chain(tests).chain(["README.md".to_owned()]).collect();
    assert_eq!(files, shipped);
}

#[test]
fn each_opens_with_what_okta_does_and_how_that_is_known() {
    for (name, text) in SCENARIOS {
        let opening: String = text.lines().take_while(|line| line.starts_with("//")).collect();
        assert!(opening.contains("Source: "), "{name}: {opening}");
        let said = told(&Project::new(), &["list", name]);
        let params = said.lines().filter_map(|line| line.trim().strip_prefix("--set ")?.split('=').next());
        for param in params {
            assert!(opening.contains(&format!("{param}:")), "{name}: {param} is not explained");
        }
    }
}

#[test]
fn the_index_names_each_with_its_title() {
    let index = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/README.md");
    let index = std::fs::read_to_string(index).unwrap();
    for (name, text) in SCENARIOS {
        let title = text.lines().find_map(|line| line.strip_prefix("describe(\"")?.split('"').next());
        let row = format!("| [`{name}`]({name}.rhai) | {} |", title.unwrap());
        assert!(index.contains(&row), "{row}");
    }
}

#[test]
fn a_parameter_that_makes_no_sense_is_told_at_load() {
    let project = Project::new();
    for (scenario, setting) in [
        ("moved-permanently", "variant=sideways"),
        ("push-number-challenge", "result=MAYBE"),
        ("gateway-html-502", "status=418"),
        ("cut-connections", "how=gently"),
        ("cut-connections", "every=0"),
        ("concurrent-limit", "every=0"),
    ] {
        let args = ["replay", "-c", "okta-push", "--listen", "0", "--scenario", scenario, "--set", setting];
        let said = project.fails(&args);
        let name = setting.split('=').next().unwrap();
        assert!(said.contains("exit code 2") && said.contains(&format!("{name} is ")), "{said}");
    }
}

#[test]
fn each_variant_of_a_redirect_fires_all_that_it_registers() {
    let project = Project::new();
    let factors = "/api/v1/users/00u1/factors";
    let enrolled = format!(r#"POST {factors} => 200 {{"id":"opf1"}}"#);
    project.tape("recordings/enrolment.yaml", &[enrolled.as_str()]);
    for (variant, follows) in
        [("plain", Some("/opf1")), ("other-host", None), ("loop", Some("")), ("post-to-get", None)]
    {
        let variant = format!("variant={variant}");
        let mut args = vec!["replay", "-c", "enrolment", "--require-fired"];
        args.extend(["--scenario", "moved-permanently", "--set", &variant]);
        let player = project.serve(&args);
        assert_eq!(player.ask(&format!("POST {factors}")).status(), 301, "{variant}");
        if let Some(place) = follows {
            player.ask(&format!("GET {factors}{place}"));
        }
        let (status, told) = player.stop();
        assert_eq!(status.code(), Some(0), "{variant}: {told}");
    }
}

#[test]
fn a_shipped_scenario_plays_anywhere_by_its_name() {
    let project = Project::new();
    let args = ["replay", "-c", "okta-push", "--scenario", "gateway-html-502", "--set", "status=504"];
    let player = project.serve(&args);
    assert_eq!(player.ask("GET /api/v1/users/x/factors").status(), 504);
    assert_eq!(player.ask("GET /api/v1/users/x/factors").status(), 501);
}
