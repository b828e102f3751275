//! Files and directories, from outside.

use crate::support::overdub::Project;

/// A vcrpy cassette of one exchange with this origin and body.
fn sample(origin: &str, body: &str) -> String {
    format!(
        "interactions:\n- request:\n    body: null\n    headers: {{Authorization: [SSWS 00abcdefghijklmnopqrstuvwxyz0123456789abcd]}}\n    \
         method: GET\n    uri: {origin}/api/v1/users/me\n  response:\n    body: {{string: '{body}'}}\n    headers: {{}}\n    \
         status: {{code: 200, message: OK}}\nversion: 1\n"
    )
}

const ORG: &str = "https://acme.okta.com";

fn tree() -> Project {
    let project = Project::new();
    project.write("in/a.yaml", sample(ORG, r#"{"id":"1"}"#));
    project.write("in/deep/er/b.yml", sample(ORG, r#"{"id":"2"}"#));
    project.write("in/README.md", "# Recordings\n");
    project.write("in/settings.yaml", "retries: 3\nhosts: [a, b]\n");
    project.write("in/bad.yaml", "interactions:\n- request:\n    method: GET\n    uri: https://a.test\n");
    project.write("in/.hidden.yaml", sample(ORG, "x"));
    project
}

#[test]
fn a_directory_keeps_its_structure_and_a_bad_file_does_not_stop_the_rest() {
    let project = tree();
    let (code, stdout, stderr) = project.run(&["cassette", "import", "in", "-o", "out"]);
    assert_eq!(code, 1);
    insta::assert_snapshot!(format!("{stdout}{stderr}"), @r#"
    2 files with 2 interactions imported (vcrpy 2); 2 skipped, 1 failed
    replaced: no values
    in/README.md: skipped: holds no recorded interactions
    in/settings.yaml: skipped: holds no recorded interactions
    error: in/bad.yaml:2: the interaction has no `response`
    error: 1 file could not be imported
    "#);
    assert_eq!(project.list("out"), ["a.yaml", "deep"]);
    insta::assert_snapshot!(project.read("out/deep/er/b.yaml"), @r#"
    overdub: 1
    recorded_with: overdub 0.1.0
    profile: okta
    upstream: https://okta.overdub.test
    ...
    ---
    request:
      method: GET
      url: /api/v1/users/me
    response:
      status: 200
      body:
        json:
          id: "2"
    ...
    "#);
}

#[test]
fn the_summary_is_one_json_object() {
    let project = tree();
    let (_, stdout, _) = project.run(&["cassette", "import", "in", "-o", "out", "--json"]);
    insta::assert_snapshot!(stdout, @r#"
    {
      "files": 2,
      "interactions": 2,
      "formats": {
        "vcrpy": {
          "files": 2,
          "interactions": 2
        }
      },
      "replaced": {},
      "notes": [],
      "leaks": [],
      "skipped": [
        {
          "file": "in/README.md",
          "why": "holds no recorded interactions"
        },
        {
          "file": "in/settings.yaml",
          "why": "holds no recorded interactions"
        }
      ],
      "failed": [
        {
          "file": "in/bad.yaml",
          "line": 2,
          "column": 0,
          "what": "the interaction has no `response`"
        }
      ]
    }
    "#);
}

#[test]
fn a_single_file_becomes_exactly_the_cassette_that_is_named() {
    let project = tree();
    let (code, ..) = project.run(&["cassette", "import", "in/a.yaml", "-o", "new/x.yaml", "--redact", "off"]);
    assert_eq!((code, project.list("new")), (0, vec!["x.yaml".to_owned()]));
    insta::assert_snapshot!(project.read("new/x.yaml"), @r#"
    overdub: 1
    recorded_with: overdub 0.1.0
    profile: okta
    upstream: https://acme.okta.com
    ...
    ---
    request:
      method: GET
      url: /api/v1/users/me
      headers:
        authorization: SSWS 00abcdefghijklmnopqrstuvwxyz0123456789abcd
    response:
      status: 200
      body:
        json:
          id: "1"
    ...
    "#);
    let (code, ..) = project.run(&["cassette", "import", "in/a.yaml", "-o", "dir"]);
    assert_eq!((code, project.list("dir")), (0, vec!["a.yaml".to_owned()]));
}

#[test]
fn what_exists_stays_unless_it_is_to_be_replaced() {
    let project = tree();
    project.write("out/a.yaml", "mine");
    let said = project.fails(&["cassette", "import", "in", "-o", "out"]);
    insta::assert_snapshot!(said, @r#"
    exit code 2
    error: out/a.yaml: exists already; nothing was imported. Use --overwrite to replace what exists
    "#);
    assert_eq!(
        (project.read("out/a.yaml"), project.list("out")),
        ("mine".to_owned(), vec!["a.yaml".to_owned()])
    );
    let (_, stdout, _) = project.run(&["cassette", "import", "in", "-o", "out", "--overwrite"]);
    assert!(stdout.starts_with("2 files"), "{stdout}");
    assert!(project.read("out/a.yaml").starts_with("overdub: 1\n"));
}

#[test]
fn what_cannot_be_is_told_before_anything_is_written() {
    let project = tree();
    project.write("in/a.json", sample(ORG, "other"));
    insta::assert_snapshot!(project.fails(&["cassette", "import", "in", "-o", "out"]), @r#"
    exit code 2
    error: in/a.json and in/a.yaml would both become out/a.yaml; rename one, or import them into different directories
    "#);
    assert!(!project.path("out").exists());
    project.write("in/a.json", r#"{"name": "no recording"}"#);
    let (_, stdout, _) = project.run(&["cassette", "import", "in", "-o", "out"]);
    assert!(stdout.starts_with("2 files"), "{stdout}");
    for args in [
        &["in/a.yaml", "-o", "in"][..],
        &["in", "-o", "x.yaml"],
        &["in/a.yaml", "-o", "x.yml"],
        &["in/a.yaml", "-o", "x.json"],
        &["in/a.yaml", "-o", "-"],
        &["no", "-o", "x"],
    ] {
        let args = [&["cassette", "import"], args].concat();
        let (code, stdout, stderr) = project.run(&args);
        assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
    }
    insta::assert_snapshot!(project.fails(&["cassette", "import", "in/a.yaml", "-o", "in", "--overwrite"]), @r#"
    exit code 2
    error: in/a.yaml would be overwritten by its own import; choose another --output
    "#);
    insta::assert_snapshot!(project.fails(&["cassette", "import", "in", "-o", "x.yaml"]), @r#"
    exit code 2
    error: --output x.yaml: several recordings do not go into one cassette; name a directory
    "#);
}

#[test]
fn the_most_frequent_origin_is_the_upstream() {
    let project = Project::new();
    let one = sample("https://other.example.com", "x");
    let item = sample(ORG, "y").split_once('\n').unwrap().1.replace("version: 1\n", "");
    project.write("a.yaml", one.replace("version: 1\n", &format!("{item}{item}version: 1\n")));
    project.run(&["cassette", "import", "a.yaml", "-o", "x.yaml", "--redact", "off"]);
    let cassette = project.read("x.yaml");
    assert!(cassette.contains("upstream: https://acme.okta.com\n"), "{cassette}");
    assert!(cassette.contains("url: https://other.example.com/api/v1/users/me\n"), "{cassette}");
    assert_eq!(cassette.matches("url: /api/v1/users/me\n").count(), 2);
}

#[test]
fn one_value_is_one_stand_in_even_before_it_is_told_to_be_a_value() {
    let project = Project::new();
    let first = sample(ORG, "someone@acme.org was here").replace("version: 1\n", "");
    let second = sample(ORG, r#"{"profile":{"login":"someone@acme.org","lastName":"Curie"}}"#);
    project.write("a.yaml", format!("{first}{}", second.split_once('\n').unwrap().1));
    let (code, stdout, _) = project.run(&["cassette", "import", "a.yaml", "-o", "x.yaml"]);
    insta::assert_snapshot!(format!("{code}\n{stdout}{}", project.read("x.yaml")), @r#"
    0
    1 file with 2 interactions imported (vcrpy 1); 0 skipped, 0 failed
    replaced: 1 email, 1 name
    overdub: 1
    recorded_with: overdub 0.1.0
    profile: okta
    upstream: https://okta.overdub.test
    ...
    ---
    request:
      method: GET
      url: /api/v1/users/me
    stand_ins:
      "user1@example.test": email
    response:
      status: 200
      body:
        text: |-
          user1@example.test was here
    ...
    ---
    request:
      method: GET
      url: /api/v1/users/me
    stand_ins:
      Name1: name
    response:
      status: 200
      body:
        json:
          profile:
            login: user1@example.test
            lastName: Name1
    ...
    "#);
}

#[test]
fn what_looks_like_a_secret_afterwards_is_told() {
    let project = Project::new();
    let body = r#"{"provider":{"kind":"custom","type":"HEADER","customAppKey":"C1A3CED7-2009-4CCE-BEF4-034278790828"}}"#;
    // Go's encoder ends a text with a line break, so that it stays text.
    project.write("a.yaml", sample(ORG, &format!("{body}\n\n      ")));
    let (code, stdout, stderr) = project.run(&["cassette", "import", "a.yaml", "-o", "x.yaml"]);
    insta::assert_snapshot!(format!("{code}\n{stdout}{stderr}"), @r#"
    1
    1 file with 1 interaction imported (vcrpy 1); 0 skipped, 0 failed
    replaced: no values
    x.yaml:14:68: token-shaped: C1A3… (36 characters)
    error: 1 value in the cassettes may be secrets; `overdub cassette audit --rules` says what to do about each kind
    "#);
}

#[test]
fn cookies_that_were_joined_are_replaced_one_by_one() {
    let project = Project::new();
    let cookies = "sid=\"\"; Expires=Thu, 01-Jan-1970 00:00:10 GMT; Path=/, JSESSIONID=290A7A97996F610999DEF5C00FD53161; Path=/, lang=en";
    project.write(
        "a.yaml",
        sample(ORG, "x").replace("headers: {}", &format!("headers:\n      set-cookie: ['{cookies}']")),
    );
    let (code, ..) = project.run(&["cassette", "import", "a.yaml", "-o", "x.yaml"]);
    let cassette = project.read("x.yaml");
    let line = cassette.lines().find(|line| line.contains("set-cookie")).unwrap();
    insta::assert_snapshot!(format!("{code} {}", line.trim()), @r#"0 set-cookie: "sid=\"\"; Expires=Thu, 01-Jan-1970 00:00:10 GMT; Path=/, JSESSIONID=redacted; Path=/, lang=en""#);
}
