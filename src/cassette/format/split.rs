//! Cuts a stream into documents at its `---` and `...` lines, holding no more than one document.
//!
//! Only column 0 counts: whatever a body contains is indented, so that no body can begin a document.

use std::io::{BufRead, Read};
use std::ops::Range;

use super::{MAX_DOCUMENT, MAX_DOCUMENTS};
use crate::cassette::error::Problem;

/// One document of the stream.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    /// Where it is in the buffer that it was read into.
    pub(super) range: Range<usize>,
    /// The file's line that it begins on (1-based).
    pub(super) line: usize,
    /// The file's byte that it begins on.
    pub(super) offset: u64,
    /// What came after it.
    pub(super) end: End,
}

/// What ends a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// A `...` line: it is complete.
    Closed,
    /// The next document's `---` line.
    Next,
    /// The file's end.
    File {
        /// The last line has its line break.
        whole_line: bool,
    },
}

/// The documents of a stream.
pub(super) struct Splitter<R> {
    input: R,
    /// A `---` line that was read with the document before it.
    marker: Vec<u8>,
    /// Lines and bytes read so far, without `marker`.
    line: usize,
    offset: u64,
    count: usize,
}

/// What a line is to the splitter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Begin,
    End,
    Blank,
    Content,
}

impl<R: BufRead> Splitter<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, marker: Vec::new(), line: 0, offset: 0, count: 0 }
    }

    /// Bytes consumed so far.
    pub(super) fn offset(&self) -> u64 {
        self.offset + self.marker.len() as u64
    }

    /// Appends the next document that has content to `buffer`.
    ///
    /// # Errors
    /// The line, and what is wrong: it cannot be read, or is over a limit.
    pub(super) fn next(&mut self, buffer: &mut Vec<u8>) -> Result<Option<Piece>, (usize, Problem)> {
        let start = buffer.len();
        let mut piece = Piece {
            range: start..start,
            line: self.line + 1,
            offset: self.offset,
            end: End::File { whole_line: true },
        };
        let mut content = false;
        if !self.marker.is_empty() {
            content = has_content_after_marker(&self.marker);
            buffer.append(&mut self.marker);
            self.advance(buffer.len() - start);
        }
        loop {
            if content {
                self.skim(buffer, start);
            }
            let from = buffer.len();
            let read = self.read_line(buffer, start).map_err(|problem| (piece.line, problem))?;
            if read == 0 {
                piece.end = End::File { whole_line: buffer[start..].ends_with(b"\n") };
                break;
            }
            match classify(&buffer[from..]) {
                Line::End => {
                    self.advance(read);
                    buffer.truncate(from);
                    piece.end = End::Closed;
                    if content {
                        break;
                    }
                    piece = Piece { line: self.line + 1, offset: self.offset, ..piece };
                    buffer.truncate(start);
                }
                Line::Begin if content => {
                    self.marker = buffer.split_off(from);
                    piece.end = End::Next;
                    break;
                }
                Line::Begin => {
                    piece = Piece { line: self.line + 1, offset: self.offset, ..piece };
                    buffer.drain(start..from);
                    content = has_content_after_marker(&buffer[start..]);
                    self.advance(read);
                }
                line => {
                    content |= line == Line::Content;
                    self.advance(read);
                }
            }
        }
        piece.range.end = buffer.len();
        if !content {
            return Ok(None);
        }
        self.count += 1;
        if self.count > MAX_DOCUMENTS {
            return Err((piece.line, Problem::TooManyDocuments));
        }
        Ok(Some(piece))
    }

    fn advance(&mut self, bytes: usize) {
        self.line += 1;
        self.offset += bytes as u64;
    }

    /// Reads what lies ready of lines that neither begin nor end a document; the others, those that are cut, and whatever
    /// goes wrong are left to [`Self::read_line`].
    fn skim(&mut self, buffer: &mut Vec<u8>, start: usize) {
        let Ok(ready) = self.input.fill_buf() else { return };
        let (mut bytes, mut lines) = (0, 0);
        while let Some(length) = memchr::memchr(b'\n', &ready[bytes..])
            && !matches!(ready[bytes], b'-' | b'.')
        {
            bytes += length + 1;
            lines += 1;
        }
        if buffer.len() - start + bytes > MAX_DOCUMENT {
            return;
        }
        buffer.extend_from_slice(&ready[..bytes]);
        self.input.consume(bytes);
        self.line += lines;
        self.offset += bytes as u64;
    }

    /// Reads one line, as long as the document that began at `start` stays within its limit.
    fn read_line(&mut self, buffer: &mut Vec<u8>, start: usize) -> Result<usize, Problem> {
        let left = (MAX_DOCUMENT + 1).saturating_sub(buffer.len() - start);
        let read = self.input.by_ref().take(left as u64).read_until(b'\n', buffer).map_err(Problem::Read)?;
        if buffer.len() - start > MAX_DOCUMENT {
            return Err(Problem::DocumentTooLarge);
        }
        if self.line == 0 && self.offset == 0 && buffer[start..].starts_with(b"\xef\xbb\xbf") {
            // An editor's byte order mark. It counts as part of the file but not of the first line.
            buffer.drain(start..start + 3);
            self.offset = 3;
            return Ok(read - 3);
        }
        Ok(read)
    }
}

fn classify(line: &[u8]) -> Line {
    let is_marker = |marker: &[u8]| {
        line.strip_prefix(marker).is_some_and(|rest| rest.first().is_none_or(u8::is_ascii_whitespace))
    };
    if is_marker(b"---") {
        Line::Begin
    } else if is_marker(b"...") {
        Line::End
    } else if line.trim_ascii_start().first().is_none_or(|first| *first == b'#') {
        Line::Blank
    } else {
        Line::Content
    }
}

/// `--- {at: …}`: a document may begin on its marker's line.
fn has_content_after_marker(line: &[u8]) -> bool {
    classify(&line[3..]) == Line::Content
}
