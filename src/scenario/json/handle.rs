//! A handle into a document: what a script holds when it says `res.json.profile`.
//!
//! Plain Rhai maps would be copies: `let b = res.json; b.x = 1` and `for f in res.json { f.x = 1 }` would change
//! nothing, silently. A handle is the document and the id of one of its values, so that both write through. Scalars are
//! handed out as what they are, so that they compare and compute as usual.

use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rhai::{Array, Dynamic, EvalAltResult, INT, ImmutableString};

use super::document::{Document, EditError, Id};
use super::parsed::{Kind, Parsed, unquoted};
use super::value::{number, to_json};
use crate::scenario::error::{fail, listed};

type Fallible<T> = Result<T, Box<EvalAltResult>>;

/// What a script may do with a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    ReadWrite,
    ReadOnly,
}

/// A handle to an array or an object.
#[derive(Debug, Clone)]
pub(crate) struct Json {
    document: Arc<Mutex<Document>>,
    id: Id,
    access: Access,
    /// How the script calls the whole document.
    label: &'static str,
}

impl Json {
    /// The outermost value of a document, as a script gets it.
    pub(crate) fn open(
        document: &Arc<Mutex<Document>>,
        access: Access,
        label: &'static str,
    ) -> Fallible<Dynamic> {
        let handle = |id| Self { document: Arc::clone(document), id, access, label };
        let guard = lock(document);
        let id = guard.root();
        handle(id).value(&guard, id)
    }

    pub(crate) fn access(&self) -> Access {
        self.access
    }

