//! What the engine found out about a handler's script, kept from one call to the next: which function is meant by a name
//! and the types of its arguments. Finding out anew costs as much as all else that a short handler does.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use rhai::{Caches, Dynamic, EvalAltResult};

/// Most functions that are remembered: a script may compute the names of functions.
const MOST: usize = 1000;

/// As many as calls ran at once. What is in one holds for this handler, whatever its arguments are.
pub(super) struct Resolved {
    known: Mutex<Vec<Caches>>,
    is_kept: bool,
}

impl fmt::Debug for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resolved")
    }
}

type Fallible = Result<Dynamic, Box<EvalAltResult>>;

impl Resolved {
    /// Of a handler. It must not be kept where the file imports others: their functions mean their own ones by the same
    /// names, and the engine does not tell those apart in what it remembers.
    pub(super) fn new(is_kept: bool) -> Self {
        Self { known: Mutex::default(), is_kept }
    }

    /// Runs a call with what is known.
    pub(super) fn with(&self, call: impl FnOnce(&mut Caches) -> Fallible) -> Fallible {
        if !self.is_kept {
            return call(&mut Caches::new());
        }
        // A std lock, held to take or to put back one element.
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut caches = known().pop().unwrap_or_default();
        let value = call(&mut caches)?;
        // What a call that failed leaves behind may be that of an inner function.
        if caches.fn_resolution_cache_mut().dict.len() <= MOST {
            known().push(caches);
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(caches: &mut Caches, functions: u64) {
        caches.fn_resolution_cache_mut().dict.extend((0..functions).map(|hash| (hash + 1, None)));
    }

    fn known(resolved: &Resolved) -> usize {
        resolved.known.lock().unwrap().first_mut().map_or(0, |own| own.fn_resolution_cache_mut().dict.len())
    }

    #[test]
    fn what_one_call_found_out_the_next_one_knows_unless_it_failed_or_is_too_much() {
        let resolved = Resolved::new(true);
        let known_after = |functions| {
            let call = |caches: &mut Caches| {
                used(caches, functions);
                Ok(Dynamic::UNIT)
            };
            resolved.with(call).map(|_| known(&resolved)).unwrap()
        };
        assert_eq!(known_after(3), 3);
        assert_eq!(known_after(5), 5);
        assert!(resolved.with(|_| Err("failed".into())).is_err());
        assert_eq!(known(&resolved), 0);
        assert_eq!(known_after(2000), 0);
    }
}
