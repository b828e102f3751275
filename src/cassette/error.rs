//! What can be wrong with a cassette: where, what, and what to do about it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::format::{MAX_DEPTH, MAX_DOCUMENT, MAX_DOCUMENTS};
use super::model::FORMAT_VERSION;

/// A cassette that cannot be found, read or written.
///
/// Displays as `file:line:column: what`, with what to do on a second line. Whatever it quotes from a file is made
/// printable and cut to a sensible length, since a cassette in a pull request is untrusted input.
#[derive(Debug)]
pub struct CassetteError {
    /// The file, or the name that was asked for.
    pub path: PathBuf,
    /// The line (1-based); 0 when it is about the file as a whole.
    pub line: usize,
    /// The column (1-based); 0 when it is about the line as a whole.
    pub column: usize,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with a cassette.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The file is there, but the system does not let us read it.
    #[error("cannot be read: {0}")]
    Read(#[source] io::Error),
    /// The file or one of its sidecars cannot be written: permissions, a full disk.
    #[error("cannot be written: {0}")]
    Write(#[source] io::Error),
    /// A directory, a pipe or a device where a cassette should be.
    #[error("is not a regular file")]
    NotAFile,
    /// Nothing in it, or comments only.
    #[error("is empty")]
    Empty,
    /// A byte sequence that no UTF-8 text holds.
    #[error("is not UTF-8 text")]
    NotUtf8,
    /// Another program's file, or no recording at all.
    #[error("{}", match .0 { Some(tool) => format!("looks like a {tool} file, not an overdub cassette"),
        None => "is not an overdub cassette".to_owned() })]
    NotACassette(Option<Foreign>),
    /// A later format than this program knows.
    #[error("is written in cassette format {found}; this overdub reads up to {FORMAT_VERSION}")]
    TooNew {
        /// The version that the file gives.
        found: u64,
    },
    /// Cut off before the header document was complete.
    #[error("is cut off within its header")]
    HeaderTorn,
    /// Cut off within its last document, which somebody may still be writing.
    #[error("is cut off within its last document")]
    Torn,
    /// Not YAML, or not what a cassette may say.
    #[error("{0}")]
    Malformed(String),
    /// A part of YAML that cassettes do without.
    #[error("{0} are not allowed in cassettes")]
    Forbidden(Construct),
    /// Collections within collections, beyond the limit.
    #[error("is nested more than {MAX_DEPTH} levels deep")]
    TooDeep,
    /// One document over the size limit.
    #[error("has a document of more than {} MiB", MAX_DOCUMENT >> 20)]
    DocumentTooLarge,
    /// More documents than the limit.
    #[error("has more than {MAX_DOCUMENTS} documents")]
    TooManyDocuments,
    /// No cassette goes by that name.
    #[error("no such cassette")]
    Missing {
        /// Names that exist, the nearest first.
        known: Vec<String>,
        /// Where names were looked for.
        dir: PathBuf,
    },
    /// The directory holds no cassette at all.
    #[error("holds no cassettes")]
    NoneThere,
    /// The directory of recordings is not there.
    #[error("there is no such directory")]
    NoDirectory {
        /// Recordings that can be named all the same.
        shipped: Vec<String>,
    },
    /// A cassette of that name was found in another place too.
    #[error("is a second cassette named `{name}`; the first is {}", .other.display())]
    SameName {
        /// The name that both have.
        name: String,
        /// The file that was found first.
        other: PathBuf,
    },
    /// A recording would replace or extend an older one without having been told to.
    #[error("exists already")]
    Exists,
    /// Another process records into the file.
    #[error("is being recorded by another process")]
    Busy,
    /// Somebody else wrote to the file after it was read.
    #[error("was edited meanwhile")]
    Edited,
    /// What would have been written must not be; says which rule, and why.
    #[error("{0}; the exchange is not written")]
    Refused(&'static str),
}

/// Parts of YAML that are refused before the parser sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Construct {
    /// `*name`
    #[error("aliases (`*name`)")]
    Alias,
    /// `&name`
    #[error("anchors and the aliases that repeat them (`&name`)")]
    Anchor,
    /// `!tag`, `!!type`
    #[error("tags (`!name`)")]
    Tag,
}

