//! Other programs' recordings: read, to become cassettes.
//!
//! One file per format, behind one trait; which format a file is in is decided in one place.

pub mod import;
