//! A JSON document that remembers what was changed in it.
//!
//! Values are named by [`Id`], and an id stays with its value whatever happens around it: that is what lets a script
//! keep `let b = res.json` and write through it later. Nothing that was read is copied or altered; a change is kept
//! beside it, and [`Document::text`] puts both together, so that what was not changed keeps its bytes.

use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};

use super::parsed::{DEEPEST, JsonError, Kind, Parsed, is_string, unquoted};

/// Most text that a script may add to one document: 16 MiB.
const MOST_ADDED: usize = 16 * 1024 * 1024;

/// Names one value of a document for as long as the document lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Id {
    source: u32,
    node: u32,
}

/// One member of a container that was changed.
#[derive(Debug, Clone)]
pub(super) struct Member {
    /// The value that stood here when the document was read: name and spacing are still its own.
    pub(super) place: Option<Id>,
    /// The name as JSON, for a member that came later.
    pub(super) key: Option<Arc<str>>,
    pub(super) id: Id,
}

/// A text that values of the document come from: the one that was read, or one that was added.
#[derive(Debug)]
struct Source {
    parsed: Arc<Parsed>,
    /// What its outermost value stands in.
    parent: Option<Id>,
}

/// A document.
#[derive(Debug)]
pub(crate) struct Document {
    sources: Vec<Source>,
    root: Id,
    /// Containers whose members are no longer those that were read: one was added or taken out.
    edited: HashMap<Id, Vec<Member>, RandomState>,
    /// What stands in the place of a member that was read, in containers that are not `edited`.
    replaced: HashMap<Id, Id, RandomState>,
    /// Values of which some part was changed.
    dirty: HashSet<Id, RandomState>,
    /// Values that were taken out.
    detached: HashSet<Id, RandomState>,
    added: usize,
    revision: u64,
}

/// Why a change was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EditError {
    #[error("it is no longer part of the body: it was removed or replaced")]
    Detached,
    #[error("the script added more than 16 MiB to it")]
    TooMuch,
    #[error("it would be nested more than {DEEPEST} levels deep")]
    TooDeep,
    #[error("what is put into it is no JSON: {0}")]
    Json(#[from] JsonError),
}

impl Document {
    pub(crate) fn new(parsed: Arc<Parsed>) -> Self {
        Self {
            sources: vec![Source { parsed, parent: None }],
            root: Id { source: 0, node: 0 },
            edited: HashMap::default(),
            replaced: HashMap::default(),
            dirty: HashSet::default(),
            detached: HashSet::default(),
            added: 0,
            revision: 0,
        }
    }

    /// The outermost value.
    pub(crate) fn root(&self) -> Id {
        self.root
    }

    /// Whether its text is no longer what was read.
    pub(crate) fn is_changed(&self) -> bool {
        !self.dirty.is_empty() || self.root.source != 0
    }

    /// Grows with each change.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// Whether so much was added that it is worth reading anew.
    pub(crate) fn is_scattered(&self) -> bool {
        self.sources.len() > 64
    }

    pub(super) fn source(&self, id: Id) -> &Parsed {
        // Ids are made by this document only, and sources are never taken away.
        &self.sources.get(id.source as usize).unwrap_or(&self.sources[0]).parsed
    }

    pub(crate) fn kind(&self, id: Id) -> Kind {
        self.source(id).node(id.node).kind
    }

    /// A scalar as it is written.
    pub(crate) fn raw(&self, id: Id) -> &str {
        self.source(id).raw(id.node)
    }

