//! Refuses aliases, anchors, tags and deep flow nesting before the YAML parser sees them.
//!
//! The parser would resolve aliases behind our back (a few hundred bytes can stand for gigabytes), hides core tags,
//! and takes time that is quadratic in the depth of `[[[[`. This follows its tokens closely enough to know where a
//! `*`, `&` or `!` begins one, and nothing more: what is not YAML is left for the parser to complain about.

use crate::cassette::error::{Construct, Problem};

/// Most open brackets; the parser itself stops at this depth of any kind.
const MAX_FLOW: usize = 128;

/// How far before its colon a key on the same line may begin.
const MAX_SIMPLE_KEY: usize = 1024;

/// Something that is refused, at a byte of the document.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) at: usize,
    pub(super) problem: Problem,
}

/// Looks through one document.
pub(super) fn check(text: &str) -> Result<(), Refusal> {
    let bytes = text.as_bytes();
    if is_harmless(bytes) { Ok(()) } else { Tokens::new(bytes).check() }
}

/// Whether no byte could begin a refused token, wherever tokens are. True of nearly every document.
fn is_harmless(bytes: &[u8]) -> bool {
    let begins_a_token = |at: &usize| {
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        before.is_none_or(
            |byte| !matches!(byte, b'!'..=b'+' | b'.'..=b'9' | b';'..=b'>' | b'@'..=b'Z' | b'a'..=b'z'),
        )
    };
    !memchr::memchr3_iter(b'*', b'&', b'!', bytes).any(|at| begins_a_token(&at))
        && memchr::memchr2_iter(b'[', b'{', bytes).nth(MAX_FLOW).is_none()
}

/// A position among the tokens of a document. Columns and indentation are counted as libyaml does, in bytes, which
/// is the same wherever they matter.
struct Tokens<'a> {
    bytes: &'a [u8],
    at: usize,
    line_start: usize,
    line: usize,
    /// Columns of the open block collections.
    indents: Vec<usize>,
    /// Number of open brackets.
    flow: usize,
    /// Where a key that still waits for its colon begins: line and byte.
    key: Option<(usize, usize)>,
}

