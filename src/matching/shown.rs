//! What a message shows of a value: a few characters, and nothing that is secret.

use serde_json::Value;

use crate::profile::Mask;

/// Longest value that is shown whole, in characters.
const VALUE: usize = 60;

/// Fields whose values are not shown, by name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hidden<'a> {
    /// Those that match whatever they hold.
    pub(crate) varying: &'a [String],
    /// Knows those that match by their value.
    pub(crate) mask: &'a Mask,
}

impl Hidden<'_> {
    pub(super) fn varies(self, name: &str) -> bool {
        self.varying.iter().any(|own| own == name)
    }

    pub(super) fn hides(self, name: &str) -> bool {
        self.varies(name) || self.mask.hides_field(name)
    }
}

pub(super) fn mask() -> String {
    "(hidden)".to_owned()
}

/// A JSON value in a few characters, what is secret in it masked.
pub(crate) fn shown(value: &Value, hidden: Hidden<'_>) -> String {
    let mut value = value.clone();
    hide(&mut value, hidden);
    cropped(&value.to_string())
}

fn hide(value: &mut Value, hidden: Hidden<'_>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                if hidden.hides(name) {
                    *value = Value::String(mask());
                } else {
                    hide(value, hidden);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hide(item, hidden)),
        _ => {}
    }
}

/// At most so many characters, none of them able to begin a line of its own in a log.
pub(crate) fn cropped(text: &str) -> String {
    let mut out = String::new();
    for (count, character) in text.chars().enumerate() {
        if count == VALUE {
            out.push('…');
            break;
        }
        if character.is_control() {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    out
}
