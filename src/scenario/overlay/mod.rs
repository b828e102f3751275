//! Entities that a scenario changed for the rest of a session: `entity(id, #{ status: "EXPIRED" })`.
//!
//! A pure function over documents. Wherever an object with such an id stands in an answer (the item, a list,
//! `_embedded`), it shows the patch, and its links offer what its status allows. One that is gone is left out of lists,
//! and is a 404 as an item.

mod links;

use std::collections::BTreeMap;

use memchr::memmem;
use serde_json::{Map, Value};

use super::json::{Document, EditError, Id, Kind};

/// What a scenario made of one entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Overlay {
    /// Its objects show these members. A JSON merge patch (RFC 7396): null takes a member away, objects are merged.
    Patch(Map<String, Value>),
    /// There is no such entity any more.
    Gone,
}

/// All entities that were changed, by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overlays(BTreeMap<String, Overlay>);

/// What overlays did to a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Overlaid {
    /// Nothing in it is overlaid.
    Untouched,
    /// It shows what the overlays say now.
    Changed,
    /// The whole document is this entity, which is gone.
    Gone(String),
}

/// Most entities that a session's scenarios may change.
const MOST: usize = 10_000;

impl Overlays {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, by id.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Overlay)> {
        self.0.iter().map(|(id, overlay)| (id.as_str(), overlay))
    }

    /// Adds one: patches of one entity are merged, what is gone comes back by a patch. Whether there was room.
    pub(super) fn add(&mut self, id: &str, overlay: Overlay) -> bool {
        let is_full = self.0.len() >= MOST;
        match (self.0.get_mut(id), overlay) {
            (Some(Overlay::Patch(own)), Overlay::Patch(patch)) => merge_patches(own, patch),
            (Some(own), overlay) => *own = overlay,
            (None, _) if is_full => return false,
            (None, overlay) => {
                self.0.insert(id.to_owned(), overlay);
            }
        }
        true
    }

    pub(super) fn join(&mut self, others: Self) -> bool {
        others.0.into_iter().all(|(id, overlay)| self.add(&id, overlay))
    }

    /// Takes away what was made of these entities.
    pub(super) fn forget<'a>(&mut self, ids: impl IntoIterator<Item = &'a String>) {
        for id in ids {
            self.0.remove(id);
        }
    }

    /// The gone entity that a path names, if there is one.
    pub fn gone<'a>(&self, path: &'a str) -> Option<&'a str> {
        let is_gone = |segment: &str| matches!(self.0.get(segment), Some(Overlay::Gone));
        path.split('/').find(|segment| is_gone(segment))
    }

    /// Forgets what was made of the entities that a write to `path` moves on: the write names the entity itself, or a
    /// step of its life.
    pub(super) fn moved_by(&mut self, path: &str) {
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let concerned = segments.iter().enumerate().filter(|(place, _)| {
            let below = segments.get(place + 1..).unwrap_or_default();
            below.first().is_none_or(|first| *first == "lifecycle")
        });
        for (_, id) in concerned {
            self.0.remove(*id);
        }
    }

    /// Whether a body could have an overlaid entity in it.
    pub(super) fn may_touch(&self, path: &str, body: &[u8]) -> bool {
        self.0.keys().any(|id| memmem::find(body, id.as_bytes()).is_some())
            || self.expired_poll(path).is_some()
    }

    /// The expired entity whose activation a path polls.
    fn expired_poll<'a>(&self, path: &'a str) -> Option<&'a str> {
        let factor = path.trim_end_matches('/').strip_suffix("/lifecycle/activate/poll")?;
        let id = factor.rsplit('/').next()?;
        let Some(Overlay::Patch(members)) = self.0.get(id) else { return None };
        (members.get("status").and_then(Value::as_str) == Some("EXPIRED")).then_some(id)
    }

    /// Lays all of them over a document that answers a request for `path`.
    ///
    /// # Errors
    /// They make the document too large.
    pub(crate) fn lay_over(&self, document: &mut Document, path: &str) -> Result<Overlaid, EditError> {
        let was_changed = document.is_changed();
        let before = was_changed.then(|| document.text());
        let root = document.root();
        if let Some(id) = self.gone_at(document, root) {
            return Ok(Overlaid::Gone(id));
        }
        self.visit(document, root)?;
        if self.expired_poll(path).is_some() {
            links::end_poll(document, root)?;
        }
        let is_changed = match before {
            Some(before) => document.text() != before,
            None => document.is_changed(),
        };
        Ok(if is_changed { Overlaid::Changed } else { Overlaid::Untouched })
    }

    fn overlay_at(&self, document: &Document, at: Id) -> Option<(&String, &Overlay)> {
        if document.kind(at) != Kind::Object {
            return None;
        }
        let id = document.string(document.member(at, "id")?)?;
        self.0.get_key_value(&*id)
    }

    fn gone_at(&self, document: &Document, at: Id) -> Option<String> {
        match self.overlay_at(document, at) {
            Some((id, Overlay::Gone)) => Some(id.clone()),
            _ => None,
        }
    }

    /// Changes a value and all below it. The nesting of a document is bounded, so is this.
    fn visit(&self, document: &mut Document, at: Id) -> Result<(), EditError> {
        if !matches!(document.kind(at), Kind::Array | Kind::Object) {
            return Ok(());
        }
        for place in (0..document.len(at)).rev() {
            let Some(kid) = document.at(at, place) else { continue };
            if self.gone_at(document, kid).is_some() {
                document.remove_at(at, place)?;
            } else {
                self.visit(document, kid)?;
            }
        }
        if let Some((_, Overlay::Patch(patch))) = self.overlay_at(document, at) {
            if let Some(status) = patch.get("status").and_then(Value::as_str) {
                links::fit(document, at, status)?;
            }
            patch_document(document, at, patch)?;
        }
        Ok(())
    }
}

/// One patch that does what two do after each other.
fn merge_patches(own: &mut Map<String, Value>, later: Map<String, Value>) {
    for (name, value) in later {
        match (own.get_mut(&name), value) {
            (Some(Value::Object(own)), Value::Object(value)) => merge_patches(own, value),
            (_, value) => {
                own.insert(name, value);
            }
        }
    }
}

fn patch_document(document: &mut Document, at: Id, patch: &Map<String, Value>) -> Result<(), EditError> {
    for (name, value) in patch {
        match (document.member(at, name), value) {
            (_, Value::Null) => {
                document.remove(at, name)?;
            }
            (Some(own), Value::Object(value)) if document.kind(own) == Kind::Object => {
                patch_document(document, own, value)?;
            }
            (_, value) => document.set(at, name, without_nulls(value).to_string())?,
        }
    }
    Ok(())
}

/// A null in a patch says what is not to be there (RFC 7396 §2).
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(_, value)| !value.is_null());
            kept.map(|(name, value)| (name.clone(), without_nulls(value))).collect()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests;
