//! What a cassette may say and hardly means.

use std::fmt;

use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, Method, StatusCode};

use crate::cassette::{Cassette, Interaction};
use crate::http::{Coding, CodingError};
use crate::profile::Profile;

/// Something strange, by the line of the interaction that it is in.
pub(super) struct Doubt {
    line: usize,
    what: String,
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.what)
    }
}

/// All of a cassette, in its order.
pub(super) fn of(cassette: &Cassette) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    let named = cassette.header.profile.as_deref();
    if let Some(name) = named.filter(|name| !Profile::is_built_in(name)) {
        let what = format!(
            "profile {name} is not built in: give its file with --profile wherever the cassette is played"
        );
        doubts.push(Doubt { line: 1, what });
    }
    if cassette.interactions.is_empty() {
        doubts.push(Doubt { line: 1, what: "holds no interaction".to_owned() });
    }
    for own in &cassette.interactions {
        let line = own.line;
        doubts.extend(strange(own).into_iter().map(|what| Doubt { line, what }));
    }
    doubts
}

fn strange(own: &Interaction) -> Vec<String> {
    let mut told = Vec::new();
    let (request, response) = (&own.request, &own.response);
    let what = format!("{} {}", request.method, request.url);
    if request.body.bytes().is_some_and(|body| !is_json(body)) && says_json(&request.headers) {
        told.push(format!("{what}: the request's content-type says JSON, and its body is none"));
    }
    let coding = Coding::of(&response.headers);
    if let Err(CodingError::Unknown(name)) = &coding
        && response.body.as_ref().is_some_and(|body| !body.coded)
    {
        told.push(format!(
            "{what}: content-encoding {name} is none that can be applied again: the body needs `coded: true`"
        ));
    }
    let Some(body) = &response.body else { return told };
    if body.coded && !response.headers.contains_key(CONTENT_ENCODING) {
        told.push(format!("{what}: the body is `coded: true`, and no content-encoding says how"));
    }
    if let (true, Ok(Some(coding))) = (body.coded, &coding)
        && coding.decode(&body.bytes, crate::http::BODY_LIMIT).is_ok()
    {
        told.push(format!("{what}: the body is `coded: true`, and can be decoded: it could be read"));
    }
    if !body.coded && says_json(&response.headers) && !is_json(&body.bytes) {
        told.push(format!("{what}: the response's content-type says JSON, and its body is none"));
    }
    let bodiless = matches!(response.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if bodiless || request.method == Method::HEAD {
        let status = response.status.as_u16();
        told.push(format!(
            "{what}: the {status} has a body, which HTTP has no place for here; it is not sent"
        ));
    }
    told
}

fn says_json(headers: &HeaderMap) -> bool {
    let named = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let named = named.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    named.eq_ignore_ascii_case("application/json") || named.to_ascii_lowercase().ends_with("+json")
}

fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
}
