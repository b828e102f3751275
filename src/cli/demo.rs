//! `overdub demo`.

use std::path::PathBuf;

use clap::Args;

/// What was typed behind `overdub demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Where the cassettes go. [default: a new directory under the system's temporary one]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}
