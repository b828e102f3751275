//! `overdub cassette list`, `show` and `check`.

use std::num::NonZeroUsize;

use clap::Args;

/// What was typed behind `overdub cassette list`.
#[derive(Debug, Args)]
pub struct CassetteListArgs {
    /// Names under recordings/, files, directories. [default: all in recordings/; the shipped ones, if there are none]
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// What was typed behind `overdub cassette show`.
#[derive(Debug, Args)]
pub struct CassetteShowArgs {
    /// A cassette by name or file; NAME#3 is its third interaction.
    #[arg(value_name = "NAME[#NUMBER]")]
    pub name: String,
    /// Only this interaction, and all of it.
    #[arg(value_name = "NUMBER", value_parser = numbered)]
    pub number: Option<NonZeroUsize>,
    /// Every interaction with its headers and bodies.
    #[arg(long)]
    pub full: bool,
    /// Print one JSON object, with all that the cassette says.
    #[arg(long)]
    pub json: bool,
    /// Which fields tell an entity's state: `okta`, `none`, or a file of your own. [default: the built-in profile that the
    /// cassette names, else okta]
    #[arg(long, value_name = "FILE|okta|none", env = "OVERDUB_PROFILE")]
    pub profile: Option<String>,
}

/// What was typed behind `overdub cassette check`.
#[derive(Debug, Args)]
pub struct CassetteCheckArgs {
    /// Names under recordings/, files, directories. [default: all in recordings/; the shipped ones, if there are none]
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// The number of an interaction.
fn numbered(text: &str) -> Result<NonZeroUsize, &'static str> {
    text.parse().map_err(|_| "write the number of an interaction, the first of which is 1")
}
