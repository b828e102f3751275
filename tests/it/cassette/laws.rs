//! Laws: whatever is written is read again as it was.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use overdub::cassette::{
    Body, Framing, Header, Interaction, RecordedRequest, RecordedResponse, Repeat, RequestBody, format,
};
use overdub::clock::Timestamp;
use overdub::profile::StandInType;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::{answer, read, write};

fn text() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        "\n", "\r\n", "\r", "\t", " ", "  ", "---\n", "...\n", "--- ", "\u{85}", "\u{2028}", "\u{feff}",
        "\0", ": ", " #", "- ", "\"", "\\", "'", "*a", "&a", "!t", "[", "{", "|", ">", "%", "yes", "null",
        "1e5", "é", "😀", "\u{ffff}", "\u{1b}", "a",
    ]);
    prop_oneof![any::<String>(), vec(odd, 0..24).prop_map(|parts| parts.concat()), "[ -~\n]{0,80}"]
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        text().prop_map(Into::into),
    ];
    leaf.prop_recursive(6, 48, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Into::into),
            vec((text(), inner), 0..6)
                .prop_map(|entries| serde_json::Value::Object(entries.into_iter().collect())),
        ]
    })
}

fn body() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        vec(any::<u8>(), 1..300).prop_map(Bytes::from),
        text().prop_map(Bytes::from),
        json().prop_map(|value| value.to_string().into()),
        json().prop_map(|value| format!("{value:#}").into()),
        Just(Bytes::from(vec![7; 70_000])),
    ]
    .prop_filter("an empty body is none", |body| !body.is_empty())
}

fn headers() -> impl Strategy<Value = HeaderMap> {
    let name = "[a-z0-9!#$%&'*+.^_`|~-]{1,12}";
    let value = prop_oneof![vec(any::<u8>(), 0..20), text().prop_map(String::into_bytes)];
    vec((name, value), 0..6).prop_map(|lines| {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            let value: Vec<u8> = value.into_iter().filter(|b| *b == 9 || (*b >= 32 && *b != 127)).collect();
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, HeaderValue::from_bytes(&value).unwrap());
        }
        headers
    })
}

fn repeat() -> impl Strategy<Value = Option<Repeat>> {
    option::of(prop::sample::select(vec![Repeat::Error, Repeat::Last, Repeat::Cycle]))
}

fn request() -> impl Strategy<Value = RecordedRequest> {
    let body = prop_oneof![
        Just(RequestBody::Empty),
        Just(RequestBody::Unrecorded),
        body().prop_map(RequestBody::Bytes),
    ];
    let method = prop::sample::select(vec!["GET", "post", "ON", "M-SEARCH", "1", "~"]);
    (method, "(/|https?://x|\\*|/[!-~é]{0,30})", headers(), body)
        .prop_filter("not a URL", |(_, url, ..)| url == "*" || url.starts_with(['/', 'h']))
        .prop_map(|(method, url, headers, body)| RecordedRequest {
            method: Method::from_bytes(method.as_bytes()).unwrap(),
            url,
            headers,
            body,
        })
}

fn response() -> impl Strategy<Value = RecordedResponse> {
    let body = option::of((body(), any::<bool>()).prop_map(|(bytes, coded)| Body { bytes, coded }));
    let framing = prop::sample::select(vec![Framing::Length, Framing::Chunked]);
    (200..=999_u16, headers(), framing, body, headers()).prop_map(
        |(status, headers, framing, body, trailers)| {
            let status = StatusCode::from_u16(status).unwrap();
            RecordedResponse { status, headers, framing, body, trailers }
        },
    )
}

pub(crate) fn interaction() -> impl Strategy<Value = Interaction> {
    let at = option::of((0..4_000_000_000_000_i64).prop_map(|ms| Timestamp::from_millisecond(ms).unwrap()));
    let took = option::of((0..100_000_000_u64).prop_map(Duration::from_millis));
    let long = "[a-z]{1000,1100}";
    let of_type =
        prop::sample::select(vec![StandInType::Email, StandInType::SharedSecret, StandInType::Host]);
    let stand_ins = vec((prop_oneof![text().boxed(), long.boxed()], of_type), 0..3);
    (at, took, request(), stand_ins, repeat(), response()).prop_map(
        |(at, took, request, stand_ins, repeat, response)| Interaction {
            at,
            took,
            request,
            stand_ins,
            repeat,
            response,
            line: 0,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_again(interactions in vec(interaction(), 0..4)) {
        let (text, beside) = write(&interactions);
        let reading = format::read(text.as_bytes(), "x".into(), Path::new("x.yaml"), &beside)
            .map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert!(reading.torn.is_none() && reading.closed);
        let mut lines = text.lines().enumerate().filter(|(_, line)| *line == "---").map(|(index, _)| index + 1);
        for (read, written) in reading.cassette.interactions.iter().zip(&interactions) {
            prop_assert_eq!(Some(read.line), lines.next());
            prop_assert_eq!(&Interaction { line: 0, ..read.clone() }, written, "{}", text);
        }
        prop_assert_eq!(reading.cassette.interactions.len(), interactions.len());
    }

    #[test]
    fn a_header_is_read_again(with in option::of(text()), profile in option::of(text()), repeat in repeat()) {
        let header = Header {
            recorded_with: with, profile, upstream: "http://127.0.0.1:8080".into(), repeat,
        };
        let mut text = String::new();
        format::write_header(&mut text, &header);
        prop_assert_eq!(read(text).unwrap().cassette.header, header);
    }

    #[test]
    fn canonical_json_is_kept_as_a_structure(value in json()) {
        let body = value.to_string();
        let again = serde_json::from_str::<serde_json::Value>(&body).unwrap().to_string();
        let (text, _) = write(&[answer(body.clone())]);
        prop_assert_eq!(text.contains("\n    json:"), again == body, "{}", text);
    }
}

#[test]
fn a_cassette_of_many_documents_keeps_its_order() {
    let bodies: Vec<String> =
        (0..6000).map(|n| format!("{{\"n\":{n},\"pad\":\"{}\"}}", "x".repeat(300))).collect();
    let interactions: Vec<_> = bodies.iter().map(|body| answer(body.clone())).collect();
    let (text, _) = write(&interactions);
    let read = read(text).unwrap().cassette.interactions;
    assert_eq!(read.len(), interactions.len());
    assert!(read.iter().zip(&interactions).all(|(read, written)| read.response == written.response));
}
