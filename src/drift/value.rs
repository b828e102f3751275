//! JSON values compared by what they mean.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::arrays;
use super::bindings::{Bindings, Fit};
use super::change::{Change, Kind, Severity};
use super::exchange::{Comparer, bind};
use super::terms::{Piece, Sort, words};
use crate::clock;
use crate::matching::cropped;

/// How many characters are shown before the place where two texts begin to differ.
const LEAD: usize = 24;

/// How many bytes of a text cost as much to look at as another scalar.
const LOOKED_AT_ONCE: usize = 64;

/// Two values that stand for each other from now on, if nothing speaks against it.
pub(super) type Found = Vec<(Sort, String, String)>;

/// A walk through two JSON values at once.
pub(super) struct Walk<'w, 'c> {
    pub(super) comparer: &'w Comparer<'c>,
    pub(super) bindings: &'w mut Bindings,
    pub(super) changes: &'w mut Vec<Change>,
    /// Where it is.
    pub(super) path: String,
    /// What may still be spent on finding out which elements of lists belong together.
    pub(super) left: usize,
}

impl Walk<'_, '_> {
    fn push(&mut self, kind: Kind, severity: Severity, recorded: Option<&Value>, live: Option<&Value>) {
        let shown = |value: Option<&Value>| value.map(|value| self.comparer.shown(value));
        let (recorded, live) = (shown(recorded), shown(live));
        self.changes.push(Change::new(&self.path, kind, severity, recorded, live));
    }

    /// Compares what stands in a field of this name, or in a list there.
    pub(super) fn value(&mut self, name: &str, recorded: &Value, live: &Value) {
        match (recorded, live) {
            (Value::Object(recorded), Value::Object(live)) => self.object(recorded, live),
            (Value::Array(recorded), Value::Array(live)) => self.array(name, recorded, live),
            (Value::Null, Value::Null) => {}
            (Value::Null, other) | (other, Value::Null) => {
                // A field that may be null is one that clients have met so, or will.
                if is_nested(other) || !self.comparer.drift.varies(name) {
                    self.push(Kind::Value, Severity::Value, Some(recorded), Some(live));
                }
            }
            _ if type_of(recorded) != type_of(live) => {
                self.push(Kind::Type, Severity::Breaking, Some(recorded), Some(live));
            }
            _ => {
                if let Some(found) = self.comparer.same(self.bindings, name, recorded, live) {
                    bind(self.bindings, &found);
                } else {
                    let (was, is) = self.comparer.apart(recorded, live);
                    self.changes.push(Change::new(&self.path, Kind::Value, Severity::Value, was, is));
                }
            }
        }
    }

    fn object(&mut self, recorded: &Map<String, Value>, live: &Map<String, Value>) {
        let length = self.path.len();
        // What is its identity binds it, before anything in it refers to it.
        let first = recorded.iter().filter(|(name, _)| *name == arrays::IDENTITY);
        let rest = recorded.iter().filter(|(name, _)| *name != arrays::IDENTITY);
        for (name, own) in first.chain(rest) {
            push_name(&mut self.path, name);
            match live.get(name) {
                Some(other) => self.value(name, own, other),
                None if own.is_null() => self.push(Kind::Gone, Severity::Value, Some(own), None),
                None => self.push(Kind::Gone, Severity::Breaking, Some(own), None),
            }
            self.path.truncate(length);
        }
        for (name, other) in live.iter().filter(|(name, _)| !recorded.contains_key(*name)) {
            push_name(&mut self.path, name);
            self.push(Kind::New, Severity::Additive, None, Some(other));
            self.path.truncate(length);
        }
    }

