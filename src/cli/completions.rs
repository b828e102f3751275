//! `overdub completions`.

use clap::Args;
use clap_complete::Shell;

/// What was typed behind `overdub completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell that is to know commands and flags.
    pub shell: Shell,
}
