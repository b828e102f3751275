//! Header sections: looked at as one text, put together again line by line.

use std::ops::Range;

use ::http::{HeaderMap, HeaderName, HeaderValue, header};

use super::gather::Gatherer;
use super::part::{Kind, Part, What};
use super::tokens::authority_length;
use super::values::Values;
use crate::profile::StandInType;

/// What stands between two values in the text: no value holds it (RFC 9110 §5.5), and no pattern goes past it.
const END: u8 = 0;

/// How many values there may be for session cookies to be remembered: they change with every answer.
const MOST_COOKIES: usize = 4_000;

/// A header section.
pub(super) struct Head {
    headers: HeaderMap,
    part: Part,
    lines: Vec<Range<usize>>,
}

impl Head {
    pub(super) fn new(headers: HeaderMap) -> Self {
        let mut text = Vec::with_capacity(crate::http::total_size(&headers) + headers.len());
        let mut lines = Vec::with_capacity(headers.len());
        for value in headers.values() {
            lines.push(text.len()..text.len() + value.len());
            text.extend_from_slice(value.as_bytes());
            text.push(END);
        }
        Self { headers, part: Part::new(text.into(), Kind::Headers), lines }
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
    pub(super) fn render(mut self, values: &mut Values) -> HeaderMap {
        self.part.find_known(values);
        if self.part.places.is_empty() {
            return self.headers;
        }
        let mut kept = HeaderMap::with_capacity(self.headers.len());
        for ((name, value), line) in self.headers.iter().zip(self.lines) {
            let changed = self.part.render_range(line, values);
            let value = match changed {
                Some(changed) => {
                    HeaderValue::try_from(changed).unwrap_or(HeaderValue::from_static("redacted"))
                }
                None => value.clone(),
            };
            kept.append(name, value);
        }
        kept
    }
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
        let mut at = 0;
        for attribute in text.split(|byte| *byte == b';') {
            let equals = memchr::memchr(b'=', attribute).unwrap_or(attribute.len());
            let name = String::from_utf8_lossy(attribute.get(..equals).unwrap_or_default()).into_owned();
            let value = attribute.get(equals + 1..).unwrap_or_default();
            let from = start + at + equals + 1 + value.len() - value.trim_ascii_start().len();
            let value = value.trim_ascii();
            let place = from..from + value.len();
            if at == 0 {
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
            at += attribute.len() + 1;
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
