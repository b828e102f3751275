//! From the place that a pattern found to the value that stands there.

use std::ops::Range;

use super::rules::Place;
use super::shape::Shape;

/// Longest value that is looked at (bytes). A private key of 16384 bits is 12 KiB long in PEM.
const LONGEST: usize = 16 * 1024;

/// What stands between a field's name and its value: the name's quote; a colon, an equals sign, an arrow, or the `value`
/// of a pair, with what else is told of it in between; then what opens a list, a YAML tag, and `value` once more where
/// the value is an object.
const SEPARATOR: &str = concat!(
    r#"\]?(?:\\*["'])?(?:\s*:\s*|[ \t]*=>?[ \t]*|\s*,\s*(?:\\*"\w+\\*"\s*:[^,{}]*,\s*)*\\*["']?value\\*["']?\s*:\s*)"#,
    r#"(?:\[\s*|-\s+)?(?:!\S*\s+)?(?:\{?\s*\\*["']?\bvalue\\*["']?\s*:\s*)?"#,
);

/// What ends a value in a form, a query or a text.
const WORD_ENDS: &[u8] = b" \t\r\n\"'\\<>;,&)}]";

impl Place {
    /// The pattern as the automaton takes it.
    pub(super) fn pattern(self) -> String {
        match self {
            Self::Field(name, _) => format!(r"(?:{name}){SEPARATOR}"),
            Self::Named(name, _) => format!(r"\b(?:{name}){SEPARATOR}"),
            Self::Behind(pattern, _)
            | Self::Until(pattern, ..)
            | Self::Alone(pattern, _)
            | Self::UpTo(pattern, ..) => pattern.to_owned(),
        }
    }

    pub(super) fn shape(self) -> Shape {
        match self {
            Self::Field(_, shape)
            | Self::Named(_, shape)
            | Self::Behind(_, shape)
            | Self::Until(_, _, shape)
            | Self::Alone(_, shape)
            | Self::UpTo(_, _, _, shape) => shape,
        }
    }

    /// The value at the place that the pattern found, if there is one.
    pub(super) fn value(self, text: &[u8], found: Range<usize>) -> Option<Range<usize>> {
        match self {
            Self::Field(..) | Self::Named(..) => field(text, found),
            Self::Behind(..) => {
                let quote = text[found.end..].iter().take_while(|c| matches!(c, b'"' | b'\\')).count();
                Some(word(text, found.end + quote))
            }
            Self::Until(_, longest, _) => {
                let rest = &text[found.start.saturating_sub(longest)..found.start];
                let begins = rest.iter().rev().position(|c| !is_part(*c)).unwrap_or(rest.len());
                whole(text, found.start - begins..found.end)
            }
            Self::Alone(..) => {
                let joins =
                    |c: Option<u8>| c.is_some_and(|c| c.is_ascii_alphanumeric() || b"+/_-".contains(&c));
                let piece = joins(before(text, found.start).filter(|c| *c != b'/'))
                    || joins(text.get(found.end).copied());
                if piece { None } else { whole(text, found) }
            }
            Self::UpTo(_, end, longest, _) => {
                let rest = &text[found.end..text.len().min(found.end + longest)];
                memchr::memchr(end, rest).map(|length| found.end..found.end + length)
            }
        }
    }
}

fn before(text: &[u8], at: usize) -> Option<u8> {
    at.checked_sub(1).map(|before| text[before])
}

/// The range, unless a part of it is an escape: the view in which that is undone has the whole.
fn whole(text: &[u8], range: Range<usize>) -> Option<Range<usize>> {
    let percent = |at: usize| text[at..].len() > 2 && text[at + 1..at + 3].iter().all(u8::is_ascii_hexdigit);
    let escaped = before(text, range.start) == Some(b'\\')
        || memchr::memchr_iter(b'%', &text[range.clone()]).any(|at| percent(range.start + at));
    (!escaped).then_some(range)
}

fn is_part(c: u8) -> bool {
    c.is_ascii_alphanumeric() || b"._%+-".contains(&c)
}

