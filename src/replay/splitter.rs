//! Finds the open places of recorded texts.

use std::collections::HashMap;
use std::ops::Range;

use ::http::{HeaderMap, HeaderName, HeaderValue, header};
use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;

use super::spelling::Spelling;
use super::template::{Slot, Template};
use super::time::{FoundTime, TimeFinder};
use super::variables::Variables;
use crate::http::{LinkFinder, ValueFinder, is_text, may_have_link};
use crate::matching::{begins_alone, goes_on};
use crate::profile::StandInType;

/// Finds links to recorded origins and stand-ins of personal values.
#[derive(Debug)]
pub(super) struct Splitter {
    /// Per recorded origin; empty when links stay as they are.
    links: Vec<LinkFinder>,
    /// Stand-ins that are known wherever they occur.
    distinctive: ValueFinder<(usize, Spelling)>,
    /// The others: known as whole values only.
    whole: HashMap<Box<[u8]>, usize>,
    /// `None`: times are told as recorded.
    times: Option<TimeFinder>,
}

/// What kind of text it is: decides how a value is spelled in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Medium {
    /// A JSON document.
    Json,
    /// HTML, or XML.
    Markup,
    /// The value of a header.
    Header,
    /// Any other text.
    Text,
}

impl Medium {
    /// Of a message with these headers; `None`: no text in which anything is looked for.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let media = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        let media = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match media.as_str() {
            "application/x-www-form-urlencoded" => return Some(Self::Text),
            // An event's data is JSON more often than not, and the rest has no strings.
            "text/event-stream" => return Some(Self::Json),
            _ => {}
        }
        is_text(headers).then(|| {
            if media.ends_with("json") {
                Self::Json
            } else if media.ends_with("html") || media.ends_with("xml") {
                Self::Markup
            } else {
                Self::Text
            }
        })
    }
}

impl Splitter {
    /// `links`: whether links get another origin; `times`: which times get another clock's.
    pub(super) fn new(variables: &Variables, links: bool, times: Option<TimeFinder>) -> Self {
        let origins = variables.origins().iter().filter(|_| links);
        let mut all = Self {
            links: origins.map(|own| LinkFinder::new(&own.origin)).collect(),
            distinctive: ValueFinder::default(),
            whole: HashMap::new(),
            times,
        };
        for (number, variable) in variables.values() {
            // A login's stand-in is a plain word, however long its number makes it.
            let word = variable.of_type == StandInType::Login;
            if word || !variable.of_type.is_distinctive(&variable.text) {
                all.whole.insert(variable.text.as_bytes().into(), number);
                continue;
            }
            for spelling in Spelling::RECOGNISED {
                all.distinctive.add(&spelling.of(&variable.text), (number, spelling));
            }
        }
        all
    }

    /// Whether links get another origin, and cookies follow them.
    pub(super) fn has_links(&self) -> bool {
        !self.links.is_empty()
    }

    /// The text with its open places; `None` when it has none.
    pub(super) fn split(&self, text: &Bytes, medium: Medium) -> Option<Template> {
        Template::new(text, self.slots(text, medium))
    }

    /// A header's value with its open places; `None` when it has none.
    pub(super) fn split_header(&self, name: &HeaderName, value: &HeaderValue) -> Option<Template> {
        let mut slots = self.slots(value.as_bytes(), Medium::Header);
        slots.extend(self.time(name, value));
        if slots.is_empty() {
            return None;
        }
        Template::new(&Bytes::copy_from_slice(value.as_bytes()), slots)
    }

    /// A cookie with its open places; its `Domain` is one, if it is a recorded origin's.
    pub(super) fn split_cookie(&self, cookie: &HeaderValue) -> Option<Template> {
        let text = Bytes::copy_from_slice(cookie.as_bytes());
        let mut slots = self.slots(&text, Medium::Header);
        slots.extend(self.domain(&text));
        slots.extend(self.time(&header::SET_COOKIE, cookie));
        Template::new(&text, slots)
    }

    fn slots(&self, text: &[u8], medium: Medium) -> Vec<(Range<usize>, Slot)> {
        let mut slots = Vec::new();
        self.add_links(text, &mut slots);
        self.add_distinctive(text, medium, &mut slots);
        if !self.whole.is_empty() {
            if medium == Medium::Json {
                self.add_strings(text, &mut slots);
            }
            self.add_words(text, medium, &mut slots);
        }
        self.add_claims(text, &mut slots);
        if let Some(times) = &self.times {
            if medium == Medium::Json {
                slots.extend(times.in_json(text).into_iter().map(as_slot));
            }
            add_times_of_claims(times, text, &mut slots);
        }
        slots
    }

    fn time(&self, name: &HeaderName, value: &HeaderValue) -> Option<(Range<usize>, Slot)> {
        self.times.as_ref()?.in_header(name, value).map(as_slot)
    }

    fn domain(&self, cookie: &[u8]) -> Option<(Range<usize>, Slot)> {
        let lower = cookie.to_ascii_lowercase();
        let start = memchr::memmem::find(&lower, b"domain=")? + "domain=".len();
        let start = start + usize::from(lower.get(start) == Some(&b'.'));
        let end = memchr::memchr(b';', &lower[start..]).map_or(lower.len(), |length| start + length);
        let number = self.links.iter().position(|own| own.host().as_bytes() == &lower[start..end])?;
        Some((start..end, Slot::Host(number)))
    }

