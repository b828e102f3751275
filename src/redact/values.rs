//! The real values seen so far, and what stands in for them.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::hash::BuildHasher as _;
use std::ops::Range;
use std::sync::Arc;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD};
use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet, HashTable};

use crate::http::ValueFinder;
use crate::profile::StandInType;

/// Which value it is.
pub(super) type Id = usize;

/// Highest number of a stand-in that somebody may have typed.
const MOST_SYNTHETIC: usize = 99;

/// How a known value is spelled where it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// As it is.
    Plain,
    /// Its base64 (RFC 4648 §4, §5), with or without padding.
    Base64 { url: bool },
}

/// One real value.
#[derive(Debug)]
struct Value {
    text: Box<str>,
    of_type: StandInType,
    /// Set when it is first written.
    stand_in: Option<Arc<str>>,
    /// Its stand-in is no matter of numbers.
    fixed: Option<Arc<str>>,
    /// An interaction says that its stand-in is one.
    declared: bool,
}

/// Stand-ins that are taken.
#[derive(Debug, Default)]
struct Taken {
    all: HashSet<Arc<str>, RandomState>,
    /// How long they are (bytes): a few lengths, however many there are.
    lengths: BTreeSet<usize>,
}

impl Taken {
    /// Takes one; whether it was free.
    fn insert(&mut self, stand_in: Arc<str>) -> bool {
        self.lengths.insert(stand_in.len());
        self.all.insert(stand_in)
    }

    fn contains(&self, text: &str) -> bool {
        self.all.contains(text)
    }

    /// Whether one of them stands in `text` where it has all of `range`.
    fn covers(&self, text: &[u8], range: &Range<usize>) -> bool {
        self.lengths.range(range.len().max(1)..).any(|length| {
            let mut starts = range.end.saturating_sub(*length)..=range.start;
            starts.any(|at| {
                let whole = text.get(at..at + length).and_then(|whole| std::str::from_utf8(whole).ok());
                whole.is_some_and(|whole| self.contains(whole))
            })
        })
    }
}

/// All real values of a recording. In memory only.
#[derive(Debug, Default)]
pub(super) struct Values {
    all: Vec<Value>,
    /// By their texts, which stand in `all`.
    by_text: HashTable<Id>,
    hasher: RandomState,
    finder: ValueFinder<(Id, Spelling)>,
    taken: Taken,
    /// Highest number given, per type.
    numbers: HashMap<StandInType, usize, RandomState>,
    /// Words of the format itself: a value that is one is replaced in its places only.
    words: HashSet<Box<str>, RandomState>,
    /// Logins that are replaced as whole path segments only.
    short_logins: HashMap<Box<[u8]>, Id, RandomState>,
    /// The length of the longest of these (bytes).
    longest_short_login: usize,
    /// What was declared since it was last asked for.
    fresh: Vec<Fresh>,
}

/// A stand-in that was written for the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fresh {
    /// It.
    pub stand_in: Arc<str>,
    /// Of which kind the value is.
    pub of_type: StandInType,
    /// What it stands for. For memory only.
    pub value: Box<str>,
}

/// E-mail addresses are the same in either case.
fn key(text: &str) -> Cow<'_, str> {
    let as_it_is = !text.contains('@') || !text.bytes().any(|byte| byte.is_ascii_uppercase());
    if as_it_is { text.into() } else { text.to_ascii_lowercase().into() }
}

