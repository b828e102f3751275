//! What a client did, one step after the other, so that it can be played again with one thing changed.

use std::sync::Arc;

use super::asked::Asked;
use crate::cassette::Cassette;
use crate::http::Origin;
use crate::matching::Limits;
use crate::profile::Profile;
use crate::replay::{Explanation, Player, ReplayOptions, Session, Verdict};

/// All that decides what is answered.
#[derive(Debug, Clone)]
pub(super) struct Story {
    pub(super) cassettes: Vec<Cassette>,
    pub(super) profile: Arc<Profile>,
    pub(super) options: ReplayOptions,
    /// What came before.
    pub(super) steps: Vec<Step>,
    /// The session of requests that name none.
    pub(super) session: String,
}

/// One thing that happened.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// A recording was given: the name of its cassette, and its number from 0.
    Given { cassette: String, interaction: usize, target: String },
    /// The session was started afresh.
    Reset,
    /// A request came; `bool`: to a forward proxy.
    Asked(Asked, bool),
}

/// Recordings, and a client run as far as the steps go.
pub(super) struct Played {
    player: Player,
    session: String,
    /// Recordings that were given and are not in the cassettes.
    pub(super) unknown: usize,
}

impl Story {
    /// Plays the steps.
    pub(super) async fn played(&self) -> Result<Played, String> {
        let player = Player::new(self.cassettes.clone(), &self.profile, &self.options);
        let mut so_far = Played { player, session: self.session.clone(), unknown: 0 };
        for step in &self.steps {
            match step {
                Step::Given { cassette, interaction, target } => so_far.given(cassette, *interaction, target),
                Step::Reset => so_far.session().reset(),
                Step::Asked(asked, forward) => {
                    so_far.explain(asked, *forward, Limits::MESSAGE).await?;
                }
            }
        }
        Ok(so_far)
    }

    /// The place of the recording that would answer a request after the steps, if one would.
    pub(super) async fn answers(&self, asked: &Asked, forward: bool) -> Option<(String, usize)> {
        let played = self.played().await.ok()?;
        let told = played.explain(asked, forward, Limits::MESSAGE).await.ok()?;
        let Verdict::Answered(_) = told.verdict else { return None };
        let named = &told.considered.first()?.named;
        Some((named.cassette.clone(), named.recording.interaction))
    }
}

impl Played {
    fn session(&self) -> Arc<Session> {
        self.player.sessions().get(&self.session)
    }

    /// What would come of a request; the session goes on.
    pub(super) async fn explain(
        &self,
        asked: &Asked,
        forward: bool,
        limits: Limits,
    ) -> Result<Explanation, String> {
        let mut request = asked.request(&self.session, forward)?;
        let session = self.player.session(&request).map_err(|error| error.to_string())?;
        self.player.explain(&session, &mut request, limits).await.map_err(|error| error.to_string())
    }

    fn given(&mut self, cassette: &str, interaction: usize, target: &str) {
        let Some(recording) = self.player.find(cassette, interaction) else {
            self.unknown += 1;
            return;
        };
        let path = if target.starts_with('/') { target.to_owned() } else { without_origin(target) };
        self.player.given_before(&self.session(), recording, &path, &Origin::new("http", "127.0.0.1"));
    }
}

fn without_origin(target: &str) -> String {
    let rest = target.split_once("://").map_or(target, |(_, rest)| rest);
    rest.find('/').map_or_else(|| "/".to_owned(), |at| rest[at..].to_owned())
}
