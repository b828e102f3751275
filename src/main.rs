//! The `overdub` command: parse, start logging, run, exit code.

use std::process::ExitCode;

use clap::Parser as _;
use overdub::cli::Cli;
use overdub::command::{self, Failure, logging};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let ended = logging::start(&cli.log).and_then(|()| command::run(cli.command));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.tell();
            match failure {
                Failure::Checks(_) => ExitCode::from(1),
                Failure::Usage(_) => ExitCode::from(2),
            }
        }
    }
}
