//! Finds the values in JSON text without reading it into a tree: where each stands, and under which field names.
//!
//! For changing single values of a text whose other bytes stay as they are. Tolerant: text that is no JSON gives what
//! looks like values, several JSON texts in a row (RFC 7464, NDJSON) give those of all.

use std::ops::Range;

/// What kind of value it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonKind {
    /// A string; its range is what stands between the quotes, escapes and all.
    String,
    /// A number.
    Number,
    /// `true` or `false`.
    Bool,
    /// `null`.
    Null,
}

/// A value that is neither object nor array, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonValue {
    /// Its bytes in the text.
    pub range: Range<usize>,
    /// What it is.
    pub kind: JsonKind,
}

/// Walks a JSON text from value to value (RFC 8259). Nothing is allocated per value, and nesting costs no stack.
#[derive(Debug)]
pub struct JsonScanner<'t> {
    text: &'t str,
    at: usize,
    /// Names of the fields around the present value, outermost first.
    names: Vec<&'t str>,
    /// Per open object or array.
    open: Vec<Open>,
    /// How many there were.
    opened: usize,
    /// The last value's name is still on `names`.
    stale: bool,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    /// It is no array.
    object: bool,
    /// It has put a name on `names`.
    named: bool,
    /// The how manieth it was.
    number: usize,
}

/// As deep as nearly all JSON is.
const USUAL_DEPTH: usize = 8;

impl<'t> JsonScanner<'t> {
    /// A walk from the beginning of `text`.
    pub fn new(text: &'t str) -> Self {
        let (names, open) = (Vec::with_capacity(USUAL_DEPTH), Vec::with_capacity(USUAL_DEPTH));
        Self { text, at: 0, names, open, opened: 0, stale: false }
    }

    /// The names of the fields that the last value stands in, outermost first and as they are spelled; positions in
    /// arrays do not count.
    pub fn names(&self) -> &[&'t str] {
        &self.names
    }

    /// The object that the last value is a member of: how deep it stands and the how manieth it is of those that were
    /// opened, arrays too. `None`: it stands in an array, or alone.
    pub fn object(&self) -> Option<(usize, usize)> {
        let own = self.open.last().filter(|own| own.object)?;
        Some((self.open.len(), own.number))
    }

    /// The next value; `None` at the end.
    pub fn next_value(&mut self) -> Option<JsonValue> {
        if std::mem::take(&mut self.stale) {
            self.value_ended();
        }
        let bytes = self.text.as_bytes();
        loop {
            match *bytes.get(self.at)? {
                b'"' => {
                    let range = self.string();
                    if !self.is_name(&range) {
                        self.stale = true;
                        return Some(JsonValue { range, kind: JsonKind::String });
                    }
                }
                open @ (b'{' | b'[') => {
                    self.at += 1;
                    self.opened += 1;
                    self.open.push(Open { object: open == b'{', named: false, number: self.opened });
                }
                b'}' | b']' => {
                    self.at += 1;
                    if self.open.last().is_some_and(|open| open.named) {
                        self.names.pop();
                    }
                    self.open.pop();
                    self.value_ended();
                }
                b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                _ => {
                    if let Some(value) = self.word() {
                        self.stale = true;
                        return Some(value);
                    }
                }
            }
        }
    }

    /// Takes the name of a value that has ended off the path.
    fn value_ended(&mut self) {
        if let Some(open) = self.open.last_mut()
            && std::mem::take(&mut open.named)
        {
            self.names.pop();
        }
    }

    /// Goes past a string; returns what stands between its quotes. One that does not end goes to the text's end.
    fn string(&mut self) -> Range<usize> {
        let bytes = self.text.as_bytes();
        let start = self.at + 1;
        let mut end = start;
        while let Some(found) = bytes.get(end..).and_then(quote_or_backslash) {
            end += found;
            if bytes.get(end) == Some(&b'"') {
                self.at = end + 1;
                return start..end;
            }
            end = (end + 2).min(bytes.len());
        }
        self.at = bytes.len();
        start.min(bytes.len())..bytes.len()
    }

    /// Whether the string that has just been passed is a field's name; it goes on the path then.
    fn is_name(&mut self, range: &Range<usize>) -> bool {
        let Some(open) = self.open.last_mut().filter(|open| open.object && !open.named) else { return false };
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let next = rest.iter().find(|byte| !byte.is_ascii_whitespace());
        if next != Some(&b':') {
            return false;
        }
        open.named = true;
        self.names.push(self.text.get(range.clone()).unwrap_or_default());
        true
    }

    /// A number or one of the three literals; `None` for anything else, which is passed.
    fn word(&mut self) -> Option<JsonValue> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let ends = |byte: &u8| {
            matches!(byte, b'"' | b',' | b':' | b'{' | b'}' | b'[' | b']' | b' ' | b'\t' | b'\n' | b'\r')
        };
        let rest = bytes.get(start..).unwrap_or_default();
        self.at = start + rest.iter().position(ends).unwrap_or(rest.len());
        let word = bytes.get(start..self.at).unwrap_or_default();
        let kind = match word {
            b"true" | b"false" => JsonKind::Bool,
            b"null" => JsonKind::Null,
            [b'-' | b'0'..=b'9', ..] => JsonKind::Number,
            _ => {
                self.value_ended();
                return None;
            }
        };
        Some(JsonValue { range: start..self.at, kind })
    }
}

