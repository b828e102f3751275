//! Puts stand-ins in the place of what a live client sends for them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use super::shape::stands_alone;
use crate::http::{LinkFinder, Origin, ValueFinder};
use crate::profile::StandInType;

/// What one client's values stand for in one recording.
#[derive(Debug, Default)]
pub(crate) struct Translation {
    /// Canonical live value → its stand-in.
    whole: HashMap<Box<[u8]>, StandIn>,
    /// The live values that are recognised wherever they occur, in lower case.
    parts: Option<ValueFinder<StandIn>>,
    /// Origins that stand for recorded ones.
    origins: Vec<LinkFinder>,
}

#[derive(Debug, Clone)]
struct StandIn {
    text: Arc<str>,
    of_type: StandInType,
    live: Arc<str>,
}

/// Where a text stands: it decides which values are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A segment of the path.
    Segment,
    /// A field that holds a personal value, as the profile says.
    Personal,
    /// Anywhere else.
    Other,
}

/// Texts that are one value: letter case does not count in e-mail addresses.
pub(crate) fn canonical(text: &[u8]) -> Cow<'_, [u8]> {
    if text.contains(&b'@') && text.iter().any(u8::is_ascii_uppercase) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

impl Translation {
    /// Whether there is nothing to translate.
    pub(crate) fn is_empty(&self) -> bool {
        self.whole.is_empty() && self.origins.is_empty()
    }

    /// From now on `live` stands for `stand_in`. The first stand-in of a value stays.
    pub(crate) fn add(&mut self, live: &Arc<str>, stand_in: &Arc<str>, of_type: StandInType) {
        let own = StandIn { text: Arc::clone(stand_in), of_type, live: Arc::clone(live) };
        let key: Box<[u8]> = canonical(live.as_bytes()).into();
        if self.whole.contains_key(&key) {
            return;
        }
        if own.is_distinctive() {
            self.parts.get_or_insert_default().add(&live.as_bytes().to_ascii_lowercase(), own.clone());
        }
        self.whole.insert(key, own);
    }

    /// From now on `live` stands for a recorded origin.
    pub(crate) fn add_origin(&mut self, live: &Origin) {
        self.origins.push(LinkFinder::new(live));
    }

    pub(super) fn origins(&self) -> &[LinkFinder] {
        &self.origins
    }

    /// The stand-in that this whole value has.
    pub(crate) fn stand_in(&self, live: &[u8]) -> Option<&Arc<str>> {
        self.whole.get(&*canonical(live)).map(|own| &own.text)
    }

    /// The text with stand-ins in the place of live values. `place` is asked only when it matters.
    pub(super) fn restored<'t>(&self, text: Cow<'t, [u8]>, place: impl FnOnce() -> Place) -> Cow<'t, [u8]> {
        if self.whole.is_empty() {
            return text;
        }
        if let Some(own) = self.whole.get(&*canonical(&text))
            && own.belongs(place)
        {
            return Cow::Owned(own.text.as_bytes().to_vec());
        }
        let Some(parts) = &self.parts else { return text };
        let lower = text.to_ascii_lowercase();
        let mut out = Vec::new();
        let mut from = 0;
        for (range, own) in parts.find_iter(&lower) {
            if stands_alone(&text, &range) && own.is_spelled(&text[range.clone()]) {
                out.extend_from_slice(&text[from..range.start]);
                out.extend_from_slice(own.text.as_bytes());
                from = range.end;
            }
        }
        if from == 0 {
            return text;
        }
        out.extend_from_slice(&text[from..]);
        Cow::Owned(out)
    }
}

impl StandIn {
    /// Whether the live value is known wherever it occurs: names are words, too, and short values parts of others.
    fn is_distinctive(&self) -> bool {
        self.of_type.is_distinctive(&self.live)
    }

    fn belongs(&self, place: impl FnOnce() -> Place) -> bool {
        // However short an address is, it is no word.
        self.is_distinctive()
            || self.live.contains('@')
            || match place() {
                Place::Personal => true,
                Place::Segment => {
                    matches!(self.of_type, StandInType::Email | StandInType::Login | StandInType::Phone)
                }
                Place::Other => false,
            }
    }

    fn is_spelled(&self, text: &[u8]) -> bool {
        canonical(text) == canonical(self.live.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn restored(text: &str, place: Place) -> String {
        let mut translation = Translation::default();
        for (live, stand_in, of_type) in [
            ("Bob@X.com", "user1@example.test", StandInType::Email),
            ("Bob", "Name1", StandInType::Name),
            ("a@b.c", "user2@example.test", StandInType::Email),
            ("isaac.brock", "login1", StandInType::Login),
            ("ike", "login2", StandInType::Login),
        ] {
            translation.add(&live.into(), &stand_in.into(), of_type);
        }
        let text = translation.restored(Cow::Borrowed(text.as_bytes()), || place);
        String::from_utf8(text.into_owned()).unwrap()
    }

    #[test]
    fn distinctive_values_are_known_anywhere_and_others_in_their_place() {
        for (text, place, expected) in [
            ("bob@x.COM", Place::Other, "user1@example.test"),
            (r#"login eq "bob@x.com""#, Place::Other, r#"login eq "user1@example.test""#),
            ("bobbob@x.com", Place::Other, "bobbob@x.com"),
            ("bob@x.com.au", Place::Other, "bob@x.com.au"),
            ("Bob", Place::Other, "Bob"),
            ("Bob", Place::Personal, "Name1"),
            ("Bob", Place::Segment, "Bob"),
            ("Bob Brown", Place::Personal, "Bob Brown"),
            ("ike", Place::Segment, "login2"),
            ("ike", Place::Other, "ike"),
            ("isaac.brock", Place::Other, "login1"),
            ("Isaac.Brock", Place::Other, "Isaac.Brock"),
            ("a@b.c", Place::Other, "user2@example.test"),
        ] {
            assert_eq!(restored(text, place), expected, "{text} {place:?}");
        }
    }
}
