//! Documents that wait to be written together.

use std::path::PathBuf;

/// Documents that wait to be written.
#[derive(Debug, Default)]
pub(super) struct Staged {
    /// One behind the other.
    pub(super) text: String,
    /// In the same order.
    pub(super) documents: Vec<Document>,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Document {
    /// Where it ends in the text.
    pub(super) end: usize,
    /// How many lines it has.
    pub(super) lines: usize,
    /// Its bodies in files of their own.
    pub(super) beside: Vec<PathBuf>,
}
