//! What may be made to go wrong, as values: faults of the answer, faults of the wire, and how long things take.
//!
//! Nothing is executed here, and nothing here knows why a fault is wanted.

mod latency;

pub(crate) use latency::unit;
pub use latency::{LONGEST, Latency, LatencyError, parse_duration};

use std::time::Duration;

/// One fault of one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The answer begins this much later.
    Delay(Duration),
    /// The body comes at this many bytes per second.
    Throttle {
        /// At least 1.
        bytes_per_second: u64,
    },
    /// The body comes in equal pieces, spread evenly.
    Dribble {
        /// Number of pieces, at least 1.
        chunks: u32,
        /// From the first piece to the last.
        over: Duration,
    },
    /// The connection itself misbehaves.
    Wire(WireFault),
}

/// A fault below HTTP, for the server to execute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireFault {
    /// The request is accepted and never answered, until the client gives up or the server's bound is reached.
    Hang,
    /// The connection is closed before a byte of the response.
    EmptyReply,
    /// The connection is reset (RST) before a byte of the response.
    Reset,
    /// The connection is reset after this many bytes of the body.
    ResetAfter(u64),
    /// Only this many bytes of the body come, `Content-Length` says more, then the connection is closed.
    Truncate(u64),
    /// `Content-Length` says this, which is less than what comes.
    WrongLength(u64),
    /// Chunked framing that breaks in its middle.
    MalformedChunk,
    /// Random bytes in place of a response, then the connection is closed.
    Garbage {
        /// What the bytes are drawn from, so that they are the same each time.
        seed: u64,
    },
    /// A clean answer, then a keep-alive connection is dropped all the same.
    CloseAfter,
    /// This many of the next connections are reset as soon as they are accepted, in the whole process.
    Refuse(u32),
    /// This many of the next TLS handshakes fail, in the whole process.
    TlsFailure(u32),
    /// A graceful GOAWAY after the answer (RFC 9113 §6.8).
    H2Goaway,
    /// `RST_STREAM` with this error code (RFC 9113 §6.4, §7).
    H2Reset(u32),
}

impl Fault {
    /// Every name that [`Fault::name`] gives, in the order of the guide.
    pub const NAMES: [&'static str; 16] = [
        "delay",
        "throttle",
        "dribble",
        "hang",
        "empty_reply",
        "reset",
        "reset_after",
        "truncate",
        "wrong_length",
        "malformed_chunk",
        "garbage",
        "close_after",
        "refuse",
        "tls_failure",
        "h2_goaway",
        "h2_reset",
    ];

    /// The name by which scripts and reports call it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Delay(_) => "delay",
            Self::Throttle { .. } => "throttle",
            Self::Dribble { .. } => "dribble",
            Self::Wire(wire) => wire.name(),
        }
    }
}

impl WireFault {
    /// The name by which scripts and reports call it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Hang => "hang",
            Self::EmptyReply => "empty_reply",
            Self::Reset => "reset",
            Self::ResetAfter(_) => "reset_after",
            Self::Truncate(_) => "truncate",
            Self::WrongLength(_) => "wrong_length",
            Self::MalformedChunk => "malformed_chunk",
            Self::Garbage { .. } => "garbage",
            Self::CloseAfter => "close_after",
            Self::Refuse(_) => "refuse",
            Self::TlsFailure(_) => "tls_failure",
            Self::H2Goaway => "h2_goaway",
            Self::H2Reset(_) => "h2_reset",
        }
    }

    /// Whether the client does not get a response without a body. Over HTTP/1.1 its head is all of it, whatever happens
    /// then; over HTTP/2 (`is_h2`) the stream has to end, too.
    pub const fn cuts_a_bare_answer(&self, is_h2: bool) -> bool {
        match self {
            Self::ResetAfter(_) | Self::Truncate(_) | Self::MalformedChunk => is_h2,
            other => other.replaces_the_answer(),
        }
    }

    /// Whether the client gets no response at all, so that none needs to be made.
    pub const fn replaces_the_answer(&self) -> bool {
        matches!(self, Self::Hang | Self::EmptyReply | Self::Reset | Self::Garbage { .. } | Self::H2Reset(_))
    }
}

