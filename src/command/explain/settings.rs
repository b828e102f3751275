//! Settings that would have a request answered: each was tried before it is told.

use std::sync::Arc;

use serde_json::{Value, json};

use super::asked::Asked;
use super::story::Story;
use crate::cassette::{self, Cassette, CutOff, RECORDINGS, Repeat, RequestBody};
use crate::http::CASSETTE;
use crate::profile::Profile;
use crate::replay::{Considered, Explanation, Verdict};
use crate::shipped::SHIPPED;

/// How many recordings that came close are tried.
const TRIED: usize = 3;

/// A setting, and what it leads to.
#[derive(Debug)]
pub(super) struct Setting {
    /// `profile`, `repeat`, …
    kind: &'static str,
    /// What to set, and where.
    what: String,
    /// The recording that answers then: the name of its cassette, and its number from 0.
    answers: Option<(String, usize)>,
    /// The text of the file that it asks for.
    file: Option<String>,
}

impl Setting {
    fn told(&self) -> String {
        match &self.answers {
            Some((cassette, number)) => format!("{}: then {cassette} #{} answers", self.what, number + 1),
            None => self.what.clone(),
        }
    }

    /// The same, and below it the file that it asks for.
    pub(super) fn lines(&self) -> impl Iterator<Item = String> {
        let file = self.file.iter().flat_map(|file| file.lines());
        std::iter::once(self.told()).chain(file.map(|line| format!("  {line}")))
    }

    pub(super) fn json(&self) -> Value {
        let (cassette, interaction) =
            self.answers.as_ref().map(|(name, number)| (name.as_str(), number + 1)).unzip();
        let mut told =
            json!({ "kind": self.kind, "what": self.what, "cassette": cassette, "interaction": interaction });
        if let Some(file) = &self.file {
            told["file"] = file.as_str().into();
        }
        told
    }
}

/// A request for which nothing is due, and what came before.
pub(super) struct Missed<'a> {
    pub(super) story: &'a Story,
    pub(super) asked: &'a Asked,
    pub(super) forward: bool,
    /// The profile, as it was chosen.
    pub(super) profile: &'a str,
    /// With all its differences.
    pub(super) told: &'a Explanation,
}

