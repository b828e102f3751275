//! Text with its escapes taken off, and where each byte of it stood before.
//!
//! A value is looked for in what a reader makes of a text, and replaced in the text itself, whose other bytes stay.

use std::borrow::Cow;
use std::ops::Range;

/// Where the bytes of a view begin in the text that it is a view of.
#[derive(Debug, Clone)]
pub(super) enum Map {
    /// All so many bytes further on.
    Shift(usize),
    /// One place per byte, and one for the end.
    Places(Vec<u32>),
}

impl Map {
    fn place(&self, at: usize) -> usize {
        match self {
            Self::Shift(by) => at + by,
            Self::Places(places) => {
                places.get(at).or(places.last()).map_or(0, |place| usize::try_from(*place).unwrap_or(0))
            }
        }
    }

    /// The range of the text that this range of the view was made of.
    pub(super) fn range(&self, own: &Range<usize>) -> Range<usize> {
        self.place(own.start)..self.place(own.end)
    }

    /// The map of the part of the view that begins at `start`.
    pub(super) fn from(&self, start: usize) -> Self {
        match self {
            Self::Shift(by) => Self::Shift(by + start),
            Self::Places(places) => Self::Places(places.get(start..).unwrap_or_default().to_vec()),
        }
    }
}

/// Which escapes are taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escapes {
    /// JSON's and JavaScript's: `\u0040`, `\x40`, `\/`, `\n`.
    Backslash,
    /// `%40` (RFC 3986 §2.1).
    Percent,
    /// The same, and `+` for a space (WHATWG URL, forms).
    Form,
    /// The same for what stands behind the first `?`.
    Url,
    /// All of them but `+`, and HTML's `&#64;` and `&amp;`: for a text of which nobody knows who reads it.
    Any,
}

/// A text without its escapes.
pub(super) struct View {
    pub(super) text: Vec<u8>,
    pub(super) map: Map,
}

/// `text` without `escapes`; `None` when it has none. `map` says where `text` itself stood.
pub(super) fn unescaped(text: &[u8], map: &Map, escapes: Escapes) -> Option<View> {
    let mut at = first_escape(text, escapes)?;
    let mut out = Vec::with_capacity(text.len());
    let mut places = Vec::with_capacity(text.len() + 1);
    // No text is larger than a body may be, 64 MiB.
    let place = |at: usize| u32::try_from(map.place(at)).unwrap_or(u32::MAX);
    out.extend_from_slice(text.get(..at)?);
    places.extend((0..at).map(place));
    let mut changed = false;
    let mut in_query = escapes == Escapes::Form;
    while let Some(&byte) = text.get(at) {
        in_query |= escapes == Escapes::Url && byte == b'?';
        let rest = text.get(at..).unwrap_or_default();
        let escape = match byte {
            b'+' if in_query => Some((1, [b' ', 0, 0, 0], 1)),
            _ => escape(rest, escapes),
        };
        let (length, bytes, count) = escape.unwrap_or((1, [byte, 0, 0, 0], 1));
        changed |= escape.is_some();
        out.extend_from_slice(bytes.get(..count).unwrap_or_default());
        places.extend(std::iter::repeat_n(place(at), count));
        at += length;
    }
    places.push(place(text.len()));
    changed.then_some(View { text: out, map: Map::Places(places) })
}

/// `text` without any escapes at all, however often it was escaped: what a value is compared with.
pub(super) fn plain(text: &[u8], escapes: Escapes) -> Cow<'_, [u8]> {
    match unescaped(text, &Map::Shift(0), escapes) {
        Some(view) => Cow::Owned(view.text),
        None => Cow::Borrowed(text),
    }
}

/// The text that the bytes are, whatever is none of it replaced.
pub(super) fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    // Nearly all are: to say so at once costs a third of what it costs to go through them piece by piece.
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// Where the first escape is.
fn first_escape(text: &[u8], escapes: Escapes) -> Option<usize> {
    let is_one = |at: &usize| escape(text.get(*at..).unwrap_or_default(), escapes).is_some();
    match escapes {
        Escapes::Backslash => memchr::memchr_iter(b'\\', text).find(is_one),
        Escapes::Percent => memchr::memchr_iter(b'%', text).find(is_one),
        Escapes::Form => memchr::memchr2(b'%', b'+', text),
        Escapes::Url => {
            let (escape, query) = (memchr::memchr2(b'%', b'+', text)?, memchr::memchr(b'?', text));
            Some(query.map_or(escape, |query| query.min(escape)))
        }
        Escapes::Any => memchr::memchr3_iter(b'\\', b'%', b'&', text).find(is_one),
    }
}

/// Whether `text` has escapes that stand for letters or signs of addresses, not only for quotes and line ends.
pub(super) fn hides_letters(text: &[u8]) -> bool {
    memchr::memchr3_iter(b'\\', b'%', b'&', text).any(|at| {
        let rest = text.get(at..).unwrap_or_default();
        matches!(rest, [b'%' | b'&', ..] | [b'\\', b'u' | b'x', ..]) && escape(rest, Escapes::Any).is_some()
    })
}