/// Programs whose recordings are easily mistaken for cassettes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Foreign {
    /// github.com/dnaeon/go-vcr
    #[error("go-vcr")]
    GoVcr,
    /// github.com/kevin1024/vcrpy
    #[error("vcrpy")]
    Vcrpy,
    /// github.com/vcr/vcr and Betamax, which writes the same keys
    #[error("Ruby VCR")]
    RubyVcr,
    /// An HTTP archive, as browsers save them
    #[error("HAR")]
    Har,
}

impl CassetteError {
    /// A problem with the file as a whole.
    pub fn file(path: &Path, problem: Problem) -> Self {
        Self { path: path.to_owned(), line: 0, column: 0, problem }
    }

    /// A problem at a place in the file, both 1-based.
    pub fn at(path: &Path, line: usize, column: usize, problem: Problem) -> Self {
        Self { path: path.to_owned(), line, column, problem }
    }
}

impl fmt::Display for CassetteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Printable(&self.path.to_string_lossy()))?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if self.column > 0 {
            write!(f, ":{}", self.column)?;
        }
        write!(f, ": {}", Printable(&self.problem.to_string()))?;
        match self.problem.hint() {
            Some(hint) => write!(f, "\n  hint: {}", Printable(&hint)),
            None => Ok(()),
        }
    }
}

impl std::error::Error for CassetteError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.problem)
    }
}

impl Problem {
    /// What a person can do about it.
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Read(_) => {
                "check the path and its permissions; an unreadable cassette is never skipped".into()
            }
            Self::Write(error) => match error.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                    "free some space; what was recorded before is kept".into()
                }
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    "check the permissions of the file and its directory, or give another path".into()
                }
                _ => "check that its directory can be written; what was recorded before is kept".into(),
            },
            Self::NotAFile => "give a .yaml file, or a directory of them".into(),
            Self::Empty => "a cassette begins with `overdub: 1`; delete the file or record it again".into(),
            Self::NotUtf8 => "save the file as UTF-8; bytes that are not text belong under `base64:`".into(),
            Self::NotACassette(Some(_)) => {
                "`overdub cassette import FILE -o DIR` makes a cassette of it".into()
            }
            Self::NotACassette(None) => format!("overdub cassettes begin with `overdub: {FORMAT_VERSION}`"),
            Self::TooNew { .. } => "replay it with a newer overdub, or record it again with this one".into(),
            Self::HeaderTorn => {
                "nothing was recorded in it; delete the file or record with --overwrite".into()
            }
            Self::Torn => "write it to its end, or take it out; a replay that begins sets it aside".into(),
            Self::Malformed(_) => return None,
            Self::Forbidden(_) => {
                "write the value out in full; put it in quotes if it is meant as text".into()
            }
            Self::TooDeep => "put such a body under `text:` instead of `json:`".into(),
            Self::DocumentTooLarge => "move large bodies into files of their own, with `file:`".into(),
            Self::TooManyDocuments => "split the recording into several cassettes".into(),
            Self::Missing { known, dir } if known.is_empty() => {
                format!("there are none in {} yet; record one, or give a file or a directory", dir.display())
            }
            Self::Missing { known, .. } => format!("known: {}", list(known)),
            Self::NoneThere => "record one, or give a name, a file or another directory".into(),
            Self::NoDirectory { shipped } if shipped.is_empty() => "record one, or give a file".into(),
            Self::NoDirectory { shipped } => {
                format!("record one, or name one that ships: {}", list(shipped))
            }
            Self::SameName { .. } => "rename one of them, or replay them one at a time".into(),
            Self::Exists => "--overwrite replaces it, --append continues it".into(),
            Self::Edited => "nothing of that is lost, and nothing was changed; run it again".into(),
            Self::Busy => "stop that one first, or record under another name".into(),
            Self::Refused(_) => "say in the profile where the value stands, and record again".into(),
        })
    }
}

/// The first few names of a list that may be long.
fn list(names: &[String]) -> String {
    const SHOWN: usize = 8;
    let mut text = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text.push_str(", …");
    }
    text
}

/// Text from an untrusted file as it may be shown on a terminal: one line, no control characters, of bounded length.
struct Printable<'a>(&'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        const SHOWN: usize = 400;
        for (index, c) in self.0.chars().enumerate() {
            if index == SHOWN {
                return f.write_str("…");
            }
            if super::format::is_invisible(c) {
                write!(f, "{}", c.escape_default())?;
            } else {
                f.write_char(c)?;
            }
        }
        Ok(())
    }
}
