//! A JSON text and where each value of it stands.
//!
//! It is read once and never changed, so it can be kept with a recording and shared by every request that is answered
//! from it. Strict RFC 8259; duplicate names are kept, the last one counts.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// Deepest nesting that is read, as in `serde_json`.
pub(super) const DEEPEST: usize = 128;
/// Largest text, so that positions fit into 32 bits and a script cannot grow a body without end: 64 MiB.
const LARGEST: usize = 64 * 1024 * 1024;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Bool,
    Number,
    String,
    Array,
    Object,
}

impl Kind {
    /// With its article, as messages need it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "a bool",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Array => "an array",
            Self::Object => "an object",
        }
    }
}

/// One value.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    /// The value that holds it; its own number for the outermost one.
    pub(crate) parent: u32,
    /// The name with its quotes, for a member of an object; else empty.
    key: (u32, u32),
    span: (u32, u32),
    /// Range of [`Parsed::kids`].
    kids: (u32, u32),
}

/// A parsed text.
pub struct Parsed {
    text: String,
    nodes: Vec<Node>,
    kids: Vec<u32>,
    /// Containers in each other, where it is deepest.
    depth: usize,
}

impl fmt::Debug for Parsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Parsed({} bytes)", self.text.len())
    }
}

/// Why a text is not JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at line {line}, column {column}")]
pub struct JsonError {
    /// What was expected or found.
    pub problem: &'static str,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
}

impl Parsed {
    /// Reads a text.
    ///
    /// # Errors
    /// Where it stops being JSON, and what is wrong there.
    pub fn new(text: impl Into<String>) -> Result<Self, JsonError> {
        let text = text.into();
        let mut scan = Scan { text: text.as_bytes(), ..Scan::default() };
        match scan.run() {
            Ok(()) => {
                let Scan { nodes, kids, depth, .. } = scan;
                Ok(Self { text, nodes, kids, depth })
            }
            Err(problem) => {
                let before = text.as_bytes().get(..scan.at).unwrap_or_default();
                let before = String::from_utf8_lossy(before);
                let line = before.matches('\n').count() + 1;
                let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
                Err(JsonError { problem, line, column })
            }
        }
    }

    /// The text it was read from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Containers in each other, where it is deepest.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    pub(crate) fn node(&self, node: u32) -> &Node {
        // A number comes only from this text's own tables; the first node is always there.
        self.nodes.get(node as usize).unwrap_or(&self.nodes[0])
    }

    pub(crate) fn kids(&self, node: u32) -> &[u32] {
        self.kids.get(range(self.node(node).kids)).unwrap_or_default()
    }

    pub(crate) fn span(&self, node: u32) -> Range<usize> {
        range(self.node(node).span)
    }

    /// The name's span, quotes included.
    pub(crate) fn key_span(&self, node: u32) -> Range<usize> {
        range(self.node(node).key)
    }

    /// The value as it is written.
    pub(crate) fn raw(&self, node: u32) -> &str {
        self.slice(self.span(node))
    }

    /// The name as it is written, quotes included.
    pub(crate) fn raw_key(&self, node: u32) -> &str {
        self.slice(self.key_span(node))
    }

    pub(crate) fn slice(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or_default()
    }
}

fn range((from, to): (u32, u32)) -> Range<usize> {
    from as usize..to as usize
}

/// The text that a JSON string stands for; `None` for one that has half a surrogate pair in it.
pub(crate) fn unquoted(raw: &str) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        serde_json::from_str(raw).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}

/// Whether a JSON string, as written, stands for `text`.
pub(crate) fn is_string(raw: &str, text: &str) -> bool {
    let inner = raw.as_bytes().get(1..raw.len().saturating_sub(1)).unwrap_or_default();
    match (inner.first(), text.as_bytes().first()) {
        // Most names are told apart by their first byte, which only an escape hides.
        (Some(own), Some(wanted)) if own != wanted && *own != b'\\' => false,
        // Whatever has an escape in it is longer than what it stands for.
        _ if inner.len() == text.len() => inner == text.as_bytes() && !text.contains('\\'),
        _ => inner.len() > text.len() && unquoted(raw).is_some_and(|own| own == text),
    }
}

#[derive(Default)]
struct Scan<'a> {
    text: &'a [u8],
    at: usize,
    nodes: Vec<Node>,
    kids: Vec<u32>,
    /// Children of containers that are not closed yet.
    pending: Vec<u32>,
    open: Vec<Open>,
    depth: usize,
}

/// A container that is not closed yet.
struct Open {
    node: u32,
    /// Where its children begin in `pending`.
    from: usize,
}

type Step = Result<(), &'static str>;

