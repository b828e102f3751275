//! From a file's text to its interactions, one at a time.

use super::{Failure, Node, Problem, json, yaml};

/// Where in a file its interactions are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// `interactions:`
    Interactions,
    /// `http_interactions:`
    HttpInteractions,
    /// `log.entries`
    Entries,
    /// The file itself is the list.
    Top,
}

impl List {
    /// The list that a key stands for, at the top or in `log`.
    pub(super) fn of(key: &str, in_log: bool) -> Option<Self> {
        match key {
            "entries" if in_log => Some(Self::Entries),
            "interactions" if !in_log => Some(Self::Interactions),
            "http_interactions" if !in_log => Some(Self::HttpInteractions),
            _ => None,
        }
    }
}

/// What a file looks like.
#[derive(Debug)]
pub struct Shape<'a> {
    /// Where its interactions are.
    pub list: List,
    /// An interaction; `None` where there is none.
    pub item: Option<&'a Node>,
    /// The file's whole text.
    pub text: &'a str,
    /// About where in the text it begins (bytes).
    pub at: usize,
    /// What was not carried over from the item's text.
    pub note: Option<&'static str>,
}

/// Why a file is no recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotARecording {
    /// Nothing in it.
    Empty,
    /// An overdub cassette already.
    Cassette,
    /// YAML or JSON of something else.
    Unknown,
    /// Neither YAML nor JSON: what the parser says. It does not begin as a recording does.
    Unreadable(Problem),
}

impl std::fmt::Display for NotARecording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => write!(f, "is empty"),
            Self::Cassette => write!(f, "is an overdub cassette already"),
            Self::Unknown => write!(f, "holds no recorded interactions"),
            Self::Unreadable(problem) => write!(f, "is neither YAML nor JSON: {}", problem.what),
        }
    }
}

/// Is handed each interaction; says whether this is a recording at all.
pub(super) type Each<'e> = dyn FnMut(&Shape<'_>) -> Result<bool, Problem> + 'e;

/// What became of a list's items.
#[derive(Debug)]
pub(super) enum Stop {
    /// Nobody recognises them.
    Unknown,
    /// What is wrong with the file.
    Bad(Problem),
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Bad(problem)
    }
}

/// Hands over items of a list.
pub(super) struct Sink<'a, 'e> {
    text: &'a str,
    each: &'a mut Each<'e>,
    /// A list was found.
    pub(super) found: bool,
    /// How many items were handed over, and how many of the next have been handed over before.
    pub(super) given: usize,
    pub(super) skip: usize,
    /// The file has the key that cassettes begin with.
    pub(super) cassette: bool,
    /// Why an item that nobody recognises may still be one.
    torn: Option<Problem>,
}

impl Sink<'_, '_> {
    /// An item, and about where in the text it begins.
    pub(super) fn item(
        &mut self,
        list: List,
        (tree, at): (&Node, usize),
        note: Option<&'static str>,
    ) -> Result<(), Stop> {
        // A list at the top is a recording only if its items say so.
        self.found |= list != List::Top;
        if self.skip > 0 {
            self.skip -= 1;
            return Ok(());
        }
        self.given += 1;
        if !(self.each)(&Shape { list, item: Some(tree), text: self.text, at, note })? {
            self.torn = half(list, tree);
            return Err(Stop::Unknown);
        }
        self.found = true;
        Ok(())
    }

    /// A list has begun, or stands there empty.
    pub(super) fn list(&mut self, list: List) {
        self.found |= list != List::Top;
    }

    fn ended(&mut self, ended: Result<Option<List>, Stop>) -> Result<(), Failure> {
        match ended {
            Ok(None) if self.cassette => Err(Failure::Not(NotARecording::Cassette)),
            Ok(Some(list)) if self.given == 0 => {
                let recognised = (self.each)(&Shape { list, item: None, text: self.text, at: 0, note: None });
                match recognised {
                    Ok(true) => Ok(()),
                    Ok(false) => Err(Failure::Not(NotARecording::Unknown)),
                    Err(problem) => Err(Failure::Bad(problem)),
                }
            }
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(Failure::Not(NotARecording::Unknown)),
            Err(Stop::Unknown) => {
                Err(self.torn.take().map_or(Failure::Not(NotARecording::Unknown), Failure::Bad))
            }
            Err(Stop::Bad(problem)) if self.found || begins_as_one(self.text) => Err(Failure::Bad(problem)),
            Err(Stop::Bad(problem)) => Err(Failure::Not(NotARecording::Unreadable(problem))),
        }
    }
}

/// Hands over the interactions of a file one by one; once without any if it has none.
pub(super) fn items(text: &str, each: &mut Each<'_>) -> Result<(), Failure> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(Failure::Not(NotARecording::Empty));
    }
    let mut sink = Sink { text, each, found: false, given: 0, skip: 0, cassette: false, torn: None };
    let ended = if text.trim_start().starts_with(['{', '[']) {
        json::items(text, &mut sink)
    } else {
        yaml::items(text, &mut sink)
    };
    sink.ended(ended)
}

/// How much of a file (bytes) is looked at to tell what it begins as.
const BEGINNING: usize = 4096;

/// Whether a file that cannot be read to its list is meant as a recording: it begins as one, or has the list's key.
fn begins_as_one(text: &str) -> bool {
    let beginning = text.get(..text.floor_char_boundary(BEGINNING)).unwrap_or(text);
    let beginning = beginning.trim_start().strip_prefix("---").unwrap_or(beginning).trim_start();
    let mut words = beginning.split(|c: char| c.is_whitespace() || "{[\"':,-".contains(c));
    let first = words.find(|word| !word.is_empty()).unwrap_or_default();
    // A HAR file's `log`; a list of interactions, as first versions wrote them, some as Ruby structs.
    match beginning.chars().next() {
        Some('{') if first == "log" => return true,
        Some('[' | '-') if first == "request" || first.starts_with("!ruby/struct") => return true,
        _ => {}
    }
    ["interactions", "http_interactions"].iter().any(|key| {
        text.lines().any(|line| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')))
            || beginning.contains(&format!("\"{key}\""))
    })
}

/// What is wrong with an item that has a request that was sent, and no response that any format writes: what is cut off
/// between two lines is still YAML.
fn half(list: List, item: &Node) -> Option<Problem> {
    let sent = item.get("request").filter(|request| list != List::Top && request.has("method"))?;
    let what = "the interaction has no response that a known format writes; is the file cut off?";
    (!item.has("response")).then(|| Problem::at(sent.line, what))
}
