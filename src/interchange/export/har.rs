//! HAR 1.2 (HTTP Archive, `http://www.softwareishard.com/blog/har-12-spec/`): what browsers save and Polly, Playwright and k6
//! read.
//!
//! Bodies stand there decoded under their `content-encoding`, as browsers write them.

use std::io::{self, Write};

use data_encoding::BASE64;
use http::HeaderMap;
use http::header::{LOCATION, SET_COOKIE};
use serde_json::{Value, json};

use super::{Export, Unsaid, absolute, media_type, reason};
use crate::cassette::{Cassette, Interaction, RequestBody};
use crate::clock;
use crate::http::query_pairs;
use crate::interchange::extension::{Extension, HAR_KEY, HeaderExtension, Holds, is_carried};

const HOLDS: Holds = Holds { binary_request_body: false, decoded_under_coding: true };

/// What stands for a time that is not known: the format asks for one.
const UNKNOWN_TIME: &str = "1970-01-01T00:00:00.000Z";

/// What the format says of a size that is not known.
const UNKNOWN_SIZE: i64 = -1;

pub(super) struct Har;

impl Export for Har {
    fn name(&self) -> &'static str {
        "har"
    }

    fn extension(&self) -> &'static str {
        "har"
    }

    fn write(&self, cassette: &Cassette, out: &mut dyn Write) -> io::Result<Vec<Unsaid>> {
        let creator = json!({ "name": "overdub", "version": env!("CARGO_PKG_VERSION") });
        let rest = serde_json::to_string(&HeaderExtension::of(&cassette.header))?;
        write!(out, "{{\n  \"log\": {{\n    \"version\": \"1.2\",\n    \"creator\": {creator},\n")?;
        write!(out, "    \"{HAR_KEY}\": {rest},\n    \"entries\": [")?;
        for (index, own) in cassette.interactions.iter().enumerate() {
            out.write_all(if index == 0 { b"\n      " } else { b",\n      " })?;
            let text = serde_json::to_string_pretty(&entry(own, &cassette.header.upstream)?)?;
            // A line break within JSON's strings is written as an escape.
            for line in text.split_inclusive('\n') {
                out.write_all(line.as_bytes())?;
                out.write_all(if line.ends_with('\n') { b"      " } else { b"" })?;
            }
        }
        out.write_all(if cassette.interactions.is_empty() { b"]\n  }\n}\n" } else { b"\n    ]\n  }\n}\n" })?;
        Ok(Vec::new())
    }
}

fn entry(own: &Interaction, upstream: &str) -> io::Result<Value> {
    let millis = own.took.map_or(0.0, |took| took.as_secs_f64() * 1000.0);
    Ok(json!({
        "startedDateTime": own.at.map_or_else(|| UNKNOWN_TIME.to_owned(), clock::rfc3339),
        "time": number(millis),
        "request": request(own, upstream),
        "response": response(own),
        "cache": {},
        "timings": { "send": 0, "wait": number(millis), "receive": 0 },
        HAR_KEY: serde_json::to_value(Extension::of(own, upstream, HOLDS))?,
    }))
}

/// Whole where it is.
fn number(millis: f64) -> Value {
    #[allow(clippy::cast_possible_truncation, reason = "it has no fraction, and no span is that long")]
    if millis.fract() == 0.0 { json!(millis as i64) } else { json!(millis) }
}

fn request(own: &Interaction, upstream: &str) -> Value {
    let request = &own.request;
    let url = absolute(own, upstream);
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let pairs = query_pairs(query).map(|(name, value)| json!({ "name": name, "value": value }));
    let mut told = json!({
        "method": request.method.as_str(),
        "url": url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": lines(&request.headers),
        "queryString": pairs.collect::<Vec<_>>(),
        "headersSize": UNKNOWN_SIZE,
        "bodySize": match &request.body {
            RequestBody::Unrecorded => json!(UNKNOWN_SIZE),
            body => json!(body.bytes().map_or(0, bytes::Bytes::len)),
        },
    });
    if let RequestBody::Bytes(bytes) = &request.body {
        // The format has text only; the bytes of others are in the extension.
        told["postData"] =
            json!({ "mimeType": media_type(&request.headers), "text": String::from_utf8_lossy(bytes) });
    }
    told
}

fn response(own: &Interaction) -> Value {
    let response = &own.response;
    let bytes = response.body.as_ref().map(|body| body.bytes.as_ref()).unwrap_or_default();
    let coded = response.headers.contains_key(http::header::CONTENT_ENCODING);
    let mut content = json!({ "size": bytes.len(), "mimeType": media_type(&response.headers) });
    if let Ok(text) = std::str::from_utf8(bytes) {
        content["text"] = text.into();
    } else {
        content["text"] = BASE64.encode(bytes).into();
        content["encoding"] = "base64".into();
    }
    let location = response.headers.get(LOCATION).map(|value| String::from_utf8_lossy(value.as_bytes()));
    json!({
        "status": response.status.as_u16(),
        "statusText": reason(own),
        "httpVersion": "HTTP/1.1",
        "cookies": cookies(&response.headers),
        "headers": lines(&response.headers),
        "content": content,
        "redirectURL": location.unwrap_or_default(),
        "headersSize": UNKNOWN_SIZE,
        "bodySize": if coded { json!(UNKNOWN_SIZE) } else { json!(bytes.len()) },
    })
}

fn lines(headers: &HeaderMap) -> Vec<Value> {
    let carried = headers.iter().filter(|(name, value)| is_carried(name, value, false));
    carried.map(|(name, value)| json!({ "name": name.as_str(), "value": String::from_utf8_lossy(value.as_bytes()) })).collect()
}

/// What the response sets (RFC 6265 §4.1.1).
fn cookies(headers: &HeaderMap) -> Vec<Value> {
    let lines = headers.get_all(SET_COOKIE).iter().filter_map(|line| line.to_str().ok());
    let set = lines.filter_map(|line| {
        let mut parts = line.split(';').map(str::trim);
        let (name, value) = parts.next()?.split_once('=')?;
        let mut cookie = json!({ "name": name, "value": value, "httpOnly": false, "secure": false });
        for part in parts {
            let (attribute, value) = part.split_once('=').unwrap_or((part, ""));
            match attribute.to_ascii_lowercase().as_str() {
                "path" => cookie["path"] = value.into(),
                "domain" => cookie["domain"] = value.into(),
                "httponly" => cookie["httpOnly"] = true.into(),
                "secure" => cookie["secure"] = true.into(),
                _ => {}
            }
        }
        Some(cookie)
    });
    set.collect()
}
