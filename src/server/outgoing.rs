//! The body of an answer with faults: when its parts go out, and where it stops.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use ::http::HeaderMap;
use bytes::Bytes;
use h2::Reason;
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use super::wire::{Ending, SETTLE, When, Wire};
use crate::fault::LONGEST;
use crate::http::{BODY_LIMIT, Body, BodyError, PolledFrame, Whole};

/// Largest part that goes out at once (bytes).
const PART: u64 = 64 * 1024;

/// How many parts a second a body is cut into by a rate.
const PARTS_PER_SECOND: u64 = 20;

/// What happens when the body is over: at its own end, or where it is cut.
#[derive(Debug, Clone)]
pub(super) enum Over {
    /// Its connection ends.
    Connection(Ending, When),
    /// Its stream is reset (HTTP/2), if the body is cut; else nothing.
    Stream(Reason),
    /// The client is told to open another connection (HTTP/2).
    GoAway,
}

/// Where a body is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// Nowhere.
    Nowhere,
    /// After so many bytes; if there are fewer, after the last one.
    After(u64),
    /// After the first part that arrives.
    AfterFirst,
}

/// A body on its way out.
pub(super) struct Outgoing {
    body: Body,
    /// What was read of the body and is not due yet.
    rest: Bytes,
    /// The whole body, which is needed before its first part can go out.
    collecting: Option<Collecting>,
    pace: Pace,
    cut: Cut,
    over: Option<Over>,
    /// Whether its end and its length are kept from the server, whose framing is to say otherwise.
    is_veiled: bool,
    wait: Option<Pin<Box<Sleep>>>,
    wire: Arc<Wire>,
}

type Collecting = Pin<Box<dyn Future<Output = Result<Result<Whole, Body>, BodyError>> + Send>>;

impl Outgoing {
    pub(super) fn new(body: Body, wire: Arc<Wire>) -> Self {
        Self {
            body,
            rest: Bytes::new(),
            collecting: None,
            pace: Pace::default(),
            cut: Cut::Nowhere,
            over: None,
            is_veiled: false,
            wait: None,
            wire,
        }
    }

    /// At most so many bytes per second.
    pub(super) fn throttled(mut self, bytes_per_second: u64) -> Self {
        self.pace.rate = Some(bytes_per_second.max(1));
        self
    }

    /// In so many pieces, from the first to the last in this time. A body whose length nobody knows yet is read whole
    /// first; one that is larger than [`BODY_LIMIT`] comes as it is.
    pub(super) fn dribbled(mut self, pieces: u32, over: Duration) -> Self {
        let dribble =
            Dribble { pieces: u64::from(pieces.max(1)), over: over.min(LONGEST), total: 0, reached: 0 };
        let length = self.body.length();
        if length.is_none() {
            let body = std::mem::take(&mut self.body);
            self.collecting = Some(Box::pin(body.read(BODY_LIMIT)));
        }
        self.pace.dribble = Some(Dribble { total: length.unwrap_or(0), ..dribble });
        self
    }

    /// Is cut there, and then, or when it is over before: `over`.
    pub(super) fn ending(mut self, cut: Cut, over: Over) -> Self {
        (self.cut, self.over) = (cut, Some(over));
        self
    }

    /// Keeps the body's end and length from the server.
    pub(super) fn veiled(mut self) -> Self {
        self.is_veiled = true;
        self
    }

    pub(super) fn into_body(self) -> Body {
        Body::stream(self)
    }

