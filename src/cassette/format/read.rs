//! Reads a cassette: a stream of YAML documents into a header and interactions.
//!
//! Documents are independent of each other, so those of a long cassette are parsed on several threads.

use std::convert::identity;
use std::io::BufRead;
use std::path::Path;
use std::thread;

use http::HeaderMap;
use serde::de::DeserializeSeed;

use super::document::{FromMap, Read, Version};
use super::split::{End, Piece, Splitter};
use super::{LoadBody, canonical, foreign, guard, json};
use crate::cassette::error::{CassetteError, Problem};
use crate::cassette::model::{Cassette, FORMAT_VERSION, Header, Interaction};

/// Text that is read before it is parsed: bounds memory, and is enough to keep several threads busy.
const BATCH: usize = 2 << 20;

/// Text below which a second thread costs more than it saves.
const WORTH_A_THREAD: usize = 256 << 10;

/// Most threads for one cassette.
const MAX_THREADS: usize = 8;

/// What reading a cassette gives.
#[derive(Debug)]
pub struct Reading<H = HeaderMap> {
    /// The header and every complete interaction.
    pub cassette: Cassette<H>,
    /// The last document, if it was cut off.
    pub torn: Option<Torn>,
    /// Whether the last complete document has the line that ends it.
    pub closed: bool,
}

/// A last document that was cut off: by a crash, or because its recorder has not finished it yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Torn {
    /// The line that it begins on (1-based).
    pub line: usize,
    /// The byte that it begins on, which is the length of the good part.
    pub offset: u64,
    /// The byte after it, which is the length of the file as it was read.
    pub end: u64,
}

/// Reads the cassette `name` from `input`; `path` is for messages.
///
/// # Errors
/// The first thing that is wrong, with its place.
pub fn read(
    input: impl BufRead,
    name: String,
    path: &Path,
    bodies: &dyn LoadBody,
) -> Result<Reading, CassetteError> {
    read_as(input, name, path, bodies, identity)
}

/// What is kept of an interaction as soon as it has been read.
pub(in crate::cassette) type Keep<H> = fn(Interaction) -> Interaction<H>;

/// Reads a cassette as [`read`] does, and keeps of each interaction what `keep` makes of it.
pub(in crate::cassette) fn read_as<H: Send>(
    input: impl BufRead,
    name: String,
    path: &Path,
    bodies: &dyn LoadBody,
    keep: Keep<H>,
) -> Result<Reading<H>, CassetteError> {
    let mut parser = Parser { path, bodies, threads: threads() };
    let mut splitter = Splitter::new(input);
    let mut buffer = Vec::new();
    let header = parser.header(&mut splitter, &mut buffer)?;
    let mut reading = Reading {
        cassette: Cassette { name, path: path.to_owned(), header: header.0, interactions: Vec::new() },
        torn: None,
        closed: header.1,
    };
    // A recorder ends every document; a person may leave that out at the end, and has a whole last line then.
    let recorded = reading.cassette.header.recorded_with.is_some();
    let mut any_closed = header.1 && recorded;
    let mut pieces = Vec::new();
    loop {
        let piece = splitter.next(&mut buffer);
        let failed = match piece {
            Ok(Some(piece)) if any_closed && parser.is_cut(&buffer, &piece, recorded) => {
                reading.torn = Some(Torn { line: piece.line, offset: piece.offset, end: splitter.offset() });
                None
            }
            Ok(Some(piece)) => {
                reading.closed = piece.end == End::Closed;
                any_closed |= reading.closed;
                pieces.push(piece);
                if buffer.len() < BATCH {
                    continue;
                }
                parser.batch(&buffer, &pieces, keep, &mut reading.cassette.interactions)?;
                pieces.clear();
                buffer.clear();
                continue;
            }
            Ok(None) => None,
            Err((line, problem)) => Some(CassetteError::at(path, line, 0, problem)),
        };
        parser.batch(&buffer, &pieces, keep, &mut reading.cassette.interactions)?;
        // It has grown by doubling, and is kept.
        reading.cassette.interactions.shrink_to_fit();
        return failed.map_or(Ok(reading), Err);
    }
}

