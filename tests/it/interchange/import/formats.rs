//! A test per format and version: small samples, one per odd shape, and what comes out.

use super::imported;

const GO_VCR_OF_FORMAT_1: &str = r#"---
version: 1
interactions:
- request:
    body: '{"a":1}'
    form: {}
    headers:
      Content-Type:
      - application/json
      Authorization:
      - SSWS secret
    url: https://org.example.com/api/v1/users?activate=true
    method: POST
  response:
    body: '{"id":"00u1"}'
    headers:
      Content-Length:
      - "999"
      Date:
      - Wed, 22 Apr 2020 12:09:20 GMT
      Set-Cookie:
      - a=1; Path=/
      - b=2; Path=/
    status: 200 OK
    code: 200
    duration: ""
- request:
    body: ""
    form: {}
    headers: {}
    url: https://other.example.com
    method: GET
  response:
    body: !!binary iVBORw0KGgo=
    headers: {}
    status: 404 Not Found
    code: 404
"#;

#[test]
fn go_vcr_of_format_1() {
    insta::assert_snapshot!(imported("a.yaml", GO_VCR_OF_FORMAT_1), @r#"
    ---
    at: 2020-04-22T12:09:20.000Z
    request:
      method: POST
      url: /api/v1/users?activate=true
      headers:
        content-type: application/json
        authorization: SSWS secret
      body:
        json:
          a: 1
    response:
      status: 200
      headers:
        date: Wed, 22 Apr 2020 12:09:20 GMT
        set-cookie:
          - a=1; Path=/
          - b=2; Path=/
      body:
        json:
          id: "00u1"
    ---
    request:
      method: GET
      url: https://other.example.com/
    response:
      status: 404
      body:
        base64: |-
          iVBORw0KGgo=
    "#);
}

const GO_VCR_OF_FORMAT_2: &str = r#"---
version: 2
interactions:
    - id: 0
      request:
        proto: HTTP/1.1
        proto_major: 1
        proto_minor: 1
        content_length: -1
        transfer_encoding: [chunked]
        trailer: {}
        host: org.example.com
        remote_addr: ""
        request_uri: ""
        body: a=1
        form:
            a:
                - "1"
        headers:
            Content-Type: [application/x-www-form-urlencoded]
        url: https://org.example.com/token
        method: POST
      response:
        proto: HTTP/2.0
        transfer_encoding: [chunked]
        trailer:
            X-Sum:
                - abc
        content_length: -1
        uncompressed: true
        body: |
            {
              "folded": "no"
            }
        headers:
            Content-Type:
                - application/json
        status: 200 OK
        code: 200
        duration: 1m1.2345s
    - id: 1
      request:
        url: https://org.example.com/a
        method: DELETE
      response:
        content_length: 0
        body: ""
        headers: {}
        status: 204 No Content
        code: 204
        duration: 95ms
"#;

#[test]
fn go_vcr_of_format_2() {
    insta::assert_snapshot!(imported("a.yaml", GO_VCR_OF_FORMAT_2), @r#"
    ---
    took: 61235ms
    request:
      method: POST
      url: /token
      headers:
        content-type: application/x-www-form-urlencoded
      body:
        text: |-
          a=1
    response:
      status: 200
      headers:
        content-type: application/json
      framing: chunked
      trailers:
        x-sum: abc
      body:
        text: |
          {
            "folded": "no"
          }
    ---
    took: 95ms
    request:
      method: DELETE
      url: /a
    response:
      status: 204
    "#);
}

const VCRPY: &str = r#"interactions:
- request:
    body: null
    headers:
      Accept: application/json
    method: POST
    uri: https://org.example.com/api/v1/users
  response:
    body:
      string: '{"already":"decoded",

        "name": "folded
        over lines"}'
    headers:
      Content-Encoding:
      - gzip
      Transfer-Encoding:
      - chunked
      Content-Type: [application/json]
      content-length: '17'
    status:
      code: 200
      message: null
- request:
    body: null
    headers: {}
    method: GET
    url: https://org.example.com/logo
  response:
    body:
      string: !!binary |
        H4sIAAAAAAACA6tWykjNyclXslIqzy/KSVGqBQDRQQnYEQAAAA==
    headers:
      content-encoding: [gzip]
    status: {code: 200, message: OK}
- request:
    body: !!python/unicode "caf\xE9"
    headers: {}
    method: PUT
    uri: https://org.example.com/x y
  response:
    body: {string: ''}
    headers: {}
    status: {code: 304, message: Not Modified}
version: 1
"#;

#[test]
fn vcrpy() {
    insta::assert_snapshot!(imported("a.yaml", VCRPY), @r#"
    ---
    request:
      method: POST
      url: /api/v1/users
      headers:
        accept: application/json
      body: unrecorded
    response:
      status: 200
      headers:
        content-encoding: gzip
        content-type: application/json
      framing: chunked
      body:
        text: |-
          {"already":"decoded",
          "name": "folded over lines"}
    ---
    request:
      method: GET
      url: /logo
    response:
      status: 200
      headers:
        content-encoding: gzip
      body:
        json:
          hello: world
    ---
    request:
      method: PUT
      url: /x%20y
      body:
        text: |-
          café
    response:
      status: 304
    "#);
}

#[test]
fn vcrpy_in_json() {
    let text = r#"{"version": 1, "interactions": [{
  "request": {"method": "GET", "uri": "https://org.example.com/a", "body": null, "headers": {"Accept": ["*/*"]}},
  "response": {"status": {"code": 200, "message": "OK"}, "headers": {"X-A": ["1", "2"]}, "body": {"string": "caf\u00e9 \ud83d\ude00"}}
}]}"#;
    insta::assert_snapshot!(imported("a.json", text), @r#"
    ---
    request:
      method: GET
      url: /a
      headers:
        accept: "*/*"
    response:
      status: 200
      headers:
        x-a:
          - "1"
          - "2"
      body:
        text: |-
          café 😀
    "#);
}

#[test]
fn vcrpy_before_version_1() {
    let text = r#"- request: !!python/object:vcr.request.Request
    body: null
    headers: !!python/object/apply:__builtin__.frozenset
    - - !!python/tuple [Accept, '*/*']
    host: org.example.com
    method: GET
    path: /a?b=1
    port: 443
    protocol: https
  response:
    body: {string: !!python/unicode 'text'}
    headers: ["Server: nginx\r\n", "Content-Type: text/plain\r\n"]
    status: {code: 200, message: OK}
- request:
    body: a=1
    headers: {}
    method: POST
    uri: http://org.example.com:80/b
  response:
    body: plain
    headers: {}
    status: {code: 201, message: Created}
"#;
    insta::assert_snapshot!(imported("a.yaml", text), @r#"
    ---
    request:
      method: GET
      url: /a?b=1
      headers:
        accept: "*/*"
    response:
      status: 200
      headers:
        server: nginx
        content-type: text/plain
      body:
        text: |-
          text
    ---
    request:
      method: POST
      url: http://org.example.com/b
      body:
        text: |-
          a=1
    response:
      status: 201
      body:
        text: |-
          plain
    "#);
}

#[test]
fn vcrpy_with_httpx() {
    let text = "interactions:\n- request:\n    body: ''\n    headers: {}\n    method: POST\n    \
        uri: https://org.example.com/a\n  response:\n    content: '[]'\n    headers: {}\n    \
        http_version: HTTP/1.1\n    status_code: 200\nversion: 1\n";
    insta::assert_snapshot!(imported("a.yaml", text), @r#"
    ---
    request:
      method: POST
      url: /a
    response:
      status: 200
      body:
        json: []
    "#);
}

#[test]
fn cassettes_without_interactions() {
    for text in [
        "---\nversion: 2\ninteractions: []\n",
        "interactions: []\nversion: 1\n",
        "---\nhttp_interactions: []\nrecorded_with: VCR 6.1.0\n",
        r#"{"http_interactions": [], "recorded_with": "betamax/0.8.1"}"#,
        r#"{"log": {"version": "1.2", "entries": []}}"#,
    ] {
        assert_eq!(imported("a.yaml", text), "", "{text}");
    }
}
