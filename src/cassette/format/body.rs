//! Bodies as YAML: the first form that gives back the very same bytes.
//!
//! `json:` as a structure, `text:`, `base64:`; above a size, `file:` with the bytes in a sidecar.

use std::io;

use data_encoding::BASE64;
use serde_json::Value;

use super::scalar::{fits_block, push_block, push_indent, push_key, push_quoted_lines, push_text};
use super::{MAX_DEPTH, SIDECAR_ABOVE, SaveBody};

/// Characters of Base64 per line, so that a diff can be read.
const BASE64_LINE: usize = 100;

/// Appends the line that says how `bytes` are kept, and the bytes, with its key at `indent`.
pub(super) fn push_body(
    out: &mut String,
    bytes: &[u8],
    indent: usize,
    sidecars: &mut dyn SaveBody,
) -> io::Result<()> {
    push_indent(out, indent);
    if bytes.len() > SIDECAR_ABOVE {
        let name = sidecars.save(bytes)?;
        out.push_str("file: ");
        push_text(out, &name);
        out.push('\n');
    } else if let Some(value) = canonical_json(bytes) {
        out.push_str("json:");
        push_value(out, &value, indent + 2);
    } else if let Ok(text) = std::str::from_utf8(bytes) {
        out.push_str("text: ");
        if fits_block(text) {
            push_block(out, text, indent + 2);
        } else {
            push_quoted_lines(out, text, indent + 2);
            out.push('\n');
        }
    } else {
        out.push_str("base64: ");
        push_base64(out, bytes, indent + 2);
    }
    Ok(())
}

/// The JSON value, if writing it compactly gives the same bytes again and it is not nested too deep.
fn canonical_json(bytes: &[u8]) -> Option<Value> {
    let value: Value = serde_json::from_slice(bytes).ok()?;
    let again = serde_json::to_vec(&value).ok()?;
    (again == bytes && is_shallow(&value, MAX_DEPTH)).then_some(value)
}

fn is_shallow(value: &Value, left: usize) -> bool {
    match value {
        Value::Array(items) => left > 0 && items.iter().all(|item| is_shallow(item, left - 1)),
        Value::Object(entries) => left > 0 && entries.values().all(|value| is_shallow(value, left - 1)),
        _ => true,
    }
}

/// Appends a value after its key's colon or an entry's dash; a nested collection has its entries at `indent`.
fn push_value(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                next_line(out, indent);
                out.push('-');
                push_value(out, item, indent + 2);
            }
            return;
        }
        Value::Object(entries) if !entries.is_empty() => {
            for (key, value) in entries {
                next_line(out, indent);
                push_key(out, key, indent);
                push_value(out, value, indent + 2);
            }
            return;
        }
        Value::Array(_) => out.push_str(" []"),
        Value::Object(_) => out.push_str(" {}"),
        Value::String(text) => {
            out.push(' ');
            push_text(out, text);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            out.push(' ');
            out.push_str(&value.to_string());
        }
    }
    out.push('\n');
}

/// Goes to the beginning of an entry at `indent`: on a new line after a key, on the same line after a dash.
fn next_line(out: &mut String, indent: usize) {
    if out.ends_with('-') {
        out.push(' ');
        return;
    }
    if !out.ends_with('\n') {
        out.push('\n');
    }
    push_indent(out, indent);
}

/// Appends Base64 as a block of lines at `indent`.
pub(super) fn push_base64(out: &mut String, bytes: &[u8], indent: usize) {
    out.push_str("|-\n");
    for line in bytes.chunks(BASE64_LINE / 4 * 3) {
        push_indent(out, indent);
        BASE64.encode_append(line, out);
        out.push('\n');
    }
}
