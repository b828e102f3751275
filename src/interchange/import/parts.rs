//! What all formats share of HTTP: header lines, URLs, methods, status codes, times, and how an exchange is made of them.

use std::time::Duration;

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use bytes::Bytes;

use super::body::plain;
use super::node::Value;
use super::{Exchange, Found, Node, Note, Problem};
use crate::cassette::{Framing, RequestBody};
use crate::clock::{self, Timestamp};
use crate::http::{Origin, end_to_end};
use crate::recorder::Passed;

/// Methods whose requests have bodies, so that none on record is none that was recorded.
const WITH_BODY: [&str; 3] = ["POST", "PUT", "PATCH"];

/// Whether requests of this method have bodies.
pub(super) fn carries_body(method: &str) -> bool {
    WITH_BODY.iter().any(|own| own.eq_ignore_ascii_case(method.trim_start_matches(':')))
}

/// An exchange as a file spells it.
#[derive(Debug)]
pub(super) struct Draft<'n> {
    pub(super) line: usize,
    pub(super) method: &'n str,
    pub(super) url: &'n str,
    pub(super) request_headers: Option<&'n Node>,
    pub(super) request_body: RequestBody,
    pub(super) status: Option<&'n Node>,
    pub(super) response_headers: Option<&'n Node>,
    pub(super) body: Vec<u8>,
    /// The body is never coded in this format.
    pub(super) plain: bool,
    pub(super) chunked: bool,
    pub(super) trailers: Option<&'n Node>,
    pub(super) at: Option<&'n Node>,
    pub(super) took: Option<Duration>,
}

impl Draft<'_> {
    /// The exchange, or why there is none.
    pub(super) fn finish(self, mut notes: Vec<Note>) -> Result<Found, Problem> {
        let line = self.line;
        let lost = |mut notes: Vec<Note>, what: String| {
            notes.push(Note { line, what });
            Ok(Found { exchange: None, notes, at: 0 })
        };
        let method = self.method.trim().trim_start_matches(':').to_ascii_uppercase();
        let method = Method::from_bytes(method.as_bytes())
            .map_err(|_| Problem::at(line, "the request's method is none"))?;
        let (origin, url) = match address(self.url, line, &mut notes) {
            Ok(found) => found,
            Err(why) => return lost(notes, why),
        };
        let status = match self.status.map(status) {
            None => return Err(Problem::at(line, "the response has no status")),
            Some(Ok(status)) => status,
            Some(Err(why)) => return lost(notes, why),
        };
        let request_headers = headers(self.request_headers, &mut notes);
        let mut response_headers = headers(self.response_headers, &mut notes);
        let trailers = headers(self.trailers, &mut notes);
        let date = || response_headers.get(header::DATE).and_then(|date| date.to_str().ok()).and_then(time);
        let at = self.at.and_then(Node::text).and_then(time).or_else(date);
        let coded = response_headers.get_all(header::TRANSFER_ENCODING).iter();
        let chunked = self.chunked || coded.into_iter().any(|own| own.as_bytes().ends_with(b"chunked"));
        let bodiless = self.body.is_empty() || matches!(status.as_u16(), 204 | 304);
        let plain = plain(&mut response_headers, &self.body, self.plain);
        let response_headers = end_to_end(&response_headers, &[]);
        let passed = Passed {
            at,
            took: self.took,
            method,
            url,
            request_headers,
            request_body: self.request_body,
            status,
            response_headers,
            framing: if chunked && !bodiless { Framing::Chunked } else { Framing::Length },
            body: Bytes::from(self.body),
            plain,
            trailers,
        };
        Ok(Found { exchange: Some(Exchange { origin, passed }), notes, at: 0 })
    }
}

/// Origin and target of an absolute URL, spelled as clients send it; else why there is none.
fn address(url: &str, line: usize, notes: &mut Vec<Note>) -> Result<(Origin, String), String> {
    let url = url.trim();
    let url = url.split('#').next().unwrap_or_default();
    let (scheme, rest) = match url.split_once("://") {
        Some(parts) => parts,
        // What a filter left of a URL: `<OKTA_URL>/api/v1/users`.
        None if url.starts_with('<') => ("https", url),
        None => return Err(format!("not carried over: `{}` is no HTTP URL", shown(url))),
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at(end);
    // User and password go into a header, which clients send themselves.
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let origin = Origin::parse(&format!("{scheme}://{authority}")).or_else(|error| {
        let stand_in = placeholder(authority).ok_or(error)?;
        let origin = Origin::parse(&format!("{scheme}://{stand_in}"))?;
        notes.push(Note { line, what: format!("`{}` is no host; it becomes {stand_in}", shown(authority)) });
        Ok::<_, crate::http::OriginError>(origin)
    });
    let said = || shown(&format!("{scheme}://{authority}"));
    let origin = origin.map_err(|_| format!("not carried over: `{}` is no HTTP URL", said()))?;
    Ok((origin, target_of(target)))
}

/// A host in place of what a filter wrote for one: `<OKTA_DOMAIN>`, `%3COKTA_DOMAIN%3E.okta.com`, `{{org}}`.
fn placeholder(authority: &str) -> Option<String> {
    let plain = authority.replace("%3C", "<").replace("%3E", ">").replace("%3c", "<").replace("%3e", ">");
    if !plain.contains(['<', '{', '[', '$']) {
        return None;
    }
    let word = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c.to_ascii_lowercase() } else { '-' };
    let host: String = plain.chars().map(word).collect();
    let labels: Vec<_> =
        host.split('.').map(|label| label.trim_matches('-')).filter(|label| !label.is_empty()).collect();
    match labels.as_slice() {
        [] => None,
        [alone] => Some(format!("{alone}.test")),
        labels => Some(labels.join(".")),
    }
}

