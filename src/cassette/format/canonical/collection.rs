//! The entries of mappings and sequences, in blocks and between brackets.

use std::borrow::Cow;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::cursor::Cursor;
use super::{Place, Unusual, Value};
use crate::cassette::format::MAX_DEPTH;

/// The entries of one collection.
pub(super) struct Items<'c, 'de> {
    cursor: &'c mut Cursor<'de>,
    layout: Layout,
    /// Nothing has been read yet.
    is_first: bool,
}

#[derive(Debug, Clone, Copy)]
enum Layout {
    /// An entry per line, or more, each beginning in this column.
    Block(usize),
    /// Between brackets, of which this is the closing one.
    Flow {
        close: u8,
        /// Nothing else may stand on the line behind it.
        ends_line: bool,
    },
}

impl<'c, 'de> Items<'c, 'de> {
    /// Those of a block whose first entry begins here, in column `indent`.
    pub(super) fn block(cursor: &'c mut Cursor<'de>, indent: usize) -> Result<Self, Unusual> {
        Self::begin(cursor, Layout::Block(indent))
    }

    /// Those between the bracket here and `close`.
    pub(super) fn flow(cursor: &'c mut Cursor<'de>, close: u8, ends_line: bool) -> Result<Self, Unusual> {
        cursor.skip(1);
        Self::begin(cursor, Layout::Flow { close, ends_line })
    }

    fn begin(cursor: &'c mut Cursor<'de>, layout: Layout) -> Result<Self, Unusual> {
        // A body's own depth, and that of an interaction around it.
        cursor.depth += 1;
        if cursor.depth > MAX_DEPTH + 8 {
            return Err(Unusual);
        }
        Ok(Self { cursor, layout, is_first: true })
    }

    pub(super) fn is_at_dash(&self) -> bool {
        self.cursor.is_at_dash()
    }

    /// Goes to the next entry; `false`: there is none, and the collection lies behind.
    fn next_entry(&mut self) -> Result<bool, Unusual> {
        let is_first = std::mem::take(&mut self.is_first);
        let is_there = match self.layout {
            Layout::Block(_) if is_first => true,
            Layout::Block(indent) => {
                let found = self.cursor.indentation();
                if found > indent {
                    return Err(Unusual);
                }
                let is_there = found == indent && !self.cursor.is_at_end();
                self.cursor.skip(if is_there { indent } else { 0 });
                is_there
            }
            Layout::Flow { close, ends_line } => {
                self.cursor.skip_spaces();
                let is_closed = self.cursor.take(close);
                if is_closed && ends_line {
                    self.cursor.end_line()?;
                } else if !is_closed && !is_first {
                    if !self.cursor.take(b',') {
                        return Err(Unusual);
                    }
                    self.cursor.skip_spaces();
                }
                !is_closed
            }
        };
        self.cursor.depth -= usize::from(!is_there);
        Ok(is_there)
    }
}

impl<'de> MapAccess<'de> for Items<'_, 'de> {
    type Error = Unusual;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Unusual> {
        if !self.next_entry()? {
            return Ok(None);
        }
        let (text, is_quoted) = self.cursor.key()?;
        if let Layout::Flow { .. } = self.layout {
            // Behind a quoted key the colon may stand close to the value, behind a plain one it is part of a word.
            if !is_quoted && self.cursor.peek() != Some(b' ') {
                return Err(Unusual);
            }
            self.cursor.skip_spaces();
        }
        seed.deserialize(Key(text)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Unusual> {
        let place = match self.layout {
            Layout::Block(indent) => Place::AfterKey(indent),
            Layout::Flow { .. } => Place::Flow,
        };
        seed.deserialize(Value { cursor: self.cursor, place })
    }

    fn size_hint(&self) -> Option<usize> {
        match self.layout {
            Layout::Block(indent) => Some(self.cursor.lines_at(indent)),
            Layout::Flow { .. } => None,
        }
    }
}

impl<'de> SeqAccess<'de> for Items<'_, 'de> {
    type Error = Unusual;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Unusual> {
        if !self.next_entry()? {
            return Ok(None);
        }
        let place = match self.layout {
            Layout::Block(indent) if self.cursor.take(b'-') => Place::AfterDash(indent),
            Layout::Block(_) => return Err(Unusual),
            Layout::Flow { .. } => Place::Flow,
        };
        seed.deserialize(Value { cursor: self.cursor, place }).map(Some)
    }
}

/// A key, whose text is what counts.
struct Key<'de>(Cow<'de, str>);

impl<'de> Deserializer<'de> for Key<'de> {
    type Error = Unusual;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        visitor.visit_str(&self.0)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