    fn collected(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BodyError>> {
        let Some(collecting) = &mut self.collecting else { return Poll::Ready(Ok(())) };
        let read = ready!(collecting.as_mut().poll(context));
        self.collecting = None;
        match read? {
            Ok(whole) => {
                if let Some(dribble) = &mut self.pace.dribble {
                    dribble.total = whole.data.len() as u64;
                }
                self.body = Body::Unsized(Some(whole.data), whole.trailers);
            }
            Err(rest) => {
                self.pace.dribble = None;
                self.body = rest;
            }
        }
        Poll::Ready(Ok(()))
    }

    /// The next part of at most `most` bytes, or what comes after the last one.
    fn part(&mut self, context: &mut Context<'_>, most: u64) -> Poll<Option<Result<Part, BodyError>>> {
        let most = usize::try_from(most.min(PART)).unwrap_or(usize::MAX);
        if self.rest.is_empty() {
            let Some(frame) = ready!(self.body.poll_part(context, most)) else { return Poll::Ready(None) };
            match frame?.into_data() {
                Ok(data) => self.rest = data,
                Err(frame) => {
                    return Poll::Ready(frame.into_trailers().ok().map(|own| Ok(Part::Trailers(own))));
                }
            }
        }
        let length = self.rest.len().min(most);
        Poll::Ready(Some(Ok(Part::Data(self.rest.split_to(length)))))
    }

    /// What is done where the body is cut. Nothing comes after it.
    fn stopped(&mut self, context: &mut Context<'_>) -> PolledFrame {
        let Some(Over::Stream(reason)) = self.over else {
            // The connection ends, and this with it.
            self.end();
            return Poll::Pending;
        };
        // HTTP/2 throws away what it has not written yet when a stream is reset.
        let wait = self.wait.get_or_insert_with(|| Box::pin(sleep(SETTLE)));
        ready!(wait.as_mut().poll(context));
        self.over = None;
        Poll::Ready(Some(Err(h2::Error::from(reason).into())))
    }

    fn end(&mut self) {
        match self.over.take() {
            Some(Over::Connection(ending, when)) => self.wire.arm(ending, when),
            Some(Over::GoAway) => self.wire.go_away(),
            Some(Over::Stream(_)) | None => {}
        }
    }
}

enum Part {
    Data(Bytes),
    Trailers(HeaderMap),
}

impl http_body::Body for Outgoing {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> PolledFrame {
        let own = &mut *self;
        ready!(own.collected(context))?;
        if own.cut == Cut::After(0) {
            return own.stopped(context);
        }
        if let Some(wait) = &mut own.wait {
            ready!(wait.as_mut().poll(context));
            own.wait = None;
        }
        let left = if let Cut::After(left) = own.cut { left } else { u64::MAX };
        let part = ready!(own.part(context, left.min(own.pace.most())));
        let data = match part {
            Some(Ok(Part::Data(data))) => data,
            Some(Err(error)) => return Poll::Ready(Some(Err(error))),
            Some(Ok(Part::Trailers(_))) | None if own.cut != Cut::Nowhere => {
                own.cut = Cut::After(0);
                return own.stopped(context);
            }
            Some(Ok(Part::Trailers(trailers))) => return Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
            None => return Poll::Ready(None),
        };
        let length = data.len() as u64;
        own.cut = match own.cut {
            Cut::After(left) => Cut::After(left.saturating_sub(length)),
            Cut::AfterFirst => Cut::After(0),
            Cut::Nowhere => Cut::Nowhere,
        };
        if own.cut != Cut::After(0) {
            own.wait = own.pace.sent(length).map(|due| Box::pin(sleep_until(due)));
        }
        Poll::Ready(Some(Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        !self.is_veiled && self.collecting.is_none() && self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let exact =
            if self.is_veiled || self.collecting.is_some() { None } else { self.body.size_hint().exact() };
        exact.map_or_else(SizeHint::default, |length| SizeHint::with_exact(length + self.rest.len() as u64))
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        // hyper lets go of a body whose last byte it has taken, before it writes that byte.
        self.end();
    }
}

/// When the next part of a body is due.
#[derive(Debug, Default)]
struct Pace {
    /// Bytes per second.
    rate: Option<u64>,
    dribble: Option<Dribble>,
    /// When the first part went out, and how many bytes have since.
    began: Option<Instant>,
    sent: u64,
    /// When the rate lets the next part go.
    due: Option<Instant>,
}

/// Pieces of equal size (give or take a byte) at equal distances.
#[derive(Debug, Clone, Copy)]
struct Dribble {
    pieces: u64,
    over: Duration,
    /// Bytes of the whole body.
    total: u64,
    /// Pieces that are out.
    reached: u64,
}

impl Dribble {
    /// There is no empty piece, and at least one.
    fn count(self) -> u64 {
        self.pieces.min(self.total).max(1)
    }

    /// Where the piece of this number ends (bytes).
    fn end_of(self, piece: u64) -> u64 {
        let end = u128::from(self.total) * u128::from(piece) / u128::from(self.count());
        u64::try_from(end).unwrap_or(u64::MAX)
    }
}

impl Pace {
    /// How many bytes may go out at once.
    fn most(&self) -> u64 {
        let by_rate = self.rate.map_or(u64::MAX, |rate| (rate / PARTS_PER_SECOND).max(1));
        let by_piece =
            self.dribble.map_or(u64::MAX, |own| own.end_of(own.reached + 1).saturating_sub(self.sent));
        by_rate.min(by_piece.max(1)).min(PART)
    }

