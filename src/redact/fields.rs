//! Values in JSON, by the fields that they stand in and by those beside them.

use std::ops::Range;

use ::http::HeaderName;

use super::gather::Gatherer;
use super::names::{InPair, Name};
use super::part::What;
use super::places::Places;
use super::view::{Escapes, Map, lossy, plain, unescaped};
use crate::http::{JsonKind, JsonScanner, JsonValue};
use crate::profile::{FieldAt, StandInType};

/// What was met so far of an object.
#[derive(Debug, Default)]
struct Object<'t> {
    number: usize,
    /// Names of fields that tell what others are.
    telling: Vec<&'t str>,
    /// Members whose type such a field may still tell.
    waiting: Vec<(&'t str, JsonValue)>,
    /// Of a pair, `{"name": "passcode", "value": "…"}`: what may be a sensitive name, the first that is, and the value.
    candidates: Vec<&'t str>,
    named: Option<Named>,
    value: Option<JsonValue>,
}

/// What a pair's name names.
#[derive(Debug)]
enum Named {
    /// A sensitive field, by its dotted path.
    Field(String),
    /// A header whose value is of this type.
    Header(StandInType),
}

/// The objects around the present value, by depth.
#[derive(Debug, Default)]
struct Objects<'t>(Vec<Object<'t>>);

impl<'t> Objects<'t> {
    fn at(&mut self, depth: usize, number: usize) -> Option<&mut Object<'t>> {
        if self.0.len() <= depth {
            self.0.resize_with(depth + 1, Object::default);
        }
        let own = self.0.get_mut(depth)?;
        if own.number != number {
            *own = Object { number, ..Object::default() };
        }
        Some(own)
    }
}

/// A text of which values are looked at.
#[derive(Clone, Copy)]
struct Source<'t, 'm> {
    text: &'t str,
    map: &'m Map,
}

impl<'t> Source<'t, '_> {
    fn spelled(&self, range: &Range<usize>) -> &'t str {
        self.text.get(range.clone()).unwrap_or_default()
    }
}

impl Gatherer<'_> {
    /// The values of JSON.
    pub(super) fn json(&mut self, text: &[u8], map: &Map, places: &mut Places) {
        let Ok(text) = std::str::from_utf8(text) else { return };
        let source = Source { text, map };
        let mut scanner = JsonScanner::new(text);
        let mut objects = Objects::default();
        while let Some(value) = scanner.next_value() {
            let spelled = source.spelled(&value.range);
            if value.kind == JsonKind::String && spelled.starts_with(['{', '[']) && spelled.contains("\\\"") {
                // JSON in a string.
                let inner = map.from(value.range.start);
                if let Some(view) = unescaped(spelled.as_bytes(), &inner, Escapes::Backslash) {
                    self.json(&view.text, &view.map, places);
                }
                continue;
            }
            let names = scanner.names();
            let Some(name) = names.last().map(|name| self.names.of(name, &self.rules.profile.sensitive))
            else {
                continue;
            };
            if name.is_plain() {
                continue;
            }
            let object = scanner.object().and_then(|(depth, number)| objects.at(depth, number));
            match object {
                Some(object) => self.member(source, (names, name), value, object, places),
                None if name.may_be_sensitive => {
                    self.json_value(source, names, &[], &value, places);
                }
                None => {}
            }
        }
    }

    /// A member of an object, which may tell what others are.
    fn member<'t>(
        &mut self,
        source: Source<'t, '_>,
        (names, told): (&[&'t str], Name),
        value: JsonValue,
        object: &mut Object<'t>,
        places: &mut Places,
    ) {
        let Some((&name, outer)) = names.split_last() else { return };
        if told.tells {
            object.telling.push(name);
            for (name, value) in std::mem::take(&mut object.waiting) {
                let names = [outer, &[name]].concat();
                self.json_value(source, &names, &object.telling, &value, places);
            }
        }
        if told.in_pair == Some(InPair::Name) && object.named.is_none() {
            object.candidates.push(source.spelled(&value.range));
        }
        let found = told.may_be_sensitive && self.json_value(source, names, &object.telling, &value, places);
        if told.in_pair == Some(InPair::Value) && !found {
            object.value = Some(value);
        } else if told.may_be_sensitive && !found {
            object.waiting.push((name, value));
        }
        // What stands in a field `name` matters only beside a value.
        if object.value.is_some() && object.named.is_none() {
            object.named = object.candidates.drain(..).find_map(|name| self.sensitive_name(name));
        }
        if let (Some(named), Some(value)) = (&object.named, &object.value) {
            match named {
                Named::Field(path) => {
                    let names: Vec<_> = path.split('.').collect();
                    self.json_value(source, &names, &object.telling, value, places);
                }
                Named::Header(of_type) => self.header_value(source, *of_type, value, places),
            }
            object.value = None;
        }
    }

    /// The name, if it is one of a sensitive field or header.
    fn sensitive_name(&self, name: &str) -> Option<Named> {
        let sensitive = &self.rules.profile.sensitive;
        let last = name.rsplit('.').next().unwrap_or_default();
        if sensitive.may_be_field(last) {
            return Some(Named::Field(name.to_owned()));
        }
        let header = HeaderName::from_bytes(name.as_bytes()).ok()?;
        sensitive.header(&header).map(Named::Header)
    }

    /// The value of a header that JSON tells of: `{"key": "Authorization", "value": "…"}`.
    fn header_value(
        &mut self,
        source: Source<'_, '_>,
        of_type: StandInType,
        value: &JsonValue,
        places: &mut Places,
    ) {
        if value.kind == JsonKind::String {
            let text = plain(source.spelled(&value.range).as_bytes(), Escapes::Backslash);
            self.sensitive(of_type, &text, &source.map.range(&value.range), false, places);
        }
    }

    /// A value in the field `names`, whose last may be one of a sensitive field; whether the value is sensitive.
    fn json_value(
        &mut self,
        source: Source<'_, '_>,
        names: &[&str],
        beside: &[&str],
        value: &JsonValue,
        places: &mut Places,
    ) -> bool {
        let rules = self.rules;
        let sensitive = &rules.profile.sensitive;
        let at = FieldAt { names, segments: self.segments, beside };
        let spelled = source.spelled(&value.range);
        let place = source.map.range(&value.range);
        match value.kind {
            JsonKind::String => {
                let text = plain(spelled.as_bytes(), Escapes::Backslash);
                let Some(of_type) = sensitive.value(at, &lossy(&text), true) else {
                    return false;
                };
                self.sensitive(of_type, &text, &place, false, places);
            }
            JsonKind::Number => {
                let Some(of_type) = sensitive.value(at, spelled, false).filter(|own| own.is_secret()) else {
                    return false;
                };
                self.number(of_type, spelled, &place, places);
            }
            JsonKind::Bool | JsonKind::Null => return false,
        }
        true
    }

    fn number(&mut self, of_type: StandInType, spelled: &str, place: &Range<usize>, places: &mut Places) {
        if self.spared(spelled).is_none() {
            let id = self.values.learn(spelled, of_type);
            places.add(place, What::Number(id), false);
        }
    }
}
