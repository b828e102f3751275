//! A shell script with a curl command per interaction, against `$OVERDUB_URL`: the recorded requests, to be sent again.

use std::io::{self, Write};

use data_encoding::BASE64;
use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE};

use super::{Export, Unsaid};
use crate::cassette::{Cassette, Interaction, RequestBody};

/// Longest body that stands on a command line (bytes); Linux takes arguments of 128 KiB.
const LONGEST_ARGUMENT: usize = 64 << 10;

/// Characters of Base64 per line.
const BASE64_LINE: usize = 100;

const PREAMBLE: &str = r#"# OVERDUB_URL says where they go: overdub's address, or an API's own.
: "${OVERDUB_URL:?say where to send them, as in OVERDUB_URL=http://127.0.0.1:8080}"
ask() { curl --silent --show-error --globoff --path-as-is --write-out '\n' "$@"; }
"#;

/// For URLs of other origins.
const BY_PROXY: &str = r#"# Another origin: by way of overdub as a forward proxy (--forward), OVERDUB_CA being its CA's certificate.
by_proxy() { ask --proxy "$OVERDUB_URL" ${OVERDUB_CA:+--cacert "$OVERDUB_CA"} "$@"; }
"#;

pub(super) struct Curl;

impl Export for Curl {
    fn name(&self) -> &'static str {
        "curl"
    }

    fn extension(&self) -> &'static str {
        "sh"
    }

    fn write(&self, cassette: &Cassette, out: &mut dyn Write) -> io::Result<Vec<Unsaid>> {
        let name: String = cassette.name.chars().filter(|c| !c.is_control()).collect();
        let number = cassette.interactions.len();
        writeln!(out, "#!/bin/sh\n# The requests of the cassette {name}, {number} in all.")?;
        out.write_all(PREAMBLE.as_bytes())?;
        if cassette.interactions.iter().any(is_elsewhere) {
            out.write_all(BY_PROXY.as_bytes())?;
        }
        let mut unsaid = Vec::new();
        for (index, own) in cassette.interactions.iter().enumerate() {
            if own.request.body == RequestBody::Unrecorded {
                let what = format!(
                    "{} {}: its body was not recorded; it goes without one",
                    own.request.method, own.request.url
                );
                unsaid.push(Unsaid { line: own.line, what });
            }
            command(index + 1, own, out)?;
        }
        Ok(unsaid)
    }
}

/// Whether the request went to another origin than the cassette's.
fn is_elsewhere(own: &Interaction) -> bool {
    own.request.url.contains("://") && !own.request.url.starts_with('/')
}

fn command(number: usize, own: &Interaction, out: &mut dyn Write) -> io::Result<()> {
    let request = &own.request;
    let mut line: Vec<u8> = if is_elsewhere(own) { b"by_proxy".into() } else { b"ask".into() };
    // With `--request HEAD` curl would wait for the body that the length tells of.
    if request.method == Method::HEAD {
        line.extend_from_slice(b" --head");
    } else {
        line.extend_from_slice(b" --request ");
        quoted(&mut line, request.method.as_str().as_bytes());
    }
    for (name, value) in &request.headers {
        let text = if value.is_empty() { format!("{name};") } else { format!("{name}: ") };
        line.extend_from_slice(b" --header ");
        quoted(&mut line, &[text.as_bytes(), value.as_bytes()].concat());
    }
    if !request.headers.contains_key(ACCEPT) {
        line.extend_from_slice(b" --header 'accept:'");
    }
    let piped = body(own, &mut line);
    let url = request.url.as_str();
    if url == "*" {
        line.extend_from_slice(b" --request-target '*' \"$OVERDUB_URL\"");
    } else if is_elsewhere(own) {
        line.push(b' ');
        quoted(&mut line, url.as_bytes());
    } else {
        line.extend_from_slice(b" \"$OVERDUB_URL\"");
        quoted(&mut line, url.as_bytes());
    }
    let status = own.response.status.as_u16();
    writeln!(out, "\n# {number}: {} {url} => {status}", request.method)?;
    if let Some(bytes) = piped {
        out.write_all(b"base64 -d << 'END' |\n")?;
        for part in bytes.chunks(BASE64_LINE / 4 * 3) {
            writeln!(out, "{}", BASE64.encode(part))?;
        }
        out.write_all(b"END\n")?;
    }
    out.write_all(&line)?;
    out.write_all(b"\n")
}

/// Appends what sends the body; returns it where it is to be piped in.
fn body<'a>(own: &'a Interaction, line: &mut Vec<u8>) -> Option<&'a [u8]> {
    let request = &own.request;
    let bytes = request.body.bytes().map(AsRef::as_ref).unwrap_or_default();
    // Okta asks for a `Content-Length: 0` where a POST has no body.
    if bytes.is_empty() && !matches!(request.method.as_str(), "POST" | "PUT" | "PATCH") {
        return None;
    }
    // Otherwise curl calls it a form.
    if !request.headers.contains_key(CONTENT_TYPE) {
        line.extend_from_slice(b" --header 'content-type:'");
    }
    let is_argument =
        bytes.len() <= LONGEST_ARGUMENT && std::str::from_utf8(bytes).is_ok() && !bytes.contains(&0);
    if is_argument {
        line.extend_from_slice(b" --data-raw ");
        quoted(line, bytes);
        return None;
    }
    line.extend_from_slice(b" --data-binary @-");
    Some(bytes)
}

/// Appends one word of shell (POSIX.1, "Quoting").
fn quoted(line: &mut Vec<u8>, word: &[u8]) {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.');
    if !word.is_empty() && word.iter().all(is_plain) {
        return line.extend_from_slice(word);
    }
    line.push(b'\'');
    for &byte in word {
        if byte == b'\'' {
            line.extend_from_slice(br"'\''");
        } else {
            line.push(byte);
        }
    }
    line.push(b'\'');
}
