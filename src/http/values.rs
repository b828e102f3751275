//! Finds many known values in a text at once, however many there are, and while more become known.

use std::hash::{BuildHasher as _, Hasher as _};
use std::ops::Range;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashTable};

/// Bytes by which a value is recognised: none that is shorter can be found.
pub const SHORTEST: usize = 8;

/// How far apart the places are that are looked at in a text.
const STRIDE: usize = 4;

/// Whatever begins before such a place, less than a stride, still has so many of its first bytes behind it.
const PIECE: usize = SHORTEST - STRIDE + 1;

/// The bits of a piece.
const PIECE_BITS: u64 = u64::MAX >> (64 - 8 * PIECE);

/// Bits that the filter of heads begins with: 2 KiB. That of pieces has a stride's times as many: they stay in the cache.
const FEWEST_BITS: usize = 1 << 14;

/// Bits that it grows to at most: 256 KiB, and 1 MiB for pieces.
const MOST_BITS: usize = 1 << 21;

/// Bits per value below which it grows.
const BITS_PER_VALUE: usize = 16;

/// Known values, findable wherever they occur.
///
/// Adding one and looking at one place of a text cost the same however many there are, even if all begin alike. Only
/// every fourth place of a text is looked at: a filter says for most of them that what stands there is no piece of the
/// first eight bytes of any value. Where it may be one, a second filter says for each of the four places where a value
/// could have begun whether one begins with the eight bytes that stand there; for the few that are left it is known how
/// long the values are that do, and one look-up per length tells whether there is one.
#[derive(Debug)]
pub struct ValueFinder<T> {
    filter: Filter,
    /// First eight bytes → the lengths of the values that begin so.
    lengths: HashMap<u64, Lengths, RandomState>,
    values: HashTable<Filed<T>>,
    hasher: RandomState,
}

/// Lengths, longest first. Nearly always there is one, which needs no memory elsewhere.
#[derive(Debug)]
enum Lengths {
    One(usize),
    More(Box<[usize]>),
}

impl Lengths {
    fn all(&self) -> &[usize] {
        match self {
            Self::One(length) => std::slice::from_ref(length),
            Self::More(lengths) => lengths,
        }
    }

    fn add(&mut self, length: usize) {
        let mut lengths = self.all().to_vec();
        let place = lengths.partition_point(|own| *own > length);
        if lengths.get(place) != Some(&length) {
            lengths.insert(place, length);
            *self = Self::More(lengths.into());
        }
    }
}

/// A value and its tag.
#[derive(Debug)]
struct Filed<T> {
    value: Box<[u8]>,
    /// Upper and lower case of ASCII letters are the same.
    folded: bool,
    tag: T,
}

impl<T> Filed<T> {
    fn begins(&self, text: &[u8]) -> bool {
        if !self.folded {
            return text.starts_with(&self.value);
        }
        text.get(..self.value.len()).is_some_and(|head| head.eq_ignore_ascii_case(&self.value))
    }
}

impl<T> Default for ValueFinder<T> {
    fn default() -> Self {
        Self {
            filter: Filter::of_bits(FEWEST_BITS),
            lengths: HashMap::default(),
            values: HashTable::default(),
            hasher: RandomState::default(),
        }
    }
}

/// The bit by which ASCII's lower-case letters differ from upper-case ones, in eight bytes.
const LOWER: u64 = u64::from_le_bytes([0x20; SHORTEST]);

/// The eight bytes of `text` from `at` on, the bit set by which ASCII's lower-case letters differ from upper-case ones.
#[inline]
fn head(text: &[u8], at: usize) -> Option<u64> {
    let bytes = text.get(at..at + SHORTEST)?.try_into().ok()?;
    Some(u64::from_le_bytes(bytes) | LOWER)
}

/// What values begin with, as far as no value is missed: eight bytes, and the pieces of these that a stride meets.
#[derive(Debug)]
struct Filter {
    heads: Box<[u64]>,
    pieces: Box<[u64]>,
}

impl Filter {
    fn of_bits(bits: usize) -> Self {
        Self { heads: vec![0; bits / 64].into(), pieces: vec![0; bits / 64 * STRIDE].into() }
    }

    fn bits(&self) -> usize {
        self.heads.len() * 64
    }

