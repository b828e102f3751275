//! A text with open places: split once at load, filled in for each client.

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
    pieces: Vec<Piece>,
    tail: Bytes,
}

/// A stretch that is always the same, and the open place behind it.
#[derive(Debug, Clone)]
struct Piece {
    text: Bytes,
    /// What was recorded in the open place.
    recorded: Bytes,
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
    Time(RecordedTime),
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
    /// The text with these places open, `None` when there are none. Of places that overlap the first one counts.
    pub(super) fn new(text: &Bytes, mut slots: Vec<(std::ops::Range<usize>, Slot)>) -> Option<Self> {
        slots.sort_by_key(|(range, _)| range.start);
        let mut pieces = Vec::with_capacity(slots.len());
        let mut from = 0;
        for (range, slot) in slots {
            if range.start >= from {
                let (text, recorded) = (text.slice(from..range.start), text.slice(range.clone()));
                pieces.push(Piece { text, recorded, slot });
                from = range.end;
            }
        }
        (!pieces.is_empty()).then(|| Self { whole: text.clone(), pieces, tail: text.slice(from..) })
    }

    /// Whether nothing is open but links to the upstream: then the client's origin decides all.
    pub(super) fn is_linked_only(&self) -> bool {
        self.pieces.iter().all(|piece| matches!(piece.slot, Slot::Link(0, _)))
    }

    /// The text for one client; as it was recorded, when nothing comes to any place.
    pub(super) fn render(&self, context: &impl Context) -> Bytes {
        if !self.is_filled(context) {
            return self.whole.clone();
        }
        apart(self.whole.len() > LONG_BODY, || self.filled(context)).into()
    }

    fn is_filled(&self, context: &impl Context) -> bool {
        self.pieces.iter().any(|piece| match &piece.slot {
            Slot::Link(number, _) | Slot::Host(number) => context.origin(*number).is_some(),
            Slot::Value(number, _) => context.value(*number).is_some(),
            Slot::Time(_) => context.shift() != 0,
            Slot::Claims(claims) => claims.is_filled(context),
        })
    }

    fn filled(&self, context: &impl Context) -> Vec<u8> {
        let recorded: usize = self.pieces.iter().map(|piece| piece.text.len() + piece.recorded.len()).sum();
        // What is put in is about as long as what was recorded.
        let mut out = Vec::with_capacity(recorded + self.pieces.len() * 16 + self.tail.len());
        for piece in &self.pieces {
            out.extend_from_slice(&piece.text);
            piece.fill(context, &mut out);
        }
        out.extend_from_slice(&self.tail);
        out
    }
}

impl Piece {
    fn fill(&self, context: &impl Context, out: &mut Vec<u8>) {
        match &self.slot {
            Slot::Link(number, form) => {
                if let Some(origin) = context.origin(*number) {
                    return form.write(origin, out);
                }
            }
            Slot::Host(number) => {
                if let Some(origin) = context.origin(*number) {
                    return out.extend_from_slice(origin.host().as_bytes());
                }
            }
            Slot::Value(number, spelling) => {
                if let Some(value) = context.value(*number) {
                    return spelling.write(value, out);
                }
            }
            Slot::Time(time) => {
                let shift = context.shift();
                if shift != 0 && time.write(shift, out) {
                    return;
                }
            }
            Slot::Claims(claims) => {
                return out.extend_from_slice(BASE64URL_NOPAD.encode(&claims.render(context)).as_bytes());
            }
        }
        out.extend_from_slice(&self.recorded);
    }
}
