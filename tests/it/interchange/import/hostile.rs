//! Files that nobody means well with: a clear error each.

use super::{imported, refused};

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