    fn add_links(&self, text: &[u8], slots: &mut Vec<(Range<usize>, Slot)>) {
        if self.links.is_empty() || !may_have_link(text) {
            return;
        }
        for (number, finder) in self.links.iter().enumerate() {
            slots.extend(
                finder.find_iter(text).map(|link| (link.start..link.end, Slot::Link(number, link.form))),
            );
        }
    }

    fn add_distinctive(&self, text: &[u8], medium: Medium, slots: &mut Vec<(Range<usize>, Slot)>) {
        for (range, &(number, spelling)) in self.distinctive.find_iter(text) {
            if !begins_alone(text, range.start) || goes_on(&text[range.end..]) {
                continue;
            }
            let spelling = match spelling {
                Spelling::Plain => plain(medium, range.start.checked_sub(1).map(|at| text[at])),
                other => other,
            };
            slots.push((range, Slot::Value(number, spelling)));
        }
    }

    /// Whole JSON strings, object keys aside.
    fn add_strings(&self, text: &[u8], slots: &mut Vec<(Range<usize>, Slot)>) {
        let mut at = 0;
        while let Some(open) = memchr::memchr(b'"', &text[at..]) {
            let start = at + open + 1;
            let mut end = start;
            while let Some(&byte) = text.get(end).filter(|&&byte| byte != b'"') {
                end += if byte == b'\\' { 2 } else { 1 };
            }
            let Some(content) = text.get(start..end) else { return };
            at = (end + 1).min(text.len());
            let after = text[at..].iter().find(|byte| !byte.is_ascii_whitespace());
            if let Some(&number) = self.whole.get(content).filter(|_| after != Some(&b':')) {
                slots.push((start..end, Slot::Value(number, Spelling::Json)));
            }
        }
    }

    /// Whole segments of paths and whole values of queries, forms, attributes, elements and headers.
    fn add_words(&self, text: &[u8], medium: Medium, slots: &mut Vec<(Range<usize>, Slot)>) {
        let mut start = 0;
        for word in text.split(|byte| is_delimiter(*byte)) {
            let range = start..start + word.len();
            start = range.end + 1;
            let Some(&number) = self.whole.get(word) else { continue };
            let before = range.start.checked_sub(1).map(|at| text[at]);
            let after = text.get(range.end).copied();
            let spelling = match (before, after) {
                (Some(b'/' | b'='), Some(b'=')) => None,
                (Some(own @ (b'/' | b'=')), _) => Some(plain(medium, Some(own))),
                (Some(b'>'), Some(b'<')) if medium == Medium::Markup => Some(Spelling::Html),
                (Some(one @ (b'"' | b'\'')), Some(other)) if one == other && medium == Medium::Markup => {
                    Some(Spelling::Html)
                }
                (None, None) => Some(Spelling::Plain),
                _ => None,
            };
            if let Some(spelling) = spelling {
                slots.push((range, Slot::Value(number, spelling)));
            }
        }
    }

    /// The claims of tokens whose signature was left out; with a signature they are no business of ours.
    fn add_claims(&self, text: &[u8], slots: &mut Vec<(Range<usize>, Slot)>) {
        for at in memchr::memmem::find_iter(text, b".redacted") {
            let claims = at - text[..at].iter().rev().take_while(|byte| is_base64url(**byte)).count();
            let Some(before) = claims.checked_sub(1).filter(|&dot| text[dot] == b'.') else { continue };
            let head = before - text[..before].iter().rev().take_while(|byte| is_base64url(**byte)).count();
            if !text[head..before].starts_with(b"eyJ") {
                continue;
            }
            if let Ok(decoded) = BASE64URL_NOPAD.decode(&text[claims..at])
                && let Some(template) = self.split(&decoded.into(), Medium::Json)
            {
                slots.push((claims..at, Slot::Claims(Box::new(template))));
            }
        }
    }
}

fn as_slot((range, time): FoundTime) -> (Range<usize>, Slot) {
    (range, Slot::Time(Box::new(time)))
}

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-".contains(&byte)
}

/// The times in claims of tokens that have a signature. It does not hold for what is told then; but who checks it checks
/// first whether the token has lapsed, and who does not, is served.
fn add_times_of_claims(times: &TimeFinder, text: &[u8], slots: &mut Vec<(Range<usize>, Slot)>) {
    let word = |from: usize| from + text[from..].iter().take_while(|byte| is_base64url(**byte)).count();
    for head in memchr::memmem::find_iter(text, b"eyJ") {
        let dot = word(head);
        let claims = dot + 1;
        if text.get(dot) != Some(&b'.') || slots.iter().any(|(range, _)| range.start == claims) {
            continue;
        }
        let end = word(claims);
        if let Some(b'.') = text.get(end)
            && let Ok(decoded) = BASE64URL_NOPAD.decode(&text[claims..end]).map(Bytes::from)
            && let found = times.in_json(&decoded)
            && let Some(template) = Template::new(&decoded, found.into_iter().map(as_slot).collect())
        {
            slots.push((claims..end, Slot::Claims(Box::new(template))));
        }
    }
}

/// How a value is spelled that stands plainly behind `before`: inside a URL it may not end the part it stands in.
fn plain(medium: Medium, before: Option<u8>) -> Spelling {
    match (before, medium) {
        (Some(b'/'), _) => Spelling::Segment,
        (Some(b'='), _) => Spelling::Query,
        (_, Medium::Json) => Spelling::Json,
        (_, Medium::Markup) => Spelling::Html,
        (_, Medium::Header | Medium::Text) => Spelling::Plain,
    }
}

/// What ends a whole value.
fn is_delimiter(byte: u8) -> bool {
    byte.is_ascii_whitespace() || b"\"'/?&=#<>;,\\".contains(&byte)
}
