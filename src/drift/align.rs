//! Which interactions of two cassettes belong together: by what is asked, then by order, then by what is most alike.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use serde_json::Value;

use super::bindings::Bindings;
use super::change::Change;
use super::exchange::Comparer;
use super::terms::{Piece, Terms};
use super::value::is_time;
use crate::cassette::{Interaction, RequestBody};
use crate::matching::Target;

/// How many interactions with the same request are looked at to find the one that is most alike.
const LOOKED_AT: usize = 64;

/// Two interactions that belong together, by their positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The recorded one's.
    pub recorded: usize,
    /// The other's.
    pub live: usize,
    /// What differs.
    pub changes: Vec<Change>,
}

/// Two cassettes side by side.
#[derive(Debug, Default)]
pub struct Aligned {
    /// Those that belong together, in recorded order.
    pub pairs: Vec<Pair>,
    /// Those that only the recording has.
    pub only_recorded: Vec<usize>,
    /// Those that only the other one has.
    pub only_live: Vec<usize>,
    /// What stands for what.
    pub bindings: Bindings,
}

/// Finds what belongs together, and compares it.
pub fn align(comparer: &Comparer<'_>, recorded: &[Interaction], live: &[Interaction]) -> Aligned {
    let mut own = Aligner::new(comparer, recorded, live);
    let mut with_body = own.groups(true);
    // What was asked in just the same way goes first, in recorded order, so that ids become known as they did.
    let mut pairs: Vec<Option<usize>> = vec![None; recorded.len()];
    let mut found: Vec<Vec<Change>> = vec![Vec::new(); recorded.len()];
    for at in 0..recorded.len() {
        if let Some(other) = own.partner(at, &mut with_body, false) {
            found[at] = own.take(at, other);
            pairs[at] = Some(other);
        }
    }
    let mut by_url = own.groups(false);
    for at in 0..recorded.len() {
        if pairs[at].is_none()
            && let Some(other) = own.partner(at, &mut by_url, true)
        {
            found[at] = own.take(at, other);
            pairs[at] = Some(other);
        }
    }
    let Aligner { bindings, free, .. } = own;
    let mut aligned = Aligned { bindings, ..Aligned::default() };
    for (at, (pair, changes)) in pairs.into_iter().zip(found).enumerate() {
        match pair {
            Some(live) => aligned.pairs.push(Pair { recorded: at, live, changes }),
            None => aligned.only_recorded.push(at),
        }
    }
    aligned.only_live = (0..live.len()).filter(|at| free.contains(at)).collect();
    aligned
}

/// Positions by what is asked.
struct Groups {
    recorded: HashMap<String, Positions>,
    live: HashMap<String, Positions>,
    keys: Vec<String>,
}

/// Positions in ascending order, of which the first ones go first.
#[derive(Default)]
struct Positions {
    all: Vec<usize>,
    /// How many of the first ones are gone: they are not looked at again and again.
    gone: usize,
}

impl Positions {
    /// Those that are left. `is_gone` says of which ones that is for good.
    fn left(&mut self, is_gone: impl Fn(usize) -> bool) -> impl Iterator<Item = usize> {
        let rest = self.all.get(self.gone..).unwrap_or_default();
        self.gone += rest.iter().take_while(|at| is_gone(**at)).count();
        let left = self.all.get(self.gone..).unwrap_or_default();
        left.iter().copied().filter(move |at| !is_gone(*at))
    }
}

struct Aligner<'a, 'c> {
    comparer: &'a Comparer<'c>,
    recorded: &'a [Interaction],
    live: &'a [Interaction],
    bindings: Bindings,
    /// Live ones without a partner.
    free: HashSet<usize>,
    /// Recorded ones that have had their turn.
    done: HashSet<usize>,
}

impl<'a, 'c> Aligner<'a, 'c> {
    fn new(comparer: &'a Comparer<'c>, recorded: &'a [Interaction], live: &'a [Interaction]) -> Self {
        let free = (0..live.len()).collect();
        Self { comparer, recorded, live, bindings: Bindings::default(), free, done: HashSet::new() }
    }

    /// All interactions by their requests; without their bodies if these do not count.
    fn groups(&mut self, with_body: bool) -> Groups {
        let mut own = Groups { recorded: HashMap::new(), live: HashMap::new(), keys: Vec::new() };
        for (at, interaction) in self.recorded.iter().enumerate() {
            let key = self.comparer.key(self.comparer.recorded, interaction, with_body);
            own.recorded.entry(key.clone()).or_default().all.push(at);
            own.keys.push(key);
        }
        for (at, interaction) in self.live.iter().enumerate() {
            let key = self.comparer.key(self.comparer.live, interaction, with_body);
            own.live.entry(key).or_default().all.push(at);
        }
        self.done.clear();
        own
    }

