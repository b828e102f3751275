//! Sessions and cassettes as those see them who look on: the admin address and the journal.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::player::{Answered, Player, Recording};
use super::run::Tally;
use super::session::Session;
use super::sessions::Sessions;
use crate::clock::Timestamp;
use crate::error::Error;
use crate::http::Request;

/// A session at a glance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionView {
    /// Its name.
    pub name: Arc<str>,
    /// The only cassette that answers it.
    pub pinned: Option<String>,
    /// The scenarios that it chose for itself.
    pub scenarios: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// When a request last came.
    pub used: Timestamp,
    /// What came of its requests.
    pub tally: Tally,
    /// The cassettes that answered it.
    pub cassettes: Vec<CassetteView>,
}

/// What a session used of a cassette.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CassetteView {
    /// The cassette's name.
    pub name: String,
    /// Recordings that were given.
    pub used: usize,
    /// Recordings that there are.
    pub total: usize,
}

/// What a whole run, all its sessions, used of a cassette.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CassetteUse {
    /// The cassette's name.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
    /// Recordings that there are.
    pub total: usize,
    /// Recordings that were given to nobody, in recorded order.
    pub unused: Vec<UnusedRecording>,
}

/// A recording that was given to nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnusedRecording {
    /// Its number in the cassette, from 1.
    pub number: usize,
    /// The line of the file where it begins.
    pub line: usize,
    /// The recorded method.
    pub method: String,
    /// The recorded URL; secrets are hidden.
    pub url: String,
}

impl UnusedRecording {
    /// `#2 (recordings/sms.yaml:12) POST /a`; `path`: its cassette's file.
    pub fn told(&self, path: &Path) -> String {
        let Self { number, line, method, url } = self;
        format!("#{number} ({}:{line}) {method} {url}", path.display())
    }
}

impl Sessions {
    /// All sessions at a glance, the default one first, the others by name; what they used is the player's to say.
    pub fn views(&self) -> Vec<SessionView> {
        self.all().iter().map(|session| self.view_of(session)).collect()
    }

    /// One session at a glance.
    pub fn view(&self, name: &str) -> Option<SessionView> {
        self.find(name).map(|session| self.view_of(&session))
    }

    fn view_of(&self, session: &Session) -> SessionView {
        let run = &session.run;
        SessionView {
            name: Arc::clone(&run.name),
            pinned: run.pinned.as_ref().map(ToString::to_string),
            scenarios: session.scripts.choice().map(|choice| choice.text().to_owned()),
            created: self.wall_time(run.created),
            used: self.wall_time(run.used()),
            tally: run.tally(),
            cassettes: Vec::new(),
        }
    }
}

impl Player {
    /// The session that a request belongs to, made if there is none; this counts as a use of it.
    ///
    /// # Errors
    /// It names one by what is no name.
    pub fn session(&self, request: &Request) -> Result<Arc<Session>, Error> {
        self.sessions.of(request).map(|session| Arc::clone(&session))
    }

    /// Notes what came of a request, for [`Player::view`]. Only who looks on has it noted.
    pub fn note(&self, session: &Session, answered: &Result<Answered, Error>) {
        let run = &session.run;
        run.touch(self.sessions.watch.elapsed());
        if let (Ok(Answered { recording, .. }), Some(overall)) = (answered, self.sessions.overall.get()) {
            self.look_at(recording.cassette, |timeline| overall.note(timeline, recording.interaction));
        }
        match answered {
            Ok(Answered { recording: Recording { cassette, interaction }, is_marked, .. }) => {
                run.count(Tally { answered: 1, ..Tally::default() });
                // Others are marked already, and a reset since then must hold.
                if !is_marked {
                    self.look_at(*cassette, |timeline| session.note(timeline, *interaction));
                }
            }
            Err(Error::Miss(_)) => run.count(Tally { missed: 1, ..Tally::default() }),
            Err(_) => run.count(Tally { failed: 1, ..Tally::default() }),
        }
    }

    /// All sessions at a glance, the default one first, the others by name.
    pub fn views(&self) -> Vec<SessionView> {
        self.sessions.all().iter().map(|session| self.view_of(session)).collect()
    }

    /// One session at a glance.
    pub fn view(&self, name: &str) -> Option<SessionView> {
        self.sessions.find(name).map(|session| self.view_of(&session))
    }

    fn view_of(&self, session: &Session) -> SessionView {
        let mut cassettes = Vec::new();
        self.each_timeline(|timeline| {
            let (name, total) = (timeline.cassette.name.clone(), timeline.answers.len());
            cassettes.push(CassetteView { name, used: session.given(timeline), total });
        });
        cassettes.retain(|own| own.used > 0);
        SessionView { cassettes, ..self.sessions.view_of(session) }
    }

    /// What all sessions together used of each cassette; what was recorded meanwhile is none of them. `None`: no account
    /// is kept.
    pub fn used(&self) -> Option<Vec<CassetteUse>> {
        let overall = self.sessions.overall.get()?;
        let used = self.index.timelines.iter().map(|timeline| {
            let unused = overall.not_given(timeline).into_iter().map(|ordinal| {
                let own = &timeline.cassette.interactions[ordinal];
                let (method, url) = (own.request.method.to_string(), self.mask.apply(&own.request.url));
                UnusedRecording { number: ordinal + 1, line: own.line, method, url }
            });
            let (name, path) = (timeline.cassette.name.clone(), timeline.cassette.path.clone());
            CassetteUse { name, path, total: timeline.answers.len(), unused: unused.collect() }
        });
        Some(used.collect())
    }

    /// The sessions that play the recordings.
    pub fn sessions(&self) -> &Arc<Sessions> {
        &self.sessions
    }

    /// When the first of the recordings was made, if one tells.
    pub fn recorded_at(&self) -> Option<Timestamp> {
        let timelines = self.index.timelines.iter();
        timelines.filter_map(|timeline| timeline.cassette.interactions.first()?.at).min()
    }

    /// The name of the cassette that a recording is in.
    pub fn cassette_of(&self, recording: Recording) -> Arc<str> {
        let mut found = None;
        self.look_at(recording.cassette, |timeline| found = Some(Arc::clone(&timeline.name)));
        found.unwrap_or_default()
    }

    /// Names and sizes of the cassettes, in the order in which [`Recording::cassette`] counts them.
    pub fn cassette_sizes(&self) -> Vec<(String, usize)> {
        let mut sizes = Vec::new();
        self.each_timeline(|timeline| {
            sizes.push((timeline.cassette.name.clone(), timeline.answers.len()));
        });
        sizes
    }
}

impl Session {
    /// Its name.
    pub fn name(&self) -> Arc<str> {
        Arc::clone(&self.run.name)
    }

    /// Completes when the session is no more.
    pub async fn ended(&self) {
        self.run.ended.cancelled().await;
    }
}
