//! `overdub cassette export`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// What was typed behind `overdub cassette export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Cassettes: names under recordings/, files, directories, shipped ones.
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,
    /// Whose format it is written in.
    #[arg(long, value_name = "FORMAT")]
    pub to: ExportFormat,
    /// The file it goes into; for several cassettes, or where it is one already, a directory. [default: stdout]
    #[arg(short, long, value_name = "FILE|DIR")]
    pub output: Option<PathBuf>,
    /// Replace files that are there.
    #[arg(long, requires = "output")]
    pub overwrite: bool,
}

/// A format that cassettes are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// HAR 1.2, as browsers, Playwright and Polly read it.
    Har,
    /// Stub mappings of WireMock.
    Wiremock,
    /// YAML of vcrpy.
    Vcrpy,
    /// YAML of go-vcr 3 and 4.
    GoVcr,
    /// A shell script that sends the requests again.
    Curl,
}

impl ExportFormat {
    /// As it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Har => "har",
            Self::Wiremock => "wiremock",
            Self::Vcrpy => "vcrpy",
            Self::GoVcr => "go-vcr",
            Self::Curl => "curl",
        }
    }
}
