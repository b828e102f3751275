//! Bodies: in base64, in other character sets, decoded although the headers say coded.

use ::http::{HeaderMap, header};
use encoding_rs::Encoding;

use super::node::Value;
use super::yaml::unpacked;
use super::{Node, Problem};
use crate::http::{Coding, filtered};

/// The bytes of `text` in a character set as Ruby and Python name it; those of UTF-8 where it does not fit, as VCR does.
fn encoded(text: &str, charset: &str) -> Vec<u8> {
    let utf_8 = || text.as_bytes().to_vec();
    if text.is_ascii() {
        return utf_8();
    }
    match charset.to_ascii_uppercase().as_str() {
        "" | "UTF-8" | "UTF8" | "ASCII-8BIT" | "BINARY" | "US-ASCII" | "ASCII" => utf_8(),
        // By the label's name it would be Windows-1252, which differs in 32 places.
        "ISO-8859-1" | "LATIN-1" | "LATIN1" => {
            text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect::<Option<_>>().unwrap_or_else(utf_8)
        }
        other => match Encoding::for_label(other.as_bytes()).map(|found| found.encode(text)) {
            Some((bytes, _, false)) => bytes.into_owned(),
            _ => utf_8(),
        },
    }
}

/// A body as a text, a binary, or a map of `string` or `base64_string` and perhaps `encoding`. `None`: nothing there.
pub(super) fn body(node: Option<&Node>) -> Result<Option<Vec<u8>>, Problem> {
    let Some(node) = node else { return Ok(None) };
    if !matches!(node.value, Value::Map(_)) {
        let bytes = node.bytes().map(<[u8]>::to_vec);
        return bytes.map(Some).ok_or_else(|| Problem::at(node.line, "a body is neither a text nor a map"));
    }
    if let Some(coded) = node.get("base64_string").and_then(Node::bytes).filter(|coded| !coded.is_empty()) {
        let bytes = unpacked(coded).ok_or_else(|| Problem::at(node.line, "`base64_string` is no base64"))?;
        return Ok(Some(bytes));
    }
    let charset = node.get("encoding").and_then(Node::text).unwrap_or_default();
    Ok(node.get("string").and_then(|string| match &string.value {
        Value::Text(text) => Some(encoded(text, charset)),
        _ => string.bytes().map(<[u8]>::to_vec),
    }))
}

/// Whether a body is decoded although the headers say that it is coded. `always`: this format holds no other.
pub(super) fn plain(headers: &mut HeaderMap, body: &[u8], always: bool) -> bool {
    let text = is_text(body);
    match Coding::of(headers) {
        Ok(None) => false,
        Ok(Some(_)) if always => true,
        Ok(Some(Coding::Gzip)) => !body.starts_with(&[0x1f, 0x8b]),
        Ok(Some(Coding::Zstd)) => !body.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]),
        // Nothing tells these from other bytes, but they are hardly ever text.
        Ok(Some(Coding::Deflate | Coding::Brotli)) => text,
        Err(_) => {
            // Several codings, which are not applied again: without the header it is what it is.
            if (text || always) && headers.contains_key(header::CONTENT_ENCODING) && all_known(headers) {
                *headers = filtered(headers, |name| name != header::CONTENT_ENCODING);
            }
            false
        }
    }
}

fn all_known(headers: &HeaderMap) -> bool {
    let named = headers.get_all(header::CONTENT_ENCODING).iter();
    let mut named = named.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    named.all(|name| {
        let name = name.trim().to_ascii_lowercase();
        matches!(name.as_str(), "gzip" | "x-gzip" | "deflate" | "br" | "zstd" | "identity" | "")
    })
}

fn is_text(body: &[u8]) -> bool {
    let control = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r');
    !body.iter().any(control) && std::str::from_utf8(body).is_ok()
}
