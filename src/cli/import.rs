//! `overdub cassette import`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Switch;

/// What was typed behind `overdub cassette import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Recordings of other programs, and directories with all that is below them; hidden files there are left out.
    #[arg(value_name = "SRC", required = true)]
    pub sources: Vec<PathBuf>,
    /// Where the cassettes go: NAME.yaml for a single file, else a directory, below which directories keep their structure.
    #[arg(short, long, value_name = "DEST")]
    pub output: PathBuf,
    /// Which program wrote them: auto, go-vcr, vcrpy, ruby-vcr, betamax or har.
    #[arg(long, value_name = "FORMAT", default_value = "auto", hide_possible_values = true)]
    pub format: ImportFormat,
    /// Put stand-ins in place of secret and personal values and hosts, as recording does. `off` keeps everything.
    #[arg(long, value_name = "on|off", default_value = "on", hide_possible_values = true)]
    pub redact: Switch,
    /// Where secret and personal values stand: `okta`, `none`, or a file of your own.
    #[arg(long, value_name = "FILE|okta|none", env = "OVERDUB_PROFILE", default_value = "okta")]
    pub profile: String,
    /// Replace cassettes that exist.
    #[arg(long)]
    pub overwrite: bool,
    /// Print the summary as one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Which program wrote a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ImportFormat {
    /// Whichever each file looks like.
    Auto,
    /// go-vcr's YAML, formats 1 and 2.
    GoVcr,
    /// vcrpy's YAML or JSON.
    Vcrpy,
    /// Ruby VCR's YAML or JSON.
    RubyVcr,
    /// betamax's JSON.
    Betamax,
    /// HTTP archives: Polly's and browsers'.
    Har,
}

impl ImportFormat {
    /// The format's name; `None`: whichever each file looks like.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Auto => None,
            Self::GoVcr => Some("go-vcr"),
            Self::Vcrpy => Some("vcrpy"),
            Self::RubyVcr => Some("ruby-vcr"),
            Self::Betamax => Some("betamax"),
            Self::Har => Some("har"),
        }
    }
}
