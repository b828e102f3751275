//! Puts the values of one side in the place of the other's, word by word, spelled as their surroundings ask for.

use std::borrow::Cow;
use std::fmt::Write as _;

use ::http::{HeaderMap, HeaderValue, header};
use bytes::Bytes;

use super::terms::words;
use crate::cassette::{Body, Interaction, RequestBody};
use crate::http::percent_decoded;

/// Shortest value that is replaced in a body: a shorter one is a number or a word of its own, and is replaced where it
/// is a whole segment of a path.
const SHORTEST_IN_BODY: usize = 5;

/// How a value is written into a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Escape {
    /// As it is.
    None,
    /// As in a JSON string (RFC 8259 §7).
    Json,
    /// Percent-encoded (RFC 3986 §2.1).
    Percent,
}

/// What comes in the place of which word.
pub struct Translation<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
}

impl<'a> Translation<'a> {
    /// `lookup` gives what comes in the place of a word, if anything does.
    pub fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { lookup }
    }

    /// A URL, its path and query as they are spelled.
    pub fn url(&self, url: &str) -> String {
        self.text(url, Escape::Percent, 1).into_owned()
    }

    /// A body of a message with these headers.
    pub fn body(&self, headers: &HeaderMap, body: &Bytes) -> Bytes {
        let Ok(text) = std::str::from_utf8(body) else { return body.clone() };
        let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let escape = match media.unwrap_or_default() {
            media if media.contains("json") => Escape::Json,
            media if media.starts_with("application/x-www-form-urlencoded") => Escape::Percent,
            _ if text.trim_start().starts_with(['{', '[']) => Escape::Json,
            _ => Escape::None,
        };
        match self.text(text, escape, SHORTEST_IN_BODY) {
            Cow::Borrowed(_) => body.clone(),
            Cow::Owned(text) => text.into(),
        }
    }

    /// A whole interaction.
    pub fn interaction(&self, own: &mut Interaction) {
        own.request.url = self.url(&own.request.url);
        self.headers(&mut own.request.headers);
        if let RequestBody::Bytes(bytes) = &mut own.request.body {
            *bytes = self.body(&own.request.headers, bytes);
        }
        if let Some(Body { bytes, coded: false }) = &mut own.response.body {
            *bytes = self.body(&own.response.headers, bytes);
        }
        self.headers(&mut own.response.headers);
    }

    fn headers(&self, headers: &mut HeaderMap) {
        for value in headers.values_mut() {
            let Some(text) = value.to_str().ok() else { continue };
            if let Cow::Owned(text) = self.text(text, Escape::Percent, SHORTEST_IN_BODY)
                && let Ok(new) = HeaderValue::from_str(&text)
            {
                *value = new;
            }
        }
    }

    fn text<'t>(&self, text: &'t str, escape: Escape, shortest: usize) -> Cow<'t, str> {
        let mut out = String::new();
        let mut from = 0;
        for range in words(text) {
            let decoded = percent_decoded(text[range.clone()].as_bytes());
            let Ok(word) = std::str::from_utf8(&decoded) else { continue };
            if word.len() < shortest {
                continue;
            }
            if let Some(value) = (self.lookup)(word).filter(|value| value != word) {
                out.push_str(&text[from..range.start]);
                push(&mut out, &value, escape);
                from = range.end;
            }
        }
        if from == 0 {
            return text.into();
        }
        out.push_str(&text[from..]);
        out.into()
    }
}

fn push(out: &mut String, value: &str, escape: Escape) {
    match escape {
        Escape::None => out.push_str(value),
        Escape::Json => {
            let quoted = serde_json::Value::from(value).to_string();
            out.push_str(&quoted[1..quoted.len() - 1]);
        }
        Escape::Percent => {
            for byte in value.bytes() {
                if byte.is_ascii_alphanumeric() || b"-._~@:".contains(&byte) {
                    out.push(char::from(byte));
                } else {
                    let _ = write!(out, "%{byte:02X}");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_spelled_as_their_surroundings_ask_for() {
        let lookup = |word: &str| match word {
            "user1@example.test" => Some("a+b@acme.com".to_owned()),
            "42" => Some("43".to_owned()),
            "redacted-password-1" => Some("q\"x".to_owned()),
            _ => None,
        };
        let own = Translation::new(&lookup);
        assert_eq!(own.url("/users/user1%40example.test/42?n=1"), "/users/a%2Bb@acme.com/43?n=1");
        let body = Bytes::from(r#"{"login":"user1@example.test","n":42,"password":"redacted-password-1"}"#);
        assert_eq!(
            own.body(&HeaderMap::new(), &body),
            r#"{"login":"a+b@acme.com","n":42,"password":"q\"x"}"#.as_bytes()
        );
        let untouched = Bytes::from("user2@example.test");
        assert_eq!(own.body(&HeaderMap::new(), &untouched), untouched);
    }
}
