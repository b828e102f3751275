//! A `json:` body: compact JSON text in, YAML out, in one pass without a tree in between.
//!
//! What is written is exactly what a parser makes of the text and writes compactly again. Any text for which that gives
//! other bytes is none of ours: white space, an escape that was not needed, a number in another spelling, a key twice.

use serde_json::Value;

use super::MAX_DEPTH;
use super::scalar::{Bytes, end_key, push_indent, push_key, push_text};

/// Up to here (keys of one object) comparing each with each is faster than sorting.
const FEW_KEYS: usize = 32;

/// Longest whole number that needs no parser to tell that it fits 64 bits (digits).
const SHORT_INTEGER: usize = 18;

/// Appends `json:` and the value of the text, with the entries of a collection at `indent`; returns whether it did:
/// only a text that comes back byte for byte and is not nested deeper than [`MAX_DEPTH`] is written so.
pub(super) fn push_json(out: &mut String, json: &[u8], indent: usize) -> bool {
    let Ok(text) = std::str::from_utf8(json) else { return false };
    let start = out.len();
    out.push_str("json:");
    let mut emitter = Emitter { text, at: 0, out, keys: Vec::with_capacity(FEW_KEYS), depth: 0 };
    let whole = emitter.value(indent).is_some() && emitter.at == text.len();
    if !whole {
        out.truncate(start);
    }
    whole
}

struct Emitter<'t, 'o> {
    text: &'t str,
    /// How far it was read.
    at: usize,
    out: &'o mut String,
    /// The keys of the objects that are open, as they are spelled.
    keys: Vec<&'t str>,
    /// How many collections are open.
    depth: usize,
}

