//! WireMock (`wiremock.org`), a file of stub mappings: for its `mappings/` folder, or `POST /__admin/mappings/import`.
//!
//! Recordings of one request follow each other through the states of a scenario; the last one stays. A scenario knows only
//! its own request, so that a read moves on by being read, not by the write that changed it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, Write};

use data_encoding::BASE64;
use http::{HeaderMap, Method};
use serde_json::{Map, Value, json};

use super::{Export, Unsaid, absolute};
use crate::cassette::{Cassette, Interaction, Repeat, RequestBody};
use crate::interchange::extension::is_carried;

/// Asked after all others: WireMock's own is 5, and a lower number goes first.
const AFTER_OTHERS: u8 = 10;

/// The state that WireMock's scenarios begin in.
const STARTED: &str = "Started";

/// What stands in `equalToJson` for any text.
const ANY_TEXT: &str = "${json-unit.any-string}";

pub(super) struct WireMock;

impl Export for WireMock {
    fn name(&self) -> &'static str {
        "wiremock"
    }

    fn extension(&self) -> &'static str {
        "json"
    }

    fn write(&self, cassette: &Cassette, out: &mut dyn Write) -> io::Result<Vec<Unsaid>> {
        let stubs = Stubs::of(cassette);
        let (mut unsaid, mut first) = (Vec::new(), true);
        out.write_all(b"{\n  \"mappings\": [")?;
        for (index, own) in cassette.interactions.iter().enumerate() {
            if own.request.url == "*" {
                let what = format!("{} *: WireMock has no such target; it is left out", own.request.method);
                unsaid.push(Unsaid { line: own.line, what });
                continue;
            }
            unsaid.extend(left_out(own).map(|what| Unsaid { line: own.line, what }));
            out.write_all(if first { b"\n    " } else { b",\n    " })?;
            first = false;
            let text = serde_json::to_string_pretty(&stubs.stub(index, own, cassette))?;
            for line in text.split_inclusive('\n') {
                out.write_all(line.as_bytes())?;
                out.write_all(if line.ends_with('\n') { b"    " } else { b"" })?;
            }
        }
        out.write_all(if first { b"]\n}\n" } else { b"\n  ]\n}\n" })?;
        Ok(unsaid)
    }
}

/// What a cassette's stubs have to know of each other.
struct Stubs<'a> {
    /// Stand-ins of secrets, longest first: a client sends its own in their place.
    secrets: Vec<&'a str>,
    /// Method and URL of requests that came with a body.
    with_body: HashSet<(&'a Method, &'a str)>,
    /// Per interaction: the number of its request among those that differ, its place among those that do not, and how
    /// many of these there are.
    places: Vec<(usize, usize, usize)>,
}

impl<'a> Stubs<'a> {
    fn of(cassette: &'a Cassette) -> Self {
        let declared = cassette.interactions.iter().flat_map(|own| &own.stand_ins);
        let mut secrets: Vec<_> =
            declared.filter(|(_, of_type)| of_type.is_secret()).map(|(text, _)| text.as_str()).collect();
        secrets.retain(|text| !text.is_empty());
        secrets.sort_by_key(|text| std::cmp::Reverse(text.len()));
        secrets.dedup();
        let with_body = cassette.interactions.iter().filter(|own| own.request.body.bytes().is_some());
        let with_body = with_body.map(|own| (&own.request.method, own.request.url.as_str())).collect();
        let mut stubs = Self { secrets, with_body, places: Vec::new() };
        let mut known: HashMap<String, (usize, usize)> = HashMap::new();
        let mut places = Vec::with_capacity(cassette.interactions.len());
        for own in &cassette.interactions {
            let number = known.len() + 1;
            let (number, count) = known.entry(sorted(stubs.request(own)).to_string()).or_insert((number, 0));
            *count += 1;
            places.push((*number, *count));
        }
        let totals: HashMap<_, _> = known.into_values().collect();
        stubs.places = places
            .into_iter()
            .map(|(number, place)| (number, place, totals.get(&number).copied().unwrap_or(place)))
            .collect();
        stubs
    }

