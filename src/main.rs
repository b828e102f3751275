//! The `overdub` command: parse, start logging, run, exit code.

use std::process::ExitCode;

use overdub::command::{self, Failure, logging};
use overdub::config::{CommandLine, Renewal, Settings};

fn main() -> ExitCode {
    match run(&CommandLine::of(std::env::args_os())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.tell();
            ExitCode::from(failure.exit_code())
        }
    }
}

fn run(line: &CommandLine) -> Result<(), Failure> {
    let Settings { cli, from_file } = line.read()?;
    let renewal = Renewal::new(line.clone(), from_file.clone());
    let ended = logging::start(&cli.log, &cli.command).and_then(|()| command::run(cli.command, renewal));
    ended.map_err(|failure| failure.in_file(&from_file))
}
