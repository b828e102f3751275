//! One interaction as a tree, whichever notation it was written in.

use super::Problem;

/// Deepest nesting of an interaction. Recordings nest some ten levels.
pub(super) const MAX_DEPTH: usize = 64;

/// A value and the line that it begins on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub(super) line: usize,
    pub(super) value: Value,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// `null`, or nothing at all.
    Null,
    /// A string, a number, `true`: as it was spelled.
    Text(String),
    /// A binary of YAML.
    Bytes(Vec<u8>),
    List(Vec<Node>),
    /// Keys as they were spelled, in their order.
    Map(Vec<(String, Node)>),
}

impl Node {
    /// The value of a key, unless it is null.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let Value::Map(entries) = &self.value else { return None };
        // The last of equal keys counts, as for the programs that read these files.
        let found = entries.iter().rev().find(|(own, _)| own.trim_start_matches(':') == key);
        found.map(|(_, value)| value).filter(|value| value.value != Value::Null)
    }

    /// Whether the key is there, if only with null.
    pub(super) fn has(&self, key: &str) -> bool {
        matches!(&self.value, Value::Map(entries) if entries.iter().any(|(own, _)| own == key))
    }

    /// The map of that key, which has to be there.
    pub(super) fn map(&self, key: &str) -> Result<&Self, Problem> {
        let found = self.get(key).filter(|node| matches!(node.value, Value::Map(_)));
        found.ok_or_else(|| Problem::at(self.line, format!("the interaction has no `{key}`")))
    }

    /// The text of that key, which has to be there.
    pub(super) fn text_of(&self, key: &str) -> Result<&str, Problem> {
        let found = self.get(key).and_then(Self::text);
        found.ok_or_else(|| Problem::at(self.line, format!("`{key}` is missing here, or is no text")))
    }

    /// As a text.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            Value::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// As bytes.
    pub(super) fn bytes(&self) -> Option<&[u8]> {
        match &self.value {
            Value::Text(text) => Some(text.as_bytes()),
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The elements of a list.
    pub(super) fn list(&self) -> &[Self] {
        match &self.value {
            Value::List(list) => list,
            _ => &[],
        }
    }

    /// The entries of a map.
    pub(super) fn entries(&self) -> &[(String, Self)] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// How many nodes it has.
    pub(super) fn size(&self) -> usize {
        match &self.value {
            Value::List(list) => 1 + list.iter().map(Self::size).sum::<usize>(),
            Value::Map(entries) => 1 + entries.iter().map(|(_, value)| value.size()).sum::<usize>(),
            // What repeats a text costs its bytes.
            Value::Text(text) => 1 + text.len() / 64,
            Value::Bytes(bytes) => 1 + bytes.len() / 64,
            Value::Null => 1,
        }
    }
}