    fn array(&mut self, name: &str, recorded: &[Value], live: &[Value]) {
        let pairs = arrays::pairs(self.comparer, self.bindings, name, (recorded, live), &mut self.left);
        let length = self.path.len();
        for (index, own) in recorded.iter().enumerate() {
            if let Some(other) = pairs[index].and_then(|at| live.get(at)) {
                let _ = write!(self.path, "[{index}]");
                self.value(name, own, other);
                self.path.truncate(length);
            }
        }
        let paired = pairs.iter().flatten().count();
        let (gone, new) = (recorded.len() - paired, live.len() - paired);
        if gone + new > 0 {
            let told = |all: usize, others: usize, word: &str| {
                let elements = if all == 1 { "element" } else { "elements" };
                let others = if others > 0 { format!(", {others} {word}") } else { String::new() };
                Some(format!("{all} {elements}{others}"))
            };
            let (was, is) = (told(recorded.len(), gone, "gone"), told(live.len(), new, "new"));
            self.changes.push(Change::new(&self.path, Kind::Elements, Severity::Value, was, is));
        }
    }
}

impl Comparer<'_> {
    /// Whether two scalars of one type mean the same, and what stands for what if they do.
    pub(super) fn same(
        &self,
        bindings: &Bindings,
        name: &str,
        recorded: &Value,
        live: &Value,
    ) -> Option<Found> {
        if self.drift.varies(name) {
            return Some(Found::new());
        }
        let id = |recorded: String, live: String| match bindings.fit(Sort::Id, &recorded, &live) {
            Fit::Bound => Some(Found::new()),
            Fit::Free => Some(vec![(Sort::Id, recorded, live)]),
            Fit::Other => None,
        };
        match (recorded, live) {
            (Value::String(recorded), Value::String(live)) if self.drift.is_id_field(name) => {
                id(recorded.clone(), live.clone())
            }
            (Value::String(recorded), Value::String(live)) => self.same_text(bindings, recorded, live),
            (Value::Number(recorded), Value::Number(live)) => {
                if self.profile.timestamps.epoch_fields.iter().any(|own| own == name) {
                    return Some(Found::new());
                }
                if self.drift.is_id_field(name) {
                    return id(recorded.to_string(), live.to_string());
                }
                (recorded == live || recorded.as_f64() == live.as_f64()).then(Found::new)
            }
            _ => (recorded == live).then(Found::new),
        }
    }

    /// Whether two texts mean the same: equal but for the ids, stand-ins and times in them.
    pub(super) fn same_text(&self, bindings: &Bindings, recorded: &str, live: &str) -> Option<Found> {
        if is_time(recorded) && is_time(live) {
            return Some(Found::new());
        }
        let ids = self.drift.ids.as_ref();
        let (one, other) = (self.recorded.pieces(recorded, ids), self.live.pieces(live, ids));
        if one.len() != other.len() {
            return None;
        }
        let mut found = Found::new();
        for pair in one.into_iter().zip(other) {
            match pair {
                (Piece::Text(one), Piece::Text(other)) if bound_words(bindings, one, other) => {}
                (Piece::Variable(sort, one), Piece::Variable(other_sort, other)) if sort == other_sort => {
                    match bindings.fit(sort, &one, &other) {
                        _ if !sort.is_kept() => found.push((sort, one.into_owned(), other.into_owned())),
                        Fit::Free if is_new(&found, sort, &one, &other)? => {
                            found.push((sort, one.into_owned(), other.into_owned()));
                        }
                        Fit::Bound | Fit::Free => {}
                        Fit::Other => return None,
                    }
                }
                _ => return None,
            }
        }
        Some(found)
    }

    /// How much two values differ, without taking anything for anything: the more, the larger. What is looked at is taken
    /// off `left`; beyond that nothing is.
    pub(super) fn distance(
        &self,
        bindings: &Bindings,
        name: &str,
        (recorded, live): (&Value, &Value),
        left: &mut usize,
    ) -> usize {
        let Some(rest) = left.checked_sub(looked_at(recorded, live)) else { return 0 };
        *left = rest;
        match (recorded, live) {
            (Value::Object(recorded), Value::Object(live)) => {
                let mut all = 2 * live.keys().filter(|name| !recorded.contains_key(*name)).count();
                for (name, own) in recorded {
                    all += match live.get(name) {
                        Some(other) => self.distance(bindings, name, (own, other), left),
                        None => 2,
                    };
                }
                all
            }
            (Value::Array(recorded), Value::Array(live)) => {
                let zipped = recorded.iter().zip(live);
                let each = zipped.map(|pair| self.distance(bindings, name, pair, left));
                each.sum::<usize>() + 2 * recorded.len().abs_diff(live.len())
            }
            (Value::Null, Value::Null) => 0,
            _ if type_of(recorded) != type_of(live) => 2,
            _ => usize::from(self.same(bindings, name, recorded, live).is_none()),
        }
    }

    /// Two values in a few characters, long texts from where they begin to differ.
    fn apart(&self, recorded: &Value, live: &Value) -> (Option<String>, Option<String>) {
        let (Value::String(one), Value::String(other)) = (recorded, live) else {
            return (Some(self.shown(recorded)), Some(self.shown(live)));
        };
        let (one, other) = (self.mask.text(one), self.mask.text(other));
        let same = one.char_indices().zip(other.chars()).take_while(|((_, own), other)| own == other);
        let begins: Vec<usize> = same.map(|((at, _), _)| at).collect();
        let from = if begins.len() > LEAD { begins[begins.len() - LEAD] } else { 0 };
        let shown = |text: &str| {
            let rest = Value::from(text.get(from..).unwrap_or_default()).to_string();
            Some(if from > 0 { cropped(&format!("\"…{}", &rest[1..])) } else { cropped(&rest) })
        };
        (shown(&one), shown(&other))
    }

    /// A value in a few characters, without secrets.
    fn shown(&self, value: &Value) -> String {
        match value {
            Value::String(text) => cropped(&Value::from(&*self.mask.text(text)).to_string()),
            value => self.shown_whole(value),
        }
    }
}

