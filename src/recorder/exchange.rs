//! One exchange as it passed by: raw, whole, before anything was replaced.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::http::{HeaderMap, Method, StatusCode};
use bytes::Bytes;

use crate::cassette::Framing;
use crate::clock::Timestamp;
use crate::http::{BODY_LIMIT, Origin, Upload};
use crate::profile::Mask;

/// A request and its response, both finished.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) at: Timestamp,
    pub(crate) took: Duration,
    pub(crate) method: Method,
    /// Under which origin the client reached us: it sends back links that carry it.
    pub(crate) client: Origin,
    /// The origin that it went to, where that is not the configured upstream.
    pub(crate) origin: Option<Origin>,
    /// Path and query as sent.
    pub(crate) target: String,
    /// The session that the request belongs to, where sessions count.
    pub(crate) session: Option<Arc<str>>,
    pub(crate) request_headers: HeaderMap,
    pub(crate) request_body: RequestCopy,
    pub(crate) status: StatusCode,
    pub(crate) response_headers: HeaderMap,
    pub(crate) framing: Framing,
    /// As it came, still coded.
    pub(crate) body: Bytes,
    pub(crate) trailers: HeaderMap,
}

impl Exchange {
    /// Its method and path for a message.
    pub(crate) fn what(&self, mask: &Mask) -> String {
        super::shown(&self.method, &self.target, mask)
    }

    /// Bytes of its bodies.
    pub(crate) fn size(&self) -> usize {
        self.body.len() + self.request_body.lock().bytes.len()
    }
}

/// The request body, copied while it is sent on. Shared between the connection that sends it and the exchange.
///
/// A std lock: it is held to append one part, never across an `.await`.
#[derive(Debug, Clone, Default)]
pub(crate) struct RequestCopy(Arc<Mutex<Copied>>);

/// How much of a request body has been copied.
#[derive(Debug, Default)]
pub(crate) struct Copied {
    /// What was sent so far; nothing more once `too_large`.
    pub(crate) bytes: Vec<u8>,
    /// Bytes sent so far.
    pub(crate) sent: u64,
    /// The body was sent to its end.
    pub(crate) complete: bool,
    /// The body is larger than is recorded, or is not kept at all.
    pub(crate) too_large: bool,
    /// Why the client did not send it whole.
    pub(crate) broken: Option<String>,
    /// Its length, if the client told it.
    length: Option<u64>,
}

impl Copied {
    /// How far it has come.
    pub(crate) fn upload(&self) -> Upload {
        Upload { sent: self.sent, complete: self.complete }
    }
}

impl RequestCopy {
    /// For a body of this length in bytes, if it is told: nothing has been sent yet. Unless it is `kept`, only how far it
    /// has come is noted.
    pub(crate) fn of_length(length: Option<u64>, kept: bool) -> Self {
        let own = Self::default();
        *own.lock() = Copied { length, complete: length == Some(0), too_large: !kept, ..Copied::default() };
        own
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Copied> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, part: &[u8]) {
        let mut own = self.lock();
        own.sent += part.len() as u64;
        own.complete |= own.length == Some(own.sent);
        if own.too_large {
            return;
        }
        if own.bytes.len() + part.len() > BODY_LIMIT {
            own.too_large = true;
            own.bytes = Vec::new();
        } else {
            own.bytes.extend_from_slice(part);
        }
    }
}
