//! `overdub explain`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::api::repeat;
use crate::cassette::Repeat;

/// What was typed behind `overdub explain`.
#[derive(Debug, Args)]
#[command(after_long_help = REQUESTS)]
pub struct ExplainArgs {
    /// A cassette that is played: a name under recordings/, a file or a directory. May be repeated.
    /// [default: recordings/]
    #[arg(short, long = "cassette", value_name = "NAME")]
    pub cassettes: Vec<String>,
    /// What came before: a file that `--session-log` of a proxy wrote. What it gave counts as used.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub session_log: Option<PathBuf>,
    /// The session that the requests belong to. Of a request of the session log, its own.
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub session: String,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
    /// Show all that differs, and more recordings, instead of the first difference of the closest ones.
    #[arg(short = 'v', long)]
    pub all: bool,
    /// Take the URL's origin for what a forward proxy is asked for, instead of this proxy's own.
    #[arg(long)]
    pub forward: bool,
    /// What is known about the API: `okta`, `none`, or a file of your own.
    #[arg(long, value_name = "FILE|okta|none", env = "OVERDUB_PROFILE", default_value = "okta")]
    pub profile: String,
    /// What a write gets that comes once more than it was recorded. [default: as the cassette says, else error]
    #[arg(long, value_name = "error|last|cycle", value_parser = repeat)]
    pub repeat: Option<Repeat>,
    /// The request: a curl line, 'METHOD URL', FILE.http, FILE.http#NAME, or a number in the session log. Of several, each
    /// comes after those before it.
    #[arg(value_name = "REQUEST", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub requests: Vec<String>,
}

/// What a request may look like.
const REQUESTS: &str = "\
A REQUEST is one of:
  curl -X POST URL -d BODY   a curl line, as it is or quoted as one argument, \"Copy as cURL\" too;
                             unquoted it takes all that follows
  'GET /api/v1/users/me'     a method and a URL, or a path
  FILE.http                  all requests of a file for JetBrains' or VS Code's client, in order
  FILE.http#2                one of them, by its number or name
  17                         a request of the session log, by its number";
