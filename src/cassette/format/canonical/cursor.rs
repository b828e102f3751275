//! A position in a document, and the scalars that begin there.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::Unusual;

/// Longest key; the general reader looks for the colon for 1024 characters.
const MAX_KEY: usize = 1000;

/// A position in a document.
pub(super) struct Cursor<'de> {
    text: &'de str,
    at: usize,
    /// How many collections are open.
    pub(super) depth: usize,
}

impl<'de> Cursor<'de> {
    pub(super) fn new(text: &'de str) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at == self.text.len()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.rest().first().copied()
    }

    /// At the dash of an entry.
    pub(super) fn is_at_dash(&self) -> bool {
        self.rest().starts_with(b"- ")
    }

    /// At a key with its colon.
    pub(super) fn is_at_key(&self) -> bool {
        let mut ahead = Cursor { text: self.text, at: self.at, depth: 0 };
        ahead.key().is_ok() && matches!(ahead.peek(), Some(b' ' | b'\n'))
    }

    /// Goes over `byte`, if it is here.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let is_here = self.peek() == Some(byte);
        self.at += usize::from(is_here);
        is_here
    }

    /// Goes over so many ASCII characters that are known to be here.
    pub(super) fn skip(&mut self, bytes: usize) {
        self.at += bytes;
    }

    pub(super) fn skip_spaces(&mut self) {
        self.at += self.indentation();
    }

    /// The number of spaces here.
    pub(super) fn indentation(&self) -> usize {
        self.rest().iter().take_while(|byte| **byte == b' ').count()
    }

    /// How many lines begin in column `indent`, this one and those up to the first that begins before it.
    pub(super) fn lines_at(&self, indent: usize) -> usize {
        let mut ahead = Cursor { text: self.text, at: self.at, depth: 0 };
        let mut count = 1;
        while let Some(end) = memchr::memchr(b'\n', ahead.rest()) {
            ahead.skip(end + 1);
            match ahead.indentation().cmp(&indent) {
                Ordering::Less => break,
                Ordering::Equal => count += 1,
                Ordering::Greater => {}
            }
        }
        count
    }

    /// Goes to the next line; there may be nothing else on this one.
    pub(super) fn end_line(&mut self) -> Result<(), Unusual> {
        if self.take(b'\n') || self.is_at_end() { Ok(()) } else { Err(Unusual) }
    }

    /// A key and its colon, and whether it has quotes.
    pub(super) fn key(&mut self) -> Result<(Cow<'de, str>, bool), Unusual> {
        let start = self.at;
        let is_quoted = self.peek() == Some(b'"');
        let key = if is_quoted {
            self.quoted()?
        } else {
            if !self.peek().is_some_and(begins_word) {
                return Err(Unusual);
            }
            let is_inside = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_-./$".contains(byte);
            let length = self.rest().iter().take_while(is_inside).count();
            Cow::Borrowed(self.words(length)?)
        };
        let spelled = &self.text.as_bytes()[start..self.at];
        let is_simple = spelled.len() <= MAX_KEY && memchr::memchr(b'\n', spelled).is_none();
        if is_simple && self.take(b':') { Ok((key, is_quoted)) } else { Err(Unusual) }
    }

    /// A scalar without quotes, which is the rest of the line.
    pub(super) fn plain_line(&mut self) -> Result<&'de str, Unusual> {
        let rest = self.rest();
        let line = &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())];
        let begins = match line {
            [b'-', next, ..] => next.is_ascii_digit(),
            [first, ..] => begins_word(*first),
            [] => false,
        };
        let mut ends = memchr::memchr3_iter(b':', b'#', b'\t', line).map(|at| (line[at], at));
        let is_part = |(byte, at): (u8, usize)| match byte {
            b':' => line.get(at + 1).is_some_and(|next| *next != b' '),
            b'#' => line[at - 1] != b' ', // not at the beginning: that is a letter, a digit or a dash
            _ => false,
        };
        if begins && line.last() != Some(&b' ') && ends.all(is_part) {
            self.words(line.len())
        } else {
            Err(Unusual)
        }
    }

    /// A scalar without quotes between brackets; one without blanks.
    pub(super) fn plain_word(&mut self) -> Result<&'de str, Unusual> {
        let is_inside = |byte: &&u8| byte.is_ascii_alphanumeric() || b"-_./+=;%@~$&?".contains(byte);
        let rest = self.rest();
        let begins = match rest {
            [b'-', next, ..] => next.is_ascii_digit(),
            [first, ..] => begins_word(*first),
            [] => false,
        };
        let mut length = rest.iter().take_while(is_inside).count();
        if rest[length..].starts_with(b"://") {
            length += 3 + rest[length + 3..].iter().take_while(is_inside).count();
        }
        if begins { self.words(length) } else { Err(Unusual) }
    }

    /// A scalar in double quotes.
    pub(super) fn quoted(&mut self) -> Result<Cow<'de, str>, Unusual> {
        let mut decoded = String::new();
        self.at += 1;
        loop {
            let length = memchr::memchr3(b'"', b'\\', b'\n', self.rest()).ok_or(Unusual)?;
            let text = self.words(length)?;
            if self.take(b'"') {
                return Ok(if decoded.is_empty() { text.into() } else { (decoded + text).into() });
            }
            decoded.push_str(text);
            if !self.take(b'\\') {
                return Err(Unusual);
            }
            self.escape(&mut decoded)?;
        }
    }

    /// What stands behind a backslash.
    fn escape(&mut self, decoded: &mut String) -> Result<(), Unusual> {
        let letter = self.peek().ok_or(Unusual)?;
        self.at += 1;
        decoded.push(match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b' ' => ' ',
            b'u' => {
                let digits = self.text.get(self.at..self.at + 4).ok_or(Unusual)?;
                if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                    return Err(Unusual);
                }
                self.at += 4;
                // Half of a surrogate pair is for the general reader to refuse.
                u32::from_str_radix(digits, 16).ok().and_then(char::from_u32).ok_or(Unusual)?
            }
            b'\n' => {
                self.skip_spaces();
                return if matches!(self.peek(), Some(b'\n' | b'\t')) { Err(Unusual) } else { Ok(()) };
            }
            _ => return Err(Unusual),
        });
        Ok(())
    }

    /// A scalar as a block of lines, that belongs to what begins in column `parent`.
    pub(super) fn block_scalar(&mut self, parent: usize) -> Result<String, Unusual> {
        self.at += 1;
        let is_told = self.take(b'2');
        let chomping = self.peek().filter(|byte| matches!(byte, b'-' | b'+'));
        self.at += usize::from(chomping.is_some());
        if !self.take(b'\n') {
            return Err(Unusual);
        }
        let indent = if is_told { parent + 2 } else { self.indentation() };
        let begins_plainly = !matches!(self.rest().get(indent), None | Some(b'\n' | b'\t'));
        if indent <= parent || !(is_told || begins_plainly) {
            return Err(Unusual);
        }
        let mut text = String::new();
        loop {
            if self.take(b'\n') {
                text.push('\n');
                continue;
            }
            let found = self.indentation();
            if found < indent {
                // Blanks at the end of a block may belong to it or not.
                if matches!(self.rest().get(found), Some(b'\n' | b'\t')) {
                    return Err(Unusual);
                }
                break;
            }
            self.at += indent;
            let length = memchr::memchr(b'\n', self.rest()).ok_or(Unusual)?;
            text.push_str(self.words(length + 1)?);
        }
        let content = text.trim_end_matches('\n').len();
        match chomping {
            _ if content == 0 => return Err(Unusual),
            Some(b'+') => {}
            Some(_) => text.truncate(content),
            None => text.truncate(content + 1),
        }
        Ok(text)
    }

    fn rest(&self) -> &'de [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// Takes so many bytes.
    fn words(&mut self, length: usize) -> Result<&'de str, Unusual> {
        let taken = self.text.get(self.at..self.at + length).ok_or(Unusual)?;
        self.at += length;
        Ok(taken)
    }
}

fn begins_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'/')
}
