//! Where settings are read from.

use std::path::PathBuf;

use clap::Args;

use super::Cli;

/// What was typed about the file of settings.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// Read settings from this file, as `FLAG: VALUE` lines; `none` reads no file. Flags and variables go before it, and
    /// --no-FLAG turns off what it turns on. [default: overdub.yaml, if it is there]
    #[arg(id = Cli::CONFIG, long, global = true, value_name = "FILE|none", env = "OVERDUB_CONFIG")]
    pub config: Option<PathBuf>,
}
