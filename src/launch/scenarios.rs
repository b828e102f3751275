//! Scenarios of a proxy, loaded when it starts.

use std::sync::Arc;

use super::LaunchError;
use crate::clock::Clock;
use crate::config::ScenarioConfig;
use crate::profile::Profile;
use crate::proxy::{ScenarioOptions, Scenarios};
use crate::scenario::{Library, ScenarioError};
use crate::shipped::SCENARIOS;

/// The scenarios that were asked for. `clock` is the time for scripts; `None`: when the recording was made.
///
/// # Errors
/// The first thing that is wrong with them, with its place.
pub(super) fn load(
    config: &ScenarioConfig,
    clock: Option<Clock>,
    profile: &Arc<Profile>,
) -> Result<Scenarios, LaunchError> {
    let options = options(config, clock, profile);
    let loaded = library(config)
        .and_then(|library| Scenarios::load(library, &config.names, &config.settings, options));
    loaded.map_err(|error| LaunchError::one(told_as_flag(&error)))
}

/// The files that there are.
///
/// # Errors
/// Names one that cannot be read.
pub(super) fn library(config: &ScenarioConfig) -> Result<Arc<Library>, ScenarioError> {
    Ok(Arc::new(Library::read(&config.folder, SCENARIOS)?))
}

/// How they are played.
pub(super) fn options(
    config: &ScenarioConfig,
    clock: Option<Clock>,
    profile: &Arc<Profile>,
) -> ScenarioOptions {
    let (seed, on_error, wall, profile) = (config.seed, config.on_error, Clock::Wall, Arc::clone(profile));
    ScenarioOptions { seed, on_error, clock, wall, profile }
}

/// What is wrong, and the flag that it is about.
pub(super) fn told_as_flag(error: &ScenarioError) -> String {
    match error {
        ScenarioError::Unknown { .. } => format!("--scenario: {error}"),
        ScenarioError::Setting(error) => format!("--set: {error}"),
        error => error.to_string(),
    }
}