/// All that was done to one answer, told together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Faults {
    /// All delays, added up; never more than [`LONGEST`].
    pub delay: Duration,
    /// The slowest of the rates asked for, bytes per second.
    pub throttle: Option<u64>,
    /// Pieces and the time they take; the first one asked for.
    pub dribble: Option<(u32, Duration)>,
    /// The first fault of the wire that was asked for: a connection goes wrong in one way.
    pub wire: Option<WireFault>,
    /// Connections to refuse from now on, added up.
    pub refuse: u32,
    /// TLS handshakes to fail from now on, added up.
    pub tls_failure: u32,
}

impl Faults {
    /// Nothing is to go wrong.
    pub const NONE: Self =
        Self { delay: Duration::ZERO, throttle: None, dribble: None, wire: None, refuse: 0, tls_failure: 0 };

    /// Whether nothing is to go wrong.
    pub fn is_none(&self) -> bool {
        *self == Self::NONE
    }

    /// Adds one.
    pub fn add(&mut self, fault: Fault) {
        match fault {
            Fault::Delay(by) => self.delay = self.delay.saturating_add(by).min(LONGEST),
            Fault::Throttle { bytes_per_second } => {
                let own = self.throttle.unwrap_or(u64::MAX);
                self.throttle = Some(own.min(bytes_per_second.max(1)));
            }
            Fault::Dribble { chunks, over } => {
                self.dribble.get_or_insert((chunks.max(1), over.min(LONGEST)));
            }
            // These concern connections to come, so an answer may have them and another one.
            Fault::Wire(WireFault::Refuse(connections)) => {
                self.refuse = self.refuse.saturating_add(connections);
            }
            Fault::Wire(WireFault::TlsFailure(handshakes)) => {
                self.tls_failure = self.tls_failure.saturating_add(handshakes);
            }
            Fault::Wire(wire) => {
                self.wire.get_or_insert(wire);
            }
        }
    }

    /// Adds all of another.
    pub fn join(&mut self, other: Self) {
        self.add(Fault::Delay(other.delay));
        if let Some(bytes_per_second) = other.throttle {
            self.add(Fault::Throttle { bytes_per_second });
        }
        if let Some((chunks, over)) = other.dribble {
            self.add(Fault::Dribble { chunks, over });
        }
        if let Some(wire) = other.wire {
            self.add(Fault::Wire(wire));
        }
        self.refuse = self.refuse.saturating_add(other.refuse);
        self.tls_failure = self.tls_failure.saturating_add(other.tls_failure);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_add_up_the_slowest_rate_and_the_first_wire_fault_count() {
        let mut faults = Faults::NONE;
        for fault in [
            Fault::Delay(Duration::from_millis(200)),
            Fault::Throttle { bytes_per_second: 100 },
            Fault::Wire(WireFault::Refuse(2)),
            Fault::Wire(WireFault::ResetAfter(3)),
            Fault::Delay(Duration::from_millis(50)),
            Fault::Throttle { bytes_per_second: 7 },
            Fault::Wire(WireFault::Hang),
        ] {
            faults.add(fault);
        }
        let expected = Faults {
            delay: Duration::from_millis(250),
            throttle: Some(7),
            wire: Some(WireFault::ResetAfter(3)),
            refuse: 2,
            ..Faults::NONE
        };
        assert_eq!(faults, expected);
        let mut joined = Faults::NONE;
        assert!(joined.is_none());
        joined.join(expected);
        assert_eq!(joined, expected);
    }

    #[test]
    fn no_sum_of_delays_is_longer_than_the_longest() {
        let mut faults = Faults::NONE;
        faults.add(Fault::Delay(Duration::MAX));
        faults.add(Fault::Delay(Duration::MAX));
        assert_eq!(faults.delay, LONGEST);
    }
}
