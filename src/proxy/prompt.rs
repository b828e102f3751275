//! Answers that wait for nothing: nearly all that a replay gives. They cost no future, which hyper would move about.

use std::sync::Arc;

use ::http::Method;

use super::noting::note;
use super::{Answer, Loaded, Mode, Proxy, REPLAYED, own};
use crate::error::Error;
use crate::http::{HEADER_LIMIT, Reply, Request};
use crate::replay::{Player, Session};

impl Proxy {
    /// The answer of the recordings, if there is nothing that it waits for: no body of the request, no script, no
    /// recorded duration. Nearly every request of a replay is answered by this.
    pub(super) fn replayed(&self, request: &Request) -> Option<Reply> {
        let loaded = self.loaded.load();
        let player = self.prompt(&loaded, request)?;
        let is_for_us = request.asked.is_none() && own::is_own(request.head.uri.path());
        if is_for_us || request.told().size > HEADER_LIMIT || request.head.method == Method::CONNECT {
            return None;
        }
        let session = self.sessions.of(request).ok()?;
        if loaded.scenarios.as_ref().is_some_and(|all| all.concern(&session, request)) {
            return None;
        }
        let mut noting = self.noting(request);
        if let Some(entry) = &mut noting.entry {
            entry.session(session.name());
        }
        let answered = player.answer_now(&session, request);
        if self.is_observed() {
            note(player, &session, request, &answered, &mut noting.entry);
        }
        let (mut reply, outcome) = match answered {
            Ok(answered) => (answered.into_reply(), REPLAYED),
            Err(error) => self.failed(error, &noting),
        };
        self.close(&mut reply, outcome, noting);
        Some(reply)
    }

    /// The recorded answer to a request that scripts are for, if there is nothing that it waits for, and nobody looks on.
    pub(super) fn recorded_now(
        &self,
        loaded: &Loaded,
        session: &Arc<Session>,
        request: &Request,
    ) -> Option<Result<Answer, Error>> {
        let player = self.prompt(loaded, request).filter(|_| !self.is_observed())?;
        Some(player.answer_now(session, request).map(Answer::recorded))
    }

    /// The player, if recordings alone answer, and this request waits for nothing.
    fn prompt<'a>(&self, loaded: &'a Loaded, request: &Request) -> Option<&'a Arc<Player>> {
        let is_replay = matches!(self.mode, Mode::Replay) && request.body.is_end();
        loaded.player.as_ref().filter(|player| is_replay && player.is_prompt())
    }
}
