//! Scripts that change what the client sees.
//!
//! A scenario is a file of Rhai. It is compiled and run once, at load, and registers handlers by route. A request that no
//! route names never enters Rhai. This module knows requests and answers as values; it knows nothing of cassettes,
//! sockets or how sessions come to be, and it executes no fault.
//!
//! # Life of a request
//!
//! 1. [`Set::matches`] finds the handlers of a request; for most there are none.
//! 2. [`Set::before`] runs the `on_request` handlers: one may answer, or ask for silence.
//! 3. [`ScenarioState::gone`] answers for entities that a scenario removed.
//! 4. The recording or the API answers; after a write that succeeded, [`ScenarioState::moved_by`] is told.
//! 5. [`Set::after`] lays overlays over the answer and runs the `on_response` handlers, also on answers that a script
//!    made; where there are none, [`ScenarioState::overlaid`] does the first of the two.
//! 6. Faults are executed by whoever serves the answer.
//!
//! What scripts change for later requests is in [`ScenarioState`], one for each session.

#![allow(clippy::unnecessary_box_returns, reason = "the engine's functions return their errors so")]

mod api;
mod call;
mod choice;
mod draw;
mod engine;
mod error;
mod exchange;
mod forms;
mod functions;
mod handler;
mod json;
mod library;
mod limits;
mod literal;
mod load;
mod memory;
mod okta;
mod overlay;
mod params;
mod resolved;
mod route;
mod routes;
mod set;
mod state;
mod time;
mod turn;

pub use choice::{Choice, SessionScripts};
pub use engine::Engine;
pub use error::{ScenarioError, ScriptError};
pub use exchange::{Origin, Request, Response, Veil};
pub use handler::{Handler, HandlerReport, Phase};
pub use json::{JsonError, Parsed};
pub use library::{Library, LibraryError, Source};
pub use limits::Limits;
pub use load::{Parameter, Scenario};
pub use overlay::{Overlay, Overlays};
pub use params::{Setting, SettingError};
pub use set::{Contest, Decision, Fired, Route, Set};
pub use state::ScenarioState;