    fn lock(&self) -> MutexGuard<'_, Document> {
        lock(&self.document)
    }

    /// The JSON text of the value.
    pub(crate) fn text(&self) -> String {
        self.lock().text_of(self.id)
    }

    /// Whether it is a handle to the outermost value of this document.
    pub(crate) fn is_root_of(&self, document: &Arc<Mutex<Document>>) -> bool {
        Arc::ptr_eq(&self.document, document) && self.lock().root() == self.id
    }

    fn value(&self, document: &Document, id: Id) -> Fallible<Dynamic> {
        match document.kind(id) {
            Kind::Null => Ok(Dynamic::UNIT),
            Kind::Bool => Ok((document.raw(id) == "true").into()),
            Kind::Number => number(document.raw(id)),
            Kind::String => {
                let text = unquoted(document.raw(id));
                let text =
                    text.ok_or_else(|| fail("the string has half a surrogate pair in it".to_owned()))?;
                Ok(text.into_owned().into())
            }
            Kind::Array | Kind::Object => Ok(Dynamic::from(Self { id, ..self.clone() })),
        }
    }

    /// How a script would write the way here.
    fn name(&self, document: &Document) -> String {
        format!("{}{}", self.label, document.path(self.id))
    }

    fn missing(&self, document: &Document, name: &str) -> Box<EvalAltResult> {
        let own = self.name(document);
        let kind = document.kind(self.id);
        if matches!(name, "len" | "keys" | "values" | "is_empty" | "push" | "remove" | "contains") {
            return fail(format!("{own} has no property `{name}`; to call the function, write .{name}()"));
        }
        match kind {
            Kind::Array => fail(format!("{own} is an array and has no property `{name}`")),
            _ => {
                fail(format!("{own} has no property `{name}`; it has: {}", listed(&document.names(self.id))))
            }
        }
    }

    fn must_be(&self, document: &Document, kind: Kind, doing: impl Display) -> Fallible<()> {
        if document.kind(self.id) == kind {
            return Ok(());
        }
        let own = self.name(document);
        Err(fail(format!("{own} is {}: {doing} needs {}", document.kind(self.id).name(), kind.name())))
    }

    fn writable(&self, document: &Document) -> Fallible<()> {
        match self.access {
            Access::ReadWrite => Ok(()),
            Access::ReadOnly => {
                Err(fail(format!("{} cannot be changed: it is read-only", self.name(document))))
            }
        }
    }

    fn failed(&self, document: &Document, error: &EditError) -> Box<EvalAltResult> {
        fail(format!("{}: {error}", self.name(document)))
    }

    /// Whether assigning `value` to `id` would put a value where it already is, as Rhai does after every change further
    /// down (`res.json.a.b = 1` ends with `res.json.a = …`).
    fn is_itself(&self, id: impl FnOnce() -> Option<Id>, value: &Dynamic) -> bool {
        let Some(value) = value.read_lock::<Self>() else { return false };
        Arc::ptr_eq(&self.document, &value.document) && Some(value.id) == id()
    }

    fn edit<T>(&self, change: impl FnOnce(&mut Document) -> Result<T, EditError>) -> Fallible<T> {
        let mut document = self.lock();
        self.writable(&document)?;
        let changed = change(&mut document);
        changed.map_err(|error| self.failed(&document, &error))
    }

    /// The kind of the value.
    pub(super) fn kind(&self) -> Kind {
        self.lock().kind(self.id)
    }

    pub(super) fn get(&mut self, name: &str) -> Fallible<Dynamic> {
        let document = self.lock();
        match document.member(self.id, name) {
            Some(id) if document.kind(self.id) == Kind::Object => self.value(&document, id),
            _ => Err(self.missing(&document, name)),
        }
    }

    pub(super) fn get_or(&mut self, name: &str, otherwise: Dynamic) -> Fallible<Dynamic> {
        if self.has(name)? { self.get(name) } else { Ok(otherwise) }
    }

    pub(super) fn has(&mut self, name: &str) -> Fallible<bool> {
        let document = self.lock();
        self.must_be(&document, Kind::Object, "a name")?;
        Ok(document.member(self.id, name).is_some())
    }

    pub(super) fn set(&mut self, name: &str, value: &Dynamic) -> Fallible<()> {
        {
            let document = self.lock();
            if self.is_itself(|| document.member(self.id, name), value) {
                return Ok(());
            }
            self.writable(&document)?;
            self.must_be(&document, Kind::Object, format_args!("setting `{name}`"))?;
        }
        let text = to_json(value)?;
        self.edit(|document| document.set(self.id, name, text))
    }

    /// The place that an index of a script means: negative ones count from the end.
    fn place(&self, document: &Document, index: INT) -> Fallible<usize> {
        self.must_be(document, Kind::Array, "an index")?;
        let length = document.len(self.id);
        let place = if index < 0 {
            usize::try_from(index.unsigned_abs()).ok().and_then(|back| length.checked_sub(back))
        } else {
            usize::try_from(index).ok().filter(|&place| place < length)
        };
        place.ok_or_else(|| {
            let own = self.name(document);
            fail(format!("{own} has {length} elements, so there is none at index {index}"))
        })
    }

    pub(super) fn get_at(&mut self, index: INT) -> Fallible<Dynamic> {
        let document = self.lock();
        let place = self.place(&document, index)?;
        document.at(self.id, place).map_or(Ok(Dynamic::UNIT), |id| self.value(&document, id))
    }

    pub(super) fn set_at(&mut self, index: INT, value: &Dynamic) -> Fallible<()> {
        let place = {
            let document = self.lock();
            let place = self.place(&document, index)?;
            if self.is_itself(|| document.at(self.id, place), value) {
                return Ok(());
            }
            self.writable(&document)?;
            place
        };
        let text = to_json(value)?;
        self.edit(|document| document.set_at(self.id, place, text))
    }

    pub(super) fn len(&mut self) -> INT {
        INT::try_from(self.lock().len(self.id)).unwrap_or(INT::MAX)
    }

    fn items(&self) -> Fallible<Vec<Dynamic>> {
        let document = self.lock();
        let ids = (0..document.len(self.id)).filter_map(|place| document.at(self.id, place));
        ids.map(|id| self.value(&document, id)).collect()
    }

    pub(super) fn elements(&self, doing: &str) -> Fallible<Vec<Dynamic>> {
        self.must_be(&self.lock(), Kind::Array, doing)?;
        self.items()
    }

    pub(super) fn keys(&mut self) -> Fallible<Array> {
        let document = self.lock();
        self.must_be(&document, Kind::Object, "keys()")?;
        Ok(document.names(self.id).into_iter().map(Dynamic::from).collect())
    }

    pub(crate) fn values(&mut self) -> Fallible<Array> {
        if self.lock().kind(self.id) == Kind::Array {
            return self.items();
        }
        let document = self.lock();
        let ids = document.names(self.id).into_iter().filter_map(|name| document.member(self.id, &name));
        ids.map(|id| self.value(&document, id)).collect()
    }

    pub(super) fn insert(&mut self, index: INT, value: &Dynamic) -> Fallible<()> {
        let place = {
            let document = self.lock();
            self.must_be(&document, Kind::Array, "insert()")?;
            let length = document.len(self.id);
            if usize::try_from(index) == Ok(length) { length } else { self.place(&document, index)? }
        };
        let text = to_json(value)?;
        self.edit(|document| document.insert(self.id, place, text))
    }

    pub(super) fn push(&mut self, value: &Dynamic) -> Fallible<()> {
        self.must_be(&self.lock(), Kind::Array, "push()")?;
        let text = to_json(value)?;
        self.edit(|document| document.insert(self.id, usize::MAX, text))
    }

    pub(super) fn remove(&mut self, name: &str) -> Fallible<()> {
        self.must_be(&self.lock(), Kind::Object, "removing a name")?;
        if self.edit(|document| document.remove(self.id, name))? {
            return Ok(());
        }
        let document = self.lock();
        Err(self.missing(&document, name))
    }

    pub(super) fn remove_at(&mut self, index: INT) -> Fallible<()> {
        let place = self.place(&self.lock(), index)?;
        self.edit(|document| document.remove_at(self.id, place))
    }

    pub(super) fn clear(&mut self) -> Fallible<()> {
        self.edit(|document| {
            (0..document.len(self.id)).rev().try_for_each(|place| document.remove_at(self.id, place))
        })
    }

    fn as_value(&self) -> serde_json::Value {
        serde_json::from_str(&self.text()).unwrap_or_default()
    }

    pub(super) fn equals(&self, other: &Dynamic) -> bool {
        let other =
            to_json(other).ok().and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
        other == Some(self.as_value())
    }

    /// Whether an array has an element that equals `value`, or an object a member of that name.
    pub(super) fn contains(&mut self, value: &Dynamic) -> Fallible<bool> {
        if self.lock().kind(self.id) == Kind::Object {
            let name = value.read_lock::<ImmutableString>().map(|name| name.to_string());
            let name = name.ok_or_else(|| fail("an object contains names: give a string".to_owned()))?;
            return self.has(&name);
        }
        Ok(self.index_of(value)? >= 0)
    }

    pub(super) fn index_of(&mut self, value: &Dynamic) -> Fallible<INT> {
        let wanted: Option<serde_json::Value> = serde_json::from_str(&to_json(value)?).ok();
        let document = self.lock();
        self.must_be(&document, Kind::Array, "index_of()")?;
        let found = (0..document.len(self.id)).find(|&place| {
            let text = document.at(self.id, place).map(|id| document.text_of(id));
            text.and_then(|text| serde_json::from_str(&text).ok()) == wanted
        });
        Ok(found.and_then(|place| INT::try_from(place).ok()).unwrap_or(-1))
    }

    /// A copy of its own that writes nowhere through.
    pub(super) fn copied(&self) -> Fallible<Self> {
        let parsed = Parsed::new(self.text()).map_err(|error| fail(error.to_string()))?;
        let document = Arc::new(Mutex::new(Document::new(Arc::new(parsed))));
        let id = lock(&document).root();
        Ok(Self { document, id, access: Access::ReadWrite, label: "the copy" })
    }
}

pub(crate) fn lock(document: &Mutex<Document>) -> MutexGuard<'_, Document> {
    // A document is left whole by every change, so one that a panic interrupted can still be read.
    document.lock().unwrap_or_else(PoisonError::into_inner)
}
