//! Cassettes: recorded traffic as readable YAML files.
//!
//! `model` is what a cassette says, `format` turns it into YAML and back, `store` finds, loads and appends files.

pub(crate) mod model;

pub use model::{
    Body, Cassette, FORMAT_VERSION, Framing, Header, Interaction, RecordedRequest, RecordedResponse, Repeat,
    RequestBody,
};
