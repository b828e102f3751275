//! The places of a text that are replaced.

use std::ops::Range;

use super::part::What;

/// Bits of a mark.
const BITS: usize = 64;

/// What comes where.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) range: Range<usize>,
    pub(super) what: What,
    /// It stands in a URL or a form.
    pub(super) in_url: bool,
}

/// Places that do not overlap. Which bytes of the text they have is marked bit by bit: whether a place is free is asked
/// far more often than there are places.
#[derive(Debug, Default)]
pub(super) struct Places {
    all: Vec<Place>,
    /// They were not added in the order of the text.
    mixed: bool,
    taken: Vec<u64>,
}

impl Places {
    /// Adds a place, unless there is one already that it overlaps.
    pub(super) fn add(&mut self, range: &Range<usize>, what: What, in_url: bool) {
        if range.is_empty() || !self.is_free(range) {
            return;
        }
        self.taken.resize(self.taken.len().max(range.end.div_ceil(BITS)), 0);
        for (word, mask) in marks(range) {
            self.taken[word] |= mask;
        }
        self.mixed |= self.all.last().is_some_and(|last| last.range.start > range.start);
        self.all.push(Place { range: range.clone(), what, in_url });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn is_free(&self, range: &Range<usize>) -> bool {
        if range.is_empty() {
            // Between two bytes: not free only within a place.
            return !self.all.iter().any(|own| own.range.start < range.start && range.end < own.range.end);
        }
        marks(range).all(|(word, mask)| self.taken.get(word).is_none_or(|taken| taken & mask == 0))
    }

    /// All of them, in the order of the text.
    pub(super) fn in_order(&mut self) -> &mut [Place] {
        if std::mem::take(&mut self.mixed) {
            self.all.sort_unstable_by_key(|own| own.range.start);
        }
        &mut self.all
    }
}

/// The marks of the bytes of a range that is not empty: which word, and its bits.
fn marks(range: &Range<usize>) -> impl Iterator<Item = (usize, u64)> + use<> {
    let (start, last) = (range.start, range.end - 1);
    (start / BITS..=last / BITS).map(move |word| {
        let from = if word == start / BITS { u64::MAX << (start % BITS) } else { u64::MAX };
        let to = if word == last / BITS { u64::MAX >> (BITS - 1 - last % BITS) } else { u64::MAX };
        (word, from & to)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_place_is_free_where_none_overlaps_it(ranges in prop::collection::vec((0_usize..300, 0_usize..90), 0..40)) {
            let mut places = Places::default();
            let mut expected: Vec<Range<usize>> = Vec::new();
            for range in ranges.into_iter().map(|(start, length)| start..start + length) {
                let free = expected.iter().all(|own| own.end <= range.start || range.end <= own.start);
                prop_assert_eq!(places.is_free(&range), free);
                places.add(&range, What::Text(""), false);
                if free && !range.is_empty() {
                    expected.push(range);
                }
            }
            expected.sort_by_key(|own| own.start);
            let found: Vec<_> = places.in_order().iter().map(|own| own.range.clone()).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
