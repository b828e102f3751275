//! From a request to the key by which recordings are found, and why nothing was found.
//!
//! [`Matcher`] says what counts; `key` and `body` compute it; `near` explains a miss. Knows nothing of sessions.

mod body;
mod key;
mod near;

pub use key::{ClientOrigin, MatchKey, Matcher, Target};
pub(crate) use near::{Difference, Hidden, NearMiss, near_misses};