/// The escape that `rest` begins with: its length, the bytes it stands for, and how many these are.
fn escape(rest: &[u8], escapes: Escapes) -> Option<(usize, [u8; 4], usize)> {
    let one = |length, byte| Some((length, [byte, 0, 0, 0], 1));
    match (*rest.first()?, escapes) {
        (b'%', Escapes::Percent | Escapes::Form | Escapes::Url | Escapes::Any) => {
            let code = hex(rest.get(1..3)?)?;
            one(3, u8::try_from(code).ok()?)
        }
        (b'\\', Escapes::Backslash | Escapes::Any) => match *rest.get(1)? {
            byte @ (b'"' | b'\\' | b'/' | b'\'') => one(2, byte),
            b'n' => one(2, b'\n'),
            b't' => one(2, b'\t'),
            b'r' => one(2, b'\r'),
            b'b' => one(2, 8),
            b'f' => one(2, 12),
            b'x' => one(4, u8::try_from(hex(rest.get(2..4)?)?).ok()?),
            b'u' => {
                let high = hex(rest.get(2..6)?)?;
                let low = (0xD800..0xDC00).contains(&high).then(|| {
                    let low = hex(rest.get(6..)?.strip_prefix(b"\\u")?.get(..4)?)?;
                    (0xDC00..0xE000).contains(&low).then_some(low)
                });
                match low.flatten() {
                    Some(low) => encoded(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00), 12),
                    None => encoded(high, 6),
                }
            }
            _ => None,
        },
        (b'&', Escapes::Any) => entity(rest),
        _ => None,
    }
}

/// Names of the characters that stand in addresses, or around them (HTML, named character references).
const ENTITIES: [(&[u8], u8); 10] = [
    (b"amp", b'&'),
    (b"lt", b'<'),
    (b"gt", b'>'),
    (b"quot", b'"'),
    (b"apos", b'\''),
    (b"commat", b'@'),
    (b"plus", b'+'),
    (b"period", b'.'),
    (b"colon", b':'),
    (b"sol", b'/'),
];

fn entity(rest: &[u8]) -> Option<(usize, [u8; 4], usize)> {
    let end = rest.iter().take(10).position(|byte| *byte == b';')?;
    let name = rest.get(1..end)?;
    let code = match name {
        [b'#', b'x' | b'X', digits @ ..] => hex(digits)?,
        [b'#', digits @ ..] => std::str::from_utf8(digits).ok()?.parse().ok()?,
        _ => u32::from(ENTITIES.iter().find(|(own, _)| *own == name)?.1),
    };
    encoded(code, end + 1)
}

fn encoded(code: u32, length: usize) -> Option<(usize, [u8; 4], usize)> {
    let mut bytes = [0; 4];
    let count = char::from_u32(code)?.encode_utf8(&mut bytes).len();
    Some((length, bytes, count))
}

fn hex(digits: &[u8]) -> Option<u32> {
    let valid = !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
    u32::from_str_radix(std::str::from_utf8(digits).ok().filter(|_| valid)?, 16).ok()
}

/// Deepest stack of escapes that is looked through.
const DEEPEST: usize = 4;

/// Calls `look` for `text` as it is read, first with `first` taken off, then with whatever other escapes are left.
/// `raw` says whether it also looks at the text itself, should `first` change it.
pub(super) fn each_level(
    text: &[u8],
    first: Option<Escapes>,
    raw: bool,
    mut look: impl FnMut(&[u8], &Map, Level),
) {
    let whole = Map::Shift(0);
    let mut view = first.and_then(|escapes| unescaped(text, &whole, escapes));
    match &view {
        Some(read) => {
            if raw {
                look(text, &whole, Level::Raw);
            }
            look(&read.text, &read.map, Level::Read);
        }
        None => look(text, &whole, Level::Read),
    }
    for _ in 0..DEEPEST {
        let deeper = match &view {
            Some(read) => unescaped(&read.text, &read.map, Escapes::Any),
            None => unescaped(text, &whole, Escapes::Any),
        };
        let Some(read) = deeper else { return };
        look(&read.text, &read.map, Level::Read);
        view = Some(read);
    }
}

/// What a level is to those who look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// As it is spelled: known values may stand there as they are, new ones cannot be told.
    Raw,
    /// As it is read.
    Read,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str, escapes: Escapes) -> String {
        String::from_utf8(plain(text.as_bytes(), escapes).into_owned()).unwrap()
    }

    #[test]
    fn escapes_are_taken_off() {
        for (escapes, text, expected) in [
            (Escapes::Backslash, r#"a\u0040b\/\"\x2D\ud83d\ude00\q"#, "a@b/\"-😀\\q"),
            (Escapes::Percent, "a%40b%2fc%zz+", "a@b/c%zz+"),
            (Escapes::Form, "a+b%2B", "a b+"),
            (Escapes::Url, "/a+b?c+d", "/a+b?c d"),
            (Escapes::Any, "a&#64;b&amp;c&#x40;&commat;&nbsp;%40\\/", "a@b&c@@&nbsp;@/"),
        ] {
            assert_eq!(read(text, escapes), expected);
        }
        assert!(unescaped(b"100%", &Map::Shift(0), Escapes::Any).is_none());
    }

    #[test]
    fn a_range_leads_back_to_what_it_was_made_of() {
        let text = br#"x\"q=bob\u002540x.com\""#;
        let mut found = Vec::new();
        each_level(text, Some(Escapes::Backslash), true, |level, map, _| {
            if let Some(at) = memchr::memmem::find(level, b"bob@x.com") {
                found.push(map.range(&(at..at + 9)));
            }
        });
        assert_eq!(found.len(), 1);
        assert_eq!(&text[found[0].clone()], br"bob\u002540x.com");
    }

    proptest! {
        #[test]
        fn every_byte_has_a_place(text in r#"[a%4&#;0\\u"+?é]{0,30}"#) {
            for escapes in [Escapes::Backslash, Escapes::Percent, Escapes::Form, Escapes::Url, Escapes::Any] {
                if let Some(view) = unescaped(text.as_bytes(), &Map::Shift(0), escapes) {
                    let Map::Places(places) = &view.map else { unreachable!() };
                    prop_assert_eq!(places.len(), view.text.len() + 1);
                    prop_assert!(places.is_sorted());
                    prop_assert_eq!(view.map.range(&(0..view.text.len())), 0..text.len());
                }
            }
        }
    }
}
