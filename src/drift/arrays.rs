//! Which elements of two lists belong together: an API's order says nothing.

use serde_json::Value;

use super::bindings::{Bindings, Fit};
use super::exchange::Comparer;
use super::value::type_of;

/// The field that says which entity an object is.
pub(super) const IDENTITY: &str = "id";

/// How many pairs of elements are looked at; in longer lists the order has to do.
const MOST_PAIRS: usize = 40_000;

/// What may be spent on finding pairs in two values: a unit per scalar that is looked at, more for a long text.
pub(super) const MOST_LOOKED_AT: usize = 8_000_000;

/// For each recorded element the position of its live counterpart, if it has one. What it looked at is taken off `left`;
/// when nothing is left, the order has to do.
pub(super) fn pairs(
    comparer: &Comparer<'_>,
    bindings: &Bindings,
    name: &str,
    (recorded, live): (&[Value], &[Value]),
    left: &mut usize,
) -> Vec<Option<usize>> {
    let count = recorded.len().saturating_mul(live.len());
    if count > MOST_PAIRS.min(*left) {
        return (0..recorded.len()).map(|index| (index < live.len()).then_some(index)).collect();
    }
    // Each pair gets its share, so that none is looked at more closely than another.
    let share = *left / count.max(1);
    let mut costs = Vec::new();
    for (own, one) in recorded.iter().enumerate() {
        for (at, other) in live.iter().enumerate() {
            let mut unused = share;
            if let Some(cost) = cost(comparer, bindings, name, (one, other), &mut unused) {
                costs.push((cost, own.abs_diff(at), own, at));
            }
            *left = left.saturating_sub((share - unused).max(1));
        }
    }
    costs.sort_unstable();
    let mut pairs = vec![None; recorded.len()];
    let mut taken = vec![false; live.len()];
    for (.., own, at) in costs {
        if pairs[own].is_none() && !taken[at] {
            pairs[own] = Some(at);
            taken[at] = true;
        }
    }
    pairs
}

/// How unlike two elements are; `None`: they are two things.
fn cost(
    comparer: &Comparer<'_>,
    bindings: &Bindings,
    name: &str,
    (one, other): (&Value, &Value),
    left: &mut usize,
) -> Option<usize> {
    if let (Value::Object(fields), Value::Object(others)) = (one, other) {
        match identity(comparer, bindings, one, other) {
            Some(Fit::Bound) => return Some(0),
            Some(Fit::Other) => return None,
            Some(Fit::Free) | None => {}
        }
        let differs = |name: &String| match (fields.get(name), others.get(name)) {
            (Some(own @ Value::String(_)), Some(theirs @ Value::String(_))) => {
                comparer.same(bindings, name, own, theirs).is_none()
            }
            _ => false,
        };
        let shared = fields.keys().filter(|name| others.contains_key(*name)).count();
        let alike = shared * 2 >= fields.len().max(others.len());
        if !alike || fields.keys().any(|name| comparer.drift.tells_kind(name) && differs(name)) {
            return None;
        }
    } else if type_of(one) != type_of(other) {
        // In a list of scalars, what is of another type has been retyped; an object is never a scalar.
        let scalar = |value: &Value| !value.is_object() && !value.is_array();
        return (scalar(one) && scalar(other)).then_some(usize::MAX / 2);
    }
    // Behind the one that is known to be the same.
    Some(1 + comparer.distance(bindings, name, (one, other), left))
}

/// What is known of the ids of two objects; `None`: they do not both have one.
fn identity(comparer: &Comparer<'_>, bindings: &Bindings, one: &Value, other: &Value) -> Option<Fit> {
    let id = |value: &Value| value.get(IDENTITY).filter(|id| id.is_string() || id.is_number()).cloned();
    let (one, other) = (id(one)?, id(other)?);
    Some(match comparer.same(bindings, IDENTITY, &one, &other) {
        None => Fit::Other,
        // Nobody knows better of either, and so it is the same one.
        Some(_) if one == other => Fit::Bound,
        Some(found) if found.is_empty() => Fit::Bound,
        Some(_) => Fit::Free,
    })
}
