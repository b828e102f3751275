//! What two answers mean, and what has changed: comparisons, and the commands that tell them.

mod diff;
mod laws;
mod sent;
mod update;
mod verify;

use std::sync::LazyLock;

use overdub::cassette::Cassette;
use overdub::drift::{Aligned, Comparer, Known, align};
use overdub::profile::{Mask, Profile};

// Its patterns take longer to compile than most tests take.
static OKTA: LazyLock<Profile> = LazyLock::new(|| Profile::okta().expect("the profile"));

/// Two cassettes side by side.
fn aligned(one: &Cassette, other: &Cassette) -> Aligned {
    let mask = Mask::new(&OKTA);
    let (known, live) = (Known::of(one), Known::of(other));
    align(&Comparer::new(&OKTA, &mask, &known, &live.terms), &one.interactions, &other.interactions)
}

/// A line per change of the only pair: severity, path, what happened.
fn changes(one: &Cassette, other: &Cassette) -> Vec<String> {
    let aligned = aligned(one, other);
    assert_eq!((aligned.only_recorded.len(), aligned.only_live.len()), (0, 0), "all belong together");
    let changes = aligned.pairs.iter().flat_map(|pair| &pair.changes);
    changes.map(|change| format!("{} {}: {}", change.severity, change.path, change.told())).collect()
}
