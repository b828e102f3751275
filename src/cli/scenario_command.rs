//! `overdub scenario`.

use clap::{Args, Subcommand};

/// What can be done with scenarios.
#[derive(Debug, Subcommand)]
pub enum ScenarioCommand {
    /// Show which scenarios there are, with their parameters and routes.
    List(ScenarioListArgs),
    /// Compile scenarios and tell all that is wrong with them. Exit code 1 when something is.
    Check(ScenarioCheckArgs),
    /// Play what the tests of scenarios expect, `scenarios/NAME.test.yaml`. Exit code 1 when one fails.
    Test(ScenarioTestArgs),
    /// Write a commented scenario and its test, to begin with.
    New(ScenarioNewArgs),
}

/// What was typed behind `overdub scenario list`.
#[derive(Debug, Args)]
pub struct ScenarioListArgs {
    /// Scenarios by name. [default: all there are]
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// What was typed behind `overdub scenario check`.
#[derive(Debug, Args)]
pub struct ScenarioCheckArgs {
    /// Scenarios by name. [default: all in scenarios/; the shipped ones, if there are none]
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// What was typed behind `overdub scenario test`.
#[derive(Debug, Args)]
pub struct ScenarioTestArgs {
    /// Scenarios by name. [default: all in scenarios/; the shipped ones, if there are none]
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// What was typed behind `overdub scenario new`.
#[derive(Debug, Args)]
pub struct ScenarioNewArgs {
    /// Its name: letters, digits, - and _. The files are scenarios/NAME.rhai and scenarios/NAME.test.yaml.
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Replace the files if they are there.
    #[arg(long)]
    pub force: bool,
}
