//! The command itself: started beside us, told of signals, waited for.

use std::ffi::OsString;
use std::io;
use std::process::ExitStatus;

use tokio::process::{Child, Command};

use super::environment::Variables;
use super::signals::{Signal, Signals};
use crate::command::Failure;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// By itself.
    Code(i32),
    /// By a signal.
    Signal(i32),
}

impl Ended {
    fn of(status: ExitStatus) -> Self {
        #[cfg(unix)]
        if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
            return Self::Signal(signal);
        }
        Self::Code(status.code().unwrap_or(1))
    }

    /// Whether all was well with it.
    pub(super) fn is_good(self) -> bool {
        self == Self::Code(0)
    }

    /// The exit code that stands for it: 128 and the signal's number, as shells have it.
    pub(super) fn exit_code(self) -> u8 {
        let (code, other) = match self {
            // Beyond a byte there are none but on Windows.
            Self::Code(code) => (code, 1),
            Self::Signal(signal) => (128 + signal, u8::MAX),
        };
        u8::try_from(code).unwrap_or(other)
    }
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Code(code) => write!(f, "ended with exit code {code}"),
            Self::Signal(signal) => write!(f, "was ended by signal {signal}"),
        }
    }
}

/// Runs a command to its end. It has our terminal, our files and our process group.
///
/// # Errors
/// It cannot be started.
pub(super) async fn run(
    words: &[OsString],
    variables: &Variables,
    signals: &mut Signals,
) -> Result<Ended, Failure> {
    let (program, arguments) = words.split_first().ok_or_else(|| Failure::usage("there is no command"))?;
    let mut command = Command::new(program);
    command.args(arguments).envs(variables);
    let mut child = command.spawn().map_err(|error| not_started(program, &error))?;
    let mut was_told = false;
    loop {
        let signal = tokio::select! {
            // What it ended with goes before what it is told.
            biased;
            status = child.wait() => {
                let what = |error| Failure::usage(format_args!("cannot wait for {}: {error}", program.display()));
                return Ok(Ended::of(status.map_err(what)?));
            }
            signal = signals.next() => signal,
        };
        tell(&mut child, signal, &mut was_told);
    }
}

/// Passes a signal on. What came from the terminal, the command has had itself; who is asked to end twice, ends.
fn tell(child: &mut Child, signal: Signal, was_told: &mut bool) {
    if signal.is_known_to_group() {
        return;
    }
    if signal.is_urging() && std::mem::replace(was_told, true) {
        tracing::warn!("told to end twice: the command is killed");
        // It has ended by itself if this fails.
        let _ = child.start_kill();
    } else {
        signal.pass_on(child);
    }
}

/// Why a program cannot be started, and what to do about it.
fn not_started(program: &OsString, error: &io::Error) -> Failure {
    let path = std::path::Path::new(program);
    let is_path = path.components().count() > 1;
    let has_spaces = program.to_string_lossy().trim().contains(char::is_whitespace);
    let why = match error.kind() {
        _ if program.is_empty() => "its name is empty; is a variable not set?".to_owned(),
        io::ErrorKind::NotFound if has_spaces && !path.exists() => {
            "there is no such program; leave out the quotes around the whole line, or run it by `sh -c '…'`"
                .to_owned()
        }
        io::ErrorKind::NotFound if is_path => {
            "there is no such file, or its interpreter is missing".to_owned()
        }
        io::ErrorKind::NotFound => "there is no such program in PATH; write its path".to_owned(),
        io::ErrorKind::PermissionDenied if path.is_dir() => "it is a directory".to_owned(),
        io::ErrorKind::PermissionDenied => {
            "it is no program, or may not be run; chmod +x allows it".to_owned()
        }
        _ => error.to_string(),
    };
    Failure::usage(format_args!("cannot run `{}`: {why}", program.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_those_of_shells() {
        for (ended, code) in [
            (Ended::Code(0), 0),
            (Ended::Code(7), 7),
            (Ended::Code(255), 255),
            (Ended::Code(-1_073_741_510), 1),
            (Ended::Signal(9), 137),
            (Ended::Signal(15), 143),
        ] {
            assert_eq!(ended.exit_code(), code, "{ended}");
        }
    }
}
