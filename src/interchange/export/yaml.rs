//! YAML as go-vcr and vcrpy read it, written by the emitter of cassettes' scalars.

use std::borrow::Cow;
use std::fmt::Write as _;

use data_encoding::BASE64;

use crate::cassette::format::{fits_block, is_invisible, push_block, push_indent, push_key, push_text};

/// Longest line of Base64.
const BASE64_LINE: usize = 76;

/// A value.
pub(super) enum Node<'a> {
    Null,
    Bool(bool),
    Number(i64),
    Text(Cow<'a, str>),
    /// Text if it is some; `!!binary` otherwise (YAML 1.1, `http://yaml.org/type/binary.html`), which gives a Go string
    /// and Python bytes.
    Bytes(&'a [u8]),
    List(Vec<Node<'a>>),
    Map(Vec<(Cow<'a, str>, Node<'a>)>),
}

impl<'a> Node<'a> {
    pub(super) fn map<const N: usize>(entries: [(&'static str, Node<'a>); N]) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (Cow::Borrowed(key), value)).collect())
    }
}

impl<'a> From<&'a str> for Node<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'a> From<Cow<'a, str>> for Node<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self::Text(text)
    }
}

impl From<String> for Node<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<usize> for Node<'_> {
    fn from(number: usize) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<serde_json::Value> for Node<'_> {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(own) => Self::Bool(own),
            serde_json::Value::Number(own) => match own.as_i64() {
                Some(own) => Self::Number(own),
                None => own.to_string().into(),
            },
            serde_json::Value::String(own) => own.into(),
            serde_json::Value::Array(items) => Self::List(items.into_iter().map(Into::into).collect()),
            serde_json::Value::Object(entries) => {
                Self::Map(entries.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
            }
        }
    }
}

/// Appends a value behind a key's colon or an entry's dash; a nested collection has its entries at `indent`.
pub(super) fn push(out: &mut String, node: &Node<'_>, indent: usize) {
    match node {
        Node::List(items) if !items.is_empty() => {
            for item in items {
                next_line(out, indent);
                out.push('-');
                push(out, item, indent + 2);
            }
            return;
        }
        Node::Map(entries) if !entries.is_empty() => {
            for (key, value) in entries {
                next_line(out, indent);
                push_key(out, key, indent);
                push(out, value, indent + 2);
            }
            return;
        }
        _ => out.push(' '),
    }
    // Writing to a string cannot fail.
    match node {
        Node::List(_) => out.push_str("[]"),
        Node::Map(_) => out.push_str("{}"),
        Node::Null => out.push_str("null"),
        Node::Bool(own) => drop(write!(out, "{own}")),
        Node::Number(own) => drop(write!(out, "{own}")),
        Node::Text(text) => return scalar(out, text, indent),
        Node::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => return scalar(out, text, indent),
            Err(_) => return binary(out, bytes, indent),
        },
    }
    out.push('\n');
}

/// On a new line after a key, on the same line after a dash.
fn next_line(out: &mut String, indent: usize) {
    if out.ends_with('-') {
        out.push(' ');
        return;
    }
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
    push_indent(out, indent);
}

/// The most readable form that all parsers take for the same text.
fn scalar(out: &mut String, text: &str, indent: usize) {
    let is_awkward = |line: &str| line.ends_with([' ', '\t']);
    if text.contains('\n')
        && fits_block(text)
        && !text.starts_with([' ', '\t', '\n'])
        && !text.split('\n').any(is_awkward)
    {
        return push_block(out, text, indent);
    }
    if text.contains(['"', '\\']) && !text.contains(is_invisible) {
        out.push('\'');
        out.push_str(&text.replace('\'', "''"));
        out.push('\'');
    } else {
        push_text(out, text);
    }
    out.push('\n');
}

fn binary(out: &mut String, bytes: &[u8], indent: usize) {
    out.push_str("!!binary |\n");
    for line in bytes.chunks(BASE64_LINE / 4 * 3) {
        push_indent(out, indent);
        BASE64.encode_append(line, out);
        out.push('\n');
    }
}
