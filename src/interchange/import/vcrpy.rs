//! vcrpy: YAML and JSON, and what it wrote before version 1: a bare list, the URL in parts.

use std::borrow::Cow;

use super::body::body;
use super::node::Value;
use super::parts::{Draft, carries_body};
use super::{Format, Found, List, Node, Note, Problem, Shape};
use crate::cassette::RequestBody;

/// github.com/kevin1024/vcrpy
#[derive(Debug)]
pub(super) struct Vcrpy;

impl Format for Vcrpy {
    fn name(&self) -> &'static str {
        "vcrpy"
    }

    fn recognises(&self, shape: &Shape<'_>) -> bool {
        let request = shape.item.and_then(|item| item.get("request"));
        match shape.list {
            List::Interactions => {
                shape.item.is_none()
                    || request.is_some_and(|request| request.has("uri") || request.has("url"))
            }
            // Ruby's VCR wrote such lists, too; its methods are symbols.
            List::Top => request.is_some_and(|request| {
                let symbol =
                    || request.get("method").and_then(Node::text).is_some_and(|own| own.starts_with(':'));
                request.has("method") && (request.has("path") || request.has("uri")) && !symbol()
            }),
            List::HttpInteractions | List::Entries => false,
        }
    }

    fn exchange(&self, item: &Node) -> Result<Found, Problem> {
        let (request, response) = (item.map("request")?, item.map("response")?);
        let method = request.text_of("method")?;
        let url = url(request)?;
        let mut notes = Vec::new();
        let status = response.get("status").unwrap_or(response);
        // Its stub for httpx had names of its own for a while.
        let status = if matches!(status.value, Value::Map(_)) {
            status.get("code").or_else(|| status.get("status_code"))
        } else {
            Some(status)
        };
        let answer = response.get("body").or_else(|| response.get("content"));
        Draft {
            line: item.line,
            method,
            url: &url,
            request_headers: request.get("headers"),
            request_body: sent(request, method, &mut notes)?,
            status,
            response_headers: response.get("headers"),
            body: body(answer)?.unwrap_or_default(),
            plain: false,
            chunked: false,
            trailers: None,
            at: item.get("recorded_at"),
            took: None,
        }
        .finish(notes)
    }
}

/// The body that was sent. Stubs that do not see it record null, which is not the same as an empty one.
fn sent(request: &Node, method: &str, notes: &mut Vec<Note>) -> Result<RequestBody, Problem> {
    let Some(node) = request.get("body") else {
        return Ok(if carries_body(method) { RequestBody::Unrecorded } else { RequestBody::Empty });
    };
    let readable = ["string", "base64_string"].iter().any(|key| node.has(key));
    if matches!(node.value, Value::List(_)) || (matches!(node.value, Value::Map(_)) && !readable) {
        let what = "the request's body is a Python object; any body will match".to_owned();
        notes.push(Note { line: node.line, what });
        return Ok(RequestBody::Unrecorded);
    }
    Ok(match body(Some(node))? {
        Some(bytes) => RequestBody::Bytes(bytes.into()),
        None if carries_body(method) => RequestBody::Unrecorded,
        None => RequestBody::Empty,
    })
}

fn url(request: &Node) -> Result<Cow<'_, str>, Problem> {
    if let Some(url) = request.get("uri").or_else(|| request.get("url")).and_then(Node::text) {
        return Ok(url.into());
    }
    let of = |key: &str| request.get(key).and_then(Node::text);
    let (Some(host), Some(path)) = (of("host"), of("path")) else {
        return Err(Problem::at(request.line, "the request has no `uri`"));
    };
    let protocol = of("protocol").unwrap_or("https");
    let port = of("port").map(|port| format!(":{port}")).unwrap_or_default();
    Ok(format!("{protocol}://{host}{port}{path}").into())
}
