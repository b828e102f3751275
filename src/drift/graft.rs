//! A recorded answer with only that changed which means something else now.

use bytes::Bytes;
use serde_json::{Map, Value};

use super::arrays::{self, MOST_LOOKED_AT};
use super::bindings::Bindings;
use super::exchange::Comparer;
use super::value::type_of;
use crate::cassette::{Body, Interaction};

impl Comparer<'_> {
    /// The live interaction, of which the recorded one stays what still means the same. `live` speaks of things by their
    /// recorded names, and so do `bindings`.
    pub(super) fn grafted(&self, recorded: &Interaction, mut live: Interaction) -> Interaction {
        let bindings = Bindings::default();
        let asked = self.requests(&mut bindings.clone(), &recorded.request, &live.request);
        if asked.is_empty() {
            live.request = recorded.request.clone();
        }
        live.repeat = recorded.repeat;
        if recorded.response.status != live.response.status {
            return live;
        }
        (live.at, live.took) = (recorded.at, recorded.took);
        let changes = self.answers(&mut bindings.clone(), &recorded.response, &live.response);
        let of_head = |path: &str| path == "content-type" || path.starts_with("header ");
        if !changes.iter().any(|change| of_head(&change.path)) {
            live.response.headers = recorded.response.headers.clone();
            live.response.trailers = recorded.response.trailers.clone();
            live.response.framing = recorded.response.framing;
        }
        if changes.iter().all(|change| of_head(&change.path)) {
            live.response.body.clone_from(&recorded.response.body);
        } else if let (Some(own), Some(other)) = (&recorded.response.body, &live.response.body)
            && let (Some(own), Some(other)) = (compact(own), compact(other))
        {
            let mut left = MOST_LOOKED_AT;
            let bytes = Bytes::from(self.graft(&bindings, "", (&own, &other), &mut left).to_string());
            live.response.body = Some(Body { bytes, coded: false });
        }
        live
    }

    fn graft(
        &self,
        bindings: &Bindings,
        name: &str,
        (recorded, live): (&Value, &Value),
        left: &mut usize,
    ) -> Value {
        match (recorded, live) {
            (Value::Object(recorded), Value::Object(live)) => {
                let mut fields = Map::new();
                for (name, own) in recorded {
                    if let Some(other) = live.get(name) {
                        fields.insert(name.clone(), self.graft(bindings, name, (own, other), left));
                    }
                }
                for (name, other) in live.iter().filter(|(name, _)| !recorded.contains_key(*name)) {
                    fields.insert(name.clone(), other.clone());
                }
                Value::Object(fields)
            }
            (Value::Array(recorded), Value::Array(live)) => {
                let pairs = arrays::pairs(self, bindings, name, (recorded, live), left);
                let mut new: Vec<Option<&Value>> = live.iter().map(Some).collect();
                let mut list = Vec::with_capacity(live.len());
                for (own, at) in recorded.iter().zip(pairs) {
                    if let Some(other) = at.and_then(|at| new.get_mut(at)?.take()) {
                        list.push(self.graft(bindings, name, (own, other), left));
                    }
                }
                list.extend(new.into_iter().flatten().cloned());
                Value::Array(list)
            }
            (Value::Null, other) | (other, Value::Null)
                if self.drift.varies(name) && !other.is_object() && !other.is_array() =>
            {
                recorded.clone()
            }
            _ if type_of(recorded) == type_of(live) => match self.same(bindings, name, recorded, live) {
                // An id that is another one by its recorded name is another one.
                Some(found) if found.iter().all(|(sort, one, other)| !sort.is_kept() || one == other) => {
                    recorded.clone()
                }
                _ => live.clone(),
            },
            _ => live.clone(),
        }
    }
}

/// A JSON body, if writing it again gives the same bytes.
fn compact(body: &Body) -> Option<Value> {
    let value: Value = serde_json::from_slice(&body.bytes).ok().filter(|_| !body.coded)?;
    (value.to_string().as_bytes() == &body.bytes[..]).then_some(value)
}
