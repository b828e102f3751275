//! vcrpy (`github.com/kevin1024/vcrpy`), YAML, `version: 1`.
//!
//! Bodies stand there decoded and without their `content-encoding`, as its `decode_compressed_response` leaves them: its
//! urllib3 side undoes a coding that the headers name, its aiohttp side never does, and this is right for both.

use std::borrow::Cow;
use std::io::{self, Write};

use http::HeaderMap;

use super::yaml::{Node, push};
use super::{Export, Unsaid, absolute, reason};
use crate::cassette::{Cassette, Interaction, RequestBody};
use crate::interchange::extension::{Extension, HeaderExtension, Holds, KEY, is_carried, leaves_out_coding};

const HOLDS: Holds = Holds { binary_request_body: true, decoded_under_coding: false };

pub(super) struct Vcrpy;

impl Export for Vcrpy {
    fn name(&self) -> &'static str {
        "vcrpy"
    }

    fn extension(&self) -> &'static str {
        "yaml"
    }

    fn write(&self, cassette: &Cassette, out: &mut dyn Write) -> io::Result<Vec<Unsaid>> {
        let rest = serde_json::to_value(HeaderExtension::of(&cassette.header))?;
        let mut text = String::new();
        push(&mut text, &Node::map([(KEY, rest.into())]), 0);
        text.push_str(if cassette.interactions.is_empty() {
            "interactions: []\n"
        } else {
            "interactions:\n"
        });
        out.write_all(text.as_bytes())?;
        for own in &cassette.interactions {
            text.clear();
            text.push('-');
            push(&mut text, &interaction(own, &cassette.header.upstream)?, 2);
            out.write_all(text.as_bytes())?;
        }
        out.write_all(b"version: 1\n")?;
        Ok(Vec::new())
    }
}

fn interaction<'a>(own: &'a Interaction, upstream: &str) -> io::Result<Node<'a>> {
    let request = &own.request;
    let response = &own.response;
    let body = match &request.body {
        RequestBody::Empty | RequestBody::Unrecorded => Node::Null,
        RequestBody::Bytes(bytes) => Node::Bytes(bytes),
    };
    let answer = response.body.as_ref().map(|body| body.bytes.as_ref()).unwrap_or_default();
    let status =
        Node::map([("code", usize::from(response.status.as_u16()).into()), ("message", reason(own).into())]);
    let without_coding = leaves_out_coding(own, HOLDS);
    Ok(Node::map([
        (
            "request",
            Node::map([
                ("body", body),
                ("headers", lines(&request.headers, false)),
                ("method", request.method.as_str().into()),
                ("uri", absolute(own, upstream).into()),
            ]),
        ),
        (
            "response",
            Node::map([
                ("body", Node::map([("string", Node::Bytes(answer))])),
                ("headers", lines(&response.headers, without_coding)),
                ("status", status),
            ]),
        ),
        (KEY, serde_json::to_value(Extension::of(own, upstream, HOLDS))?.into()),
    ]))
}

/// A list of values under each name.
fn lines(headers: &HeaderMap, without_coding: bool) -> Node<'_> {
    let entries = headers.keys().filter_map(|name| {
        let all = headers.get_all(name).iter().filter(|value| is_carried(name, value, without_coding));
        let values: Vec<_> = all.map(|value| Node::Bytes(value.as_bytes())).collect();
        (!values.is_empty()).then(|| (Cow::Borrowed(name.as_str()), Node::List(values)))
    });
    Node::Map(entries.collect())
}