/// Positions and numbers of nodes fit: a text is at most [`LARGEST`] bytes.
fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl Scan<'_> {
    fn run(&mut self) -> Step {
        if self.text.len() > LARGEST {
            return Err("more than 64 MiB");
        }
        self.space();
        self.value((0, 0))?;
        while let Some(open) = self.open.last() {
            let (node, first) = (open.node, open.from == self.pending.len());
            self.step(node, first)?;
        }
        self.space();
        if self.at == self.text.len() { Ok(()) } else { Err("something follows the value") }
    }

    /// One member of the innermost open container, or its end.
    fn step(&mut self, node: u32, first: bool) -> Step {
        let is_object = self.nodes[node as usize].kind == Kind::Object;
        self.space();
        if self.peek() == Some(if is_object { b'}' } else { b']' }) {
            self.at += 1;
            self.close();
            return Ok(());
        }
        if !first {
            let wanted = if is_object { "expected `,` or `}`" } else { "expected `,` or `]`" };
            self.byte(b',', wanted)?;
            self.space();
        }
        let mut key = (0, 0);
        if is_object {
            let from = self.at;
            if self.peek() != Some(b'"') {
                return Err("expected a name in double quotes");
            }
            self.string()?;
            key = (small(from), small(self.at));
            self.space();
            self.byte(b':', "expected `:`")?;
            self.space();
        }
        self.value(key)
    }

    /// A scalar, or the beginning of a container.
    fn value(&mut self, key: (u32, u32)) -> Step {
        let from = self.at;
        let kind = match self.peek() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::String,
            Some(b'-' | b'0'..=b'9') => Kind::Number,
            Some(b't' | b'f') => Kind::Bool,
            Some(b'n') => Kind::Null,
            _ => return Err("expected a value"),
        };
        match kind {
            Kind::Object | Kind::Array if self.open.len() >= DEEPEST => return Err("nested too deeply"),
            Kind::Object | Kind::Array => self.at += 1,
            Kind::String => self.string()?,
            Kind::Number => self.number()?,
            Kind::Bool | Kind::Null => self.word()?,
        }
        let number = small(self.nodes.len());
        let parent = self.open.last().map_or(number, |open| open.node);
        if !self.open.is_empty() {
            self.pending.push(number);
        }
        self.nodes.push(Node { kind, parent, key, span: (small(from), small(self.at)), kids: (0, 0) });
        if matches!(kind, Kind::Object | Kind::Array) {
            self.open.push(Open { node: number, from: self.pending.len() });
            self.depth = self.depth.max(self.open.len());
        }
        Ok(())
    }

    fn close(&mut self) {
        if let Some(Open { node, from }) = self.open.pop() {
            let first = self.kids.len();
            self.kids.extend(self.pending.drain(from..));
            let node = &mut self.nodes[node as usize];
            node.kids = (small(first), small(self.kids.len()));
            node.span.1 = small(self.at);
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn byte(&mut self, byte: u8, or: &'static str) -> Step {
        if self.peek() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        Err(or)
    }

    fn word(&mut self) -> Step {
        for word in ["true", "false", "null"] {
            if self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes())) {
                self.at += word.len();
                return Ok(());
            }
        }
        Err("expected a value")
    }

    fn string(&mut self) -> Step {
        self.at += 1;
        loop {
            match self.peek() {
                None => return Err("a string is not closed"),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(0..0x20) => return Err("a control character stands in a string"),
                Some(b'\\') => {
                    let escape = self.text.get(self.at + 1).copied();
                    let digits = self.text.get(self.at + 2..self.at + 6).unwrap_or_default();
                    let is_hex = digits.len() == 4 && digits.iter().all(u8::is_ascii_hexdigit);
                    match escape {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
                        Some(b'u') if is_hex => self.at += 6,
                        _ => return Err("an escape that JSON does not have"),
                    }
                }
                Some(_) => self.at += 1,
            }
        }
    }

    fn number(&mut self) -> Step {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Step {
        let from = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == from { Err("expected a digit") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_error_says_what_is_wrong_and_where() {
        let said = |text: &str| Parsed::new(text).unwrap_err().to_string();
        assert_eq!(said("{\n  \"a\": 1,\n}"), "expected a name in double quotes at line 3, column 1");
        assert_eq!(said("<html>"), "expected a value at line 1, column 1");
        assert_eq!(said("[1 2]"), "expected `,` or `]` at line 1, column 4");
        assert_eq!(said("{} {}"), "something follows the value at line 1, column 4");
        assert_eq!(said(""), "expected a value at line 1, column 1");
        assert!(said(&"[".repeat(100_000)).starts_with("nested too deeply"));
    }

    proptest! {
        /// What `serde_json` takes and this does not, and the other way round: nothing but half surrogate pairs and
        /// numbers beyond a double, which are fine as text.
        #[test]
        fn it_takes_what_serde_json_takes(text in r#"[\[\]{},:"\\ut0-9eE.+ \-an1lrsf/]{0,14}"#) {
            let own = Parsed::new(text.as_str());
            match serde_json::from_str::<serde_json::Value>(&text) {
                Ok(_) => prop_assert!(own.is_ok(), "{}", text),
                Err(error) if error.to_string().contains("number out of range") => {}
                Err(error) if error.to_string().contains("surrogate") => {}
                Err(error) => prop_assert!(own.is_err(), "{} {}", text, error),
            }
        }
    }
}
