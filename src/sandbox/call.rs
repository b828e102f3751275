//! One request, read as far as every handler needs it: path, query, JSON body.
//!
//! It decides nothing about users or factors.

use bytes::Bytes;
use data_encoding::HEXLOWER_PERMISSIVE;
use http::{HeaderMap, Method, Request, header};
use serde_json::{Map, Value};

use super::errors::{ApiError, Code};

/// The first path segment of what is not part of the org's API.
const CONTROL: &str = "__sandbox";

/// A request to the sandbox.
#[derive(Debug)]
pub(super) struct Call {
    /// `scheme://authority` of every link in the answer.
    pub(super) origin: String,
    /// The method; HEAD is answered as GET.
    pub(super) method: Method,
    /// Whether the answer goes out without its body.
    pub(super) is_head: bool,
    /// Decoded path segments. Empty ones are dropped: SDKs send `//api/v1/users/`.
    pub(super) segments: Vec<String>,
    /// The query as it was sent, for the `self` link of a list.
    pub(super) raw_query: String,
    headers: HeaderMap,
    query: Vec<(String, String)>,
    body: Bytes,
}

impl Call {
    pub(super) fn read(origin: &str, request: Request<Bytes>) -> Self {
        let (head, body) = request.into_parts();
        let is_head = head.method == Method::HEAD;
        let raw_query = head.uri.query().unwrap_or_default().to_owned();
        Self {
            origin: origin.trim_end_matches('/').to_owned(),
            method: if is_head { Method::GET } else { head.method },
            is_head,
            segments: head
                .uri
                .path()
                .split('/')
                .filter(|s| !s.is_empty())
                .map(|s| decode(s, false))
                .collect(),
            query: pairs(&raw_query),
            raw_query,
            headers: head.headers,
            body,
        }
    }

    pub(super) fn is_control(&self) -> bool {
        self.segments.first().is_some_and(|segment| segment == CONTROL)
    }

    /// The first value of a query parameter.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A query parameter that is `true` or not.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.query(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Whether a token was sent. `SSWSx` without a blank passes, because a published SDK sends it.
    pub(super) fn is_authorized(&self) -> bool {
        let sent = self.header(header::AUTHORIZATION.as_str());
        let token = sent.strip_prefix("SSWS").or_else(|| sent.strip_prefix("Bearer "));
        token.is_some_and(|token| !token.trim().is_empty())
    }

    /// Whether the client takes gzip: what it says of gzip counts before what it says of `*`, and a weight of zero
    /// means no (RFC 9110 §12.5.3).
    pub(super) fn accepts_gzip(&self) -> bool {
        let codings = self.header(header::ACCEPT_ENCODING.as_str());
        let weight_of = |wanted: &str| {
            let (_, parameters) = codings
                .split(',')
                .map(|coding| coding.split_once(';').unwrap_or((coding, "")))
                .find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted))?;
            let weight = parameters.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok());
            Some(weight.unwrap_or(1.0))
        };
        weight_of("gzip").or_else(|| weight_of("*")).is_some_and(|weight| weight > 0.0)
    }

    /// The JSON object in the body; without a body an empty one.
    pub(super) fn body(&self) -> Result<Map<String, Value>, ApiError> {
        if self.body.trim_ascii().is_empty() { Ok(Map::new()) } else { self.required_body() }
    }

    /// The JSON object in the body, which has to be there.
    pub(super) fn required_body(&self) -> Result<Map<String, Value>, ApiError> {
        let media_type = self.header(header::CONTENT_TYPE.as_str());
        let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let is_json = essence.is_empty() || essence == "application/json" || essence.ends_with("+json");
        if !is_json && !self.body.is_empty() {
            return Err(Code::MediaType.into());
        }
        self.untyped_body()
    }

    /// The JSON object in the body, whatever media type was named: `curl -d` names the one of forms.
    pub(super) fn untyped_body(&self) -> Result<Map<String, Value>, ApiError> {
        serde_json::from_slice(&self.body).map_err(|_not_an_object| Code::Malformed.into())
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().trim()
    }
}

/// A field of a JSON object as text. Numbers count as text: `{"passCode":123456}` is sent too.
pub(super) fn text(object: &Map<String, Value>, name: &str) -> Option<String> {
    match object.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// An object within a JSON object.
pub(super) fn object<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Map<String, Value>> {
    object.get(name).and_then(Value::as_object)
}

fn pairs(query: &str) -> Vec<(String, String)> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    let pairs = parts.map(|part| part.split_once('=').unwrap_or((part, "")));
    pairs.map(|(key, value)| (decode(key, true), decode(value, true))).collect()
}

/// Undoes percent-encoding. What is not a valid escape stays as it is; bytes that are not UTF-8 become U+FFFD.
fn decode(text: &str, plus_is_blank: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        let escape = if byte == b'%' { tail.split_at_checked(2) } else { None };
        let escaped =
            escape.and_then(|(hex, after)| Some((*HEXLOWER_PERMISSIVE.decode(hex).ok()?.first()?, after)));
        match escaped {
            Some((byte, after)) => {
                bytes.push(byte);
                rest = after;
            }
            None if byte == b'+' && plus_is_blank => bytes.push(b' '),
            None => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_escapes_are_undone_and_broken_ones_stay() {
        assert_eq!(decode("jane%40example.com", false), "jane@example.com");
        assert_eq!(decode("100%", false), "100%");
        assert_eq!(decode("%zz%4", false), "%zz%4");
        assert_eq!(decode("a+b", true), "a b");
        assert_eq!(decode("a+b", false), "a+b");
        assert_eq!(decode("%ff", false), "\u{fffd}");
    }
}
