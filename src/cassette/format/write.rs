//! A header and interactions as YAML documents.

use std::fmt::Write;
use std::io;

use data_encoding::BASE64;
use http::{HeaderMap, HeaderValue};

use super::body::push_body;
use super::document::is_url;
use super::scalar::{push_indent, push_key, push_text};
use super::{MAX_DOCUMENT, SaveBody};
use crate::cassette::model::{
    FORMAT_VERSION, Framing, Header, Interaction, RecordedRequest, RecordedResponse, Repeat, RequestBody,
};
use crate::clock;

/// The line that ends each document: a last document without it has been cut.
pub(super) const END: &str = "...\n";

/// Appends the document that a cassette begins with.
pub fn write_header(out: &mut String, header: &Header) {
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(out, "overdub: {FORMAT_VERSION}");
    for (key, value) in [("recorded_with", &header.recorded_with), ("profile", &header.profile)] {
        if let Some(value) = value {
            push_entry(out, 0, key, value);
        }
    }
    push_entry(out, 0, "upstream", &header.upstream);
    push_repeat(out, header.repeat);
    out.push_str(END);
}

/// Appends one interaction's document, and keeps large bodies through `sidecars`.
///
/// # Errors
/// A sidecar cannot be written, the URL is neither absolute nor a path, or the document came out larger than one that can be read.
pub fn write_interaction(
    out: &mut String,
    interaction: &Interaction,
    sidecars: &mut dyn SaveBody,
) -> io::Result<()> {
    let start = out.len();
    if !is_url(&interaction.request.url) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the request's URL is not one to replay"));
    }
    out.push_str("---\n");
    if let Some(at) = interaction.at {
        let _ = writeln!(out, "at: {}", clock::rfc3339(at));
    }
    if let Some(took) = interaction.took {
        let _ = writeln!(out, "took: {}ms", took.as_millis());
    }
    push_request(out, &interaction.request, sidecars)?;
    if !interaction.stand_ins.is_empty() {
        out.push_str("stand_ins:\n");
        for (stand_in, of_type) in &interaction.stand_ins {
            push_entry(out, 2, stand_in, of_type.name());
        }
    }
    push_repeat(out, interaction.repeat);
    push_response(out, &interaction.response, sidecars)?;
    out.push_str(END);
    if out.len() - start > MAX_DOCUMENT {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the exchange is too large for a cassette"));
    }
    Ok(())
}

fn push_request(out: &mut String, request: &RecordedRequest, sidecars: &mut dyn SaveBody) -> io::Result<()> {
    out.push_str("request:\n");
    push_entry(out, 2, "method", request.method.as_str());
    push_entry(out, 2, "url", &request.url);
    push_headers(out, "headers", &request.headers);
    match &request.body {
        RequestBody::Unrecorded => out.push_str("  body: unrecorded\n"),
        RequestBody::Bytes(bytes) if !bytes.is_empty() => {
            out.push_str("  body:\n");
            push_body(out, bytes, 4, sidecars)?;
        }
        RequestBody::Empty | RequestBody::Bytes(_) => {}
    }
    Ok(())
}

fn push_response(
    out: &mut String,
    response: &RecordedResponse,
    sidecars: &mut dyn SaveBody,
) -> io::Result<()> {
    let _ = writeln!(out, "response:\n  status: {}", response.status.as_u16());
    push_headers(out, "headers", &response.headers);
    if response.framing == Framing::Chunked {
        out.push_str("  framing: chunked\n");
    }
    push_headers(out, "trailers", &response.trailers);
    if let Some(body) = response.body.as_ref().filter(|body| !body.bytes.is_empty()) {
        out.push_str("  body:\n");
        push_body(out, &body.bytes, 4, sidecars)?;
        if body.coded {
            out.push_str("    coded: true\n");
        }
    }
    Ok(())
}

/// A map from name to value, or to a list of values where a name has several lines.
fn push_headers(out: &mut String, key: &str, headers: &HeaderMap) {
    if headers.is_empty() {
        return;
    }
    out.extend(["  ", key, ":\n"]);
    if headers.len() == headers.keys_len() {
        for (name, value) in headers {
            push_indent(out, 4);
            push_key(out, name.as_str(), 4);
            push_header_value(out, value);
        }
        return;
    }
    for name in headers.keys() {
        let values = headers.get_all(name);
        push_indent(out, 4);
        push_key(out, name.as_str(), 4);
        let is_list = values.iter().nth(1).is_some();
        if is_list {
            out.push('\n');
        }
        for value in values {
            out.push_str(if is_list { "      -" } else { "" });
            push_header_value(out, value);
        }
    }
}

fn push_header_value(out: &mut String, value: &HeaderValue) {
    out.push(' ');
    if let Ok(text) = std::str::from_utf8(value.as_bytes()) {
        push_text(out, text);
    } else {
        let _ = write!(out, "{{base64: \"{}\"}}", BASE64.encode(value.as_bytes()));
    }
    out.push('\n');
}

fn push_repeat(out: &mut String, repeat: Option<Repeat>) {
    match repeat {
        None => {}
        Some(Repeat::Error) => out.push_str("repeat: error\n"),
        Some(Repeat::Last) => out.push_str("repeat: last\n"),
        Some(Repeat::Cycle) => out.push_str("repeat: cycle\n"),
    }
}

fn push_entry(out: &mut String, indent: usize, key: &str, value: &str) {
    push_indent(out, indent);
    push_key(out, key, indent);
    out.push(' ');
    push_text(out, value);
    out.push('\n');
}
