//! HAR: what browsers and Polly make of it.

use super::imported;

/// An archive of one entry.
fn har(request: &str, response: &str, more: &str) -> String {
    format!(
        "{{\"log\": {{\"version\": \"1.2\", \"creator\": {{\"name\": \"a\"}}, \"entries\": [\n{{\"startedDateTime\": \
         \"2021-09-01T10:00:00.123+02:00\", \"time\": 12.6, {more}\"request\": {request}, \"response\": {response}}}]}}}}"
    )
}

const GET: &str = r#"{"method": "GET", "url": "https://org.example.com/a#top", "headers": [{"name": ":authority", "value": "org.example.com"}, {"name": "accept", "value": "*/*"}], "bodySize": 0}"#;

#[test]
fn a_browser_has_decoded_what_it_lists() {
    let response = r#"{"status": 200, "statusText": "", "headers": [{"name": ":status", "value": "200"}, {"name": "Set-Cookie", "value": "a=1\nb=2"}, {"name": "content-encoding", "value": "br"}], "content": {"size": 5, "compression": -2, "mimeType": "image/png", "text": "iVBORw==", "encoding": "base64"}}"#;
    insta::assert_snapshot!(imported("a.har", har(GET, response, "")), @r#"
    ---
    at: 2021-09-01T08:00:00.123Z
    took: 13ms
    request:
      method: GET
      url: /a
      headers:
        accept: "*/*"
    response:
      status: 200
      headers:
        set-cookie:
          - a=1
          - b=2
        content-encoding: br
      body:
        base64: |-
          iVBORw==
    "#);
}

#[test]
fn what_was_blocked_and_what_is_no_http_cannot_be_carried_over() {
    let response = r#"{"status": 0, "headers": [], "content": {}}"#;
    insta::assert_snapshot!(imported("a.har", har(GET, response, "")), @r#"a.har:2: not carried over: no answer was recorded (status 0: blocked, cancelled or failed)"#);
    let request = GET.replace("https://org.example.com", "wss://org.example.com");
    let response = r#"{"status": 101, "headers": [], "content": {}}"#;
    insta::assert_snapshot!(imported("a.har", har(&request, response, "")), @r#"a.har:2: not carried over: `wss://org.example.com` is no HTTP URL"#);
    let request = GET.replace("https://org.example.com/a", "data:image/png;base64,AAAA");
    insta::assert_snapshot!(imported("a.har", har(&request, r#"{"status": 200}"#, "")), @r#"a.har:2: not carried over: `data:image/png;base64,AAAA` is no HTTP URL"#);
}

#[test]
fn bodies_that_are_not_in_the_file_are_told() {
    let response = r#"{"status": 200, "headers": [], "content": {"size": 120}}"#;
    insta::assert_snapshot!(imported("a.har", har(GET, response, "")), @r#"
    a.har:2: the response's body is not in the file; it is imported as empty
    ---
    at: 2021-09-01T08:00:00.123Z
    took: 13ms
    request:
      method: GET
      url: /a
      headers:
        accept: "*/*"
    response:
      status: 200
    "#);
    let response =
        r#"{"status": 200, "headers": [], "content": {"size": 9, "text": "abc", "comment": "Truncated"}}"#;
    let request = r#"{"method": "POST", "url": "https://org.example.com/a", "headers": [], "bodySize": 120, "postData": {"mimeType": "multipart/form-data; boundary=x", "params": [{"name": "a"}]}}"#;
    insta::assert_snapshot!(imported("a.har", har(request, response, "")), @r#"
    a.har:2: the response's body was truncated by the program that recorded it
    a.har:2: the request's body is not in the file; any body will match
    ---
    at: 2021-09-01T08:00:00.123Z
    took: 13ms
    request:
      method: POST
      url: /a
      body: unrecorded
    response:
      status: 200
      body:
        text: |-
          abc
    "#);
}

#[test]
fn halves_of_characters_are_replaced_and_told() {
    let response =
        r#"{"status": 200, "headers": [], "content": {"text": "\\ud83d \ud83d\ude00 \ud83d \ude00."}}"#;
    let text = imported("a.har", har(GET, response, ""));
    let told = "a.har:2: halves of characters (lone surrogates) are not carried over; U+FFFD stands in their place\n";
    assert!(text.starts_with(told) && text.ends_with("      \\ud83d 😀 \u{fffd} \u{fffd}.\n"), "{text}");
}

#[test]
fn a_form_may_be_listed_by_its_fields() {
    let request = r#"{"method": "POST", "url": "https://org.example.com/a", "headers": [], "bodySize": -1, "postData": {"mimeType": "application/x-www-form-urlencoded", "params": [{"name": "a b", "value": "ü&"}, {"name": "c", "value": ""}]}}"#;
    let response = r#"{"status": 200, "headers": [], "content": {"size": 0}}"#;
    let text = har(request, response, "").replace("12.6", "-1");
    insta::assert_snapshot!(imported("a.har", text), @r#"
    ---
    at: 2021-09-01T08:00:00.123Z
    request:
      method: POST
      url: /a
      body:
        text: |-
          a+b=%C3%BC%26&c=
    response:
      status: 200
    "#);
}

#[test]
fn polly_lists_coded_bodies_by_their_parts() {
    let more = r#""_id": "6b2e", "_order": 0, "#;
    let headers = r#""headers": [{"_fromType": "array", "name": "content-encoding", "value": "gzip"}]"#;
    let gzipped = "1f8b0800000000000203ab56ca48cdc9c957b2522acf2fca4951aa0500d14109d811000000";
    let (first, second) = gzipped.split_at(40);
    let parts = format!(r#""[\"{first}\",\"{second}\"]""#);
    let response = format!(
        r#"{{"status": 200, {headers}, "content": {{"size": 20, "_isBinary": true, "text": {parts}}}}}"#
    );
    let hex = imported("a.har", har(GET, &response, more));
    insta::assert_snapshot!(hex, @r#"
    ---
    at: 2021-09-01T08:00:00.123Z
    took: 13ms
    request:
      method: GET
      url: /a
      headers:
        accept: "*/*"
    response:
      status: 200
      headers:
        content-encoding: gzip
      body:
        json:
          hello: world
    "#);
    let base64 = r#""[\"H4sIAAAAAAACA6tWykjNyclXslIqzy/KSVGqBQDRQQnYEQAAAA==\"]", "encoding": "base64""#;
    let response = format!(r#"{{"status": 200, {headers}, "content": {{"size": 20, "text": {base64}}}}}"#);
    assert_eq!(imported("a.har", har(GET, &response, more)), hex);
}
