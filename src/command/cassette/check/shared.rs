//! Requests that several cassettes hold: played together, one stands before the other.

use std::collections::{BTreeMap, HashMap};

use crate::cassette::Cassette;
use crate::command::terminal::counted;
use crate::matching::{MatchKey, Matcher};
use crate::profile::Profile;

/// Most pairs that are told.
const TOLD: usize = 5;

/// Which cassette holds which request first.
#[derive(Default)]
pub(super) struct Shared {
    names: Vec<String>,
    /// A request, and the cassette that had it last.
    last: HashMap<MatchKey, usize>,
    /// Two cassettes: how many requests are in both, and one of them.
    pairs: BTreeMap<(usize, usize), (usize, String)>,
}

impl Shared {
    pub(super) fn add(&mut self, cassette: &Cassette, profile: &Profile) {
        let matcher = Matcher::new(profile.volatile.clone(), profile.sensitive.clone());
        let this = self.names.len();
        self.names.push(cassette.name.clone());
        for own in &cassette.interactions {
            let key = matcher.recorded_key(&own.request);
            match self.last.insert(key, this) {
                Some(other) if other != this => {
                    let what = || format!("{} {}", own.request.method, own.request.url);
                    let pair = self.pairs.entry((other, this)).or_insert_with(|| (0, what()));
                    pair.0 += 1;
                }
                _ => {}
            }
        }
    }

    /// A line for each two, up to a number that can be read.
    pub(super) fn notes(&self) -> Vec<String> {
        let name = |index: usize| self.names.get(index).map_or("", String::as_str);
        let told = self.pairs.iter().take(TOLD).map(|((one, other), (number, what))| {
            format!(
                "{} and {} share {} ({what}): played together, those of the first are given first",
                name(*one),
                name(*other),
                counted(*number, "request")
            )
        });
        let mut told: Vec<_> = told.collect();
        if self.pairs.len() > TOLD {
            let more = self.pairs.len() - TOLD;
            told.push(format!("{more} more of two cassettes that share requests; `-c NAME` plays one alone"));
        }
        told
    }
}
