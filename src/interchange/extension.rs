//! What a cassette says and another tool's format has no place for: kept under a key that those tools pass over, so that
//! what was exported is imported as it was.
//!
//! The key is `_overdub` in HAR, which leaves names with an underscore to everybody (HAR 1.2, "Custom Fields"), and
//! `x-overdub` elsewhere. What the format itself can say stands there alone, so that an edit of the file counts.

use bytes::Bytes;
use data_encoding::BASE64;
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::cassette::{Framing, Header, Interaction, Repeat, RequestBody};
use crate::clock;
use crate::profile::StandInType;

/// The key, where names do not tell what is custom.
pub(super) const KEY: &str = "x-overdub";

/// The key in HAR.
pub(super) const HAR_KEY: &str = "_overdub";

/// The rest of a cassette's header.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct HeaderExtension {
    /// The program that recorded it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded_with: Option<String>,
    /// The profile that was in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The origin that is taken off the URLs.
    pub upstream: String,
    /// As [`Header::repeat`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    repeat: Option<RepeatWord>,
}

/// The rest of an interaction. With it, the foreign file's own times do not count.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Extension {
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    took: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repeat: Option<RepeatWord>,
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    stand_ins: serde_json::Map<String, serde_json::Value>,
    #[serde(skip_serializing_if = "is_default")]
    request: RequestRest,
    #[serde(skip_serializing_if = "is_default")]
    response: ResponseRest,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct RequestRest {
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<BodyRest>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    headers: Vec<(Position, String, Value)>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct ResponseRest {
    #[serde(skip_serializing_if = "Option::is_none")]
    framing: Option<FramingWord>,
    #[serde(skip_serializing_if = "is_default", deserialize_with = "truth")]
    coded: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    trailers: Vec<(String, Value)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    headers: Vec<(Position, String, Value)>,
}

/// A request's body that the format cannot say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum BodyRest {
    Word(Unrecorded),
    Bytes { base64: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Unrecorded {
    Unrecorded,
}

/// A header's value: text, or bytes that are no UTF-8.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Value {
    Text(String),
    Bytes { base64: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RepeatWord {
    Error,
    Last,
    Cycle,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum FramingWord {
    Chunked,
}

/// Where a header line stands among all, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Position(usize);

/// A number or `true`; a reader of YAML may hand over every scalar as its text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Loose<T> {
    Value(T),
    Text(String),
}

impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        match Loose::deserialize(source)? {
            Loose::Value(at) => Ok(Self(at)),
            Loose::Text(text) => text.parse().map(Self).map_err(D::Error::custom),
        }
    }
}

fn truth<'de, D: Deserializer<'de>>(source: D) -> Result<bool, D::Error> {
    match Loose::deserialize(source)? {
        Loose::Value(own) => Ok(own),
        Loose::Text(text) => text.parse().map_err(D::Error::custom),
    }
}

/// What a format holds of an interaction by itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Holds {
    /// A request's body of any bytes; else only text.
    pub(super) binary_request_body: bool,
    /// A decoded body under its `content-encoding`; else that line is left out.
    pub(super) decoded_under_coding: bool,
}

impl HeaderExtension {
    /// Of a cassette's header.
    pub fn of(header: &Header) -> Self {
        let Header { recorded_with, profile, upstream, repeat } = header.clone();
        Self { recorded_with, profile, upstream, repeat: repeat.map(Into::into) }
    }

    /// The header that it was made of.
    pub fn into_header(self) -> Header {
        let Self { recorded_with, profile, upstream, repeat } = self;
        Header { recorded_with, profile, upstream, repeat: repeat.map(Into::into) }
    }
}

impl Extension {
    /// What of `own` a format that `holds` so much does not say, in a cassette of this upstream.
    pub(super) fn of(own: &Interaction, upstream: &str, holds: Holds) -> Self {
        let request = &own.request;
        let body = match &request.body {
            RequestBody::Unrecorded => Some(BodyRest::Word(Unrecorded::Unrecorded)),
            RequestBody::Bytes(bytes)
                if !holds.binary_request_body && std::str::from_utf8(bytes).is_err() =>
            {
                Some(BodyRest::Bytes { base64: BASE64.encode(bytes) })
            }
            RequestBody::Bytes(_) | RequestBody::Empty => None,
        };
        let relative = request.url.starts_with('/');
        let taken_off = |url: &str| url.strip_prefix(upstream).is_some_and(|rest| rest.starts_with('/'));
        let url = (!relative && (taken_off(&request.url) || request.url == "*")).then(|| request.url.clone());
        let response = &own.response;
        let coded = response.body.as_ref().is_some_and(|body| body.coded);
        Self {
            at: own.at.map(clock::rfc3339),
            took: own.took.map(|took| humantime::format_duration(took).to_string()),
            repeat: own.repeat.map(Into::into),
            stand_ins: own.stand_ins.iter().map(|(text, of)| (text.clone(), of.name().into())).collect(),
            request: RequestRest { url, body, headers: left_out(&request.headers, false) },
            response: ResponseRest {
                framing: (response.framing == Framing::Chunked).then_some(FramingWord::Chunked),
                coded,
                trailers: lines(&response.trailers),
                headers: left_out(&response.headers, leaves_out_coding(own, holds)),
            },
        }
    }

