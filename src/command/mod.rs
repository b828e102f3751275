//! What each command does: a file per command.

mod admin;
mod ca;
mod cassette;
mod completions;
mod demo;
pub mod logging;
mod proxy;
mod sandbox;
mod scenarios;
mod serve;

use std::io::Write as _;

use crate::cli::Command;
use crate::config::RunConfig;

/// Why a command did not end well.
#[derive(Debug)]
pub enum Failure {
    /// The run failed its checks, or lost something: exit code 1.
    Checks(String),
    /// What was typed, or a file it names, cannot be used: exit code 2. One message per problem.
    Usage(Vec<String>),
}

impl Failure {
    /// A single usage problem.
    pub(crate) fn usage(problem: impl std::fmt::Display) -> Self {
        Self::Usage(vec![problem.to_string()])
    }

    /// Says it on stderr.
    pub fn tell(&self) {
        let problems = match self {
            Self::Checks(problem) => std::slice::from_ref(problem),
            Self::Usage(problems) => problems.as_slice(),
        };
        let mut stderr = std::io::stderr().lock();
        for problem in problems {
            // Nobody is left to tell when stderr is closed.
            let _ = writeln!(stderr, "error: {problem}");
        }
    }
}

/// Does what was asked for.
///
/// # Errors
/// Why it could not be done, sorted by exit code.
pub fn run(command: Command) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::usage(format_args!("cannot start worker threads: {error}")))?;
    let ended = runtime.block_on(async {
        match command {
            Command::Record(args) => proxy::run(RunConfig::record(*args).map_err(Failure::usage)?).await,
            Command::Replay(args) => proxy::run(RunConfig::replay(*args).map_err(Failure::usage)?).await,
            Command::Proxy(args) => proxy::run(RunConfig::proxy(*args).map_err(Failure::usage)?).await,
            Command::Sandbox(args) => sandbox::run(args).await,
            Command::Cassette(command) => cassette::run(command),
            Command::Demo(args) => demo::run(args).await,
            Command::Ca(args) => ca::run(args),
            Command::Completions(args) => completions::run(&args),
        }
    });
    // A name that resolves slowly keeps a thread busy; nobody waits for it.
    runtime.shutdown_background();
    ended
}