fn threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS)
}

/// What parsing needs besides the text.
#[derive(Clone, Copy)]
struct Parser<'a> {
    path: &'a Path,
    bodies: &'a dyn LoadBody,
    threads: usize,
}

impl Parser<'_> {
    /// Reads the header, and whether it has the line that ends it.
    fn header(
        &mut self,
        splitter: &mut Splitter<impl BufRead>,
        buffer: &mut Vec<u8>,
    ) -> Result<(Header, bool), CassetteError> {
        let piece = match splitter.next(buffer) {
            Ok(Some(piece)) => piece,
            Ok(None) => return Err(CassetteError::file(self.path, Problem::Empty)),
            Err((line, problem)) => {
                let foreign = foreign::recognise(buffer).map(|tool| Problem::NotACassette(Some(tool)));
                return Err(match (foreign, problem) {
                    (_, Problem::Read(error)) => CassetteError::file(self.path, Problem::Read(error)),
                    (Some(foreign), _) => CassetteError::at(self.path, 1, 1, foreign),
                    (None, problem) => CassetteError::at(self.path, line, 0, problem),
                });
            }
        };
        if piece.end == (End::File { whole_line: false }) {
            return Err(self.torn_header(buffer));
        }
        let claims = foreign::claims_to_be_a_cassette(buffer);
        let stranger = |tool| CassetteError::at(self.path, piece.line, 1, Problem::NotACassette(tool));
        let tool = foreign::recognise(buffer).filter(|_| !claims);
        if tool.is_some() {
            return Err(stranger(tool));
        }
        let text = self.guarded(self.utf8(buffer, &piece)?, &piece)?;
        let version = match self.document::<Version>(text, piece.line) {
            Ok(version) => version,
            Err(error) if claims => return Err(error),
            Err(_) => return Err(stranger(None)),
        };
        match version.0 {
            None => Err(stranger(None)),
            Some(found) if found != FORMAT_VERSION => {
                let above = text.lines().take_while(|line| !line.starts_with("overdub")).count();
                Err(CassetteError::at(self.path, piece.line + above, 1, Problem::TooNew { found }))
            }
            Some(_) => {
                let header = self.document(text, piece.line)?;
                buffer.clear();
                Ok((header, piece.end == End::Closed))
            }
        }
    }

    /// Whether a document that is not closed, where others are, was cut off. In a file that a person wrote it was not
    /// if it is whole without that.
    fn is_cut(self, buffer: &[u8], piece: &Piece, recorded: bool) -> bool {
        match piece.end {
            End::Closed | End::Next => false,
            End::File { whole_line } => {
                recorded || !whole_line || self.pieces(buffer, std::slice::from_ref(piece), identity).is_err()
            }
        }
    }

    /// A file whose only document ends in the middle of a line: was that a cassette's header?
    fn torn_header(&self, document: &[u8]) -> CassetteError {
        let begins = document.starts_with(b"overdub") || b"overdub: 1\n".starts_with(document);
        let problem =
            if begins { Problem::HeaderTorn } else { Problem::NotACassette(foreign::recognise(document)) };
        CassetteError::file(self.path, problem)
    }

    /// Parses `pieces` of `buffer`, in parallel if that is worth it.
    fn batch<H: Send>(
        self,
        buffer: &[u8],
        pieces: &[Piece],
        keep: Keep<H>,
        into: &mut Vec<Interaction<H>>,
    ) -> Result<(), CassetteError> {
        let threads = self.threads.min(buffer.len() / WORTH_A_THREAD).min(pieces.len()).max(1);
        into.reserve(pieces.len());
        if threads == 1 {
            return self.pieces(buffer, pieces, keep).map(|interactions| into.extend(interactions));
        }
        let parts: Vec<_> = thread::scope(|scope| {
            let part = |pieces| move || self.pieces(buffer, pieces, keep);
            let started: Vec<_> = pieces
                .chunks(pieces.len().div_ceil(threads))
                .map(|pieces| (pieces, thread::Builder::new().spawn_scoped(scope, part(pieces))))
                .collect();
            started
                .into_iter()
                .map(|(pieces, thread)| match thread.map(thread::ScopedJoinHandle::join) {
                    Ok(Ok(part)) => part,
                    Ok(Err(panic)) => std::panic::resume_unwind(panic),
                    Err(_) => self.pieces(buffer, pieces, keep), // no more threads to be had: do it here
                })
                .collect()
        });
        for part in parts {
            into.extend(part?);
        }
        Ok(())
    }

    fn pieces<H>(
        self,
        buffer: &[u8],
        pieces: &[Piece],
        keep: Keep<H>,
    ) -> Result<Vec<Interaction<H>>, CassetteError> {
        pieces
            .iter()
            .map(|piece| {
                let text = self.utf8(buffer, piece)?;
                let interaction = match canonical::read(text, self.bodies) {
                    Some(interaction) => interaction,
                    None => self.document::<Interaction>(self.guarded(text, piece)?, piece.line)?,
                };
                Ok(keep(Interaction { line: piece.line, ..interaction }))
            })
            .collect()
    }

    fn utf8<'b>(&self, buffer: &'b [u8], piece: &Piece) -> Result<&'b str, CassetteError> {
        let bytes = &buffer[piece.range.clone()];
        std::str::from_utf8(bytes)
            .map_err(|error| self.error_at(piece.line, bytes, error.valid_up_to(), Problem::NotUtf8))
    }

    /// The text of one document, once it is known to be safe to parse.
    fn guarded<'b>(&self, text: &'b str, piece: &Piece) -> Result<&'b str, CassetteError> {
        guard::check(text)
            .map_err(|refusal| self.error_at(piece.line, text.as_bytes(), refusal.at, refusal.problem))?;
        Ok(text)
    }

    /// Parses one document that begins on `line`.
    fn document<T: FromMap>(&self, text: &str, line: usize) -> Result<T, CassetteError> {
        Read::new(self.bodies).deserialize(serde_yaml::Deserializer::from_str(text)).map_err(|error| {
            let problem = problem(&error);
            match error.location() {
                Some(at) if at.index() > 0 => {
                    CassetteError::at(self.path, line + at.line() - 1, at.column(), problem)
                }
                // Characters that YAML cannot carry are refused before the parser counts lines.
                _ => self.error_at(line, text.as_bytes(), text.find(is_control).unwrap_or(0), problem),
            }
        })
    }

    /// An error at a byte of a document that begins on `line`.
    fn error_at(&self, line: usize, document: &[u8], at: usize, problem: Problem) -> CassetteError {
        let before = &document[..at];
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        let column = String::from_utf8_lossy(&before[line_start..]).chars().count() + 1;
        let line = line + memchr::memchr_iter(b'\n', before).count();
        CassetteError::at(self.path, line, column, problem)
    }
}

/// Control characters that a YAML stream has no place for.
fn is_control(c: char) -> bool {
    c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}')
}

/// The parser's message without the places in it, which count from the document's beginning.
fn problem(error: &serde_yaml::Error) -> Problem {
    let text = error.to_string();
    let mut message = String::with_capacity(text.len());
    for (index, part) in text.split(" at ").enumerate() {
        let place = part.strip_prefix("line ").or_else(|| part.strip_prefix("position "));
        if let Some(place) = place.filter(|_| index > 0) {
            let rest = place.trim_start_matches(|c: char| c.is_ascii_digit());
            let rest = rest.strip_prefix(" column ").unwrap_or(rest);
            message.push_str(rest.trim_start_matches(|c: char| c.is_ascii_digit()));
        } else {
            message.push_str(if index > 0 { " at " } else { "" });
            message.push_str(part);
        }
    }
    if message.ends_with(json::TOO_DEEP) { Problem::TooDeep } else { Problem::Malformed(message) }
}
