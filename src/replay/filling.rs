//! What comes to the open places of an answer for one client.

use std::cell::OnceCell;

use super::bindings::{Bound, LiveOrigin};
use super::template::Context;
use crate::http::Origin;

/// One client's view of a recording.
pub(super) struct Filling<'a> {
    /// The origin through which the client reaches us; asked once, and only if a link needs it.
    pub(super) client: &'a dyn Fn() -> Origin,
    pub(super) known: OnceCell<Origin>,
    /// Whether the client asks for other origins than ours: then none of them is the upstream's by itself.
    pub(super) is_forwarded: bool,
    pub(super) bound: Option<&'a Bound>,
    /// How many seconds later than recorded it is for the client.
    pub(super) shift: i64,
}

impl Filling<'_> {
    fn ours(&self) -> &Origin {
        self.known.get_or_init(self.client)
    }
}

impl Context for Filling<'_> {
    fn origin(&self, number: usize) -> Option<&Origin> {
        if number == 0 && !self.is_forwarded {
            return Some(self.ours());
        }
        match self.bound?.origin(number)? {
            LiveOrigin::Other(origin) | LiveOrigin::Twin(origin) => Some(origin),
            LiveOrigin::Ours => (!self.is_forwarded).then(|| self.ours()),
        }
    }

    fn value(&self, number: usize) -> Option<&str> {
        self.bound?.value(number)
    }

    fn shift(&self) -> i64 {
        self.shift
    }
}
