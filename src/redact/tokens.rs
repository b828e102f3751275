//! What is found wherever it stands: patterns, JWTs and other coded JSON, credentials, links.

use std::ops::Range;
use std::sync::LazyLock;

use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use memchr::memmem::Finder;
use regex::bytes::Regex;

use super::gather::Gatherer;
use super::part::{Coded, Kind, Part, What, encoding, encoding_of};
use super::places::Places;
use super::view::{Escapes, Map, plain};
use crate::http::ByteSet;
use crate::profile::StandInType;

/// `Basic` credentials (RFC 7617).
static BASIC: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\b[Bb]asic\s+([A-Za-z0-9+/_-]{6,}={0,2})").ok());

/// What they all have in them.
static BASIC_SCHEME: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("asic"));

/// What `{"` is in base64.
static CODED_JSON: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("eyJ"));

/// What base64 is made of, of both alphabets.
const BASE64: ByteSet = ByteSet::of(b"+/_-").and_alphanumeric();

/// What the authority of a URL is made of, its user too (RFC 3986 §3.2).
const AUTHORITY: ByteSet = ByteSet::of(b"-._~:[]@%!$+*").and_alphanumeric();

/// What the name of a host is made of.
const HOST: ByteSet = ByteSet::of(b"-._").and_alphanumeric();

/// What the name of a parameter is made of.
const NAME: ByteSet = ByteSet::of(b"_").and_alphanumeric();

/// What ends a parameter's value, whatever the link stands in.
const VALUE_ENDS: ByteSet = ByteSet::of(b"&#\"'<> \t\r\n\\;,)\0");

/// What stands in place of a JWT's signature.
const SIGNATURE: &str = "redacted";

