//! Reads the YAML that this program itself writes, and what is as plain, some fifteen times as fast as the general
//! reader.
//!
//! It drives the same visitors, so all that is checked of values is checked once, in one place. It knows no errors:
//! whatever is not spelled as it expects (comments, anchors, folded lines, mistakes) is left to the general reader, which
//! says what is wrong and where. What it reads, the general reader would read alike; a property holds it to that.

mod collection;
mod cursor;

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Visitor};

use self::collection::Items;
use self::cursor::Cursor;
use super::document::{FromMap, Read};
use super::{LoadBody, is_invisible};

/// Reads one document; `None`: the general reader has to.
pub(super) fn read<T: FromMap>(text: &str, bodies: &dyn LoadBody) -> Option<T> {
    if !is_clean(text) {
        return None;
    }
    let mut cursor = Cursor::new(text.strip_prefix("---\n").unwrap_or(text));
    let seed = Read::new(bodies);
    let value = seed.deserialize(Value { cursor: &mut cursor, place: Place::Root }).ok()?;
    cursor.is_at_end().then_some(value)
}

/// Whether there is nothing that YAML cannot carry, and no line break but `\n`.
fn is_clean(text: &str) -> bool {
    // By stretches without a way out, which are compared many bytes at a time.
    let is_clean = |byte: u8| (byte >= b' ' && byte != 0x7f) || matches!(byte, b'\n' | b'\t');
    let stretch = |bytes: &[u8]| bytes.iter().fold(true, |all, byte| all & is_clean(*byte));
    text.as_bytes().chunks(256).all(stretch)
        && (text.is_ascii() || !text.chars().any(|c| !c.is_ascii() && is_invisible(c)))
}

/// Something that the general reader has to look at.
#[derive(Debug)]
struct Unusual;

impl fmt::Display for Unusual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not as this program writes it")
    }
}

impl std::error::Error for Unusual {}

impl serde::de::Error for Unusual {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// Where a value stands.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// It is the document.
    Root,
    /// Behind a key's colon; the key begins in this column.
    AfterKey(usize),
    /// Behind a dash in this column.
    AfterDash(usize),
    /// Between brackets.
    Flow,
}

/// A value that is about to be read.
struct Value<'c, 'de> {
    cursor: &'c mut Cursor<'de>,
    place: Place,
}

/// A value that was begun.
enum Node<'c, 'de> {
    /// A scalar without quotes, whose text tells its type.
    Plain(&'de str),
    Text(Cow<'de, str>),
    Map(Items<'c, 'de>),
    Seq(Items<'c, 'de>),
}

impl<'c, 'de> Value<'c, 'de> {
    fn open(self) -> Result<Node<'c, 'de>, Unusual> {
        let Self { cursor, place } = self;
        match place {
            Place::Root => Items::block(cursor, 0).map(Node::Map),
            Place::Flow => Self::inline(cursor, None),
            Place::AfterKey(column) if cursor.take(b'\n') => {
                let indent = cursor.indentation();
                if indent <= column {
                    return Err(Unusual);
                }
                cursor.skip(indent);
                let items = Items::block(cursor, indent)?;
                Ok(if items.is_at_dash() { Node::Seq(items) } else { Node::Map(items) })
            }
            Place::AfterKey(column) if cursor.take(b' ') => Self::inline(cursor, Some(column)),
            Place::AfterDash(column) if cursor.take(b' ') => {
                // An entry of a collection may begin on the dash's own line.
                if cursor.is_at_dash() {
                    Items::block(cursor, column + 2).map(Node::Seq)
                } else if cursor.is_at_key() {
                    Items::block(cursor, column + 2).map(Node::Map)
                } else {
                    Self::inline(cursor, Some(column))
                }
            }
            Place::AfterKey(_) | Place::AfterDash(_) => Err(Unusual),
        }
    }

    /// A value on the line of what it belongs to, which begins in column `parent`; `None`: between brackets.
    fn inline(cursor: &'c mut Cursor<'de>, parent: Option<usize>) -> Result<Node<'c, 'de>, Unusual> {
        let node = match (cursor.peek(), parent) {
            (Some(b'"'), _) => Node::Text(cursor.quoted()?),
            (Some(b'{'), _) => return Items::flow(cursor, b'}', parent.is_some()).map(Node::Map),
            (Some(b'['), _) => return Items::flow(cursor, b']', parent.is_some()).map(Node::Seq),
            (Some(b'|'), Some(parent)) => {
                return cursor.block_scalar(parent).map(|text| Node::Text(text.into()));
            }
            (_, Some(_)) => Node::Plain(cursor.plain_line()?),
            (_, None) => Node::Plain(cursor.plain_word()?),
        };
        if parent.is_some() {
            cursor.end_line()?;
        }
        Ok(node)
    }
}

impl<'de> Deserializer<'de> for Value<'_, 'de> {
    type Error = Unusual;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        match self.open()? {
            Node::Plain(text) => visit_plain(text, visitor),
            Node::Text(text) => visitor.visit_str(&text),
            Node::Map(items) => visitor.visit_map(items),
            Node::Seq(items) => visitor.visit_seq(items),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        match self.open()? {
            Node::Plain(text) => visitor.visit_str(text),
            Node::Text(text) => visitor.visit_str(&text),
            Node::Map(_) | Node::Seq(_) => Err(Unusual),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        match self.open()? {
            Node::Plain("true") => visitor.visit_bool(true),
            Node::Plain("false") => visitor.visit_bool(false),
            _ => Err(Unusual),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        match self.open()? {
            Node::Map(items) => visitor.visit_map(items),
            _ => Err(Unusual),
        }
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct struct enum identifier ignored_any
    }
}

/// Shows a visitor what a scalar without quotes stands for, if there can be no doubt.
fn visit_plain<'de, V: Visitor<'de>>(text: &str, visitor: V) -> Result<V::Value, Unusual> {
    match text {
        "null" => return visitor.visit_unit(),
        "true" => return visitor.visit_bool(true),
        "false" => return visitor.visit_bool(false),
        _ => {}
    }
    let (digits, negative) = text.strip_prefix('-').map_or((text, false), |digits| (digits, true));
    match digits.as_bytes() {
        [b'0'] if !negative => visitor.visit_u64(0),
        // Those of more than 64 bits do not parse.
        [b'1'..=b'9', rest @ ..] if rest.iter().all(u8::is_ascii_digit) => {
            if negative {
                visitor.visit_i64(text.parse().map_err(|_| Unusual)?)
            } else {
                visitor.visit_u64(text.parse().map_err(|_| Unusual)?)
            }
        }
        [b'0'..=b'9', ..] => {
            let is_float = digits.contains(['.', 'e', 'E'])
                && digits.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte));
            let float = text.parse::<f64>().ok().filter(|float| is_float && float.is_finite());
            visitor.visit_f64(float.ok_or(Unusual)?)
        }
        [b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'/', ..] if !negative && !is_word(text) => {
            visitor.visit_str(text)
        }
        _ => Err(Unusual),
    }
}

/// Words that are read, somewhere and in some letter case, as something else than text.
fn is_word(text: &str) -> bool {
    const WORDS: [&str; 6] = ["null", "true", "false", "nan", "inf", "infinity"];
    text.len() <= 8 && WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests;
