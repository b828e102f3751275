//! Ruby's VCR: YAML as Psych and Syck write it, JSON, and the lists of Ruby structs of version 1.

use super::body::body;
use super::node::Value;
use super::parts::Draft;
use super::{Format, Found, List, Node, Problem, Shape};
use crate::cassette::RequestBody;

/// github.com/vcr/vcr
#[derive(Debug)]
pub(super) struct RubyVcr;

impl Format for RubyVcr {
    fn name(&self) -> &'static str {
        "ruby-vcr"
    }

    fn recognises(&self, shape: &Shape<'_>) -> bool {
        match shape.list {
            List::HttpInteractions => true,
            List::Top => {
                let request = shape.item.and_then(|item| item.get("request"));
                request.is_some_and(|request| request.has("uri") && request.has("method"))
            }
            List::Interactions | List::Entries => false,
        }
    }

    fn exchange(&self, item: &Node) -> Result<Found, Problem> {
        exchange(item)
    }
}

/// An interaction as VCR writes it, and betamax after it.
pub(super) fn exchange(item: &Node) -> Result<Found, Problem> {
    let (request, response) = (item.map("request")?, item.map("response")?);
    let status = response.get("status").filter(|status| matches!(status.value, Value::Map(_)));
    let url = request.get("uri").or_else(|| request.get("url")).and_then(Node::text);
    Draft {
        line: item.line,
        method: request.text_of("method")?,
        url: url.ok_or_else(|| Problem::at(request.line, "the request has no `uri`"))?,
        request_headers: request.get("headers"),
        request_body: RequestBody::Bytes(body(request.get("body"))?.unwrap_or_default().into()),
        status: status.and_then(|status| status.get("code")).or_else(|| response.get("status_code")),
        response_headers: response.get("headers"),
        body: body(response.get("body"))?.unwrap_or_default(),
        plain: false,
        chunked: false,
        trailers: None,
        at: item.get("recorded_at"),
        took: None,
    }
    .finish(Vec::new())
}
