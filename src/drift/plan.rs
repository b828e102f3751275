//! What of a cassette can be asked again, and what it takes to do so.

use std::collections::HashMap;

use ::http::Method;
use serde_json::Value;

use super::terms::{Piece, Terms};
use crate::cassette::{Cassette, Interaction, RecordedRequest};
use crate::http::query_pairs;
use crate::matching::{MatchKey, Matcher, Target};
use crate::profile::{Drift, Kind, Profile};
use crate::replay::openers;

/// Headers by which many servers take a request for one of another method.
const METHOD_OVERRIDES: [&str; 3] = ["x-http-method-override", "x-http-method", "x-method-override"];

/// The parameter that says the same (Rails, Laravel, Symfony).
const METHOD_PARAMETER: &str = "_method";

/// One interaction as something to be asked again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What the request does.
    pub kind: Kind,
    /// It goes to another origin than the cassette's upstream.
    pub elsewhere: bool,
    /// The last write before a read that concerns it.
    pub opener: Option<usize>,
    /// Steps of the same request have the same number.
    pub request: usize,
    /// Ids in the URL.
    pub ids: Vec<String>,
    /// Ids in the request that an earlier answer was the first to tell, and whose it was.
    pub told: Vec<(String, usize)>,
}

/// All interactions of a cassette, as something to be asked again.
#[derive(Debug)]
pub struct Plan {
    /// In recorded order.
    pub steps: Vec<Step>,
}

impl Plan {
    /// For this cassette, whose stand-ins are `terms`.
    pub fn of(cassette: &Cassette, terms: &Terms, profile: &Profile) -> Self {
        let upstream = cassette.header.upstream.as_str();
        let target = |own: &Interaction| -> Vec<String> {
            Target::recorded(&own.request.url, upstream)
                .segments()
                .map(std::borrow::Cow::into_owned)
                .collect()
        };
        let kind = |own: &Interaction| {
            let segments = target(own);
            if is_disguised(&own.request, &segments) {
                return Kind::Write;
            }
            profile.kind(&own.request.method, &segments.iter().map(String::as_str).collect::<Vec<_>>())
        };
        let kinds: Vec<Kind> = cassette.interactions.iter().map(kind).collect();
        let openers = openers(&cassette.interactions, upstream, &kinds, profile);
        let matcher = Matcher::new(profile.volatile.clone(), profile.sensitive.clone());
        let mut requests: HashMap<MatchKey, usize> = HashMap::new();
        let mut first = First { terms, drift: &profile.drift, told: HashMap::new() };
        let steps = cassette.interactions.iter().enumerate().map(|(at, own)| {
            let number = requests.len();
            let (ids, told) = first.asked(own);
            first.answered(own, at);
            Step {
                kind: kinds[at],
                elsewhere: Target::recorded(&own.request.url, upstream).origin.is_some(),
                opener: openers[at],
                request: *requests.entry(matcher.recorded_key(&own.request)).or_insert(number),
                ids,
                told,
            }
        });
        Self { steps: steps.collect() }
    }
}

/// Whether a server may take a request for another one than its method and path tell: a cassette that somebody else wrote
/// must not change an org that is only to be read.
fn is_disguised(request: &RecordedRequest, segments: &[String]) -> bool {
    let overrides = METHOD_OVERRIDES.iter().any(|name| request.headers.contains_key(*name))
        || query_pairs(Target::recorded(&request.url, "").query).any(|(name, _)| name == METHOD_PARAMETER);
    // A POST is a read by its path alone, which servers may take for a shorter one.
    let leads_elsewhere =
        |segment: &String| segment == ".." || segment == "." || segment.contains(['/', '\\', ';']);
    // What TRACE is answered with are the credentials that it was sent with (RFC 9110 §9.3.8).
    overrides
        || request.method == Method::TRACE
        || (!request.method.is_safe() && segments.iter().any(leads_elsewhere))
}

/// Where ids came up first.
struct First<'a> {
    terms: &'a Terms,
    drift: &'a Drift,
    /// The answer that told it; `None`: a request held it.
    told: HashMap<String, Option<usize>>,
}

impl First<'_> {
    /// The ids of a URL, and those of the request that earlier answers told. The others count as known from now on.
    fn asked(&mut self, own: &Interaction) -> (Vec<String>, Vec<(String, usize)>) {
        let mut ids = Vec::new();
        for segment in Target::recorded(&own.request.url, "").segments() {
            if self.told.contains_key(&*segment) {
                ids.push(segment.into_owned());
            }
        }
        self.ids_of_text(&own.request.url, &mut ids);
        let in_url = ids.clone();
        if let Some(body) = own.request.body.bytes() {
            self.ids_of_body(body, &mut ids);
        }
        let mut told = Vec::new();
        for id in ids {
            if let Some(answer) = *self.told.entry(id.clone()).or_insert(None)
                && told.iter().all(|(own, _)| *own != id)
            {
                told.push((id, answer));
            }
        }
        (in_url, told)
    }

    fn answered(&mut self, own: &Interaction, at: usize) {
        let mut ids = Vec::new();
        for value in own.response.headers.values() {
            self.ids_of_text(value.to_str().unwrap_or_default(), &mut ids);
        }
        if let Some(body) = &own.response.body {
            self.ids_of_body(&body.bytes, &mut ids);
        }
        for id in ids {
            self.told.entry(id).or_insert(Some(at));
        }
    }

    fn ids_of_text(&self, text: &str, ids: &mut Vec<String>) {
        for piece in self.terms.pieces(text, self.drift.ids.as_ref()) {
            if let Piece::Variable(super::Sort::Id, id) = piece {
                ids.push(id.into_owned());
            }
        }
    }

    fn ids_of_body(&self, body: &[u8], ids: &mut Vec<String>) {
        match serde_json::from_slice::<Value>(body) {
            Ok(value) => self.ids_of_value("", &value, ids),
            Err(_) => self.ids_of_text(&String::from_utf8_lossy(body), ids),
        }
    }

    fn ids_of_value(&self, name: &str, value: &Value, ids: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                fields.iter().for_each(|(name, value)| self.ids_of_value(name, value, ids));
            }
            Value::Array(items) => items.iter().for_each(|item| self.ids_of_value(name, item, ids)),
            Value::String(text) if self.drift.is_id_field(name) => ids.push(text.clone()),
            Value::Number(number) if self.drift.is_id_field(name) => ids.push(number.to_string()),
            Value::String(text) => self.ids_of_text(text, ids),
            _ => {}
        }
    }
}