    fn mark(&mut self, head: u64) {
        let (word, mask) = bit(head, self.heads.len());
        self.heads[word] |= mask;
        for shift in 0..STRIDE {
            let (word, mask) = bit((head >> (8 * shift)) & PIECE_BITS, self.pieces.len());
            self.pieces[word] |= mask;
        }
    }

    #[inline]
    fn may_be_head(&self, head: u64) -> bool {
        let (word, mask) = bit(head, self.heads.len());
        self.heads[word] & mask != 0
    }

    /// Whether what these eight bytes begin with may be a piece of a head.
    #[inline]
    fn may_be_piece(&self, bytes: u64) -> bool {
        let (word, mask) = bit(bytes & PIECE_BITS, self.pieces.len());
        self.pieces[word] & mask != 0
    }
}

/// Where in a filter of so many words something stands: word and bit.
#[inline]
fn bit(bytes: u64, words: usize) -> (usize, u64) {
    // The upper bits of a product depend on all bits of the factor (Knuth's multiplicative hashing).
    let hash = usize::try_from(bytes.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32).unwrap_or(0);
    // The number of words is a power of two.
    ((hash >> 6) & (words - 1), 1 << (hash & 63))
}

/// A hash that is the same for a text in upper and in lower case.
fn folded_hash(text: &[u8], hasher: &RandomState) -> u64 {
    let mut hash = hasher.build_hasher();
    let (parts, rest) = text.as_chunks::<SHORTEST>();
    for part in parts {
        hash.write_u64(u64::from_le_bytes(*part) | LOWER);
    }
    for byte in rest {
        hash.write_u8(byte | 0x20);
    }
    hash.finish()
}

impl<T> ValueFinder<T> {
    /// Whether there is nothing to find.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Makes `value` findable; a value that is there already keeps its tag. One shorter than [`SHORTEST`] is left out.
    pub fn add(&mut self, value: &[u8], tag: T) {
        self.file(value, false, tag);
    }

    /// The same for a value in which ASCII letters may be of either case: an e-mail address, a host.
    pub fn add_ignoring_case(&mut self, value: &[u8], tag: T) {
        self.file(value, true, tag);
    }

    fn file(&mut self, value: &[u8], folded: bool, tag: T) {
        let Some(head) = head(value, 0) else { return };
        let hash = folded_hash(value, &self.hasher);
        if self.values.find(hash, |own| *own.value == *value).is_some() {
            return;
        }
        let hasher = &self.hasher;
        let filed = Filed { value: value.into(), folded, tag };
        self.values.insert_unique(hash, filed, |own| folded_hash(&own.value, hasher));
        self.lengths
            .entry(head)
            .and_modify(|lengths| lengths.add(value.len()))
            .or_insert(Lengths::One(value.len()));
        let bits = self.filter.bits();
        if self.lengths.len() * BITS_PER_VALUE > bits && bits < MOST_BITS {
            self.filter = Filter::of_bits(bits * 2);
            self.lengths.keys().for_each(|head| self.filter.mark(*head));
        } else {
            self.filter.mark(head);
        }
    }

    /// The value that is this text from end to end.
    fn exact(&self, text: &[u8]) -> Option<&Filed<T>> {
        let is_it = |own: &Filed<T>| own.value.len() == text.len() && own.begins(text);
        self.values.find(folded_hash(text, &self.hasher), is_it)
    }

    /// The tag of exactly this value.
    pub fn get(&self, value: &[u8]) -> Option<&T> {
        self.exact(value).map(|own| &own.tag)
    }

