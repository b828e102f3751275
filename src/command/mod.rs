//! What each command does: a file per command.

mod ca;
mod cassette;
mod changes;
mod chosen;
mod completions;
mod demo;
mod exec;
mod explain;
pub mod logging;
mod named;
mod proxy;
mod sandbox;
mod scenario;
mod scenarios;
mod serve;
mod terminal;
mod threads;
mod update;
mod verify;

use std::io::Write as _;

use crate::cli::Command;
use crate::config::{FromFile, Renewal, RunConfig, SettingsError};
use crate::launch::LaunchError;

/// Why a command did not end well.
#[derive(Debug)]
pub enum Failure {
    /// The run failed its checks, or lost something: exit code 1.
    Checks(String),
    /// What was typed, or a file it names, cannot be used: exit code 2. One message per problem.
    Usage(Vec<String>),
    /// A command that was run ended with this exit code, or did well while the checks did not: all is said already.
    Ran(u8),
    /// What was typed is not understood, or asks for help: the parser says so, and what to do about it.
    Typed(clap::Error, Vec<String>),
}

impl Failure {
    /// A single usage problem.
    pub(crate) fn usage(problem: impl std::fmt::Display) -> Self {
        Self::Usage(vec![problem.to_string()])
    }

    /// With the places of the flags that it speaks of and that stand in the file of settings.
    #[must_use]
    pub fn in_file(self, from_file: &FromFile) -> Self {
        let told = |problem: String| {
            let hints = from_file.hints(&problem).into_iter().map(|hint| format!("\n  hint: {hint}"));
            hints.fold(problem, |told, hint| told + hint.as_str())
        };
        match self {
            Self::Checks(problem) => Self::Checks(told(problem)),
            Self::Usage(problems) => Self::Usage(problems.into_iter().map(told).collect()),
            said @ (Self::Ran(_) | Self::Typed(..)) => said,
        }
    }

    /// Says it on stderr, or on stdout where help was asked for.
    pub fn tell(&self) {
        // Nobody is left to tell when stderr is closed.
        let (said, problems) = match self {
            Self::Checks(problem) => ("error", std::slice::from_ref(problem)),
            Self::Usage(problems) => ("error", problems.as_slice()),
            Self::Ran(_) => return,
            Self::Typed(error, hints) => {
                let _ = error.print();
                ("  hint", hints.as_slice())
            }
        };
        let mut stderr = std::io::stderr().lock();
        for problem in problems {
            let _ = writeln!(stderr, "{said}: {}", terminal::printable_lines(problem));
        }
    }

    /// The process's exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Checks(_) => 1,
            Self::Usage(_) => 2,
            Self::Ran(code) => *code,
            Self::Typed(error, _) => u8::try_from(error.exit_code()).unwrap_or(2),
        }
    }
}

impl From<LaunchError> for Failure {
    fn from(LaunchError(problems): LaunchError) -> Self {
        Self::Usage(problems)
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        match error {
            SettingsError::Typed { error, hints } => Self::Typed(error, hints),
            SettingsError::File(error) => Self::usage(error),
        }
    }
}

/// Does what was asked for. What can change while it runs is read again from `renewal`.
///
/// # Errors
/// Why it could not be done, sorted by exit code.
pub fn run(command: Command, renewal: Renewal) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads::worker_threads()?)
        .enable_all()
        .build()
        .map_err(|error| Failure::usage(format_args!("cannot start worker threads: {error}")))?;
    let ended = runtime.block_on(async {
        match command {
            Command::Record(args) if args.update.is_some() => update::run(*args, renewal).await,
            command @ (Command::Record(_) | Command::Replay(_) | Command::Proxy(_)) => {
                proxy::run(RunConfig::of(command).map_err(Failure::usage)?, renewal).await
            }
            Command::Exec(args) => exec::run(*args, renewal).await,
            Command::Sandbox(args) => sandbox::run(args).await,
            Command::Cassette(command) => cassette::run(command),
            Command::Scenario(command) => scenario::run(command).await,
            Command::Demo(args) => demo::run(args).await,
            Command::Ca(args) => ca::run(args),
            Command::Explain(args) => explain::run(*args).await,
            Command::Verify(args) => verify::run(*args).await,
            Command::Completions(args) => completions::run(&args),
        }
    });
    // A name that resolves slowly keeps a thread busy; nobody waits for it.
    runtime.shutdown_background();
    ended
}
