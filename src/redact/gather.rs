//! Finds what is secret or personal in one part of an exchange, by where it stands.

use std::ops::Range;
use std::sync::OnceLock;

use regex::bytes::Regex;

use super::hosts::Hosts;
use super::names::Names;
use super::part::{Kind, Part, What};
use super::places::Places;
use super::values::Values;
use super::view::{Escapes, Level, Map, lossy, plain, unescaped};
use crate::profile::{FieldAt, Profile, StandInType};

/// What is looked for, made ready once.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) profile: std::sync::Arc<Profile>,
    /// Fields in text that is no JSON; made when such a text first comes.
    in_text: OnceLock<Vec<Regex>>,
}

impl Rules {
    pub(super) fn new(profile: std::sync::Arc<Profile>) -> Self {
        Self { profile, in_text: OnceLock::new() }
    }

    /// Fields as HTML forms, scripts and XML write them: each pattern's first group is the name, its next the value.
    fn in_text(&self) -> &[Regex] {
        let compiled = || {
            let (exact, ends) = self.profile.sensitive.name_patterns();
            let any: Vec<_> =
                ends.iter().map(|end| format!(r"[\w-]*{end}")).chain(exact.iter().cloned()).collect();
            let any = any.join("|");
            let form = format!(r#"name=["']({any})["'][^<>]*?\svalue=["']([^"'<>]+)["']"#);
            let xml = format!("<({any})>([^<>]+)</");
            let script = |names: &str| {
                format!(r#"({names})["']?\s*[:=]\s*(?:"((?:[^"\\]|\\.)+)"|'((?:[^'\\]|\\.)+)')"#)
            };
            let named = script(&format!(r"\b(?:{})\b", exact.join("|")));
            let ended = (!ends.is_empty()).then(|| script(&format!(r"(?:{})\b", ends.join("|"))));
            let all = [Some(form), Some(xml), Some(named), ended];
            all.iter().flatten().filter_map(|pattern| Regex::new(pattern).ok()).collect()
        };
        self.in_text.get_or_init(compiled)
    }
}

/// Looks at the parts of one exchange.
pub(super) struct Gatherer<'a> {
    pub(super) rules: &'a Rules,
    pub(super) names: &'a mut Names,
    pub(super) values: &'a mut Values,
    pub(super) hosts: &'a mut Hosts,
    /// The request's path.
    pub(super) segments: &'a [&'a str],
}

