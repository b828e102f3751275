//! Why no recording answers a request: the closest ones and the fields that differ.
//!
//! Runs only on a miss, so it may look at everything; what it shows is bounded.

use ::http::Method;
use serde_json::Value;

use super::body::{as_json, is_form};
use super::{Matcher, Target};
use crate::cassette::{RecordedRequest, RequestBody};
use crate::http::{Pair, sorted_pairs};

/// How many recordings a miss shows.
const SHOWN: usize = 3;

/// How many differences of one recording are shown.
const DIFFERENCES: usize = 6;

/// Longest value that is shown whole, in characters.
const VALUE: usize = 60;

/// A recording that comes close to the request, and what separates them.
#[derive(Debug)]
pub(crate) struct NearMiss<'a, T> {
    /// What the caller knows the recording by.
    pub tag: T,
    /// The recorded request.
    pub request: &'a RecordedRequest,
    /// Fields that differ, the most telling first; empty when nothing does.
    pub differences: Vec<Difference>,
    /// Differences beyond those shown.
    pub more: usize,
}

/// One field that differs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// `method`, `path`, `query limit`, `body profile.phoneNumber`.
    pub field: String,
    /// What the client sent; `None`: nothing.
    pub sent: Option<String>,
    /// What was recorded; `None`: nothing.
    pub recorded: Option<String>,
}

/// The recordings closest to a request, closest first.
pub(crate) fn near_misses<'a, T: Clone>(
    matcher: &Matcher,
    (method, target, body): (&Method, &str, &[u8]),
    recorded: impl Iterator<Item = (T, &'a RecordedRequest, &'a str)>,
) -> Vec<NearMiss<'a, T>> {
    let target = Target::of(target);
    let mut ranked: Vec<_> = recorded
        .filter_map(|(tag, request, upstream)| {
            let distance = distance(method, &target, request, &Target::recorded(&request.url, upstream))?;
            Some((distance, tag, request, upstream))
        })
        .collect();
    ranked.sort_by_key(|(distance, ..)| *distance);
    // Bodies are compared only for the recordings that lead: parsing every one of them would take seconds.
    ranked.truncate(SHOWN * 8);
    let mut near: Vec<_> = ranked
        .into_iter()
        .map(|(distance, tag, request, upstream)| {
            let mut differences = Vec::new();
            compare_heads(
                method,
                &target,
                request,
                &Target::recorded(&request.url, upstream),
                &mut differences,
            );
            compare_bodies(matcher, body, &request.body, &mut differences);
            let rank = distance + differences.len();
            let more = differences.len().saturating_sub(DIFFERENCES);
            differences.truncate(DIFFERENCES);
            (rank, NearMiss { tag, request, differences, more })
        })
        .collect();
    near.sort_by_key(|(rank, _)| *rank);
    let mut shown: Vec<NearMiss<'a, T>> = Vec::new();
    for (_, near) in near {
        // One request recorded several times comes close only once.
        if shown.len() < SHOWN && !shown.iter().any(|own| own.request.is_alike(near.request)) {
            shown.push(near);
        }
    }
    shown
}

/// How far apart method and path are; `None` when they have nothing to do with each other.
fn distance(
    method: &Method,
    live: &Target<'_>,
    request: &RecordedRequest,
    recorded: &Target<'_>,
) -> Option<usize> {
    let (sent, own): (Vec<_>, Vec<_>) = (live.segments().collect(), recorded.segments().collect());
    let equal = sent.iter().zip(&own).filter(|(one, other)| one == other).count();
    let longest = sent.len().max(own.len());
    let related = equal * 2 >= longest && sent.len().abs_diff(own.len()) <= 1;
    let other_method = if *method == request.method { 0 } else { 6 };
    let other_origin = if recorded.origin.is_some() { 12 } else { 0 };
    (related || longest == 0).then_some((longest - equal) * 4 + other_method + other_origin)
}

fn compare_heads(
    method: &Method,
    live: &Target<'_>,
    request: &RecordedRequest,
    recorded: &Target<'_>,
    out: &mut Vec<Difference>,
) {
    if *method != request.method {
        out.push(Difference::of("method", method.as_str(), request.method.as_str()));
    }
    if let Some(origin) = recorded.origin {
        out.push(Difference { field: "origin".to_owned(), sent: None, recorded: Some(origin.to_owned()) });
    }
    if !live.segments().eq(recorded.segments()) {
        out.push(Difference::of("path", live.path, recorded.path));
    }
    compare_pairs("query", live.query.as_bytes(), recorded.query.as_bytes(), &[], out);
}

