//! What is wrong, what is strange, and how it ends.

use super::told;
use crate::support::overdub::Project;

const HEAD: &str = "overdub: 1\nupstream: https://okta.overdub.test\n...\n";

#[test]
fn sound_cassettes_end_well() {
    let project = Project::new();
    project.tape("recordings/a.yaml", &["GET /a => 200 {}"]);
    project.tape("recordings/sub/b.yaml", &["GET /b => 200 {}"]);
    insta::assert_snapshot!(told(&project, &["check"]), @r#"
    a ... ok
    sub/b ... ok
    2 cassettes, 0 warnings, 0 notes
    exit code 0
    "#);
    insta::assert_snapshot!(told(&project, &["check", "--json", "a"]), @r#"
    {"cassettes":[{"name":"a","path":"recordings/a.yaml","error":null,"warnings":[]}],"notes":[]}
    exit code 0
    "#);
}

#[test]
fn every_broken_cassette_is_told_with_its_place_and_stays_as_it_is() {
    let project = Project::new();
    let torn =
        [HEAD, "---\nrequest: {method: GET, url: /a}\nresponse: {status: 200}\n...\n---\nrequest: {meth"]
            .concat();
    let recorded = torn.replacen("overdub: 1\n", "overdub: 1\nrecorded_with: overdub 0.1.0\n", 1);
    project.write("recordings/torn.yaml", &recorded);
    project.write(
        "recordings/status.yaml",
        [HEAD, "---\nrequest: {method: GET, url: /a}\nresponse: {status: 99}\n...\n"].concat(),
    );
    project.write("recordings/gone.yaml", [HEAD, "---\nrequest: {method: GET, url: /a}\nresponse: {status: 200, body: {file: gone-0001.body}}\n...\n"].concat());
    project.write("recordings/vcr.yaml", "version: 1\ninteractions:\n- request:\n    uri: http://a/\n");
    project.tape("recordings/good.yaml", &["GET /a => 200 {}"]);
    insta::assert_snapshot!(told(&project, &["check"]), @r#"
    gone ... ERROR
    recordings/gone.yaml:6:38: response.body.file: body file `gone-0001.body`: No such file or directory (os error 2)
    good ... ok
    status ... ERROR
    recordings/status.yaml:6:20: response.status: `99` is not a final status, from 200 to 999
    torn ... ERROR
    recordings/torn.yaml:9: is cut off within its last document
      hint: write it to its end, or take it out; a replay that begins sets it aside
    vcr ... ERROR
    recordings/vcr.yaml:1:1: looks like a vcrpy file, not an overdub cassette
      hint: `overdub cassette import FILE -o DIR` makes a cassette of it
    5 cassettes, 0 warnings, 0 notes
    error: cassettes with errors: 4 of 5
    exit code 1
    "#);
    assert_eq!(project.read("recordings/torn.yaml"), recorded);
    assert_eq!(project.list("recordings").len(), 5);
    let (code, json, _) = project.run(&["cassette", "check", "--json", "torn", "good"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(code, 1);
    assert!(json["cassettes"][0]["error"].as_str().unwrap().contains("torn.yaml:9"), "{json:#}");
    assert!(json["cassettes"][1]["error"].is_null());
}

#[test]
fn strange_things_are_warnings_with_their_lines() {
    let project = Project::new();
    let interactions = [
        "request: {method: POST, url: /a, headers: {content-type: application/json}, body: {text: 'a=1'}}\nresponse: {status: 200}",
        "request: {method: GET, url: /b}\nresponse: {status: 200, headers: {content-type: 'application/problem+json; charset=UTF-8'}, body: {text: '<html>'}}",
        "request: {method: GET, url: /c}\nresponse: {status: 200, body: {text: x, coded: true}}",
        "request: {method: GET, url: /d}\nresponse: {status: 200, headers: {content-encoding: x-own}, body: {text: x}}",
        "request: {method: DELETE, url: /e}\nresponse: {status: 204, body: {text: x}}",
        "request: {method: GET, url: /f}\nresponse: {status: 200, headers: {content-encoding: x-own}, body: {text: x, coded: true}}",
    ];
    let documents = interactions.map(|own| format!("---\n{own}\n...\n")).concat();
    let text = ["overdub: 1\nprofile: mine\nupstream: https://okta.overdub.test\n...\n", &documents].concat();
    project.write("recordings/odd.yaml", text);
    project.write("recordings/none.yaml", HEAD);
    insta::assert_snapshot!(told(&project, &["check"]), @r#"
    none ... ok
    warning: recordings/none.yaml:1: holds no interaction
    odd ... ok
    warning: recordings/odd.yaml:1: profile mine is not built in: give its file with --profile wherever the cassette is played
    warning: recordings/odd.yaml:5: POST /a: the request's content-type says JSON, and its body is none
    warning: recordings/odd.yaml:9: GET /b: the response's content-type says JSON, and its body is none
    warning: recordings/odd.yaml:13: GET /c: the body is `coded: true`, and no content-encoding says how
    warning: recordings/odd.yaml:17: GET /d: content-encoding x-own is none that can be applied again: the body needs `coded: true`
    warning: recordings/odd.yaml:21: DELETE /e: the 204 has a body, which HTTP has no place for here; it is not sent
    2 cassettes, 7 warnings, 0 notes
    exit code 0
    "#);
}

#[test]
fn a_body_that_nobody_names_is_noted_and_one_that_is_named_is_not() {
    let project = Project::new();
    project.write(
        "recordings/x.yaml",
        [
            HEAD,
            "---\nrequest: {method: GET, url: /a}\nresponse: {status: 200, body: {file: x-0001.body}}\n...\n",
        ]
        .concat(),
    );
    project.write("recordings/x-0001.body", "named");
    project.write("recordings/x-0002.body", "not named");
    insta::assert_snapshot!(told(&project, &["check"]), @r#"
    x ... ok
    note: recordings/x-0002.body: no cassette beside it names it; it can be deleted
    1 cassette, 0 warnings, 1 note
    exit code 0
    "#);
}

#[test]
fn requests_that_two_cassettes_hold_are_noted() {
    let project = Project::new();
    project.tape("recordings/a.yaml", &["GET /a => 200 {}", "GET /b?x=1&y=2 => 200 {}", "GET /a => 404 {}"]);
    project.tape("recordings/b.yaml", &["GET /b?y=2&x=1 => 200 {}", "GET /c => 200 {}"]);
    project.tape("recordings/c.yaml", &["GET /d => 200 {}"]);
    insta::assert_snapshot!(told(&project, &["check"]), @r#"
    a ... ok
    b ... ok
    c ... ok
    note: a and b share 1 request (GET /b?y=2&x=1): played together, those of the first are given first
    3 cassettes, 0 warnings, 1 note
    exit code 0
    "#);
}
