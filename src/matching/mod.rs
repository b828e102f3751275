//! From a request to the key by which recordings are found, and why nothing was found.
//!
//! [`Matcher`] says what counts; `key` and `body` compute it in the spelling of `speller`. A key is exact, `translation`
//! putting stand-ins in the place of known live values, or masked: values that may differ between two runs (by the
//! profile, or by their `shape`) are left open. Where no key finds anything, a `pattern` does: the recorded request split
//! at its `stand_ins`. `near` explains a miss. Knows nothing of sessions.

mod body;
mod difference;
mod key;
mod near;
mod node;
mod pattern;
mod plain;
mod shape;
mod shown;
mod speller;
mod stand_ins;
mod target;
mod text;
mod translation;

pub use difference::Difference;
pub use key::{LiveRequest, MatchKey, Matcher};
pub use near::Limits;
pub use speller::ClientOrigin;
pub use target::Target;

pub(crate) use difference::Verdict;
pub(crate) use key::MaskedRequest;
pub(crate) use near::{Known, NearMiss, body_shown, compared, near_misses};
pub(crate) use pattern::{Pattern, Sent};
pub(crate) use shape::{begins_alone, goes_on};
pub(crate) use shown::{Hidden, cropped, shown};
pub(crate) use speller::Masked;
pub(crate) use stand_ins::{Capture, Sort, StandIns};
pub(crate) use translation::{Translation, canonical};
