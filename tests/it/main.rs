//! Behaviour from outside: the library and the binary over real sockets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a fixture that fails is a test that fails"
)]

mod admin;
mod architecture;
mod audit;
mod cassette;
mod cassette_command;
mod cli;
mod clock;
mod crash;
mod drift;
mod exec;
mod explain;
mod export;
mod faults;
mod forward;
mod guide;
mod interchange;
mod latency;
mod modes;
mod record;
mod reload;
mod replay;
mod sandbox;
mod scenario;
mod scenario_command;
mod scripted;
mod serve;
mod sessions;
mod shipped;
mod support;
mod testing;
mod tls;
