//! The stand-ins of one cassette, found in its requests: there a live client may send something else.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD};

use super::node::Node;
use super::shape::{begins_alone, goes_on};
use super::text::Text;
use crate::http::{LinkFinder, Origin, SHORTEST, ValueFinder, percent_decoded};
use crate::profile::{DISTINCTIVE, StandInType};

/// How often a text is looked into that stands in another, and how often escapes are taken off.
pub(super) const DEEPEST: usize = 4;

/// The stand-ins of one cassette.
#[derive(Debug, Default)]
pub(crate) struct StandIns {
    /// Those that no other text looks like.
    distinctive: ValueFinder<(Open, Coding)>,
    /// Those that are words.
    words: HashMap<Box<[u8]>, Open>,
    /// The origins, by number.
    links: Vec<LinkFinder>,
}

/// What a stand-in takes the place of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    /// The personal value of this number.
    Variable(usize),
    /// The origin of this number.
    Origin(usize),
    /// A secret.
    Secret,
}

/// What was sent in the place of a stand-in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Capture {
    /// What the stand-in takes the place of.
    pub(crate) sort: Sort,
    /// The value, without escapes; of a link, scheme and authority.
    pub(crate) value: Box<[u8]>,
}

/// A stand-in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Open {
    sort: Sort,
    of_type: StandInType,
}

/// How a stand-in is spelled.
#[derive(Debug, Clone, Copy)]
pub(super) enum Coding {
    Plain,
    Base64,
}

/// An open place of a recorded text.
#[derive(Debug)]
pub(super) enum Hole {
    /// A stand-in.
    Value(Open, Coding),
    /// A link to the origin of this number, up to the end of its authority.
    Link(usize),
    /// A JSON Web Token (RFC 7519) whose signature was left out, and its claims: every run has another one.
    Token(Box<Node>),
    /// Base64 of a text that has open places.
    Coded(Box<Text>),
}

