//! overdub: a record-and-replay HTTP proxy.

pub mod cassette;
pub mod clock;
pub mod http;
pub mod matching;
pub mod profile;
pub mod sandbox;
