//! The whole life of a request, in one function.
//!
//! Decides who answers: the recording or the upstream. Knows no sockets; `server` hands requests in and replies out.

mod body;
mod exchange;
mod heads;
mod health;
mod links;
mod own;

use std::sync::Arc;

use ::http::{Method, StatusCode};

pub use exchange::Live;
pub use health::Health;

use crate::clock::{Clock, Stopwatch};
use crate::error::Error;
use crate::http::{HEADER_LIMIT, Reply, Request, total_size};
use crate::journal::{Journal, Open};
use crate::profile::Profile;
use crate::replay::{Answered, DEFAULT_SESSION, Player, SessionBy, session_name};
use crate::server::Handler;
use health::Failures;

/// Stands between a client and an API.
#[derive(Debug)]
pub struct Proxy {
    mode: Mode,
    watch: Stopwatch,
    failures: Failures,
    /// Kept only if somebody looks on.
    journal: Option<Journal>,
}

#[derive(Debug)]
enum Mode {
    /// Recordings answer; there is no upstream.
    Replay(Arc<Player>),
    /// The upstream answers, and what passes is recorded.
    Record(Arc<Live>),
    /// Recordings answer; what none of them answers is asked of the upstream, and recorded.
    NewEpisodes(Arc<Player>, Arc<Live>),
    /// The upstream answers, and nothing is kept.
    Passthrough(Arc<Live>),
}

impl Proxy {
    /// A proxy that answers from recordings and can reach nothing else.
    pub fn replay(player: Arc<Player>) -> Self {
        Self::of(Mode::Replay(player))
    }

    /// A proxy that passes requests on and records them.
    pub fn record(live: Live) -> Self {
        Self::of(Mode::Record(Arc::new(live)))
    }

    /// A proxy that answers from recordings, and passes on and records what none of them answers. The recorder behind
    /// `live` tells `player` of what it writes.
    pub fn new_episodes(player: Arc<Player>, live: Live) -> Self {
        Self::of(Mode::NewEpisodes(player, Arc::new(live)))
    }

    /// A proxy that passes requests on and keeps nothing: `live` is [`Live::unrecorded`].
    pub fn passthrough(live: Live) -> Self {
        Self::of(Mode::Passthrough(Arc::new(live)))
    }

    fn of(mode: Mode) -> Self {
        Self { mode, watch: Stopwatch::start(), failures: Failures::default(), journal: None }
    }

    /// The same, keeping a journal of `most` entries and counting what each session is given.
    #[must_use]
    pub fn with_journal(self, most: usize, profile: &Profile) -> Self {
        Self { journal: Some(Journal::new(most, Clock::Wall, profile)), ..self }
    }

    /// The journal, if somebody looks on.
    pub fn journal(&self) -> Option<&Journal> {
        self.journal.as_ref()
    }

    /// The player, if recordings answer.
    pub fn player(&self) -> Option<&Arc<Player>> {
        match &self.mode {
            Mode::Replay(player) | Mode::NewEpisodes(player, _) => Some(player),
            Mode::Record(_) | Mode::Passthrough(_) => None,
        }
    }

    /// The answer, and what came of the request in a word. `entry` is where it is noted.
    async fn answer(
        &self,
        mut request: Request,
        entry: &mut Option<Open<'_>>,
    ) -> Result<(Reply, &'static str), Error> {
        let size = total_size(&request.head.headers);
        if size > HEADER_LIMIT {
            return Err(Error::HeadersTooLarge(size));
        }
        if request.head.method == Method::CONNECT {
            return Err(Error::Connect);
        }
        if request.asked.is_none() && own::is_own(request.head.uri.path()) {
            return Ok((self.own(&request)?, "own"));
        }
        match &self.mode {
            Mode::Replay(player) if self.journal.is_none() => {
                let session = player.session(&request)?;
                Ok((player.answer_in(&session, &mut request).await?.reply, "replayed"))
            }
            // Apart, for they are large: hyper moves the future of every request, whichever way it goes.
            Mode::Replay(player) => {
                Ok((Box::pin(self.observed(player, &mut request, entry)).await?, "replayed"))
            }
            Mode::NewEpisodes(player, live) => Box::pin(self.episode(player, live, request, entry)).await,
            Mode::Record(live) => Box::pin(passed(live, request, entry, "recorded")).await,
            Mode::Passthrough(live) => Box::pin(passed(live, request, entry, "passed")).await,
        }
    }

    /// The recorded answer, noted for those who look on.
    async fn observed(
        &self,
        player: &Player,
        request: &mut Request,
        entry: &mut Option<Open<'_>>,
    ) -> Result<Reply, Error> {
        let session = player.session(request)?;
        if let Some(entry) = entry {
            entry.session(session.name());
        }
        let answered = player.answer_in(&session, request).await;
        player.note(&session, &answered);
        let Answered { reply, recording, .. } = answered?;
        if let Some(entry) = entry {
            entry.recording(recording.cassette, recording.interaction);
        }
        Ok(reply)
    }

    /// The recorded answer, else the upstream's, which is recorded.
    async fn episode(
        &self,
        player: &Player,
        live: &Arc<Live>,
        mut request: Request,
        entry: &mut Option<Open<'_>>,
    ) -> Result<(Reply, &'static str), Error> {
        let session = player.session(&request)?;
        if let Some(entry) = entry {
            entry.session(session.name());
        }
        let Ok(answered) = player.try_answer(&session, &mut request).await? else {
            request.session = Some(session.name());
            return passed(live, request, &mut None, "recorded").await;
        };
        let answered = Ok(answered);
        if self.journal.is_some() {
            player.note(&session, &answered);
        }
        Ok((answered?.reply, "replayed"))
    }
}

/// The upstream's answer, and `outcome` unless the connection became a tunnel.
async fn passed(
    live: &Arc<Live>,
    request: Request,
    entry: &mut Option<Open<'_>>,
    outcome: &'static str,
) -> Result<(Reply, &'static str), Error> {
    if let Some(entry) = entry
        && let Ok(name) = session_name(&request, SessionBy::Name)
    {
        entry.session(name.as_deref().unwrap_or(DEFAULT_SESSION).into());
    }
    let reply = live.answer(request).await?;
    let is_tunnel = reply.status() == StatusCode::SWITCHING_PROTOCOLS;
    Ok((reply, if is_tunnel { "tunnelled" } else { outcome }))
}

impl Handler for Proxy {
    async fn handle(&self, request: Request) -> Reply {
        let mut entry = self.journal.as_ref().and_then(|journal| journal.begin(&request));
        let answered = self.answer(request, &mut entry).await;
        let (reply, outcome) = answered.unwrap_or_else(|error| {
            let outcome = error.outcome();
            self.failures.count(outcome);
            (error.into_reply(), outcome)
        });
        if let Some(entry) = entry {
            entry.close(outcome, reply.status());
        }
        reply
    }
}