/// Bytes of a string that are looked at eight by eight.
const NEAR: usize = 32;

/// Where the first `"` or `\` is. Most strings are short: to call a search by vectors costs more than to search them.
#[inline]
fn quote_or_backslash(text: &[u8]) -> Option<usize> {
    let near = text.get(..NEAR).unwrap_or(text);
    let (eights, _) = near.as_chunks::<8>();
    for (number, eight) in eights.iter().enumerate() {
        let eight = u64::from_le_bytes(*eight);
        let found = first_of(eight, b'"') | first_of(eight, b'\\');
        if found != 0 {
            return Some(number * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let from = eights.len() * 8;
    text.get(from..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)).map(|at| from + at)
}

/// The top bit of the first of eight bytes that is this one, and perhaps of later ones; 0: none is.
#[inline]
fn first_of(eight: u64, byte: u8) -> u64 {
    const LOW: u64 = u64::from_le_bytes([1; 8]);
    let differ = eight ^ (LOW * u64::from(byte));
    differ.wrapping_sub(LOW) & !differ & (LOW << 7)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn scanned(text: &str) -> Vec<(String, String)> {
        let mut scanner = JsonScanner::new(text);
        let mut found = Vec::new();
        while let Some(value) = scanner.next_value() {
            found.push((scanner.names().join("."), text[value.range].to_owned()));
        }
        found
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn values_come_with_the_names_they_stand_under() {
        assert_eq!(
            scanned(r#" {"a": {"b": [1, {"c": "x\"y"}, null], "d": true}, "e": "" } "#),
            pairs(&[("a.b", "1"), ("a.b.c", r#"x\"y"#), ("a.b", "null"), ("a.d", "true"), ("e", "")])
        );
        assert_eq!(scanned("{\"a\":1}\n{\"b\":2}"), pairs(&[("a", "1"), ("b", "2")]));
        assert_eq!(scanned("\"alone\""), pairs(&[("", "alone")]));
    }

    #[test]
    fn text_that_is_no_json_gives_what_looks_like_values() {
        assert_eq!(scanned(r#"{"a": <link>, "b": "c""#), pairs(&[("b", "c")]));
        assert_eq!(scanned(r#"{"a":"cut"#), pairs(&[("a", "cut")]));
        assert_eq!(scanned("]]}{\\\"\""), pairs(&[("", "")]));
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f32>().prop_map(|number| Value::from(f64::from(number))),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..5)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    /// What the scanner has to find in `value`.
    fn leaves(value: &Value, names: &[String], found: &mut Vec<(Vec<String>, Value)>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| leaves(item, names, found)),
            Value::Object(fields) => {
                for (name, item) in fields {
                    leaves(item, &[names, std::slice::from_ref(name)].concat(), found);
                }
            }
            leaf => found.push((names.to_vec(), leaf.clone())),
        }
    }

    proptest! {
        #[test]
        fn it_finds_what_a_parser_finds(value in json(), pretty: bool) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
            let mut expected = Vec::new();
            leaves(&serde_json::from_str(&text).unwrap(), &[], &mut expected);
            let mut found = Vec::new();
            let mut scanner = JsonScanner::new(&text);
            let plain = |name: &str| serde_json::from_str::<String>(&format!("\"{name}\"")).unwrap();
            while let Some(own) = scanner.next_value() {
                let spelled = &text[own.range.clone()];
                let quoted = if own.kind == JsonKind::String { format!("\"{spelled}\"") } else { spelled.to_owned() };
                let names = scanner.names().iter().map(|name| plain(name)).collect::<Vec<_>>();
                found.push((names, serde_json::from_str::<Value>(&quoted).unwrap()));
            }
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn a_string_ends_where_a_plain_search_finds_it(text in "[a\u{1}\"\\\\#!\u{e9}]{0,12}[a-d#!\u{e9}]{0,40}[a\"\\\\]{0,3}") {
            let plain = text.bytes().position(|byte| matches!(byte, b'"' | b'\\'));
            prop_assert_eq!(quote_or_backslash(text.as_bytes()), plain);
        }

        #[test]
        fn ranges_lie_in_the_text_one_after_the_other(text in "[\\[\\]{}\":,\\\\a1é \n-]{0,40}") {
            let mut scanner = JsonScanner::new(&text);
            let mut end = 0;
            while let Some(value) = scanner.next_value() {
                prop_assert!(value.range.start >= end && value.range.end >= value.range.start);
                prop_assert!(text.get(value.range.clone()).is_some());
                end = value.range.end;
            }
        }
    }
}
