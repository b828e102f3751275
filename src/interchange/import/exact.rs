//! Files that `cassette export` wrote: read as they were meant, with what the extension says.

use bytes::Bytes;
use data_encoding::BASE64;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde::Deserialize;

use super::node::{Node, Value};
use super::{FORMATS, Failure, Format, Problem, stream};
use crate::cassette::{Body, Framing, Header, Interaction, RecordedRequest, RecordedResponse, RequestBody};
use crate::interchange::extension::{HAR_KEY, KEY};
use crate::interchange::{Extension, HeaderExtension};

/// The header of the cassette that was exported; `None`: this is no export.
pub fn header(text: &str) -> Option<Header> {
    let rest = if text.trim_start().starts_with('{') { of_har(text) } else { of_yaml(text) };
    rest.map(HeaderExtension::into_header)
}

fn of_har(text: &str) -> Option<HeaderExtension> {
    #[derive(Deserialize)]
    struct File {
        log: Log,
    }
    #[derive(Deserialize)]
    struct Log {
        #[serde(rename = "_overdub")]
        rest: Option<HeaderExtension>,
    }
    // Most files need no second look.
    memchr::memmem::find(text.as_bytes(), HAR_KEY.as_bytes())?;
    serde_json::from_str::<File>(text).ok()?.log.rest
}

fn of_yaml(text: &str) -> Option<HeaderExtension> {
    let begins = format!("{KEY}:");
    let mut lines = text.lines().skip_while(|line| !line.starts_with(&begins));
    let first = lines.next()?;
    // As an interaction of its own, to be read as those are.
    let rest = lines.take_while(|line| line.starts_with(' ')).map(|line| format!("\n  {line}"));
    let alone = format!("interactions:\n- {first}{}\n", rest.collect::<String>());
    let mut found = None;
    let _ = stream::items(&alone, &mut |shape| {
        found = shape.item.and_then(|item| item.get(KEY)).map(json);
        Ok(true)
    });
    serde_json::from_value(found?).ok()
}

/// Reads an export of a cassette of this upstream, and hands each interaction over.
///
/// # Errors
/// It cannot be read, or an interaction is not as it was exported.
pub fn restore(
    text: &str,
    upstream: &str,
    each: &mut dyn FnMut(Interaction),
) -> Result<&'static dyn Format, Failure> {
    let mut format = None;
    stream::items(text, &mut |shape| {
        format = format.or_else(|| FORMATS.into_iter().find(|format| format.recognises(shape)));
        if let Some(item) = shape.item {
            each(interaction(item, upstream)?);
        }
        Ok(format.is_some())
    })?;
    format.ok_or(Failure::Not(super::NotARecording::Unknown))
}

fn interaction(item: &Node, upstream: &str) -> Result<Interaction, Problem> {
    let wrong = |what: String| Problem::at(item.line, what);
    let (request, response) = (item.map("request")?, item.map("response")?);
    let method = request.text_of("method")?;
    let method =
        Method::from_bytes(method.as_bytes()).map_err(|_| wrong(format!("`{method}` is no method")))?;
    let url = request.get("url").or_else(|| request.get("uri")).and_then(Node::text);
    let url = url.ok_or_else(|| wrong("the request has no `url`".to_owned()))?;
    let relative = url.strip_prefix(upstream).filter(|rest| rest.starts_with('/'));
    let status =
        response.get("status").and_then(|status| status.get("code")).or_else(|| response.get("code"));
    let status = status.or_else(|| response.get("status")).and_then(Node::text).unwrap_or_default();
    let status =
        StatusCode::from_bytes(status.as_bytes()).map_err(|_| wrong(format!("`{status}` is no status")))?;
    let sent = request.get("postData").map_or_else(|| request.get("body"), |data| data.get("text"));
    let sent = sent.and_then(Node::bytes).unwrap_or_default();
    let answer = received(response)?;
    let mut own = Interaction {
        at: None,
        took: None,
        request: RecordedRequest {
            method,
            url: relative.unwrap_or(url).to_owned(),
            headers: lines(request)?,
            body: if sent.is_empty() {
                RequestBody::Empty
            } else {
                RequestBody::Bytes(Bytes::copy_from_slice(sent))
            },
        },
        stand_ins: Vec::new(),
        repeat: None,
        response: RecordedResponse {
            status,
            headers: lines(response)?,
            framing: Framing::Length,
            body: (!answer.is_empty()).then(|| Body { bytes: Bytes::from(answer), coded: false }),
            trailers: HeaderMap::new(),
        },
        line: 0,
    };
    let rest = item.get(KEY).or_else(|| item.get(HAR_KEY)).map_or_else(|| serde_json::json!({}), json);
    let rest: Extension = serde_json::from_value(rest).map_err(|error| wrong(format!("{KEY}: {error}")))?;
    rest.apply(&mut own).map_err(wrong)?;
    Ok(own)
}

fn received(response: &Node) -> Result<Vec<u8>, Problem> {
    let body = response.get("body");
    let body = body.map(|body| body.get("string").unwrap_or(body)).or_else(|| response.get("content"));
    let Some(body) = body else { return Ok(Vec::new()) };
    let bytes = body.get("text").unwrap_or(body).bytes().unwrap_or_default();
    if body.get("encoding").and_then(Node::text) == Some("base64") {
        let decoded = BASE64.decode(bytes);
        return decoded.map_err(|_| Problem::at(body.line, "`content.text` is no base64"));
    }
    Ok(bytes.to_vec())
}

/// A list of values under each name, or pairs of name and value.
fn lines(message: &Node) -> Result<HeaderMap, Problem> {
    let mut headers = HeaderMap::new();
    let Some(node) = message.get("headers") else { return Ok(headers) };
    for (name, values) in node.entries() {
        for value in values.list() {
            add(&mut headers, name, value)?;
        }
    }
    for line in node.list() {
        if let Some(value) = line.get("value") {
            add(&mut headers, line.text_of("name")?, value)?;
        }
    }
    Ok(headers)
}

fn add(headers: &mut HeaderMap, name: &str, value: &Node) -> Result<(), Problem> {
    let wrong = || Problem::at(value.line, format!("`{name}` is no header line"));
    let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
    let value = HeaderValue::from_bytes(value.bytes().unwrap_or_default()).map_err(|_| wrong())?;
    headers.append(parsed, value);
    Ok(())
}

fn json(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Text(text) => text.as_str().into(),
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into(),
        Value::List(items) => items.iter().map(json).collect(),
        Value::Map(entries) => entries.iter().map(|(key, value)| (key.clone(), json(value))).collect(),
    }
}