impl Missed<'_> {
    /// All settings that would have it answered.
    pub(super) async fn settings(&self) -> Vec<Setting> {
        let mut found = Vec::new();
        match &self.told.verdict {
            Verdict::Answered(_) => return found,
            Verdict::UsedUp => self.repeated(&mut found).await,
            Verdict::NeverRecorded => {
                for near in self.told.considered.iter().take(TRIED) {
                    self.varying(near, &mut found).await;
                    self.any_body(near, &mut found).await;
                }
            }
            Verdict::OnlyConditional => self.conditional(&mut found).await,
            Verdict::NoSuchCassette(_) => {}
        }
        self.other_cassettes(&mut found).await;
        self.afresh(&mut found).await;
        self.recorded(&mut found);
        found
    }

    async fn add(
        &self,
        found: &mut Vec<Setting>,
        kind: &'static str,
        what: String,
        story: &Story,
        asked: &Asked,
    ) -> bool {
        let answers = story.answers(asked, self.forward).await;
        let works = answers.is_some();
        if works && !found.iter().any(|own| own.what == what) {
            found.push(Setting { kind, what, answers, file: None });
        }
        works
    }

    /// `volatile` of the profile: fields that both have, with other values.
    async fn varying(&self, near: &Considered, found: &mut Vec<Setting>) {
        let fields: Option<Vec<Vec<&str>>> = near.differences.iter().map(|own| names(&own.field)).collect();
        let Some(fields) = fields.filter(|fields| !fields.is_empty() && near.more == 0) else { return };
        // The innermost names, else those around them: of a field that only one of them has, the one it stands in.
        for depth in 1..=fields.iter().map(Vec::len).max().unwrap_or(1) {
            let mut volatile: Vec<&str> =
                fields.iter().map(|own| own[own.len().saturating_sub(depth)]).collect();
            volatile.sort_unstable();
            volatile.dedup();
            let mut story = self.story.clone();
            let own = Arc::make_mut(&mut story.profile);
            own.volatile.extend(volatile.iter().map(|&name| name.to_owned()));
            let named = volatile.join("`, `");
            let (what, file) = if Profile::is_built_in(self.profile) {
                // A list of JSON strings is one of YAML, whatever the names are.
                let file = format!("extends: {}\nvolatile: {}\n", self.profile, json!(volatile));
                (format!("--profile FILE, a profile of your own in which `{named}` varies"), Some(file))
            } else {
                (format!("`{named}` in the list `volatile` of {}", self.profile), None)
            };
            let before = found.len();
            if self.add(found, "profile", what, &story, self.asked).await {
                found.iter_mut().skip(before).for_each(|own| own.file.clone_from(&file));
                return;
            }
        }
    }

    /// `body: unrecorded` of a recording.
    async fn any_body(&self, near: &Considered, found: &mut Vec<Setting>) {
        let is_body = |field: &str| {
            field == "body"
                || field.starts_with("body.")
                || field.starts_with("body ")
                || field.starts_with("body[")
        };
        if near.differences.is_empty() || !near.differences.iter().all(|own| is_body(&own.field)) {
            return;
        }
        let mut story = self.story.clone();
        let Some(own) = interaction(&mut story.cassettes, near) else { return };
        own.request.body = RequestBody::Unrecorded;
        let named = near.named.place();
        let what = format!("`body: unrecorded` in the request of {named}, which fits any body");
        self.add(found, "body", what, &story, self.asked).await;
    }

    async fn repeated(&self, found: &mut Vec<Setting>) {
        if let Some(last) = self.told.considered.last() {
            let mut story = self.story.clone();
            if let Some(own) = interaction(&mut story.cassettes, last) {
                own.repeat = Some(Repeat::Last);
                let what = format!("`repeat: last` in {}", last.named.place());
                self.add(found, "repeat", what, &story, self.asked).await;
            }
        }
        let mut story = self.story.clone();
        story.options.repeat = Some(Repeat::Last);
        self.add(found, "--repeat", "--repeat last".to_owned(), &story, self.asked).await;
    }

    async fn conditional(&self, found: &mut Vec<Setting>) {
        let mut asked = self.asked.clone();
        if asked.header("if-none-match", "\"etag\"").is_ok() {
            let what = "the header If-None-Match or If-Modified-Since in the request".to_owned();
            self.add(found, "request", what, self.story, &asked).await;
        }
    }

    /// Cassettes that were not asked: loaded, but left out by name, or not loaded.
    async fn other_cassettes(&self, found: &mut Vec<Setting>) {
        let before = found.len();
        if self.asked.value(&CASSETTE).is_some() {
            let mut asked = self.asked.clone();
            asked.headers.retain(|(name, _)| *name != CASSETTE);
            let what = "no header x-overdub-cassette".to_owned();
            self.add(found, "x-overdub-cassette", what, self.story, &asked).await;
            for other in &self.told.left_out {
                let mut named = asked.clone();
                if named.header(CASSETTE.as_str(), &other.cassette).is_ok() {
                    let what = format!("x-overdub-cassette: {}", other.cassette);
                    self.add(found, "x-overdub-cassette", what, self.story, &named).await;
                }
            }
        }
        if found.len() > before {
            return;
        }
        for cassette in self.not_loaded() {
            let name = cassette.name.clone();
            let mut story = self.story.clone();
            story.cassettes.push(cassette);
            // Most have nothing to do with the request: these are few.
            self.add(
                found,
                "-c",
                format!("-c {} beside the others", shell_words::quote(&name)),
                &story,
                self.asked,
            )
            .await;
        }
    }

    /// The cassettes of the project, and those that are shipped, that are not loaded and have the request.
    fn not_loaded(&self) -> Vec<Cassette> {
        let recordings = std::path::Path::new(RECORDINGS);
        let shipped: Vec<String> = SHIPPED.iter().map(|(name, _)| (*name).to_owned()).collect();
        let mut sources = cassette::find(&[], recordings, &[]).unwrap_or_default();
        sources.extend(cassette::find(&shipped, std::path::Path::new(""), SHIPPED).unwrap_or_default());
        let others =
            sources.into_iter().filter(|own| !self.story.cassettes.iter().any(|it| it.name == own.name));
        let segments = |url: &str| crate::matching::Target::recorded(url, "").segments().count();
        let depth = segments(self.told.target.as_str());
        let has = |own: &Cassette| {
            own.interactions
                .iter()
                .any(|own| own.request.method == self.told.method && segments(&own.request.url) == depth)
        };
        others
            .filter_map(|source| cassette::load(&source, CutOff::Refuse).ok())
            .filter(has)
            .take(50)
            .collect()
    }

    /// A session for which nothing came before.
    async fn afresh(&self, found: &mut Vec<Setting>) {
        if self.story.steps.is_empty() {
            return;
        }
        let story = Story { steps: Vec::new(), ..self.story.clone() };
        let what =
            "a session that begins: POST /__overdub/reset, or another name in x-overdub-session".to_owned();
        self.add(found, "session", what, &story, self.asked).await;
    }

    /// What records it.
    fn recorded(&self, found: &mut Vec<Setting>) {
        if matches!(self.told.verdict, Verdict::NoSuchCassette(_)) {
            return;
        }
        let name = match self.told.cassettes.as_slice() {
            [only] => shell_words::quote(only).into_owned(),
            _ => "NAME".to_owned(),
        };
        let what = format!(
            "recording it: `overdub proxy --mode new_episodes --upstream URL -c {name}`, or `overdub record --append \
             --upstream URL -c {name}`"
        );
        found.push(Setting { kind: "record", what, answers: None, file: None });
    }
}

/// The names that lead to a field of a body, outermost first; `None` if it is none.
fn names(field: &str) -> Option<Vec<&str>> {
    let path = field
        .strip_prefix("body.")
        .or_else(|| field.strip_prefix("body "))
        .or_else(|| field.strip_prefix("body["))?;
    let names = path
        .split('.')
        .map(|own| own.split('[').next().unwrap_or(own))
        .filter(|own| !own.is_empty() && !own.ends_with(']'));
    Some(names.collect::<Vec<_>>()).filter(|names| !names.is_empty())
}

fn interaction<'a>(
    cassettes: &'a mut [Cassette],
    near: &Considered,
) -> Option<&'a mut cassette::Interaction> {
    let own = cassettes.iter_mut().find(|own| own.name == near.named.cassette)?;
    own.interactions.get_mut(near.named.recording.interaction)
}
