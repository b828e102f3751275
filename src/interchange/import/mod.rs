//! Reads what other programs recorded, exchange by exchange.
//!
//! `yaml` and `json` give a file's interactions one by one, as a tree each ([`Node`]); so a file needs the memory of its text
//! and of one interaction. A [`Format`] says whose file it is and makes an [`Exchange`] of each. What all formats share of
//! HTTP (header lines, times, lengths of time, bodies) is in `parts`.

mod betamax;
mod body;
mod exact;
mod go_vcr;
mod har;
mod json;
mod node;
mod parts;
mod ruby_vcr;
mod stream;
mod vcrpy;
mod yaml;

use crate::http::Origin;
use crate::recorder::Passed;

pub use exact::{header, restore};
pub use node::Node;
pub use stream::{List, NotARecording, Shape};

/// What another program writes.
pub trait Format: Sync {
    /// As it is typed and told: `go-vcr`.
    fn name(&self) -> &'static str;

    /// Whether the file is of this format.
    fn recognises(&self, shape: &Shape<'_>) -> bool;

    /// What one of its interactions says.
    ///
    /// # Errors
    /// It lacks what an interaction needs, or says it in another way than the format does.
    fn exchange(&self, item: &Node) -> Result<Found, Problem>;
}

/// All formats that are read, in the order in which they are asked.
pub static FORMATS: [&dyn Format; 5] =
    [&har::Har, &go_vcr::GoVcr, &vcrpy::Vcrpy, &betamax::Betamax, &ruby_vcr::RubyVcr];

/// The format of that name.
pub fn by_name(name: &str) -> Option<&'static dyn Format> {
    FORMATS.into_iter().find(|format| format.name() == name)
}

/// What an interaction of another program is to a cassette.
#[derive(Debug)]
pub struct Found {
    /// `None`: it cannot be carried over; the notes say why.
    pub exchange: Option<Exchange>,
    /// What is not carried over.
    pub notes: Vec<Note>,
    /// About where in the file it begins (bytes).
    pub at: usize,
}

/// An exchange that another program recorded.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The origin that it was with.
    pub(crate) origin: Origin,
    /// What passed; its URL is path and query.
    pub(crate) passed: Passed,
}

impl Exchange {
    /// The origin that it was with.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }
}

/// Something that is not carried over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The line that it is about (1-based).
    pub line: usize,
    /// What, and why.
    pub what: String,
}

/// Why a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line (1-based); 0 when it is about the file as a whole.
    pub line: usize,
    /// The column (1-based); 0 when it is about the line as a whole.
    pub column: usize,
    /// What is wrong.
    pub what: String,
}

impl Problem {
    /// Something about a line as a whole.
    pub(super) fn at(line: usize, what: impl Into<String>) -> Self {
        Self { line, column: 0, what: what.into() }
    }
}

/// Why reading a file ended early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// It is no recording.
    Not(NotARecording),
    /// It is one that cannot be read.
    Bad(Problem),
}

/// Whether `text` is a recording, as far as its first interaction tells.
pub fn is_recording(text: &str, given: Option<&'static dyn Format>) -> bool {
    let mut is_one = false;
    // Stops at the first, whatever it is.
    let _ = stream::items(text, &mut |shape| {
        is_one = given.is_some() || FORMATS.into_iter().any(|format| format.recognises(shape));
        Ok(false)
    });
    is_one
}

/// The format that was asked for, unless the file looks like another.
fn held(given: &'static dyn Format, shape: &Shape<'_>) -> Result<&'static dyn Format, Problem> {
    let other = || FORMATS.into_iter().find(|format| format.recognises(shape));
    match (shape.item, other()) {
        // A file without interactions tells little.
        (Some(item), Some(other)) if given.name() != other.name() => {
            let (own, other) = (given.name(), other.name());
            let what =
                format!("is no {own} but looks like {other}; leave --format away, or say --format {other}");
            Err(Problem { line: item.line, column: 0, what })
        }
        (None, Some(other)) if (given.name() == "har") != (other.name() == "har") => {
            let (own, other) = (given.name(), other.name());
            Err(Problem::at(0, format!("is no {own} but looks like {other}; leave --format away")))
        }
        _ => Ok(given),
    }
}

/// Reads `text`, in the format that is given or else recognised, and hands each interaction over with its number.
///
/// # Errors
/// It is no recording, or one that cannot be read.
pub fn read(
    text: &str,
    given: Option<&'static dyn Format>,
    each: &mut dyn FnMut(Found),
) -> Result<&'static dyn Format, Failure> {
    let mut format = None;
    let mut item = |shape: &Shape<'_>| -> Result<bool, Problem> {
        if format.is_none() {
            format = match given {
                Some(given) => Some(held(given, shape)?),
                None => FORMATS.into_iter().find(|format| format.recognises(shape)),
            };
        }
        let (Some(format), Some(item)) = (format, shape.item) else { return Ok(format.is_some()) };
        let mut found = format.exchange(item)?;
        found.at = shape.at;
        found.notes.extend(shape.note.map(|what| Note { line: item.line, what: what.to_owned() }));
        each(found);
        Ok(true)
    };
    stream::items(text, &mut item)?;
    format.ok_or(Failure::Not(NotARecording::Unknown))
}