fn compare_bodies(matcher: &Matcher, sent: &[u8], recorded: &RequestBody, out: &mut Vec<Difference>) {
    let recorded: &[u8] = match recorded {
        RequestBody::Unrecorded => return,
        RequestBody::Empty => &[],
        RequestBody::Bytes(bytes) => bytes,
    };
    match (as_json(sent), as_json(recorded)) {
        (Some(sent), Some(recorded)) => {
            compare_json("body", &sent, &recorded, matcher.presence_only(), out);
        }
        _ if sent == recorded => {}
        _ if !sent.is_empty() && !recorded.is_empty() && is_form(sent) && is_form(recorded) => {
            compare_pairs("body", sent, recorded, matcher.presence_only(), out);
        }
        _ => out.push(Difference {
            field: "body".to_owned(),
            sent: summary(sent),
            recorded: summary(recorded),
        }),
    }
}

/// What a body is, without showing it: it may hold secrets, and it may be large.
fn summary(body: &[u8]) -> Option<String> {
    let kind = match body {
        [] => return None,
        _ if as_json(body).is_some() => "JSON",
        _ if std::str::from_utf8(body).is_ok() => "text",
        _ => "binary",
    };
    Some(format!("{} bytes of {kind}", body.len()))
}

fn compare_json(path: &str, sent: &Value, recorded: &Value, hidden: &[String], out: &mut Vec<Difference>) {
    match (sent, recorded) {
        (Value::Object(sent), Value::Object(recorded)) => {
            let added = sent.keys().filter(|name| !recorded.contains_key(*name));
            for name in recorded.keys().chain(added) {
                let path = format!("{path}.{name}");
                match (sent.get(name), recorded.get(name)) {
                    (Some(_), Some(_)) if hidden.contains(name) => {}
                    (Some(sent), Some(recorded)) => compare_json(&path, sent, recorded, hidden, out),
                    (sent, recorded) => {
                        let shown = |value: Option<&Value>| {
                            value.map(|value| {
                                if hidden.contains(name) {
                                    "(hidden)".to_owned()
                                } else {
                                    cropped(&value.to_string())
                                }
                            })
                        };
                        out.push(Difference { field: path, sent: shown(sent), recorded: shown(recorded) });
                    }
                }
            }
        }
        (Value::Array(sent), Value::Array(recorded)) if sent.len() == recorded.len() => {
            for (index, (sent, recorded)) in sent.iter().zip(recorded).enumerate() {
                compare_json(&format!("{path}[{index}]"), sent, recorded, hidden, out);
            }
        }
        (Value::Number(one), Value::Number(other)) if one.as_f64() == other.as_f64() => {}
        _ if sent == recorded => {}
        _ => out.push(Difference::of(path, &sent.to_string(), &recorded.to_string())),
    }
}

fn compare_pairs(part: &str, sent: &[u8], recorded: &[u8], hidden: &[String], out: &mut Vec<Difference>) {
    let (sent, recorded) = (sorted_pairs(sent), sorted_pairs(recorded));
    let mut names: Vec<_> = recorded.iter().chain(&sent).map(|(name, _)| name).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let values = |pairs: &[Pair<'_>]| {
            let own =
                pairs.iter().filter(|(own, _)| own == name).map(|(_, value)| String::from_utf8_lossy(value));
            let joined = own.collect::<Vec<_>>().join(", ");
            pairs.iter().any(|(own, _)| own == name).then(|| cropped(&joined))
        };
        let (sent, recorded) = (values(&sent), values(&recorded));
        let text = String::from_utf8_lossy(name);
        if hidden.iter().any(|hidden| *hidden == text) && sent.is_some() == recorded.is_some() {
            continue;
        }
        if sent != recorded {
            out.push(Difference { field: format!("{part} {text}"), sent, recorded });
        }
    }
}

impl Difference {
    fn of(field: &str, sent: &str, recorded: &str) -> Self {
        Self { field: field.to_owned(), sent: Some(cropped(sent)), recorded: Some(cropped(recorded)) }
    }
}

fn cropped(text: &str) -> String {
    match text.char_indices().nth(VALUE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
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
        let matcher = Matcher::new(vec!["passCode".to_owned()]);
        let own = request(recorded);
        let method: Method = live.0.parse().unwrap();
        let near = near_misses(&matcher, (&method, live.1, live.2.as_bytes()), [((), &own, "")].into_iter());
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
}
