//! Makes alike what differs between two runs of one client: values that vary, values that stand-ins stand for, links
//! to wherever we listen.

use std::borrow::Cow;

use bytes::Bytes;

use super::shape;
use super::translation::{Place, Translation};
use crate::http::{LinkFinder, Origin, Pair, may_have_link, sorted_pairs};
use crate::profile::{Sensitive, StandInType};

/// Tells under which origin a client reached us; asked only where a link may have to be recognised.
pub type ClientOrigin<'a> = &'a dyn Fn() -> Origin;

/// A value that a masked key leaves open.
#[derive(Debug)]
pub(crate) struct Masked {
    /// What the profile or its look says of it.
    pub(crate) of_type: StandInType,
    /// As it stands in the request; of a link its scheme and authority.
    pub(crate) value: Box<[u8]>,
    /// The same in the words of the recording, as far as they are known.
    pub(crate) restored: Box<[u8]>,
}

/// Spells requests canonically: the recorded ones, or those of one client.
pub(super) struct Speller<'a> {
    /// Fields whose values do not matter.
    pub(super) presence_only: &'a [String],
    /// Where secret and personal values stand.
    pub(super) sensitive: &'a Sensitive,
    /// The origins of the recordings.
    pub(super) origins: &'a [LinkFinder],
    /// The origin of the client whose requests these are.
    pub(super) client: Option<ClientOrigin<'a>>,
    /// What that client's values stand for.
    pub(super) translation: Option<&'a Translation>,
    /// The segments of the request's path; left out where neither masks nor translations are in force.
    pub(super) segments: &'a [&'a str],
    /// The values left open so far; `None`: none is to be.
    pub(super) masked: Option<Vec<Masked>>,
}

impl Speller<'_> {
    /// Whether a field's value does not matter.
    pub(super) fn varies(&self, field: &[u8]) -> bool {
        self.presence_only.iter().any(|own| own.as_bytes() == field)
    }

    /// A segment of the path.
    pub(super) fn segment<'t>(&mut self, text: Cow<'t, [u8]>) -> Cow<'t, [u8]> {
        match self.translation {
            _ if self.masked.is_some() => self.mask(text, Place::Segment),
            Some(translation) => translation.restored(text, || Place::Segment),
            None => text,
        }
    }

    /// A value in the field (or parameter) whose path is `names`, outermost first.
    pub(super) fn value<'t>(&mut self, text: Cow<'t, [u8]>, names: &[&str]) -> Cow<'t, [u8]> {
        if self.masked.is_some() {
            return match self.sensitive.field(names, self.segments) {
                Some(of_type) => self.mask_field(of_type, &text),
                None => self.mask(text, Place::Other),
            };
        }
        let text = match self.translation {
            Some(translation) => {
                let (sensitive, segments) = (self.sensitive, self.segments);
                translation.restored(text, || match sensitive.field(names, segments) {
                    Some(of_type) if !of_type.is_secret() => Place::Personal,
                    _ => Place::Other,
                })
            }
            None => text,
        };
        self.neutral(text)
    }

    /// The sorted pairs of a query or a form. `varying`: whether fields may match by presence only.
    pub(super) fn pairs<'t>(&mut self, text: &'t [u8], varying: bool) -> Vec<Pair<'t>> {
        let mut pairs = sorted_pairs(text);
        let mut opened = Vec::new();
        for (name, value) in &mut pairs {
            let before = self.masked.as_ref().map_or(0, Vec::len);
            if varying && self.varies(name) {
                *value = Cow::Borrowed(&b""[..]);
            } else {
                let known = std::str::from_utf8(name).ok();
                *value = self.value(std::mem::take(value), known.as_slice());
            }
            if let Some(masked) = &mut self.masked {
                opened.push(masked.split_off(before));
            }
        }
        // What was put in can have changed their order; the values left open have to follow it.
        let Some(masked) = &mut self.masked else {
            pairs.sort_unstable();
            return pairs;
        };
        let mut both: Vec<_> = pairs.into_iter().zip(opened).collect();
        both.sort_by(|(one, _), (other, _)| one.cmp(other));
        both.into_iter()
            .map(|(pair, opened)| {
                masked.extend(opened);
                pair
            })
            .collect()
    }

    /// Leaves open what a field holds whose type the profile tells.
    fn mask_field<'t>(&mut self, of_type: StandInType, text: &[u8]) -> Cow<'t, [u8]> {
        let restored = match self.translation {
            Some(translation) if !of_type.is_secret() => {
                translation.restored(Cow::Borrowed(text), || Place::Personal)
            }
            _ => Cow::Borrowed(text),
        };
        let restored = restored.into();
        self.open(of_type, text, restored);
        marker(of_type).into()
    }

    /// Leaves open what has the look of a personal value.
    fn mask<'t>(&mut self, text: Cow<'t, [u8]>, place: Place) -> Cow<'t, [u8]> {
        let parts = shape::parts(&text);
        let restored = |text: Cow<'t, [u8]>| match self.translation {
            Some(translation) => translation.restored(text, || place),
            None => text,
        };
        if parts.is_empty() {
            let text = restored(text);
            return self.neutral(text);
        }
        let mut out = Vec::with_capacity(text.len());
        let mut from = 0;
        for (of_type, range) in parts {
            out.extend_from_slice(&text[from..range.start]);
            out.extend_from_slice(&marker(of_type));
            from = range.end;
            let part = &text[range];
            let restored = match self.translation {
                _ if of_type == StandInType::Host => self.neutral(Cow::Borrowed(part)),
                Some(translation) => translation.restored(Cow::Borrowed(part), || place),
                None => Cow::Borrowed(part),
            };
            let restored = restored.into();
            self.open(of_type, part, restored);
        }
        out.extend_from_slice(&text[from..]);
        out.into()
    }

    fn open(&mut self, of_type: StandInType, value: &[u8], restored: Box<[u8]>) {
        if let Some(masked) = &mut self.masked {
            masked.push(Masked { of_type, value: value.into(), restored });
        }
    }

    /// The text with links to ourselves made alike, whichever origin they carry.
    pub(super) fn neutral<'t>(&self, text: Cow<'t, [u8]>) -> Cow<'t, [u8]> {
        if !may_have_link(&text) {
            return text;
        }
        let client = self.client.map(|client| LinkFinder::new(&client()));
        let live = self.translation.map(Translation::origins).unwrap_or_default();
        let neutral = Origin::new("http", "self.invalid");
        self.origins.iter().chain(live).chain(&client).fold(text, |text, finder| {
            if finder.find_iter(&text).next().is_none() {
                return text;
            }
            let template = finder.split(&Bytes::copy_from_slice(&text));
            template.map_or(text, |template| Cow::Owned(template.render(&neutral)))
        })
    }
}

/// What stands in a masked key for a value of this type. Content can imitate it; then the values are compared, and are
/// not as many.
fn marker(of_type: StandInType) -> Vec<u8> {
    [b"\0", of_type.name().as_bytes(), b"\0"].concat()
}
