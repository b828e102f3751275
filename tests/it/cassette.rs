//! Cassettes: what is written is read again, and what cannot be read is said plainly.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod errors;
mod hostile;
pub(crate) mod laws;
mod store;
mod written;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Mutex;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use overdub::cassette::format::{self, LoadBody, Reading, SaveBody};
use overdub::cassette::{
    Body, CassetteError, Framing, Header, Interaction, RecordedRequest, RecordedResponse, RequestBody,
};

/// Bodies beside a cassette that is in memory.
#[derive(Default)]
struct Beside(Mutex<BTreeMap<String, Bytes>>);

impl SaveBody for Beside {
    fn save(&mut self, body: &[u8]) -> io::Result<String> {
        let mut bodies = self.0.lock().unwrap();
        let name = format!("x-{:04}.body", bodies.len() + 1);
        bodies.insert(name.clone(), Bytes::copy_from_slice(body));
        Ok(name)
    }
}

impl LoadBody for Beside {
    fn load(&self, name: &str) -> io::Result<Bytes> {
        self.0.lock().unwrap().get(name).cloned().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }
}

fn read(text: impl AsRef<[u8]>) -> Result<Reading, CassetteError> {
    format::read(text.as_ref(), "x".into(), Path::new("x.yaml"), &Beside::default())
}

/// What the message says to a person.
fn message(text: impl AsRef<[u8]>) -> String {
    read(text).expect_err("this must not load").to_string()
}

/// The header of a cassette that a recorder began.
fn header() -> Header {
    Header {
        recorded_with: Some("overdub 0.1.0".into()),
        upstream: "https://okta.overdub.test".into(),
        ..Header::default()
    }
}

/// A cassette's text, with its large bodies.
fn write(interactions: &[Interaction]) -> (String, Beside) {
    let (mut text, mut beside) = (String::new(), Beside::default());
    format::write_header(&mut text, &header());
    for interaction in interactions {
        format::write_interaction(&mut text, interaction, &mut beside).unwrap();
    }
    (text, beside)
}

/// A request and its answer with the given body.
fn answer(body: impl Into<Bytes>) -> Interaction {
    Interaction {
        at: None,
        took: None,
        request: RecordedRequest {
            method: Method::GET,
            url: "/api/v1/users/me".into(),
            headers: HeaderMap::new(),
            body: RequestBody::Empty,
        },
        stand_ins: Vec::new(),
        repeat: None,
        response: RecordedResponse {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            framing: Framing::Length,
            body: Some(Body { bytes: body.into(), coded: false }).filter(|body| !body.bytes.is_empty()),
            trailers: HeaderMap::new(),
        },
        line: 0,
    }
}

fn headers(lines: &[(&'static str, &[u8])]) -> HeaderMap {
    lines
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_bytes(value).unwrap()))
        .collect()
}