impl<'a> Tokens<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, line_start: 0, line: 0, indents: Vec::new(), flow: 0, key: None }
    }

    fn check(mut self) -> Result<(), Refusal> {
        while let Some(byte) = self.next_token() {
            let refused = match byte {
                b'*' => Some(Problem::Forbidden(Construct::Alias)),
                b'&' => Some(Problem::Forbidden(Construct::Anchor)),
                b'!' => Some(Problem::Forbidden(Construct::Tag)),
                b'[' | b'{' if self.flow == MAX_FLOW => Some(Problem::TooDeep),
                _ => None,
            };
            if let Some(problem) = refused {
                return Err(Refusal { at: self.at, problem });
            }
            self.skip_token(byte);
        }
        Ok(())
    }

    /// Goes to where the next token begins, and closes the block collections that end before it.
    fn next_token(&mut self) -> Option<u8> {
        loop {
            if self.column() == 0 && self.bytes[self.at..].starts_with(b"\xef\xbb\xbf") {
                self.at += 3; // a byte order mark at a line's beginning counts as a blank
            }
            while matches!(self.peek(0), Some(b' ' | b'\t')) {
                self.at += 1;
            }
            if self.peek(0) == Some(b'#') {
                self.skip_to_break();
            }
            if !self.skip_break() {
                break;
            }
        }
        if self.flow == 0 {
            let column = self.column();
            while self.indents.last().is_some_and(|indent| *indent > column) {
                self.indents.pop();
            }
        }
        self.peek(0)
    }

    fn skip_token(&mut self, byte: u8) {
        let blank_follows = self.is_blank_or_end(1);
        match byte {
            b'-' | b'.' if self.at_marker() => {
                self.indents.clear();
                self.at += 3;
            }
            b'%' if self.column() == 0 => self.skip_to_break(),
            b'[' | b'{' => {
                self.begin_key();
                self.flow += 1;
                self.at += 1;
            }
            b']' | b'}' => {
                self.flow = self.flow.saturating_sub(1);
                self.at += 1;
            }
            b',' => self.at += 1,
            b'-' if blank_follows => self.indicator(self.column()),
            b'?' if blank_follows || self.flow > 0 => self.indicator(self.column()),
            b':' if blank_follows || self.flow > 0 => {
                let column = self.key_column().unwrap_or(self.column());
                self.indicator(column);
            }
            b'|' | b'>' if self.flow == 0 => self.skip_block_scalar(),
            b'\'' | b'"' => {
                self.begin_key();
                self.skip_quoted(byte);
            }
            _ => {
                self.begin_key();
                self.skip_plain();
            }
        }
    }

    /// A `-`, `?` or `:`, which opens a block collection unless one at `column` or deeper is open.
    fn indicator(&mut self, column: usize) {
        self.at += 1;
        if self.flow == 0 {
            self.key = None;
            if self.indents.last().is_none_or(|indent| *indent < column) {
                self.indents.push(column);
            }
        }
    }

    fn begin_key(&mut self) {
        if self.flow == 0 {
            self.key = Some((self.line, self.at));
        }
    }

    /// Column of the key that a colon here belongs to.
    fn key_column(&self) -> Option<usize> {
        let (line, at) = self.key?;
        (line == self.line && self.at - at <= MAX_SIMPLE_KEY).then(|| at - self.line_start)
    }

    fn skip_quoted(&mut self, quote: u8) {
        self.at += 1;
        while let Some(byte) = self.peek(0) {
            if byte == b'\\' && quote == b'"' {
                self.at += 1;
                if !self.skip_break() {
                    self.at += 1;
                }
            } else if byte == quote {
                self.at += 1;
                if quote == b'"' || self.peek(0) != Some(quote) {
                    return;
                }
                self.at += 1;
            } else if !self.skip_break() {
                self.at += 1;
            }
        }
    }

    fn skip_plain(&mut self) {
        let least = self.indents.last().map_or(0, |indent| indent + 1);
        loop {
            if self.at_marker() || self.peek(0) == Some(b'#') {
                return;
            }
            while !self.is_blank_or_end(0) {
                match self.peek(0) {
                    Some(b':') if self.is_blank_or_end(1) => return,
                    Some(b':')
                        if self.flow > 0
                            && matches!(self.peek(1), Some(b',' | b'?' | b'[' | b']' | b'{' | b'}')) =>
                    {
                        // An error to the parser, which goes no further. Neither do we.
                        self.at = self.bytes.len();
                        return;
                    }
                    Some(b',' | b'[' | b']' | b'{' | b'}') if self.flow > 0 => return,
                    _ => self.at += 1,
                }
            }
            while matches!(self.peek(0), Some(b' ' | b'\t')) || self.break_length() > 0 {
                if !self.skip_break() {
                    self.at += 1;
                }
            }
            if self.peek(0).is_none() || (self.flow == 0 && self.column() < least) {
                return;
            }
        }
    }

    fn skip_block_scalar(&mut self) {
        let parent = self.indents.last().map(|indent| indent + 1);
        self.key = None;
        self.at += 1;
        let mut indent = 0;
        while let Some(byte) = self.peek(0) {
            match byte {
                b'+' | b'-' => {}
                b'1'..=b'9' => indent = parent.map_or(0, |parent| parent - 1) + usize::from(byte - b'0'),
                _ => break,
            }
            self.at += 1;
        }
        self.skip_to_break();
        self.skip_break();
        let deepest = self.skip_indentation(indent);
        if indent == 0 {
            indent = deepest.max(parent.unwrap_or(1)).max(1);
        }
        while self.column() == indent && self.at < self.bytes.len() {
            self.skip_to_break();
            self.skip_break();
            self.skip_indentation(indent);
        }
    }

    /// Skips empty lines and the indentation of the line after them, up to `indent` unless that is 0 for "not yet
    /// known". Returns the deepest indentation seen.
    fn skip_indentation(&mut self, indent: usize) -> usize {
        let mut deepest = 0;
        loop {
            while (indent == 0 || self.column() < indent) && self.peek(0) == Some(b' ') {
                self.at += 1;
            }
            deepest = deepest.max(self.column());
            if !self.skip_break() {
                return deepest;
            }
        }
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn column(&self) -> usize {
        self.at - self.line_start
    }

    /// At a `---` or `...` in column 0.
    fn at_marker(&self) -> bool {
        self.column() == 0
            && (self.bytes[self.at..].starts_with(b"---") || self.bytes[self.at..].starts_with(b"..."))
            && self.is_blank_or_end(3)
    }

    fn is_blank_or_end(&self, ahead: usize) -> bool {
        let rest = self.bytes.get(self.at + ahead..).unwrap_or_default();
        rest.first().is_none_or(|byte| matches!(byte, b' ' | b'\t')) || break_length(rest) > 0
    }

    fn break_length(&self) -> usize {
        break_length(&self.bytes[self.at..])
    }

    fn skip_to_break(&mut self) {
        while self.at < self.bytes.len() && self.break_length() == 0 {
            self.at += 1;
        }
    }

    /// Skips one line break, if there is one here.
    fn skip_break(&mut self) -> bool {
        let length = self.bytes.get(self.at..).map_or(0, break_length);
        if length == 0 {
            return false;
        }
        self.at += length;
        self.line += 1;
        self.line_start = self.at;
        true
    }
}

