//! The leak scan: secrets and personal values in text of any kind, with the line and column where each stands.
//!
//! One pass of one automaton over the text finds the places where a leak could stand ([`RULES`]), a look at each value
//! decides whether it is one. What is written in another spelling (percent-encoded, with backslash escapes, in base64,
//! gzipped, as claims of a JWT or as Basic credentials) is read as well, and told where it stands in the text.

mod files;
mod found;
mod placeholder;
mod rules;
mod shape;
mod value;
mod view;

use std::ops::Range;

use regex_automata::Input;
use regex_automata::meta::{BuildError, Config, Regex};
use regex_automata::util::syntax;

pub use files::{files_below, walk_below};
pub use found::{Hit, Position};
pub use rules::{RULES, Rule};

use found::{Finding, Findings};
use rules::Place;
use view::View;

/// How many spellings deep a text is read: a percent-encoded form in a JSON string in a YAML string is three.
const DEPTH: usize = 4;

/// Finds leaks. Made once; a scan shares nothing with another.
#[derive(Debug)]
pub struct Auditor {
    places: Regex,
    /// What the pattern of each number in `places` is about.
    targets: Vec<Target>,
    /// Values that are no leaks.
    spared: Vec<regex::Regex>,
}

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// A file of anybody's: all rules hold.
    Any,
    /// What overdub has just written: without the rules that concern what the profiles leave as it was.
    Written,
}

/// What a pattern is about.
#[derive(Debug, Clone, Copy)]
enum Target {
    /// The rule of this index in the table.
    Rule(usize, Place),
    /// The beginning of base64.
    Coded(Begins),
}

/// Where base64 begins, seen from what a pattern finds.
#[derive(Debug, Clone, Copy)]
enum Begins {
    /// With it.
    There,
    /// Behind it.
    Behind,
}

/// What tells base64: a tag or a name before it, and the first letters of whatever was gzipped.
const CODED: [(&str, Begins); 2] = [
    (
        r#"(?:!!?binary\s+(?:[|>][-+]?\s+)?|base64_string\\*"\s*:\s*|\bbase64:\s*(?:[|>][-+]?\s+)?|;base64,|"text\\*"\s*:\s*)\\*["']?"#,
        Begins::Behind,
    ),
    (r"(?-i)H4sI[A-Za-z0-9+/]{12}", Begins::There),
];

/// A rule whose pattern is none.
#[derive(Debug, thiserror::Error)]
#[error("a rule of the leak scan cannot be used: {0}")]
pub struct BadRule(#[source] Box<BuildError>);

impl Auditor {
    /// With the rules that hold for such texts.
    ///
    /// # Errors
    /// When a rule's pattern is none, which the tests rule out.
    pub fn new(scope: Scope) -> Result<Self, BadRule> {
        let mut patterns = Vec::new();
        let mut targets = Vec::new();
        for (index, rule) in RULES.iter().enumerate() {
            if scope == Scope::Written && !rule.written {
                continue;
            }
            for place in rule.places {
                patterns.push(place.pattern());
                targets.push(Target::Rule(index, *place));
            }
        }
        for (pattern, begins) in CODED {
            patterns.push(pattern.to_owned());
            targets.push(Target::Coded(begins));
        }
        let syntax = syntax::Config::new().unicode(false).utf8(false).case_insensitive(true).multi_line(true);
        let places = Regex::builder()
            .syntax(syntax)
            .configure(Config::new().utf8_empty(false).hybrid_cache_capacity(8 << 20))
            .build_many(&patterns)
            .map_err(|error| BadRule(Box::new(error)))?;
        Ok(Self { places, targets, spared: Vec::new() })
    }

    /// The same, for which values are no leaks that one of these patterns finds.
    #[must_use]
    pub fn sparing(self, spared: Vec<regex::Regex>) -> Self {
        Self { spared, ..self }
    }

    /// The leaks in `text`, in the order in which they stand.
    pub fn scan(&self, text: &[u8]) -> Vec<Hit> {
        self.scan_part(text, Position { line: 1, column: 1 }, 0..text.len())
    }

    /// The leaks whose values begin within `part` of `text`, which begins at `begins`: for files that are read piece by
    /// piece.
    pub fn scan_part(&self, text: &[u8], begins: Position, part: Range<usize>) -> Vec<Hit> {
        let mut findings = Findings::default();
        self.read(&View::whole(text), 0, &mut findings);
        findings.hits(text, begins, &part)
    }

    /// Looks through one view of the text, and through those that open from it.
    fn read(&self, view: &View<'_>, depth: usize, findings: &mut Findings) {
        let text = view.text();
        let mut at = 0;
        // Base64 is tried once: what did not decode has other beginnings in it.
        let mut tried = 0;
        while let Some(found) = self.places.search(&Input::new(text).range(at..)) {
            at = found.end().max(found.start() + 1);
            match self.targets[found.pattern().as_usize()] {
                Target::Rule(index, place) => self.look(view, depth, (index, place), found.range(), findings),
                Target::Coded(begins) if depth < DEPTH => {
                    let start = match begins {
                        Begins::There => found.start(),
                        Begins::Behind => found.end(),
                    };
                    if start >= tried {
                        let (plain, end) = view::decoded(text, start);
                        tried = end;
                        if let Some(plain) = plain {
                            self.read(&view.inside(plain, found.start()), depth + 1, findings);
                            at = at.max(end);
                        }
                    }
                }
                Target::Coded(_) => {}
            }
        }
        if depth < DEPTH {
            view.spelled_otherwise(|inner| self.read(inner, depth + 1, findings));
        }
    }

    /// Looks at what stands at one place of a rule. The search goes on within the value, since what it is may say more:
    /// a JWT in a header, a host in a link.
    fn look(
        &self,
        view: &View<'_>,
        depth: usize,
        (rule, place): (usize, Place),
        found: Range<usize>,
        findings: &mut Findings,
    ) {
        let Some(range) = place.value(view.text(), found) else { return };
        let value = String::from_utf8_lossy(&view.text()[range.clone()]);
        let is_spared = || self.spared.iter().any(|pattern| pattern.is_match(&value));
        if !placeholder::is(&value) && place.shape()(&value) && !is_spared() {
            findings.add(view, &Finding { rule, value: &value, range: range.clone() });
        }
        let plain = RULES[rule].opens.and_then(|opens| opens(&value));
        if let Some(plain) = plain.filter(|_| depth < DEPTH) {
            self.read(&view.inside(plain, range.start), depth + 1, findings);
        }
    }
}
