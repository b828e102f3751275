//! Which id or stand-in of one side stands for which of the other.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::Sort;

/// What is known of two values that stand in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// They stand for each other.
    Bound,
    /// Nothing is known of either.
    Free,
    /// At least one of them stands for another one.
    Other,
}

type Side = HashMap<(Sort, Box<str>), Box<str>, RandomState>;

/// Pairs of values that stand for each other, each value in one pair at most.
#[derive(Debug, Clone, Default)]
pub struct Bindings {
    live: Side,
    recorded: Side,
}

impl Bindings {
    pub(super) fn fit(&self, sort: Sort, recorded: &str, live: &str) -> Fit {
        if !sort.is_kept() {
            return Fit::Bound;
        }
        match (self.live(sort, recorded), self.recorded(sort, live)) {
            (None, None) => Fit::Free,
            (Some(own), _) if own == live => Fit::Bound,
            _ => Fit::Other,
        }
    }

    /// Takes two values for each other, unless one of them has another already. Of sorts of which any value does, the
    /// last one counts.
    pub fn bind(&mut self, sort: Sort, recorded: &str, live: &str) {
        if !sort.is_kept() || self.fit(sort, recorded, live) == Fit::Free {
            self.live.insert((sort, recorded.into()), live.into());
            self.recorded.insert((sort, live.into()), recorded.into());
        }
    }

    /// What stands for a recorded value.
    pub fn live(&self, sort: Sort, recorded: &str) -> Option<&str> {
        self.live.get(&(sort, recorded.into())).map(AsRef::as_ref)
    }

    /// What a live value stands for.
    pub fn recorded(&self, sort: Sort, live: &str) -> Option<&str> {
        self.recorded.get(&(sort, live.into())).map(AsRef::as_ref)
    }
}
