//! The cassette format: YAML text to model and back. The only folder that knows of a YAML crate.
//!
//! Writing is an emitter of our own (`scalar`, `body`, `write`), whose output has one shape and is lossless by
//! construction. Reading goes in steps, each of which bounds the next: `split` cuts the stream into documents,
//! `canonical` reads what is spelled as it is written here, and for the rest `guard` refuses what could make the YAML
//! crate's parser work for hours; `document`, `fields` and `json` turn what either reads into the model, `read` puts them
//! together. Files, locks and names are the store's business.

mod body;
mod canonical;
mod document;
mod emit;
mod fields;
mod foreign;
mod guard;
mod json;
mod read;
mod scalar;
mod split;
mod write;

use std::io;

use bytes::Bytes;

pub(super) use read::{Keep, read_as};
pub use read::{Reading, Torn, read};
pub(crate) use scalar::{fits_block, is_invisible, push_block, push_indent, push_key, push_text};
pub use write::{write_header, write_interaction};

/// Largest single document: 16 MiB. The largest that is written is some 10 MiB (two bodies of 64 KiB in their least
/// favourable spelling); a parser needs up to sixty times a document's size, so this bounds memory too.
pub const MAX_DOCUMENT: usize = 16 << 20;

/// Most documents in one file.
pub const MAX_DOCUMENTS: usize = 1_000_000;

/// Deepest nesting of a `json:` body, in writing and in reading; deeper ones are kept as `text:`.
pub const MAX_DEPTH: usize = 64;

/// Bodies above this size go into a file of their own beside the cassette.
pub const SIDECAR_ABOVE: usize = 64 << 10;

/// Where bodies go that are too large for the cassette itself.
pub trait SaveBody {
    /// Keeps `body` and returns the name that the cassette will give for it. The file is complete when this
    /// returns: no cassette may ever name a sidecar that is not there.
    fn save(&mut self, body: &[u8]) -> io::Result<String>;
}

/// Where bodies come from that are kept beside the cassette.
pub trait LoadBody: Sync {
    /// The body under that name, which comes from an untrusted file and has not been checked.
    fn load(&self, name: &str) -> io::Result<Bytes>;
}