/// Each of these writes what it reads, and gives up with `None` where the text is not compact JSON.
impl<'t> Emitter<'t, '_> {
    fn value(&mut self, indent: usize) -> Option<()> {
        match self.peek()? {
            b'{' => return self.object(indent),
            b'[' => return self.array(indent),
            b'"' => {
                let (raw, bytes) = self.string()?;
                self.out.push(' ');
                if bytes.is_respelled() {
                    push_text(self.out, &decoded(raw)?);
                } else {
                    self.scalar(raw, bytes.are_plain(raw));
                }
            }
            _ => {
                let literal = self.literal()?;
                self.out.push(' ');
                self.out.push_str(literal);
            }
        }
        self.out.push('\n');
        Some(())
    }

    fn object(&mut self, indent: usize) -> Option<()> {
        if self.opened(b'}', " {}\n")? {
            return Some(());
        }
        let outer = self.keys.len();
        loop {
            self.next_entry(indent);
            self.key(indent)?;
            self.expect(b':')?;
            self.value(indent + 2)?;
            if self.closed(b'}')? {
                break;
            }
        }
        if has_twice(self.keys.get_mut(outer..)?) {
            return None;
        }
        self.keys.truncate(outer);
        Some(())
    }

    fn array(&mut self, indent: usize) -> Option<()> {
        if self.opened(b']', " []\n")? {
            return Some(());
        }
        loop {
            self.next_entry(indent);
            self.out.push('-');
            self.value(indent + 2)?;
            if self.closed(b']')? {
                return Some(());
            }
        }
    }

    fn key(&mut self, indent: usize) -> Option<()> {
        let (raw, bytes) = self.string()?;
        self.keys.push(raw);
        if bytes.is_respelled() {
            push_key(self.out, &decoded(raw)?, indent);
        } else {
            let start = self.out.len();
            self.scalar(raw, bytes.are_plain_key(raw));
            end_key(self.out, start, indent);
        }
        Some(())
    }

    /// Writes the string that was just read as it is spelled: with its quotes, unless it is plain.
    #[inline]
    fn scalar(&mut self, raw: &str, plain: bool) {
        let quoted = || self.text.get(self.at.checked_sub(raw.len() + 2)?..self.at);
        self.out.push_str(if plain { raw } else { quoted().unwrap_or(raw) });
    }

    /// Goes into a collection. Returns whether it ended at once, with `empty` written for it.
    fn opened(&mut self, end: u8, empty: &str) -> Option<bool> {
        self.at += 1;
        if self.depth == MAX_DEPTH {
            return None;
        }
        let ended = self.peek()? == end;
        if ended {
            self.at += 1;
            self.out.push_str(empty);
        } else {
            self.depth += 1;
        }
        Some(ended)
    }

    /// Goes past what stands between two entries, or behind the last one; returns whether it was the last.
    fn closed(&mut self, end: u8) -> Option<bool> {
        let next = self.peek()?;
        self.at += 1;
        self.depth -= usize::from(next == end);
        (next == end || next == b',').then_some(next == end)
    }

    /// Goes to the beginning of an entry at `indent`: on a new line after a key, on the same line after a dash.
    fn next_entry(&mut self, indent: usize) {
        match self.out.as_bytes().last() {
            Some(b'-') => return self.out.push(' '),
            Some(b'\n') => {}
            _ => self.out.push('\n'),
        }
        push_indent(self.out, indent);
    }

    /// What stands between the quotes, escapes and all, and what it is made of.
    fn string(&mut self) -> Option<(&'t str, Bytes)> {
        self.expect(b'"')?;
        let start = self.at;
        let mut seen = Bytes::default();
        loop {
            let rest = self.text.as_bytes().get(self.at..)?;
            let length = memchr::memchr2(b'"', b'\\', rest)?;
            seen.add(rest.get(..length)?);
            self.at += length;
            if self.peek()? == b'"' {
                let raw = self.text.get(start..self.at)?;
                self.at += 1;
                return (!seen.is_no_json()).then_some((raw, seen));
            }
            self.escape(&mut seen)?;
        }
    }

    /// Goes past an escape, if it is the one that the character is written with.
    fn escape(&mut self, seen: &mut Bytes) -> Option<()> {
        let rest = self.text.as_bytes().get(self.at..)?;
        seen.escape();
        self.at += match rest {
            [b'\\', b'"' | b'\\' | b'n' | b'r' | b't', ..] => 2,
            // YAML's escapes for these are others than those that we write.
            [b'\\', b'b' | b'f', ..] => {
                seen.respell();
                2
            }
            [b'\\', b'u', b'0', b'0', b'0', b'0'..=b'7' | b'b' | b'e' | b'f', ..]
            | [b'\\', b'u', b'0', b'0', b'1', b'0'..=b'9' | b'a'..=b'f', ..] => 6,
            _ => return None,
        };
        Some(())
    }

    /// A number or a word, if it is spelled as it would be written.
    fn literal(&mut self) -> Option<&'t str> {
        let rest = self.text.get(self.at..)?;
        let length = rest.bytes().position(|byte| matches!(byte, b',' | b'}' | b']')).unwrap_or(rest.len());
        let literal = rest.get(..length)?;
        self.at += length;
        let digits = literal.strip_prefix('-').unwrap_or(literal).as_bytes();
        let short = digits.len() <= SHORT_INTEGER && digits.iter().all(u8::is_ascii_digit);
        let plain =
            short && digits.first() > Some(&b'0') || matches!(literal, "0" | "true" | "false" | "null");
        (plain || is_as_written(literal)).then_some(literal)
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        let found = self.peek()? == byte;
        self.at += 1;
        found.then_some(())
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

/// Whether one of the keys is there twice; equal ones are spelled alike. May change their order.
fn has_twice(keys: &mut [&str]) -> bool {
    if keys.len() > FEW_KEYS {
        keys.sort_unstable();
        return keys.windows(2).any(|pair| matches!(pair, [one, other] if one == other));
    }
    keys.iter().enumerate().any(|(index, key)| keys.iter().take(index).any(|own| own == key))
}

/// The string that stands for `raw` between quotes.
fn decoded(raw: &str) -> Option<String> {
    serde_json::from_str(&format!("\"{raw}\"")).ok()
}