    fn stub(&self, index: usize, own: &Interaction, cassette: &Cassette) -> Value {
        let path = own.request.url.split('?').next().unwrap_or_default();
        let mut stub = json!({ "name": format!("{} {} {path}", index + 1, own.request.method) });
        if own.request.body == RequestBody::Unrecorded {
            stub["priority"] = AFTER_OTHERS.into();
        }
        if let Some(&(number, place, of)) = self.places.get(index)
            && of > 1
        {
            let state =
                |place: usize| if place == 1 { STARTED.to_owned() } else { format!("{place} of {of}") };
            stub["scenarioName"] = format!("{}, request {number}", cassette.name).into();
            stub["requiredScenarioState"] = state(place).into();
            let again = own.repeat.or(cassette.header.repeat) == Some(Repeat::Cycle);
            if place < of {
                stub["newScenarioState"] = state(place + 1).into();
            } else if again {
                stub["newScenarioState"] = STARTED.into();
            }
        }
        stub["request"] = self.request(own);
        stub["response"] = response(own);
        stub
    }

    /// What a request has to be.
    fn request(&self, own: &Interaction) -> Value {
        let request = &own.request;
        let mut told = json!({ "method": request.method.as_str() });
        match absolute(own, "").split_once("://") {
            None => told["url"] = request.url.as_str().into(),
            Some((_, rest)) => {
                let (host, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
                told["url"] = if target.is_empty() { "/".into() } else { target.into() };
                told["headers"] = json!({ "Host": { "equalTo": host } });
            }
        }
        if let Some(pattern) = self.body(own) {
            told["bodyPatterns"] = json!([pattern]);
        }
        told
    }

    fn body(&self, own: &Interaction) -> Option<Value> {
        let request = &own.request;
        let bytes = match &request.body {
            RequestBody::Unrecorded => return None,
            // Only where there is a body to be told from.
            RequestBody::Empty => {
                let is_one_of_two = self.with_body.contains(&(&request.method, request.url.as_str()));
                return is_one_of_two.then(|| json!({ "absent": true }));
            }
            RequestBody::Bytes(bytes) => bytes,
        };
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Some(json!({ "binaryEqualTo": BASE64.encode(bytes) }));
        };
        Some(match serde_json::from_str::<Value>(text) {
            Ok(mut value @ (Value::Object(_) | Value::Array(_))) => {
                self.open(&mut value);
                json!({ "equalToJson": value })
            }
            _ if self.secrets.iter().any(|secret| text.contains(secret)) => {
                json!({ "matches": self.pattern(text) })
            }
            _ => json!({ "equalTo": text }),
        })
    }

    /// Leaves open what is a secret.
    fn open(&self, value: &mut Value) {
        match value {
            Value::String(text) if self.secrets.contains(&text.as_str()) => ANY_TEXT.clone_into(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.open(item)),
            Value::Object(entries) => entries.values_mut().for_each(|item| self.open(item)),
            _ => {}
        }
    }

    /// A regular expression for a form whose secrets may be any.
    fn pattern(&self, text: &str) -> String {
        let mut escaped = regex::escape(text);
        for secret in &self.secrets {
            escaped = escaped.replace(&regex::escape(secret), "[^&]*");
        }
        escaped
    }
}

fn response(own: &Interaction) -> Value {
    let response = &own.response;
    let mut told = json!({ "status": response.status.as_u16() });
    let headers = headers(&response.headers);
    if !headers.is_empty() {
        told["headers"] = Value::Object(headers);
    }
    if let Some(body) = &response.body {
        match std::str::from_utf8(&body.bytes) {
            Ok(text) => told["body"] = text.into(),
            Err(_) => told["base64Body"] = BASE64.encode(&body.bytes).into(),
        }
    }
    told
}

/// A value under each name, or all its lines. A coding that the body is not in is left out: WireMock applies its own.
fn headers(headers: &HeaderMap) -> Map<String, Value> {
    let mut told = Map::new();
    for name in headers.keys() {
        let lines = headers.get_all(name).iter().filter(|value| is_carried(name, value, true));
        let mut values: Vec<Value> =
            lines.map(|value| String::from_utf8_lossy(value.as_bytes()).into()).collect();
        match values.len() {
            0 => continue,
            1 => told.insert(name.to_string(), values.remove(0)),
            _ => told.insert(name.to_string(), values.into()),
        };
    }
    told
}

/// What is not sent.
fn left_out(own: &Interaction) -> impl Iterator<Item = String> {
    let response = &own.response;
    let trailers =
        (!response.trailers.is_empty()).then(|| "WireMock sends no trailers; they are left out".to_owned());
    let odd = response.headers.iter().filter(|(name, value)| !is_carried(name, value, false));
    let odd = odd.map(|(name, _)| format!("{name}: its value is no UTF-8; the line is left out"));
    trailers.into_iter().chain(odd)
}

/// The same value with its fields in order, so that what WireMock takes for one request is one text.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        Value::Object(entries) => {
            let entries: BTreeMap<_, _> =
                entries.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            entries.into_iter().collect()
        }
        other => other,
    }
}
