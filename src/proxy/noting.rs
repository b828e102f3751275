//! What is noted of requests for those who look on: the journal, the account, the sessions.

use std::sync::Arc;

use bytes::Bytes;

use super::Proxy;
use crate::error::Error;
use crate::http::{Body, Reply, Request};
use crate::journal::{Asked, Open, Sent};
use crate::replay::{Answered, Player, Session, decoded_as};

/// What is noted of a request while it is answered.
pub(super) struct Noting<'a> {
    pub(super) entry: Option<Open<'a>>,
    pub(super) asked: Option<Box<Asked<'a>>>,
}

/// Notes what the recordings said to a request.
pub(super) fn note(
    player: &Player,
    session: &Arc<Session>,
    request: &Request,
    answered: &Result<Answered, Error>,
    entry: &mut Option<Open<'_>>,
) {
    player.note(session, answered);
    let Some(entry) = entry else { return };
    match answered {
        Ok(Answered { recording, .. }) => {
            entry.recording(player.cassette_of(*recording), recording.interaction);
        }
        Err(Error::Miss(_)) => {
            entry.missed(|| Sent::of(request, decoded(request), player.asked_of(session, request)));
        }
        Err(_) => {}
    }
}

impl Proxy {
    /// What is noted of a request for those who look on.
    pub(super) fn noting(&self, request: &Request) -> Noting<'_> {
        Noting {
            entry: self.journal.as_ref().and_then(|journal| journal.begin(request)),
            asked: self.account.as_ref().map(|account| account.begin(request)),
        }
    }

    /// The reply that an error makes, and what came of the request.
    pub(super) fn failed(&self, error: Error, noting: &Noting<'_>) -> (Reply, &'static str) {
        let outcome = error.outcome();
        self.failures.count(outcome);
        if let Some(asked) = &noting.asked {
            asked.failed(outcome, &error);
        }
        (error.into_reply(), outcome)
    }

    /// Makes a reply ready to go out, and notes what came of the request.
    pub(super) fn close(&self, reply: &mut Reply, outcome: &'static str, noting: Noting<'_>) {
        self.reloads.tell(reply.headers_mut());
        if let Some(entry) = noting.entry {
            entry.close(outcome, reply.status());
        }
        if let Some(asked) = noting.asked {
            asked.close(outcome);
        }
    }
}

/// The body of a request that was answered, decoded.
fn decoded(request: &Request) -> Bytes {
    let Body::Whole(bytes) = &request.body else { return Bytes::new() };
    decoded_as(&request.head.headers, bytes.clone())
}
