//! Log lines on stderr, through tracing.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::Failure;
use crate::cli::{Command, LogArgs, LogFormat};

/// Starts logging as asked for. Warnings are told whatever is asked, unless it is less.
///
/// # Errors
/// When the filter is none.
pub fn start(args: &LogArgs, command: &Command) -> Result<(), Failure> {
    let typed = args.log.as_deref().map(str::trim).filter(|log| !log.is_empty());
    let asked = typed.unwrap_or(match command {
        // Its output is the command's, and what went wrong is summed up behind it.
        Command::Exec(_) => "warn,overdub::error=off",
        _ => "info",
    });
    let refused = |why: &dyn std::fmt::Display| {
        Failure::usage(format_args!(
            "--log {asked}: {why}; write error, warn, info, debug, trace, or directives as in overdub=debug"
        ))
    };
    // To the library a lone word is a module of which everything is logged, and nothing else.
    if let Some(word) =
        asked.split(',').find(|word| !word.contains('=') && word.parse::<LevelFilter>().is_err())
    {
        return Err(refused(&format_args!("`{word}` is no level")));
    }
    let filter = EnvFilter::builder().parse(format!("warn,{asked}")).map_err(|error| refused(&error))?;
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
