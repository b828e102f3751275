//! Other programs' recordings: read, to become cassettes, and written, to be played there.
//!
//! One file per format, behind one trait each way; which format a file is in is decided in one place. `extension` is what
//! a cassette says and those formats have no place for.

pub mod export;
mod extension;
pub mod import;

pub use extension::{Extension, HeaderExtension};
