//! Makes alike what differs between two runs of one client: values that vary, links to wherever we listen.

use std::borrow::Cow;

use bytes::Bytes;

use crate::http::{LinkFinder, Origin};

/// Tells under which origin a client reached us; asked only where a link may have to be recognised.
pub type ClientOrigin<'a> = &'a dyn Fn() -> Origin;

/// Spells requests canonically: the recorded ones, or those of one client.
pub(super) struct Speller<'a> {
    /// Fields whose values do not matter.
    pub(super) presence_only: &'a [String],
    /// The origins of the recordings.
    pub(super) origins: &'a [LinkFinder],
    /// The origin of the client whose requests these are.
    pub(super) client: Option<ClientOrigin<'a>>,
}

impl Speller<'_> {
    /// Whether a field's value does not matter.
    pub(super) fn varies(&self, field: &[u8]) -> bool {
        self.presence_only.iter().any(|own| own.as_bytes() == field)
    }

    /// The text with links to ourselves made alike, whichever origin they carry.
    pub(super) fn neutral<'t>(&self, text: Cow<'t, [u8]>) -> Cow<'t, [u8]> {
        let finds = |slashes: &[u8]| memchr::memmem::find(&text, slashes).is_some();
        if !finds(b"//") && !finds(b"\\/\\/") {
            return text;
        }
        let client = self.client.map(|client| LinkFinder::new(&client()));
        let neutral = Origin::new("http", "self.invalid");
        self.origins.iter().chain(&client).fold(text, |text, finder| {
            let template = finder.split(&Bytes::copy_from_slice(&text));
            template.map_or(text, |template| Cow::Owned(template.render(&neutral)))
        })
    }
}
