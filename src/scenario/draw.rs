//! Randomness that does not depend on what else happens: a function of what is asked, not a stream that all share.

use sha2::{Digest, Sha256};

/// What is drawn in one call of one handler.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draws {
    base: u64,
    drawn: u64,
}

/// What a draw is a function of, beside its number in the call.
#[derive(Debug, Clone, Copy)]
pub(super) struct DrawKey<'a> {
    pub(super) seed: u64,
    pub(super) session: &'a str,
    pub(super) scenario: &'a str,
    pub(super) handler: u64,
    pub(super) request: u64,
    pub(super) nth: u64,
    /// Keeps what overdub draws (error ids) apart from what the script draws.
    pub(super) purpose: &'static str,
}

impl Draws {
    pub(super) fn new(key: &DrawKey<'_>) -> Self {
        let mut hash = Sha256::new();
        for text in [key.session, key.scenario, key.purpose] {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        }
        for number in [key.seed, key.handler, key.request, key.nth] {
            hash.update(number.to_be_bytes());
        }
        Self { base: first_word(&hash.finalize()), drawn: 0 }
    }

    /// The next word.
    pub(super) fn next(&mut self) -> u64 {
        self.drawn += 1;
        // SplitMix64 (Steele, Lea, Flood 2014): each number of a call is a hash of its own.
        let word = self.base.wrapping_add(self.drawn.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    /// A number below `count`, which is not 0.
    pub(super) fn below(&mut self, count: u64) -> u64 {
        // The upper word of a product: all counts that occur are so far below 2^64 that no bias can be seen.
        let product = u128::from(self.next()) * u128::from(count);
        u64::try_from(product >> 64).unwrap_or(0)
    }

    /// Letters and digits.
    pub(super) fn word(&mut self, length: usize) -> String {
        const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut letter = || LETTERS[usize::try_from(self.below(62)).unwrap_or(0)];
        (0..length).map(|_| char::from(letter())).collect()
    }
}

/// A number that stands for texts, the same on every machine.
pub(super) fn hash_of<'a>(parts: impl IntoIterator<Item = &'a str>) -> u64 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    first_word(&hash.finalize())
}

fn first_word(hash: &[u8]) -> u64 {
    hash.first_chunk().map_or(0, |word| u64::from_be_bytes(*word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const KEY: DrawKey<'static> =
        DrawKey { seed: 1, session: "s", scenario: "a", handler: 2, request: 3, nth: 4, purpose: "script" };

    #[test]
    fn every_part_of_the_key_counts() {
        let keys = [
            KEY,
            DrawKey { seed: 9, ..KEY },
            DrawKey { session: "t", ..KEY },
            DrawKey { session: "sa", scenario: "", ..KEY },
            DrawKey { scenario: "b", ..KEY },
            DrawKey { handler: 9, ..KEY },
            DrawKey { request: 9, ..KEY },
            DrawKey { nth: 9, ..KEY },
            DrawKey { purpose: "id", ..KEY },
        ];
        let mut drawn: Vec<u64> = keys.iter().map(|key| Draws::new(key).next()).collect();
        let mut own = Draws::new(&KEY);
        assert_eq!(own.next(), drawn[0]);
        drawn.push(own.next());
        assert_eq!(drawn.iter().collect::<BTreeSet<_>>().len(), keys.len() + 1);
    }

    #[test]
    fn numbers_are_the_same_on_every_machine_and_in_every_version() {
        let mut draws = Draws::new(&KEY);
        assert_eq!([draws.below(1000), draws.below(1000), draws.below(1000)], [594, 878, 560]);
        assert_eq!(draws.word(6), "LzGc0Y");
    }
}
