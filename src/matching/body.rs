//! The fingerprint of a request body: equal for bodies that mean the same.
//!
//! JSON is compared as values, forms as sorted pairs, multipart without its random boundary, the rest as bytes. The
//! bytes decide which of these a body is, not its Content-Type: that varies between two runs of one client.

use std::borrow::Cow;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::speller::Speller;

/// Whole numbers up to here are the same as integer and as float (2^53).
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Appends the fingerprint of `body`: nothing for an empty one, else 32 bytes.
pub(super) fn fingerprint(body: &[u8], speller: &mut Speller<'_>, key: &mut Vec<u8>) {
    if body.is_empty() {
        return;
    }
    let mut canonical = Vec::with_capacity(body.len() + 8);
    if let Some(value) = as_json(body) {
        canonical.push(b'J');
        write_json(&value, &mut Vec::new(), speller, &mut canonical);
    } else if let Some(boundary) = multipart_boundary(body) {
        canonical.push(b'M');
        let mut whole = Vec::with_capacity(body.len());
        write_without(boundary, body, &mut whole);
        canonical.extend_from_slice(&speller.value(whole.into(), &[]));
    } else if is_form(body) {
        canonical.push(b'F');
        for (name, value) in speller.pairs(body, true) {
            write_sized(&name, &mut canonical);
            write_sized(&value, &mut canonical);
        }
    } else {
        canonical.push(b'B');
        canonical.extend_from_slice(&speller.value(Cow::Borrowed(body), &[]));
    }
    key.extend_from_slice(&Sha256::digest(&canonical));
}

/// The body's JSON value, if it is an object or an array: a bare `123` may be anything.
pub(super) fn as_json(body: &[u8]) -> Option<Value> {
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace())?;
    matches!(first, b'{' | b'[').then(|| serde_json::from_slice(body).ok())?
}

/// Whether the bytes can be a form: graphic ASCII with a `=`.
pub(super) fn is_form(body: &[u8]) -> bool {
    body.contains(&b'=')
        && body.iter().all(u8::is_ascii_graphic)
        && !matches!(body[0], b'{' | b'[' | b'<' | b'"')
}

/// Writes `value`, which stands in the field whose path is `names`; positions in arrays do not count.
fn write_json<'v>(value: &'v Value, names: &mut Vec<&'v str>, speller: &mut Speller<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by_key(|(name, _)| name.as_str());
            out.push(b'{');
            for (name, value) in entries {
                write_sized(name.as_bytes(), out);
                if speller.varies(name.as_bytes()) {
                    out.push(b'?');
                } else {
                    names.push(name);
                    write_json(value, names, speller, out);
                    names.pop();
                }
            }
            out.push(b'}');
        }
        Value::Array(items) => {
            out.push(b'[');
            for item in items {
                write_json(item, names, speller, out);
            }
            out.push(b']');
        }
        Value::String(text) => {
            out.push(b's');
            write_sized(&speller.value(Cow::Borrowed(text.as_bytes()), names), out);
        }
        Value::Number(number) => {
            out.push(b'n');
            write_sized(canonical_number(number).as_bytes(), out);
        }
        Value::Bool(true) => out.push(b't'),
        Value::Bool(false) => out.push(b'f'),
        Value::Null => out.push(b'0'),
    }
}

/// `1.0` and `1` are one number.
pub(super) fn canonical_number(number: &serde_json::Number) -> String {
    match number.as_f64().filter(|_| number.is_f64()) {
        Some(float) if float.fract() == 0.0 && float.abs() < EXACT => format!("{float:.0}"),
        _ => number.to_string(),
    }
}

/// Writes bytes behind their length, so that no content can imitate structure.
fn write_sized(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    out.extend_from_slice(bytes);
}

/// The boundary line (`--…`) that a multipart body begins with (RFC 2046 §5.1.1).
pub(super) fn multipart_boundary(body: &[u8]) -> Option<&[u8]> {
    let end = body.iter().take(74).position(|&byte| byte == b'\r')?;
    let boundary = &body[..end];
    let closes = memchr::memmem::rfind(body, boundary)? + end;
    (end > 2 && boundary.starts_with(b"--") && body.get(closes..closes + 2) == Some(b"--"))
        .then_some(boundary)
}

pub(super) fn write_without(boundary: &[u8], body: &[u8], out: &mut Vec<u8>) {
    let mut from = 0;
    for at in memchr::memmem::find_iter(body, boundary) {
        out.extend_from_slice(&body[from..at]);
        from = at + boundary.len();
    }
    out.extend_from_slice(&body[from..]);
}

#[cfg(test)]
mod tests {
    use crate::http::Origin;
    use crate::matching::{LiveRequest, Matcher};
    use crate::profile::Sensitive;

    fn of(body: &str) -> Vec<u8> {
        let varying = vec!["passCode".to_owned(), "password".to_owned()];
        let matcher = Matcher::new(varying, Sensitive::default());
        let client = || Origin::new("http", "here");
        let (method, body) = (::http::Method::POST, body.as_bytes());
        matcher
            .key(&LiveRequest { method: &method, target: "/", body, client: &client, translation: None })
            .into_bytes()
    }

    #[test]
    fn bodies_that_mean_the_same_have_one_fingerprint() {
        for (one, other) in [
            (r#"{"a":1,"b":[1.0]}"#, "{ \"b\" : [1], \"a\" : 1 }\n"),
            (r#"{"passCode":"123456"}"#, r#"{"passCode": 654321}"#),
            (r#"{"credentials":{"password":{"value":"a"}}}"#, r#"{"credentials":{"password":{"hash":{}}}}"#),
            ("b=2&a=1%20", "a=1+&b=2"),
            ("username=me&password=x", "password=y&username=me"),
            ("--x1\r\n\r\nhello\r\n--x1--\r\n", "--y22\r\n\r\nhello\r\n--y22--\r\n"),
        ] {
            assert_eq!(of(one), of(other), "{one} and {other}");
        }
    }

    #[test]
    fn bodies_that_differ_have_different_fingerprints() {
        for (one, other) in [
            (r#"{"a":null}"#, "{}"),
            (r#"{"a":"1"}"#, r#"{"a":1}"#),
            (r#"{"a":[1,2]}"#, r#"{"a":[2,1]}"#),
            (r#"{"a":{},"b":1}"#, r#"{"a":{"b":1}}"#),
            (r#"{"passCode":"1"}"#, "{}"),
            ("a=1&a=1", "a=1"),
            ("a=1", r#"{"a":"1"}"#),
            ("", "{}"),
            ("{bad", "{bad "),
        ] {
            assert_ne!(of(one), of(other), "{one} and {other}");
        }
    }
}
