//! All that a cassette says, as JSON, an interaction at a time.

use std::io::{self, Write};

use data_encoding::BASE64;
use http::HeaderMap;
use serde_json::{Map, Value, json};

use super::{Chosen, state};
use crate::cassette::{Framing, Interaction, Repeat, RequestBody};
use crate::clock;
use crate::profile::Profile;

pub(super) fn write(chosen: &Chosen<'_>, profile: &Profile, out: &mut impl Write) -> io::Result<()> {
    let cassette = chosen.cassette;
    let header = &cassette.header;
    let mut head = json!({
        "name": cassette.name,
        "path": cassette.path.display().to_string(),
        "upstream": header.upstream,
        "profile": header.profile,
        "recorded_with": header.recorded_with,
        "repeat": header.repeat.map(repeat),
    })
    .to_string();
    // The interactions follow in the same object.
    head.pop();
    write!(out, "{head},\"interactions\":[")?;
    for (number, own) in chosen.numbered() {
        if number > chosen.first {
            out.write_all(b",")?;
        }
        serde_json::to_writer(&mut *out, &interaction(number, own, profile))?;
    }
    out.write_all(b"]}\n")
}

fn interaction(number: usize, own: &Interaction, profile: &Profile) -> Value {
    let (request, response) = (&own.request, &own.response);
    let sent = match &request.body {
        RequestBody::Empty => Value::Null,
        RequestBody::Unrecorded => json!("unrecorded"),
        RequestBody::Bytes(bytes) => body(bytes, false),
    };
    let received = response.body.as_ref().map_or(Value::Null, |own| body(&own.bytes, own.coded));
    let stand_ins: Map<_, _> =
        own.stand_ins.iter().map(|(text, of_type)| (text.clone(), of_type.name().into())).collect();
    json!({
        "interaction": number,
        "line": own.line,
        "at": own.at.map(clock::rfc3339),
        "took_ms": own.took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
        "state": state(own, profile),
        "repeat": own.repeat.map(repeat),
        "stand_ins": stand_ins,
        "request": {
            "method": request.method.as_str(),
            "url": request.url,
            "headers": lines(&request.headers),
            "body": sent,
        },
        "response": {
            "status": response.status.as_u16(),
            "headers": lines(&response.headers),
            "framing": match response.framing { Framing::Length => "length", Framing::Chunked => "chunked" },
            "body": received,
            "trailers": lines(&response.trailers),
        },
    })
}

/// Text; bytes that are no text as Base64.
fn body(bytes: &[u8], coded: bool) -> Value {
    let mut told = match std::str::from_utf8(bytes) {
        Ok(text) => json!({ "text": text }),
        Err(_) => json!({ "base64": BASE64.encode(bytes) }),
    };
    told["bytes"] = bytes.len().into();
    if coded {
        told["coded"] = true.into();
    }
    told
}

fn lines(headers: &HeaderMap) -> Value {
    let line = |value: &http::HeaderValue| match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => json!(text),
        Err(_) => json!({ "base64": BASE64.encode(value.as_bytes()) }),
    };
    headers.iter().map(|(name, value)| json!([name.as_str(), line(value)])).collect()
}

fn repeat(own: Repeat) -> &'static str {
    match own {
        Repeat::Error => "error",
        Repeat::Last => "last",
        Repeat::Cycle => "cycle",
    }
}
