//! From a request to the key by which recordings are found, and why nothing was found.
//!
//! [`Matcher`] says what counts; `key` and `body` compute it in the spelling of `speller`; `near` explains a miss.
//! Knows nothing of sessions.

mod body;
mod key;
mod near;
mod speller;

pub use key::{MatchKey, Matcher, Target};
pub use speller::ClientOrigin;

pub(crate) use near::{Difference, Hidden, NearMiss, near_misses};
