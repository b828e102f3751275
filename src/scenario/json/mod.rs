//! JSON as scripts change it: read once, changed by way of handles, written back with every other byte as it was.

mod document;
mod handle;
mod parsed;
mod properties;
mod register;
mod value;
mod write;

pub(crate) use document::{Document, EditError, Id};
pub(crate) use handle::{Access, Json, lock};
pub(crate) use parsed::Kind;
pub use parsed::{JsonError, Parsed};
pub(crate) use properties::properties;
pub(crate) use register::{init, register};
pub(crate) use value::{show, to_json, type_name};

#[cfg(test)]
mod tests;
