//! One YAML document as a header or an interaction.
//!
//! Every value is checked while it is read, since only then does the parser know the line and column.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

use super::LoadBody;
use crate::cassette::format::fields::{BodyField, BodyForm, HeaderMapField, Keys, Text, skip_value};
use crate::cassette::model::{
    Body, Framing, Header, Interaction, RecordedRequest, RecordedResponse, Repeat, RequestBody,
};
use crate::clock::{self, Timestamp};
use crate::profile::StandInType;

/// Something that is a map in YAML.
pub(super) trait FromMap: Sized {
    /// What stands in a message that wanted it: "expected …".
    const WHAT: &'static str;

    /// Reads the entries.
    fn from_map<'de, A: MapAccess<'de>>(entries: A, bodies: &dyn LoadBody) -> Result<Self, A::Error>;
}

/// Reads a `T`, with access to the bodies beside the cassette.
pub(super) struct Read<'a, T> {
    bodies: &'a dyn LoadBody,
    of: PhantomData<T>,
}

impl<'a, T> Read<'a, T> {
    pub(super) fn new(bodies: &'a dyn LoadBody) -> Self {
        Self { bodies, of: PhantomData }
    }
}

impl<'de, T: FromMap> DeserializeSeed<'de> for Read<'_, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: FromMap> Visitor<'de> for Read<'_, T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::WHAT)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<T, A::Error> {
        T::from_map(entries, self.bodies)
    }
}

/// The version alone, read before the rest, which a later version may write differently.
pub(super) struct Version(pub(super) Option<u64>);

impl FromMap for Version {
    const WHAT: &'static str = "a cassette's header";

    fn from_map<'de, A: MapAccess<'de>>(mut entries: A, _: &dyn LoadBody) -> Result<Self, A::Error> {
        let mut version = None;
        while let Some(Text(key)) = entries.next_key::<Text<String>>()? {
            if key == "overdub" {
                version = Some(entries.next_value::<Text<u64>>()?.0);
            } else {
                skip_value(&mut entries)?;
            }
        }
        Ok(Self(version))
    }
}

impl FromMap for Header {
    const WHAT: &'static str = "a cassette's header";

    fn from_map<'de, A: MapAccess<'de>>(mut entries: A, _: &dyn LoadBody) -> Result<Self, A::Error> {
        let mut keys = Keys::new(&["overdub", "recorded_with", "profile", "upstream", "repeat"]);
        let (mut header, mut upstream) = (Self::default(), None);
        while let Some(key) = entries.next_key_seed(&mut keys)? {
            match key {
                "recorded_with" => header.recorded_with = Some(entries.next_value::<Text<String>>()?.0),
                "profile" => header.profile = Some(entries.next_value::<Text<String>>()?.0),
                "upstream" => upstream = Some(entries.next_value::<Text<Origin>>()?.0.0),
                "repeat" => header.repeat = Some(entries.next_value::<Text<Repeat>>()?.0),
                _ => skip_value(&mut entries)?,
            }
        }
        header.upstream = required(upstream, "upstream")?;
        Ok(header)
    }
}

impl FromMap for Interaction {
    const WHAT: &'static str = "an interaction with `request` and `response`";

    fn from_map<'de, A: MapAccess<'de>>(mut entries: A, bodies: &dyn LoadBody) -> Result<Self, A::Error> {
        let mut keys = Keys::new(&["at", "took", "request", "stand_ins", "repeat", "response"]);
        let (mut at, mut took, mut repeat, mut request, mut response) = (None, None, None, None, None);
        let mut stand_ins = StandIns(Vec::new());
        while let Some(key) = entries.next_key_seed(&mut keys)? {
            match key {
                "at" => at = Some(entries.next_value::<Text<Timestamp>>()?.0),
                "took" => took = Some(entries.next_value::<Text<Duration>>()?.0),
                "request" => request = Some(entries.next_value_seed(Read::new(bodies))?),
                "stand_ins" => stand_ins = entries.next_value_seed(Read::new(bodies))?,
                "repeat" => repeat = Some(entries.next_value::<Text<Repeat>>()?.0),
                "response" => response = Some(entries.next_value_seed(Read::new(bodies))?),
                _ => skip_value(&mut entries)?,
            }
        }
        let (request, response) = (required(request, "request")?, required(response, "response")?);
        Ok(Self { at, took, request, stand_ins: stand_ins.0, repeat, response, line: 0 })
    }
}

impl FromMap for RecordedRequest {
    const WHAT: &'static str = "a request with `method` and `url`";

    fn from_map<'de, A: MapAccess<'de>>(mut entries: A, bodies: &dyn LoadBody) -> Result<Self, A::Error> {
        let mut keys = Keys::new(&["method", "url", "headers", "body"]);
        let (mut method, mut url) = (None, None);
        let (mut headers, mut body) = (HeaderMap::new(), RequestBody::Empty);
        while let Some(key) = entries.next_key_seed(&mut keys)? {
            match key {
                "method" => method = Some(entries.next_value::<Text<Method>>()?.0),
                "url" => url = Some(entries.next_value::<Text<Url>>()?.0.0),
                "headers" => headers = entries.next_value::<HeaderMapField>()?.0,
                "body" => {
                    body = match entries.next_value_seed(BodyField { bodies, of_request: true })? {
                        BodyForm::Unrecorded => RequestBody::Unrecorded,
                        BodyForm::Bytes { bytes, .. } if bytes.is_empty() => RequestBody::Empty,
                        BodyForm::Bytes { bytes, .. } => RequestBody::Bytes(bytes),
                    }
                }
                _ => skip_value(&mut entries)?,
            }
        }
        Ok(Self { method: required(method, "method")?, url: required(url, "url")?, headers, body })
    }
}