    /// All places where a value occurs, from left to right, none overlapping; of two that begin alike the longer one.
    pub fn find_iter<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = (Range<usize>, &'a T)> + 'a {
        let mut from = 0;
        std::iter::from_fn(move || {
            let (range, tag) = self.next(text, from)?;
            from = range.end;
            Some((range, tag))
        })
    }

    fn next(&self, text: &[u8], mut from: usize) -> Option<(Range<usize>, &T)> {
        if self.is_empty() {
            return None;
        }
        let mut rest = text.get(from + STRIDE - 1..).unwrap_or_default();
        while let Some(bytes) = rest.first_chunk::<SHORTEST>() {
            if self.filter.may_be_piece(u64::from_le_bytes(*bytes) | LOWER)
                && let Some(found) = (from..from + STRIDE).find_map(|at| self.beginning(text, at))
            {
                return Some(found);
            }
            from += STRIDE;
            rest = &rest[STRIDE..];
        }
        (from..text.len()).find_map(|at| self.beginning(text, at))
    }

    /// The longest value that begins at `at`.
    fn beginning(&self, text: &[u8], at: usize) -> Option<(Range<usize>, &T)> {
        let head = head(text, at).filter(|head| self.filter.may_be_head(*head))?;
        let lengths = self.lengths.get(&head)?;
        let whole = lengths.all().iter().filter_map(|length| text.get(at..at + length));
        whole.filter_map(|text| self.exact(text)).map(|own| (at..at + own.value.len(), &own.tag)).next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(values: &[&str], text: &str) -> Vec<(usize, usize)> {
        let mut finder = ValueFinder::default();
        for (number, value) in values.iter().enumerate() {
            finder.add(value.as_bytes(), number);
        }
        finder.find_iter(text.as_bytes()).map(|(range, tag)| (range.start, *tag)).collect()
    }

    #[test]
    fn the_leftmost_and_longest_value_is_found() {
        assert_eq!(found(&["jane@x.com", "jane@x.co"], "to jane@x.com, jane@x.co!"), [(3, 0), (15, 1)]);
        assert_eq!(found(&["12345678", "23456789"], "0123456789"), [(1, 0)]);
        assert_eq!(found(&["short"], "short"), []);
        assert_eq!(found(&["12345678"], "1234567"), []);
    }

    #[test]
    fn many_values_are_all_found() {
        let mut finder = ValueFinder::default();
        for number in 0..10_000 {
            finder.add(format!("{number:08}").as_bytes(), number);
        }
        for number in 0..10_000 {
            let text = format!("x{number:08}");
            let found: Vec<_> =
                finder.find_iter(text.as_bytes()).map(|(range, tag)| (range.start, *tag)).collect();
            assert_eq!(found, [(1, number)]);
        }
    }

    #[test]
    fn letters_may_be_of_either_case_where_that_is_said() {
        let mut finder = ValueFinder::default();
        finder.add_ignoring_case(b"jane@x.com", 1);
        finder.add(b"S3cretKey", 2);
        let text = b"Jane@X.com S3CRETKEY s3cretkey S3cretKey";
        let found: Vec<_> = finder.find_iter(text).map(|(range, tag)| (range.start, *tag)).collect();
        assert_eq!(found, [(0, 1), (31, 2)]);
        assert_eq!((finder.get(b"JANE@x.com"), finder.get(b"s3cretkey")), (Some(&1), None));
    }

    proptest! {
        #[test]
        fn a_value_is_found_wherever_it_stands(
            value in "[a-z0-9@.]{8,40}", before in "[^a-z]{0,20}", behind in "[^a-z]{0,20}", others: u8
        ) {
            let mut finder = ValueFinder::default();
            (0..others).for_each(|number| finder.add(format!("\u{e9}{number:07}").as_bytes(), 1));
            finder.add_ignoring_case(value.as_bytes(), 2);
            let text = format!("{before}{}{behind}", value.to_ascii_uppercase());
            let mut found = finder.find_iter(text.as_bytes()).filter(|(_, tag)| **tag == 2);
            prop_assert!(found.any(|(range, _)| range.start <= before.len() && range.len() == value.len()));
        }

        #[test]
        fn it_finds_what_a_plain_search_finds(
            values in prop::collection::vec("[ab]{8,11}", 1..6), text in "[ab]{0,60}"
        ) {
            let mut finder = ValueFinder::default();
            for value in &values {
                finder.add(value.as_bytes(), ());
            }
            let mut expected = Vec::new();
            let mut from = 0;
            while from < text.len() {
                let longest = values.iter().filter(|value| text[from..].starts_with(*value)).map(String::len).max();
                if let Some(length) = longest {
                    expected.push(from..from + length);
                }
                from += longest.unwrap_or(1);
            }
            let found: Vec<_> = finder.find_iter(text.as_bytes()).map(|(range, ())| range).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
