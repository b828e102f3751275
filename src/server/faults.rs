//! Faults, executed: what an answer's [`Faults`] say happens to it and to its connection, without knowing why.
//!
//! # What a client meets
//!
//! | fault | HTTP/1.1 | HTTP/2 |
//! |---|---|---|
//! | `delay` | the head comes later | the same |
//! | `throttle`, `dribble` | the body comes slowly, its first byte at once | the same |
//! | `hang` | no byte comes; when the client closes its side, after [`Limits::hang`] or at the shutdown the connection is closed | no frame of this stream comes; after [`Limits::hang`] or at the shutdown it is reset with `CANCEL`; other streams go on |
//! | `empty_reply` | the connection is closed before a byte of the answer | the same, without GOAWAY; it ends all streams |
//! | `reset` | RST before a byte of the answer | the same; it ends all streams |
//! | `reset_after(n)` | head, n bytes of the body, RST; all of a body that is shorter | the same; it ends all streams |
//! | `truncate(n)` | `Content-Length` says more than the n bytes that come, then the connection is closed | as many bytes come, then the stream is reset with `INTERNAL_ERROR` |
//! | `wrong_length(n)` | `Content-Length` says n (at least one less than comes), all of the body comes, the connection stays open | the same, which makes the answer malformed there (RFC 9113 §8.1.1) |
//! | `malformed_chunk` | half of the body as a chunk, then what is no chunk, then the connection is closed | half of the body, then a frame that is a `PROTOCOL_ERROR` (DATA on stream 0, RFC 9113 §6.1), then the connection is closed |
//! | `garbage` | bytes of no meaning in place of the answer, then the connection is closed | bytes of no meaning in place of frames, then the connection is closed |
//! | `close_after` | a whole answer that does not say `Connection: close`, then the connection is closed | a whole answer, then the connection is closed without GOAWAY |
//! | `refuse(n)` | the next n connections are reset as soon as they are accepted | the same |
//! | `tls_failure(n)` | the next n handshakes end with the alert `handshake_failure`; on a port of plain HTTP the next n connections are reset, as by `refuse` | the same |
//! | `h2_goaway` | the answer says `Connection: close`, and keeps to it | a whole answer, and GOAWAY with `NO_ERROR`; streams under way are finished |
//! | `h2_reset(code)` | RST before a byte of the answer | `RST_STREAM` with this code in place of an answer |
//!
//! An answer without a body (to HEAD, with 204 or 304) has nothing to cut: it comes, and the connection or stream ends as
//! it says above; `wrong_length` leaves it, and any empty body, as it is, and `malformed_chunk` closes HTTP/1.1
//! connections after it. HTTP/1.0 has no chunks: half of the body comes, then the connection is closed. A body of unknown
//! length is cut by `malformed_chunk` after the first part of it that arrives; by `truncate` without a length that could
//! say more: its last chunk is missing. All bytes are those of the content coding that the body has. Closed means closed
//! in order, with TLS's `close_notify`; a reset is one of the TCP connection, whatever it is wrapped in.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ::http::{HeaderValue, StatusCode, Version, header};
use bytes::Bytes;
use h2::Reason;
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use super::Limits;
use super::outgoing::{Cut, Outgoing, Over};
use super::wire::{Ending, When, Wire};
use crate::fault::{Faults, LONGEST, WireFault};
use crate::http::{BODY_LIMIT, Body, Reply, filtered};

/// How many bytes `garbage` sends: blocks of SHA-256.
const GARBAGE_BLOCKS: u64 = 8;

/// What stands where the size of a chunk should (RFC 9112 §7.1): its first letter is no hexadecimal digit.
const NO_CHUNK: &[u8] = b"no chunk size\r\n";

/// A DATA frame of one byte on stream 0, which every client must take for a `PROTOCOL_ERROR` (RFC 9113 §6.1).
const BROKEN_FRAME: &[u8] = &[0, 0, 1, 0, 0, 0, 0, 0, 0, 0];

/// Connections and handshakes that are yet to fail. All listeners that have a clone of it share them.
#[derive(Debug, Clone, Default)]
pub struct Outages(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    connections: AtomicU32,
    handshakes: AtomicU32,
}

