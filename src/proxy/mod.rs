//! The whole life of a request, in one function.
//!
//! Decides who answers: the recording or the upstream. Knows no sockets; `server` hands requests in and replies out.

mod body;
mod exchange;
mod heads;
mod health;
mod links;
mod loaded;
mod noting;
mod own;
mod prompt;
mod reloads;
mod scenarios;
mod scripted;

use std::sync::{Arc, Mutex, PoisonError};

use ::http::{Method, StatusCode};
use arc_swap::ArcSwap;
use tokio::sync::Semaphore;

pub use exchange::Live;
pub use health::Health;
pub use loaded::{Contents, Loaded};
pub use scenarios::{OnScriptError, ScenarioOptions, Scenarios};

use crate::clock::{Clock, Stopwatch};
use crate::error::Error;
use crate::http::{Guard, HEADER_LIMIT, Reply, Request};
use crate::journal::{Account, Journal, Open, SessionLog};
use crate::profile::Profile;
use crate::replay::{Answered, Player, Recording, Session, SessionOptions, Sessions};
use crate::server::Handler;
use health::Failures;
use noting::note;
use reloads::Reloads;

/// Stands between a client and an API.
#[derive(Debug)]
pub struct Proxy {
    mode: Mode,
    /// What answers, swapped whole when a file changes.
    loaded: ArcSwap<Loaded>,
    /// A std lock, held while a change is being made: never by a request.
    changing: Mutex<()>,
    /// The client runs, which outlive what is loaded.
    sessions: Arc<Sessions>,
    watch: Stopwatch,
    failures: Failures,
    reloads: Reloads,
    /// Kept only if somebody looks on.
    journal: Option<Journal>,
    /// Kept only for who sums the run up.
    account: Option<Account>,
    /// Lets handlers of scripts run that take long.
    slow: Semaphore,
}

/// Handlers that take long and run at once. Each holds a thread, and when the runtime has no more of them, nobody is served.
const MOST_SLOW: usize = 32;

#[derive(Debug)]
enum Mode {
    /// Recordings answer; there is no upstream.
    Replay,
    /// The upstream answers, and what passes is recorded.
    Record(Arc<Live>),
    /// Recordings answer; what none of them answers is asked of the upstream, and recorded.
    NewEpisodes(Arc<Live>),
    /// The upstream answers, and nothing is kept.
    Passthrough(Arc<Live>),
}

/// What comes of a request that a recording answers.
const REPLAYED: &str = "replayed";

/// An answer on its way out.
struct Answer {
    reply: Reply,
    /// What came of the request, in a word.
    outcome: &'static str,
    /// The recording it is, if it is one.
    recording: Option<Recording>,
    /// The recording is due again unless this is told that the answer arrived.
    guard: Option<Guard>,
}

impl Answer {
    fn recorded(answered: Answered) -> Self {
        let Answered { reply, recording, guard, .. } = answered;
        Self { reply, outcome: REPLAYED, recording: Some(recording), guard }
    }

    fn passed(reply: Reply, outcome: &'static str) -> Self {
        let is_tunnel = reply.status() == StatusCode::SWITCHING_PROTOCOLS;
        Self { reply, outcome: if is_tunnel { "tunnelled" } else { outcome }, recording: None, guard: None }
    }

    fn into_reply(self) -> (Reply, &'static str) {
        let reply = match self.guard {
            Some(guard) => self.reply.map(|body| body.guarded(guard)),
            None => self.reply,
        };
        (reply, self.outcome)
    }
}

impl Proxy {
    /// A proxy that answers from recordings and can reach nothing else.
    pub fn replay(player: Arc<Player>) -> Self {
        Self::of(Mode::Replay, Some(player))
    }

    /// A proxy that passes requests on and records them.
    pub fn record(live: Live) -> Self {
        Self::of(Mode::Record(Arc::new(live)), None)
    }

    /// A proxy that answers from recordings, and passes on and records what none of them answers. The recorder behind
    /// `live` tells `player` of what it writes.
    pub fn new_episodes(player: Arc<Player>, live: Live) -> Self {
        Self::of(Mode::NewEpisodes(Arc::new(live)), Some(player))
    }

