//! Why no recording answers a request: the closest ones and the fields that differ.
//!
//! Runs only on a miss. It looks at every recorded request's path, but at the bodies of the leading ones only, and what
//! it shows is bounded and shows no secret.

use std::borrow::Cow;

use ::http::Method;
use serde_json::Value;

use super::Target;
use super::body::{as_json, is_form};
use super::difference::{Difference, Found, QUERY, Verdict, compare_json, compare_pairs};
use super::shown::{Hidden, cropped, mask, shown};
use crate::cassette::{RecordedRequest, RequestBody};
use crate::http::{Pair, sorted_pairs};

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most recordings.
    pub recordings: usize,
    /// Most differences of each.
    pub differences: usize,
}

impl Limits {
    /// Of a message.
    pub const MESSAGE: Self = Self { recordings: 3, differences: 6 };
}

/// How many recordings are compared in full.
const LEADING: usize = 200;

/// Largest body that is compared field by field, in bytes.
const COMPARED: usize = 64 * 1024;

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

/// What is known about the values of a client, by recording.
pub(crate) trait Known<T> {
    /// How one whole value compares to another.
    fn value(&self, tag: &T, sent: &str, recorded: &str) -> Verdict;

    /// The origin that was asked and the recorded one, where they differ.
    fn origin(&self, tag: &T) -> Option<(String, String)>;
}

/// The recordings closest to a request, closest first. `recorded` gives each with its cassette's upstream.
pub(crate) fn near_misses<'a, T>(
    sent: (&Method, &str, &[u8]),
    hidden: Hidden<'_>,
    known: &impl Known<T>,
    recorded: impl Iterator<Item = (T, &'a RecordedRequest, &'a str)>,
    limits: Limits,
) -> Vec<NearMiss<T>> {
    let live = Live::new(sent, limits);
    let related = recorded.filter_map(|(tag, request, upstream)| {
        let target = Target::recorded(&request.url, upstream);
        Some((live.distance(request, &target, &tag, known)?, (tag, request, target)))
    });
    let mut near: Vec<_> = nearest(related, LEADING.max(limits.recordings))
        .into_iter()
        .map(|(distance, (tag, request, target))| {
            let near = live.compare(request, &target, tag, hidden, known);
            (distance + near.differences.len() + near.more, near)
        })
        .collect();
    near.sort_by_key(|(rank, _)| *rank);
    near.into_iter().take(limits.recordings).map(|(_, near)| near).collect()
}

/// The `most` of least distance, the nearest first, of equal ones those that come first. There may be very many, nearly all
/// of which have something to do with a request: no more than twice as many as are wanted are held at a time.
fn nearest<T>(all: impl Iterator<Item = (usize, T)>, most: usize) -> Vec<(usize, T)> {
    let keep = |leading: &mut Vec<(usize, T)>| {
        leading.sort_by_key(|(distance, _)| *distance);
        leading.truncate(most);
    };
    let (mut leading, mut farthest) = (Vec::new(), usize::MAX);
    for (distance, own) in all {
        if distance < farthest {
            leading.push((distance, own));
        }
        if leading.len() >= most.saturating_mul(2) {
            keep(&mut leading);
            farthest = leading.last().map_or(0, |(distance, _)| *distance);
        }
    }
    keep(&mut leading);
    leading
}

/// What separates a request from one recording.
pub(crate) fn compared<T>(
    sent: (&Method, &str, &[u8]),
    hidden: Hidden<'_>,
    known: &impl Known<T>,
    (tag, request, upstream): (T, &RecordedRequest, &str),
    limits: Limits,
) -> NearMiss<T> {
    Live::new(sent, limits).compare(request, &Target::recorded(&request.url, upstream), tag, hidden, known)
}

/// A request's body in a few characters, what is secret in it masked; `None`: it has none.
pub(crate) fn body_shown(body: &[u8], hidden: Hidden<'_>) -> Option<String> {
    match Shape::of(body) {
        Shape::Json(value) => Some(format!("JSON {}", shown(&value, hidden))),
        Shape::Form(pairs) => {
            let pairs = pairs.iter().map(|(name, value)| {
                let name = String::from_utf8_lossy(name);
                let value = String::from_utf8_lossy(value);
                if hidden.hides(&name) { format!("{name}={}", mask()) } else { format!("{name}={value}") }
            });
            Some(format!("a form {}", cropped(&pairs.collect::<Vec<_>>().join("&"))))
        }
        other => other.summary(),
    }
}

/// The request, taken apart once.
struct Live<'a> {
    method: &'a Method,
    target: Target<'a>,
    segments: Vec<Cow<'a, str>>,
    query: Vec<Pair<'a>>,
    body: Shape<'a>,
    /// Most differences that are told.
    most: usize,
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
            Self::Other(body) => match body.len() {
                1 => "1 byte that is neither JSON nor a form".to_owned(),
                length => format!("{length} bytes that are neither JSON nor a form"),
            },
        })
    }
}

