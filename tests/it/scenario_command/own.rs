//! Scenarios of a project: listed, checked, begun.

use super::told;
use crate::support::overdub::Project;

const MAINTENANCE: &str = "describe(\"down for maintenance\", #{ status: 503, after: \"1s\" });
on_request(\"* /api/**\", |req, state| respond(param(\"status\"), \"back soon\"));
";
const BROKEN: &str = "describe(\"a typo\");
on_response(\"GET /a\", |req, res| {
    res.json.status = \"ACTIVE\"
    res.status = 200;
});
";

#[test]
fn a_list_tells_title_parameters_and_routes() {
    let project = Project::new();
    project.write("scenarios/maintenance.rhai", MAINTENANCE);
    project.write("scenarios/broken.rhai", BROKEN);
    insta::assert_snapshot!(told(&project, &["list", "maintenance", "broken", "push-expired"]), @r#"
    maintenance (this project's)
        down for maintenance
        --set after=1s    (a text)
        --set status=503    (an integer)
        on_request * /api/**

    broken (this project's)
        scenarios/broken.rhai:4:5: expecting ';' to terminate this statement
         4 |     res.status = 200;
           |     ^

    push-expired
        a push activation that nobody completes: WAITING, then the factor is EXPIRED
        --set after_polls=2    (an integer)
        on_response POST /api/v1/users/{user}/factors
        on_request POST /api/v1/users/{user}/factors/{factor}/lifecycle/activate/poll
        on_response GET /api/v1/users/{user}/factors/{factor}
    "#);
    let all = told(&project, &["list"]);
    for name in ["maintenance (this project's)\n", "\nsms-remembered\n", "\nmoved-permanently\n"] {
        assert!(all.contains(name), "{name}: {all}");
    }
}

#[test]
fn a_list_as_json_tells_the_same() {
    let project = Project::new();
    project.write("scenarios/maintenance.rhai", MAINTENANCE);
    insta::assert_snapshot!(told(&project, &["list", "--json", "maintenance"]), @r#"{"scenarios":[{"name":"maintenance","title":"down for maintenance","shipped":false,"path":"scenarios/maintenance.rhai","parameters":[{"name":"after","kind":"a text","default":"1s","value":"1s"},{"name":"status","kind":"an integer","default":"503","value":"503"}],"handlers":[{"phase":"on_request","route":"* /api/**","line":2}],"error":null}]}"#);
}

#[test]
fn a_check_tells_every_error_with_its_place_and_which_scenarios_get_in_each_others_way() {
    let project = Project::new();
    project.write("scenarios/maintenance.rhai", MAINTENANCE);
    project.write("scenarios/broken.rhai", BROKEN);
    project
        .write("scenarios/unknown.rhai", "on_request(\"GET /a\", |req, state| okta_error(\"E0000999\"));\n");
    insta::assert_snapshot!(told(&project, &["check"]), @r#"
    broken ... ERROR
    scenarios/broken.rhai:4:5: expecting ';' to terminate this statement
     4 |     res.status = 200;
       |     ^
    maintenance ... ok
    unknown ... ERROR
    scenarios/unknown.rhai:1:46: Okta has no error code `E0000999`; close are: E0000099
     1 | on_request("GET /a", |req, state| okta_error("E0000999"));
       |                                              ^
    error: scenarios with errors: 2 of 3
    exit code 1
    "#);
    insta::assert_snapshot!(told(&project, &["check", "maintenance", "rate-limited"]), @r#"
    maintenance ... ok
    rate-limited ... ok
    note: maintenance and rate-limited may both answer one request (scenarios/maintenance.rhai:2: * /api/**, rate-limited.rhai (shipped):17: * /api/v1/**): the one that --scenario names first does
    "#);
    insta::assert_snapshot!(told(&project, &["check", "--json", "maintenance"]), @r#"{"scenarios":[{"name":"maintenance","path":"scenarios/maintenance.rhai","error":null}],"notes":[]}"#);
}

#[test]
fn a_name_that_is_none_is_told_with_those_there_are() {
    let project = Project::new();
    let said = told(&project, &["check", "push-expird"]);
    assert!(said.contains("push-expird") && said.contains("push-expired"), "{said}");
    assert!(said.ends_with("exit code 2"), "{said}");
    for command in ["list", "test"] {
        assert!(told(&project, &[command, "nothing"]).ends_with("exit code 2"));
    }
}

#[test]
fn a_test_without_its_scenario_is_told_and_fails() {
    let project = Project::new();
    project.write("scenarios/lib/maintenance.rhai", MAINTENANCE);
    project.write("scenarios/lib/maintenence.test.yaml", "tests: []\n");
    insta::assert_snapshot!(told(&project, &["check"]), @r#"
    lib/maintenance ... ok
    lib/maintenence ... ERROR
    scenarios/lib/maintenence.test.yaml: there is no scenarios/lib/maintenence.rhai beside it to test: rename the one or the other
    error: scenarios with errors: 1 of 2
    exit code 1
    "#);
    let said = told(&project, &["test"]);
    assert!(said.contains("lib/maintenence.test.yaml: there is no scenarios/lib/maintenence.rhai"), "{said}");
    assert!(said.ends_with("exit code 2"), "{said}");
    // Who asks for one that is sound is told of that one.
    insta::assert_snapshot!(told(&project, &["check", "lib/maintenance"]), @"lib/maintenance ... ok");
    // A shipped scenario brings tests of its own, and would leave these unplayed.
    project.write("scenarios/push-expired.test.yaml", "tests: []\n");
    let said = told(&project, &["test", "push-expired"]);
    assert!(said.contains("there is no scenarios/push-expired.rhai beside it"), "{said}");
}

#[test]
fn a_new_scenario_passes_check_and_test_as_it_is() {
    let project = Project::new();
    insta::assert_snapshot!(told(&project, &["new", "my-first_1"]), @r#"
    scenarios/my-first_1.rhai
    scenarios/my-first_1.test.yaml
    "#);
    insta::assert_snapshot!(told(&project, &["check"]), @r#"my-first_1 ... ok"#);
    insta::assert_snapshot!(told(&project, &["test"]), @r#"
    my-first_1: the third read finds the factor INACTIVE (over answers) ... ok
    my-first_1: the first passcode is refused, the second one is not (over answers) ... ok

    2 passed, 0 failed
    "#);
    insta::assert_snapshot!(told(&project, &["list", "my-first_1"]), @r#"
    my-first_1 (this project's)
        a factor is there for a while, and then it is INACTIVE
        --set after_reads=2    (an integer)
        on_response GET /api/v1/users/{user}/factors/{factor}
        on_request POST /api/v1/users/{user}/factors/{factor}/verify
    "#);
}

#[test]
fn a_new_scenario_replaces_nothing_unless_it_is_told_to() {
    let project = Project::new();
    project.write("scenarios/mine.test.yaml", "mine");
    insta::assert_snapshot!(told(&project, &["new", "mine"]), @r#"
    error: scenarios/mine.test.yaml: is there already; choose another name, or replace it with --force
    exit code 2
    "#);
    assert_eq!(project.list("scenarios"), ["mine.test.yaml"], "half of it is worse than nothing");
    assert_eq!(project.read("scenarios/mine.test.yaml"), "mine");
    told(&project, &["new", "mine", "--force"]);
    assert!(project.read("scenarios/mine.test.yaml").contains("overdub scenario test mine"));
    assert!(told(&project, &["new", "mine"]).contains("mine.rhai and scenarios/mine.test.yaml"));
}

#[test]
fn a_name_for_a_new_scenario_is_a_file_name_and_nothing_more() {
    let project = Project::new();
    for name in ["../mine", "a/b", "", "a b", "ä", ".mine", &"a".repeat(65)] {
        let said = told(&project, &["new", name]);
        assert!(
            said.contains("is no name for a scenario") && said.ends_with("exit code 2"),
            "{name}: {said}"
        );
    }
    assert!(!project.path("scenarios").exists());
}

#[test]
fn a_scenario_of_the_project_hides_a_shipped_one_of_its_name() {
    let project = Project::new();
    project.write("scenarios/push-expired.rhai", "describe(\"mine\");");
    assert!(told(&project, &["list", "push-expired"]).contains("push-expired (this project's)\n    mine"));
    assert!(told(&project, &["test", "push-expired"]).contains("no tests: push-expired"));
}
