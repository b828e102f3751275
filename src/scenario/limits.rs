//! How much a script may do, the same in debug and in release.

use std::time::Duration;

use rhai::{Engine, OptimizationLevel};

use super::{call, memory};

/// Bounds of one call into a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Operations of the engine in one call of a handler, functions that it passes to others included.
    pub operations: u64,
    /// How long one call of a handler may take.
    pub wall: Duration,
    /// How long a file may take to run at load.
    pub load: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { operations: 250_000, wall: Duration::from_millis(250), load: Duration::from_secs(2) }
    }
}

/// Functions that call each other: 16, and one level for the call of a handler by its name. Frames of a debug build are
/// large, and a test's thread has 2 MiB of stack.
const CALL_LEVELS: usize = 16 + 1;
/// Nesting of expressions in the file, and in a function.
const EXPRESSION_DEPTHS: (usize, usize) = (48, 32);
/// Bytes of a string, and of all strings in one value.
const STRING_SIZE: usize = 1024 * 1024;
/// Elements of an array, and of all arrays in one value. It is also how deep arrays can be put into each other, and each
/// level takes a frame of the stack when the value is copied or dropped. Lists of bodies are no arrays and may be
/// longer.
const ARRAY_SIZE: usize = 500;
/// Members of a map, and of all maps in one value.
const MAP_SIZE: usize = 500;
/// Files that one scenario imports.
const MODULES: usize = 32;
const FUNCTIONS: usize = 1000;
const VARIABLES: usize = 200;

/// Sets every limit there is, and takes away what is no script's business.
pub(super) fn harden(engine: &mut Engine, limits: &Limits) {
    engine
        // More than is counted below, which tells the place and the number.
        .set_max_operations(limits.operations.saturating_mul(2))
        .set_max_call_levels(CALL_LEVELS)
        .set_max_expr_depths(EXPRESSION_DEPTHS.0, EXPRESSION_DEPTHS.1)
        .set_max_string_size(STRING_SIZE)
        .set_max_array_size(ARRAY_SIZE)
        .set_max_map_size(MAP_SIZE)
        .set_max_modules(MODULES)
        .set_max_functions(FUNCTIONS)
        .set_max_variables(VARIABLES)
        // A misspelt variable is found at load, a misspelt property of a map when it is used.
        .set_strict_variables(true)
        .set_fail_on_invalid_map_property(true)
        .set_optimization_level(OptimizationLevel::Simple)
        // The interner is one lock for all threads.
        .set_max_strings_interned(0)
        .disable_symbol("eval")
        // A function that holds copies of itself grows faster than anything can watch.
        .disable_symbol("curry");
    // Counted here and not by the engine alone, which counts anew in each function that is passed to another.
    engine.on_progress(|_| call::tick());
    memory::watch(engine);
}
