//! Which scenarios are played, and how.

use std::path::PathBuf;

use super::ConfigError;
use crate::cli::{self, ScenarioArgs};
use crate::proxy::OnScriptError;
use crate::scenario::Setting;

/// Where a project keeps its scenarios.
const SCENARIOS: &str = "scenarios";

/// Settings of scenarios.
#[derive(Debug, Clone)]
pub struct ScenarioConfig {
    /// Those that all sessions play, in the order in which their handlers run.
    pub names: Vec<String>,
    /// Their parameters.
    pub settings: Vec<Setting>,
    /// What chance is drawn from.
    pub seed: u64,
    /// What a request gets whose script fails.
    pub on_error: OnScriptError,
    /// Whether it is a failure that a handler never did anything.
    pub require_fired: bool,
    /// Where files are looked for before those that are shipped.
    pub folder: PathBuf,
}

impl ScenarioConfig {
    /// Settings from flags.
    ///
    /// # Errors
    /// A parameter that is none.
    pub fn of(args: &ScenarioArgs) -> Result<Self, ConfigError> {
        let settings: Result<_, _> = args.settings.iter().map(|text| Setting::parse(text)).collect();
        let names = args.scenarios.iter().map(|name| name.trim()).filter(|name| !name.is_empty());
        Ok(Self {
            names: names.map(|name| bare(name).to_owned()).collect(),
            settings: settings?,
            seed: args.seed,
            on_error: match args.on_script_error {
                cli::OnScriptError::Fail => OnScriptError::Fail,
                cli::OnScriptError::Recorded => OnScriptError::Recorded,
            },
            require_fired: args.require_fired,
            folder: PathBuf::from(SCENARIOS),
        })
    }
}

/// The name that a path to a scenario's file stands for.
fn bare(name: &str) -> &str {
    let Some(path) = name.strip_suffix(".rhai") else { return name };
    let path = path.strip_prefix("./").unwrap_or(path);
    path.strip_prefix(SCENARIOS).and_then(|below| below.strip_prefix('/')).unwrap_or(path)
}