    /// Puts what it says into what a reader made of the rest.
    ///
    /// # Errors
    /// What is wrong in it, with its key.
    pub fn apply(self, own: &mut Interaction) -> Result<(), String> {
        let time = |at: &String| clock::parse_rfc3339(at).map_err(|error| format!("x-overdub.at: {error}"));
        own.at = self.at.as_ref().map(time).transpose()?;
        let took =
            |took: &String| humantime::parse_duration(took).map_err(|e| format!("x-overdub.took: {e}"));
        own.took = self.took.as_ref().map(took).transpose()?;
        own.repeat = self.repeat.map(Into::into);
        let stand_ins = self.stand_ins.into_iter().map(|(text, of_type)| {
            let known = of_type.as_str().and_then(StandInType::parse);
            let known =
                known.ok_or_else(|| format!("x-overdub.stand_ins: {of_type} is no type of stand-in"))?;
            Ok::<_, String>((text, known))
        });
        own.stand_ins = stand_ins.collect::<Result<_, _>>()?;
        if let Some(url) = self.request.url {
            own.request.url = url;
        }
        match self.request.body {
            None => {}
            Some(BodyRest::Word(Unrecorded::Unrecorded)) => own.request.body = RequestBody::Unrecorded,
            Some(BodyRest::Bytes { base64 }) => {
                let bytes = decoded(&base64).map_err(|error| format!("x-overdub.request.body: {error}"))?;
                own.request.body = RequestBody::Bytes(Bytes::from(bytes));
            }
        }
        put_in(&mut own.request.headers, self.request.headers)
            .map_err(|error| format!("x-overdub.request.headers: {error}"))?;
        let rest = self.response;
        own.response.framing = if rest.framing.is_some() { Framing::Chunked } else { Framing::Length };
        if let Some(body) = &mut own.response.body {
            body.coded = rest.coded;
        }
        put_in(&mut own.response.headers, rest.headers)
            .map_err(|error| format!("x-overdub.response.headers: {error}"))?;
        let mut trailers = HeaderMap::new();
        for (name, value) in rest.trailers {
            let (name, value) =
                line(&name, value).map_err(|e| format!("x-overdub.response.trailers: {e}"))?;
            trailers.append(name, value);
        }
        own.response.trailers = trailers;
        Ok(())
    }
}

/// Whether the foreign file goes without the response's `content-encoding`, since it holds the body decoded.
pub(super) fn leaves_out_coding(own: &Interaction, holds: Holds) -> bool {
    !holds.decoded_under_coding && own.response.body.as_ref().is_some_and(|body| !body.coded)
}

/// Whether a header line goes into the foreign file.
pub(super) fn is_carried(name: &HeaderName, value: &HeaderValue, without_coding: bool) -> bool {
    std::str::from_utf8(value.as_bytes()).is_ok() && !(without_coding && *name == CONTENT_ENCODING)
}

/// The lines that do not go into the foreign file, each with its position among all.
fn left_out(headers: &HeaderMap, without_coding: bool) -> Vec<(Position, String, Value)> {
    let all = headers.iter().enumerate();
    let left = all.filter(|(_, (name, value))| !is_carried(name, value, without_coding));
    left.map(|(at, (name, own))| (Position(at), name.to_string(), value(own))).collect()
}

fn lines(headers: &HeaderMap) -> Vec<(String, Value)> {
    headers.iter().map(|(name, own)| (name.to_string(), value(own))).collect()
}

fn value(own: &HeaderValue) -> Value {
    match std::str::from_utf8(own.as_bytes()) {
        Ok(text) => Value::Text(text.to_owned()),
        Err(_) => Value::Bytes { base64: BASE64.encode(own.as_bytes()) },
    }
}

fn line(name: &str, value: Value) -> Result<(HeaderName, HeaderValue), String> {
    let bytes = match value {
        Value::Text(text) => text.into_bytes(),
        Value::Bytes { base64 } => decoded(&base64)?,
    };
    let parsed =
        HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("`{name}` is no header name"))?;
    let value = HeaderValue::from_bytes(&bytes).map_err(|_| format!("the value of `{name}` is none"))?;
    Ok((parsed, value))
}

fn decoded(base64: &str) -> Result<Vec<u8>, String> {
    BASE64.decode(base64.as_bytes()).map_err(|error| format!("is no Base64: {error}"))
}

/// Puts lines in where they were. Positions count all lines, so that they come in ascending order.
fn put_in(headers: &mut HeaderMap, left_out: Vec<(Position, String, Value)>) -> Result<(), String> {
    if left_out.is_empty() {
        return Ok(());
    }
    let mut all: Vec<_> = headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    for (Position(at), name, value) in left_out {
        all.insert(at.min(all.len()), line(&name, value)?);
    }
    headers.clear();
    for (name, value) in all {
        headers.append(name, value);
    }
    Ok(())
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl From<Repeat> for RepeatWord {
    fn from(repeat: Repeat) -> Self {
        match repeat {
            Repeat::Error => Self::Error,
            Repeat::Last => Self::Last,
            Repeat::Cycle => Self::Cycle,
        }
    }
}

impl From<RepeatWord> for Repeat {
    fn from(word: RepeatWord) -> Self {
        match word {
            RepeatWord::Error => Self::Error,
            RepeatWord::Last => Self::Last,
            RepeatWord::Cycle => Self::Cycle,
        }
    }
}
