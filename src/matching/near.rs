//! Why no recording answers a request: the closest ones and the fields that differ.
//!
//! Runs only on a miss. It looks at every recorded request's path, but at the bodies of the leading ones only, and what
//! it shows is bounded and shows no secret.

use std::borrow::Cow;
use std::collections::BTreeMap;

use ::http::Method;
use serde_json::Value;

use super::Target;
use super::body::{as_json, is_form};
use crate::cassette::{RecordedRequest, RequestBody};
use crate::http::{Pair, sorted_pairs};

/// How many recordings a miss shows.
const SHOWN: usize = 3;

/// How many recordings are compared in full.
const LEADING: usize = 200;

/// How many differences of one recording are shown.
const DIFFERENCES: usize = 6;

/// Longest value that is shown whole, in characters.
const VALUE: usize = 60;

/// Largest body that is compared field by field, in bytes.
const COMPARED: usize = 64 * 1024;

/// Fields whose values are not shown, by name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hidden<'a> {
    /// Those that match whatever they hold.
    pub(crate) varying: &'a [String],
    /// Those that match by their value.
    pub(crate) secret: &'a [String],
}

impl Hidden<'_> {
    fn varies(self, name: &str) -> bool {
        self.varying.iter().any(|own| own == name)
    }

    fn hides(self, name: &str) -> bool {
        self.varies(name) || self.secret.iter().any(|own| own == name)
    }
}

/// A recording that comes close to the request, and what separates them.
#[derive(Debug)]
pub(crate) struct NearMiss<T> {
    /// What the caller knows the recording by.
    pub(crate) tag: T,
    /// Fields that differ, at most a handful.
    pub(crate) differences: Vec<Difference>,
    /// How many more there are.
    pub(crate) more: usize,
}

/// One field that differs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// `method`, `path`, `query limit`, `body.profile.phoneNumber`.
    pub(crate) field: String,
    /// What the client sent; `None`: nothing.
    pub(crate) sent: Option<String>,
    /// What was recorded; `None`: nothing.
    pub(crate) recorded: Option<String>,
}

/// The recordings closest to a request, closest first. `recorded` gives each with its cassette's upstream.
pub(crate) fn near_misses<'a, T>(
    (method, target, body): (&Method, &str, &[u8]),
    hidden: Hidden<'_>,
    recorded: impl Iterator<Item = (T, &'a RecordedRequest, &'a str)>,
) -> Vec<NearMiss<T>> {
    let live = Live::new(method, target, body);
    let mut leading: Vec<_> = recorded
        .filter_map(|(tag, request, upstream)| {
            let target = Target::recorded(&request.url, upstream);
            Some((live.distance(request, &target)?, tag, request, target))
        })
        .collect();
    leading.sort_by_key(|(distance, ..)| *distance);
    leading.truncate(LEADING);
    let mut near: Vec<_> = leading
        .into_iter()
        .map(|(distance, tag, request, target)| {
            let mut found = Found { hidden, shown: Vec::new(), more: 0 };
            live.compare(request, &target, &mut found);
            (
                distance + found.shown.len() + found.more,
                NearMiss { tag, differences: found.shown, more: found.more },
            )
        })
        .collect();
    near.sort_by_key(|(rank, _)| *rank);
    near.into_iter().take(SHOWN).map(|(_, near)| near).collect()
}

/// The request, taken apart once.
struct Live<'a> {
    method: &'a Method,
    target: Target<'a>,
    segments: Vec<Cow<'a, str>>,
    query: Vec<Pair<'a>>,
    body: Shape<'a>,
}

