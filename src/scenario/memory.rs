//! How much the variables of a script hold together.
//!
//! The engine limits the size of each value, and looks at it after most changes; `m[key] = text` is not among them, and
//! many variables may each hold a large value. So all variables in reach are weighed now and then. Functions that hold
//! functions are looked through for their depth, too: to drop a chain of them takes a frame of the stack for each.

use std::cell::Cell;

use rhai::{Array, Blob, Dynamic, Engine, EvalAltResult, FnPtr, ImmutableString, Map, Scope};

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
/// Deepest nesting of functions that hold functions.
const DEEPEST_FUNCTIONS: usize = 16;
/// Most values that are looked at: what is shared by many is counted by each of them.
const MOST_VALUES: usize = 200_000;

thread_local! {
    static USES: Cell<u32> = const { Cell::new(0) };
}

/// A look at what variables hold.
struct Scales {
    bytes: usize,
    values: usize,
}

impl Scales {
    /// Adds a value, roughly, with all that it holds.
    fn add(&mut self, value: &Dynamic, depth: usize, functions: usize) -> Result<(), Box<EvalAltResult>> {
        self.values += 1;
        self.bytes = self.bytes.saturating_add(size_of::<Dynamic>());
        // A value that is shared may be in use further up on this thread.
        if depth > DEEPEST || value.is_shared() && value.is_locked() {
            return Ok(());
        }
        if self.values > MOST_VALUES || self.bytes > MOST {
            return Err(fail("its variables hold more than 32 MiB together".to_owned()));
        }
        if let Some(text) = value.read_lock::<ImmutableString>() {
            self.bytes = self.bytes.saturating_add(text.len());
        } else if let Some(blob) = value.read_lock::<Blob>() {
            self.bytes = self.bytes.saturating_add(blob.len());
        } else if let Some(array) = value.read_lock::<Array>() {
            array.iter().try_for_each(|value| self.add(value, depth + 1, functions))?;
        } else if let Some(map) = value.read_lock::<Map>() {
            map.values().try_for_each(|value| self.add(value, depth + 1, functions))?;
        } else if let Some(function) = value.read_lock::<FnPtr>() {
            if functions >= DEEPEST_FUNCTIONS {
                let what = "functions hold functions more than 16 deep: keep what they need in a map";
                return Err(fail(what.to_owned()));
            }
            function.iter_curry().try_for_each(|value| self.add(value, depth + 1, functions + 1))?;
        }
        Ok(())
    }
}

fn weigh(scope: &Scope<'_>) -> Result<(), Box<EvalAltResult>> {
    let mut scales = Scales { bytes: 0, values: 0 };
    let result = scope.iter_raw().try_for_each(|(_, _, value)| scales.add(value, 0, 0));
    result.and(if scales.bytes > MOST {
        Err(fail("its variables hold more than 32 MiB together".to_owned()))
    } else {
        Ok(())
    })
}

/// Watches the variables of all scripts.
#[allow(deprecated, reason = "the engine calls this function so because it may change; it is not to go away")]
pub(super) fn watch(engine: &mut Engine) {
    engine.on_var(|_, _, context| {
        call::check()?;
        let uses = USES.get().wrapping_add(1);
        USES.set(uses);
        if uses.is_multiple_of(BETWEEN) && call::operations() > UNWATCHED {
            weigh(context.scope())?;
        }
        Ok(None)
    });
}
