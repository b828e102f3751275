//! `overdub scenario test`: what passes, what fails, and what it says of either.

use super::told;
use crate::support::overdub::Project;

const SCRIPT: &str = "describe(\"busy\", #{ times: 1 });
on_request(\"GET /a\", |req, state| { if first(param(\"times\")) { return okta_error(\"E0000047\"); } });
on_response(\"GET /a\", |req, res, state| {
    if between(\"10s\", \"20s\") { res.fault(truncate(3)).delay(\"2s\"); }
});
on_request(\"GET /never\", |req, state| hang());
";

/// A project with one scenario, `busy`, and these tests.
fn busy(tests: &str) -> Project {
    let project = Project::new();
    project.write("scenarios/busy.rhai", SCRIPT);
    project.write("scenarios/busy.test.yaml", tests);
    project
}

/// Tests over one answer, with these steps.
fn steps(steps: &str) -> String {
    let answers = "[{ request: GET /a, json: { id: 1, list: [1, 2], nested: { a: null } } }]";
    format!("tests:\n  - name: it\n    answers: {answers}\n    steps:\n{steps}")
}

#[test]
fn faults_delays_sessions_and_time_are_values_that_nobody_waits_for() {
    let project = busy(&steps(
        "      - request: GET /a
        expect: { status: 429, headers: { X-Rate-Limit-Reset: \"1767603601\", location: null, date: '*' } }
      - { request: GET /a, session: other, expect: { status: 429 } }
      - { request: GET /a, times: 2, expect: { status: 200, json: { list: [1, 2] }, faults: [], delay: 0s } }
      - { request: GET /a, wait: 15s, expect: { faults: [truncate], delay: 1s..3s } }
      - { request: GET /a, expect: { faults: [\"truncate(3)\"], delay: 2s, text: nested } }
      - { request: GET /a, wait: 10m, keep: { id: /id }, expect: { json: { id: 1 }, absent: [/nested/b] } }
      - { request: GET /never, expect: { faults: [hang] } }
",
    ));
    insta::assert_snapshot!(told(&project, &["test"]), @r#"
    busy: it (over answers) ... ok

    1 passed, 0 failed
    "#);
}

#[test]
fn every_kind_of_difference_is_told_and_fails_the_run() {
    let wrong = |step: &str| {
        let project = busy(&steps(&format!("      - {step}\n")));
        let said = told(&project, &["test"]);
        assert!(said.ends_with("exit code 1"), "{said}");
        said.lines().filter_map(|line| line.strip_prefix("      ")).collect::<Vec<_>>().join("\n")
    };
    let answered =
        |expect: &str| wrong(&format!("{{ request: GET /a, session: s, times: 2, expect: {expect} }}"));
    insta::assert_snapshot!(answered("{ status: 200 }"), @r#"status: expected 200, got 429 {"errorCode":"E0000047","errorSummary":"API call exceeded rate limit due to too many requests.","errorLink":"E0000047","errorId":"oaeHaTPgK5Y97hTAfDv7Vpmxj","errorCauses":[]}"#);
    let after = |expect: &str| {
        let first = "{ request: GET /a }\n      - ";
        wrong(&format!("{first}{{ request: GET /a, expect: {expect} }}"))
    };
    insta::assert_snapshot!(after("{ status: 201 }"), @r#"status: expected 201, got 200 {"id":1,"list":[1,2],"nested":{"a":null}}"#);
    insta::assert_snapshot!(after("{ json: { id: 2, nested: { a: 1, b: 1 }, list: [1] } }"), @r#"
    json /id: expected 2, got 1
    json /nested/a: expected 1, got null
    json /nested/b: expected 1, but there are only a
    json /list: expected 1 elements, got 2: [1,2]
    "#);
    insta::assert_snapshot!(after("{ absent: [/nested/a, /nowhere] }"), @r#"json /nested/a: expected nothing, got null"#);
    insta::assert_snapshot!(after("{ headers: { content-type: text/html, server: '*', content-length: null } }"), @r#"
    header content-length: expected none, got `41`
    header content-type: expected `text/html`, got `application/json`
    header server: expected one, got none
    "#);
    insta::assert_snapshot!(after("{ text: nothing }"), @r#"text: `nothing` is not in 200 {"id":1,"list":[1,2],"nested":{"a":null}}"#);
    insta::assert_snapshot!(after("{ faults: [reset], delay: 1s }"), @r#"
    faults: expected reset, got none
    delay: expected 1s, got 0s
    "#);
    insta::assert_snapshot!(wrong("{ request: GET /never }"), @r#"faults: expected none, got hang"#);
    insta::assert_snapshot!(wrong("{ request: GET /never, expect: { status: 200, faults: [hang] } }"), @r#"an answer is expected, got no answer: hang"#);
    insta::assert_snapshot!(wrong("{ request: GET /nobody, keep: { a: /b } }"), @r#"
    overdub: never recorded: GET /nobody
    cassettes in force: answers (1)
    closest: nothing like it was recorded
    what to do: record it (`overdub record --append …`), or let the client send what was recorded
    what shows more: overdub explain -c answers 'GET /nobody'
    "#);
    insta::assert_snapshot!(wrong("{ request: 'GET /{user}' }"), @r#"/{user}: nothing is known under {user}; there are: origin"#);
    insta::assert_snapshot!(wrong("{ request: GET /a, keep: { list: /errorCauses } }"), @r#"keep list: there is no text at /errorCauses in 429 {"errorCode":"E0000047","errorSummary":"API call exceeded rate limit due to too many requests.","errorLink":"E0000047","errorId":"oaetIMwv3MqDridmMxyGMaUdr","errorCauses":[]}"#);
}

#[test]
fn a_doctored_expectation_of_a_shipped_scenario_fails() {
    let project = Project::new();
    let (_, script) = overdub::shipped::SCENARIOS.iter().find(|(name, _)| *name == "push-expired").unwrap();
    let (_, tests) =
        overdub::shipped::SCENARIO_TESTS.iter().find(|(name, _)| *name == "push-expired").unwrap();
    project.write("scenarios/push-expired.rhai", script);
    project.write("scenarios/push-expired.test.yaml", tests.replacen("status: EXPIRED", "status: ACTIVE", 1));
    let said = told(&project, &["test"]);
    assert!(said.contains("(over okta-push) ... FAILED\n    step 5: GET /api/v1/users/00u"), "{said}");
    assert!(said.contains("      json /status: expected \"ACTIVE\", got \"EXPIRED\"\n"), "{said}");
    assert!(said.ends_with("error: scenario tests that failed: 2 of 5\nexit code 1"), "{said}");
}

#[test]
fn a_script_that_fails_is_told_with_its_place() {
    let project = busy(&steps("      - { request: GET /a, expect: { status: 429 } }\n"));
    project.write(
        "scenarios/busy.rhai",
        "on_response(\"GET /a\", |req, res| {\n    res.json.statuz = res.json.state;\n});\n",
    );
    let said = told(&project, &["test"]);
    assert!(said.contains("scenarios/busy.rhai:2:31: res.json has no property `state`"), "{said}");
    project.write("scenarios/busy.rhai", "on_response(");
    let said = told(&project, &["test"]);
    assert!(said.contains("scenarios/busy.rhai:1:"), "{said}");
    let set = steps("      - { request: GET /a }\n").replace("    steps", "    set: { speed: 1 }\n    steps");
    let said = told(&busy(&set), &["test"]);
    assert!(said.contains("no scenario in force has a parameter `speed`"), "{said}");
}

#[test]
fn what_is_wrong_with_the_tests_themselves_is_told_before_any_is_run() {
    let project = busy(&steps("      - { request: GET /a, expcted: {} }\n"));
    insta::assert_snapshot!(told(&project, &["test"]), @r#"
    error: scenarios/busy.test.yaml:5:28: tests[0].steps[0]: unknown field `expcted`, expected one of `request`, `headers`, `body`, `text`, `session`, `times`, `wait`, `expect`, `keep`
    exit code 2
    "#);
    let project = Project::new();
    project.write("scenarios/busy.rhai", SCRIPT);
    insta::assert_snapshot!(told(&project, &["test"]), @r#"
    error: no tests: busy; write scenarios/NAME.test.yaml (`overdub scenario new` begins one)
    exit code 2
    "#);
    insta::assert_snapshot!(told(&project, &["test", "busy", "push-expired"]), @r#"
    error: no tests: busy; write scenarios/NAME.test.yaml (`overdub scenario new` begins one)
    exit code 2
    "#);
    let over = "tests:\n  - name: it\n    over: [okta-psh]\n    steps: [{ request: GET /a }]\n";
    let said = told(&busy(over), &["test"]);
    assert!(
        said.contains("okta-psh") && said.contains("okta-push") && said.ends_with("exit code 1"),
        "{said}"
    );
}

#[test]
fn as_json_each_run_is_an_object() {
    let project = busy(&steps("      - { request: GET /a, expect: { status: 200 } }\n"));
    insta::assert_snapshot!(told(&project, &["test", "--json"]), @r#"
    {"passed":0,"failed":1,"tests":[{"scenario":"busy","test":"it","over":"answers","ok":false,"failed":{"step":1,"request":"GET /a","differences":["status: expected 200, got 429 {\"errorCode\":\"E0000047\",\"errorSummary\":\"API call exceeded rate limit due to too many requests.\",\"errorLink\":\"E0000047\",\"errorId\":\"oaetIMwv3MqDridmMxyGMaUdr\",\"errorCauses\":[]}"]}}],"notes":["busy: no test fires on_response GET /a (scenarios/busy.rhai:3)","busy: no test fires on_request GET /never (scenarios/busy.rhai:6)"]}
    error: scenario tests that failed: 1 of 1
    exit code 1
    "#);
}