/// What a body is, as far as it is compared.
enum Shape<'a> {
    Empty,
    Json(Value),
    Form(Vec<Pair<'a>>),
    Other(&'a [u8]),
}

impl<'a> Shape<'a> {
    fn of(body: &'a [u8]) -> Self {
        match body {
            [] => Self::Empty,
            _ if body.len() > COMPARED => Self::Other(body),
            _ => match as_json(body) {
                Some(value) => Self::Json(value),
                None if is_form(body) => Self::Form(sorted_pairs(body)),
                None => Self::Other(body),
            },
        }
    }

    /// What it is, without showing it: it may hold secrets, and it may be large.
    fn summary(&self) -> Option<String> {
        Some(match self {
            Self::Empty => return None,
            Self::Json(_) => "a JSON body".to_owned(),
            Self::Form(_) => "a form".to_owned(),
            Self::Other(body) => format!("{} other bytes", body.len()),
        })
    }
}

impl<'a> Live<'a> {
    fn new(method: &'a Method, target: &'a str, body: &'a [u8]) -> Self {
        let target = Target::of(target);
        let query = sorted_pairs(target.query.as_bytes());
        Self { method, target, segments: target.segments().collect(), query, body: Shape::of(body) }
    }

    /// How far apart method and path are; `None` when they have nothing to do with each other.
    fn distance(&self, request: &RecordedRequest, recorded: &Target<'_>) -> Option<usize> {
        let mut length = 0;
        let mut equal = 0;
        for segment in recorded.segments() {
            equal += usize::from(self.segments.get(length) == Some(&segment));
            length += 1;
        }
        let longest = self.segments.len().max(length);
        let alike = self
            .target
            .path
            .bytes()
            .zip(recorded.path.bytes())
            .take_while(|(one, other)| one == other)
            .count();
        let related = equal * 2 >= longest || alike * 2 >= self.target.path.len();
        let related = related && self.segments.len().abs_diff(length) <= 1;
        let other_method = if *self.method == request.method { 0 } else { 6 };
        let other_origin = if recorded.origin.is_some() { 12 } else { 0 };
        related.then_some((longest - equal) * 4 + other_method + other_origin)
    }

    fn compare(&self, request: &RecordedRequest, recorded: &Target<'_>, found: &mut Found<'_>) {
        if *self.method != request.method {
            found.text("method", self.method.as_str(), request.method.as_str());
        }
        if let Some(origin) = recorded.origin {
            found.add("origin", || (None, Some(cropped(origin))));
        }
        if !self.segments.iter().cloned().eq(recorded.segments()) {
            found.text("path", self.target.path, recorded.path);
        }
        compare_pairs("query ", &self.query, &sorted_pairs(recorded.query.as_bytes()), found);
        let recorded = match &request.body {
            RequestBody::Unrecorded => return,
            RequestBody::Empty => Shape::Empty,
            RequestBody::Bytes(bytes) => Shape::of(bytes),
        };
        match (&self.body, &recorded) {
            (Shape::Json(sent), Shape::Json(recorded)) => compare_json("body", sent, recorded, found),
            (Shape::Form(sent), Shape::Form(recorded)) => compare_pairs("body ", sent, recorded, found),
            (Shape::Empty, Shape::Empty) => {}
            (Shape::Other(sent), Shape::Other(recorded)) if sent == recorded => {}
            (sent, recorded) => found.add("body", || (sent.summary(), recorded.summary())),
        }
    }
}

/// The differences found so far: a handful is kept, the rest is counted.
struct Found<'a> {
    hidden: Hidden<'a>,
    shown: Vec<Difference>,
    more: usize,
}

impl Found<'_> {
    fn add(&mut self, field: &str, values: impl FnOnce() -> (Option<String>, Option<String>)) {
        if self.shown.len() < DIFFERENCES {
            let (sent, recorded) = values();
            self.shown.push(Difference { field: cropped(field), sent, recorded });
        } else {
            self.more += 1;
        }
    }

    fn text(&mut self, field: &str, sent: &str, recorded: &str) {
        self.add(field, || (Some(cropped(sent)), Some(cropped(recorded))));
    }
}

fn compare_json(path: &str, sent: &Value, recorded: &Value, found: &mut Found<'_>) {
    match (sent, recorded) {
        (Value::Object(sent), Value::Object(recorded)) => {
            let added = sent.keys().filter(|name| !recorded.contains_key(*name));
            for name in recorded.keys().chain(added) {
                let path = format!("{path}.{name}");
                let hidden = found.hidden.hides(name);
                match (sent.get(name), recorded.get(name)) {
                    (Some(sent), Some(recorded)) if sent == recorded || found.hidden.varies(name) => {}
                    (Some(sent), Some(recorded)) if !hidden => compare_json(&path, sent, recorded, found),
                    (sent, recorded) => {
                        let masks = found.hidden;
                        let shown = |value: Option<&Value>| {
                            value.map(|value| if hidden { mask() } else { shown(value, masks) })
                        };
                        found.add(&path, || (shown(sent), shown(recorded)));
                    }
                }
            }
        }
        (Value::Array(sent), Value::Array(recorded)) if sent.len() == recorded.len() => {
            for (index, (sent, recorded)) in sent.iter().zip(recorded).enumerate() {
                compare_json(&format!("{path}[{index}]"), sent, recorded, found);
            }
        }
        (Value::Number(one), Value::Number(other)) if one.as_f64() == other.as_f64() => {}
        _ if sent == recorded => {}
        _ => {
            let masks = found.hidden;
            found.add(path, || (Some(shown(sent, masks)), Some(shown(recorded, masks))));
        }
    }
}