/// Length of the line break that `bytes` begin with, as YAML 1.1 counts them: CR, LF, CRLF, NEL, LS, PS.
fn break_length(bytes: &[u8]) -> usize {
    match bytes {
        [b'\r', b'\n', ..] | [0xc2, 0x85, ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        [0xe2, 0x80, 0xa8 | 0xa9, ..] => 3,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use serde::Deserialize;
    use serde::de::IgnoredAny;

    use super::*;

    /// Pieces of YAML that make every kind of token, and `*a` among them.
    #[rustfmt::skip]
    const SOUP: &[&str] = &[
        "*a", "*a", "*a ", " *a", "\n*a", "\n", "\n  ", "\n    ", "\n ", " ", "- ", "\n- ", "\n  - ", "? ", ": ", ":",
        "a", "b ", "a: ", "\na: ", "\n  b: ", "\"", "'", "\"k\": ", "'k': ", "\"k\":", "\\", "|\n", "|-\n", "|2\n",
        ">\n", ">+1 # c\n", "|", "#", " #", "# ", "[", "]", "{", "}", ",", ", ", "\t", "\u{85}", "\u{2028}",
        "\u{feff}", "\r", "\r\n", "\n---\n", "\n--- ", "\n...\n", "%", "@", "é", "''", "-", "?", "\\\n", "\"\"", "12",
    ];

    /// Whether the parser meets an alias: there being no anchors, it says so. `None` if it gives up before the end.
    fn parser_meets_alias(text: &str) -> Option<bool> {
        for document in serde_yaml::Deserializer::from_str(text) {
            if let Err(error) = IgnoredAny::deserialize(document) {
                return error.to_string().starts_with("unknown anchor").then_some(true);
            }
        }
        Some(false)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 8 * ProptestConfig::default().cases, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn an_alias_is_seen_where_the_parser_sees_one_and_nowhere_else(parts in vec(prop::sample::select(SOUP), 1..28)) {
            let text = parts.concat();
            let refused = check(&text).is_err();
            if let Some(meets) = parser_meets_alias(&text) {
                prop_assert_eq!(refused, meets, "{:?}", text);
            }
        }
    }

    #[test]
    fn stars_in_text_are_no_aliases() {
        for text in [
            "a: b *c",
            "a: |\n  *b\n  &c !d\n",
            "a: '*b'",
            "a: \"x\n  *b\"",
            "a: b\n  *c",
            "# *b",
            "a: \"\\\"*b\"",
        ] {
            assert!(check(text).is_ok(), "{text}");
        }
        for text in [
            "*a",
            "a: *b",
            "- *b",
            "[x,*b]",
            "{a: *b}",
            "a: |\n  x\n*b",
            "? *b",
            "--- *b",
            "a: &b c",
            "a: !b c",
            "!!str a",
        ] {
            assert!(check(text).is_err(), "{text}");
        }
    }
}
