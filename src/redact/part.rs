//! One part of an exchange: its text, and the places in it that are replaced.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, Encoding};

use super::places::Places;
use super::values::{Id, Spelling, Values};
use super::view::{Escapes, Level, Map, each_level, lossy, plain};
use crate::http::ByteSet;

/// How a text is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A URL, or its path and query.
    Url,
    /// Header values, one per line.
    Headers,
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `multipart/form-data` (RFC 7578).
    Multipart,
    /// Any other text.
    Text,
    /// Not text: only known values are looked for.
    Binary,
}

impl Kind {
    /// The escapes that its readers take off first.
    fn escapes(self) -> Option<Escapes> {
        match self {
            Self::Url => Some(Escapes::Url),
            Self::Form => Some(Escapes::Form),
            Self::Json => Some(Escapes::Backslash),
            Self::Headers | Self::Multipart | Self::Text | Self::Binary => None,
        }
    }

    fn is_url(self) -> bool {
        matches!(self, Self::Url | Self::Form)
    }
}

/// What comes into a place.
#[derive(Debug)]
pub(super) enum What {
    /// The stand-in of a value.
    Value(Id),
    /// The same, as a JSON number.
    Number(Id),
    /// The base64 of the stand-in.
    Base64(Id, &'static Encoding),
    /// This text.
    Text(&'static str),
    /// A coded text, with what is replaced in it.
    Coded(Box<Coded>),
}

/// A text that stands in another in a coding.
#[derive(Debug)]
pub(super) struct Coded {
    /// Its parts between dots, each with its coding; a JWT has two, anything else one.
    pub(super) parts: Vec<(Part, &'static Encoding)>,
    /// How it is spelled as it is, without percent signs.
    pub(super) spelled: Vec<u8>,
    /// Each part has a dot behind it, as a JWT's have.
    pub(super) dotted: bool,
    /// What comes behind the parts: a JWT's signature.
    pub(super) tail: String,
}

/// What is written in a place.
enum Written {
    StandIn(Arc<str>),
    Other(Vec<u8>),
}

impl Written {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::StandIn(text) => text.as_bytes(),
            Self::Other(text) => text,
        }
    }
}

/// A text and what is replaced in it.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) text: Bytes,
    pub(super) kind: Kind,
    pub(super) places: Places,
    /// It was looked through, and nothing in it is escaped.
    is_bare: bool,
}

impl Part {
    pub(super) fn new(text: Bytes, kind: Kind) -> Self {
        Self { text, kind, places: Places::default(), is_bare: false }
    }

    /// Calls `look` for the text as it is read, level by level.
    pub(super) fn each_level(&mut self, raw: bool, mut look: impl FnMut(&[u8], &Map, Level, &mut Places)) {
        let Self { text, kind, places, is_bare } = self;
        if *is_bare {
            return look(text, &Map::Shift(0), Level::Read, places);
        }
        let (mut levels, mut escaped) = (0, false);
        each_level(text, kind.escapes(), raw && *kind != Kind::Json, |text, map, level| {
            levels += 1;
            escaped |= !matches!(map, Map::Shift(_));
            look(text, map, level, places);
        });
        *is_bare = levels == 1 && !escaped;
    }

    /// Adds the places where known values stand.
    pub(super) fn find_known(&mut self, values: &Values) {
        let in_url = self.kind.is_url();
        let binary = self.kind == Kind::Binary;
        let root = self.text.clone();
        self.each_level(true, |text, map, _, places| {
            for (range, id, spelling) in values.find(text) {
                let place = map.range(&range);
                match spelling {
                    Spelling::Plain => places.add(&place, What::Value(id), in_url),
                    Spelling::Base64 { url } => {
                        let padded = root.get(place.end..).unwrap_or_default();
                        let pad = padded.iter().take_while(|byte| **byte == b'=').count().min(2);
                        let padded = pad > 0 || (!url && range.len().is_multiple_of(4));
                        let place = place.start..place.end + pad;
                        places.add(&place, What::Base64(id, encoding(url, padded)), in_url);
                    }
                }
            }
            let longest = if binary { 0 } else { values.longest_short_login() };
            for range in segments(text, longest) {
                if let Some(id) = values.short_login(&text[range.clone()]) {
                    places.add(&map.range(&range), What::Value(id), in_url);
                }
            }
        });
        for place in self.places.in_order() {
            if let What::Coded(coded) = &mut place.what {
                coded.parts.iter_mut().for_each(|(part, _)| part.find_known(values));
            }
        }
    }

    /// The text with everything replaced; `None` when that changes nothing.
    pub(super) fn render(&mut self, values: &mut Values) -> Option<Vec<u8>> {
        self.render_range(0..self.text.len(), values)
    }

    /// The same for a range of the text.
    pub(super) fn render_range(&mut self, within: Range<usize>, values: &mut Values) -> Option<Vec<u8>> {
        let mut out: Option<Vec<u8>> = None;
        let mut from = within.start;
        let Self { text, kind, places, .. } = self;
        let places = places.in_order();
        let first = places.partition_point(|place| place.range.start < within.start);
        for place in places[first..].iter_mut().take_while(|place| place.range.start < within.end) {
            let Range { start, end } = place.range;
            let Some(source) = text.get(start..end).filter(|_| end <= within.end) else { continue };
            let Some(written) = place.what.written(source, place.in_url || kind.is_url(), values) else {
                continue;
            };
            let out = out.get_or_insert_with(|| Vec::with_capacity(within.len() + 64));
            out.extend_from_slice(text.get(from..start).unwrap_or_default());
            out.extend_from_slice(written.bytes());
            from = end;
        }
        let mut out = out?;
        out.extend_from_slice(text.get(from..within.end).unwrap_or_default());
        Some(out)
    }
}

