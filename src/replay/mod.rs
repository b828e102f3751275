//! Replay: which recorded answer is due, and how it goes out.
//!
//! `timeline` is one cassette with its keys, groups and openers, built once at load; `session` holds what serving
//! changes for one client run, `sessions` all of them; `player` finds the answer for a request; `answer` is a recorded response made ready to send; `miss`
//! explains why there is none. Nothing here can reach an upstream.

mod answer;
mod miss;
mod openers;
mod player;
mod session;
mod sessions;
mod timeline;

pub use player::{Player, ReplayOptions};