impl Outages {
    /// Whether the connection that has just come is to be refused.
    pub(super) fn take_connection(&self) -> bool {
        take(&self.0.connections)
    }

    /// Whether the handshake that begins is to fail.
    pub(super) fn take_handshake(&self) -> bool {
        take(&self.0.handshakes)
    }

    fn add(&self, faults: &Faults, speaks_tls: bool) {
        add(&self.0.connections, faults.refuse);
        // Where there is no handshake to fail, the connection fails in its place.
        add(if speaks_tls { &self.0.handshakes } else { &self.0.connections }, faults.tls_failure);
    }
}

fn add(counter: &AtomicU32, count: u32) {
    if count > 0 {
        let _ =
            counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |own| Some(own.saturating_add(count)));
    }
}

fn take(counter: &AtomicU32) -> bool {
    counter.load(Ordering::Relaxed) > 0
        && counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |own| own.checked_sub(1)).is_ok()
}

/// What executing faults takes, beside the answer.
pub(super) struct Scene<'a> {
    pub(super) wire: &'a Arc<Wire>,
    pub(super) outages: &'a Outages,
    /// Whether clients may speak TLS to this listener.
    pub(super) speaks_tls: bool,
    pub(super) limits: Limits,
    pub(super) shutdown: &'a CancellationToken,
    /// Whether a HEAD request is answered.
    pub(super) is_head: bool,
    pub(super) version: Version,
}