    /// When the next part may go out after these bytes; `None`: at once. Nothing is held back for longer than [`LONGEST`].
    fn sent(&mut self, length: u64) -> Option<Instant> {
        if self.rate.is_none() && self.dribble.is_none() {
            return None;
        }
        let now = Instant::now();
        let began = *self.began.get_or_insert(now);
        self.sent = self.sent.saturating_add(length);
        let last = began + LONGEST;
        let by_rate = self.rate.map(|rate| {
            // A token bucket that holds one part: what was waited too long for one is made good by the next.
            let part = Duration::from_secs(1) / u32::try_from(PARTS_PER_SECOND).unwrap_or(u32::MAX);
            let earliest = now.checked_sub(part).unwrap_or(now);
            let due = self.due.map_or(now, |due| due.max(earliest)) + time_of(length, rate);
            *self.due.insert(due)
        });
        let by_piece = self.dribble.as_mut().map(|own| {
            while own.reached + 1 < own.count() && own.end_of(own.reached + 1) <= self.sent {
                own.reached += 1;
            }
            began + share(own.over, own.reached, own.count())
        });
        let due = by_rate.max(by_piece)?;
        (due > now && now < last).then(|| due.min(last))
    }
}

/// How long so many bytes take at so many per second.
fn time_of(bytes: u64, per_second: u64) -> Duration {
    let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(per_second.max(1));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)).min(LONGEST)
}

/// How long after the first of `count` pieces the one of this number begins, the last one after `over`.
fn share(over: Duration, number: u64, count: u64) -> Duration {
    let nanos = over.as_nanos() * u128::from(number) / u128::from(count.saturating_sub(1).max(1));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt as _;
    use proptest::prelude::*;

    /// When each part of a body goes out (after the first), and how long it is, by a clock that only waiting moves.
    fn parts(length: usize, pace: impl FnOnce(Outgoing) -> Outgoing) -> Vec<(Duration, usize)> {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let body = Body::Whole(Bytes::from(vec![b'x'; length]));
            let mut body = pace(Outgoing::new(body, Arc::default()));
            let (mut began, mut parts) = (None, Vec::new());
            while let Some(frame) = body.frame().await {
                let now = Instant::now();
                parts.push((now - *began.get_or_insert(now), frame.unwrap().into_data().unwrap().len()));
            }
            parts
        })
    }

    #[test]
    fn nothing_takes_longer_than_the_longest() {
        let parts = parts(10_000, |body| body.throttled(1));
        let last = parts.last().unwrap().0;
        assert!(last >= LONGEST && last < LONGEST + Duration::from_secs(2), "{last:?}");
        assert_eq!(parts.iter().map(|(_, length)| length).sum::<usize>(), 10_000);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_rate_is_kept_from_the_first_part_on(length in 1_usize..200_000, rate in 50_u64..1_000_000) {
            let parts = parts(length, |body| body.throttled(rate));
            prop_assert_eq!(parts.iter().map(|(_, length)| length).sum::<usize>(), length);
            let most = usize::try_from((rate / PARTS_PER_SECOND).clamp(1, PART)).unwrap();
            prop_assert!(parts.iter().all(|(_, own)| *own <= most));
            let due = time_of((length - parts.last().unwrap().1) as u64, rate);
            let last = parts.last().unwrap().0;
            // Timers go off at most a millisecond late, and what was late is made good.
            prop_assert!(last >= due && last <= due + Duration::from_millis(3), "{last:?}, not {due:?}");
        }

        #[test]
        fn pieces_are_equal_and_evenly_spread(length in 1_usize..10_000, pieces in 1_u32..50, millis in 0_u64..5_000) {
            let over = Duration::from_millis(millis);
            let parts = parts(length, |body| body.dribbled(pieces, over));
            let count = length.min(usize::try_from(pieces).unwrap());
            prop_assert_eq!(parts.len(), count);
            let (shortest, longest) = (length / count, length.div_ceil(count));
            prop_assert!(parts.iter().all(|(_, own)| (shortest..=longest).contains(own)));
            for (number, (at, _)) in parts.iter().enumerate() {
                let due = share(over, number as u64, count as u64);
                prop_assert!(*at >= due && *at <= due + Duration::from_millis(1), "{number}: {at:?}, not {due:?}");
            }
        }
    }
}
