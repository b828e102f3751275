//! What a written cassette looks like, and which form each body takes.

use std::time::Duration;

use http::{Method, StatusCode};
use overdub::cassette::{Framing, Header, Interaction, RecordedRequest, Repeat, RequestBody, format};
use overdub::clock::parse_rfc3339;

use super::{Beside, answer, headers, read, write};

#[test]
#[allow(clippy::too_many_lines, reason = "the cassette that it shows is long")]
fn a_cassette_can_be_read_by_a_person() {
    let header = Header {
        recorded_with: Some("overdub 0.1.0".into()),
        profile: Some("okta".into()),
        upstream: "https://okta.overdub.test".into(),
        repeat: Some(Repeat::Last),
    };
    let enrol = Interaction {
        at: Some(parse_rfc3339("2020-04-22T12:09:20Z").unwrap()),
        took: Some(Duration::from_millis(182)),
        request: RecordedRequest {
            method: Method::POST,
            url: "/api/v1/users/00ua4t9ugYY0pDxkE4x6/factors?updatePhone=true".into(),
            headers: headers(&[("accept", b"*/*"), ("content-type", b"application/json")]),
            body: RequestBody::Bytes(
                r#"{"factorType":"sms","provider":"OKTA","profile":{"phoneNumber":"+15550100001"}}"#.into(),
            ),
        },
        stand_ins: vec![("+15550100001".into(), overdub::profile::StandInType::Phone)],
        ..answer(
            r#"{"id":"mbla4rvs8zLRuHLZN4x6","status":"PENDING_ACTIVATION","no":null,"n":[1,-2.5,1e+300,true,"yes",""],"_links":{"self":{"href":"https://okta.overdub.test/a","hints":{"allow":["GET","POST"]}},"resend":[{"name":"sms","href":"x"},{"name":"call"},[[]],{}]}}"#,
        )
    };
    let mut listed = answer("<html>\n  <b>Bad Gateway</b>\n\n</html>\n");
    listed.response.status = StatusCode::BAD_GATEWAY;
    listed.response.framing = Framing::Chunked;
    listed.response.headers = headers(&[
        ("date", b"Wed, 22 Apr 2020 12:09:20 GMT"),
        ("set-cookie", b"sid=redacted; Path=/"),
        ("set-cookie", b"JSESSIONID=\"redacted\"; Path=/"),
        ("x-rate-limit-remaining", b"59"),
        ("x-latin", b"caf\xe9"),
    ]);
    listed.response.trailers = headers(&[("x-checksum", b"0a")]);
    listed.request.body = RequestBody::Unrecorded;
    listed.repeat = Some(Repeat::Cycle);
    let mut coded = answer(&b"\x1f\x8b not gzip"[..]);
    coded.response.body.as_mut().unwrap().coded = true;

    let mut text = String::new();
    format::write_header(&mut text, &header);
    for interaction in [enrol, listed, coded, answer(vec![b' '; 70_000])] {
        format::write_interaction(&mut text, &interaction, &mut Beside::default()).unwrap();
    }
    insta::assert_snapshot!(text, @r#"
    overdub: 1
    recorded_with: overdub 0.1.0
    profile: okta
    upstream: https://okta.overdub.test
    repeat: last
    ...
    ---
    at: 2020-04-22T12:09:20.000Z
    took: 182ms
    request:
      method: POST
      url: /api/v1/users/00ua4t9ugYY0pDxkE4x6/factors?updatePhone=true
      headers:
        accept: "*/*"
        content-type: application/json
      body:
        json:
          factorType: sms
          provider: OKTA
          profile:
            phoneNumber: "+15550100001"
    stand_ins:
      "+15550100001": phone
    response:
      status: 200
      body:
        json:
          id: mbla4rvs8zLRuHLZN4x6
          status: PENDING_ACTIVATION
          "no": null
          "n":
            - 1
            - -2.5
            - 1e+300
            - true
            - "yes"
            - ""
          _links:
            self:
              href: https://okta.overdub.test/a
              hints:
                allow:
                  - GET
                  - POST
            resend:
              - name: sms
                href: x
              - name: call
              - - []
              - {}
    ...
    ---
    request:
      method: GET
      url: /api/v1/users/me
      body: unrecorded
    repeat: cycle
    response:
      status: 502
      headers:
        date: Wed, 22 Apr 2020 12:09:20 GMT
        set-cookie:
          - sid=redacted; Path=/
          - "JSESSIONID=\"redacted\"; Path=/"
        x-rate-limit-remaining: "59"
        x-latin: {base64: "Y2Fm6Q=="}
      framing: chunked
      trailers:
        x-checksum: "0a"
      body:
        text: |
          <html>
            <b>Bad Gateway</b>

          </html>
    ...
    ---
    request:
      method: GET
      url: /api/v1/users/me
    response:
      status: 200
      body:
        base64: |-
          H4sgbm90IGd6aXA=
        coded: true
    ...
    ---
    request:
      method: GET
      url: /api/v1/users/me
    response:
      status: 200
      body:
        file: x-0001.body
    ...
    "#);
}

/// The lines that keep `body`, without their indentation.
fn kept(body: &[u8]) -> String {
    let interaction = answer(body.to_vec());
    let (text, _) = write(std::slice::from_ref(&interaction));
    let read = read(&text).unwrap_or_else(|error| panic!("{error}\n{text}")).cassette.interactions;
    assert_eq!(read[0].response.body, interaction.response.body, "{text}");
    let (_, lines) = text.split_once("  body:\n").unwrap_or_default();
    lines.strip_suffix("...\n").unwrap_or(lines).replace("\n    ", "\n").trim_start().to_owned()
}

#[test]
fn a_body_takes_the_first_form_that_gives_back_its_bytes() {
    for (body, form) in [
        (r#"{"a":1}"#, "json:\n  a: 1\n"),
        (r"{}", "json: {}\n"),
        ("null", "json: null\n"),
        (r#""x y""#, "json: x y\n"),
        ("12", "json: 12\n"),
        ("18446744073709551615", "json: 18446744073709551615\n"),
        ("-0.0", "json: -0.0\n"),
        // Numbers that come back in another spelling, spaces, escapes, duplicates: text.
        ("{\n  \"a\": 1\n}\n", "text: |\n  {\n    \"a\": 1\n  }\n"),
        ("0.00", "text: |-\n  0.00\n"),
        ("1e5", "text: |-\n  1e5\n"),
        ("12345678901234567890123", "text: |-\n  12345678901234567890123\n"),
        (r#"{"a":1,"a":2}"#, "text: |-\n  {\"a\":1,\"a\":2}\n"),
        (r#""\u0041""#, "text: |-\n  \"\\u0041\"\n"),
        ("{\"link\": <link-to-app>,}", "text: |-\n  {\"link\": <link-to-app>,}\n"),
        // Blanks and line breaks, wherever they are.
        ("a=b&c=d", "text: |-\n  a=b&c=d\n"),
        ("\n", "text: \"\\n\"\n"),
        ("\n\n", "text: \"\\n\\\n  \\n\"\n"),
        ("\na", "text: |2-\n\n  a\n"),
        ("a\n", "text: |\n  a\n"),
        ("a\n\n", "text: |+\n  a\n\n"),
        ("  a\nb", "text: |2-\n    a\n  b\n"),
        ("\ta", "text: |2-\n  \ta\n"),
        ("a\n   ", "text: |-\n  a\n     \n"),
        (" ", "text: |2-\n   \n"),
        ("a\r\n b\r\n", "text: \"a\\r\\n\\\n  \\ b\\r\\n\"\n"),
        ("---\na\n...\n", "text: |\n  ---\n  a\n  ...\n"),
        ("# a\n- &b *c", "text: |-\n  # a\n  - &b *c\n"),
        ("\u{feff}a\u{85}", "text: \"\\ufeffa\\u0085\"\n"),
        ("", ""),
    ] {
        assert_eq!(kept(body.as_bytes()), form, "{body:?}");
    }
    assert_eq!(kept(b"\xff\xfe"), "base64: |-\n  //4=\n");
    assert!(kept(&[0xff; 200]).lines().all(|line| line.len() <= 102));
}

#[test]
fn json_that_is_nested_too_deep_is_text() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(kept(nested(64).as_bytes()).starts_with("json:"));
    assert!(kept(nested(65).as_bytes()).starts_with("text:"));
}

#[test]
fn the_least_favourable_body_still_fits_a_document() {
    let deep = format!("{}{}1{}", "[".repeat(64), "1,".repeat(32_000), "]".repeat(64));
    for body in [deep.into_bytes(), b"\n".repeat(65_536), b"\x01".repeat(65_536), b"a\n".repeat(32_768)] {
        let mut interaction = answer(body.clone());
        interaction.request.body = RequestBody::Bytes(body.into());
        let (text, _) = write(std::slice::from_ref(&interaction));
        let read = read(text).unwrap().cassette.interactions;
        assert_eq!((&read[0].request, &read[0].response), (&interaction.request, &interaction.response));
    }
}

#[test]
fn what_could_not_be_read_again_is_not_written() {
    let mut interaction = answer("x");
    interaction.request.url = "no-path".into();
    let error =
        format::write_interaction(&mut String::new(), &interaction, &mut Beside::default()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}

#[test]
fn a_cassette_may_be_written_by_hand() {
    let cassette = read(
        "# my own\nupstream: https://a.test/\noverdub: 1\nx-note: {free: yes}\n--- {request: {method: GET, url: /x}, response: {status: 204}}\n\
         ---\nrequest: {method: GET, url: /x}\nresponse:\n  status: 200\n  headers: {age: 5, a: [b, c]}\n  body:\n    json: {\"a\": 1, b: [1.50, x y, ~], 1: \"\\u0041\"}\n",
    )
    .unwrap()
    .cassette;
    assert_eq!(cassette.header.upstream, "https://a.test");
    let [first, second] = &cassette.interactions[..] else { panic!("two interactions") };
    assert_eq!((first.line, second.line), (5, 6));
    assert_eq!((first.response.status.as_u16(), &first.response.body), (204, &None));
    assert_eq!(second.response.headers, headers(&[("age", b"5"), ("a", b"b"), ("a", b"c")]));
    let body = second.response.body.as_ref().unwrap();
    assert_eq!(&body.bytes[..], br#"{"a":1,"b":[1.5,"x y",null],"1":"A"}"#);
}

#[test]
fn an_editor_s_line_ends_and_byte_order_mark_change_nothing() {
    let interactions = [answer("<a>\n\n<b>\n"), answer("{\"a\":[1]}")];
    let (text, _) = write(&interactions);
    let windows = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    let read = read(windows).unwrap().cassette.interactions;
    assert!(read.iter().zip(&interactions).all(|(read, written)| read.response == written.response));
}