/// What it costs to look at two values, their parts left out.
fn looked_at(one: &Value, other: &Value) -> usize {
    let length = |value: &Value| value.as_str().map_or(0, |text| text.len() / LOOKED_AT_ONCE);
    1 + length(one) + length(other)
}

/// Whether two values are met for the first time in a text; `None`: one of them stands for another one there.
fn is_new(found: &Found, sort: Sort, one: &str, other: &str) -> Option<bool> {
    let mut same_sort = found.iter().filter(|(own, ..)| *own == sort);
    match same_sort.find(|(_, own, live)| own == one || live == other) {
        None => Some(true),
        Some((_, own, live)) if own == one && live == other => Some(false),
        Some(_) => None,
    }
}

/// Whether two texts are the same but for words that stand for each other as ids: not all ids look like one.
fn bound_words(bindings: &Bindings, one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let (mut at, mut other_at) = (0, 0);
    let mut others = words(other);
    for range in words(one) {
        let Some(theirs) = others.next() else { return false };
        let (word, other_word) = (&one[range.clone()], &other[theirs.clone()]);
        let same = word == other_word || bindings.fit(Sort::Id, word, other_word) == Fit::Bound;
        if !same || one[at..range.start] != other[other_at..theirs.start] {
            return false;
        }
        (at, other_at) = (range.end, theirs.end);
    }
    others.next().is_none() && one[at..] == other[other_at..]
}

/// Whether a text is a time, whatever it says.
pub(super) fn is_time(text: &str) -> bool {
    text.len() >= 20 && text.as_bytes().get(10) == Some(&b'T') && clock::parse_rfc3339(text).is_ok()
}

fn is_nested(value: &Value) -> bool {
    value.is_object() || value.is_array()
}

/// One letter per JSON type.
pub(super) fn type_of(value: &Value) -> u8 {
    match value {
        Value::Null => b'0',
        Value::Bool(_) => b'b',
        Value::Number(_) => b'n',
        Value::String(_) => b's',
        Value::Array(_) => b'a',
        Value::Object(_) => b'o',
    }
}

/// Appends a field's name as `JSONPath` writes it (RFC 9535 §2.3.1, §2.5.1).
fn push_name(path: &mut String, name: &str) {
    let mut letters = name.chars();
    let begins = letters.next().is_some_and(|first| first.is_alphabetic() || first == '_');
    if begins && letters.all(|letter| letter.is_alphanumeric() || letter == '_') {
        path.push('.');
        path.push_str(name);
    } else {
        let _ = write!(path, "[{}]", cropped(&Value::from(name).to_string()));
    }
}
