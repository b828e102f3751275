//! Arrays and maps compared and printed without the engine's own recursion.
//!
//! A script can put an array into an array as often as it likes within its limits. The engine compares and prints such
//! a thing by calling itself for each level, with frames so large that the thread's stack ends before the limits do.

use rhai::{Array, Dynamic, Engine, EvalAltResult, FLOAT, INT, Map};

use crate::scenario::error::fail;
use crate::scenario::json::{show, to_json};

type Fallible<T> = Result<T, Box<EvalAltResult>>;

/// Deepest nesting that is compared.
const DEEPEST: usize = 64;

fn equal(one: &Dynamic, other: &Dynamic, depth: usize) -> Fallible<bool> {
    if depth > DEEPEST {
        return Err(fail(format!(
            "values that are nested more than {DEEPEST} levels deep cannot be compared"
        )));
    }
    if let (Some(one), Some(other)) = (one.read_lock::<Array>(), other.read_lock::<Array>()) {
        return equal_arrays(&one, &other, depth);
    }
    if let (Some(one), Some(other)) = (one.read_lock::<Map>(), other.read_lock::<Map>()) {
        return equal_maps(&one, &other, depth);
    }
    if let (Some(one), Some(other)) = (as_float(one), as_float(other)) {
        return Ok(one.total_cmp(&other).is_eq());
    }
    match (to_json(one), to_json(other)) {
        (Ok(one), Ok(other)) => Ok(one == other),
        _ => Ok(false),
    }
}

/// A number, if one of the two kinds is there; integers that a double does not hold exactly compare as text.
fn as_float(value: &Dynamic) -> Option<FLOAT> {
    const EXACT: INT = 1 << 53;
    let integer = value.as_int().ok().filter(|number| (-EXACT..=EXACT).contains(number));
    #[allow(clippy::cast_precision_loss, reason = "only those that a double holds exactly")]
    integer.map(|number| number as FLOAT).or_else(|| value.as_float().ok())
}

fn equal_arrays(one: &Array, other: &Array, depth: usize) -> Fallible<bool> {
    if one.len() != other.len() {
        return Ok(false);
    }
    for (one, other) in one.iter().zip(other) {
        if !equal(one, other, depth + 1)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn equal_maps(one: &Map, other: &Map, depth: usize) -> Fallible<bool> {
    if one.len() != other.len() {
        return Ok(false);
    }
    for ((name, one), (other_name, other)) in one.iter().zip(other) {
        if name != other_name || !equal(one, other, depth + 1)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Takes the place of the engine's own.
pub(super) fn register(engine: &mut Engine) {
    engine.register_fn("==", |one: &mut Array, other: Array| equal_arrays(one, &other, 0));
    engine
        .register_fn("!=", |one: &mut Array, other: Array| equal_arrays(one, &other, 0).map(|equal| !equal));
    engine.register_fn("==", |one: &mut Map, other: Map| equal_maps(one, &other, 0));
    engine.register_fn("!=", |one: &mut Map, other: Map| equal_maps(one, &other, 0).map(|equal| !equal));
    for name in ["to_string", "to_debug", "print", "debug", "to_json"] {
        engine.register_fn(name, |array: &mut Array| show(&Dynamic::from_array(array.clone())));
        engine.register_fn(name, |map: &mut Map| show(&Dynamic::from_map(map.clone())));
    }
}
