//! go-vcr (`github.com/dnaeon/go-vcr`), the YAML of its versions 3 and 4: `version: 2`.
//!
//! Bodies stand there decoded and without their `content-encoding`, marked `uncompressed`: that is what Go's transport makes
//! of a coded answer. Header names are spelled as Go looks for them.

use std::borrow::Cow;
use std::io::{self, Write};
use std::time::Duration;

use http::HeaderMap;

use super::yaml::{Node, push};
use super::{Export, Unsaid, absolute, reason};
use crate::cassette::{Cassette, Framing, Interaction};
use crate::interchange::extension::{Extension, HeaderExtension, Holds, KEY, is_carried, leaves_out_coding};

const HOLDS: Holds = Holds { binary_request_body: true, decoded_under_coding: false };

/// A length that is not known beforehand.
const UNKNOWN: i64 = -1;

pub(super) struct GoVcr;

impl Export for GoVcr {
    fn name(&self) -> &'static str {
        "go-vcr"
    }

    fn extension(&self) -> &'static str {
        "yaml"
    }

    fn write(&self, cassette: &Cassette, out: &mut dyn Write) -> io::Result<Vec<Unsaid>> {
        let mut text = "---\n".to_owned();
        let rest = serde_json::to_value(HeaderExtension::of(&cassette.header))?;
        push(&mut text, &Node::map([("version", Node::Number(2)), (KEY, rest.into())]), 0);
        text.push_str(if cassette.interactions.is_empty() {
            "interactions: []\n"
        } else {
            "interactions:\n"
        });
        out.write_all(text.as_bytes())?;
        for (id, own) in cassette.interactions.iter().enumerate() {
            text.clear();
            text.push_str("  -");
            push(&mut text, &interaction(id, own, &cassette.header.upstream)?, 4);
            out.write_all(text.as_bytes())?;
        }
        Ok(Vec::new())
    }
}

fn interaction<'a>(id: usize, own: &'a Interaction, upstream: &str) -> io::Result<Node<'a>> {
    let rest = serde_json::to_value(Extension::of(own, upstream, HOLDS))?;
    Ok(Node::map([
        ("id", id.into()),
        ("request", request(own, upstream)),
        ("response", response(own)),
        (KEY, rest.into()),
    ]))
}

fn request<'a>(own: &'a Interaction, upstream: &str) -> Node<'a> {
    let request = &own.request;
    let url = absolute(own, upstream);
    let host = url.split_once("://").and_then(|(_, rest)| rest.split(['/', '?', '#']).next());
    let host = host.unwrap_or_default().to_owned();
    let body = request.body.bytes().map(AsRef::as_ref).unwrap_or_default();
    let mut entries = protocol();
    entries.extend([
        ("content_length".into(), body.len().into()),
        ("host".into(), host.into()),
        ("body".into(), Node::Bytes(body)),
        ("headers".into(), lines(&request.headers, false)),
        ("url".into(), url.into()),
        ("method".into(), request.method.as_str().into()),
    ]);
    Node::Map(entries)
}

fn response(own: &Interaction) -> Node<'_> {
    let response = &own.response;
    let without_coding = leaves_out_coding(own, HOLDS);
    let uncompressed = without_coding && response.headers.contains_key(http::header::CONTENT_ENCODING);
    let body = response.body.as_ref().map(|body| body.bytes.as_ref()).unwrap_or_default();
    let chunked = response.framing == Framing::Chunked;
    let mut entries = protocol();
    if chunked {
        entries.push(("transfer_encoding".into(), Node::List(vec!["chunked".into()])));
    }
    if !response.trailers.is_empty() {
        entries.push(("trailer".into(), lines(&response.trailers, false)));
    }
    let length = if chunked || uncompressed { Node::Number(UNKNOWN) } else { body.len().into() };
    let code = response.status.as_u16();
    entries.extend([
        ("content_length".into(), length),
        ("uncompressed".into(), Node::Bool(uncompressed)),
        ("body".into(), Node::Bytes(body)),
        ("headers".into(), lines(&response.headers, without_coding)),
        ("status".into(), format!("{code} {}", reason(own)).trim_end().to_owned().into()),
        ("code".into(), usize::from(code).into()),
        ("duration".into(), duration(own.took.unwrap_or_default()).into()),
    ]);
    Node::Map(entries)
}

fn protocol<'a>() -> Vec<(Cow<'static, str>, Node<'a>)> {
    vec![
        ("proto".into(), "HTTP/1.1".into()),
        ("proto_major".into(), Node::Number(1)),
        ("proto_minor".into(), Node::Number(1)),
    ]
}

/// As Go's `time.ParseDuration` reads it.
fn duration(took: Duration) -> String {
    if took.subsec_nanos().is_multiple_of(1_000_000) {
        format!("{}ms", took.as_millis())
    } else {
        format!("{}ns", took.as_nanos())
    }
}

/// A list of values under each name, which Go looks up in its canonical spelling.
fn lines(headers: &HeaderMap, without_coding: bool) -> Node<'_> {
    let entries = headers.keys().filter_map(|name| {
        let all = headers.get_all(name).iter().filter(|value| is_carried(name, value, without_coding));
        let values: Vec<_> = all.map(|value| Node::Bytes(value.as_bytes())).collect();
        (!values.is_empty()).then(|| (Cow::Owned(canonical(name.as_str())), Node::List(values)))
    });
    Node::Map(entries.collect())
}

/// `X-Rate-Limit-Reset`: the first letter, and each behind a dash, in upper case (Go's `textproto.CanonicalMIMEHeaderKey`).
fn canonical(name: &str) -> String {
    let mut upper = true;
    let spelled = name.chars().map(|c| {
        let spelled = if upper { c.to_ascii_uppercase() } else { c };
        upper = c == '-';
        spelled
    });
    spelled.collect()
}
