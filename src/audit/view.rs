//! A text as it is read: as it stands, or with one spelling undone, and the way back to where it stands.

use std::borrow::Cow;

use data_encoding::{BASE64_NOPAD, HEXLOWER_PERMISSIVE};

use crate::http::Coding;

/// Largest text that is unpacked from base64 or gzip (bytes).
const UNPACKED: usize = 16 * 1024 * 1024;

/// Longest stretch that is read as percent-encoded, to each side of an escape (bytes).
const STRETCH: usize = 64 * 1024;

/// One reading of a text.
#[derive(Debug)]
pub(super) struct View<'a> {
    text: Cow<'a, [u8]>,
    origin: Origin<'a>,
}

/// From a position in this view to one in the text that is audited.
#[derive(Debug)]
enum Origin<'a> {
    /// It is the text itself.
    Text,
    /// Undone escapes: pairs of positions here and in the other view, between which both advance alike.
    Unescaped(Vec<(usize, usize)>, &'a View<'a>),
    /// Unpacked from what begins at this position of the other view.
    Unpacked(usize, &'a View<'a>),
}

impl<'a> View<'a> {
    /// The text as it stands.
    pub(super) fn whole(text: &'a [u8]) -> Self {
        Self { text: Cow::Borrowed(text), origin: Origin::Text }
    }

    /// What was unpacked from the bytes that begin at `start`.
    pub(super) fn inside(&'a self, plain: Vec<u8>, start: usize) -> Self {
        Self { text: Cow::Owned(plain), origin: Origin::Unpacked(start, self) }
    }

    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Where what stands here stands in the text that is audited.
    pub(super) fn origin(&self, at: usize) -> usize {
        match &self.origin {
            Origin::Text => at,
            Origin::Unescaped(steps, view) => {
                let step = steps.partition_point(|(here, _)| *here <= at).saturating_sub(1);
                let (here, there) = steps.get(step).copied().unwrap_or_default();
                view.origin(there + (at - here.min(at)))
            }
            Origin::Unpacked(start, view) => view.origin(*start),
        }
    }

    /// Whether it was unpacked, so that several positions here are one in the text.
    pub(super) fn is_unpacked(&self) -> bool {
        match &self.origin {
            Origin::Text => false,
            Origin::Unescaped(_, view) => view.is_unpacked(),
            Origin::Unpacked(..) => true,
        }
    }

    /// Gives the readings with backslash escapes undone and with percent escapes undone, where there are any.
    pub(super) fn spelled_otherwise(&self, mut read: impl FnMut(&View<'_>)) {
        if has_escapes(&self.text) {
            let mut undone = Undone::default();
            unescape(&self.text, &mut undone);
            read(&undone.view(self));
        }
        let mut behind = 0;
        for at in memchr::memchr_iter(b'%', &self.text) {
            if at < behind || percent(&self.text, at).is_none() {
                continue;
            }
            let ends = |c: &u8| c.is_ascii_whitespace() || b"\"'<>".contains(c);
            let before = &self.text[behind.max(at.saturating_sub(STRETCH))..at];
            let start = at - before.iter().rev().position(ends).unwrap_or(before.len());
            let after = &self.text[at..self.text.len().min(at + STRETCH)];
            behind = at + after.iter().position(ends).unwrap_or(after.len());
            let mut undone = Undone::default();
            undone.percent(&self.text[..behind], start);
            read(&undone.view(self));
        }
    }
}

/// A text in the making, with escapes undone.
#[derive(Default)]
struct Undone {
    text: Vec<u8>,
    steps: Vec<(usize, usize)>,
}

impl Undone {
    fn view<'a>(self, of: &'a View<'a>) -> View<'a> {
        View { text: Cow::Owned(self.text), origin: Origin::Unescaped(self.steps, of) }
    }

    /// Says that what is added next stands at `there`.
    fn step(&mut self, there: usize) {
        self.steps.push((self.text.len(), there));
    }

