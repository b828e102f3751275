//! A recorded text split at its stand-ins.

use super::body::as_json;
use super::node::Node;
use super::stand_ins::{Capture, DEEPEST, Hole, StandIns, decoded};

/// Shortest text that is taken for base64.
const CODED: usize = 12;

/// Longest run that stands in the place of a stand-in, in bytes, where anything follows.
const LONGEST: usize = 64 * 1024;

/// How many ends of a run are tried.
const TRIES: usize = 256;

/// A recorded text: what a live one has to be to stand in its place.
#[derive(Debug)]
pub(super) enum Text {
    /// The same.
    Same(Box<[u8]>),
    /// The same but for the open places, each with the text before it.
    Open { pieces: Box<[(Box<[u8]>, Hole)]>, tail: Box<[u8]> },
    /// JSON that means the same.
    Json(Box<Node>),
    /// Base64 of such a text.
    Coded(Box<Text>),
}

impl Text {
    /// Of a text that stands so deep in others.
    pub(super) fn of(text: &[u8], known: &StandIns, depth: usize) -> Self {
        if let Some(inner) = Self::inner(text, known, depth) {
            return inner;
        }
        let mut from = 0;
        let mut pieces = Vec::new();
        for (range, hole) in known.find(text, depth) {
            pieces.push((text[from..range.start].into(), hole));
            from = range.end;
        }
        if pieces.is_empty() {
            return Self::Same(text.into());
        }
        Self::Open { pieces: pieces.into(), tail: text[from..].into() }
    }

    /// What the whole text is made of, if it is JSON or base64 with open places.
    fn inner(text: &[u8], known: &StandIns, depth: usize) -> Option<Self> {
        if depth >= DEEPEST {
            return None;
        }
        if let Some(value) = as_json(text) {
            let node = Node::of(&value, known, depth + 1);
            return node.is_open().then(|| Self::Json(Box::new(node)));
        }
        let letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/_-=".contains(byte);
        if text.len() < CODED || !text.iter().all(letter) {
            return None;
        }
        let plain = decoded(text).filter(|plain| std::str::from_utf8(plain).is_ok())?;
        let inner = Self::of(&plain, known, depth + 1);
        inner.is_open().then(|| Self::Coded(Box::new(inner)))
    }

    /// Whether a live text may be another one.
    pub(super) fn is_open(&self) -> bool {
        !matches!(self, Self::Same(_))
    }

    /// Whether `sent` may stand in its place; then `captures` gets what it tells. `in_path`: it is a segment.
    pub(super) fn fits(&self, sent: &[u8], in_path: bool, captures: &mut Vec<Capture>) -> bool {
        match self {
            Self::Same(own) => **own == *sent,
            Self::Json(node) => as_json(sent).is_some_and(|sent| node.fits(&sent, captures)),
            Self::Coded(text) => decoded(sent).is_some_and(|sent| text.fits(&sent, false, captures)),
            Self::Open { pieces, tail } => {
                let before = captures.len();
                let fits = open_fits(pieces, tail, sent, in_path, captures);
                if !fits {
                    captures.truncate(before);
                }
                fits
            }
        }
    }
}

/// Piece by piece: in the place of a stand-in stands the shortest run that may, up to the text that follows it.
fn open_fits(
    pieces: &[(Box<[u8]>, Hole)],
    tail: &[u8],
    sent: &[u8],
    in_path: bool,
    captures: &mut Vec<Capture>,
) -> bool {
    let Some(mut rest) = pieces.first().and_then(|(head, _)| sent.strip_prefix(&**head)) else {
        return false;
    };
    for (number, (_, hole)) in pieces.iter().enumerate() {
        let Some((next, _)) = pieces.get(number + 1) else {
            return rest.strip_suffix(tail).is_some_and(|run| hole.takes(run, in_path, captures));
        };
        let Some(within) = rest.get(1..rest.len().min(LONGEST)) else { return false };
        let mut ends = memchr::memmem::find_iter(within, &**next).take(TRIES).map(|at| at + 1);
        let Some(end) = ends.find(|end| hole.takes(&rest[..*end], in_path, captures)) else { return false };
        rest = &rest[end + next.len()..];
    }
    false
}
