//! What differs between two values, field by field.

use std::collections::BTreeMap;

use serde_json::Value;

use super::shape;
use super::shown::{Hidden, cropped, mask, shown};
use crate::http::Pair;

/// What stands before the name of a query parameter.
pub(super) const QUERY: &str = "query ";

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// `method`, `path`, `query limit`, `body.profile.phoneNumber`.
    pub field: String,
    /// What the client sent; `None`: nothing.
    pub sent: Option<String>,
    /// What was recorded; `None`: nothing.
    pub recorded: Option<String>,
    /// What the client sent before in the place of what was recorded.
    pub bound: Option<String>,
}

/// How what a client sent compares to what was recorded.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is the same, or may stand in its place.
    Same,
    /// It could, but this value already does.
    Bound(String),
    /// It is another value.
    Differs,
}

/// The differences found so far: a handful is kept, the rest is counted.
pub(super) struct Found<'a> {
    pub(super) hidden: Hidden<'a>,
    pub(super) judge: &'a dyn Fn(&str, &str) -> Verdict,
    /// How many are kept.
    pub(super) most: usize,
    pub(super) shown: Vec<Difference>,
    pub(super) more: usize,
}

impl Found<'_> {
    pub(super) fn add(&mut self, field: &str, values: impl FnOnce() -> (Option<String>, Option<String>)) {
        self.judged(field, Verdict::Differs, values);
    }

    pub(super) fn text(&mut self, field: &str, sent: &str, recorded: &str) {
        self.add(field, || (Some(cropped(sent)), Some(cropped(recorded))));
    }

    pub(super) fn judged(
        &mut self,
        field: &str,
        verdict: Verdict,
        values: impl FnOnce() -> (Option<String>, Option<String>),
    ) {
        let bound = match verdict {
            Verdict::Same => return,
            Verdict::Bound(value) => Some(cropped(&value)),
            Verdict::Differs => None,
        };
        if self.shown.len() < self.most {
            let (sent, recorded) = values();
            self.shown.push(Difference { field: cropped(field), sent, recorded, bound });
        } else {
            self.more += 1;
        }
    }

    /// How two texts compare that may hold values among other words.
    pub(super) fn alike(&self, sent: &str, recorded: &str) -> Verdict {
        if sent == recorded {
            return Verdict::Same;
        }
        let whole = (self.judge)(sent, recorded);
        if whole != Verdict::Differs {
            return whole;
        }
        let (mut one, mut other) = (sent, recorded);
        let parts = |text: &str| shape::parts(text.as_bytes());
        let (own, others) = (parts(sent), parts(recorded));
        if own.is_empty() || own.len() != others.len() {
            return Verdict::Differs;
        }
        // From behind, so that what stands before keeps its place.
        for ((_, own), (_, other_own)) in own.into_iter().zip(others).rev() {
            let (Some(part), Some(recorded)) = (one.get(own.clone()), other.get(other_own.clone())) else {
                return Verdict::Differs;
            };
            if one.get(own.end..) != other.get(other_own.end..) {
                return Verdict::Differs;
            }
            match (self.judge)(part, recorded) {
                _ if part == recorded => {}
                Verdict::Same => {}
                verdict => return verdict,
            }
            (one, other) = (&one[..own.start], &other[..other_own.start]);
        }
        if one == other { Verdict::Same } else { Verdict::Differs }
    }
}

pub(super) fn compare_json(path: &str, sent: &Value, recorded: &Value, found: &mut Found<'_>) {
    match (sent, recorded) {
        (Value::Object(sent), Value::Object(recorded)) => {
            let added = sent.keys().filter(|name| !recorded.contains_key(*name));
            for name in recorded.keys().chain(added) {
                let path = format!("{path}.{name}");
                let hidden = found.hidden.hides(name);
                match (sent.get(name), recorded.get(name)) {
                    (Some(sent), Some(recorded)) if sent == recorded || found.hidden.varies(name) => {}
                    (Some(sent), Some(recorded)) if !hidden => compare_json(&path, sent, recorded, found),
                    (Some(Value::String(sent)), Some(Value::String(recorded)))
                        if found.alike(sent, recorded) == Verdict::Same => {}
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
            let verdict = match (sent, recorded) {
                (Value::String(sent), Value::String(recorded)) => found.alike(sent, recorded),
                _ => Verdict::Differs,
            };
            let masks = found.hidden;
            found.judged(path, verdict, || (Some(shown(sent, masks)), Some(shown(recorded, masks))));
        }
    }
}

pub(super) fn compare_pairs(part: &str, sent: &[Pair<'_>], recorded: &[Pair<'_>], found: &mut Found<'_>) {
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
        // In a query every value counts.
        let varies = part != QUERY && found.hidden.varies(&name);
        if varies && sent.is_empty() == recorded.is_empty() {
            continue;
        }
        let shown = |values: &[&[u8]]| {
            let joined =
                || values.iter().map(|value| String::from_utf8_lossy(value)).collect::<Vec<_>>().join(", ");
            (!values.is_empty()).then(|| if hidden { mask() } else { cropped(&joined()) })
        };
        let verdict = match (&sent[..], &recorded[..]) {
            ([sent], [recorded]) => {
                found.alike(&String::from_utf8_lossy(sent), &String::from_utf8_lossy(recorded))
            }
            _ => Verdict::Differs,
        };
        found.judged(&format!("{part}{name}"), verdict, || (shown(&sent), shown(&recorded)));
    }
}
