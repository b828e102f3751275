//! Header sections: looked at as one text, put together again line by line.

use std::ops::Range;

use ::http::{HeaderMap, HeaderName, HeaderValue, header};
use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::gather::Gatherer;
use super::part::{Kind, Part, What};
use super::tokens::authority_length;
use super::values::Values;
use crate::profile::StandInType;

/// What stands between two values in the text: no value holds it (RFC 9110 §5.5), and no pattern goes past it.
const END: u8 = 0;

/// How many values there may be for session cookies to be remembered: they change with every answer.
const MOST_COOKIES: usize = 4_000;

/// Shortest header value that is remembered (bytes): content security policies, which are the same in every answer.
const LONG: usize = 512;

/// Most values that are remembered.
const MOST_REMEMBERED: usize = 64;

/// What long header values became, for as long as no new value was learnt.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    /// How many values were known.
    known: usize,
    written: HashMap<HeaderValue, HeaderValue, RandomState>,
}

impl Remembered {
    fn of(&self, value: &HeaderValue, values: &Values) -> Option<HeaderValue> {
        let fits = value.len() >= LONG && self.known == values.len();
        if fits { self.written.get(value).cloned() } else { None }
    }

    fn keep(&mut self, value: &HeaderValue, written: &HeaderValue, values: &Values) {
        if value.len() < LONG {
            return;
        }
        if self.known != values.len() || self.written.len() >= MOST_REMEMBERED {
            self.written.clear();
            self.known = values.len();
        }
        self.written.insert(value.clone(), written.clone());
    }
}

/// A header section.
pub(super) struct Head {
    headers: HeaderMap,
    part: Part,
    lines: Vec<Range<usize>>,
    /// Places in `lines` of values that are not looked at again, and what they become.
    done: Vec<(usize, HeaderValue)>,
}

impl Head {
    pub(super) fn new(headers: HeaderMap, remembered: Option<&Remembered>, values: &Values) -> Self {
        let mut text = Vec::with_capacity(crate::http::total_size(&headers) + headers.len());
        let mut lines = Vec::with_capacity(headers.len());
        let mut done = Vec::new();
        for value in headers.values() {
            let start = text.len();
            if let Some(written) = remembered.and_then(|remembered| remembered.of(value, values)) {
                done.push((lines.len(), written));
            } else {
                text.extend_from_slice(value.as_bytes());
            }
            lines.push(start..text.len());
            text.push(END);
        }
        Self { headers, part: Part::new(text.into(), Kind::Headers), lines, done }
    }

    /// Finds values in it, makes them known, and notes the places.
    pub(super) fn gather(&mut self, gatherer: &mut Gatherer<'_>) {
        if self.headers.is_empty() {
            return;
        }
        for ((name, _), line) in self.headers.iter().zip(&self.lines) {
            gatherer.header(name, line, &mut self.part);
        }
        gatherer.gather(&mut self.part);
    }

    /// The headers with everything replaced.
    pub(super) fn render(
        mut self,
        values: &mut Values,
        mut remembered: Option<&mut Remembered>,
    ) -> HeaderMap {
        self.part.find_known(values);
        if self.part.places.is_empty() && self.done.is_empty() {
            for value in self.headers.values() {
                if let Some(remembered) = &mut remembered {
                    remembered.keep(value, value, values);
                }
            }
            return self.headers;
        }
        let is_known_anew = remembered.as_ref().is_some_and(|remembered| remembered.known != values.len());
        let mut kept = HeaderMap::with_capacity(self.headers.len());
        let mut done = self.done.into_iter().peekable();
        for (number, ((name, value), line)) in self.headers.iter().zip(self.lines).enumerate() {
            if let Some((_, written)) = done.next_if(|(own, _)| *own == number) {
                // What was learnt in this exchange may stand there, too.
                let again = if is_known_anew { known_replaced(&written, values) } else { None };
                kept.append(name, again.unwrap_or(written));
                continue;
            }
            let written = self.part.render_range(line, values).map_or_else(|| value.clone(), valid);
            if let Some(remembered) = &mut remembered {
                remembered.keep(value, &written, values);
            }
            kept.append(name, written);
        }
        kept
    }
}

/// The value with known values replaced, if it has any.
fn known_replaced(value: &HeaderValue, values: &mut Values) -> Option<HeaderValue> {
    let mut part = Part::new(value.as_bytes().to_vec().into(), Kind::Headers);
    part.find_known(values);
    part.render(values).map(valid)
}

fn valid(changed: Vec<u8>) -> HeaderValue {
    HeaderValue::try_from(changed).unwrap_or(HeaderValue::from_static("redacted"))
}