impl<'a> Live<'a> {
    fn new((method, target, body): (&'a Method, &'a str, &'a [u8]), limits: Limits) -> Self {
        let target = Target::of(target);
        let query = sorted_pairs(target.query.as_bytes());
        let (segments, body) = (target.segments().collect(), Shape::of(body));
        Self { method, target, segments, query, body, most: limits.differences }
    }

    /// How far apart method and path are; `None` when they have nothing to do with each other.
    fn distance<T>(
        &self,
        request: &RecordedRequest,
        recorded: &Target<'_>,
        tag: &T,
        known: &impl Known<T>,
    ) -> Option<usize> {
        let mut length = 0;
        let mut equal = 0;
        for segment in recorded.segments() {
            let sent = self.segments.get(length);
            equal +=
                usize::from(sent.is_some_and(|sent| {
                    *sent == segment || known.value(tag, sent, &segment) == Verdict::Same
                }));
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
        let other_origin = if known.origin(tag).is_some() { 12 } else { 0 };
        related.then_some((longest - equal) * 4 + other_method + other_origin)
    }

    fn compare<T>(
        &self,
        request: &RecordedRequest,
        recorded: &Target<'_>,
        tag: T,
        hidden: Hidden<'_>,
        known: &impl Known<T>,
    ) -> NearMiss<T> {
        let judge = |sent: &str, recorded: &str| known.value(&tag, sent, recorded);
        let mut found = Found { hidden, judge: &judge, most: self.most, shown: Vec::new(), more: 0 };
        if *self.method != request.method {
            found.text("method", self.method.as_str(), request.method.as_str());
        }
        if let Some((asked, origin)) = known.origin(&tag) {
            found.text("origin", &asked, &origin);
        }
        self.compare_paths(recorded, &mut found);
        compare_pairs(QUERY, &self.query, &sorted_pairs(recorded.query.as_bytes()), &mut found);
        self.compare_bodies(&request.body, &mut found);
        let Found { shown, more, .. } = found;
        NearMiss { tag, differences: shown, more }
    }

    fn compare_paths(&self, recorded: &Target<'_>, found: &mut Found<'_>) {
        let segments: Vec<_> = recorded.segments().collect();
        let mut verdict =
            if segments.len() == self.segments.len() { Verdict::Same } else { Verdict::Differs };
        for (sent, recorded) in self.segments.iter().zip(&segments) {
            match found.alike(sent, recorded) {
                Verdict::Bound(value) if verdict == Verdict::Same => verdict = Verdict::Bound(value),
                Verdict::Same | Verdict::Bound(_) => {}
                Verdict::Differs => verdict = Verdict::Differs,
            }
        }
        found.judged("path", verdict, || (Some(cropped(self.target.path)), Some(cropped(recorded.path))));
    }

    fn compare_bodies(&self, recorded: &RequestBody, found: &mut Found<'_>) {
        let Some(recorded) = recorded.known().map(Shape::of) else { return };
        match (&self.body, &recorded) {
            (Shape::Json(sent), Shape::Json(recorded)) => compare_json("body", sent, recorded, found),
            (Shape::Form(sent), Shape::Form(recorded)) => compare_pairs("body ", sent, recorded, found),
            (Shape::Empty, Shape::Empty) => {}
            (Shape::Other(sent), Shape::Other(recorded)) if sent == recorded => {}
            (sent, recorded) => found.add("body", || (sent.summary(), recorded.summary())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Mask, Profile};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_nearest_come_first_and_in_their_order(
            distances in prop::collection::vec(0..9_usize, 0..60),
            most in 0..12_usize,
        ) {
            let all: Vec<_> = distances.into_iter().zip(0..60).collect();
            let mut sorted = all.clone();
            sorted.sort_by_key(|(distance, _)| *distance);
            sorted.truncate(most);
            prop_assert_eq!(nearest(all.into_iter(), most), sorted);
        }
    }

    /// Nothing is known of the client.
    struct Nothing;

    impl Known<()> for Nothing {
        fn value(&self, (): &(), _: &str, _: &str) -> Verdict {
            Verdict::Differs
        }

        fn origin(&self, (): &()) -> Option<(String, String)> {
            None
        }
    }

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
        let varying = ["passCode".to_owned()];
        let mask = Mask::new(&Profile::okta().unwrap());
        let hidden = Hidden { varying: &varying, mask: &mask };
        let own = request(recorded);
        let method: Method = live.0.parse().unwrap();
        let sent = (&method, live.1, live.2.as_bytes());
        let near = near_misses(sent, hidden, &Nothing, [((), &own, "")].into_iter(), Limits::MESSAGE);
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
