//! go-vcr's YAML: format 1 (go-vcr v1 and v2) and format 2 (v3 and v4), which adds what `net/http` knows of a message.

use std::time::Duration;

use super::body::body;
use super::node::Value;
use super::parts::Draft;
use super::{Format, Found, List, Node, Problem, Shape};
use crate::cassette::RequestBody;

/// github.com/dnaeon/go-vcr
#[derive(Debug)]
pub(super) struct GoVcr;

impl Format for GoVcr {
    fn name(&self) -> &'static str {
        "go-vcr"
    }

    fn recognises(&self, shape: &Shape<'_>) -> bool {
        if shape.list != List::Interactions {
            return false;
        }
        let Some(item) = shape.item else {
            // The other program that writes `interactions` writes it before `version`.
            let first = shape.text.trim_start().trim_start_matches("---").trim_start();
            return first.trim_start_matches(['{', '"', ' ', '\n']).starts_with("version");
        };
        item.get("response").is_some_and(|response| response.has("code"))
    }

    fn exchange(&self, item: &Node) -> Result<Found, Problem> {
        let (request, response) = (item.map("request")?, item.map("response")?);
        let chunked = response.get("transfer_encoding").map(Node::list).unwrap_or_default();
        // What was read to its end without a length is -1 here, HTTP/2 among it.
        Draft {
            line: item.line,
            method: request.text_of("method")?,
            url: request.get("url").or_else(|| request.get("uri")).and_then(Node::text).unwrap_or_default(),
            request_headers: request.get("headers"),
            request_body: RequestBody::Bytes(body(request.get("body"))?.unwrap_or_default().into()),
            status: response.get("code").or_else(|| response.get("status")),
            response_headers: response.get("headers"),
            body: body(response.get("body"))?.unwrap_or_default(),
            plain: false,
            chunked: chunked.iter().any(|own| own.text() == Some("chunked")),
            trailers: response.get("trailer"),
            at: None,
            took: response.get("duration").and_then(took),
        }
        .finish(Vec::new())
    }
}

/// `1.204s`, `1m2.5s`, `350ms`; a bare number is one of nanoseconds.
fn took(node: &Node) -> Option<Duration> {
    let Value::Text(text) = &node.value else { return None };
    if let Ok(nanos) = text.parse::<u64>() {
        return Some(Duration::from_millis(nanos.saturating_add(500_000) / 1_000_000));
    }
    let mut rest = text.as_str();
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest.get(..digits)?.parse().ok()?;
        let unit = rest.get(digits..)?;
        let letters = unit.find(|c: char| c.is_ascii_digit()).unwrap_or(unit.len());
        seconds += number
            * match unit.get(..letters)? {
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 1e-3,
                "µs" | "μs" | "us" => 1e-6,
                "ns" => 1e-9,
                _ => return None,
            };
        rest = unit.get(letters..)?;
    }
    super::parts::millis(&(seconds * 1000.0).to_string()).filter(|_| !text.is_empty())
}
