//! Whole requests and answers compared.

use std::collections::BTreeSet;

use ::http::{HeaderMap, HeaderName, header};
use serde_json::Value;

use super::arrays::MOST_LOOKED_AT;
use super::bindings::{Bindings, Fit};
use super::change::{Change, Kind, Severity};
use super::terms::{Sort, Terms};
use super::value::{Found, Walk};
use crate::cassette::{Body, Cassette, Interaction, RecordedRequest, RecordedResponse, RequestBody};
use crate::http::{percent_decoded, query_pairs, sorted_pairs};
use crate::matching::{Hidden, Target, cropped, shown};
use crate::profile::{Drift, Mask, Profile};

/// Compares what was recorded with what there is now. Both sides hold stand-ins.
#[derive(Debug, Clone, Copy)]
pub struct Comparer<'a> {
    pub(super) profile: &'a Profile,
    pub(super) drift: &'a Drift,
    pub(super) mask: &'a Mask,
    pub(super) recorded: &'a Terms,
    pub(super) live: &'a Terms,
    /// Headers that the recording has at all: an import may have left out some.
    known: &'a BTreeSet<String>,
}

/// What a body is to somebody who compares it.
enum Content<'b> {
    None,
    Json(Value),
    Text(&'b str),
    Binary(&'b [u8]),
}

impl<'b> Content<'b> {
    fn of(bytes: &'b [u8], coded: bool) -> Self {
        if bytes.is_empty() {
            return Self::None;
        }
        match std::str::from_utf8(bytes).ok().filter(|_| !coded) {
            None => Self::Binary(bytes),
            Some(text) => match serde_json::from_str(text) {
                Ok(value) => Self::Json(value),
                Err(_) => Self::Text(text),
            },
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::None => "nothing",
            Self::Json(_) => "JSON",
            Self::Text(_) => "text",
            Self::Binary(_) => "bytes",
        }
    }
}

/// The names of all headers that a cassette's answers have.
pub(super) fn known_headers(cassette: &Cassette) -> BTreeSet<String> {
    let names = cassette.interactions.iter().flat_map(|own| own.response.headers.keys());
    names.map(|name| name.as_str().to_owned()).collect()
}

/// What of a recording a comparison needs besides its interactions.
#[derive(Debug)]
pub struct Known {
    headers: BTreeSet<String>,
    /// Its stand-ins.
    pub terms: Terms,
}

impl Known {
    /// Of this cassette.
    pub fn of(cassette: &Cassette) -> Self {
        Self { headers: known_headers(cassette), terms: Terms::of(&cassette.interactions) }
    }
}

impl<'a> Comparer<'a> {
    /// Compares with a recording; `live` are the stand-ins of the other side.
    pub fn new(profile: &'a Profile, mask: &'a Mask, recorded: &'a Known, live: &'a Terms) -> Self {
        Self {
            profile,
            drift: &profile.drift,
            mask,
            recorded: &recorded.terms,
            live,
            known: &recorded.headers,
        }
    }

    /// What differs between two requests. What stands for what in them is kept in `bindings`.
    pub fn requests(
        &self,
        bindings: &mut Bindings,
        recorded: &RecordedRequest,
        live: &RecordedRequest,
    ) -> Vec<Change> {
        let mut changes = Vec::new();
        if recorded.method != live.method {
            let (was, is) = (recorded.method.to_string(), live.method.to_string());
            changes.push(Change::new("method", Kind::Value, Severity::Value, Some(was), Some(is)));
        }
        if let Some(found) = self.same_url(bindings, &recorded.url, &live.url) {
            bind(bindings, &found);
        } else {
            let shown = |url: &str| Some(cropped(&self.mask.apply(url)));
            let (was, is) = (shown(&recorded.url), shown(&live.url));
            changes.push(Change::new("url", Kind::Value, Severity::Value, was, is));
        }
        if let (Some(own), Some(other)) = (recorded.body.known(), live.body.known()) {
            let form = is_form(&recorded.headers) || is_form(&live.headers);
            match (Content::of(own, false), Content::of(other, false)) {
                (Content::Text(own), Content::Text(other)) if form => {
                    self.form(bindings, own, other, &mut changes);
                }
                (own, other) => self.contents(bindings, &own, &other, &mut changes),
            }
        }
        for change in &mut changes {
            change.path.insert_str(0, "request ");
            // What a client sends is no doing of the API's.
            change.severity = Severity::Value;
        }
        changes
    }

    /// What differs between two answers. What stands for what in them is kept in `bindings`.
    pub fn answers(
        &self,
        bindings: &mut Bindings,
        recorded: &RecordedResponse,
        live: &RecordedResponse,
    ) -> Vec<Change> {
        let mut changes = Vec::new();
        if recorded.status != live.status {
            let (was, is) = (recorded.status.as_str().to_owned(), self.told(live));
            changes.push(Change::new("status", Kind::Status, Severity::Breaking, Some(was), Some(is)));
            // An error and an entity have nothing in common that could be compared.
            return changes;
        }
        let media = (media_type(&recorded.headers), media_type(&live.headers));
        let body = |own: &Option<Body>| own.as_ref().is_some_and(|body| !body.bytes.is_empty());
        if media.0 != media.1 && body(&recorded.body) && body(&live.body) {
            changes.push(Change::new(
                "content-type",
                Kind::ContentType,
                Severity::Breaking,
                media.0,
                media.1,
            ));
        }
        self.headers(bindings, &recorded.headers, &live.headers, &mut changes);
        let (own, other) = (Self::content(recorded.body.as_ref()), Self::content(live.body.as_ref()));
        self.contents(bindings, &own, &other, &mut changes);
        changes
    }

    fn content(body: Option<&Body>) -> Content<'_> {
        body.map_or(Content::None, |body| Content::of(&body.bytes, body.coded))
    }

    /// Status and the beginning of the body, for a status that was not expected.
    fn told(&self, live: &RecordedResponse) -> String {
        let status = live.status.as_str();
        match Self::content(live.body.as_ref()) {
            Content::Json(value) => format!("{status} {}", self.shown_whole(&value)),
            Content::Text(text) => format!("{status} {}", cropped(&self.mask.text(text))),
            Content::None | Content::Binary(_) => status.to_owned(),
        }
    }

    pub(super) fn shown_whole(&self, value: &Value) -> String {
        shown(value, Hidden { varying: &self.profile.volatile, mask: self.mask })
    }

    fn contents(
        &self,
        bindings: &mut Bindings,
        recorded: &Content<'_>,
        live: &Content<'_>,
        changes: &mut Vec<Change>,
    ) {
        match (recorded, live) {
            (Content::None, Content::None) => {}
            (Content::Json(own), Content::Json(other)) => {
                let mut walk =
                    Walk { comparer: self, bindings, changes, path: "$".to_owned(), left: MOST_LOOKED_AT };
                walk.value("", own, other);
            }
            (Content::Text(own), Content::Text(other)) => {
                changes.extend(self.texts(bindings, "body", own, other));
            }
            (Content::Binary(own), Content::Binary(other)) => {
                if own != other {
                    let told = |bytes: &[u8]| Some(format!("{} bytes", bytes.len()));
                    changes.push(Change::new("body", Kind::Value, Severity::Value, told(own), told(other)));
                }
            }
            (Content::None, _) => {
                let is = Some(live.name().to_owned());
                changes.push(Change::new("body", Kind::New, Severity::Additive, None, is));
            }
            (_, Content::None) => {
                let was = Some(recorded.name().to_owned());
                changes.push(Change::new("body", Kind::Gone, Severity::Breaking, was, None));
            }
            _ => {
                let (was, is) = (Some(recorded.name().to_owned()), Some(live.name().to_owned()));
                changes.push(Change::new("body", Kind::Type, Severity::Breaking, was, is));
            }
        }
    }

    fn form(&self, bindings: &mut Bindings, recorded: &str, live: &str, changes: &mut Vec<Change>) {
        let object = |text: &str| {
            let text_of = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let pairs = sorted_pairs(text.as_bytes());
            pairs.iter().map(|(name, value)| (text_of(name), Value::from(text_of(value)))).collect::<Value>()
        };
        let (own, other) = (Content::Json(object(recorded)), Content::Json(object(live)));
        self.contents(bindings, &own, &other, changes);
    }

    fn headers(
        &self,
        bindings: &mut Bindings,
        recorded: &HeaderMap,
        live: &HeaderMap,
        changes: &mut Vec<Change>,
    ) {
        for name in &self.drift.headers {
            let known = self.known.contains(name.as_str());
            presence(name, recorded, live, known, changes);
        }
        for name in &self.drift.header_values {
            let told = |headers: &HeaderMap| {
                let values = headers.get_all(name).iter();
                let mut texts: Vec<_> = values.map(|value| header_text(name, value.as_bytes())).collect();
                texts.sort();
                texts.join(", ")
            };
            if !presence(name, recorded, live, true, changes) {
                continue;
            }
            changes.extend(self.texts(bindings, &format!("header {name}"), &told(recorded), &told(live)));
        }
    }

    /// What differs between two texts.
    fn texts(&self, bindings: &mut Bindings, path: &str, recorded: &str, live: &str) -> Option<Change> {
        if let Some(found) = self.same_text(bindings, recorded, live) {
            bind(bindings, &found);
            return None;
        }
        let shown = |text: &str| Some(cropped(&self.mask.text(text)));
        Some(Change::new(path, Kind::Value, Severity::Value, shown(recorded), shown(live)))
    }

    /// Whether two URLs ask for the same, and what stands for what in them.
    pub(super) fn same_url(&self, bindings: &Bindings, recorded: &str, live: &str) -> Option<Found> {
        let (one, other) = (Target::recorded(recorded, ""), Target::recorded(live, ""));
        let (segments, others): (Vec<_>, Vec<_>) = (one.segments().collect(), other.segments().collect());
        if segments.len() != others.len() {
            return None;
        }
        let mut found = Found::new();
        for (own, theirs) in segments.iter().zip(&others) {
            // Not all ids look like one.
            if bindings.fit(Sort::Id, own, theirs) != Fit::Bound {
                found.extend(self.same_text(bindings, own, theirs)?);
            }
        }
        if let (Some(one), Some(other)) = (one.origin, other.origin) {
            found.extend(self.same_text(bindings, one, other)?);
        } else if one.origin.is_some() != other.origin.is_some() {
            return None;
        }
        let sorted = |target: &Target<'_>| {
            let mut pairs: Vec<_> = query_pairs(target.query).collect();
            pairs.sort();
            pairs
        };
        let (own, others) = (sorted(&one), sorted(&other));
        if own.len() != others.len() {
            return None;
        }
        for ((name, own), (other_name, other)) in own.iter().zip(&others) {
            if name != other_name {
                return None;
            }
            if !self.drift.varies(name) {
                found.extend(self.same_text(bindings, own, other)?);
            }
        }
        Some(found)
    }

    /// Whether two requests ask for the same, as far as URL and method tell, nothing being taken for anything.
    pub(super) fn asks_the_same(
        &self,
        bindings: &Bindings,
        recorded: &Interaction,
        live: &Interaction,
    ) -> bool {
        recorded.request.method == live.request.method
            && self.same_url(bindings, &recorded.request.url, &live.request.url).is_some()
    }

    /// Whether two interactions of one recording say the same.
    pub fn are_alike(&self, one: &Interaction, other: &Interaction) -> bool {
        self.unlike(&Bindings::default(), one, other) == 0
    }

    /// How much two interactions differ, nothing being taken for anything.
    pub(super) fn unlike(&self, bindings: &Bindings, recorded: &Interaction, live: &Interaction) -> usize {
        let content = |one: Content<'_>, other: Content<'_>| match (one, other) {
            (Content::Json(one), Content::Json(other)) => {
                self.distance(bindings, "", (&one, &other), &mut { usize::MAX })
            }
            (Content::Text(one), Content::Text(other)) => {
                usize::from(self.same_text(bindings, one, other).is_none())
            }
            (Content::None, Content::None) => 0,
            (Content::Binary(one), Content::Binary(other)) => usize::from(one != other),
            _ => 4,
        };
        let sent = |own: &'_ RequestBody| own.bytes().cloned().unwrap_or_default();
        let (one, other) = (sent(&recorded.request.body), sent(&live.request.body));
        let requests = content(Content::of(&one, false), Content::of(&other, false));
        let (own, others) = (&recorded.response, &live.response);
        let status = if own.status == others.status { 0 } else { 20 };
        let answers = content(Self::content(own.body.as_ref()), Self::content(others.body.as_ref()));
        // What is asked tells more than what is answered.
        4 * requests + status + answers
    }
}