    fn percent(&mut self, text: &[u8], start: usize) {
        self.step(start);
        let mut at = start;
        while at < text.len() {
            if let Some(byte) = percent(text, at) {
                self.step(at);
                self.text.push(byte);
                at += 3;
                self.step(at);
            } else {
                self.text.push(text[at]);
                at += 1;
            }
        }
    }
}

/// The byte that `%XX` at `at` stands for (RFC 3986 section 2.1).
fn percent(text: &[u8], at: usize) -> Option<u8> {
    if text.get(at) != Some(&b'%') {
        return None;
    }
    let byte = HEXLOWER_PERMISSIVE.decode(text.get(at + 1..at + 3)?).ok()?;
    byte.first().copied()
}

/// Whether there is a backslash escape but those before quotes, which the patterns read as they are.
fn has_escapes(text: &[u8]) -> bool {
    let mut behind = 0;
    memchr::memchr_iter(b'\\', text).any(|at| {
        if at < behind {
            return false;
        }
        behind = at + text[at..].iter().take_while(|c| **c == b'\\').count();
        text.get(behind).is_some_and(|c| b"nrtux/\n".contains(c))
    })
}

/// Undoes the escapes of JSON (RFC 8259 section 7) and of YAML's double quotes (YAML 1.2.2 section 5.7), once.
fn unescape(text: &[u8], undone: &mut Undone) {
    undone.step(0);
    let mut done = 0;
    for at in memchr::memchr_iter(b'\\', text) {
        if at < done {
            continue;
        }
        let Some((plain, length)) = escape(&text[at..]) else { continue };
        undone.text.extend_from_slice(&text[done..at]);
        undone.step(at);
        let mut utf8 = [0; 4];
        undone.text.extend(plain.map(|c| c.encode_utf8(&mut utf8).as_bytes()).unwrap_or_default());
        done = at + length;
        undone.step(done);
    }
    undone.text.extend_from_slice(&text[done..]);
}

/// What the escape at the beginning stands for, which is nothing for a folded line, and how long it is.
fn escape(text: &[u8]) -> Option<(Option<char>, usize)> {
    let hex = |range: std::ops::Range<usize>| {
        let digits = std::str::from_utf8(text.get(range)?).ok()?;
        char::from_u32(u32::from_str_radix(digits, 16).ok()?)
    };
    Some(match text.get(1)? {
        b'n' => (Some('\n'), 2),
        b'r' => (Some('\r'), 2),
        b't' => (Some('\t'), 2),
        c @ (b'"' | b'\\' | b'/') => (Some(char::from(*c)), 2),
        b'u' => (Some(hex(2..6)?), 6),
        b'x' => (Some(hex(2..4)?), 4),
        b'\n' => {
            let indent = text[2..].iter().take_while(|c| matches!(c, b' ' | b'\t')).count();
            (None, 2 + indent)
        }
        b' ' => (Some(' '), 2),
        _ => return None,
    })
}

/// What the base64 at `start` holds, unpacked if it was gzipped, and where it ends. Nothing if that is no text.
pub(super) fn decoded(text: &[u8], start: usize) -> (Option<Vec<u8>>, usize) {
    let mut letters = Vec::new();
    let mut at = start;
    while let Some(c) = text.get(at) {
        match c {
            b'+' | b'/' => letters.push(*c),
            b'-' => letters.push(b'+'),
            b'_' => letters.push(b'/'),
            c if c.is_ascii_alphanumeric() => letters.push(*c),
            b'\r' | b'\n' | b' ' => {}
            b'\\' if text.get(at + 1) == Some(&b'n') => at += 1,
            _ => break,
        }
        at += 1;
    }
    letters.truncate(letters.len() - usize::from(letters.len() % 4 == 1));
    let plain = BASE64_NOPAD.decode(&letters).ok().filter(|bytes| bytes.len() >= 8).and_then(|bytes| {
        let plain = if bytes.starts_with(&[0x1f, 0x8b]) {
            Coding::Gzip.decode(&bytes, UNPACKED).ok()?.to_vec()
        } else {
            bytes
        };
        let text = std::str::from_utf8(&plain).ok()?;
        let printable = !text.chars().any(|c| c.is_control() && !c.is_ascii_whitespace());
        printable.then_some(plain)
    });
    (plain, at)
}