    /// The live one that belongs to a recorded one; `most_alike`: whichever differs least, not the next one.
    fn partner(&mut self, at: usize, groups: &mut Groups, most_alike: bool) -> Option<usize> {
        self.done.insert(at);
        let key = &groups.keys[at];
        let own = &self.recorded[at];
        let free = groups.live.get_mut(key)?.left(|other| !self.free.contains(&other));
        let fits = |other: &usize| self.comparer.asks_the_same(&self.bindings, own, &self.live[*other]);
        let candidates: Vec<usize> = free.filter(fits).take(LOOKED_AT).collect();
        let first = *candidates.first()?;
        let unlike = |at: usize, other: usize| {
            self.comparer.unlike(&self.bindings, &self.recorded[at], &self.live[other])
        };
        if most_alike {
            return candidates.into_iter().min_by_key(|other| unlike(at, *other));
        }
        let same = groups.recorded.get_mut(key)?;
        let waiting: Vec<usize> = same.left(|other| self.done.contains(&other)).take(LOOKED_AT).collect();
        // One that came once more, or once less, than in the recording is the one that has no equal.
        if waiting.len() + 1 == candidates.len() || unlike(at, first) == 0 {
            return Some(first);
        }
        if candidates.len() > waiting.len() + 1 {
            return Some(candidates.into_iter().find(|other| unlike(at, *other) == 0).unwrap_or(first));
        }
        let belongs_to_a_later_one = waiting.iter().any(|later| unlike(*later, first) == 0);
        (!belongs_to_a_later_one).then_some(first)
    }

    /// Compares two that belong together.
    fn take(&mut self, at: usize, other: usize) -> Vec<Change> {
        self.free.remove(&other);
        let (own, live) = (&self.recorded[at], &self.live[other]);
        let mut changes = self.comparer.requests(&mut self.bindings, &own.request, &live.request);
        changes.extend(self.comparer.answers(&mut self.bindings, &own.response, &live.response));
        changes
    }
}

impl Comparer<'_> {
    /// What a request asks for, whatever ids and stand-ins there are in it.
    fn key(&self, terms: &Terms, interaction: &Interaction, with_body: bool) -> String {
        let request = &interaction.request;
        let target = Target::recorded(&request.url, "");
        let mut key = format!("{} ", request.method);
        for segment in target.origin.map(Into::into).into_iter().chain(target.segments()) {
            key.push('/');
            self.push_open(&mut key, terms, &segment);
        }
        let mut names: Vec<_> = crate::http::query_pairs(target.query).map(|(name, _)| name).collect();
        names.sort();
        let _ = write!(key, "?{}", names.join("&"));
        if !with_body {
            return key;
        }
        match &request.body {
            RequestBody::Empty => {}
            RequestBody::Unrecorded => key.push_str("\n?"),
            RequestBody::Bytes(bytes) => {
                key.push('\n');
                match serde_json::from_slice::<Value>(bytes) {
                    Ok(value) => self.push_value(&mut key, terms, "", &value),
                    Err(_) => self.push_open(&mut key, terms, &String::from_utf8_lossy(bytes)),
                }
            }
        }
        key
    }

    fn push_open(&self, key: &mut String, terms: &Terms, text: &str) {
        if is_time(text) {
            return key.push_str("{time}");
        }
        for piece in terms.pieces(text, self.drift.ids.as_ref()) {
            match piece {
                Piece::Text(text) => key.push_str(text),
                Piece::Variable(sort, _) => {
                    let _ = write!(key, "{{{sort:?}}}");
                }
            }
        }
    }

    fn push_value(&self, key: &mut String, terms: &Terms, name: &str, value: &Value) {
        match value {
            Value::Object(fields) => {
                let mut fields: Vec<_> = fields.iter().collect();
                fields.sort_by_key(|(name, _)| *name);
                key.push('{');
                for (name, value) in fields {
                    let _ = write!(key, "{name:?}:");
                    self.push_value(key, terms, name, value);
                    key.push(',');
                }
                key.push('}');
            }
            Value::Array(items) => {
                key.push('[');
                for item in items {
                    self.push_value(key, terms, name, item);
                    key.push(',');
                }
                key.push(']');
            }
            _ if self.profile.volatile.iter().any(|own| own == name) => key.push('*'),
            Value::String(text) => self.push_open(key, terms, text),
            scalar => {
                let _ = write!(key, "{scalar}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::Positions;

    #[test]
    fn what_is_gone_from_the_front_is_looked_at_once() {
        let mut own = Positions { all: (0..1000).collect(), gone: 0 };
        let looks = Cell::new(0);
        for done in 0..1000 {
            let is_gone = |at: usize| {
                looks.set(looks.get() + 1);
                at < done || at == 999
            };
            assert_eq!(own.left(is_gone).next(), (done < 999).then_some(done));
        }
        assert!(looks.get() < 5000, "{}", looks.get());
    }
}