impl Gatherer<'_> {
    /// Looks at one level of a text.
    pub(super) fn level(&mut self, text: &[u8], map: &Map, in_url: bool, places: &mut Places) {
        // Before the patterns: `user:password@host` looks like an address.
        self.links(text, map, places);
        self.patterns(text, map, in_url, places);
        self.coded(text, map, in_url, places);
        self.parameters(text, map, places);
    }

    fn patterns(&mut self, text: &[u8], map: &Map, in_url: bool, places: &mut Places) {
        let has_address = memchr::memchr(b'@', text).is_some();
        let rules = self.rules;
        for pattern in rules.profile.sensitive.patterns() {
            let of_type = pattern.of_type;
            if of_type == StandInType::Email && !has_address {
                continue;
            }
            pattern.each(text, |value| {
                let range = match of_type {
                    StandInType::Email => address(text, value),
                    StandInType::Jwt => Some(whole_jwt(text, value)),
                    StandInType::Phone if is_piece(text, value.start) => None,
                    _ => Some(value),
                };
                let Some(range) = range else { return };
                let value = text.get(range.clone()).unwrap_or_default();
                if pattern.takes(value) {
                    self.sensitive(of_type, value, &map.range(&range), in_url, places);
                }
            });
        }
    }

    /// What is found in bytes that are no text: secrets that tell where they begin and end, and addresses that chance
    /// does not make.
    pub(super) fn binary(&mut self, bytes: &[u8], places: &mut Places) {
        let rules = self.rules;
        for pattern in rules.profile.sensitive.patterns() {
            let of_type = pattern.of_type;
            let is_email = of_type == StandInType::Email;
            if !is_email && !of_type.is_secret() {
                continue;
            }
            pattern.each(bytes, |range| {
                let value = bytes.get(range.clone()).unwrap_or_default();
                if pattern.takes(value) && (!is_email || is_no_chance(value)) {
                    self.sensitive(of_type, value, &range, false, places);
                }
            });
        }
    }

    /// `Basic` credentials, and JSON in base64.
    fn coded(&mut self, text: &[u8], map: &Map, in_url: bool, places: &mut Places) {
        let basic = BASIC.iter().filter(|_| BASIC_SCHEME.find(text).is_some());
        for found in basic.flat_map(|basic| basic.captures_iter(text)) {
            let Some(value) = found.get(1) else { continue };
            if let Some(coded) = self.basic(value.as_bytes()) {
                places.add(&map.range(&value.range()), coded, in_url);
            }
        }
        let mut from = 0;
        for start in CODED_JSON.find_iter(text) {
            let before = start.checked_sub(1).and_then(|at| text.get(at));
            if start < from || before.is_some_and(|byte| BASE64.has(*byte)) {
                continue;
            }
            let rest = text.get(start..).unwrap_or_default();
            let length = BASE64.span(rest);
            let padding = rest.iter().skip(length).take_while(|byte| **byte == b'=').count().min(2);
            from = start + length + padding;
            let place = map.range(&(start..from));
            if places.is_free(&place)
                && let Some(coded) = self.coded_json(text.get(start..from).unwrap_or_default())
            {
                places.add(&place, coded, in_url);
            }
        }
    }

    /// A JWT (RFC 7519) whose claims can be read.
    pub(super) fn jwt(&mut self, text: &[u8]) -> Option<What> {
        let segments: Vec<_> = text.split(|byte| *byte == b'.').collect();
        let [head, claims, signature] = segments.as_slice() else { return None };
        let mut parts = Vec::with_capacity(2);
        for coded in [head, claims] {
            let json = BASE64URL_NOPAD.decode(coded).ok().filter(|json| json.starts_with(b"{"))?;
            parts.push((self.nested(json.into()), encoding(true, false)));
        }
        // One without a signature has none to hide; one of ours stays.
        let kept = signature.is_empty() || signature.starts_with(b"overdub");
        let tail = if kept { String::from_utf8_lossy(signature).into_owned() } else { SIGNATURE.to_owned() };
        Some(What::Coded(Box::new(Coded { parts, spelled: text.to_vec(), tail, dotted: true })))
    }

    fn coded_json(&mut self, text: &[u8]) -> Option<What> {
        if text.len() < 12 {
            return None;
        }
        let encoding = encoding_of(text);
        let json = encoding.decode(text).ok()?;
        let is_json = json.trim_ascii_end().ends_with(b"}") && std::str::from_utf8(&json).is_ok();
        is_json.then(|| {
            let parts = vec![(self.nested(json.into()), encoding)];
            What::Coded(Box::new(Coded { parts, spelled: text.to_vec(), tail: String::new(), dotted: false }))
        })
    }

    fn nested(&mut self, json: Bytes) -> Part {
        let mut part = Part::new(json, Kind::Json);
        self.gather(&mut part);
        part
    }

    /// User and password in base64.
    pub(super) fn basic(&mut self, text: &[u8]) -> Option<What> {
        let encoding = encoding_of(text);
        let decoded = encoding.decode(text).ok().filter(|decoded| std::str::from_utf8(decoded).is_ok())?;
        let colon = memchr::memchr(b':', &decoded)?;
        let mut part = Part::new(decoded.into(), Kind::Text);
        let decoded = part.text.clone();
        let (user, password) = (0..colon, colon + 1..decoded.len());
        for (of_type, range) in [(StandInType::Login, user), (StandInType::Password, password)] {
            let value = decoded.get(range.clone()).unwrap_or_default();
            self.sensitive(of_type, value, &range, false, &mut part.places);
        }
        let parts = vec![(part, encoding)];
        Some(What::Coded(Box::new(Coded {
            parts,
            spelled: text.to_vec(),
            tail: String::new(),
            dotted: false,
        })))
    }

    /// Query parameters of whatever links there are, relative ones too.
    fn parameters(&mut self, text: &[u8], map: &Map, places: &mut Places) {
        for equals in memchr::memchr_iter(b'=', text) {
            let before = text.get(..equals).unwrap_or_default();
            let name = before.iter().rev().take_while(|byte| NAME.has(**byte)).count();
            let (before, name) = before.split_at(equals - name);
            let Ok(name) = std::str::from_utf8(name) else { continue };
            let bare = match before.last() {
                Some(b'?' | b'&' | b'#') => false,
                None => true,
                Some(byte) if byte.is_ascii_whitespace() || b";,\"'".contains(byte) => true,
                Some(_) => continue,
            };
            if !self.rules.profile.sensitive.may_be_field(name) {
                continue;
            }
            let value = text.get(equals + 1..).unwrap_or_default();
            let value = value.get(..VALUE_ENDS.until(value)).unwrap_or_default();
            let range = equals + 1..equals + 1 + value.len();
            let read = plain(value, Escapes::Form);
            let Some(of_type) = self.value_of(name, &read) else { continue };
            // Without a URL around it, it may as well be a piece of a program.
            if bare && !(of_type.is_secret() && is_random(value)) {
                continue;
            }
            let read = if of_type == StandInType::Phone { plain(value, Escapes::Percent) } else { read };
            self.sensitive(of_type, &read, &map.range(&range), true, places);
        }
    }

    /// The authorities of links, and what else of them is secret.
    fn links(&mut self, text: &[u8], map: &Map, places: &mut Places) {
        for slashes in memchr::memmem::find_iter(text, b"//") {
            let before = text.get(..slashes).unwrap_or_default();
            let scheme = scheme(before);
            let foreign = before
                .last()
                .is_some_and(|byte| *byte == b':' || *byte == b'/' || byte.is_ascii_alphanumeric());
            if scheme.is_empty() && foreign {
                continue;
            }
            let rest = text.get(slashes + 2..).unwrap_or_default();
            let full = rest.get(..AUTHORITY.span(rest)).unwrap_or_default();
            let user = memchr::memrchr(b'@', full).map_or(0, |at| at + 1);
            let host = full.get(user..).unwrap_or_default();
            let host = host.get(..authority_length(host)).unwrap_or_default();
            let start = slashes + 2 + user;
            if user > 1 && !scheme.is_empty() {
                self.user_info(full.get(..user - 1).unwrap_or_default(), slashes + 2, map, places);
            }
            if scheme == "otpauth" {
                self.label(rest, slashes + 2, map, places);
                continue;
            }
            let Ok(authority) = std::str::from_utf8(host) else { continue };
            let named = matches!(scheme, "http" | "https" | "ws" | "wss");
            if authority.is_empty() || !(named || self.hosts.is_known(authority)) {
                continue;
            }
            let Some(known) = self.hosts.lookup(authority, self.values) else { continue };
            places.add(&map.range(&(start..start + host.len())), What::Value(known.id), false);
            if let Some(written) =
                known.scheme.filter(|written| matches!(scheme, "http" | "https") && scheme != *written)
            {
                let end = slashes - 1;
                places.add(&map.range(&(end - scheme.len()..end)), What::Text(written), false);
            }
        }
    }

    /// `user:password` before a host (RFC 3986 §3.2.1).
    fn user_info(&mut self, text: &[u8], start: usize, map: &Map, places: &mut Places) {
        let colon = memchr::memchr(b':', text).unwrap_or(text.len());
        let mut add = |of_type, range: Range<usize>| {
            let value = plain(text.get(range.clone()).unwrap_or_default(), Escapes::Percent).into_owned();
            let place = map.range(&(start + range.start..start + range.end));
            self.sensitive(of_type, &value, &place, true, places);
        };
        add(StandInType::Login, 0..colon);
        if colon < text.len() {
            add(StandInType::Password, colon + 1..text.len());
        }
    }

    /// The account of an `otpauth://totp/ISSUER:ACCOUNT` link.
    fn label(&mut self, rest: &[u8], start: usize, map: &Map, places: &mut Places) {
        let Some(slash) = memchr::memchr(b'/', rest) else { return };
        let label = rest.get(slash + 1..).unwrap_or_default();
        let ends = |byte: &u8| b"?\"'<> &\\".contains(byte);
        let label = label.get(..label.iter().position(ends).unwrap_or(label.len())).unwrap_or_default();
        let colon = [&b":"[..], b"%3A", b"%3a"]
            .iter()
            .find_map(|colon| memchr::memmem::rfind(label, colon).map(|at| at + colon.len()));
        let from = slash + 1 + colon.unwrap_or(0);
        let account = rest.get(from..slash + 1 + label.len()).unwrap_or_default();
        let value = plain(account, Escapes::Percent).into_owned();
        let place = map.range(&(start + from..start + from + account.len()));
        self.sensitive(StandInType::Login, &value, &place, true, places);
    }
}