/// The parts of a `Set-Cookie` value: where each begins, and whether a cookie begins with it. Some recorders join lines with
/// commas, so that one may begin within an attribute: `Path=/, sid=1`.
fn cookie_parts(text: &[u8]) -> Vec<(usize, &[u8], bool)> {
    let mut parts = Vec::new();
    let (mut at, mut begins) = (0, true);
    for attribute in text.split(|byte| *byte == b';') {
        let mut from = 0;
        for comma in memchr::memchr_iter(b',', attribute) {
            let next = attribute[comma + 1..].trim_ascii_start();
            let name = memchr::memchr(b'=', next).and_then(|equals| next.get(..equals)).unwrap_or_default();
            let is_name = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b',' | b'"');
            if !name.is_empty() && name.iter().all(is_name) {
                parts.push((at + from, &attribute[from..comma], begins));
                (from, begins) = (comma + 1, true);
            }
        }
        parts.push((at + from, &attribute[from..], begins));
        begins = false;
        at += attribute.len() + 1;
    }
    parts
}

impl Gatherer<'_> {
    /// What a header's name tells about its value.
    fn header(&mut self, name: &HeaderName, line: &Range<usize>, part: &mut Part) {
        let text = part.text.slice(line.clone());
        if *name == header::SET_COOKIE {
            return self.set_cookie(&text, line.start, part);
        }
        if *name == header::CONTENT_SECURITY_POLICY || *name == header::CONTENT_SECURITY_POLICY_REPORT_ONLY {
            return self.policy(&text, line.start, part);
        }
        if let Some(of_type) = self.rules.profile.sensitive.header(name) {
            self.sensitive(of_type, &text, line, false, &mut part.places);
        }
    }

    /// A `Set-Cookie` value (RFC 6265 §4.1): a secret one goes, the API's domain becomes the stand-in's.
    fn set_cookie(&mut self, text: &[u8], start: usize, part: &mut Part) {
        for (at, attribute, begins) in cookie_parts(text) {
            let equals = memchr::memchr(b'=', attribute).unwrap_or(attribute.len());
            let name = String::from_utf8_lossy(attribute.get(..equals).unwrap_or_default()).into_owned();
            let value = attribute.get(equals + 1..).unwrap_or_default();
            let from = start + at + equals + 1 + value.len() - value.trim_ascii_start().len();
            let value = value.trim_ascii();
            let place = from..from + value.len();
            if begins {
                if self.rules.profile.sensitive.cookie(name.trim()).is_some() {
                    self.cookie(value);
                    // A value that is empty clears the cookie: no secret, and a client must see it.
                    if !matches!(value, b"" | b"\"\"") {
                        part.places.add(&place, What::Text("redacted"), false);
                    }
                }
            } else if name.trim().eq_ignore_ascii_case("domain")
                && let Some(main) = self.hosts.main()
                && let Some(known) = self.hosts.main_known()
                && main.host().as_bytes().ends_with(value.strip_prefix(b".").unwrap_or(value))
            {
                part.places.add(&place, What::Value(known.id), false);
            }
        }
    }

    /// A session cookie's value, which may also stand elsewhere.
    fn cookie(&mut self, value: &[u8]) {
        if let Ok(value) = std::str::from_utf8(value)
            && value != "redacted"
            && StandInType::Cookie.is_distinctive(value)
            && self.values.len() < MOST_COOKIES
        {
            self.values.learn(value, StandInType::Cookie);
        }
    }

    /// The hosts that a content security policy names without a scheme.
    fn policy(&mut self, text: &[u8], start: usize, part: &mut Part) {
        let mut at = 0;
        for word in text.split(|byte| matches!(byte, b' ' | b';' | b',')) {
            let host = word.strip_prefix(b"*.").unwrap_or(word);
            let length = authority_length(host);
            let whole = host.get(length).is_none_or(|byte| matches!(byte, b'/' | b':'));
            let name = std::str::from_utf8(host.get(..length).unwrap_or_default()).unwrap_or_default();
            if whole
                && name.contains('.')
                && let Some(known) = self.hosts.lookup(name, self.values)
            {
                let from = start + at + word.len() - host.len();
                part.places.add(&(from..from + length), What::Value(known.id), false);
            }
            at += word.len() + 1;
        }
    }

    /// Credentials that are not written at all, and so that they are not written elsewhere either.
    pub(super) fn credentials(&mut self, headers: &HeaderMap) {
        for name in [header::AUTHORIZATION, header::PROXY_AUTHORIZATION] {
            for value in headers.get_all(&name) {
                let Ok(value) = value.to_str() else { continue };
                let (scheme, token) = value.split_once(' ').unwrap_or(("", value));
                let mut nowhere = Part::new(bytes::Bytes::new(), Kind::Text);
                if scheme.eq_ignore_ascii_case("basic") {
                    self.basic(token.trim().as_bytes());
                } else if StandInType::Token.is_distinctive(token) {
                    self.sensitive(StandInType::Token, token.as_bytes(), &(0..0), false, &mut nowhere.places);
                }
            }
        }
        for value in headers.get_all(header::COOKIE) {
            for pair in value.as_bytes().split(|byte| *byte == b';') {
                let equals = memchr::memchr(b'=', pair).unwrap_or(pair.len());
                let (name, value) = pair.split_at(equals);
                let name = String::from_utf8_lossy(name).into_owned();
                if self.rules.profile.sensitive.cookie(name.trim()).is_some() {
                    self.cookie(value.get(1..).unwrap_or_default().trim_ascii());
                }
            }
        }
    }
}
