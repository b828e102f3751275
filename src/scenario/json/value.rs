//! From what a script computed to JSON.

use rhai::{Array, Dynamic, EvalAltResult, FLOAT, INT, ImmutableString, Map};

use super::handle::Json;
use crate::scenario::error::fail;
use crate::scenario::time::Time;

/// Deepest nesting that a script may put into a body.
const DEEPEST: usize = 64;

/// Writes a value of a script as JSON.
///
/// # Errors
/// There is something in it that JSON does not have.
pub(crate) fn to_json(value: &Dynamic) -> Result<String, Box<EvalAltResult>> {
    let mut out = String::new();
    write(value, &mut out, 0)?;
    Ok(out)
}

fn write(value: &Dynamic, out: &mut String, depth: usize) -> Result<(), Box<EvalAltResult>> {
    if depth > DEEPEST {
        return Err(fail(format!("it is nested more than {DEEPEST} levels deep, too deep for JSON")));
    }
    if let Some(text) = value.read_lock::<ImmutableString>() {
        write_text(&text, out);
    } else if value.is_unit() {
        out.push_str("null");
    } else if let Ok(bool) = value.as_bool() {
        out.push_str(if bool { "true" } else { "false" });
    } else if let Ok(number) = value.as_int() {
        out.push_str(&number.to_string());
    } else if let Ok(number) = value.as_float() {
        if !number.is_finite() {
            return Err(fail(format!("{number} is no number that JSON has")));
        }
        out.push_str(&serde_json::Value::from(number).to_string());
    } else if let Ok(char) = value.as_char() {
        write_text(char.encode_utf8(&mut [0; 4]), out);
    } else if let Some(array) = value.read_lock::<Array>() {
        write_array(&array, out, depth)?;
    } else if let Some(map) = value.read_lock::<Map>() {
        write_map(&map, out, depth)?;
    } else if let Some(json) = value.read_lock::<Json>() {
        out.push_str(&json.text());
    } else if let Some(time) = value.read_lock::<Time>() {
        write_text(&time.to_string(), out);
    } else {
        return Err(fail(format!("{} cannot be put into JSON", type_name(value))));
    }
    Ok(())
}

/// A string of JSON (RFC 8259 §7). Most texts have nothing to escape.
fn write_text(text: &str, out: &mut String) {
    if text.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        out.push_str(&serde_json::Value::from(text).to_string());
        return;
    }
    out.reserve(text.len() + 2);
    out.push('"');
    out.push_str(text);
    out.push('"');
}

fn write_array(array: &Array, out: &mut String, depth: usize) -> Result<(), Box<EvalAltResult>> {
    for (place, value) in array.iter().enumerate() {
        out.push(if place == 0 { '[' } else { ',' });
        write(value, out, depth + 1)?;
    }
    out.push_str(if array.is_empty() { "[]" } else { "]" });
    Ok(())
}

fn write_map(map: &Map, out: &mut String, depth: usize) -> Result<(), Box<EvalAltResult>> {
    for (place, (name, value)) in map.iter().enumerate() {
        out.push(if place == 0 { '{' } else { ',' });
        write_text(name, out);
        out.push(':');
        write(value, out, depth + 1)?;
    }
    out.push_str(if map.is_empty() { "{}" } else { "}" });
    Ok(())
}

/// A value as messages and logs show it.
pub(crate) fn show(value: &Dynamic) -> String {
    match value.read_lock::<ImmutableString>() {
        Some(text) => text.to_string(),
        None => to_json(value).unwrap_or_else(|_| type_name(value)),
    }
}

/// What a value is, with its article, as messages need it.
pub(crate) fn type_name(value: &Dynamic) -> String {
    let name = match value.type_name() {
        "()" => "nothing",
        "bool" => "a bool",
        "i64" => "an integer",
        "f64" => "a float",
        "string" => "a string",
        "char" => "a character",
        "array" => "an array",
        "map" => "a map",
        "Fn" => "a function",
        _ if value.is::<Json>() => "a JSON value",
        _ if value.is::<Time>() => "a time",
        other => return format!("a value of type {}", other.rsplit("::").next().unwrap_or(other)),
    };
    name.to_owned()
}

/// Reads a number as a script computes with it.
///
/// # Errors
/// An integer that 64 bits do not hold: better no number than another one.
pub(super) fn number(raw: &str) -> Result<Dynamic, Box<EvalAltResult>> {
    if let Ok(integer) = raw.parse::<INT>() {
        return Ok(integer.into());
    }
    let float = raw.parse::<FLOAT>().ok().filter(|float| float.is_finite() && raw.contains(['.', 'e', 'E']));
    float.map(Dynamic::from).ok_or_else(|| fail(format!("the number {raw} does not fit into 64 bits")))
}
