//! `overdub ca`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// What was typed behind `overdub ca`.
#[derive(Debug, Args)]
pub struct CaArgs {
    /// What to do with the local CA.
    #[command(subcommand)]
    pub command: CaCommand,
}

/// What can be done with the local CA.
#[derive(Debug, Subcommand)]
pub enum CaCommand {
    /// Print where the CA's certificate is; the CA is made if there is none.
    Path,
    /// Write the CA's certificate out, for a client or a device.
    Export(CaExportArgs),
    /// Make a new CA.
    New(CaNewArgs),
}

/// What was typed behind `overdub ca export`.
#[derive(Debug, Args)]
pub struct CaExportArgs {
    /// Where to write it. [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Its form: `pem` for most clients, `der` for phones and Java.
    #[arg(long, value_name = "pem|der", default_value = "pem", hide_possible_values = true)]
    pub format: CertificateFormat,
}

/// What was typed behind `overdub ca new`.
#[derive(Debug, Args)]
pub struct CaNewArgs {
    /// Let it vouch for these hosts and this machine alone: HOST, *.DOMAIN or IP. May be repeated. [default: any host]
    #[arg(long, value_name = "HOST", value_delimiter = ',')]
    pub allow_host: Vec<String>,
    /// Replace the CA that is there; clients must then be told to trust the new one.
    #[arg(long)]
    pub force: bool,
}

/// Form of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CertificateFormat {
    /// Text (RFC 7468).
    Pem,
    /// Bytes (X.690).
    Der,
}
