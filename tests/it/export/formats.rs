//! Each format as its users read it.

use std::process::Command;

use crate::cassette_command::ODD;
use crate::support::overdub::Project;

const HEAD: &str = "overdub: 1\nprofile: okta\nupstream: https://okta.overdub.test\n...\n";

/// A coded answer to a read, whose stand-in the exchange declares.
const READ: &str = r#"---
at: 2026-01-05T09:00:00.123Z
took: 1500ms
request: {method: GET, url: "/factors?q=a%20b"}
stand_ins: {"+15550100001": phone}
response:
  status: 200
  headers: {content-encoding: gzip, set-cookie: ["sid=redacted; Path=/; Secure", "DT=redacted"]}
  framing: chunked
  body: {json: [{phone: "+15550100001"}]}
...
"#;

/// Bytes that are no text, both ways.
const BINARY: &str = r"---
request: {method: PUT, url: /qr, body: {base64: AAH//g==}}
response: {status: 200, body: {base64: iVBORw0KGgoAAAD/AA==}}
...
";

/// A challenge, a wrong code, a right one.
const CODES: &str = r#"---
request: {method: POST, url: /verify}
response: {status: 200, body: {text: "{}"}}
...
---
request: {method: POST, url: /verify, body: {json: {passCode: "000001"}}}
stand_ins: {"000001": passcode}
response: {status: 403}
...
---
request: {method: POST, url: /verify, body: {json: {passCode: "000002"}}}
stand_ins: {"000002": passcode}
response: {status: 204}
...
"#;

/// The export on stdout.
fn exported(format: &str, interactions: &[&str]) -> String {
    let project = Project::new();
    project.write("recordings/x.yaml", [HEAD, &interactions.concat()].concat());
    let (code, stdout, stderr) = project.run(&["cassette", "export", "x", "--to", format]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    stdout
}

#[test]
#[allow(clippy::too_many_lines, reason = "one entry has as many")]
fn a_har() {
    let har = exported("har", &[READ]).replace(env!("CARGO_PKG_VERSION"), "VERSION");
    insta::assert_snapshot!(har, @r#"
    {
      "log": {
        "version": "1.2",
        "creator": {"name":"overdub","version":"VERSION"},
        "_overdub": {"profile":"okta","upstream":"https://okta.overdub.test"},
        "entries": [
          {
            "startedDateTime": "2026-01-05T09:00:00.123Z",
            "time": 1500,
            "request": {
              "method": "GET",
              "url": "https://okta.overdub.test/factors?q=a%20b",
              "httpVersion": "HTTP/1.1",
              "cookies": [],
              "headers": [],
              "queryString": [
                {
                  "name": "q",
                  "value": "a b"
                }
              ],
              "headersSize": -1,
              "bodySize": 0
            },
            "response": {
              "status": 200,
              "statusText": "OK",
              "httpVersion": "HTTP/1.1",
              "cookies": [
                {
                  "name": "sid",
                  "value": "redacted",
                  "httpOnly": false,
                  "secure": true,
                  "path": "/"
                },
                {
                  "name": "DT",
                  "value": "redacted",
                  "httpOnly": false,
                  "secure": false
                }
              ],
              "headers": [
                {
                  "name": "content-encoding",
                  "value": "gzip"
                },
                {
                  "name": "set-cookie",
                  "value": "sid=redacted; Path=/; Secure"
                },
                {
                  "name": "set-cookie",
                  "value": "DT=redacted"
                }
              ],
              "content": {
                "size": 26,
                "mimeType": "application/octet-stream",
                "text": "[{\"phone\":\"+15550100001\"}]"
              },
              "redirectURL": "",
              "headersSize": -1,
              "bodySize": -1
            },
            "cache": {},
            "timings": {
              "send": 0,
              "wait": 1500,
              "receive": 0
            },
            "_overdub": {
              "at": "2026-01-05T09:00:00.123Z",
              "took": "1s 500ms",
              "stand_ins": {
                "+15550100001": "phone"
              },
              "response": {
                "framing": "chunked"
              }
            }
          }
        ]
      }
    }
    "#);
}

#[test]
fn bytes_in_a_har() {
    let har: serde_json::Value = serde_json::from_str(&exported("har", &[BINARY])).unwrap();
    let entry = &har["log"]["entries"][0];
    insta::assert_snapshot!(entry["response"]["content"], @r#"{"size":13,"mimeType":"application/octet-stream","text":"iVBORw0KGgoAAAD/AA==","encoding":"base64"}"#);
    insta::assert_snapshot!(entry["_overdub"], @r#"{"request":{"body":{"base64":"AAH//g=="}}}"#);
    assert_eq!(entry["startedDateTime"], "1970-01-01T00:00:00.000Z");
}

#[test]
fn stubs_of_wiremock() {
    insta::assert_snapshot!(exported("wiremock", &[BINARY]), @r#"
    {
      "mappings": [
        {
          "name": "1 PUT /qr",
          "request": {
            "method": "PUT",
            "url": "/qr",
            "bodyPatterns": [
              {
                "binaryEqualTo": "AAH//g=="
              }
            ]
          },
          "response": {
            "status": 200,
            "base64Body": "iVBORw0KGgoAAAD/AA=="
          }
        }
      ]
    }
    "#);
}

#[test]
fn stubs_follow_each_other_and_leave_secrets_open() {
    let stubs: serde_json::Value = serde_json::from_str(&exported("wiremock", &[CODES])).unwrap();
    let told = stubs["mappings"].as_array().unwrap().iter().map(|stub| {
        let state = |key: &str| stub[key].as_str().unwrap_or("-").to_owned();
        let states = ["scenarioName", "requiredScenarioState", "newScenarioState"].map(state).join(", ");
        format!("{states}: {}\n", stub["request"]["bodyPatterns"][0])
    });
    insta::assert_snapshot!(told.collect::<String>(), @r#"
    -, -, -: {"absent":true}
    x, request 2, Started, 2 of 2: {"equalToJson":{"passCode":"${json-unit.any-string}"}}
    x, request 2, 2 of 2, -: {"equalToJson":{"passCode":"${json-unit.any-string}"}}
    "#);
}

#[test]
fn a_cassette_of_vcrpy() {
    insta::assert_snapshot!(exported("vcrpy", &[READ, BINARY]), @r#"
    x-overdub:
      profile: okta
      upstream: https://okta.overdub.test
    interactions:
    - request:
        body: null
        headers: {}
        method: GET
        uri: https://okta.overdub.test/factors?q=a%20b
      response:
        body:
          string: '[{"phone":"+15550100001"}]'
        headers:
          set-cookie:
            - sid=redacted; Path=/; Secure
            - DT=redacted
        status:
          code: 200
          message: OK
      x-overdub:
        at: "2026-01-05T09:00:00.123Z"
        took: "1s 500ms"
        stand_ins:
          "+15550100001": phone
        response:
          framing: chunked
          headers:
            - - 0
              - content-encoding
              - gzip
    - request:
        body: !!binary |
          AAH//g==
        headers: {}
        method: PUT
        uri: https://okta.overdub.test/qr
      response:
        body:
          string: !!binary |
            iVBORw0KGgoAAAD/AA==
        headers: {}
        status:
          code: 200
          message: OK
      x-overdub: {}
    version: 1
    "#);
}

#[test]
#[allow(clippy::too_many_lines, reason = "two interactions have as many")]
fn a_cassette_of_go_vcr() {
    insta::assert_snapshot!(exported("go-vcr", &[READ, BINARY]), @r#"
    ---
    version: 2
    x-overdub:
      profile: okta
      upstream: https://okta.overdub.test
    interactions:
      - id: 0
        request:
          proto: HTTP/1.1
          proto_major: 1
          proto_minor: 1
          content_length: 0
          host: okta.overdub.test
          body: ""
          headers: {}
          url: https://okta.overdub.test/factors?q=a%20b
          method: GET
        response:
          proto: HTTP/1.1
          proto_major: 1
          proto_minor: 1
          transfer_encoding:
            - chunked
          content_length: -1
          uncompressed: true
          body: '[{"phone":"+15550100001"}]'
          headers:
            Set-Cookie:
              - sid=redacted; Path=/; Secure
              - DT=redacted
          status: "200 OK"
          code: 200
          duration: "1500ms"
        x-overdub:
          at: "2026-01-05T09:00:00.123Z"
          took: "1s 500ms"
          stand_ins:
            "+15550100001": phone
          response:
            framing: chunked
            headers:
              - - 0
                - content-encoding
                - gzip
      - id: 1
        request:
          proto: HTTP/1.1
          proto_major: 1
          proto_minor: 1
          content_length: 4
          host: okta.overdub.test
          body: !!binary |
            AAH//g==
          headers: {}
          url: https://okta.overdub.test/qr
          method: PUT
        response:
          proto: HTTP/1.1
          proto_major: 1
          proto_minor: 1
          content_length: 13
          uncompressed: false
          body: !!binary |
            iVBORw0KGgoAAAD/AA==
          headers: {}
          status: "200 OK"
          code: 200
          duration: "0ms"
        x-overdub: {}
    "#);
}

#[test]
fn a_script_of_curl() {
    insta::assert_snapshot!(exported("curl", &[READ, BINARY, CODES]), @r#"
    #!/bin/sh
    # The requests of the cassette x, 5 in all.
    # OVERDUB_URL says where they go: overdub's address, or an API's own.
    : "${OVERDUB_URL:?say where to send them, as in OVERDUB_URL=http://127.0.0.1:8080}"
    ask() { curl --silent --show-error --globoff --path-as-is --write-out '\n' "$@"; }

    # 1: GET /factors?q=a%20b => 200
    ask --request GET --header 'accept:' "$OVERDUB_URL"'/factors?q=a%20b'

    # 2: PUT /qr => 200
    base64 -d << 'END' |
    AAH//g==
    END
    ask --request PUT --header 'accept:' --header 'content-type:' --data-binary @- "$OVERDUB_URL"/qr

    # 3: POST /verify => 200
    ask --request POST --header 'accept:' --header 'content-type:' --data-raw '' "$OVERDUB_URL"/verify

    # 4: POST /verify => 403
    ask --request POST --header 'accept:' --header 'content-type:' --data-raw '{"passCode":"000001"}' "$OVERDUB_URL"/verify

    # 5: POST /verify => 204
    ask --request POST --header 'accept:' --header 'content-type:' --data-raw '{"passCode":"000002"}' "$OVERDUB_URL"/verify
    "#);
}

/// Tells each call's arguments, and what is piped in.
const FAKE_CURL: &str = "#!/bin/sh
for word; do printf '<%s>' \"$word\"; done
for word; do [ \"$word\" = @- ] && od -An -tx1; done
echo
";

#[test]
fn the_script_runs_as_it_is_and_every_word_arrives_whole() {
    let project = Project::new();
    project.write("recordings/odd.yaml", ODD);
    project.write("bin/curl", FAKE_CURL);
    let (code, _, _) = project.run(&["cassette", "export", "odd", "--to", "curl", "-o", "odd.sh"]);
    assert_eq!(code, 0);
    let run = |url: Option<&str>| {
        let mut script = Command::new("sh");
        script.args(["-c", "chmod +x bin/curl; PATH=$PWD/bin:$PATH exec ./odd.sh"]);
        script.current_dir(project.path(".")).env_remove("OVERDUB_URL").env_remove("OVERDUB_CA");
        script.envs(url.map(|url| ("OVERDUB_URL", url)));
        let output = script.output().unwrap();
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    insta::assert_snapshot!(run(Some("http://127.0.0.1:1")).0, @r#"
    <--silent><--show-error><--globoff><--path-as-is><--write-out><\n><--request><GET><--header><accept: application/json><http://127.0.0.1:1/factors?limit=2&q=a%20b>
    <--silent><--show-error><--globoff><--path-as-is><--write-out><\n><--request><POST><--header><accept:><--header><content-type:><--data-raw><><http://127.0.0.1:1/factors/f/verify>
    <--silent><--show-error><--globoff><--path-as-is><--write-out><\n><--request><POST><--header><content-type: application/json><--header><accept:><--data-raw><{"passCode":"000001"}><http://127.0.0.1:1/factors/f/verify>
    <--silent><--show-error><--globoff><--path-as-is><--write-out><\n><--request><POST><--header><content-type: application/json><--header><accept:><--data-raw><{"passCode":"000001"}><http://127.0.0.1:1/factors/f/verify>
    <--silent><--show-error><--globoff><--path-as-is><--write-out><\n><--proxy><http://127.0.0.1:1><--request><PUT><--header><accept:><--header><content-type:><--data-binary><@-><https://other1.overdub.test/it's?x=[1]> 00 01 ff fe

    <--silent><--show-error><--globoff><--path-as-is><--write-out><\n><--request><PATCH><--header><accept:><--header><content-type:><--data-raw><><http://127.0.0.1:1/graph>
    "#);
    let (told, why) = run(None);
    assert!(told.is_empty() && why.contains("OVERDUB_URL: say where to send them"), "{why}");
}
