//! Log lines on stderr, through tracing.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;

use super::Failure;
use crate::cli::{LogArgs, LogFormat};

/// Starts logging as asked for.
///
/// # Errors
/// When the filter is none.
pub fn start(args: &LogArgs) -> Result<(), Failure> {
    let filter = EnvFilter::builder().parse(&args.log).map_err(|error| {
        Failure::usage(format_args!(
            "--log {}: {error}; write a level, or directives as in overdub=debug",
            args.log
        ))
    })?;
    let colour =
        io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let lines = tracing_subscriber::fmt()
        .log_internal_errors(false)
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(colour);
    let started = match args.log_format {
        LogFormat::Text => lines.with_target(false).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| Failure::usage(format_args!("cannot start logging: {error}")))
}