/// What is never percent-encoded (RFC 3986 §2.3).
const UNRESERVED: ByteSet = ByteSet::of(b"-._~").and_alphanumeric();

/// What ends a path segment, wherever the path stands.
const SEGMENT_ENDS: ByteSet = ByteSet::of(b"/?#\"'&<> \t\r\n;,)\\\0");

/// The path segments that stand in a text, of those that are at most `longest` bytes long.
fn segments(text: &[u8], longest: usize) -> impl Iterator<Item = Range<usize>> {
    let slashes = if longest == 0 { &[] } else { text };
    memchr::memchr_iter(b'/', slashes).filter_map(move |slash| {
        let start = slash + 1;
        let length = SEGMENT_ENDS.until(&text[start..text.len().min(start + longest + 1)]);
        (length <= longest).then_some(start..start + length)
    })
}

/// Codings, indexed by being the URL's and by being padded.
static ENCODINGS: [[Encoding; 2]; 2] = [[BASE64_NOPAD, BASE64], [BASE64URL_NOPAD, BASE64URL]];

/// The base64 of URLs and JWTs or of everything else, padded or not.
pub(super) fn encoding(url: bool, padded: bool) -> &'static Encoding {
    &ENCODINGS[usize::from(url)][usize::from(padded)]
}

/// The one that `text` is in, as far as can be told.
pub(super) fn encoding_of(text: &[u8]) -> &'static Encoding {
    let url = text.iter().any(|byte| matches!(byte, b'-' | b'_'));
    encoding(url, text.ends_with(b"=") || (!url && text.len().is_multiple_of(4)))
}

impl What {
    /// What is written in place of `source`; `None` to leave it.
    fn written(&mut self, source: &[u8], in_url: bool, values: &mut Values) -> Option<Written> {
        let other = match self {
            Self::Text(text) => (text.as_bytes() != source).then(|| text.as_bytes().to_vec())?,
            Self::Value(id) => {
                let stand_in = values.stand_in(*id);
                let value = values.text(*id);
                if *stand_in == *value {
                    return None;
                }
                match respelled(&stand_in, source, in_url, value) {
                    Some(other) => other,
                    None => return Some(Written::StandIn(stand_in)),
                }
            }
            Self::Number(id) => {
                let number = values.number(*id, source.len());
                (number.as_bytes() != source).then_some(number.into_bytes())?
            }
            Self::Base64(id, encoding) => {
                let coded = encoding.encode(values.stand_in(*id).as_bytes());
                spelled(&coded, source, in_url, "")
            }
            Self::Coded(coded) => coded.written(source, in_url, values)?,
        };
        Some(Written::Other(other))
    }
}

impl Coded {
    fn written(&mut self, source: &[u8], in_url: bool, values: &mut Values) -> Option<Vec<u8>> {
        let mut out = String::new();
        let originals = self.spelled.split(|byte| *byte == b'.');
        for ((part, encoding), original) in self.parts.iter_mut().zip(originals) {
            match part.render(values) {
                Some(changed) => out.push_str(&encoding.encode(&changed)),
                None => out.push_str(&lossy(original)),
            }
            out.push_str(if self.dotted { "." } else { "" });
        }
        out.push_str(&self.tail);
        let value = lossy(&self.spelled);
        (out.as_bytes() != self.spelled).then(|| spelled(&out, source, in_url, &value))
    }
}

/// How `text` is spelled where `source` stood, which a reader takes for `value`: percent-encoded where that was, else
/// as it is. No text that is put in holds anything that JSON or HTML would escape.
fn spelled(text: &str, source: &[u8], in_url: bool, value: &str) -> Vec<u8> {
    respelled(text, source, in_url, value).unwrap_or_else(|| text.into())
}

/// The same; `None` when that is as it is.
fn respelled(text: &str, source: &[u8], in_url: bool, value: &str) -> Option<Vec<u8>> {
    if UNRESERVED.span(text.as_bytes()) == text.len() {
        return None;
    }
    let once = plain(source, Escapes::Percent);
    let is_encoded = matches!(once, Cow::Owned(_));
    let once_only = is_encoded && (value.is_empty() || once.len() == value.len());
    // A `+` stands for a space in a query; one that stood there itself did not.
    let plus = (is_encoded || in_url) && !source.starts_with(b"+");
    let may_change = |byte: u8| once_only || (plus && byte == b'+');
    if !text.bytes().any(may_change) {
        return None;
    }
    let mut out = Vec::with_capacity(text.len() + 8);
    for &byte in text.as_bytes() {
        if (once_only && !UNRESERVED.has(byte)) || (plus && byte == b'+') {
            out.extend_from_slice(format!("%{byte:02X}").as_bytes());
        } else {
            out.push(byte);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn segments_are_what_stands_between_a_slash_and_an_end(text in "[ab/?\"\\\\ ]{0,40}", longest in 1_usize..8) {
            let mut expected = Vec::new();
            for (slash, _) in text.match_indices('/') {
                let rest = &text[slash + 1..];
                let length = rest.find(['/', '?', '"', '\\', ' ']).unwrap_or(rest.len());
                if length <= longest {
                    expected.push(slash + 1..slash + 1 + length);
                }
            }
            let found: Vec<_> = segments(text.as_bytes(), longest).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_plus_is_escaped_only_where_it_would_be_a_space() {
        let plus = |source: &[u8], in_url| String::from_utf8(spelled("+1555", source, in_url, "")).unwrap();
        assert_eq!(plus(b"+4917", true), "+1555");
        assert_eq!(plus(b"%2B4917", true), "%2B1555");
        assert_eq!(plus(b"04917", true), "%2B1555");
        assert_eq!(plus(b"04917", false), "+1555");
    }
}
