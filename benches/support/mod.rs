//! Recordings made up for the benches: the same at every run, Okta-like, 1.5 KB of JSON each.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use overdub::cassette::{
    Body, Cassette, Framing, Header, Interaction, RecordedRequest, RecordedResponse, Repeat, RequestBody,
};
use overdub::profile::StandInType;
use serde_json::{Value, json};

/// The origin that cassettes are relative to; links to it are rendered.
pub(crate) const UPSTREAM: &str = "https://okta.overdub.test";

/// An origin that no cassette is relative to; links to it stay as they are.
pub(crate) const ELSEWHERE: &str = "https://example.okta.com";

/// Bytes of an answer's body.
pub(crate) const SIZE: usize = 1500;

/// What stands for the client's e-mail address in [`signed_up`].
pub(crate) const EMAIL: &str = "user1@example.test";

/// The headers of an answer.
const HEADERS: [(&str, &str); 4] = [
    ("content-type", "application/json"),
    ("x-okta-request-id", "YzQ4NzY1Njc4OTAxMjM0NTY3OA"),
    ("x-rate-limit-limit", "600"),
    ("x-rate-limit-remaining", "599"),
];

/// The answer's headers, as they go into a response.
pub(crate) fn headers() -> HeaderMap {
    let own = |(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value));
    HEADERS.into_iter().map(own).collect()
}

/// The path of the factor with this number.
pub(crate) fn path_of(number: usize) -> String {
    format!("/api/v1/users/00u{number:06}/factors/ufs{number:06}")
}

/// A factor as JSON of [`SIZE`] bytes with links to `origin`; `step` is what changes while a client polls.
pub(crate) fn factor(origin: &str, number: usize, step: usize) -> String {
    let user = format!("{origin}/api/v1/users/00u{number:06}");
    let own = format!("{user}/factors/ufs{number:06}");
    let link = |href: &str, verb: &str| json!({"href": href, "hints": {"allow": [verb]}});
    let mut factor = json!({
        "id": format!("ufs{number:06}"), "factorType": "token:software:totp", "provider": "OKTA", "vendorName": "OKTA",
        "status": "ACTIVE", "created": "2025-06-27T20:27:26.000Z",
        "lastUpdated": format!("2025-06-27T20:27:{step:02}.000Z"),
        "profile": {
            "credentialId": EMAIL, "name": format!("Recorded factor number {number}"),
            "platform": "IOS", "deviceType": "SmartPhone_IPhone", "version": "17.5.1",
        },
        "_links": {
            "self": link(&own, "GET"), "verify": link(&format!("{own}/verify"), "POST"), "user": link(&user, "GET"),
            "lifecycle": {"activate": link(&format!("{own}/lifecycle/activate"), "POST")},
        },
        "_embedded": {"activation": {
            "timeStep": 30, "encoding": "base32", "keyLength": 16, "attempts": [1, 2, 3, null, false],
            "_links": {"qrcode": {"href": format!("{own}/qr/00fukNElRS_Tz6k"), "type": "image/png"}},
        }},
        "note": "",
    });
    let room = SIZE.saturating_sub(factor.to_string().len());
    factor["note"] = Value::from("of no meaning ".repeat(room / 14 + 1)[..room].to_owned());
    factor.to_string()
}

/// One exchange; an empty `asked` is no body.
pub(crate) fn interaction(method: Method, url: &str, asked: &str, answer: &str) -> Interaction {
    let body = match asked {
        "" => RequestBody::Empty,
        asked => RequestBody::Bytes(Bytes::copy_from_slice(asked.as_bytes())),
    };
    let bytes = Bytes::copy_from_slice(answer.as_bytes());
    Interaction {
        at: None,
        took: None,
        request: RecordedRequest { method, url: url.to_owned(), headers: HeaderMap::new(), body },
        stand_ins: Vec::new(),
        repeat: None,
        response: RecordedResponse {
            status: StatusCode::OK,
            headers: headers(),
            framing: Framing::Length,
            body: Some(Body { bytes, coded: false }),
            trailers: HeaderMap::new(),
        },
        line: 0,
    }
}

/// The header document of these cassettes.
pub(crate) fn header() -> Header {
    Header { upstream: UPSTREAM.to_owned(), ..Header::default() }
}

fn cassette(interactions: Vec<Interaction>) -> Cassette {
    Cassette { name: "bench".to_owned(), path: "bench.yaml".into(), header: header(), interactions }
}

fn read(origin: &str, number: usize, step: usize) -> Interaction {
    interaction(Method::GET, &path_of(number), "", &factor(origin, number, step))
}

/// `many` factors, each read once.
pub(crate) fn distinct(many: usize) -> Cassette {
    cassette((0..many).map(|number| read(ELSEWHERE, number, 0)).collect())
}

/// One factor, polled five times: each answer is another one.
pub(crate) fn polled() -> Cassette {
    cassette((0..5).map(|step| read(ELSEWHERE, 0, step)).collect())
}

/// One factor, read twice after each of five writes that concern it. The writes come round again, so that the answer to
/// the read never stops changing.
pub(crate) fn epochs() -> Cassette {
    let write = |step| {
        let answer = factor(ELSEWHERE, 0, step);
        let write = interaction(Method::POST, &write_path(), r#"{"passCode":"123456"}"#, &answer);
        Interaction { repeat: Some(Repeat::Cycle), ..write }
    };
    let epoch = |epoch: usize| {
        let step = 3 * epoch;
        [write(step), read(ELSEWHERE, 0, step + 1), read(ELSEWHERE, 0, step + 2)]
    };
    cassette((0..5).flat_map(epoch).collect())
}

/// The path of the writes in [`epochs`].
pub(crate) fn write_path() -> String {
    format!("{}/lifecycle/activate", path_of(0))
}

/// The body by which a client of this address signs up.
pub(crate) fn sign_up(email: &str) -> String {
    json!({"profile": {"email": email, "login": email}}).to_string()
}

/// A sign-up by [`EMAIL`], which stands for whatever the client sends, then reads of `answer`, which may hold that and
/// links to [`UPSTREAM`].
pub(crate) fn signed_up(answer: &str) -> Cassette {
    let mut first = interaction(Method::POST, "/api/v1/users", &sign_up(EMAIL), &sign_up(EMAIL));
    first.stand_ins = vec![(EMAIL.to_owned(), StandInType::Email)];
    cassette(vec![first, interaction(Method::GET, &path_of(0), "", answer)])
}

/// A scenario that changes the status and one more field of every factor.
pub(crate) const SCENARIO: &str = r#"describe("Factors have expired");
on_response("GET /api/v1/users/{user}/factors/{factor}", |req, res, state| {
    res.json.status = "EXPIRED";
    res.json.lastUpdated = "2026-01-01T00:00:00.000Z";
});
"#;
