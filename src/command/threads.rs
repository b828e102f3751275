//! How many threads serve connections.

use std::num::NonZero;
use std::thread::available_parallelism;

use super::Failure;

/// The runtime's own variable: a number in place of ours.
const VARIABLE: &str = "TOKIO_WORKER_THREADS";

/// More would be a slip of the pen.
const MOST: usize = 1024;

/// Half as many as there are cores. The clients under test run on the same machine as a rule, and a thread that competes
/// with them for a core makes both slower: on two cores, one thread answers more requests than two.
///
/// # Errors
/// [`VARIABLE`] holds something else than a number from 1 to [`MOST`].
pub(super) fn worker_threads() -> Result<usize, Failure> {
    match std::env::var_os(VARIABLE) {
        None => Ok((available_parallelism().map_or(1, NonZero::get) / 2).max(1)),
        Some(told) => asked(&told.to_string_lossy()).ok_or_else(|| {
            Failure::usage(format_args!(
                "{VARIABLE}={}: this is how many threads serve connections: a number from 1 to {MOST}",
                told.display()
            ))
        }),
    }
}

fn asked(told: &str) -> Option<usize> {
    told.trim().parse().ok().filter(|number| (1..=MOST).contains(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_number_of_threads_is_one() {
        assert_eq!(["1", " 8 ", "1024"].map(asked), [Some(1), Some(8), Some(1024)]);
        assert_eq!(["", "0", "-1", "1025", "two", "1.5"].map(asked), [None; 6]);
    }
}
