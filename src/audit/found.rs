//! What was found, made into hits: each value once, with line and column, and masked.

use std::hash::BuildHasher as _;
use std::ops::Range;

use foldhash::fast::FixedState;
use serde::Serialize;

use super::rules::RULES;
use super::view::View;

/// A leak.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hit {
    /// The line on which the value begins (1-based).
    pub line: usize,
    /// The column at which it begins (1-based, in characters).
    pub column: usize,
    /// The rule that found it.
    pub rule: &'static str,
    /// Its first characters, a quarter at most, and its length: never the value.
    pub masked: String,
    /// The same for equal values, so that they can be told together.
    #[serde(skip)]
    pub same: u64,
}

impl Hit {
    /// Whether this is the value that was found.
    pub fn is(&self, value: &str) -> bool {
        let rule = RULES.iter().position(|rule| rule.name == self.rule);
        rule.is_some_and(|rule| same(rule, value) == self.same)
    }
}

fn same(rule: usize, value: &str) -> u64 {
    FixedState::default().hash_one((rule, value))
}

/// A value that a rule found in a view.
pub(super) struct Finding<'a> {
    /// The rule's index in the table.
    pub(super) rule: usize,
    pub(super) value: &'a str,
    /// Where it stands in the view.
    pub(super) range: Range<usize>,
}

/// All that was found so far.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Found>);

#[derive(Debug)]
struct Found {
    /// Where it stands in the text.
    range: Range<usize>,
    rule: usize,
    unpacked: bool,
    same: u64,
    masked: String,
}

impl Findings {
    pub(super) fn add(&mut self, view: &View<'_>, finding: &Finding<'_>) {
        let last = finding.range.end.saturating_sub(1).max(finding.range.start);
        let range = view.origin(finding.range.start)..view.origin(last) + 1;
        self.0.push(Found {
            range,
            rule: finding.rule,
            unpacked: view.is_unpacked(),
            same: same(finding.rule, finding.value),
            masked: masked(finding.value),
        });
    }

    /// The hits that begin within `part`. A value that begins within another one is told with that.
    pub(super) fn hits(mut self, text: &[u8], begins: Position, part: &Range<usize>) -> Vec<Hit> {
        self.0.sort_by_key(|found| (found.range.start, found.rule));
        let mut hits = Vec::new();
        let mut lines = Lines { text, at: 0, position: begins };
        // What was told of unpacked values, which all stand where the packed one begins.
        let mut told: Vec<(usize, u64)> = Vec::new();
        // The end of what was told so far of those that stand in the text itself.
        let mut covered = 0;
        for Found { range, rule, unpacked, same, masked } in self.0 {
            let here = told.iter().rev().take_while(|(start, _)| *start == range.start);
            let again = if unpacked {
                here.into_iter().any(|(_, other)| *other == same)
            } else {
                range.start < covered
            };
            if again || !part.contains(&range.start) {
                continue;
            }
            if unpacked {
                told.push((range.start, same));
            } else {
                covered = covered.max(range.end);
            }
            let Position { line, column } = lines.position(range.start);
            hits.push(Hit { line, column, rule: RULES[rule].name, masked, same });
        }
        hits
    }
}

/// The first characters and the length.
fn masked(value: &str) -> String {
    let length = value.chars().count();
    let shown: String = value.chars().take((length / 4).min(4)).collect();
    let plural = if length == 1 { "" } else { "s" };
    format!("{}… ({length} character{plural})", shown.escape_debug())
}

/// A line and a column (1-based; columns in characters).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Position {
    /// Goes on behind `text`.
    pub(super) fn advance(&mut self, text: &[u8]) {
        let newlines = memchr::memchr_iter(b'\n', text).count();
        let rest = memchr::memrchr(b'\n', text).map_or(text, |at| &text[at + 1..]);
        if newlines > 0 {
            self.line += newlines;
            self.column = 1;
        }
        // Characters, counted by the bytes that begin one: a piece may end within a character.
        self.column += rest.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
    }
}

/// Counts lines while positions grow.
struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    position: Position,
}

impl Lines<'_> {
    fn position(&mut self, at: usize) -> Position {
        self.position.advance(&self.text[self.at..at]);
        self.at = at;
        self.position
    }
}