impl StandIns {
    /// Makes a stand-in known.
    pub(crate) fn add(&mut self, text: &str, sort: Sort, of_type: StandInType) {
        let open = Open { sort, of_type };
        if text.len() < SHORTEST || text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            self.words.insert(text.as_bytes().into(), open);
        } else {
            self.distinctive.add(text.as_bytes(), (open, Coding::Plain));
            self.distinctive.add(percent_encoded(text).as_bytes(), (open, Coding::Plain));
        }
        if let Some(digits) = text.strip_prefix('+') {
            // A `+` that was not escaped is read as a space.
            self.distinctive.add(format!(" {digits}").as_bytes(), (open, Coding::Plain));
        }
        for encoding in [BASE64_NOPAD, BASE64URL_NOPAD] {
            self.distinctive.add(encoding.encode(text.as_bytes()).as_bytes(), (open, Coding::Base64));
        }
    }

    /// Makes the next origin known.
    pub(crate) fn add_origin(&mut self, origin: &Origin) {
        let open = Open { sort: Sort::Origin(self.links.len()), of_type: StandInType::Host };
        self.distinctive.add(origin.authority().as_bytes(), (open, Coding::Plain));
        self.links.push(LinkFinder::new(origin));
    }

    /// The open places of a text that stands so deep in others, from left to right.
    pub(super) fn find(&self, text: &[u8], depth: usize) -> Vec<(Range<usize>, Hole)> {
        let mut found = Vec::new();
        if depth < DEEPEST {
            self.coded(text, depth + 1, &mut found);
        }
        for (number, finder) in self.links.iter().enumerate() {
            found.extend(finder.find_iter(text).map(|link| (link.start..link.end, Hole::Link(number))));
        }
        for (range, (open, coding)) in self.distinctive.find_iter(text) {
            let rest = &text[range.end..];
            let padding = match coding {
                Coding::Plain if rest.first().is_some_and(u8::is_ascii_digit) => continue,
                Coding::Plain => 0,
                Coding::Base64 => rest.iter().take_while(|byte| **byte == b'=').count().min(2),
            };
            found.push((range.start..range.end + padding, Hole::Value(*open, *coding)));
        }
        self.words(text, &mut found);
        found.sort_by_key(|(range, _)| range.start);
        let mut end = 0;
        found.retain(|(range, _)| {
            let is_free = range.start >= end;
            end = if is_free { range.end } else { end };
            is_free
        });
        found
    }

    fn words(&self, text: &[u8], found: &mut Vec<(Range<usize>, Hole)>) {
        if self.words.is_empty() {
            return;
        }
        let mut at = 0;
        while let Some(before) = text[at..].iter().position(u8::is_ascii_alphanumeric) {
            let start = at + before;
            at = start + text[start..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
            // The digits of an escape are no part of the word behind it.
            let escaped = text[..start].ends_with(b"%")
                && text[start..at].get(..2).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit));
            let word = start + if escaped { 2 } else { 0 }..at;
            if let Some(open) = self.words.get(&text[word.clone()])
                && begins_alone(text, word.start)
                && !goes_on(&text[word.end..])
            {
                found.push((word, Hole::Value(*open, Coding::Plain)));
            }
        }
    }

    /// JSON in base64, tokens among it.
    fn coded(&self, text: &[u8], depth: usize, found: &mut Vec<(Range<usize>, Hole)>) {
        let mut from = 0;
        for start in memchr::memmem::find_iter(text, b"eyJ") {
            let letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/_-.=".contains(byte);
            if start < from || text[..start].last().is_some_and(u8::is_ascii_alphanumeric) {
                continue;
            }
            let length = text[start..].iter().take_while(|byte| letter(byte)).count();
            let trailing = text[start..start + length].iter().rev().take_while(|byte| **byte == b'.').count();
            from = start + length - trailing;
            if let Some(hole) = self.token_or_json(&text[start..from], depth) {
                found.push((start..from, hole));
            }
        }
    }

    fn token_or_json(&self, coded: &[u8], depth: usize) -> Option<Hole> {
        let mut parts = coded.split(|byte| *byte == b'.');
        if let (Some(_), Some(claims), Some(b"redacted"), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        {
            let claims = serde_json::from_slice(&decoded(claims)?).ok()?;
            return Some(Hole::Token(Box::new(Node::of(&claims, self, depth))));
        }
        let text = Text::of(&decoded(coded)?, self, depth);
        text.is_open().then(|| Hole::Coded(Box::new(text)))
    }
}

impl Hole {
    /// Whether `run` may stand in this place; then `captures` gets what it tells. `in_path`: it is (a part of) a segment.
    pub(super) fn takes(&self, run: &[u8], in_path: bool, captures: &mut Vec<Capture>) -> bool {
        let value = match self {
            Self::Value(open, Coding::Plain) => open.value(run, in_path).map(|value| (open.sort, value)),
            Self::Value(open, Coding::Base64) => {
                if !run.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/_-=".contains(byte)) {
                    return false;
                }
                // What stood at another place of a longer text has no value of its own.
                let Some(value) = decoded(run) else { return true };
                let Some(value) = open.value(&value, false) else { return true };
                Some((open.sort, Cow::Owned(value.into_owned())))
            }
            Self::Link(number) => origin(run).map(|origin| (Sort::Origin(*number), origin)),
            Self::Token(claims) => return takes_token(claims, run, captures),
            Self::Coded(text) => {
                return decoded(run).is_some_and(|sent| text.fits(&sent, false, captures));
            }
        };
        let Some((sort, value)) = value else { return false };
        captures.push(Capture { sort, value: value.into_owned().into() });
        true
    }
}

