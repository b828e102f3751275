//! The state that an answer tells, as a few words.

use serde_json::Value;

/// Most entities of a list whose states are told.
const TOLD: usize = 4;

/// A field that tells the state of the entity in an answer: its path from the top, dotted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateField(Vec<String>);

impl StateField {
    /// Reads `a.b.c`; `None` if a name is empty.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let names: Vec<_> = text.split('.').map(str::to_owned).collect();
        names.iter().all(|name| !name.is_empty()).then_some(Self(names))
    }

    fn of<'v>(&self, entity: &'v Value) -> Option<&'v str> {
        let found = self.0.iter().try_fold(entity, |value, name| value.get(name.as_str()))?;
        found.as_str().filter(|text| !text.is_empty())
    }
}

/// What these fields tell of an answer: `PENDING_ACTIVATION WAITING`; of a list, `ACTIVE, PENDING_ACTIVATION`.
pub(super) fn state(fields: &[StateField], answer: &Value) -> Option<String> {
    let Value::Array(entities) = answer else { return one(fields, answer) };
    let mut told: Vec<String> = entities.iter().filter_map(|entity| one(fields, entity)).collect();
    if told.len() > TOLD {
        let more = told.len() - TOLD;
        told.truncate(TOLD);
        told.push(format!("{more} more"));
    }
    (!told.is_empty()).then(|| told.join(", "))
}

fn one(fields: &[StateField], entity: &Value) -> Option<String> {
    let told: Vec<_> = fields.iter().filter_map(|field| field.of(entity)).collect();
    (!told.is_empty()).then(|| told.join(" "))
}
