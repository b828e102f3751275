//! Files that nobody means well with: a clear error each.

use super::{imported, refused};
use crate::support::overdub::Project;

const ITEM: &str = "- request: {method: GET, uri: 'https://org.example.com/a', headers: {}}\n  response:\n    status: {code: 200}\n    \
                    headers: {}\n    body: {string: ''}\n";

#[test]
fn each_error_says_where_and_what() {
    let deep = format!("interactions:\n- request: {}{}\n", "[".repeat(200), "]".repeat(200));
    let deep_json = format!("{{\"interactions\": [{}{}]}}", "[".repeat(200), "]".repeat(200));
    let bomb = format!(
        "interactions:\n- request: &a [{}]\n  b: &b [{}]\n  c: &c [{}]\n  d: [{}]\n",
        ["lol"; 200].join(","),
        ["*a"; 200].join(","),
        ["*b"; 200].join(","),
        ["*c"; 200].join(",")
    );
    let said: Vec<_> = [
        ("empty.yaml", ""),
        ("none.yaml", "a: 1\n"),
        ("text.md", "# Heading\n"),
        ("cassette.yaml", "overdub: 1\nupstream: https://a.test\n...\n"),
        ("cut.yaml", "interactions:\n- request:\n    body: 'never"),
        ("cut.json", "{\"interactions\": [\n{\"request\""),
        ("tab.yaml", "interactions:\n- request:\n\tmethod: GET\n"),
        ("lacks.yaml", "interactions:\n- request: {method: GET, uri: 'http://a.test'}\n"),
        ("status.yaml", &ITEM.replace("- request", "interactions:\n- request").replace("{code: 200}", "{}")),
        ("deep.yaml", &deep),
        ("deep.json", &deep_json),
        ("bomb.yaml", &bomb),
        ("self.yaml", "interactions:\n- &a [*a]\n"),
    ]
    .iter()
    .map(|(name, text)| refused(name, text))
    .collect();
    insta::assert_snapshot!(said.join("\n"), @r#"
    error: empty.yaml: is empty
    error: none.yaml: holds no recorded interactions
    error: text.md: holds no recorded interactions
    error: cassette.yaml: is an overdub cassette already
    error: cut.yaml:3:11: is no YAML: while scanning a quoted scalar, found unexpected end of stream
    error: cut.json:2:10: is no JSON: EOF while parsing an object
    error: tab.yaml:3:2: is no YAML: tabs disallowed within this context (block indentation)
    error: lacks.yaml:2: the interaction has no `response`
    error: status.yaml:2: the response has no status
    error: deep.yaml:2: is nested more than 64 levels deep
    error: deep.json:1:128: is no JSON: recursion limit exceeded
    error: bomb.yaml:4: aliases repeat too much
    error: self.yaml:2: an alias here stands for what it is a part of
    "#);
    insta::assert_snapshot!(refused("latin.yaml", b"interactions:\n- a: caf\xe9\n"), @r#"error: latin.yaml:2:9: is not UTF-8 text"#);
}

#[test]
fn line_ends_and_byte_order_marks_do_not_matter() {
    let plain = format!("interactions:\n{ITEM}");
    let expected = imported("a.yaml", &plain);
    assert_eq!(imported("a.yaml", plain.replace('\n', "\r\n")), expected);
    assert_eq!(imported("a.yaml", format!("\u{feff}{plain}")), expected);
}

/// What becomes of files found in a directory, beside a good one.
fn in_a_tree(files: &[(&str, &str)]) -> (i32, String) {
    let project = Project::new();
    project.write("in/good.yaml", format!("interactions:\n{ITEM}"));
    for (name, text) in files {
        project.write(&format!("in/{name}"), text);
    }
    let (code, stdout, stderr) = project.run(&["cassette", "import", "in", "-o", "out"]);
    assert!(stdout.starts_with("1 file with 1 interaction imported (vcrpy 1)"), "{stdout}{stderr}");
    (code, stderr)
}

#[test]
fn what_begins_as_a_recording_and_breaks_is_a_failure_in_a_tree_too() {
    let go = "---\nversion: 1\ninteractions:\n- request:\n    url: https://a.test/\n    method: GET\n";
    let names: String = ["*a"; 1000].join(",");
    let bomb =
        format!("version: 1\na: &a [{}]\nb: [{names}]\ninteractions: *a\n", vec!["lol"; 1100].join(","));
    let (code, said) = in_a_tree(&[
        ("bomb.yaml", &bomb),
        ("creator.har", "{\"log\": {\"version\": \"1.2\", \"creator\": {\"name\": \"x"),
        ("cut.yaml", go),
        ("list.json", "[{\"request\": {\"method\": \"GET\", \"path\": \"/"),
        ("ruby.yml", "- !ruby/struct:VCR::HTTPInteraction \n  request: 'never"),
    ]);
    assert_eq!(code, 1);
    insta::assert_snapshot!(said, @r#"
    error: in/bomb.yaml:3: aliases repeat too much
    error: in/creator.har:1:49: is no JSON: EOF while parsing a string
    error: in/cut.yaml:4: the interaction has no `response`
    error: in/list.json:1:41: is no JSON: EOF while parsing a string
    error: in/ruby.yml:2:12: is no YAML: while scanning a quoted scalar, found unexpected end of stream
    error: 5 files could not be imported
    "#);
}

#[test]
fn what_is_broken_or_whole_and_no_recording_is_skipped_in_a_tree() {
    let (code, said) = in_a_tree(&[
        ("app.json", "{\"name\": \"app\", \"version\": "),
        ("api.yaml", "paths:\n  /a: {get: [}\n"),
        ("log.yaml", "log: {level: \"info}\n"),
        ("sets.yaml", "interactions:\n- {kind: click}\n"),
        ("empty.yaml", ""),
    ]);
    assert_eq!(code, 0, "{said}");
    insta::assert_snapshot!(said, @r#"
    in/api.yaml: skipped: is neither YAML nor JSON: is no YAML: while parsing a node, did not find expected node content
    in/app.json: skipped: is neither YAML nor JSON: is no JSON: EOF while parsing a value
    in/empty.yaml: skipped: is empty
    in/log.yaml: skipped: is neither YAML nor JSON: is no YAML: while scanning a quoted scalar, found unexpected end of stream
    in/sets.yaml: skipped: holds no recorded interactions
    "#);
    // A guide that quotes one.
    let (code, said) = in_a_tree(&[("guide.md", "# Guide\n\n```\ninteractions:\n- request: {\n```\n")]);
    assert_eq!(code, 0, "{said}");
    assert!(said.starts_with("in/guide.md: skipped: is neither YAML nor JSON: "), "{said}");
}

#[test]
fn a_file_of_another_format_than_the_one_that_is_asked_for_is_refused() {
    let go = "version: 1\ninteractions:\n- request: {url: 'https://a.test/', method: GET}\n  response: {status: 200 OK, code: 200}\n";
    let har = "{\"log\": {\"entries\": []}}";
    let project = Project::new();
    project.write("go.yaml", go);
    project.write("a.har", har);
    let said = |format: &str, file: &str| {
        let (code, _, stderr) = project.run(&["cassette", "import", file, "-o", "o", "--format", format]);
        format!("{code} {}", stderr.lines().next().unwrap_or_default())
    };
    let all =
        [said("har", "go.yaml"), said("vcrpy", "go.yaml"), said("vcrpy", "a.har"), said("go-vcr", "go.yaml")];
    insta::assert_snapshot!(all.join("\n"), @r#"
    1 error: go.yaml:3: is no har but looks like go-vcr; leave --format away, or say --format go-vcr
    1 error: go.yaml:3: is no vcrpy but looks like go-vcr; leave --format away, or say --format go-vcr
    1 error: a.har: is no vcrpy but looks like har; leave --format away
    0 
    "#);
}

#[test]
fn what_is_alike_is_told_a_few_times() {
    use std::fmt::Write as _;
    let mut headers = String::new();
    for number in 1..=322 {
        let _ = writeln!(headers, "      x-{number}: [\"\\x01\"]");
    }
    let said = imported(
        "odd.yaml",
        format!("interactions:\n{}", ITEM.replace("    headers: {}\n", &format!("    headers:\n{headers}"))),
    );
    let notes: Vec<_> = said.lines().filter(|line| line.starts_with("odd.yaml")).collect();
    assert_eq!(notes.len(), 11, "{said}");
    insta::assert_snapshot!(format!("{}\n{}", notes[0], notes[10]), @r#"
    odd.yaml:6: not carried over: the value of the header `x-1` cannot be sent
    odd.yaml:16: and 312 more like this: not carried over: the value of the header `…` cannot be sent
    "#);
}
