//! What can be wrong with the file, or with it and what was typed together.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::yaml::{self, Place};

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// What was typed does not fit, alone or with what the file says; or it asked for help or the version.
    #[error("{error}")]
    Typed {
        /// What the parser says, which knows the stream and the exit code.
        error: clap::Error,
        /// Where in the file the settings stand without which it would fit.
        hints: Vec<String>,
    },
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("--config {}: {problem}; name a file of settings, or `none`", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Something in it cannot be used.
    #[error("{}:{line}:{column}: {problem}", .path.display())]
    At {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
        /// What is wrong there.
        problem: String,
    },
}

impl FileError {
    pub(super) fn unreadable(path: &Path, problem: impl fmt::Display) -> Self {
        Self::Unreadable { path: path.to_owned(), problem: problem.to_string() }
    }

    pub(super) fn io(path: &Path, error: &io::Error) -> Self {
        Self::unreadable(path, error)
    }

    pub(super) fn at(path: &Path, place: Place, problem: impl fmt::Display) -> Self {
        let Place { line, column } = place;
        Self::At { path: path.to_owned(), line, column, problem: problem.to_string() }
    }
}

/// Something in the tree of the file that cannot be used.
#[derive(Debug)]
pub(super) struct Trouble {
    /// The way to it.
    pub(super) path: Vec<usize>,
    /// What is wrong.
    pub(super) problem: Problem,
}

impl Trouble {
    /// The same, where commands other than this one are not troubled.
    pub(super) fn only_for(self, command: &[String]) -> Self {
        let (problem, command) = (Box::new(self.problem), command.join(" "));
        Self { path: self.path, problem: Problem::OnlyFor { problem, command } }
    }

    /// Names file, line and column.
    pub(super) fn in_file(&self, path: &Path, text: &str) -> FileError {
        let place = if self.problem.is_of_the_key() {
            yaml::place_of_key(text, &self.path)
        } else {
            yaml::place_of_value(text, &self.path)
        };
        FileError::at(path, place, &self.problem)
    }
}

/// What is wrong.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    /// No command has such a flag.
    #[error("`{key}` is no setting; {}", nearest(.like.as_deref()))]
    Unknown { key: String, like: Option<String> },
    /// It is a flag of other commands, which `of` says.
    #[error("`overdub {section}` has no --{key}; {of}")]
    Elsewhere { key: String, section: String, of: String },
    /// A key that came before.
    #[error("`{0}` is set twice in one place")]
    Twice(String),
    /// Not a map where settings are.
    #[error("settings are lines of `KEY: VALUE`, a KEY being a flag without its dashes")]
    NoMap,
    /// A key alone.
    #[error("{0}: the value is missing; give one, or leave the key out")]
    NoValue(String),
    /// A switch with something else.
    #[error("{0}: write true or false")]
    NoSwitch(String),
    /// A command's name with something else than its settings.
    #[error("`{0}` is a command: its settings stand below it, as `KEY: VALUE` lines")]
    NoSection(String),
    /// A list or map for a flag that is given once.
    #[error("{0}: one value is wanted here, no list and no map")]
    NotOne(String),
    /// A list or map inside of one.
    #[error("{0}: write a value, a list of values, or a map from name to value")]
    Nested(String),
    /// Something that other commands take.
    #[error(
        "{problem}, for `overdub {command}`; what is for one command alone stands in a section of its name"
    )]
    OnlyFor { problem: Box<Problem>, command: String },
    /// A value that the flag refuses.
    #[error("{key}: invalid value '{value}'{why}")]
    Value { key: String, value: String, why: String },
}

impl Problem {
    fn is_of_the_key(&self) -> bool {
        matches!(
            self,
            Self::Unknown { .. }
                | Self::Elsewhere { .. }
                | Self::Twice(_)
                | Self::NoValue(_)
                | Self::NoSection(_)
        )
    }
}

fn nearest(like: Option<&str>) -> String {
    like.map_or_else(
        || "settings are named as the flags that `overdub COMMAND --help` lists".to_owned(),
        |like| format!("did you mean `{like}`?"),
    )
}