/// The scheme before `//`, in lower case; empty when there is none.
fn scheme(before: &[u8]) -> &'static str {
    const SCHEMES: [&str; 5] = ["https", "http", "wss", "ws", "otpauth"];
    let Some(before) = before.strip_suffix(b":") else { return "" };
    let ends_with = |scheme: &&&str| {
        let tail = before.len().checked_sub(scheme.len()).and_then(|at| before.get(at..));
        tail.is_some_and(|tail| tail.eq_ignore_ascii_case(scheme.as_bytes()))
    };
    SCHEMES.iter().find(ends_with).copied().unwrap_or_default()
}

/// Whether it is more than a word or a name: long, with a digit, and of nothing but what tokens are made of.
fn is_random(text: &[u8]) -> bool {
    text.len() >= 16
        && text.iter().any(u8::is_ascii_digit)
        && text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~+/=%".contains(byte))
}

/// How much of `text` is an authority without its user: a name, an address or `[v6]`, and a port.
pub(super) fn authority_length(text: &[u8]) -> usize {
    let host = if text.starts_with(b"[") {
        memchr::memchr(b']', text).map_or(0, |at| at + 1)
    } else {
        let name = text.get(..HOST.span(text)).unwrap_or_default();
        // A sentence's full stop is no part of it.
        name.iter().rposition(u8::is_ascii_alphanumeric).map_or(0, |at| at + 1)
    };
    let port = match text.get(host..) {
        Some([b':', port @ ..]) if host > 0 => port.iter().take_while(|byte| byte.is_ascii_digit()).count(),
        _ => 0,
    };
    let length = if port == 0 { host } else { host + 1 + port };
    // `127.0.0.1:80.example.org`: no authority, and all the less the one it begins like.
    match text.get(length..) {
        Some([b'.' | b'-' | b'_', next, ..]) if port > 0 && next.is_ascii_alphanumeric() => {
            let rest = text.get(length + 1..).unwrap_or_default();
            length + 1 + authority_length(rest)
        }
        _ => length,
    }
}