    /// The text of a string; `None` for anything else.
    pub(crate) fn string(&self, id: Id) -> Option<std::borrow::Cow<'_, str>> {
        unquoted(self.raw(id))
    }

    pub(super) fn node(id: Id) -> u32 {
        id.node
    }

    /// Whether it is the whole of what was read.
    pub(super) fn is_first(id: Id) -> bool {
        id == Id { source: 0, node: 0 }
    }

    pub(super) fn is_dirty(&self, id: Id) -> bool {
        self.dirty.contains(&id)
    }

    pub(super) fn edited(&self, id: Id) -> Option<&[Member]> {
        self.edited.get(&id).map(Vec::as_slice)
    }

    /// The members of a container as they were read, each with what stands in its place now.
    pub(super) fn members(&self, id: Id) -> impl Iterator<Item = (Id, Id)> + '_ {
        let kids = self.source(id).kids(id.node).iter().map(move |&node| Id { node, ..id });
        kids.map(|kid| (kid, self.standing(kid)))
    }

    /// What stands in the place of a member that was read.
    fn standing(&self, kid: Id) -> Id {
        self.replaced.get(&kid).copied().unwrap_or(kid)
    }

    /// Number of members.
    pub(crate) fn len(&self, id: Id) -> usize {
        self.edited(id).map_or_else(|| self.source(id).kids(id.node).len(), <[_]>::len)
    }

    /// The member at a place.
    pub(crate) fn at(&self, id: Id, place: usize) -> Option<Id> {
        match self.edited(id) {
            Some(members) => members.get(place).map(|member| member.id),
            None => self.source(id).kids(id.node).get(place).map(|&node| self.standing(Id { node, ..id })),
        }
    }

    /// Where the member of this name stands; of several the last one.
    fn place_of(&self, id: Id, name: &str) -> Option<usize> {
        if let Some(members) = self.edited(id) {
            return members.iter().rposition(|member| is_string(self.raw_key(member), name));
        }
        let source = self.source(id);
        source.kids(id.node).iter().rposition(|&kid| is_string(source.raw_key(kid), name))
    }

    /// The member of this name.
    pub(crate) fn member(&self, id: Id, name: &str) -> Option<Id> {
        self.at(id, self.place_of(id, name)?)
    }

    pub(super) fn raw_key<'a>(&'a self, member: &'a Member) -> &'a str {
        match (&member.key, member.place) {
            (Some(key), _) => key,
            (None, Some(place)) => self.source(place).raw_key(place.node),
            (None, None) => "",
        }
    }

    /// The names of an object's members, in order.
    pub(crate) fn names(&self, id: Id) -> Vec<String> {
        let text = |raw: &str| unquoted(raw).map_or_else(|| raw.to_owned(), std::borrow::Cow::into_owned);
        let mut names: Vec<String> =
            (0..self.len(id)).map(|place| text(self.raw_key_at(id, place))).collect();
        let mut seen = HashSet::<String, RandomState>::default();
        names.retain(|name| seen.insert(name.clone()));
        names
    }

    fn parent(&self, id: Id) -> Option<Id> {
        if id.node == 0 {
            return self.sources.get(id.source as usize)?.parent;
        }
        Some(Id { source: id.source, node: self.source(id).node(id.node).parent })
    }

    /// How many values hold this one.
    fn depth(&self, id: Id) -> Result<usize, EditError> {
        self.way_up(id).try_fold(0, |depth, at| {
            if self.detached.contains(&at) { Err(EditError::Detached) } else { Ok(depth + 1) }
        })
    }

    /// `.profile.phones[2]`: how a script would write the way to a value.
    pub(crate) fn path(&self, id: Id) -> String {
        let mut path = String::new();
        let way = if self.depth(id).is_ok() { self.way_up(id).collect() } else { Vec::new() };
        for (&holder, &below) in way.iter().skip(1).zip(&way) {
            let places = 0..self.len(holder);
            let Some(place) = places.into_iter().find(|&place| self.at(holder, place) == Some(below)) else {
                continue;
            };
            let step = match self.kind(holder) {
                Kind::Array => format!("[{place}]"),
                _ => format!(".{}", self.name_at(holder, place)),
            };
            path.insert_str(0, &step);
        }
        path
    }

    /// A value and what holds it, from the inside out.
    fn way_up(&self, id: Id) -> impl Iterator<Item = Id> + '_ {
        std::iter::successors(Some(id), |&at| self.parent(at))
    }

    fn name_at(&self, id: Id, place: usize) -> String {
        unquoted(self.raw_key_at(id, place)).unwrap_or_default().into_owned()
    }

    fn raw_key_at(&self, id: Id, place: usize) -> &str {
        if let Some(members) = self.edited(id) {
            return members.get(place).map_or("", |member| self.raw_key(member));
        }
        let source = self.source(id);
        source.kids(id.node).get(place).map_or("", |&kid| source.raw_key(kid))
    }

    /// Cuts off every handle that is still held: the whole body was replaced.
    pub(crate) fn retire(&mut self) {
        self.detached.insert(self.root);
    }

    /// Marks a container and what holds it as changed.
    fn touch(&mut self, id: Id) -> Result<(), EditError> {
        self.depth(id)?;
        self.revision += 1;
        let mut at = Some(id);
        // What holds something that was changed is marked already.
        while let Some(own) = at.filter(|own| self.dirty.insert(*own)) {
            at = self.parent(own);
        }
        Ok(())
    }

    /// The same, and gives the list of its members to change.
    fn open(&mut self, id: Id) -> Result<&mut Vec<Member>, EditError> {
        self.touch(id)?;
        if !self.edited.contains_key(&id) {
            let members = self.members(id).map(|(kid, now)| Member { place: Some(kid), key: None, id: now });
            let members = members.collect();
            self.edited.insert(id, members);
        }
        Ok(self.edited.entry(id).or_default())
    }

    /// Reads a text that is to become part of the document.
    fn add(&mut self, text: String, parent: Option<Id>) -> Result<Id, EditError> {
        self.added = self.added.saturating_add(text.len());
        if self.added > MOST_ADDED {
            return Err(EditError::TooMuch);
        }
        let parsed = Arc::new(Parsed::new(text)?);
        let outside = parent.map_or(Ok(0), |parent| self.depth(parent))?;
        if outside + parsed.depth() > DEEPEST {
            return Err(EditError::TooDeep);
        }
        let source = u32::try_from(self.sources.len()).map_err(|_| EditError::TooMuch)?;
        self.sources.push(Source { parsed, parent });
        Ok(Id { source, node: 0 })
    }

    /// Whether a value already says what `text` says, so that there is nothing to change.
    fn says(&self, id: Id, text: &str) -> bool {
        if !self.is_dirty(id) && self.raw(id) == text {
            return true;
        }
        // Texts of two kinds never say the same, and most pairs are told apart by their first byte.
        if self.raw(id).as_bytes().first() != text.as_bytes().first() {
            return false;
        }
        // Without an escape a text has one spelling only.
        if text.starts_with('"') && !text.contains('\\') && !self.raw(id).contains('\\') {
            return false;
        }
        let as_value = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
        as_value(&self.text_of(id)).is_some_and(|own| Some(own) == as_value(text))
    }

    /// Puts a value, given as JSON, in the place of the outermost one.
    pub(crate) fn replace(&mut self, text: String) -> Result<(), EditError> {
        if self.says(self.root, &text) {
            return Ok(());
        }
        let id = self.add(text, None)?;
        self.revision += 1;
        self.detached.insert(self.root);
        self.root = id;
        Ok(())
    }

    /// Sets the member of an object, adding it at the end if there is none of this name.
    pub(crate) fn set(&mut self, id: Id, name: &str, text: String) -> Result<(), EditError> {
        if let Some(place) = self.place_of(id, name) {
            return self.set_at(id, place, text);
        }
        let added = self.add(text, Some(id))?;
        let key = serde_json::Value::from(name).to_string().into();
        self.open(id)?.push(Member { place: None, key: Some(key), id: added });
        Ok(())
    }

    /// Sets the member at a place, which there is.
    pub(crate) fn set_at(&mut self, id: Id, place: usize, text: String) -> Result<(), EditError> {
        self.depth(id)?;
        let Some(old) = self.at(id, place) else { return Ok(()) };
        if self.says(old, &text) {
            return Ok(());
        }
        let added = self.add(text, Some(id))?;
        self.touch(id)?;
        if let Some(members) = self.edited.get_mut(&id) {
            members.get_mut(place).into_iter().for_each(|member| member.id = added);
        } else if let Some(&node) = self.source(id).kids(id.node).get(place) {
            self.replaced.insert(Id { node, ..id }, added);
        }
        self.detached.insert(old);
        Ok(())
    }

    /// Puts a value before the one at a place of an array, or at its end.
    pub(crate) fn insert(&mut self, id: Id, place: usize, text: String) -> Result<(), EditError> {
        let added = self.add(text, Some(id))?;
        let members = self.open(id)?;
        members.insert(place.min(members.len()), Member { place: None, key: None, id: added });
        Ok(())
    }

    /// Takes out the member at a place.
    pub(crate) fn remove_at(&mut self, id: Id, place: usize) -> Result<(), EditError> {
        let members = self.open(id)?;
        if place < members.len() {
            let removed = members.remove(place).id;
            self.detached.insert(removed);
        }
        Ok(())
    }

    /// Takes out every member of this name; whether there was one.
    pub(crate) fn remove(&mut self, id: Id, name: &str) -> Result<bool, EditError> {
        let mut found = false;
        while let Some(place) = self.place_of(id, name) {
            self.remove_at(id, place)?;
            found = true;
        }
        Ok(found)
    }
}
