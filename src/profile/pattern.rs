//! What is found anywhere in text: a regular expression, and how its matches are told without asking it each time.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use regex::bytes::Regex;
use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::{prefilter::Prefilter, syntax};
use regex_automata::{Anchored, Input, MatchKind, Span};
use regex_syntax::hir::{Hir, HirKind, Look};

use super::StandInType;

/// Texts that only begin like a match after which a text is left to the regular expression: it reads no byte again.
const MOST_MISSES: usize = 64;

/// Most that an automaton may take, and that making it may (bytes).
const MOST_MEMORY: usize = 1 << 20;

/// What is found anywhere in text.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// Its first group, else the whole match, is a value of the type.
    pub regex: Regex,
    /// Of which type the value is.
    pub of_type: StandInType,
    unless: Option<Arc<Regex>>,
    /// How a match is told where one may begin; `None`: where that is, nothing tells but the regular expression.
    quick: Option<Quick>,
}

/// What every match begins with, and where a match ends that begins there.
#[derive(Debug, Clone)]
struct Quick {
    begins: Prefilter,
    value: Value,
    /// Made when a match first may begin; `None`: it would be too large.
    anchored: Arc<OnceLock<Option<dense::DFA<Vec<u32>>>>>,
}

/// Only the regular expression knows.
#[derive(Debug)]
struct Untold;

/// Where in a match the value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    /// So many bytes from either end; where `short_at_end`, only of a match that ends before the text does.
    Within { before: usize, behind: usize, short_at_end: bool },
    /// Somewhere.
    Asked,
}

impl Pattern {
    pub(super) fn new(regex: Regex, of_type: StandInType, unless: Option<Arc<Regex>>) -> Self {
        let quick = syntax::parse_with(regex.as_str(), &syntax_of()).ok().and_then(|parsed| {
            let begins = Prefilter::from_hir_prefix(MatchKind::LeftmostFirst, &parsed)?;
            let value = Value::of(&parsed, regex.captures_len());
            Some(Quick { begins, value, anchored: Arc::default() })
        });
        Self { regex, of_type, unless, quick }
    }

    /// Whether there may be a match in `text`: quickly told, to leave most texts alone.
    pub fn may_match(&self, text: &[u8]) -> bool {
        let whole = Span::from(0..text.len());
        self.quick.as_ref().is_none_or(|quick| quick.begins.find(text, whole).is_some())
    }

    /// Calls `found` for each place in `text` where a value stands that looks like those of the type;
    /// [`Pattern::takes`] has the last word.
    pub fn each(&self, text: &[u8], mut found: impl FnMut(Range<usize>)) {
        let Some(quick) = &self.quick else { return self.each_asked(text, 0, found) };
        let (mut from, mut misses) = (0, 0);
        while let Some(Span { start, .. }) = quick.begins.find(text, Span::from(from..text.len())) {
            match quick.end(&self.regex, text, start) {
                Ok(Some(end)) if end > start => {
                    if let Some(value) = self.value(quick, text, start..end) {
                        found(value);
                    }
                    from = end;
                }
                Ok(None) if misses < MOST_MISSES => {
                    misses += 1;
                    from = start + 1;
                }
                _ => return self.each_asked(text, start, found),
            }
        }
    }

    /// The same from `from` on, by the regular expression alone.
    fn each_asked(&self, text: &[u8], mut from: usize, mut found: impl FnMut(Range<usize>)) {
        // To tell groups costs several times what it costs to tell the match.
        let has_groups = self.regex.captures_len() > 1;
        while from <= text.len() {
            let Some(whole) = self.regex.find_at(text, from).map(|whole| whole.range()) else { return };
            from = whole.end.max(whole.start + 1);
            let value = if has_groups { self.group(text, &whole) } else { Some(whole) };
            if let Some(value) = value {
                found(value);
            }
        }
    }

    /// The value in a match.
    fn value(&self, quick: &Quick, text: &[u8], whole: Range<usize>) -> Option<Range<usize>> {
        match quick.value {
            Value::Within { before, behind, short_at_end } if !(short_at_end && whole.end == text.len()) => {
                Some(whole.start + before..whole.end - behind)
            }
            _ => self.group(text, &whole),
        }
    }

    /// The same, asked for.
    fn group(&self, text: &[u8], whole: &Range<usize>) -> Option<Range<usize>> {
        let groups = self.regex.captures_at(text, whole.start)?;
        groups.get(1).or_else(|| groups.get(0)).map(|value| value.range())
    }

    /// Whether a value that it finds is one.
    pub fn takes(&self, value: &[u8]) -> bool {
        self.unless.as_ref().is_none_or(|unless| !unless.is_match(value))
    }
}

impl Quick {
    /// Where the match ends that begins at `start`, if one does.
    fn end(&self, regex: &Regex, text: &[u8], start: usize) -> Result<Option<usize>, Untold> {
        let anchored = self.anchored.get_or_init(|| anchored(regex)).as_ref().ok_or(Untold)?;
        let input = Input::new(text).range(start..).anchored(Anchored::Yes);
        anchored.try_search_fwd(&input).map(|end| end.map(|end| end.offset())).map_err(|_| Untold)
    }
}

/// How regular expressions of bytes are read.
fn syntax_of() -> syntax::Config {
    syntax::Config::new().utf8(false)
}

/// What tells where a match ends, of those that begin at one place.
fn anchored(regex: &Regex) -> Option<dense::DFA<Vec<u32>>> {
    let limits = dense::Config::new()
        .start_kind(StartKind::Anchored)
        .unicode_word_boundary(true)
        .dfa_size_limit(Some(MOST_MEMORY))
        .determinize_size_limit(Some(MOST_MEMORY));
    let mut builder = dense::Builder::new();
    builder.configure(limits).syntax(syntax_of()).thompson(thompson::Config::new().utf8(false));
    builder.build(regex.as_str()).ok()
}

