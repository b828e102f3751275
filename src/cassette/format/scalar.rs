//! Scalars as YAML text: plain where every reader agrees, quoted or as a block otherwise.

use std::fmt::Write;

/// Longest key, as written, that is put before its colon; libyaml looks for the colon for 1024 characters.
const MAX_SIMPLE_KEY: usize = 1000;

/// What a YAML 1.1 reader takes for a boolean, a null or a number although it looks like a word.
const WORDS: [&str; 12] =
    ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf", "infinity"];

/// Of [`WORDS`] (bytes).
const LONGEST_WORD: usize = "infinity".len();

/// Enough blanks for the deepest entry.
const BLANKS: &str = match std::str::from_utf8(&[b' '; 160]) {
    Ok(blanks) => blanks,
    Err(_) => "",
};

/// What a text is made of, as far as it decides how it is written: all its bytes are looked at once.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Bytes(u8);

/// One that a plain value cannot hold.
const NO_TEXT: u8 = 1;
/// One that a plain key cannot hold.
const NO_KEY: u8 = 2;
const COLON: u8 = 4;
/// One that may be part of a character that is written as an escape, besides control characters of ASCII.
const WIDE: u8 = 8;
/// One that a JSON string has an escape for.
const QUOTE: u8 = 16;

const KINDS: [u8; 256] = kinds();

const fn kinds() -> [u8; 256] {
    let mut kinds = [0; 256];
    let mut byte = 0_u8;
    loop {
        kinds[byte as usize] = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => 0,
            b':' => NO_KEY | COLON,
            b' ' | b'.' | b'/' | b'+' | b'=' | b';' | b',' | b'?' | b'&' | b'%' | b'@' | b'~' | b'*'
            | b'(' | b')' | b'\'' | b'$' => NO_KEY,
            b'"' | b'\\' | 0..b' ' => NO_TEXT | NO_KEY | QUOTE,
            0x7f.. => NO_TEXT | NO_KEY | WIDE,
            _ => NO_TEXT | NO_KEY,
        };
        if byte == u8::MAX {
            return kinds;
        }
        byte += 1;
    }
}

impl Bytes {
    fn of(text: &str) -> Self {
        let mut own = Self::default();
        own.add(text.as_bytes());
        own
    }

    /// Counts in these bytes of a JSON string.
    pub(super) fn add(&mut self, part: &[u8]) {
        let (eights, rest) = part.as_chunks::<8>();
        let all = |seen, bytes: &[u8]| bytes.iter().fold(seen, |seen, byte| seen | kind(*byte));
        self.0 = all(eights.iter().fold(self.0, |seen, eight| all(seen, eight)), rest);
    }

    /// Whether one of them is none that stands in a JSON string.
    pub(super) fn is_no_json(self) -> bool {
        self.0 & QUOTE != 0
    }

    /// Counts in a character that JSON and YAML both write as this escape.
    pub(super) fn escape(&mut self) {
        self.0 |= NO_TEXT | NO_KEY;
    }

    /// Counts in a character that YAML may write otherwise than JSON.
    pub(super) fn respell(&mut self) {
        self.0 |= NO_TEXT | NO_KEY | WIDE;
    }

    /// Whether some character may be written otherwise in YAML than in JSON.
    pub(super) fn is_respelled(self) -> bool {
        self.0 & WIDE != 0
    }

    /// Whether readers of every YAML version take bare `text`, which is made of these, for this very string.
    #[inline]
    pub(super) fn are_plain(self, text: &str) -> bool {
        self.0 & NO_TEXT == 0 && begins_and_ends_plain(text) && (self.0 & COLON == 0 || !text.contains(": "))
    }

    /// The same for the key of an entry.
    #[inline]
    pub(super) fn are_plain_key(self, text: &str) -> bool {
        self.0 & NO_KEY == 0 && begins_and_ends_plain(text)
    }
}

fn kind(byte: u8) -> u8 {
    KINDS.get(usize::from(byte)).copied().unwrap_or_default()
}

#[inline]
fn begins_and_ends_plain(text: &str) -> bool {
    let ([first, ..], [.., last]) = (text.as_bytes(), text.as_bytes()) else { return false };
    let begins = first.is_ascii_alphabetic() || matches!(first, b'_' | b'/');
    begins && !matches!(last, b' ' | b':') && !(text.len() <= LONGEST_WORD && is_word(text, *first))
}

