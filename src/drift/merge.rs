//! A cassette that was recorded again: what stays, what changes, what comes in.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::align::{Aligned, align};
use super::exchange::{Comparer, Known};
use super::terms::{Sort, Terms};
use super::translate::Translation;
use crate::cassette::{Cassette, Interaction};
use crate::profile::{Mask, Profile, StandInType};

/// An interaction of a merged cassette.
#[derive(Debug, PartialEq)]
pub enum Entry {
    /// The recorded one at this position, as it is.
    Kept(usize),
    /// What came in the place of the recorded one at this position.
    Changed(usize, Box<Interaction>),
    /// What came in.
    New(Box<Interaction>),
}

/// A cassette and what was recorded again of it, in one.
#[derive(Debug, Default)]
pub struct Merge {
    /// All interactions in their new order.
    pub entries: Vec<Entry>,
    /// How many came again and mean the same.
    pub same: usize,
    /// How many mean something else now.
    pub changed: usize,
    /// How many were not there before.
    pub new: usize,
    /// How many were not asked for this time.
    pub unasked: usize,
}

impl Merge {
    /// Puts what was recorded again into the cassette, ids and stand-ins as the cassette has them.
    pub fn of(recorded: &Cassette, live: &Cassette, profile: &Profile) -> Self {
        let mask = Mask::new(profile);
        let (known, terms) = (Known::of(recorded), Terms::of(&live.interactions));
        let comparer = Comparer::new(profile, &mask, &known, &terms);
        let Aligned { pairs, only_recorded, only_live, bindings } =
            align(&comparer, &recorded.interactions, &live.interactions);
        let mut names = Names::new(recorded, &terms);
        let lookup = |sort: Sort, word: &str| bindings.recorded(sort, word).map(str::to_owned);
        let by_live: HashMap<usize, (usize, bool)> =
            pairs.iter().map(|pair| (pair.live, (pair.recorded, pair.changes.is_empty()))).collect();
        let mut replaced: HashMap<usize, Interaction> = HashMap::new();
        // What came in, by the recorded interaction that it came after.
        let mut after: BTreeMap<Option<usize>, Vec<Interaction>> = BTreeMap::new();
        let mut last = None;
        for (at, own) in live.interactions.iter().enumerate() {
            match by_live.get(&at) {
                Some((place, true)) => last = Some(*place),
                Some((place, false)) => {
                    let old = &recorded.interactions[*place];
                    // Both sides speak of things by the recorded names now.
                    let renamed = names.renamed(own, &lookup);
                    let now = Comparer::new(profile, &mask, &known, &known.terms);
                    let mut new = now.grafted(old, renamed);
                    new.stand_ins = names.declared(&new, &old.stand_ins);
                    replaced.insert(*place, new);
                    last = Some(*place);
                }
                None => {
                    let mut new = names.renamed(own, &lookup);
                    new.stand_ins = names.declared(&new, &[]);
                    after.entry(last).or_default().push(new);
                }
            }
        }
        let changed = replaced.len();
        let own = Self {
            entries: Vec::new(),
            same: pairs.len() - changed,
            changed,
            new: only_live.len(),
            unasked: only_recorded.len(),
        };
        let mut come = |place| {
            let come: Vec<Interaction> = after.remove(&place).unwrap_or_default();
            come.into_iter().map(|new| Entry::New(Box::new(new)))
        };
        let mut entries: Vec<Entry> = come(None).collect();
        for at in 0..recorded.interactions.len() {
            entries
                .push(replaced.remove(&at).map_or(Entry::Kept(at), |new| Entry::Changed(at, Box::new(new))));
            entries.extend(come(Some(at)));
        }
        Self { entries, ..own }
    }

    /// Whether the cassette stays as it is.
    pub fn is_idle(&self) -> bool {
        self.changed + self.new == 0
    }
}

/// Stand-ins as the merged cassette has them.
struct Names<'a> {
    live: &'a Terms,
    /// Those of the cassette.
    taken: HashSet<String>,
    highest: HashMap<StandInType, usize>,
    /// What a new one of the live side is called.
    given: HashMap<String, (String, StandInType)>,
    /// Those that some interaction declares.
    declared: HashSet<String>,
}

impl<'a> Names<'a> {
    fn new(recorded: &Cassette, live: &'a Terms) -> Self {
        let mut own = Self {
            live,
            taken: HashSet::new(),
            highest: HashMap::new(),
            given: HashMap::new(),
            declared: HashSet::new(),
        };
        for (stand_in, of_type) in recorded.interactions.iter().flat_map(|own| &own.stand_ins) {
            let highest = own.highest.entry(*of_type).or_default();
            *highest = of_type.number(stand_in).unwrap_or(0).max(*highest);
            own.taken.insert(stand_in.clone());
        }
        own.declared.clone_from(&own.taken);
        own
    }

    /// A live interaction in the cassette's words.
    fn renamed(&mut self, own: &Interaction, bound: &dyn Fn(Sort, &str) -> Option<String>) -> Interaction {
        let mut renamed = own.clone();
        let names = RefCell::new(self);
        let lookup = |word: &str| {
            let of_type = names.borrow().live.type_of(word);
            let Some(of_type) = of_type else { return bound(Sort::Id, word) };
            Some(bound(Sort::of(of_type), word).unwrap_or_else(|| names.borrow_mut().give(word, of_type)))
        };
        Translation::new(&lookup).interaction(&mut renamed);
        renamed
    }

    /// A name for a stand-in that stands for nothing the cassette knows.
    fn give(&mut self, word: &str, of_type: StandInType) -> String {
        if let Some((name, _)) = self.given.get(word) {
            return name.clone();
        }
        let mut name = word.to_owned();
        let highest = self.highest.entry(of_type).or_default();
        while !self.taken.insert(name.clone()) {
            *highest += 1;
            name = of_type.stand_in(*highest, word);
        }
        self.given.insert(word.to_owned(), (name.clone(), of_type));
        name
    }

    /// What an interaction in the place of one with these declarations has to declare.
    fn declared(
        &mut self,
        own: &Interaction,
        before: &[(String, StandInType)],
    ) -> Vec<(String, StandInType)> {
        let words = RefCell::new(Vec::new());
        let note = |word: &str| {
            words.borrow_mut().push(word.to_owned());
            None
        };
        Translation::new(&note).interaction(&mut own.clone());
        let mut declared = before.to_vec();
        for word in words.into_inner() {
            let given = self.given.values().find(|(name, _)| *name == word);
            if let Some((name, of_type)) = given
                && self.declared.insert(name.clone())
            {
                declared.push((name.clone(), *of_type));
            }
        }
        declared
    }
}