impl Scene<'_> {
    /// The answer that is left once its faults are executed; the error resets its stream (HTTP/2). What ends the connection
    /// instead does not complete: the connection's end ends it.
    pub(super) async fn execute(&self, reply: Reply, faults: Faults) -> Result<Reply, h2::Error> {
        if !faults.delay.is_zero() {
            tokio::time::sleep(faults.delay.min(LONGEST)).await;
        }
        self.outages.add(&faults, self.speaks_tls);
        match faults.wire {
            Some(WireFault::Hang) => self.hang(reply).await,
            Some(WireFault::EmptyReply) => self.end(reply, Ending::Close).await,
            Some(WireFault::H2Reset(code)) if self.is_h2() => Err(Reason::from(code).into()),
            Some(WireFault::Reset | WireFault::H2Reset(_)) => {
                self.end(reply, Ending::Reset { settled: false }).await
            }
            Some(WireFault::Garbage { seed }) => self.end(reply, Ending::Raw(garbage(seed))).await,
            _ => Ok(self.bent(reply, &faults).await),
        }
    }

    fn is_h2(&self) -> bool {
        self.version == Version::HTTP_2
    }

    /// When a connection ends that is to send first what it was given.
    fn when_sent(&self) -> When {
        if self.is_h2() { When::Settled } else { When::Flushed }
    }

    /// The answer is dropped, and the connection ends.
    async fn end(&self, reply: Reply, ending: Ending) -> Result<Reply, h2::Error> {
        drop(reply);
        self.wire.arm(ending, When::Now);
        pending().await
    }

    async fn hang(&self, reply: Reply) -> Result<Reply, h2::Error> {
        if !self.is_h2() {
            return self.end(reply, Ending::Hang).await;
        }
        drop(reply);
        tokio::select! {
            () = tokio::time::sleep(self.limits.hang) => {}
            () = self.shutdown.cancelled() => {}
        }
        Err(Reason::CANCEL.into())
    }

    /// The answer, its head and body changed as the faults say.
    async fn bent(&self, mut reply: Reply, faults: &Faults) -> Reply {
        let is_bare =
            self.is_head || matches!(reply.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        if let (Some(WireFault::WrongLength(length)), false) = (faults.wire, is_bare) {
            self.claim(&mut reply, length).await;
        }
        let (mut head, body) = reply.into_parts();
        let (total, is_empty) = (body.length(), body.is_end());
        let mut body = Outgoing::new(body, Arc::clone(self.wire));
        if let Some(bytes_per_second) = faults.throttle {
            body = body.throttled(bytes_per_second);
        }
        if let Some((pieces, over)) = faults.dribble.filter(|_| !is_empty) {
            body = body.dribbled(pieces, over);
        }
        let end = |ending| Over::Connection(ending, self.when_sent());
        // Where nothing is sent, nothing is cut: what is left is the end of the connection.
        let cut = |bytes: u64| Cut::After(if is_bare { 0 } else { bytes });
        body = match faults.wire {
            Some(WireFault::ResetAfter(bytes)) => {
                body.ending(cut(bytes), end(Ending::Reset { settled: !self.is_h2() }))
            }
            Some(WireFault::Truncate(bytes)) => {
                if let (Some(total), false) = (total, is_bare) {
                    // The server takes the length of a body it knows nothing of from here.
                    let told = HeaderValue::from(total.max(bytes.saturating_add(1)));
                    unframe(&mut head);
                    head.headers.insert(header::CONTENT_LENGTH, told);
                }
                let over =
                    if self.is_h2() { Over::Stream(Reason::INTERNAL_ERROR) } else { end(Ending::Close) };
                body.ending(cut(bytes), over).veiled()
            }
            Some(WireFault::MalformedChunk) => {
                let broken = if self.is_h2() { BROKEN_FRAME } else { NO_CHUNK };
                let is_plain = !self.is_h2() && (is_bare || self.version == Version::HTTP_10);
                let ending = if is_plain { Ending::Close } else { Ending::Raw(Bytes::from_static(broken)) };
                if !is_bare {
                    unframe(&mut head);
                }
                if let (Some(total), true, false) = (total, self.is_h2(), is_bare) {
                    // Some clients take what came before a broken frame for all, unless its length tells otherwise.
                    head.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(total));
                }
                body.ending(total.map_or(Cut::AfterFirst, |total| cut(total / 2)), end(ending)).veiled()
            }
            Some(WireFault::CloseAfter) => body.ending(Cut::Nowhere, end(Ending::Close)),
            Some(WireFault::H2Goaway) if self.is_h2() => body.ending(Cut::Nowhere, Over::GoAway),
            Some(WireFault::H2Goaway) => {
                head.headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
                body
            }
            _ => body,
        };
        Reply::from_parts(head, body.into_body())
    }

    /// Lets the head claim a length that is less than that of the body.
    async fn claim(&self, reply: &mut Reply, length: u64) {
        let body = std::mem::take(reply.body_mut());
        let whole = match body.length() {
            Some(_) => Ok(body),
            None => match body.read(BODY_LIMIT).await {
                Ok(Ok(whole)) => Ok(Body::Whole(whole.data)),
                Ok(Err(larger)) => Err(larger),
                Err(error) => Err(Body::broken(error)),
            },
        };
        *reply.body_mut() = match whole {
            Ok(body) => body.sized(),
            Err(body) => body,
        };
        let Some(total) = reply.body().length().filter(|total| *total > 0) else {
            return tracing::debug!("wrong_length leaves an answer as it is: its body is empty, or endless");
        };
        let claimed = length.min(total - 1);
        let claimed = if self.is_h2() {
            HeaderValue::from(claimed)
        } else {
            // hyper holds a length that it can read against the body's, and takes one with white space behind it as it
            // is; clients take that off (RFC 9112 §5.1).
            HeaderValue::from_str(&format!("{claimed} ")).unwrap_or_else(|_| HeaderValue::from(claimed))
        };
        let (mut head, body) = std::mem::take(reply).into_parts();
        unframe(&mut head);
        head.headers.insert(header::CONTENT_LENGTH, claimed);
        *reply = Reply::from_parts(head, body);
    }
}

/// Takes off what the head says of how its body is framed.
fn unframe(head: &mut ::http::response::Parts) {
    head.headers = filtered(&head.headers, |name| {
        ![header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::TRAILER].contains(name)
    });
}

/// Bytes of no meaning, the same for the same seed.
fn garbage(seed: u64) -> Bytes {
    let block = |number: u64| Sha256::digest([seed.to_be_bytes(), number.to_be_bytes()].concat());
    (0..GARBAGE_BLOCKS).flat_map(block).collect()
}
