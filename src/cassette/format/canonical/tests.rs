//! What is read here is what the general reader reads.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use serde::de::DeserializeSeed;

use super::super::document::Read;
use super::super::json::JsonText;
use super::super::{LoadBody, SaveBody, write_interaction};
use super::{Cursor, Place, Value, is_clean};
use crate::cassette::{Body, Framing, Interaction, RecordedRequest, RecordedResponse, RequestBody};

struct NoFiles;

impl LoadBody for NoFiles {
    fn load(&self, _: &str) -> std::io::Result<Bytes> {
        Err(std::io::ErrorKind::NotFound.into())
    }
}

impl SaveBody for NoFiles {
    fn save(&mut self, _: &[u8]) -> std::io::Result<String> {
        Err(std::io::ErrorKind::Unsupported.into())
    }
}

fn json(text: &str) -> Option<String> {
    let mut out = Vec::new();
    let mut cursor = Cursor::new(text);
    let value = Value { cursor: &mut cursor, place: Place::Root };
    (is_clean(text) && JsonText::new(&mut out).deserialize(value).is_ok() && cursor.is_at_end())
        .then(|| String::from_utf8(out).unwrap())
}

fn json_generally(text: &str) -> Result<String, String> {
    let mut out = Vec::new();
    let read = JsonText::new(&mut out).deserialize(serde_yaml::Deserializer::from_str(text));
    read.map(|()| String::from_utf8(out).unwrap()).map_err(|error| error.to_string())
}

fn interaction_generally(text: &str) -> Result<Interaction, String> {
    Read::new(&NoFiles)
        .deserialize(serde_yaml::Deserializer::from_str(text))
        .map_err(|error| error.to_string())
}

/// Pieces of which what is written consists, and some that make it something else.
#[rustfmt::skip]
const SOUP: &[&str] = &[
    "a: ", "a: ", "b:\n", "b:\n", "\"c d\": ", "\"\": ", "\n", "\n", "\n", "\n  ", "\n  ", "\n  ", "\n    ", "\n    ", "\n      ",
    "- ", "\n- ", "\n  - ", "\n    - ", "- - ", "x", "y z", "null", "true", "Null", "1", "-1", "-0", "007", "1.50", "1e3", "0x1f",
    "18446744073709551616", "123456789012345678", "nan", "/p?q=1:2", "https://a.test:1/b", "2020-01-01T00:00:00Z",
    "\"q\"", "\"q: \\\"\\\\ \\n\\u00e9\\/\"", "\"\\\n    x\"", "\"\\ud800\"", "\"é\"", "é", "|\n", "|-\n", "|2\n", "|+\n", "|2-\n",
    "{", "}", "[", "]", ",", ", ", ": ", ":", "{}", "[]", "{\"k\":1}", "{k: v, \"l\": [1,\"m\"]}", " ", "#", " # c", "\t", "'s'", "*a", "&a ",
    "!t ", "? ", ">\n", "~", "%", "@", "-", ".", "\u{85}", "\r\n", "\u{feff}", "---\n", "...\n",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 16 * ProptestConfig::default().cases, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_read_is_what_the_general_reader_reads(parts in vec(prop::sample::select(SOUP), 1..16)) {
        let text = format!("a: {}\n", parts.concat());
        for text in [text, format!("a:\n  b: {}\n", parts.concat()), format!("{}\n", parts.concat())] {
            if let Some(read) = json(&text) {
                prop_assert_eq!(Ok(read), json_generally(&text), "{:?}", text);
            }
        }
    }

    #[test]
    fn all_that_is_written_is_read_here(
        body in prop_oneof![
            json_body().prop_map(String::into_bytes),
            "[ -~é\n\t]{0,60}".prop_map(String::into_bytes),
            "(\\PC|[\n\r\t ]){0,60}".prop_map(String::into_bytes),
            vec(any::<u8>(), 0..40),
        ],
        value in "[ -~]{0,20}",
        sent in any::<bool>(),
    ) {
        let body = Bytes::from(body);
        let own = interaction(&value, body, sent);
        let mut text = String::new();
        write_interaction(&mut text, &own, &mut NoFiles).unwrap();
        let text = text.strip_suffix("...\n").unwrap();
        let read = super::read::<Interaction>(text, &NoFiles);
        prop_assert_eq!(read, Some(interaction_generally(text).unwrap()), "{}", text);
    }
}

/// Compact JSON as servers write it.
fn json_body() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|own| own.to_string()),
        any::<i64>().prop_map(|own| own.to_string()),
        (0_u32..1000).prop_map(|own| (f64::from(own) / 8.0).to_string()),
        "\\PC{0,12}|[a-z ]{0,12}|true|null|12|1e3".prop_map(|own| serde_json::to_string(&own).unwrap()),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let key = "\\PC{0,5}|[a-z]{1,5}".prop_map(|own| serde_json::to_string(&own).unwrap());
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|own| format!("[{}]", own.join(","))),
            vec((key, inner), 0..4).prop_map(|own| {
                let entries: Vec<_> = own.into_iter().map(|(key, value)| format!("{key}:{value}")).collect();
                format!("{{{}}}", entries.join(","))
            }),
        ]
    })
}

fn interaction(value: &str, body: Bytes, sent: bool) -> Interaction {
    let mut headers = http::HeaderMap::new();
    headers.append("x-one", http::HeaderValue::from_str(value).unwrap());
    headers.append("x-one", http::HeaderValue::from_static("sid=a; Path=/"));
    headers.append("x-two", http::HeaderValue::from_bytes(b"\xff").unwrap());
    headers.append("x-three", http::HeaderValue::from_str(value).unwrap());
    Interaction {
        at: Some(crate::clock::parse_rfc3339("2020-04-22T12:09:20.000Z").unwrap()),
        took: Some(std::time::Duration::from_millis(182)),
        request: RecordedRequest {
            method: http::Method::POST,
            url: "/a?b=c:d".to_owned(),
            headers: headers.clone(),
            body: if sent { RequestBody::Bytes(body.clone()) } else { RequestBody::Unrecorded },
        },
        stand_ins: vec![("user1@example.test".to_owned(), crate::profile::StandInType::Email)],
        repeat: None,
        response: RecordedResponse {
            status: http::StatusCode::OK,
            headers,
            framing: Framing::Chunked,
            body: (!body.is_empty()).then_some(Body { bytes: body, coded: sent }),
            trailers: http::HeaderMap::new(),
        },
        line: 0,
    }
}

#[test]
fn what_may_mean_something_else_is_left_to_the_general_reader() {
    for text in [
        "a: b\n c\n",
        "a: b # c\n",
        "a: ~\n",
        "a: Null\n",
        "a: 007\n",
        "a: *b\n",
        "a: &b c\n",
        "a: 'b'\n",
        "a: |\n\n  b\n",
        "a: \"b\n  c\"\n",
        "a: [b\n  , c]\n",
        "a: {b:c}\n",
        "a: [b,]\n",
        "a:\n- b\n",
        "a: b\r\n",
        "a: \"\\ud83d\\ude00\"\n",
        "\n",
        "a:\n",
        "a: b: c\n",
    ] {
        assert_eq!(json(text), None, "{text:?}");
    }
}

#[test]
fn brackets_without_end_are_not_followed() {
    let deep = format!(
        "x-a: {}\nrequest: {{method: GET, url: /}}\nresponse: {{status: 200}}\n",
        "[".repeat(1 << 20)
    );
    assert_eq!(super::read::<Interaction>(&deep, &NoFiles), None);
}