impl Value {
    /// Where it is in a match of `whole`, which has one group less than `groups`.
    fn of(whole: &Hir, groups: usize) -> Self {
        if groups == 1 {
            return Self::Within { before: 0, behind: 0, short_at_end: false };
        }
        let parts = match whole.kind() {
            HirKind::Concat(parts) => parts.as_slice(),
            _ => std::slice::from_ref(whole),
        };
        let first = |part: &Hir| matches!(part.kind(), HirKind::Capture(group) if group.index == 1);
        let Some(at) = parts.iter().position(first) else { return Self::Asked };
        let before = parts[..at].iter().map(length).sum::<Option<usize>>();
        let behind = parts[at + 1..].iter().map(length).sum::<Option<usize>>();
        match (before, behind, &parts[at + 1..]) {
            (Some(before), Some(behind), _) => Self::Within { before, behind, short_at_end: false },
            (Some(before), None, [last]) => match length_within(last) {
                Some(behind) => Self::Within { before, behind, short_at_end: true },
                None => Self::Asked,
            },
            _ => Self::Asked,
        }
    }
}

/// How many bytes whatever it matches has, if that is always the same.
fn length(part: &Hir) -> Option<usize> {
    let length = part.properties();
    length.minimum_len().filter(|least| length.maximum_len() == Some(*least))
}

/// The same where what it matches ends before the text does: alternatives that are the text's end do not count.
fn length_within(part: &Hir) -> Option<usize> {
    let HirKind::Alternation(ways) = part.kind() else { return None };
    let mut lengths = ways.iter().filter(|way| *way.kind() != HirKind::Look(Look::End)).map(length);
    let one = lengths.next()??;
    lengths.all(|other| other == Some(one)).then_some(one)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    static OKTA: LazyLock<Profile> = LazyLock::new(|| Profile::okta().unwrap());

    fn pattern(regex: &str) -> Pattern {
        Pattern::new(Regex::new(regex).unwrap(), StandInType::Token, None)
    }

    /// What a pattern finds, and what its regular expression does.
    fn both(pattern: &Pattern, text: &[u8]) -> [Vec<Range<usize>>; 2] {
        let mut found = Vec::new();
        pattern.each(text, |range| found.push(range));
        let all = pattern.regex.captures_iter(text);
        [found, all.filter_map(|own| own.get(1).or_else(|| own.get(0))).map(|own| own.range()).collect()]
    }

    #[test]
    fn a_value_stands_where_what_is_around_it_has_one_length() {
        let within = |before, behind, short_at_end| Value::Within { before, behind, short_at_end };
        for (regex, value) in [
            ("ab+", within(0, 0, false)),
            ("ab([0-9]+)", within(2, 0, false)),
            ("a[bc](x+) d", within(2, 2, false)),
            ("ab(x+)(?:[/?]|$)", within(2, 1, true)),
            ("ab(x+)(?://|y|$)", Value::Asked),
            ("ab?(x+)", Value::Asked),
            ("a(b|c)(x)", within(1, 1, false)),
            ("a(?:(b)|(c))", Value::Asked),
            ("ab(x+)y?$", Value::Asked),
        ] {
            let parsed = syntax::parse_with(regex, &syntax_of()).unwrap();
            assert_eq!(Value::of(&parsed, Regex::new(regex).unwrap().captures_len()), value, "{regex}");
        }
    }

    #[test]
    fn a_text_that_often_begins_like_a_match_is_left_to_the_regular_expression() {
        let pattern = pattern("key=([0-9]{4})");
        let text = "key=12 ".repeat(MOST_MISSES + 1) + "key=1234 key=key=5678";
        let [found, expected] = both(&pattern, text.as_bytes());
        assert_eq!((found.len(), found), (2, expected));
    }

    proptest! {
        #[test]
        fn a_pattern_finds_what_its_regular_expression_finds(
            pieces in prop::collection::vec(
                "/api/v1/users/|/activate/|/tokens/|/qr/|Resource not found: | \\(User\\)|Bearer |SSWS|\\+4917012345|tel:|@x\\.org|eyJhbG|-----BEGIN |PRIVATE KEY-----|-----END |[a-z.\u{e9}]{0,9}|[0-9a-zA-Z]{16,24}|[\"' /?]",
                0..12,
            ),
            chance: u8,
        ) {
            let mut text = pieces.concat().into_bytes();
            if let Some(byte) = text.get_mut(usize::from(chance)) {
                *byte = chance;
            }
            for pattern in OKTA.sensitive.patterns() {
                let [found, expected] = both(pattern, &text);
                prop_assert_eq!(found, expected, "{}", pattern.regex);
            }
        }

        #[test]
        fn it_does_so_whatever_the_regular_expression(
            regex in "(ab|a[bc]|\\\\ba|aé)(\\(?:[bx]{1,2}\\)|\\([bx]{1,3}?\\)|\\([ab]{2,}\\))(c|[ab]|\\(?:[ac]|\\$\\)|\\(?:x|bb|\\$\\)|\\\\b|\\$|x?)",
            text in "[abcx\u{e9} ]{0,30}",
        ) {
            if let Ok(regex) = Regex::new(&regex) {
                let pattern = Pattern::new(regex, StandInType::Token, None);
                let [found, expected] = both(&pattern, text.as_bytes());
                prop_assert_eq!(found, expected, "{}", pattern.regex);
            }
        }
    }
}
