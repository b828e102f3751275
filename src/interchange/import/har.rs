//! HAR 1.2 (<http://www.softwareishard.com/blog/har-12-spec/>): browsers', proxies' and Polly's.

use std::fmt::Write as _;

use data_encoding::HEXLOWER_PERMISSIVE as HEX;

use super::parts::{Draft, millis};
use super::yaml::unpacked;
use super::{Format, Found, List, Node, Note, Problem, Shape};
use crate::cassette::RequestBody;

/// HTTP archives.
#[derive(Debug)]
pub(super) struct Har;

impl Format for Har {
    fn name(&self) -> &'static str {
        "har"
    }

    fn recognises(&self, shape: &Shape<'_>) -> bool {
        shape.list == List::Entries
    }

    fn exchange(&self, item: &Node) -> Result<Found, Problem> {
        let (request, response) = (item.map("request")?, item.map("response")?);
        let mut notes = Vec::new();
        let content = response.get("content");
        let (body, plain) = answer(item, content, response, &mut notes)?;
        Draft {
            line: item.line,
            method: request.text_of("method")?,
            url: request.text_of("url")?,
            request_headers: request.get("headers"),
            request_body: sent(request, &mut notes)?,
            status: response.get("status"),
            response_headers: response.get("headers"),
            body,
            plain,
            chunked: false,
            trailers: None,
            at: item.get("startedDateTime"),
            took: item.get("time").and_then(Node::text).and_then(millis),
        }
        .finish(notes)
    }
}

fn number(node: Option<&Node>) -> f64 {
    node.and_then(Node::text).and_then(|text| text.parse().ok()).unwrap_or(-1.0)
}

/// The response's body, and whether it is decoded whatever its headers say.
fn answer(
    item: &Node,
    content: Option<&Node>,
    response: &Node,
    notes: &mut Vec<Note>,
) -> Result<(Vec<u8>, bool), Problem> {
    let Some(content) = content else { return Ok((Vec::new(), true)) };
    let text = content.get("text").and_then(Node::text).unwrap_or_default();
    let mut note = |what: &str| notes.push(Note { line: content.line, what: what.to_owned() });
    if text.is_empty() {
        // Polly's size is what Content-Length says, and that of a HEAD or a 304 is that of another answer.
        let head = item.get("request").and_then(|request| request.get("method")).and_then(Node::text)
            == Some("HEAD");
        let polly = item.has("_id");
        let status = response.get("status").and_then(Node::text);
        if number(content.get("size")) > 0.0 && !head && !polly && !matches!(status, Some("204" | "304")) {
            note("the response's body is not in the file; it is imported as empty");
        }
        return Ok((Vec::new(), true));
    }
    if content
        .get("comment")
        .and_then(Node::text)
        .is_some_and(|own| own.to_ascii_lowercase().contains("truncated"))
    {
        note("the response's body was truncated by the program that recorded it");
    }
    let in_base64 = content.get("encoding").and_then(Node::text) == Some("base64");
    let marked = in_base64 || content.has("_isBinary");
    if let Some(bytes) = chunks(text, marked || is_coded(response)) {
        return Ok((bytes, false));
    }
    if in_base64 {
        let bytes = unpacked(text.as_bytes());
        // What a browser or a proxy decoded stays so; Polly's bytes are as they came.
        let bytes = bytes.ok_or_else(|| Problem::at(content.line, "`content.text` is no base64"))?;
        return Ok((bytes, !item.has("_id")));
    }
    if marked && let Ok(bytes) = HEX.decode(text.as_bytes()) {
        return Ok((bytes, false));
    }
    Ok((text.as_bytes().to_vec(), true))
}

fn is_coded(response: &Node) -> bool {
    let headers = response.get("headers").map(Node::list).unwrap_or_default();
    let named = |own: &Node| {
        own.get("name").and_then(Node::text).is_some_and(|own| own.eq_ignore_ascii_case("content-encoding"))
    };
    headers.iter().any(named)
}

/// Polly's coded bodies: a JSON list of the parts as they came, each in hexadecimal digits or base64.
fn chunks(text: &str, perhaps: bool) -> Option<Vec<u8>> {
    if !perhaps || !text.starts_with("[\"") {
        return None;
    }
    let parts: Vec<String> = serde_json::from_str(text).ok()?;
    let all = |decode: fn(&[u8]) -> Option<Vec<u8>>| {
        parts
            .iter()
            .map(|part| decode(part.as_bytes()))
            .collect::<Option<Vec<_>>>()
            .map(|parts| parts.concat())
    };
    all(|part| HEX.decode(part).ok()).or_else(|| all(unpacked))
}

fn sent(request: &Node, notes: &mut Vec<Note>) -> Result<RequestBody, Problem> {
    let size = number(request.get("bodySize"));
    let Some(data) = request.get("postData") else {
        return Ok(if size > 0.0 { RequestBody::Unrecorded } else { RequestBody::Empty });
    };
    if let Some(text) = data.get("text").and_then(Node::text).filter(|text| !text.is_empty()) {
        if data.get("encoding").and_then(Node::text) == Some("base64") {
            let bytes = unpacked(text.as_bytes());
            let bytes = bytes.ok_or_else(|| Problem::at(data.line, "`postData.text` is no base64"))?;
            return Ok(RequestBody::Bytes(bytes.into()));
        }
        return Ok(RequestBody::Bytes(text.as_bytes().to_vec().into()));
    }
    let params = data.get("params").map(Node::list).unwrap_or_default();
    let form = data.get("mimeType").and_then(Node::text);
    if form.is_some_and(|form| form.starts_with("application/x-www-form-urlencoded")) && !params.is_empty() {
        return Ok(RequestBody::Bytes(urlencoded(params).into()));
    }
    if size > 0.0 || !params.is_empty() {
        let what = "the request's body is not in the file; any body will match".to_owned();
        notes.push(Note { line: data.line, what });
        return Ok(RequestBody::Unrecorded);
    }
    Ok(RequestBody::Empty)
}

/// Pairs as a form is sent (<https://url.spec.whatwg.org/#urlencoded-serializing>).
fn urlencoded(params: &[Node]) -> String {
    let mut out = String::new();
    for param in params {
        if !out.is_empty() {
            out.push('&');
        }
        for (mark, key) in [("", "name"), ("=", "value")] {
            out.push_str(mark);
            for byte in param.get(key).and_then(Node::text).unwrap_or_default().bytes() {
                match byte {
                    b' ' => out.push('+'),
                    b'*' | b'-' | b'.' | b'_' => out.push(char::from(byte)),
                    byte if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
                    byte => {
                        // Writing to a string cannot fail.
                        let _ = write!(out, "%{byte:02X}");
                    }
                }
            }
        }
    }
    out
}
