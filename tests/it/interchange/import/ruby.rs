//! Ruby's VCR, and betamax, which writes the same in JSON.

use super::imported;

const RUBY_VCR: &str = "---
http_interactions:
- request:
    method: get
    uri: https://org.example.com/api/v1/users/-1
    body:
      encoding: US-ASCII
      string: ''
    headers: &1
      Accept:
      - application/json
  response:
    status:
      code: 401
      message: 
    headers:
      set-cookie:
      - sid=\"\"; Expires=Thu, 01-Jan-1970 00:00:10 GMT; Path=/, J=1; Path=/
      transfer-encoding:
      - chunked
      connection:
      - close
    body:
      encoding: ASCII-8BIT
      string: !binary |-
        eyJhIjoxfQ==
    http_version: 
  recorded_at: Thu, 14 Jul 2016 05:01:37 GMT
- request:
    method: post
    uri: https://<OKTA_DOMAIN>/api
    body:
      encoding: ISO-8859-1
      string: \"caf\u{e9}\"
    headers: *1
  response:
    status: {code: 200, message: OK}
    headers: {}
    body:
      encoding: UTF-8
      base64_string: |
        SGVs
        bG8=
  recorded_at: Thu, 14 Jul 2016 05:01:38 GMT
recorded_with: VCR 3.0.3
";

#[test]
fn ruby_vcr() {
    insta::assert_snapshot!(imported("a.yml", RUBY_VCR), @r#"
    a.yml:29: `<OKTA_DOMAIN>` is no host; it becomes okta-domain.test
    ---
    at: 2016-07-14T05:01:37.000Z
    request:
      method: GET
      url: /api/v1/users/-1
      headers:
        accept: application/json
    response:
      status: 401
      headers:
        set-cookie: "sid=\"\"; Expires=Thu, 01-Jan-1970 00:00:10 GMT; Path=/, J=1; Path=/"
      framing: chunked
      body:
        json:
          a: 1
    ---
    at: 2016-07-14T05:01:38.000Z
    request:
      method: POST
      url: https://okta-domain.test/api
      headers:
        accept: application/json
      body:
        base64: |-
          Y2Fm6Q==
    response:
      status: 200
      body:
        text: |-
          Hello
    "#);
}

#[test]
fn ruby_vcr_whose_quoted_lines_are_not_indented() {
    let text = "---\nhttp_interactions:\n- request:\n    method: get\n    uri: https://org.example.com/a\n    body:\n      \
        encoding: UTF-8\n      string: ''\n    headers: {}\n  response:\n    status:\n      code: 200\n      message: OK\n    \
        headers: {}\n    body:\n      encoding: UTF-8\n      string: '{\"it''s\":\n  \"a\",\n\"b\": 1}'\n  \
        recorded_at: Thu, 14 Jul 2016 05:01:37 GMT\nrecorded_with: VCR 3.0.3\n";
    insta::assert_snapshot!(imported("a.yml", text), @r#"
    ---
    at: 2016-07-14T05:01:37.000Z
    request:
      method: GET
      url: /a
    response:
      status: 200
      body:
        text: |-
          {"it's": "a", "b": 1}
    "#);
}

#[test]
fn ruby_vcr_of_version_1() {
    let text = r#"---
- !ruby/struct:VCR::HTTPInteraction
  request: !ruby/struct:VCR::Request
    method: :get
    uri: http://org.example.com:80/a
    body: !!null
    headers:
  response: !ruby/struct:VCR::Response
    status: !ruby/struct:VCR::ResponseStatus
      code: 200
      message: OK
    headers:
      content-type:
      - text/plain
    body: Hello
    http_version: "1.1"
"#;
    insta::assert_snapshot!(imported("a.yml", text), @r#"
    ---
    request:
      method: GET
      url: /a
    response:
      status: 200
      headers:
        content-type: text/plain
      body:
        text: |-
          Hello
    "#);
}

#[test]
fn betamax() {
    let text = r#"{"http_interactions": [{"request": {"body": {"encoding": "utf-8", "string": "{\"a\":1}"},
    "headers": {"Accept": ["*/*"], "Content-Type": "application/json"}, "method": "POST", "uri": "https://org.example.com/a"},
  "response": {"body": {"encoding": "utf-8", "base64_string": "H4sIAAAAAAACA6tWykjNyclXslIqzy/KSVGqBQDRQQnYEQAAAA==", "string": ""},
    "headers": {"Content-Encoding": ["gzip"], "Set-Cookie": ["a=1", "b=2"]},
    "status": {"code": 200, "message": "OK"}, "url": "https://org.example.com/a"}, "recorded_at": "2014-06-21T02:17:23"}],
 "recorded_with": "betamax/0.8.1"}"#;
    insta::assert_snapshot!(imported("a.json", text), @r#"
    ---
    at: 2014-06-21T02:17:23.000Z
    request:
      method: POST
      url: /a
      headers:
        accept: "*/*"
        content-type: application/json
      body:
        json:
          a: 1
    response:
      status: 200
      headers:
        content-encoding: gzip
        set-cookie:
          - a=1
          - b=2
      body:
        json:
          hello: world
    "#);
}
