//! A text with open places: split once at load, filled in for each client.

use std::ops::Range;

use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;

use super::spelling::Spelling;
use super::time::RecordedTime;
use crate::apart::{LONG_BODY, apart};
use crate::http::{LinkForm, Origin};

/// A text with open places.
#[derive(Debug, Clone)]
pub(super) struct Template {
    /// As it was recorded.
    whole: Bytes,
    places: Box<[Place]>,
}

/// An open place: the bytes `start..end` of the text. There are as many as there are links and values in all bodies, so
/// each is small.
#[derive(Debug, Clone)]
struct Place {
    start: u32,
    end: u32,
    slot: Slot,
}

/// What comes to an open place.
#[derive(Debug, Clone)]
pub(super) enum Slot {
    /// Scheme and authority of a link to the recorded origin of this number.
    Link(usize, LinkForm),
    /// The host of the recorded origin of this number.
    Host(usize),
    /// A personal value: the variable of this number.
    Value(usize, Spelling),
    /// A time.
    Time(Box<RecordedTime>),
    /// The claims of a JSON Web Token, in base64url (RFC 7519 §3).
    Claims(Box<Template>),
}

/// What the places are filled with: what one client is known to have in the place of what was recorded.
pub(super) trait Context {
    /// The origin in the place of a recorded one; `None`: that one.
    fn origin(&self, number: usize) -> Option<&Origin>;
    /// The value in the place of a variable; `None`: the stand-in.
    fn value(&self, number: usize) -> Option<&str>;
    /// How many seconds later than recorded the time is.
    fn shift(&self) -> i64;
}

impl Template {
    /// The text with these places open, `None` when there are none. Of places that overlap the first one counts. A place
    /// beyond the first 4 GiB is none.
    pub(super) fn new(text: &Bytes, mut slots: Vec<(Range<usize>, Slot)>) -> Option<Self> {
        slots.sort_by_key(|(range, _)| range.start);
        let mut places = Vec::with_capacity(slots.len());
        let mut from = 0;
        for (Range { start, end }, slot) in slots {
            if start >= from
                && end <= text.len()
                && let (Ok(start), Ok(end)) = (u32::try_from(start), u32::try_from(end))
            {
                places.push(Place { start, end, slot });
                from = end as usize;
            }
        }
        (!places.is_empty()).then(|| Self { whole: text.clone(), places: places.into() })
    }

    /// Whether nothing is open but links to the upstream: then the client's origin decides all.
    pub(super) fn is_linked_only(&self) -> bool {
        self.places.iter().all(|place| matches!(place.slot, Slot::Link(0, _)))
    }

    /// The text for one client; as it was recorded, when nothing comes to any place.
    pub(super) fn render(&self, context: &impl Context) -> Bytes {
        if !self.is_filled(context) {
            return self.whole.clone();
        }
        apart(self.whole.len() > LONG_BODY, || self.filled(context)).into()
    }

    fn is_filled(&self, context: &impl Context) -> bool {
        self.places.iter().any(|place| match &place.slot {
            Slot::Link(number, _) | Slot::Host(number) => context.origin(*number).is_some(),
            Slot::Value(number, _) => context.value(*number).is_some(),
            Slot::Time(_) => context.shift() != 0,
            Slot::Claims(claims) => claims.is_filled(context),
        })
    }

    fn filled(&self, context: &impl Context) -> Vec<u8> {
        // What is put in is about as long as what was recorded.
        let mut out = Vec::with_capacity(self.whole.len() + self.places.len() * 16);
        let mut from = 0;
        for Place { start, end, slot } in &self.places {
            let (start, end) = (*start as usize, *end as usize);
            out.extend_from_slice(&self.whole[from..start]);
            slot.fill(&self.whole[start..end], context, &mut out);
            from = end;
        }
        out.extend_from_slice(&self.whole[from..]);
        out
    }
}

impl Slot {
    /// Writes what comes to the place in which `recorded` was.
    fn fill(&self, recorded: &[u8], context: &impl Context, out: &mut Vec<u8>) {
        match self {
            Self::Link(number, form) => {
                if let Some(origin) = context.origin(*number) {
                    return form.write(origin, out);
                }
            }
            Self::Host(number) => {
                if let Some(origin) = context.origin(*number) {
                    return out.extend_from_slice(origin.host().as_bytes());
                }
            }
            Self::Value(number, spelling) => {
                if let Some(value) = context.value(*number) {
                    return spelling.write(value, out);
                }
            }
            Self::Time(time) => {
                let shift = context.shift();
                if shift != 0 && time.write(shift, out) {
                    return;
                }
            }
            Self::Claims(claims) => {
                return out.extend_from_slice(BASE64URL_NOPAD.encode(&claims.render(context)).as_bytes());
            }
        }
        out.extend_from_slice(recorded);
    }
}