    /// A proxy that passes requests on and keeps nothing: `live` is [`Live::unrecorded`].
    pub fn passthrough(live: Live) -> Self {
        Self::of(Mode::Passthrough(Arc::new(live)), None)
    }

    fn of(mode: Mode, player: Option<Arc<Player>>) -> Self {
        let sessions = match &player {
            Some(player) => Arc::clone(player.sessions()),
            None => Arc::new(Sessions::new(SessionOptions::default())),
        };
        Self {
            mode,
            loaded: ArcSwap::from_pointee(Loaded::new(player, None)),
            changing: Mutex::default(),
            sessions,
            watch: Stopwatch::start(),
            failures: Failures::default(),
            reloads: Reloads::new(),
            journal: None,
            account: None,
            slow: Semaphore::new(MOST_SLOW),
        }
    }

    /// The same, keeping a journal of `most` entries and counting what each session is given.
    #[must_use]
    pub fn with_journal(self, most: usize, profile: &Profile) -> Self {
        self.with_logged_journal(most, None, profile)
    }

    /// The same, with every entry written to `log`. [`Journal::finish`] is to be called at the end.
    #[must_use]
    pub fn with_logged_journal(self, most: usize, log: Option<SessionLog>, profile: &Profile) -> Self {
        Self { journal: Some(Journal::new(most, Clock::Wall, profile).with_log(log)), ..self }
    }

    /// The same, keeping account of the whole run: of every request, and of every recording that was given.
    #[must_use]
    pub fn with_account(self, profile: &Profile) -> Self {
        self.sessions.keep_account();
        Self { account: Some(Account::new(profile)), ..self }
    }

    /// The same, playing scenarios.
    #[must_use]
    pub fn with_scenarios(self, scenarios: Scenarios) -> Self {
        let player = self.player();
        Self { loaded: ArcSwap::from_pointee(Loaded::new(player, Some(Arc::new(scenarios)))), ..self }
    }

    /// What answers at the moment.
    pub fn loaded(&self) -> Arc<Loaded> {
        self.loaded.load_full()
    }

    /// Answers from what `make` makes of what is loaded from now on; requests under way keep what they began with.
    /// Changes wait for each other.
    ///
    /// # Errors
    /// That of `make`; nothing has changed then.
    pub fn change<E>(&self, make: impl FnOnce(&Loaded) -> Result<Contents, E>) -> Result<(), E> {
        let changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let (player, scenarios) = make(&self.loaded.load())?;
        self.loaded.store(Arc::new(Loaded::new(player, scenarios)));
        drop(changing);
        Ok(())
    }

    /// Notes that what was saved is in force; returns how often that was so.
    pub fn reload_succeeded(&self) -> u64 {
        self.reloads.succeeded()
    }

    /// Notes that what was saved comes to what is in force already.
    pub fn reload_settled(&self) {
        self.reloads.settled();
    }

    /// Notes that what was saved cannot be used, with a text per problem. Every response says so from now on, until
    /// [`Proxy::reload_succeeded`].
    pub fn reload_failed(&self, problems: Vec<String>) {
        self.reloads.failed(problems);
    }

    /// The journal, if somebody looks on.
    pub fn journal(&self) -> Option<&Journal> {
        self.journal.as_ref()
    }

    /// The account of the whole run, if it is kept.
    pub fn account(&self) -> Option<&Account> {
        self.account.as_ref()
    }

    /// Whether somebody wants to know what is given to whom.
    fn is_observed(&self) -> bool {
        self.journal.is_some() || self.account.is_some()
    }

    /// The player, if recordings answer.
    pub fn player(&self) -> Option<Arc<Player>> {
        self.loaded.load().player.clone()
    }

    /// The scenarios in force, where there can be any.
    pub fn scenarios(&self) -> Option<Arc<Scenarios>> {
        self.loaded.load().scenarios.clone()
    }

