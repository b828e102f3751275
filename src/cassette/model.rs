//! What a cassette says, as values: a header and recorded interactions.
//!
//! Plain data without YAML and without sockets. [`super::format`] turns it into text and back; replay and the
//! recorder share it.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};

use crate::clock::Timestamp;
use crate::profile::StandInType;

/// The format version that this program writes, and the newest that it reads.
pub const FORMAT_VERSION: u64 = 1;

/// A recording that was read whole: immutable from then on. `H`: what holds the headers of its responses.
#[derive(Debug, Clone, PartialEq)]
pub struct Cassette<H = HeaderMap> {
    /// Its name: the file's name without `.yaml`.
    pub name: String,
    /// The file it came from; messages name it.
    pub path: PathBuf,
    /// What its header document says.
    pub header: Header,
    /// The exchanges in recorded order.
    pub interactions: Vec<Interaction<H>>,
}

/// The first document of a cassette.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Header {
    /// The program and version that wrote the file.
    pub recorded_with: Option<String>,
    /// Name of the profile that was in force.
    pub profile: Option<String>,
    /// The origin that relative URLs belong to, `scheme://authority` without a trailing slash. A stand-in, as a
    /// rule: links to it are what comes back to the client with the client's own origin.
    pub upstream: String,
    /// What a write does when its recordings are used up, for the whole cassette.
    pub repeat: Option<Repeat>,
}

/// What happens when a request comes once more than it was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Repeat {
    /// A miss that says "recorded, but already used".
    #[default]
    Error,
    /// The last recorded answer again.
    Last,
    /// From the first recorded answer on again.
    Cycle,
}

/// One recorded exchange.
#[derive(Debug, Clone, PartialEq)]
pub struct Interaction<H = HeaderMap> {
    /// When the request arrived.
    pub at: Option<Timestamp>,
    /// From the request's arrival to the last byte of the response, to the millisecond.
    pub took: Option<Duration>,
    /// What the client asked.
    pub request: RecordedRequest,
    /// Stand-ins that first appear here with their type, in order of appearance: `("+15550100001", Phone)`. A host's
    /// stands for the whole authority.
    pub stand_ins: Vec<(String, StandInType)>,
    /// Overrides the cassette's [`Header::repeat`].
    pub repeat: Option<Repeat>,
    /// What the upstream answered.
    pub response: RecordedResponse<H>,
    /// Line of the file where its document begins (1-based); 0 when it was never in a file.
    pub line: usize,
}

/// A request as it was recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedRequest {
    /// The method, letter case as sent.
    pub method: Method,
    /// Path and query as sent, relative to [`Header::upstream`]; absolute for other origins.
    pub url: String,
    /// The headers worth keeping (an allow-list), never credentials.
    pub headers: HeaderMap,
    /// The body after content decoding.
    pub body: RequestBody,
}

/// A recorded request's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestBody {
    /// There was none, or an empty one: to a server these are the same.
    Empty,
    /// Nobody recorded it (an import, or a response that came before the request had been sent): matches any body.
    Unrecorded,
    /// These bytes.
    Bytes(Bytes),
}

impl RequestBody {
    /// Its bytes; `None` when nobody recorded it.
    pub fn known(&self) -> Option<&[u8]> {
        match self {
            Self::Empty => Some(&[]),
            Self::Unrecorded => None,
            Self::Bytes(bytes) => Some(bytes),
        }
    }
}

/// A response as it was recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedResponse<H = HeaderMap> {
    /// The status.
    pub status: StatusCode,
    /// All headers but hop-by-hop ones and what is computed when sending; repeated lines stay separate.
    pub headers: H,
    /// How the upstream delimited the body.
    pub framing: Framing,
    /// The body; `None` when there was none (204, 304, HEAD, or an empty one).
    pub body: Option<Body>,
    /// Trailer fields (RFC 9110 §6.5).
    pub trailers: H,
}

impl RequestBody {
    /// Its bytes, if there are any.
    pub fn bytes(&self) -> Option<&Bytes> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Empty | Self::Unrecorded => None,
        }
    }
}

/// A recorded response's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// The entity after content decoding, unless `coded`.
    pub bytes: Bytes,
    /// The bytes are still coded as `content-encoding` says, because they did not decode.
    pub coded: bool,
}

/// How a body's end is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Framing {
    /// By `Content-Length`.
    #[default]
    Length,
    /// By a last chunk, or by the connection's end: the length was not known beforehand.
    Chunked,
}