/// The value behind a field's name: quoted (with as many backslashes as the text around asks for), a line of a block, or
/// bare.
fn field(text: &[u8], found: Range<usize>) -> Option<Range<usize>> {
    let at = found.end;
    let escapes = text[at..].iter().take_while(|c| **c == b'\\').count();
    match text.get(at + escapes)? {
        quote @ (b'"' | b'\'') => quoted(text, at + escapes + 1, *quote, escapes),
        b'{' | b'[' => None,
        b'|' | b'>' if escapes == 0 => block(text, at),
        _ => bare(text, found),
    }
}

/// Up to the quote that has no more backslashes than the one that began it.
fn quoted(text: &[u8], start: usize, quote: u8, escapes: usize) -> Option<Range<usize>> {
    let limit = text.len().min(start + LONGEST);
    let mut from = start;
    loop {
        let at = from + memchr::memchr(quote, &text[from..limit])?;
        let backslashes = text[start..at].iter().rev().take_while(|c| **c == b'\\').count();
        let doubled = quote == b'\'' && escapes == 0 && text.get(at + 1) == Some(&b'\'');
        if backslashes <= escapes && !doubled {
            return Some(start..at - backslashes);
        }
        from = at + 1 + usize::from(doubled);
        if from > limit {
            return None;
        }
    }
}

/// The first line of a YAML block scalar.
fn block(text: &[u8], at: usize) -> Option<Range<usize>> {
    let line = at + memchr::memchr(b'\n', &text[at..text.len().min(at + 8)])? + 1;
    let indent = text[line..].iter().take_while(|c| c.is_ascii_whitespace()).count();
    Some(to_line_end(text, line + indent))
}

fn to_line_end(text: &[u8], start: usize) -> Range<usize> {
    let limit = text.len().min(start + LONGEST);
    let end = memchr::memchr2(b'\n', b'\r', &text[start..limit]).map_or(limit, |length| start + length);
    let blank = text[start..end].iter().rev().take_while(|c| c.is_ascii_whitespace()).count();
    start..end - blank
}

/// A value without quotes. It has words of its own only where it fills the line of a YAML mapping.
fn bare(text: &[u8], found: Range<usize>) -> Option<Range<usize>> {
    let separator = &text[found.clone()];
    let named = separator.trim_ascii_end();
    if named.ends_with(b"=") || named.ends_with(b">") {
        return Some(word(text, found.end));
    }
    if separator[named.len()..].contains(&b'\n') {
        // What stands on the next line belongs to another name, or has names of its own.
        return None;
    }
    let name = |c: &&u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-');
    let mut before =
        text[..found.start].iter().rev().skip_while(name).skip_while(|c| matches!(c, b' ' | b'-'));
    let alone = matches!(before.next(), None | Some(b'\n'));
    if named.ends_with(b"[") {
        let line = to_line_end(text, found.end);
        let length = memchr::memchr2(b',', b']', &text[line.clone()]).unwrap_or(line.len());
        return Some(line.start..line.start + length);
    }
    if alone && !separator.contains(&b'"') {
        let line = to_line_end(text, found.end);
        let bytes = &text[line.clone()];
        let mapping = bytes.ends_with(b":") || memchr::memmem::find(bytes, b": ").is_some();
        return (!mapping).then_some(line);
    }
    let value = word(text, found.end);
    // Two words of a sentence, not a value: `password: must have eight characters`.
    let sentence = matches!(text.get(value.end), Some(b' '))
        && text.get(value.end + 1).is_some_and(u8::is_ascii_alphabetic);
    (!sentence).then_some(value)
}

/// Up to what ends a value in a form, a query or a text.
fn word(text: &[u8], start: usize) -> Range<usize> {
    let rest = &text[start..text.len().min(start + LONGEST)];
    let mut bytes = rest.iter().enumerate();
    // An equals sign within is another field's, unless it pads base64.
    let ends = |(at, c): (usize, &u8)| {
        WORD_ENDS.contains(c) || *c == b'=' && rest.get(at + 1).is_some_and(u8::is_ascii_alphanumeric)
    };
    let length = bytes.position(ends).unwrap_or(rest.len());
    start..start + length
}