    /// The client runs.
    pub fn sessions(&self) -> &Arc<Sessions> {
        &self.sessions
    }

    /// The answer, and what came of the request in a word. `entry` is where it is noted.
    async fn answer(
        &self,
        request: Box<Request>,
        entry: &mut Option<Open<'_>>,
    ) -> Result<(Reply, &'static str), Error> {
        let size = request.told().size;
        if size > HEADER_LIMIT {
            return Err(Error::HeadersTooLarge(size));
        }
        if request.head.method == Method::CONNECT {
            return Err(Error::Connect);
        }
        if request.asked.is_none() && own::is_own(request.head.uri.path()) {
            if let (Some(entry), Ok(Some(name))) = (entry.as_mut(), self.sessions.name_of(&request)) {
                entry.session(name.into());
            }
            return Ok((self.own(&request)?, "own"));
        }
        let loaded = self.loaded.load();
        let session = self.sessions.of(&request)?;
        if let Some(entry) = entry {
            entry.session(session.name());
        }
        if let Some(scenarios) = &loaded.scenarios
            && let Some(scripted) = scenarios.scripted(&session, &request)?
        {
            return Box::pin(self.scripted(&loaded, scenarios, scripted, request, entry)).await;
        }
        Ok(self.unscripted(&loaded, &session, request, entry).await?.into_reply())
    }

    /// The answer of the recordings or the API.
    async fn unscripted(
        &self,
        loaded: &Loaded,
        session: &Arc<Session>,
        mut request: Box<Request>,
        entry: &mut Option<Open<'_>>,
    ) -> Result<Answer, Error> {
        // A player is there wherever recordings answer.
        let player = || loaded.player.as_ref().ok_or_else(|| Error::Internal("nothing is loaded".to_owned()));
        match &self.mode {
            Mode::Replay if !self.is_observed() => {
                Ok(Answer::recorded(player()?.answer_in(session, &mut request).await?))
            }
            // Apart, for they are large: hyper moves the future of every request, whichever way it goes.
            Mode::Replay => Box::pin(self.observed(player()?, session, &mut request, entry)).await,
            Mode::NewEpisodes(live) => Box::pin(self.episode(player()?, session, live, request, entry)).await,
            Mode::Record(live) => Ok(Answer::passed(live.answer(request).await?, "recorded")),
            Mode::Passthrough(live) => Ok(Answer::passed(live.answer(request).await?, "passed")),
        }
    }

    /// The recorded answer, noted for those who look on.
    async fn observed(
        &self,
        player: &Player,
        session: &Arc<Session>,
        request: &mut Request,
        entry: &mut Option<Open<'_>>,
    ) -> Result<Answer, Error> {
        let answered = player.answer_in(session, request).await;
        note(player, session, request, &answered, entry);
        Ok(Answer::recorded(answered?))
    }

    /// The recorded answer, else the upstream's, which is recorded.
    async fn episode(
        &self,
        player: &Player,
        session: &Arc<Session>,
        live: &Arc<Live>,
        mut request: Box<Request>,
        entry: &mut Option<Open<'_>>,
    ) -> Result<Answer, Error> {
        let Ok(answered) = player.try_answer(session, &mut request).await? else {
            request.session = Some(session.name());
            return Ok(Answer::passed(live.answer(request).await?, "recorded"));
        };
        let answered = Ok(answered);
        if self.is_observed() {
            player.note(session, &answered);
        }
        let answered = answered?;
        if let Some(entry) = entry {
            let recording = answered.recording;
            entry.recording(player.cassette_of(recording), recording.interaction);
        }
        Ok(Answer::recorded(answered))
    }
}

impl Handler for Proxy {
    async fn handle(&self, request: Box<Request>) -> Reply {
        let mut noting = self.noting(&request);
        let answered = self.answer(request, &mut noting.entry).await;
        let (mut reply, outcome) = answered.unwrap_or_else(|error| self.failed(error, &noting));
        self.close(&mut reply, outcome, noting);
        reply
    }

    fn at_once(&self, request: &Request) -> Option<Reply> {
        self.replayed(request)
    }
}
