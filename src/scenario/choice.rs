//! What scenarios are to one session: which of them it plays, and what they remember.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use tokio::sync::{Mutex, MutexGuard};

use super::params::{Setting, SettingError};
use super::state::ScenarioState;

/// Which scenarios are wanted, with parameters: `push-expired;after_polls=5, flaky-5xx`.
///
/// That is how the header `x-overdub-scenario` says it. What is chosen otherwise can mean something else by the same text:
/// a parameter of no scenario in particular, a value with a semicolon in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Choice {
    text: String,
    /// Whether the text alone says it.
    is_read: bool,
    names: Vec<String>,
    settings: Vec<Setting>,
}

impl Choice {
    /// Reads a list of names with commas, each with its parameters behind semicolons; `none` is no scenario.
    ///
    /// # Errors
    /// What stands behind a semicolon is not `NAME=VALUE`.
    pub fn parse(text: &str) -> Result<Self, SettingError> {
        let text = text.trim();
        let mut choice = Self { text: text.to_owned(), is_read: true, ..Self::default() };
        for element in parted(text, b',') {
            let mut parts = parted(element, b';').into_iter().map(str::trim);
            let Some(name) = parts.next().filter(|name| !matches!(*name, "" | "none")) else { continue };
            for part in parts.filter(|part| !part.is_empty()) {
                let Setting { name: parameter, value, .. } = Setting::parse(part)?;
                // A text may stand in quotes, which are not of it.
                let value = serde_json::from_str(value.trim()).unwrap_or(value);
                let scenario = Some(name.to_owned());
                choice.settings.push(Setting { scenario, name: parameter, value });
            }
            choice.names.push(name.to_owned());
        }
        Ok(choice)
    }

    /// These, in this order.
    pub fn new(names: Vec<String>, settings: Vec<Setting>) -> Self {
        let settings_text = settings.iter().map(|own| format!(";{}={}", own.full_name(), own.value));
        let text = names.join(", ") + settings_text.collect::<String>().as_str();
        Self { text, is_read: false, names, settings }
    }

    /// Whether [`Choice::parse`] makes it of this text.
    pub fn is_of(&self, text: &str) -> bool {
        self.is_read && self.text == text
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The scenarios, in the order in which their handlers are to run.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Their parameters.
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }
}

/// The parts of a text between separators, those in quotes and brackets apart: a value may be JSON.
fn parted(text: &str, separator: u8) -> Vec<&str> {
    let (mut parts, mut from) = (Vec::new(), 0);
    let (mut depth, mut is_quoted, mut is_escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ if byte == separator && depth == 0 => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts
}

/// What scenarios are to one session.
#[derive(Debug, Default)]
pub struct SessionScripts {
    /// Most sessions choose nothing, and need not take the lock to say so.
    is_chosen: AtomicBool,
    /// A std lock, held to take or to replace one pointer.
    choice: RwLock<Option<Arc<Choice>>>,
    /// An async lock, held while handlers run that take long.
    turn: Mutex<()>,
    /// Who has or awaits it: requests that find none do not touch the lock, or they would keep each other waiting.
    turns: AtomicUsize,
    state: OnceLock<ScenarioState>,
}

/// The turn of a request whose session has handlers that take long.
#[derive(Debug)]
pub struct SlowTurn<'a> {
    _held: MutexGuard<'a, ()>,
    _counted: Counted<'a>,
}

/// One more, as long as it lives.
#[derive(Debug)]
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl SessionScripts {
    /// What it chose for itself; `None`: it plays what all play.
    pub fn choice(&self) -> Option<Arc<Choice>> {
        if !self.is_chosen.load(Ordering::Acquire) {
            return None;
        }
        self.choice.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on it plays these; `None`: what all play.
    pub fn choose(&self, choice: Option<Arc<Choice>>) {
        let is_chosen = choice.is_some();
        *self.choice.write().unwrap_or_else(PoisonError::into_inner) = choice;
        self.is_chosen.store(is_chosen, Ordering::Release);
    }

    /// Whether a script that takes long has its turn.
    pub fn is_slow_turn(&self) -> bool {
        self.turns.load(Ordering::Acquire) > 0
    }

    /// Where handlers take long, one request of a session waits here for the other, and no thread with it.
    pub async fn turn(&self) -> SlowTurn<'_> {
        let counted = Counted::new(&self.turns);
        SlowTurn { _held: self.turn.lock().await, _counted: counted }
    }

    /// What its scenarios remember, which begins as `begin` says.
    pub fn state(&self, begin: impl FnOnce() -> ScenarioState) -> &ScenarioState {
        self.state.get_or_init(begin)
    }

    /// The same, if any scenario was played.
    pub fn known_state(&self) -> Option<&ScenarioState> {
        self.state.get()
    }

    /// How far scripts have moved the session's clock, in whole seconds.
    pub(crate) fn advanced(&self) -> i64 {
        let advanced = self.state.get().map(|state| state.advanced().as_secs());
        advanced.and_then(|seconds| i64::try_from(seconds).ok()).unwrap_or(0)
    }

    /// Begins anew, with what all play.
    pub(crate) fn reset(&self) {
        self.choose(None);
        if let Some(state) = self.state.get() {
            state.reset();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_names_scenarios_and_their_parameters() {
        let choice = Choice::parse(" push-expired; after_polls=5;x=a=b , ,flaky-5xx ").unwrap();
        assert_eq!(choice.names(), ["push-expired", "flaky-5xx"]);
        let settings: Vec<_> = choice
            .settings()
            .iter()
            .map(|own| (own.scenario.as_deref(), own.name.as_str(), own.value.as_str()))
            .collect();
        assert_eq!(
            settings,
            [(Some("push-expired"), "after_polls", "5"), (Some("push-expired"), "x", "a=b")]
        );
        assert!(Choice::parse("none").unwrap().names().is_empty());
        assert!(Choice::parse("a;b").is_err());
        let choice = Choice::parse(r#"a;l=["x","y;\"]"];m={"k":[1,2]}, b;t="1,2""#).unwrap();
        assert_eq!(choice.names(), ["a", "b"]);
        let values: Vec<_> = choice.settings().iter().map(|own| own.value.as_str()).collect();
        assert_eq!(values, [r#"["x","y;\"]"]"#, r#"{"k":[1,2]}"#, "1,2"]);
    }

    #[test]
    fn choices_that_mean_different_things_are_told_apart_though_they_read_alike() {
        let chosen = |settings: &[&str]| {
            let settings = settings.iter().map(|text| Setting::parse(text).unwrap());
            Choice::new(vec!["a".to_owned()], settings.collect())
        };
        let (one, two) = (chosen(&["a.x=1;y=2"]), chosen(&["a.x=1", "y=2"]));
        let read = Choice::parse(one.text()).unwrap();
        assert_eq!((one.text(), two.text()), (read.text(), read.text()));
        assert!(one != two && one != read && two != read);
        assert!(read.is_of(one.text()) && !one.is_of(one.text()));
    }
}
