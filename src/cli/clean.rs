//! `overdub cassette clean`.

use std::path::PathBuf;

use clap::Args;

/// What was typed behind `overdub cassette clean`.
#[derive(Debug, Args)]
pub struct CleanArgs {
    /// Cassettes to put stand-ins into. One in which nothing is replaced is left as it is; of one that is changed,
    /// comments are lost.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Where secret and personal values stand: `okta`, `none`, or a file of your own. [default: the built-in profile that
    /// a cassette names, else okta]
    #[arg(long, value_name = "FILE|okta|none", env = "OVERDUB_PROFILE")]
    pub profile: Option<String>,
    /// Change nothing; exit with 1 if there is something to replace.
    #[arg(long)]
    pub check: bool,
}
