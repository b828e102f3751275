//! Laws: what was exported is read again as it was, by a reader of its own that knows nothing of how it was written.

use bytes::Bytes;
use data_encoding::BASE64;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use overdub::cassette::{
    Body, Cassette, Framing, Header, Interaction, RecordedRequest, RecordedResponse, RequestBody,
};
use overdub::interchange::export::format;
use overdub::interchange::{Extension, HeaderExtension};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

use crate::cassette::laws::interaction;

const UPSTREAM: &str = "https://okta.overdub.test";

fn cassette(interactions: Vec<Interaction>) -> Cassette {
    let header = Header {
        recorded_with: Some("overdub: 1".to_owned()),
        profile: None,
        upstream: UPSTREAM.to_owned(),
        repeat: Some(overdub::cassette::Repeat::Last),
    };
    Cassette { name: "x".to_owned(), path: "x.yaml".into(), header, interactions }
}

/// Interactions that declare no stand-in twice, which says no more than once.
fn interactions() -> impl Strategy<Value = Vec<Interaction>> {
    let once = |mut own: Interaction| {
        own.stand_ins.dedup_by(|one, other| one.0 == other.0);
        own
    };
    vec(interaction().prop_map(once), 0..4)
}

fn written(name: &str, cassette: &Cassette) -> String {
    let mut out = Vec::new();
    format(name).unwrap().write(cassette, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// What a format's own fields hold; the rest is the extension's.
fn plain(
    method: &str,
    url: &str,
    request: HeaderMap,
    sent: &[u8],
    status: u64,
    response: HeaderMap,
    got: &[u8],
) -> Interaction {
    let relative = url.strip_prefix(UPSTREAM).filter(|rest| rest.starts_with('/'));
    Interaction {
        at: None,
        took: None,
        request: RecordedRequest {
            method: Method::from_bytes(method.as_bytes()).unwrap(),
            url: relative.unwrap_or(url).to_owned(),
            headers: request,
            body: if sent.is_empty() {
                RequestBody::Empty
            } else {
                RequestBody::Bytes(Bytes::copy_from_slice(sent))
            },
        },
        stand_ins: Vec::new(),
        repeat: None,
        response: RecordedResponse {
            status: StatusCode::from_u16(status.try_into().unwrap()).unwrap(),
            headers: response,
            framing: Framing::Length,
            body: (!got.is_empty()).then(|| Body { bytes: Bytes::copy_from_slice(got), coded: false }),
            trailers: HeaderMap::new(),
        },
        line: 0,
    }
}

fn add(headers: &mut HeaderMap, name: &str, value: &[u8]) {
    headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_bytes(value).unwrap());
}

fn from_har(text: &str) -> (Header, Vec<Interaction>) {
    let log = serde_json::from_str::<Value>(text).unwrap()["log"].clone();
    let lines = |value: &Value| {
        let mut headers = HeaderMap::new();
        for line in value.as_array().unwrap() {
            add(&mut headers, line["name"].as_str().unwrap(), line["value"].as_str().unwrap().as_bytes());
        }
        headers
    };
    let entries = log["entries"].as_array().unwrap().iter().map(|entry| {
        let (request, response) = (&entry["request"], &entry["response"]);
        let content = response["content"]["text"].as_str().unwrap();
        let got = match response["content"]["encoding"].as_str() {
            Some("base64") => BASE64.decode(content.as_bytes()).unwrap(),
            _ => content.as_bytes().to_vec(),
        };
        let sent = request["postData"]["text"].as_str().unwrap_or_default();
        let mut own = plain(
            request["method"].as_str().unwrap(),
            request["url"].as_str().unwrap(),
            lines(&request["headers"]),
            sent.as_bytes(),
            response["status"].as_u64().unwrap(),
            lines(&response["headers"]),
            &got,
        );
        serde_json::from_value::<Extension>(entry["_overdub"].clone()).unwrap().apply(&mut own).unwrap();
        own
    });
    let entries = entries.collect();
    (serde_json::from_value::<HeaderExtension>(log["_overdub"].clone()).unwrap().into_header(), entries)
}

/// A scalar's bytes: text, or `!!binary`.
fn bytes(value: &serde_yaml::Value) -> Vec<u8> {
    match value {
        serde_yaml::Value::Tagged(tagged) => {
            assert_eq!(tagged.tag, "!binary");
            let digits: Vec<u8> =
                tagged.value.as_str().unwrap().bytes().filter(|byte| *byte != b'\n').collect();
            BASE64.decode(&digits).unwrap()
        }
        serde_yaml::Value::Null => Vec::new(),
        value => value.as_str().unwrap_or_else(|| panic!("{value:?}")).as_bytes().to_vec(),
    }
}

fn from_yaml(text: &str, url: &str, body: &[&str], status: &[&str]) -> (Header, Vec<Interaction>) {
    // The parser keeps tags of one's own only.
    let text = text.replace(" !!binary |\n", " !binary |\n");
    let all: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
    let lines = |value: &serde_yaml::Value| {
        let mut headers = HeaderMap::new();
        for (name, values) in value.as_mapping().unwrap() {
            for value in values.as_sequence().unwrap() {
                add(&mut headers, name.as_str().unwrap(), &bytes(value));
            }
        }
        headers
    };
    let within = |value: &serde_yaml::Value, path: &[&str]| {
        path.iter().fold(value.clone(), |value, name| value[*name].clone())
    };
    let interactions = all["interactions"].as_sequence().unwrap().iter().map(|one| {
        let (request, response) = (&one["request"], &one["response"]);
        let mut own = plain(
            request["method"].as_str().unwrap(),
            request[url].as_str().unwrap(),
            lines(&request["headers"]),
            &bytes(&request["body"]),
            within(response, status).as_u64().unwrap(),
            lines(&response["headers"]),
            &bytes(&within(response, body)),
        );
        serde_yaml::from_value::<Extension>(one["x-overdub"].clone()).unwrap().apply(&mut own).unwrap();
        own
    });
    let interactions = interactions.collect();
    (serde_yaml::from_value::<HeaderExtension>(all["x-overdub"].clone()).unwrap().into_header(), interactions)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_in_a_har(interactions in interactions()) {
        let cassette = cassette(interactions);
        prop_assert_eq!(from_har(&written("har", &cassette)), (cassette.header, cassette.interactions));
    }

    #[test]
    fn nothing_is_lost_in_a_cassette_of_vcrpy(interactions in interactions()) {
        let cassette = cassette(interactions);
        let text = written("vcrpy", &cassette);
        let read = from_yaml(&text, "uri", &["body", "string"], &["status", "code"]);
        prop_assert_eq!(read, (cassette.header, cassette.interactions), "{}", text);
    }

    #[test]
    fn nothing_is_lost_in_a_cassette_of_go_vcr(interactions in interactions()) {
        let cassette = cassette(interactions);
        let text = written("go-vcr", &cassette);
        let read = from_yaml(&text, "url", &["body"], &["code"]);
        prop_assert_eq!(read, (cassette.header, cassette.interactions), "{}", text);
    }

    #[test]
    fn stubs_are_json_whatever_they_hold(interactions in interactions()) {
        let number = interactions.iter().filter(|own| own.request.url != "*").count();
        let stubs: Value = serde_json::from_str(&written("wiremock", &cassette(interactions))).unwrap();
        prop_assert_eq!(stubs["mappings"].as_array().unwrap().len(), number);
    }
}