impl Values {
    /// None yet; `words` are those that stand everywhere, whatever somebody's password is.
    pub(super) fn new<'w>(words: impl Iterator<Item = &'w str>) -> Self {
        Self { words: words.map(|word| word.to_ascii_lowercase().into()).collect(), ..Self::default() }
    }

    /// The known value of this text.
    pub(super) fn get(&self, text: &str) -> Option<Id> {
        let key_of = key(text);
        let is_it = |id: &Id| key(&self.all[*id].text) == key_of;
        self.by_text.find(self.hasher.hash_one(&*key_of), is_it).copied()
    }

    /// Makes a value known. One that is known already keeps its type.
    pub(super) fn learn(&mut self, text: &str, of_type: StandInType) -> Id {
        if let Some(id) = self.get(text) {
            return id;
        }
        let id = self.push(text, of_type, None);
        self.keep_synthetic(id);
        if of_type.is_distinctive(text) && !self.words.contains(text.to_ascii_lowercase().as_str()) {
            self.make_findable(text, of_type, id);
        } else if of_type == StandInType::Login {
            self.short_logins.insert(text.as_bytes().into(), id);
            self.longest_short_login = self.longest_short_login.max(text.len());
        }
        id
    }

    /// A value that looks like a low stand-in nobody has is made up already, and stays as it is.
    fn keep_synthetic(&mut self, id: Id) {
        let Value { ref text, of_type, .. } = self.all[id];
        // Every number looks like a one-time code's stand-in.
        let number = of_type.number(text).filter(|_| of_type != StandInType::Passcode);
        if let Some(number) = number.filter(|number| *number <= MOST_SYNTHETIC)
            && !self.taken.contains(text)
        {
            let stand_in: Arc<str> = (&**text).into();
            self.taken.insert(Arc::clone(&stand_in));
            self.all[id].stand_in = Some(stand_in);
            let highest = self.numbers.entry(of_type).or_default();
            *highest = number.max(*highest);
        }
    }

    /// Makes a host known whose stand-in is given, if it is; `bare`: also where it stands without a scheme.
    pub(super) fn learn_host(&mut self, authority: &str, stand_in: Option<&str>, bare: bool) -> Id {
        if let Some(id) = self.get(authority) {
            return id;
        }
        let id = self.push(authority, StandInType::Host, stand_in.map(Arc::from));
        if bare {
            self.finder.add_ignoring_case(authority.as_bytes(), (id, Spelling::Plain));
        }
        id
    }

    /// A stand-in that a cassette has already: it stays, and its number is taken.
    pub(super) fn keep_stand_in(&mut self, stand_in: &str, of_type: StandInType) {
        self.taken.insert(stand_in.into());
        if let Some(number) = of_type.number(stand_in) {
            let highest = self.numbers.entry(of_type).or_default();
            *highest = number.max(*highest);
        }
        if self.get(stand_in).is_none() {
            let id = self.push(stand_in, of_type, Some(stand_in.into()));
            self.all[id].declared = true;
            self.all[id].stand_in = Some(stand_in.into());
        }
    }

    fn push(&mut self, text: &str, of_type: StandInType, fixed: Option<Arc<str>>) -> Id {
        let id = self.all.len();
        let Self { all, by_text, hasher, .. } = self;
        let rehash = |id: &Id| hasher.hash_one(&*key(&all[*id].text));
        by_text.insert_unique(hasher.hash_one(&*key(text)), id, rehash);
        self.all.push(Value { text: text.into(), of_type, stand_in: None, fixed, declared: false });
        id
    }

    fn make_findable(&mut self, text: &str, of_type: StandInType, id: Id) {
        if of_type == StandInType::Email {
            self.finder.add_ignoring_case(text.as_bytes(), (id, Spelling::Plain));
        } else {
            self.finder.add(text.as_bytes(), (id, Spelling::Plain));
        }
        if of_type == StandInType::Cookie {
            return;
        }
        for (url, coded) in
            [(false, BASE64_NOPAD.encode(text.as_bytes())), (true, BASE64URL_NOPAD.encode(text.as_bytes()))]
        {
            self.finder.add(coded.as_bytes(), (id, Spelling::Base64 { url }));
        }
    }

    /// Where known values stand in `text`.
    pub(super) fn find<'a>(
        &'a self,
        text: &'a [u8],
    ) -> impl Iterator<Item = (Range<usize>, Id, Spelling)> + 'a {
        let whole_port = move |range: &Range<usize>, id: Id| {
            // `127.0.0.1:80` is no part of `127.0.0.1:8080`.
            let digit = |at: usize| text.get(at).is_some_and(u8::is_ascii_digit);
            self.all[id].of_type != StandInType::Host
                || !(range.end.checked_sub(1).is_some_and(digit) && digit(range.end))
        };
        self.finder
            .find_iter(text)
            .map(|(range, (id, spelling))| (range, *id, *spelling))
            .filter(move |(range, id, _)| whole_port(range, *id))
    }

    /// The login that is replaced where it is a whole path segment.
    pub(super) fn short_login(&self, segment: &[u8]) -> Option<Id> {
        self.short_logins.get(segment).copied()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// How long such a login is at most (bytes); 0 where there is none.
    pub(super) fn longest_short_login(&self) -> usize {
        self.longest_short_login
    }

    pub(super) fn text(&self, id: Id) -> &str {
        &self.all[id].text
    }

    /// What stands in for the value from now on, declared where it is first asked for.
    pub(super) fn stand_in(&mut self, id: Id) -> Arc<str> {
        let stand_in = self.given(id);
        let value = &mut self.all[id];
        if !std::mem::replace(&mut value.declared, true) && value.of_type != StandInType::Cookie {
            let (of_type, value) = (value.of_type, value.text.clone());
            self.fresh.push(Fresh { stand_in: Arc::clone(&stand_in), of_type, value });
        }
        stand_in
    }

    /// What stands in for it where there is a JSON number of `width` digits.
    pub(super) fn number(&mut self, id: Id, width: usize) -> String {
        let stand_in = self.given(id);
        let Value { of_type, ref text, .. } = self.all[id];
        if *stand_in == **text {
            return text.to_string();
        }
        let digits = format!("{:0width$}", of_type.number(&stand_in).unwrap_or(1));
        // No JSON number begins with a zero (RFC 8259 §6).
        let number = digits.strip_prefix('0').map_or(digits.clone(), |rest| format!("1{rest}"));
        if self.taken.insert(number.as_str().into()) {
            let value = self.all[id].text.clone();
            self.fresh.push(Fresh { stand_in: number.as_str().into(), of_type, value });
        }
        number
    }

    fn given(&mut self, id: Id) -> Arc<str> {
        if let Some(stand_in) = &self.all[id].stand_in {
            return Arc::clone(stand_in);
        }
        let (fixed, of_type) = (self.all[id].fixed.clone(), self.all[id].of_type);
        let stand_in = fixed.unwrap_or_else(|| self.next(of_type, id));
        self.taken.insert(Arc::clone(&stand_in));
        self.all[id].stand_in = Some(Arc::clone(&stand_in));
        stand_in
    }

    fn next(&mut self, of_type: StandInType, id: Id) -> Arc<str> {
        if of_type == StandInType::Cookie {
            return Arc::from(of_type.stand_in(0, ""));
        }
        loop {
            let number = self.numbers.entry(of_type).or_default();
            *number += 1;
            let stand_in = of_type.stand_in(*number, &self.all[id].text);
            let another = self.get(&stand_in).is_some_and(|other| other != id);
            if !another && !self.taken.contains(stand_in.as_str()) {
                return stand_in.into();
            }
        }
    }

    /// Says that a value's stand-in needs no declaration.
    pub(super) fn hush(&mut self, id: Id) {
        self.all[id].declared = true;
    }

    /// The stand-ins that were first written since this was last asked, in that order.
    pub(super) fn take_fresh(&mut self) -> Vec<Fresh> {
        std::mem::take(&mut self.fresh)
    }

    /// Whether the value happens to be its own stand-in.
    pub(super) fn is_written_as_itself(&self, id: Id) -> bool {
        self.all[id].stand_in.as_deref() == Some(self.text(id))
    }

    /// Whether `text` around `range` is a stand-in that was given: it may equal another real value.
    pub(super) fn is_stand_in(&self, text: &[u8], range: &Range<usize>) -> bool {
        self.taken.covers(text, range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_range_is_covered_where_a_plain_search_finds_a_stand_in_around_it(
            stand_ins in prop::collection::vec("[ab\u{e9}]{0,5}", 0..5),
            text in "[ab\u{e9}]{1,20}",
            start: prop::sample::Index,
            length in 0_usize..6,
        ) {
            let text = text.as_bytes();
            let start = start.index(text.len());
            let range = start..(start + length).min(text.len());
            let mut taken = Taken::default();
            for stand_in in &stand_ins {
                taken.insert(stand_in.as_str().into());
            }
            let around = |own: &[u8], at: usize| {
                text[at..].starts_with(own) && at <= range.start && at + own.len() >= range.end
            };
            let expected = stand_ins.iter().filter(|own| !own.is_empty())
                .any(|own| (0..text.len()).any(|at| around(own.as_bytes(), at)));
            prop_assert_eq!(taken.covers(text, &range), expected);
        }
    }
}