/// Whether what begins at `start` goes on from what stands before it, as in `1e+10` or in base64.
fn is_piece(text: &[u8], start: usize) -> bool {
    let before = start.checked_sub(1).and_then(|at| text.get(at));
    before.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_+/.-".contains(byte))
}

/// Whether an address is too long to be in random bytes: one such in 10 GB.
fn is_no_chance(address: &[u8]) -> bool {
    let at = memchr::memrchr(b'@', address).unwrap_or(0);
    at >= 3 && address.len() - at >= 7 && address.len() >= 12
}

/// Where an address begins that a pattern found; `None` when it is escaped still and is found when it is not.
fn address(text: &[u8], found: Range<usize>) -> Option<Range<usize>> {
    let own = text.get(found.clone())?;
    let escape =
        |at: usize| own.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
    if memchr::memchr_iter(b'%', own).any(escape) {
        return None;
    }
    // The letters of an escape that ends before it are none of its own.
    let escaped = found.start.checked_sub(1).and_then(|at| text.get(at)) == Some(&b'\\');
    let skipped = match own.first()? {
        b'n' | b'r' | b't' | b'b' | b'f' if escaped => 1,
        b'x' if escaped => 3,
        b'u' if escaped => 5,
        _ => 0,
    };
    (own.get(skipped)? != &b'@').then(|| found.start + skipped..found.end)
}

/// A JWE has five parts (RFC 7516 §3.1): takes all there are.
fn whole_jwt(text: &[u8], found: Range<usize>) -> Range<usize> {
    let rest = text.get(found.end..).unwrap_or_default();
    let letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    let more = rest.iter().position(|byte| !letter(byte)).unwrap_or(rest.len());
    let more = rest.get(..more).unwrap_or_default();
    let more = if more.starts_with(b".") {
        more.iter().rposition(|byte| *byte != b'.').map_or(0, |at| at + 1)
    } else {
        0
    };
    found.start..found.end + more
}
