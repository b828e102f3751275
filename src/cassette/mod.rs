//! Cassettes: recorded traffic as readable YAML files.
//!
//! `model` is what a cassette says, `packed` the same as replay holds it, `format` turns it into YAML and back, `store`
//! finds, loads and appends files.

mod error;
pub mod format;
pub(crate) mod model;
mod packed;
pub mod store;

pub use error::{CassetteError, Construct, Foreign, Problem};
pub use model::{
    Body, Cassette, FORMAT_VERSION, Framing, Header, Interaction, RecordedRequest, RecordedResponse, Repeat,
    RequestBody,
};
pub use packed::{Headers, PackedHeaders};
pub use store::{
    CutOff, Existing, Origin, Part, RECORDINGS, Rewrite, Source, Whole, Writer, again, find,
    is_being_recorded, is_cassette, is_recorded, load, load_all, load_packed, path_for,
};