/// Whether a number is spelled as it would be written.
fn is_as_written(literal: &str) -> bool {
    let value: Option<Value> = serde_json::from_str(literal).ok();
    value.is_some_and(|value| serde_json::to_string(&value).is_ok_and(|again| again == literal))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn emitted(json: &[u8]) -> Option<String> {
        let mut out = "before ".to_owned();
        let done = push_json(&mut out, json, 2);
        let written = out.strip_prefix("before ").unwrap().to_owned();
        assert!(done || written.is_empty());
        done.then_some(written)
    }

    /// The same by way of a tree.
    fn through_a_tree(json: &[u8]) -> Option<String> {
        let value: Value = serde_json::from_slice(json).ok()?;
        let mut out = "json:".to_owned();
        push_value(&mut out, &value, 2);
        (serde_json::to_vec(&value).unwrap() == json && depth(&value) <= MAX_DEPTH).then_some(out)
    }

    fn depth(value: &Value) -> usize {
        match value {
            Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
            Value::Object(entries) => 1 + entries.values().map(depth).max().unwrap_or(0),
            _ => 0,
        }
    }

    fn push_value(out: &mut String, value: &Value, indent: usize) {
        let empty = matches!(value, Value::Array(items) if items.is_empty())
            || matches!(value, Value::Object(entries) if entries.is_empty());
        match value {
            Value::Array(items) if !empty => items.iter().for_each(|item| {
                next_line(out, indent);
                out.push('-');
                push_value(out, item, indent + 2);
            }),
            Value::Object(entries) if !empty => entries.iter().for_each(|(key, item)| {
                next_line(out, indent);
                push_key(out, key, indent);
                push_value(out, item, indent + 2);
            }),
            Value::String(text) => {
                out.push(' ');
                push_text(out, text);
                out.push('\n');
            }
            other => out.extend([" ", &other.to_string(), "\n"]),
        }
    }

    fn next_line(out: &mut String, indent: usize) {
        if out.ends_with('-') {
            return out.push(' ');
        }
        if !out.ends_with('\n') {
            out.push('\n');
        }
        push_indent(out, indent);
    }

    #[test]
    fn only_what_comes_back_byte_for_byte_is_written_so() {
        for other in [
            "",
            " 1",
            "1 ",
            "{\"a\": 1}",
            "[1,]",
            "[,1]",
            "{\"a\"}",
            "{\"a\":}",
            "{,}",
            "{\"a\":1,\"a\":2}",
            "[1",
            "{\"a\":1",
            "\"a",
            "\"\\/\"",
            "\"\\u00e9\"",
            "\"\\u001F\"",
            "\"\\u0008\"",
            "\"\t\"",
            "01",
            "-0",
            "1e5",
            "0.00",
            "1.0e0",
            "1e999",
            "18446744073709551616",
            "tru",
            "NaN",
            "1]",
            "{\"a\":1]",
            "[1}",
            "[1][2]",
            "\u{feff}1",
        ] {
            assert_eq!(emitted(other.as_bytes()), None, "{other}");
        }
        assert_eq!(emitted(b"\"\xff\""), None);
        assert_eq!(emitted(&[b"[".repeat(65), b"]".repeat(65)].concat()), None);
        assert!(emitted(&[b"[".repeat(64), b"]".repeat(64)].concat()).is_some());
    }

    #[test]
    fn a_key_that_is_there_twice_is_found_among_many() {
        let keys = |twice: usize| {
            let names = (0..100).map(|index| if index == 99 { twice } else { index });
            let entries: Vec<_> = names.map(|name| format!("\"k{name}\":{{\"k1\":0}}")).collect();
            format!("{{{}}}", entries.join(","))
        };
        assert!(emitted(keys(99).as_bytes()).is_some());
        assert_eq!(emitted(keys(3).as_bytes()), None);
    }

    fn text() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            "[a-z]{1,3}",
            "[\\PC\\pC]",
            prop::sample::select(vec![
                "yes", "infinity", "null", "a: b", ":", " ", "/", "\"", "\\", "\n", "\u{8}", "\u{c}",
                "\u{0}", "\u{1f}", "\u{7f}", "\u{85}", "\u{2028}", "\u{feff}", "é", "#", "1", "",
            ])
            .prop_map(str::to_owned),
            Just("k".repeat(1100)),
        ];
        prop::collection::vec(part, 0..4).prop_map(|parts| parts.concat())
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            text().prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 60, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((text(), inner), 0..40)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_is_written_as_through_a_tree(
            value in json(),
            changed in prop::option::of((any::<prop::sample::Index>(), "[\"\\\\ ,:{}\\[\\]0-9eEubf/.\u{7f}é\n-]")),
        ) {
            let mut json = serde_json::to_string(&value).unwrap();
            if let Some((at, by)) = changed {
                let at = json.floor_char_boundary(at.index(json.len()));
                json.replace_range(at..json.ceil_char_boundary(at + 1), &by);
            }
            prop_assert_eq!(emitted(json.as_bytes()), through_a_tree(json.as_bytes()), "{}", json);
        }
    }
}
