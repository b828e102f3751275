//! Fixtures: a few words in which tests say what was recorded, what an upstream sends and what a client does.

pub(crate) mod overdub;
pub(crate) mod secure;
pub(crate) mod tape;
pub(crate) mod wire;