impl FromMap for RecordedResponse {
    const WHAT: &'static str = "a response with `status`";

    fn from_map<'de, A: MapAccess<'de>>(mut entries: A, bodies: &dyn LoadBody) -> Result<Self, A::Error> {
        let mut keys = Keys::new(&["status", "headers", "framing", "trailers", "body"]);
        let (mut status, mut body, mut framing) = (None, None, Framing::default());
        let (mut headers, mut trailers) = (HeaderMap::new(), HeaderMap::new());
        while let Some(key) = entries.next_key_seed(&mut keys)? {
            match key {
                "status" => status = Some(entries.next_value::<Text<StatusCode>>()?.0),
                "headers" => headers = entries.next_value::<HeaderMapField>()?.0,
                "framing" => framing = entries.next_value::<Text<Framing>>()?.0,
                "trailers" => trailers = entries.next_value::<HeaderMapField>()?.0,
                "body" => {
                    body = match entries.next_value_seed(BodyField { bodies, of_request: false })? {
                        BodyForm::Bytes { bytes, coded } if !bytes.is_empty() => Some(Body { bytes, coded }),
                        BodyForm::Bytes { .. } | BodyForm::Unrecorded => None,
                    }
                }
                _ => skip_value(&mut entries)?,
            }
        }
        Ok(Self { status: required(status, "status")?, headers, framing, body, trailers })
    }
}

/// Stand-ins and their types, in order.
struct StandIns(Vec<(String, StandInType)>);

impl FromMap for StandIns {
    const WHAT: &'static str = "a map from stand-in to type";

    fn from_map<'de, A: MapAccess<'de>>(mut entries: A, _: &dyn LoadBody) -> Result<Self, A::Error> {
        let mut pairs = Vec::new();
        while let Some((Text(stand_in), Text(of_type))) =
            entries.next_entry::<Text<String>, Text<StandInType>>()?
        {
            pairs.push((stand_in, of_type));
        }
        Ok(Self(pairs))
    }
}

fn required<T, E: Error>(value: Option<T>, key: &str) -> Result<T, E> {
    value.ok_or_else(|| E::custom(format_args!("`{key}` is missing")))
}

/// An upstream: `scheme://authority`.
struct Origin(String);

/// A request's URL: absolute, a path, or `*`.
struct Url(String);

/// A value that is read from a scalar's text.
pub(super) trait FromText: Sized {
    /// What was wanted, for the message.
    const WHAT: &'static str;

    /// The value, if the text says one.
    fn from_text(text: &str) -> Option<Self>;
}

impl FromText for String {
    const WHAT: &'static str = "text";

    fn from_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl FromText for StandInType {
    const WHAT: &'static str = "a type of stand-in: email, login, phone, name, device, text, host, password, passcode, \
                                answer, shared_secret, token, jwt, key, secret or cookie";

    fn from_text(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl FromText for u64 {
    const WHAT: &'static str = "a version such as 1";

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl FromText for Origin {
    const WHAT: &'static str = "an origin such as `https://okta.overdub.test`, without a path";

    fn from_text(text: &str) -> Option<Self> {
        let origin = text.strip_suffix('/').unwrap_or(text);
        let uri: http::Uri = origin.parse().ok()?;
        let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
        (is_http && !has_path_or_query(origin)).then(|| Self(origin.to_owned()))
    }
}

fn has_path_or_query(origin: &str) -> bool {
    origin.split_once("://").is_none_or(|(_, rest)| rest.contains(['/', '?', '#']))
}

impl FromText for Url {
    const WHAT: &'static str = "a URL that begins with `/`, `http://` or `https://`, without blanks";

    fn from_text(text: &str) -> Option<Self> {
        is_url(text).then(|| Self(text.to_owned()))
    }
}

/// Whether a request's URL is one that reading accepts.
pub(super) fn is_url(text: &str) -> bool {
    let begins = text.starts_with('/')
        || text == "*"
        || ["http://", "https://"].iter().any(|scheme| text.len() > scheme.len() && text.starts_with(scheme));
    // Nearly every URL has no character but these.
    let graphic = text.bytes().all(|byte| byte.is_ascii_graphic());
    begins && (graphic || !text.contains(|c: char| c.is_control() || c.is_whitespace()))
}

impl FromText for Method {
    const WHAT: &'static str = "a method such as GET";

    fn from_text(text: &str) -> Option<Self> {
        Self::from_bytes(text.as_bytes()).ok()
    }
}

impl FromText for StatusCode {
    const WHAT: &'static str = "a final status, from 200 to 999";

    fn from_text(text: &str) -> Option<Self> {
        Self::from_bytes(text.as_bytes()).ok().filter(|status| !status.is_informational())
    }
}

impl FromText for Timestamp {
    const WHAT: &'static str = "a time such as 2020-04-22T12:09:20.000Z";

    fn from_text(text: &str) -> Option<Self> {
        clock::parse_rfc3339(text).ok()
    }
}

impl FromText for Duration {
    const WHAT: &'static str = "a duration such as 182ms or 1s 500ms";

    fn from_text(text: &str) -> Option<Self> {
        humantime::parse_duration(text).ok()
    }
}

impl FromText for Repeat {
    const WHAT: &'static str = "`error`, `last` or `cycle`";

    fn from_text(text: &str) -> Option<Self> {
        match text {
            "error" => Some(Self::Error),
            "last" => Some(Self::Last),
            "cycle" => Some(Self::Cycle),
            _ => None,
        }
    }
}

impl FromText for Framing {
    const WHAT: &'static str = "`length` or `chunked`";

    fn from_text(text: &str) -> Option<Self> {
        match text {
            "length" => Some(Self::Length),
            "chunked" => Some(Self::Chunked),
            _ => None,
        }
    }
}
