//! Which scenarios are played, and how: the flags of every command that serves.

use clap::{Args, ValueEnum};

/// What was typed about scenarios.
#[derive(Debug, Args)]
#[command(next_help_heading = "Scenarios")]
pub struct ScenarioArgs {
    /// Scenarios that change what clients see, from scenarios/ or shipped (`overdub scenario list`); more than one with
    /// commas, their handlers run in this order. A session may choose its own by the header x-overdub-scenario.
    #[arg(long = "scenario", value_name = "NAME", value_delimiter = ',', env = "OVERDUB_SCENARIO")]
    pub scenarios: Vec<String>,
    /// Set a parameter of a scenario. May be repeated.
    #[arg(long = "set", value_name = "[SCENARIO.]NAME=VALUE")]
    pub settings: Vec<String>,
    /// What the chance of scenarios is drawn from: the same seed gives the same answers.
    #[arg(long, value_name = "N", default_value = "0", env = "OVERDUB_SEED")]
    pub seed: u64,
    /// What a request gets whose script fails: an error (501), or the answer as it would be without the script.
    #[arg(long, value_name = "fail|recorded", default_value = "fail", hide_possible_values = true)]
    pub on_script_error: OnScriptError,
    /// Fail, with exit code 1, if a handler of the scenarios never did anything.
    #[arg(long)]
    pub require_fired: bool,
}

/// What a request gets whose script fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnScriptError {
    /// An error.
    Fail,
    /// The answer without the script.
    Recorded,
}