/// Path and query as they stand in a request line: what cannot stand there is percent-encoded.
fn target_of(target: &str) -> String {
    let mut out = String::with_capacity(target.len() + 1);
    if !target.starts_with('/') {
        out.push('/');
    }
    for c in target.chars() {
        if c.is_ascii_graphic() {
            out.push(c);
        } else {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                out.push('%');
                out.extend(
                    [byte >> 4, byte & 15].map(|digit| char::from(b"0123456789ABCDEF"[usize::from(digit)])),
                );
            }
        }
    }
    out
}

fn status(node: &Node) -> Result<StatusCode, String> {
    let text = node.text().unwrap_or_default();
    // `200`, `200 OK`, `200.0`.
    let number = text.trim().split([' ', '.']).next().unwrap_or_default();
    if number == "0" || number.is_empty() {
        return Err(
            "not carried over: no answer was recorded (status 0: blocked, cancelled or failed)".to_owned()
        );
    }
    let code = StatusCode::from_bytes(number.as_bytes()).ok().filter(|code| !code.is_informational());
    code.ok_or_else(|| format!("not carried over: status `{}` is no final one", shown(text)))
}

/// Header lines, however they are listed: a map of names to one value or several, pairs of name and value, whole lines.
pub(super) fn headers(node: Option<&Node>, notes: &mut Vec<Note>) -> HeaderMap {
    let mut map = HeaderMap::new();
    let Some(node) = node else { return map };
    let mut add = |name: &str, value: &Node| {
        // HTTP/2's own fields (RFC 9113 §8.3) stand among the headers in browsers' files.
        let name = name.trim();
        if name.starts_with(':') {
            return;
        }
        if let Err(what) = append(&mut map, name, value) {
            notes.push(Note { line: value.line, what });
        }
    };
    for (name, value) in node.entries() {
        add(name, value);
    }
    for item in node.list() {
        match (&item.value, item.get("name").and_then(Node::text), item.list()) {
            (_, Some(name), _) => {
                if let Some(value) = item.get("value") {
                    add(name, value);
                }
            }
            (Value::Text(text), ..) => {
                if let Some((name, value)) = text.split_once(':') {
                    add(name, &Node { line: item.line, value: Value::Text(value.to_owned()) });
                }
            }
            (_, _, [name, value]) if name.text().is_some() => add(name.text().unwrap_or_default(), value),
            // Python's frozenset: a list that holds the list of pairs.
            (_, _, pairs) => {
                for pair in pairs {
                    if let [name, value] = pair.list() {
                        add(name.text().unwrap_or_default(), value);
                    }
                }
            }
        }
    }
    map
}

/// Adds a header's lines: one per value, and per line of a value, as which browsers list repeated headers.
fn append(map: &mut HeaderMap, name: &str, value: &Node) -> Result<(), String> {
    let own = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| format!("not carried over: `{}` is no name of a header", shown(name)))?;
    let values = match &value.value {
        Value::List(list) => list.as_slice(),
        _ => std::slice::from_ref(value),
    };
    for value in values {
        // A key with nothing behind it is an empty line.
        let bytes = if value.value == Value::Null { Some(&[][..]) } else { value.bytes() };
        for line in bytes.into_iter().flat_map(lines) {
            let line = HeaderValue::from_bytes(&line);
            let added = line.ok().and_then(|line| map.try_append(own.clone(), line).ok());
            added
                .ok_or_else(|| format!("not carried over: the value of the header `{own}` cannot be sent"))?;
        }
        if !value.list().is_empty() {
            append(map, name, value)?;
        }
    }
    Ok(())
}

/// The lines of a header's value; one that begins with a blank continues the one before (RFC 9112 §5.2).
fn lines(value: &[u8]) -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for line in value.split(|byte| *byte == b'\n') {
        let trimmed = line.trim_ascii();
        match lines.last_mut() {
            Some(last) if line.starts_with(b" ") || line.starts_with(b"\t") => {
                last.push(b' ');
                last.extend_from_slice(trimmed);
            }
            Some(_) if trimmed.is_empty() => {}
            _ => lines.push(trimmed.to_vec()),
        }
    }
    lines
}

/// A point of time as recordings spell it: ISO 8601 with any offset or none (UTC), or as in `Date`.
fn time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let iso = || clock::parse_rfc3339(&text.replace(" Z", "Z").replace(" UTC", "Z").replace(" +", "+")).ok();
    let naive = || clock::parse_rfc3339(&format!("{text}Z")).ok();
    let found =
        clock::parse_http_date(text).or_else(|| clock::parse_rfc2822(text)).or_else(iso).or_else(naive)?;
    Timestamp::from_millisecond(found.as_millisecond()).ok()
}

/// A length of time in milliseconds, if it is one.
pub(super) fn millis(text: &str) -> Option<Duration> {
    let millis: f64 = text.parse().ok()?;
    // What browsers do not know is -1.
    let known = millis.is_finite() && (0.0..1e12).contains(&millis);
    known.then(|| Duration::from_secs_f64(millis.round() / 1000.0))
}

/// Something from a file, for a message.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(60).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(60).is_some() {
        shown.push('…');
    }
    shown
}
