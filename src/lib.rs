//! overdub: a record-and-replay HTTP proxy.

pub mod cassette;
pub mod clock;
pub mod sandbox;
