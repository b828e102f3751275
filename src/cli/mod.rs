//! The `overdub` command: what can be typed, and what each command does.
//!
//! `args` says what was typed and touches nothing; [`crate::config`] says what it means; a file per command does it.

mod args;
mod demo;
pub mod logging;
mod record;
mod replay;
mod sandbox;
mod serve;

use std::io::Write as _;

pub use args::{Cli, Command, Listen, LogArgs, LogFormat, RecordArgs, ReplayArgs, SandboxArgs, Switch};

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

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// Why it could not be done, sorted by exit code.
    pub fn run(self) -> Result<(), Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::usage(format_args!("cannot start worker threads: {error}")))?;
        let ended = runtime.block_on(async {
            match self {
                Self::Record(args) => record::run(args).await,
                Self::Replay(args) => replay::run(args).await,
                Self::Sandbox(args) => sandbox::run(args).await,
                Self::Demo(args) => demo::run(args).await,
            }
        });
        // A name that resolves slowly keeps a thread busy; nobody waits for it.
        runtime.shutdown_background();
        ended
    }
}