impl Open {
    /// What `run` says, if it may stand in the place of this stand-in.
    fn value(self, run: &[u8], in_path: bool) -> Option<Cow<'_, [u8]>> {
        if self.of_type.is_secret() {
            let enough = !run.is_empty() && (!in_path || run.len() >= DISTINCTIVE);
            return enough.then_some(Cow::Borrowed(run));
        }
        let value = unescaped(run);
        let spaced = value.iter().any(u8::is_ascii_whitespace);
        match self.of_type {
            StandInType::Email => (value.contains(&b'@') && !spaced).then_some(value),
            StandInType::Phone => phone(value),
            StandInType::Login => (!spaced && is_login(&value)).then_some(value),
            StandInType::Host => {
                let text = std::str::from_utf8(&value).ok()?;
                let origin = Origin::parse(&format!("https://{text}")).ok()?;
                Some(Cow::Owned(origin.to_string().into_bytes()))
            }
            _ => (!value.is_empty()).then_some(value),
        }
    }
}

/// A login that is no address may be nearly any word. An identifier that a server made is none.
fn is_login(value: &[u8]) -> bool {
    let is_made = value.len() >= 16
        && value.first().is_some_and(u8::is_ascii_digit)
        && value.iter().all(u8::is_ascii_alphanumeric);
    value.len() > 2 && !is_made && !value.iter().any(|byte| b"/?#\"<>&".contains(byte))
}

fn phone(value: Cow<'_, [u8]>) -> Option<Cow<'_, [u8]>> {
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let others = value.iter().all(|byte| byte.is_ascii_digit() || b"+-(). x".contains(byte));
    if digits < 7 || !others {
        return None;
    }
    match &*value {
        [b' ', rest @ ..] if rest.iter().all(u8::is_ascii_digit) => Some(Cow::Owned([b"+", rest].concat())),
        _ => Some(value),
    }
}

/// Scheme and authority of a link, however its slashes are spelled.
fn origin(run: &[u8]) -> Option<Cow<'static, [u8]>> {
    let text = String::from_utf8(unescaped(run).into_owned()).ok()?;
    let (scheme, authority) = text.split_once("//")?;
    let scheme = if scheme.eq_ignore_ascii_case("http:") { "http" } else { "https" };
    let origin = Origin::parse(&format!("{scheme}://{authority}")).ok()?;
    Some(Cow::Owned(origin.to_string().into_bytes()))
}

fn takes_token(claims: &Node, run: &[u8], captures: &mut Vec<Capture>) -> bool {
    let letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte);
    if !run.starts_with(b"eyJ") || !run.iter().all(letter) {
        return false;
    }
    let sent = run.split(|byte| *byte == b'.').nth(1).and_then(decoded);
    if let Some(sent) = sent.and_then(|sent| serde_json::from_slice(&sent).ok()) {
        claims.glean(&sent, captures);
    }
    true
}

/// What base64 of any kind says (RFC 4648 §4, §5), padded or not.
pub(super) fn decoded(coded: &[u8]) -> Option<Vec<u8>> {
    let padding = coded.iter().rev().take_while(|byte| **byte == b'=').count();
    let coded = &coded[..coded.len() - padding];
    let url = coded.iter().any(|byte| b"-_".contains(byte));
    if url { BASE64URL_NOPAD.decode(coded).ok() } else { BASE64_NOPAD.decode(coded).ok() }
}

/// The text without the escapes of JSON and URLs, however often it was escaped.
fn unescaped(text: &[u8]) -> Cow<'_, [u8]> {
    let mut text = Cow::Borrowed(text);
    for _ in 0..DEEPEST {
        let plain = if text.contains(&b'\\') {
            let Ok(plain) = serde_json::from_slice::<String>(&[b"\"", &*text, b"\""].concat()) else { break };
            plain.into_bytes()
        } else {
            match percent_decoded(&text) {
                Cow::Owned(plain) if *plain != *text => plain,
                _ => break,
            }
        };
        text = Cow::Owned(plain);
    }
    text
}

/// Percent-encoded, with all but letters, digits and `-._~` escaped (RFC 3986 §2.3).
fn percent_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
