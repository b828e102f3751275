//! How much the variables of a script hold together.
//!
//! The engine limits the size of each value, and looks at it after most changes; `m[key] = text` is not among them, and
//! many variables may each hold a large value. So all variables in reach are weighed now and then.

use std::cell::Cell;

use rhai::{Array, Blob, Dynamic, Engine, EvalAltResult, ImmutableString, Map, Scope};

use super::call;
use super::error::fail;

/// Bytes that all variables in reach may hold together: 32 MiB.
const MOST: usize = 32 * 1024 * 1024;
/// Operations that a call does before it is looked at: hardly any handler does as many.
const UNWATCHED: u64 = 200;
/// Uses of a variable between two looks.
const BETWEEN: u32 = 64;
/// Deepest nesting that is weighed.
const DEEPEST: usize = 64;

thread_local! {
    static USES: Cell<u32> = const { Cell::new(0) };
}

/// Roughly how many bytes a value takes.
fn weight(value: &Dynamic, depth: usize) -> usize {
    const EACH: usize = size_of::<Dynamic>();
    // A value that is shared may be in use further up on this thread.
    if depth > DEEPEST || value.is_shared() && value.is_locked() {
        return EACH;
    }
    let below = if let Some(text) = value.read_lock::<ImmutableString>() {
        text.len()
    } else if let Some(blob) = value.read_lock::<Blob>() {
        blob.len()
    } else if let Some(array) = value.read_lock::<Array>() {
        array.iter().map(|value| weight(value, depth + 1)).sum()
    } else if let Some(map) = value.read_lock::<Map>() {
        map.values().map(|value| EACH + weight(value, depth + 1)).sum()
    } else {
        0
    };
    below.saturating_add(EACH)
}

fn weigh(scope: &Scope<'_>) -> Result<(), Box<EvalAltResult>> {
    let all: usize = scope.iter_raw().map(|(_, _, value)| weight(value, 0)).sum();
    if all > MOST {
        return Err(fail("its variables hold more than 32 MiB together".to_owned()));
    }
    Ok(())
}

/// Watches the variables of all scripts.
#[allow(deprecated, reason = "the engine calls this function so because it may change; it is not to go away")]
pub(super) fn watch(engine: &mut Engine) {
    engine.on_var(|_, _, context| {
        let uses = USES.get().wrapping_add(1);
        USES.set(uses);
        if uses.is_multiple_of(BETWEEN) && call::operations() > UNWATCHED {
            weigh(context.scope())?;
        }
        Ok(None)
    });
}
