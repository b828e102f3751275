//! The demo's client: sends what a flow says, keeps what answers give, and compares.

use std::collections::BTreeMap;

use ::http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use serde_json::Value;

use super::super::Failure;
use super::flows::Step;
use crate::http::{Body, JsonScanner, Origin, Upload};
use crate::sandbox::Sandbox;
use crate::upstream::{Upstream, UpstreamOptions};

/// One request and its answer.
pub(super) struct Turn {
    pub(super) method: &'static str,
    pub(super) path: String,
    body: String,
    pub(super) status: StatusCode,
    /// Where a redirect leads.
    pub(super) location: Option<String>,
    pub(super) answer: Bytes,
}

/// A client of one proxy.
pub(super) struct Caller {
    client: Upstream,
    proxy: Origin,
}

impl Caller {
    pub(super) fn to(proxy: &Origin) -> Result<Self, Failure> {
        let client =
            Upstream::new(Some(proxy.clone()), &UpstreamOptions::default()).map_err(Failure::usage)?;
        Ok(Self { client, proxy: proxy.clone() })
    }

    /// Plays a conversation; `org` is where the user's phone lies.
    pub(super) async fn play(&self, steps: &[Step], org: &Sandbox) -> Result<Vec<Turn>, Failure> {
        let mut known = BTreeMap::new();
        let mut turns = Vec::new();
        for step in steps {
            match step {
                Step::Ask { method, path, body, keep } => {
                    let turn = self.ask(method, filled(path, &known), filled(body, &known)).await?;
                    let answer: Value = serde_json::from_slice(&turn.answer).unwrap_or_default();
                    for (name, pointer) in *keep {
                        if let Some(value) = answer.pointer(pointer).and_then(Value::as_str) {
                            let last = value.rsplit('/').next().unwrap_or(value);
                            known.insert(*name, last.to_owned());
                        }
                    }
                    turns.push(turn);
                }
                Step::ReadCode => {
                    let told = control(org, "GET", &filled("/__sandbox/codes/{factor}", &known), "")?;
                    let code = told.pointer("/code").and_then(Value::as_str).unwrap_or_default();
                    known.insert("code", code.to_owned());
                }
                Step::Phone(answer) => {
                    let body = format!(r#"{{"answer":"{answer}"}}"#);
                    control(org, "POST", &filled("/__sandbox/push/{factor}", &known), &body)?;
                }
            }
        }
        Ok(turns)
    }

    /// Sends the same requests again and says which answers differ, but for the cassette's `stand_ins`: what the
    /// client never sent comes back as one.
    pub(super) async fn repeat(&self, turns: &[Turn], stand_ins: &[&str]) -> Result<Vec<String>, Failure> {
        let mut differences = Vec::new();
        for turn in turns {
            let again = self.ask(turn.method, turn.path.clone(), turn.body.clone()).await?;
            if again.status != turn.status {
                differences.push(format!(
                    "{} {}: {} instead of {}",
                    turn.method, turn.path, again.status, turn.status
                ));
            } else if again.answer != turn.answer && !is_alike(&turn.answer, &again.answer, stand_ins) {
                differences.push(format!("{} {}: another body", turn.method, turn.path));
            }
        }
        Ok(differences)
    }

    async fn ask(&self, method: &'static str, path: String, body: String) -> Result<Turn, Failure> {
        let broken = |error: &dyn std::fmt::Display| Failure::Checks(format!("{method} {path}: {error}"));
        let request = request(method, &path, &body).map_err(|error| broken(&error))?;
        let (head, sent) = request.into_parts();
        let target = head.uri.path_and_query();
        let upload = || Upload { sent: 0, complete: true };
        let sending =
            self.client.send(&self.proxy, head.method, target, head.headers, Body::Whole(sent), upload);
        let response = sending.await.map_err(|error| broken(&error))?;
        let status = response.status();
        let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
        let location = location.map(str::to_owned);
        let answer = response.into_body().collect().await.map_err(|error| broken(&error))?.to_bytes();
        Ok(Turn { method, path, body, status, location, answer })
    }
}

/// Whether two JSON texts differ in nothing but values that are stand-ins in the second.
fn is_alike(recorded: &[u8], replayed: &[u8], stand_ins: &[&str]) -> bool {
    let (Ok(recorded), Ok(replayed)) = (std::str::from_utf8(recorded), std::str::from_utf8(replayed)) else {
        return false;
    };
    let (mut left, mut right) = (JsonScanner::new(recorded), JsonScanner::new(replayed));
    let (mut left_end, mut right_end) = (0, 0);
    loop {
        match (left.next_value(), right.next_value()) {
            (None, None) => return recorded.get(left_end..) == replayed.get(right_end..),
            (Some(own), Some(other)) => {
                let between =
                    recorded.get(left_end..own.range.start) == replayed.get(right_end..other.range.start);
                let value = replayed.get(other.range.clone()).unwrap_or_default();
                let real = recorded.get(own.range.clone()).unwrap_or_default();
                let same = real == value || stand_ins.iter().any(|own| stands_in(own, value, real));
                if !between || !same {
                    return false;
                }
                (left_end, right_end) = (own.range.end, other.range.end);
            }
            _ => return false,
        }
    }
}

/// Whether `value` is `real` with `stand_in` somewhere in it.
fn stands_in(stand_in: &str, value: &str, real: &str) -> bool {
    value.split_once(stand_in).is_some_and(|(head, tail)| {
        real.len() >= head.len() + tail.len() && real.starts_with(head) && real.ends_with(tail)
    })
}

fn request(method: &str, path: &str, body: &str) -> Result<Request<Bytes>, ::http::Error> {
    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, HeaderValue::from_static("SSWS demo-token-that-no-file-holds"));
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    if !body.is_empty() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    let mut request = Request::builder().method(method).uri(path).body(Bytes::from(body.to_owned()))?;
    *request.headers_mut() = headers;
    Ok(request)
}

/// Asks the sandbox itself, past the proxy.
fn control(org: &Sandbox, method: &str, path: &str, body: &str) -> Result<Value, Failure> {
    let broken =
        |error: &dyn std::fmt::Display| Failure::Checks(format!("sandbox: {method} {path}: {error}"));
    let request = request(method, path, body).map_err(|error| broken(&error))?;
    let response = org.handle("http://sandbox", request);
    if !response.status().is_success() {
        return Err(broken(&String::from_utf8_lossy(response.body())));
    }
    serde_json::from_slice(response.body()).map_err(|error| broken(&error))
}

/// `text` with what is known put in for `{name}`.
fn filled(text: &str, known: &BTreeMap<&str, String>) -> String {
    known.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}