fn is_word(text: &str, first: u8) -> bool {
    // Nearly no text begins like one.
    matches!(first | 0x20, b'y' | b'n' | b'o' | b't' | b'f' | b'i')
        && WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// Appends `text` as a one-line scalar: plain if that is certainly safe, in double quotes otherwise.
pub(crate) fn push_text(out: &mut String, text: &str) {
    if Bytes::of(text).are_plain(text) { out.push_str(text) } else { push_quoted(out, text) }
}

/// Appends `key` with its colon. Long ones become explicit keys (`? "…"`), which have no limit.
pub(crate) fn push_key(out: &mut String, key: &str, indent: usize) {
    let start = out.len();
    if Bytes::of(key).are_plain_key(key) {
        out.push_str(key);
    } else {
        push_quoted(out, key);
    }
    end_key(out, start, indent);
}

/// Ends a key that was written from `start` on.
#[inline]
pub(super) fn end_key(out: &mut String, start: usize, indent: usize) {
    if out.len() - start > MAX_SIMPLE_KEY {
        out.insert_str(start, "? ");
        out.push('\n');
        push_indent(out, indent);
    }
    out.push(':');
}

/// Appends `text` in double quotes on one line. Every string can be carried so: JSON's escapes are YAML's too.
fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    push_escaped(out, text);
    out.push('"');
}

/// Appends `text` in double quotes, with a line break after each of its own, the next line at `indent`.
pub(super) fn push_quoted_lines(out: &mut String, text: &str, indent: usize) {
    out.push('"');
    for (index, line) in text.split_inclusive('\n').enumerate() {
        if index > 0 {
            out.push_str("\\\n");
            push_indent(out, indent);
            if line.starts_with(' ') {
                out.push('\\'); // a blank at a line's beginning would be taken for indentation
            }
        }
        push_escaped(out, line);
    }
    out.push('"');
}

fn push_escaped(out: &mut String, text: &str) {
    let mut done = 0;
    for (at, c) in text.char_indices() {
        let short = match c {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            c if is_invisible(c) => "",
            _ => continue,
        };
        out.push_str(&text[done..at]);
        done = at + c.len_utf8();
        if short.is_empty() {
            // Writing to a string cannot fail.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push_str(short);
        }
    }
    out.push_str(&text[done..]);
}

/// Whether a block scalar gives `text` back unchanged.
pub(crate) fn fits_block(text: &str) -> bool {
    text.contains(|c| c != '\n') && !text.contains(|c| is_invisible(c) && !matches!(c, '\n' | '\t'))
}

/// Appends `text`, for which [`fits_block`] holds, as a block scalar with its lines at `indent`, which is two
/// deeper than its key. Ends with a line break.
pub(crate) fn push_block(out: &mut String, text: &str, indent: usize) {
    out.push('|');
    if text.starts_with([' ', '\t', '\n']) {
        out.push('2'); // else the first line's blanks would be taken for indentation
    }
    match text.strip_suffix('\n') {
        None => out.push('-'),
        Some(rest) if rest.ends_with('\n') => out.push('+'),
        Some(_) => {}
    }
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        out.push('\n');
        if !line.is_empty() {
            push_indent(out, indent);
            out.push_str(line);
        }
    }
    out.push('\n');
}

/// Appends `indent` spaces.
pub(crate) fn push_indent(out: &mut String, indent: usize) {
    match BLANKS.get(..indent) {
        Some(blanks) => out.push_str(blanks),
        None => out.extend(std::iter::repeat_n(' ', indent)),
    }
}

/// Characters that YAML cannot carry, that it takes for line breaks, or that would make a line read differently
/// from what it says (bidirectional controls): always written as escapes.
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> String {
        let mut out = String::new();
        push_text(&mut out, text);
        out
    }

    #[test]
    fn words_that_another_reader_takes_for_something_else_are_quoted() {
        for word in
            ["yes", "No", "ON", "null", "~", "y", "1", "0x1f", "1:30", "2020-04-22", ".5", "", "-", "<<", "="]
        {
            assert_eq!(text(word), format!("\"{word}\""));
        }
        for word in
            [" a", "a ", "a: b", "a:", "a #b", "[a]", "{a}", "*/*", "&a", "!a", "|", "> a", "% a", "@a", "`"]
        {
            assert_eq!(text(word), format!("\"{word}\""));
        }
        for word in
            ["sms", "application/json; charset=UTF-8", "/api/v1/users?limit=2&q=a%20b", "https://a.test:1"]
        {
            assert_eq!(text(word), word);
        }
    }

    #[test]
    fn what_cannot_be_seen_is_written_as_an_escape() {
        assert_eq!(
            text("a\u{85}\u{2028}\u{feff}\u{0}\u{7f}\u{202e}é\t\"\\"),
            r#""a\u0085\u2028\ufeff\u0000\u007f\u202eé\t\"\\""#
        );
    }

    #[test]
    fn a_key_too_long_to_be_simple_is_explicit() {
        let mut out = String::new();
        push_key(&mut out, &"k".repeat(2000), 4);
        assert!(out.starts_with("? kkk") && out.ends_with("kkk\n    :"));
    }
}