impl Gatherer<'_> {
    /// Finds values in `part`, makes them known, and notes the places.
    pub(super) fn gather(&mut self, part: &mut Part) {
        let text = part.text.clone();
        let whole = Map::Shift(0);
        match part.kind {
            Kind::Binary => return self.binary(&text, &mut part.places),
            Kind::Url => {
                let query = memchr::memchr(b'?', &text).map_or(text.len(), |at| at + 1);
                self.pairs(text.get(query..).unwrap_or_default(), &whole.from(query), &mut part.places);
            }
            Kind::Form => self.pairs(&text, &whole, &mut part.places),
            Kind::Json => self.json(&text, &whole, &mut part.places),
            Kind::Multipart => self.multipart(&text, &mut part.places),
            Kind::Text => self.fields_in_text(&text, &mut part.places),
            Kind::Headers => {}
        }
        let in_url = matches!(part.kind, Kind::Url | Kind::Form);
        part.each_level(true, |text, map, level, places| {
            if level == Level::Read {
                self.level(text, map, in_url, places);
            }
        });
    }

    /// The type of this value of a field that has no others around it.
    pub(super) fn value_of(&self, name: &str, value: &[u8]) -> Option<StandInType> {
        let sensitive = &self.rules.profile.sensitive;
        if !sensitive.may_be_field(name) {
            return None;
        }
        let at = FieldAt { names: &[name], segments: self.segments, beside: &[] };
        sensitive.value(at, &lossy(value), true)
    }

    /// The pairs of a query or a form.
    pub(super) fn pairs(&mut self, text: &[u8], map: &Map, places: &mut Places) {
        let mut start = 0;
        for pair in text.split(|byte| *byte == b'&') {
            let equals = memchr::memchr(b'=', pair);
            let name = plain(pair.get(..equals.unwrap_or(pair.len())).unwrap_or_default(), Escapes::Form);
            if let Some(equals) = equals {
                let from = start + equals + 1;
                let value = pair.get(equals + 1..).unwrap_or_default();
                let value = value.split(|byte| *byte == b'#').next().unwrap_or_default();
                self.pair(&name, value, &map.from(from), places);
            }
            start += pair.len() + 1;
        }
    }

    fn pair(&mut self, name: &[u8], value: &[u8], map: &Map, places: &mut Places) {
        let place = map.range(&(0..value.len()));
        let text = plain(value, Escapes::Form);
        let of_type = std::str::from_utf8(name).ok().and_then(|name| self.value_of(name, &text));
        let Some(of_type) = of_type else {
            if let Some(view) = unescaped(value, map, Escapes::Form)
                && view.text.starts_with(b"{")
            {
                self.json(&view.text, &view.map, places);
            }
            return;
        };
        // A number whose `+` was not escaped.
        let text = if of_type == StandInType::Phone && value.starts_with(b"+") {
            plain(value, Escapes::Percent)
        } else {
            text
        };
        self.sensitive(of_type, &text, &place, true, places);
    }

    /// The fields of `multipart/form-data` (RFC 7578).
    fn multipart(&mut self, text: &[u8], places: &mut Places) {
        let Some(boundary) = text.split(|byte| *byte == b'\r').next().filter(|line| line.len() > 2) else {
            return;
        };
        let mut starts = memchr::memmem::find_iter(text, boundary).peekable();
        while let Some(start) = starts.next() {
            let end = starts.peek().copied().unwrap_or(text.len());
            let part = text.get(start..end).unwrap_or_default();
            let Some(head) = memchr::memmem::find(part, b"\r\n\r\n") else { continue };
            let content = part.get(head + 4..).unwrap_or_default();
            let content = content.strip_suffix(b"\r\n").unwrap_or(content);
            let map = Map::Shift(start + head + 4);
            if matches!(content.first(), Some(b'{' | b'[')) {
                self.json(content, &map, places);
                continue;
            }
            let head = String::from_utf8_lossy(part.get(..head).unwrap_or_default()).into_owned();
            let name = head.split_once(" name=\"").and_then(|(_, rest)| rest.split('"').next());
            if let Some(of_type) = name.and_then(|name| self.value_of(name, content)) {
                self.sensitive(of_type, content, &map.range(&(0..content.len())), false, places);
            }
        }
    }

    /// Fields in scripts, HTML, XML and event streams.
    fn fields_in_text(&mut self, text: &[u8], places: &mut Places) {
        // An event's data is JSON more often than not (HTML, server-sent events).
        let mut start = 0;
        for line in text.split(|byte| *byte == b'\n') {
            if let Some(data) = line.strip_prefix(b"data:")
                && data.trim_ascii_start().starts_with(b"{")
            {
                self.json(data, &Map::Shift(start + 5), places);
            }
            start += line.len() + 1;
        }
        let rules = self.rules;
        for found in rules.in_text().iter().flat_map(|fields| fields.captures_iter(text)) {
            let mut groups = found.iter().skip(1).flatten();
            let (Some(name), Some(value)) = (groups.next(), groups.next()) else { continue };
            // Of a name with a star only the end was looked for.
            let before = text.get(..name.start()).unwrap_or_default().iter().rev();
            let more =
                before.take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')).count();
            let name = text.get(name.start() - more..name.end()).unwrap_or_default();
            let text = plain(value.as_bytes(), Escapes::Any);
            if let Some(of_type) = self.value_of(&lossy(name), &text) {
                self.sensitive(of_type, &text, &value.range(), false, places);
            }
        }
    }

    /// Whether a value is no stand-in's business, because the profile says so.
    pub(super) fn spared(&self, text: &str) -> Option<()> {
        self.rules.profile.keep.iter().any(|pattern| pattern.is_match(text)).then_some(())
    }

    /// A value of this type stands at `place`.
    pub(super) fn sensitive(
        &mut self,
        of_type: StandInType,
        value: &[u8],
        place: &Range<usize>,
        in_url: bool,
        places: &mut Places,
    ) {
        let text = lossy(value);
        if text.trim_start().is_empty() || self.spared(&text).is_some() || !places.is_free(place) {
            return;
        }
        if text.starts_with("eyJ")
            && let Some(coded) = self.jwt(value)
        {
            return places.add(place, coded, in_url);
        }
        let of_type = match of_type {
            StandInType::Login if is_address(&text) => StandInType::Email,
            StandInType::Email if !is_address(&text) => StandInType::Login,
            other => other,
        };
        let id = self.values.learn(&text, of_type);
        places.add(place, What::Value(id), in_url);
    }
}

/// Whether it is an e-mail address from end to end.
fn is_address(text: &str) -> bool {
    let Some(at) = memchr::memrchr(b'@', text.as_bytes()) else { return false };
    let (local, domain) = (&text[..at], &text[at + 1..]);
    let plain =
        |text: &str| !text.bytes().any(|byte| byte.is_ascii_whitespace() || b"<>(),;:\\\"[]".contains(&byte));
    !local.is_empty() && domain.contains('.') && plain(local) && plain(domain)
}