fn compare_pairs(part: &str, sent: &[Pair<'_>], recorded: &[Pair<'_>], found: &mut Found<'_>) {
    type Values<'a> = (Vec<&'a [u8]>, Vec<&'a [u8]>);
    let mut by_name: BTreeMap<&[u8], Values<'_>> = BTreeMap::new();
    for (name, value) in sent {
        by_name.entry(name).or_default().0.push(value);
    }
    for (name, value) in recorded {
        by_name.entry(name).or_default().1.push(value);
    }
    for (name, (sent, recorded)) in by_name.into_iter().filter(|(_, (sent, recorded))| sent != recorded) {
        let name = String::from_utf8_lossy(name);
        let hidden = found.hidden.hides(&name);
        if found.hidden.varies(&name) && sent.is_empty() == recorded.is_empty() {
            continue;
        }
        let shown = |values: &[&[u8]]| {
            let joined =
                || values.iter().map(|value| String::from_utf8_lossy(value)).collect::<Vec<_>>().join(", ");
            (!values.is_empty()).then(|| if hidden { mask() } else { cropped(&joined()) })
        };
        found.add(&format!("{part}{name}"), || (shown(&sent), shown(&recorded)));
    }
}

fn mask() -> String {
    "(hidden)".to_owned()
}

/// A JSON value in a few characters, what is secret in it masked.
fn shown(value: &Value, hidden: Hidden<'_>) -> String {
    let mut value = value.clone();
    hide(&mut value, hidden);
    cropped(&value.to_string())
}

fn hide(value: &mut Value, hidden: Hidden<'_>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                if hidden.hides(name) {
                    *value = Value::String(mask());
                } else {
                    hide(value, hidden);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hide(item, hidden)),
        _ => {}
    }
}

/// At most so many characters, none of them able to begin a line of its own in a log.
fn cropped(text: &str) -> String {
    let mut out = String::new();
    for (count, character) in text.chars().enumerate() {
        if count == VALUE {
            out.push('…');
            break;
        }
        if character.is_control() {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(live: (&str, &str, &str), recorded: (&str, &str, &str)) -> Vec<String> {
        let request = |(method, url, body): (&str, &str, &str)| RecordedRequest {
            method: method.parse().unwrap(),
            url: url.to_owned(),
            headers: ::http::HeaderMap::new(),
            body: if body.is_empty() {
                RequestBody::Empty
            } else {
                RequestBody::Bytes(body.to_owned().into())
            },
        };
        let (varying, secret) = (["passCode".to_owned()], ["password".to_owned()]);
        let hidden = Hidden { varying: &varying, secret: &secret };
        let own = request(recorded);
        let method: Method = live.0.parse().unwrap();
        let near = near_misses((&method, live.1, live.2.as_bytes()), hidden, [((), &own, "")].into_iter());
        near.iter()
            .flat_map(|near| &near.differences)
            .map(|d| format!("{}: {:?} / {:?}", d.field, d.sent, d.recorded))
            .collect()
    }

    #[test]
    fn fields_that_differ_are_named_one_by_one() {
        assert_eq!(
            difference(("GET", "/a/b?limit=2", ""), ("GET", "/a/b", "")),
            [r#"query limit: Some("2") / None"#]
        );
        assert_eq!(
            difference(("GET", "/a/b", ""), ("PUT", "/a/b", "")),
            [r#"method: Some("GET") / Some("PUT")"#]
        );
        assert_eq!(
            difference(("GET", "/users/1", ""), ("GET", "/users/2", "")),
            [r#"path: Some("/users/1") / Some("/users/2")"#]
        );
        assert_eq!(
            difference(
                ("POST", "/a", r#"{"p":{"n":"+1","passCode":"1"},"t":1.0}"#),
                ("POST", "/a", r#"{"t":1,"p":{"n":"+2","passCode":"2"},"u":null}"#)
            ),
            [r#"body.p.n: Some("\"+1\"") / Some("\"+2\"")"#, r#"body.u: None / Some("null")"#]
        );
        assert!(difference(("GET", "/a/b/c", ""), ("GET", "/x/y/z", "")).is_empty());
    }

    #[test]
    fn no_secret_is_shown_wherever_it_stands() {
        for (sent, recorded) in [
            (r#"{"credentials":{"password":{"value":"hunter2"}}}"#, "{}"),
            (r#"{"password":"hunter2"}"#, r#"{"password":"hunter3"}"#),
            (r#"[{"password":"hunter2"}]"#, "{}"),
            ("user=a&password=hunter2", "user=a"),
            ("password=hunter2", "password=hunter3"),
            ("a:hunter2", "b"),
        ] {
            let told = difference(("POST", "/a", sent), ("POST", "/a", recorded)).concat();
            assert!(!told.is_empty() && !told.contains("hunter"), "{told}");
        }
    }

    #[test]
    fn a_name_cannot_begin_a_line_of_its_own() {
        let told = difference(("POST", "/a", "x%0Aforged=1"), ("POST", "/a", "y=1"));
        assert!(told[0].contains(r"body x\nforged"), "{told:?}");
    }
}
