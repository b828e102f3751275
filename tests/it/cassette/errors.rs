//! Every message: what, where, and what to do.

use insta::assert_snapshot;

use super::message;

/// The message about a cassette with this second document.
fn about(interaction: &str) -> String {
    message(format!("overdub: 1\nupstream: https://a.test\n---\n{interaction}"))
}

/// The message about a good interaction but for its response.
fn about_response(response: &str) -> String {
    about(&format!("request: {{method: GET, url: /}}\nresponse:\n{response}"))
}

#[test]
fn a_file_that_is_no_cassette() {
    assert_snapshot!(message(""), @r#"
    x.yaml: is empty
      hint: a cassette begins with `overdub: 1`; delete the file or record it again
    "#);
    assert_snapshot!(message("# nothing\n---\n...\n"), @r#"
    x.yaml: is empty
      hint: a cassette begins with `overdub: 1`; delete the file or record it again
    "#);
    assert_snapshot!(message("hello\n"), @r#"
    x.yaml:1:1: is not an overdub cassette
      hint: overdub cassettes begin with `overdub: 1`
    "#);
    assert_snapshot!(message("<html>\n"), @r#"
    x.yaml:1:1: is not an overdub cassette
      hint: overdub cassettes begin with `overdub: 1`
    "#);
    assert_snapshot!(message("a: b\n"), @r#"
    x.yaml:1:1: is not an overdub cassette
      hint: overdub cassettes begin with `overdub: 1`
    "#);
    assert_snapshot!(message("---\nversion: 2\ninteractions:\n- id: 0\n  request:\n    url: /\n"), @r#"
    x.yaml:1:1: looks like a go-vcr file, not an overdub cassette
      hint: `overdub cassette import FILE -o DIR` makes a cassette of it
    "#);
    assert_snapshot!(message("interactions:\n- request:\n    uri: /\nversion: 1\n"), @r#"
    x.yaml:1:1: looks like a vcrpy file, not an overdub cassette
      hint: `overdub cassette import FILE -o DIR` makes a cassette of it
    "#);
    assert_snapshot!(message("---\nhttp_interactions:\n- request: !binary x\n"), @r#"
    x.yaml:1:1: looks like a Ruby VCR file, not an overdub cassette
      hint: `overdub cassette import FILE -o DIR` makes a cassette of it
    "#);
    assert_snapshot!(message("{\n  \"log\": {\n"), @r#"
    x.yaml:1:1: looks like a HAR file, not an overdub cassette
      hint: `overdub cassette import FILE -o DIR` makes a cassette of it
    "#);
    assert_snapshot!(message("{\"log\":{\"entries\":[]}}"), @r#"
    x.yaml: looks like a HAR file, not an overdub cassette
      hint: `overdub cassette import FILE -o DIR` makes a cassette of it
    "#);
    assert_snapshot!(message("overdub: 1\nx: \u{0}\n"), @r#"x.yaml:2:4: control characters are not allowed"#);
    assert_snapshot!(message(b"overdub: 1\nupstream: \"\xe9\xff\"\n"), @r#"
    x.yaml:2:12: is not UTF-8 text
      hint: save the file as UTF-8; bytes that are not text belong under `base64:`
    "#);
    assert_snapshot!(message(b"\xff\xfeo\0v\0"), @r#"
    x.yaml: is not an overdub cassette
      hint: overdub cassettes begin with `overdub: 1`
    "#);
}

#[test]
fn a_header_that_cannot_be_used() {
    assert_snapshot!(message("overdub: 2\nnew: things\n"), @r#"
    x.yaml:1:1: is written in cassette format 2; this overdub reads up to 1
      hint: replay it with a newer overdub, or record it again with this one
    "#);
    assert_snapshot!(message("overdub: one\n"), @r#"x.yaml:1:10: overdub: `one` is not a version such as 1"#);
    assert_snapshot!(message("overdub: 1\n"), @r#"x.yaml:1:1: `upstream` is missing"#);
    assert_snapshot!(message("overdub: 1\nupstream: okta.test\n"), @r#"x.yaml:2:11: upstream: `okta.test` is not an origin such as `https://okta.overdub.test`, without a path"#);
    assert_snapshot!(message("overdub: 1\nupstream: https://okta.test/api\n"), @r#"x.yaml:2:11: upstream: `https://okta.test/api` is not an origin such as `https://okta.overdub.test`, without a path"#);
    assert_snapshot!(message("overdub: 1\nupstraem: https://okta.test\n"), @r#"x.yaml:2:1: unknown key `upstraem`; known are overdub, recorded_with, profile, upstream, repeat, and `x-…`"#);
    assert_snapshot!(message("overdub: 1\noverdub: 1\n"), @r#"x.yaml:2:1: `overdub` is given twice"#);
    assert_snapshot!(message("overdub: 1\nupstream: https://okta.te"), @r#"
    x.yaml: is cut off within its header
      hint: nothing was recorded in it; delete the file or record with --overwrite
    "#);
}

#[test]
fn an_interaction_with_something_wrong() {
    assert_snapshot!(about("request: {method: GET, url: /}\n"), @r#"x.yaml:4:1: `response` is missing"#);
    assert_snapshot!(about("request: {url: /}\nresponse: {status: 200}\n"), @r#"x.yaml:4:10: request: `method` is missing"#);
    assert_snapshot!(about("request:\n  method: G T\n"), @r#"x.yaml:5:11: request.method: `G T` is not a method such as GET"#);
    assert_snapshot!(about("request:\n  method: GET\n  url: x y\n"), @r#"x.yaml:6:8: request.url: `x y` is not a URL that begins with `/`, `http://` or `https://`, without blanks"#);
    assert_snapshot!(about("request:\n  method: GET\n  method: PUT\n"), @r#"x.yaml:6:3: request: `method` is given twice"#);
    assert_snapshot!(about("request: {method: GET, url: /, body: {json: 1, text: x}}\n"), @r#"x.yaml:4:38: request.body: a body has only one of `json:`, `text:`, `base64:`, `file:`"#);
    assert_snapshot!(about("request: {method: GET, url: /, body: hello}\n"), @r#"x.yaml:4:38: request.body: a body is one of `json:`, `text:`, `base64:`, `file:`; write `text:` before the text"#);
    assert_snapshot!(about("at: yesterday\n"), @r#"x.yaml:4:5: at: `yesterday` is not a time such as 2020-04-22T12:09:20.000Z"#);
    assert_snapshot!(about("took: 5\n"), @r#"x.yaml:4:7: took: `5` is not a duration such as 182ms or 1s 500ms"#);
    assert_snapshot!(about("repeat: always\n"), @r#"x.yaml:4:9: repeat: `always` is not `error`, `last` or `cycle`"#);
    assert_snapshot!(about("- a\n"), @r#"x.yaml:4:1: invalid type: sequence, expected an interaction with `request` and `response`"#);
    assert_snapshot!(about("resp\u{1b}[31monse: 1\n"), @r#"x.yaml:4:5: control characters are not allowed"#);
    assert_snapshot!(about("\"resp\\x1b[31monse\": 1\n"), @r#"x.yaml:4:1: unknown key `resp\u{1b}[31monse`; known are at, took, request, stand_ins, repeat, response, and `x-…`"#);
}

#[test]
fn a_response_with_something_wrong() {
    assert_snapshot!(about_response("  status: 99\n"), @r#"x.yaml:6:11: response.status: `99` is not a final status, from 200 to 999"#);
    assert_snapshot!(about_response("  status: 200\n  headers:\n    a b: c\n"), @r#"x.yaml:8:5: response.headers: `a b` is not a header name"#);
    assert_snapshot!(about_response("  status: 200\n  headers:\n    A: c\n    a: d\n"), @r#"x.yaml:9:5: response.headers: `a` is given twice; write its lines as a list"#);
    assert_snapshot!(about_response("  status: 200\n  headers:\n    a: \"\\n\"\n"), @r#"x.yaml:8:8: response.headers.a: the value of `a` has control characters"#);
    assert_snapshot!(about_response("  status: 200\n  headers:\n    a: true\n"), @r#"x.yaml:8:8: response.headers.a: invalid type: boolean `true`, expected a header value: text in quotes, a list of them, or `{base64: …}`"#);
    assert_snapshot!(about_response("  status: 200\n  framing: some\n"), @r#"x.yaml:7:12: response.framing: `some` is not `length` or `chunked`"#);
    assert_snapshot!(about_response("  status: 200\n  body:\n    base64: \"%\"\n"), @r#"x.yaml:8:13: response.body.base64: `%` is not Base64"#);
    assert_snapshot!(about_response("  status: 200\n  body:\n    json: {a: .nan}\n"), @r#"x.yaml:8:15: response.body.json.a: JSON has no such number; put it in quotes if it is meant as text"#);
    assert_snapshot!(about_response("  status: 200\n  body: {coded: true}\n"), @r#"x.yaml:7:9: response.body: a body needs one of `json:`, `text:`, `base64:`, `file:`"#);
    assert_snapshot!(about_response("  status: 200\n  body:\n    file: x\n"), @r#"x.yaml:8:11: response.body.file: body file `x`: entity not found"#);
    assert_snapshot!(about_response("  status: 200\n\tbody: x\n"), @r#"x.yaml:7:1: found a tab character that violates indentation, while scanning a plain scalar"#);
    assert_snapshot!(about_response("  status: 200\n  body: {json: [1, 2}\n"), @r#"x.yaml:7:21: did not find expected ',' or ']', while parsing a flow sequence"#);
    assert_snapshot!(about_response("  status: 200\n  body: {json: *a}\n"), @r#"
    x.yaml:7:16: aliases (`*name`) are not allowed in cassettes
      hint: write the value out in full; put it in quotes if it is meant as text
    "#);
    assert_snapshot!(about_response("  status: &a 200\n"), @r#"
    x.yaml:6:11: anchors and the aliases that repeat them (`&name`) are not allowed in cassettes
      hint: write the value out in full; put it in quotes if it is meant as text
    "#);
    assert_snapshot!(about_response("  status: !!int 200\n"), @r#"
    x.yaml:6:11: tags (`!name`) are not allowed in cassettes
      hint: write the value out in full; put it in quotes if it is meant as text
    "#);
}