/// Whether a header is on both sides.
fn presence(
    name: &HeaderName,
    recorded: &HeaderMap,
    live: &HeaderMap,
    known: bool,
    changes: &mut Vec<Change>,
) -> bool {
    let path = || format!("header {name}");
    match (recorded.contains_key(name), live.contains_key(name)) {
        (true, true) => return true,
        (true, false) => changes.push(Change::new(&path(), Kind::Gone, Severity::Breaking, None, None)),
        (false, true) if known => {
            changes.push(Change::new(&path(), Kind::New, Severity::Additive, None, None));
        }
        (false, _) => {}
    }
    false
}

pub(super) fn bind(bindings: &mut Bindings, found: &Found) {
    for (sort, one, other) in found {
        bindings.bind(*sort, one, other);
    }
}

/// The media type without its parameters, in lower case.
fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

fn is_form(headers: &HeaderMap) -> bool {
    media_type(headers).is_some_and(|media| media == "application/x-www-form-urlencoded")
}

/// What of a header is compared: of links to other pages the relation, for where they lead is a cursor nobody knows.
fn header_text(name: &HeaderName, value: &[u8]) -> String {
    let text = String::from_utf8_lossy(&percent_decoded(value)).into_owned();
    match text.split_once("rel=") {
        Some((_, relation)) if name == header::LINK => format!("rel={relation}"),
        _ => text,
    }
}
