//! Recorded JSON split at its stand-ins.

use serde_json::{Number, Value};

use super::body::canonical_number;
use super::stand_ins::{Capture, StandIns};
use super::text::Text;

/// A recorded JSON value: what a live one has to be to stand in its place.
#[derive(Debug)]
pub(super) enum Node {
    /// Whatever it is.
    Any,
    Text(Text),
    Number(Number),
    /// `true`, `false` or `null`.
    Same(Value),
    List(Box<[Node]>),
    /// Members in any order.
    Fields(Box<[(Text, Node)]>),
}

impl Node {
    /// Of a value that stands so deep in other texts.
    pub(super) fn of(value: &Value, known: &StandIns, depth: usize) -> Self {
        Self::built(value, &mut Vec::new(), known, depth, &|_, _| false)
    }

    /// The same; `is_any` tells of a field, its names outermost first, whether its value does not matter.
    pub(super) fn built<'v>(
        value: &'v Value,
        names: &mut Vec<&'v str>,
        known: &StandIns,
        depth: usize,
        is_any: &dyn Fn(&[&str], &Value) -> bool,
    ) -> Self {
        match value {
            Value::String(text) => Self::Text(Text::of(text.as_bytes(), known, depth)),
            Value::Number(number) => Self::Number(number.clone()),
            Value::Bool(_) | Value::Null => Self::Same(value.clone()),
            Value::Array(items) => {
                Self::List(items.iter().map(|item| Self::built(item, names, known, depth, is_any)).collect())
            }
            Value::Object(map) => {
                let field = |(name, value): (&'v String, &'v Value)| {
                    names.push(name);
                    let node = if is_any(names, value) {
                        Self::Any
                    } else {
                        Self::built(value, names, known, depth, is_any)
                    };
                    names.pop();
                    (Text::of(name.as_bytes(), known, depth), node)
                };
                Self::Fields(map.iter().map(field).collect())
            }
        }
    }

    /// Whether a live value may be another one.
    pub(super) fn is_open(&self) -> bool {
        match self {
            Self::Any => true,
            Self::Text(text) => text.is_open(),
            Self::Number(_) | Self::Same(_) => false,
            Self::List(items) => items.iter().any(Self::is_open),
            Self::Fields(fields) => fields.iter().any(|(name, value)| name.is_open() || value.is_open()),
        }
    }

    /// Whether `sent` may stand in its place; then `captures` gets what it tells.
    pub(super) fn fits(&self, sent: &Value, captures: &mut Vec<Capture>) -> bool {
        match (self, sent) {
            (Self::Any, _) => true,
            (Self::Text(text), Value::String(sent)) => text.fits(sent.as_bytes(), false, captures),
            (Self::Number(own), Value::Number(sent)) => canonical_number(own) == canonical_number(sent),
            (Self::Same(own), _) => own == sent,
            (Self::List(items), Value::Array(sent)) => {
                items.len() == sent.len()
                    && items.iter().zip(sent).all(|(own, sent)| own.fits(sent, captures))
            }
            (Self::Fields(fields), Value::Object(sent)) => fields_fit(fields, sent, captures),
            _ => false,
        }
    }

    /// Takes what `sent` tells in the places that both have, however much they differ.
    pub(super) fn glean(&self, sent: &Value, captures: &mut Vec<Capture>) {
        match (self, sent) {
            (Self::Text(text), Value::String(sent)) => {
                text.fits(sent.as_bytes(), false, captures);
            }
            (Self::List(items), Value::Array(sent)) => {
                items.iter().zip(sent).for_each(|(own, sent)| own.glean(sent, captures));
            }
            (Self::Fields(fields), Value::Object(sent)) => {
                for (name, own) in fields {
                    if let Some(sent) = named(name, sent) {
                        own.glean(sent, captures);
                    }
                }
            }
            _ => {}
        }
    }
}

type Members = serde_json::Map<String, Value>;

/// The member of `sent` that has this name, if the name is always the same.
fn named<'v>(name: &Text, sent: &'v Members) -> Option<&'v Value> {
    let Text::Same(name) = name else { return None };
    sent.get(std::str::from_utf8(name).ok()?)
}

fn fields_fit(fields: &[(Text, Node)], sent: &Members, captures: &mut Vec<Capture>) -> bool {
    if fields.len() != sent.len() {
        return false;
    }
    // Members whose names are values: each takes the first one left that fits.
    let is_own = |name: &str| {
        fields.iter().any(|(own, _)| matches!(own, Text::Same(own) if **own == *name.as_bytes()))
    };
    let has_open = fields.iter().any(|(name, _)| name.is_open());
    let mut others: Vec<_> =
        if has_open { sent.iter().filter(|(name, _)| !is_own(name)).collect() } else { Vec::new() };
    fields.iter().all(|(name, own)| {
        if !name.is_open() {
            return named(name, sent).is_some_and(|sent| own.fits(sent, captures));
        }
        let found = others.iter().position(|(sent_name, sent)| {
            let before = captures.len();
            let fits = name.fits(sent_name.as_bytes(), false, captures) && own.fits(sent, captures);
            if !fits {
                captures.truncate(before);
            }
            fits
        });
        found.map(|at| others.remove(at)).is_some()
    })
}
