//! What a scenario is shown: a request as it reached us, and the answer that is due.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::draw::hash_of;
use super::json::{JsonError, Parsed};

/// A request, whole.
#[derive(Debug)]
pub struct Request {
    /// Its method.
    pub method: Method,
    /// The absolute URL, as the client asked.
    pub url: String,
    /// All headers, as they came.
    pub headers: HeaderMap,
    /// The body, decoded of any content coding.
    pub body: Bytes,
    path: String,
    query: String,
    veil: Option<Veil>,
    json: OnceLock<Result<Arc<Parsed>, Unreadable>>,
}

impl Request {
    /// From method, absolute URL, headers and the decoded body.
    pub fn new(method: Method, url: impl Into<String>, headers: HeaderMap, body: Bytes) -> Self {
        let url = url.into();
        let target = target_of(&url);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let (path, query) = (path.to_owned(), query.to_owned());
        Self { method, url, headers, body, path, query, veil: None, json: OnceLock::new() }
    }

    /// What stands for this request where chance is drawn: the same for requests that are told apart by nothing but
    /// their time. Few requests ask for it.
    pub(super) fn key(&self) -> u64 {
        hash_of([self.method.as_str(), target_of(&self.url)])
    }

    /// The same, shown to people without its secrets.
    #[must_use]
    pub fn veiled(self, veil: &Veil) -> Self {
        Self { veil: Some(veil.clone()), ..self }
    }

    /// The path, as it came.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The same, for people to read.
    pub fn shown_path(&self) -> Cow<'_, str> {
        self.veil.as_ref().map_or(Cow::Borrowed(&self.path), |veil| veil.apply(&self.path).into())
    }

    /// What follows the `?`, as it came.
    pub fn query(&self) -> &str {
        &self.query
    }

    pub(super) fn json(&self) -> &Result<Arc<Parsed>, Unreadable> {
        self.json.get_or_init(|| parsed(&self.body))
    }
}

/// Path and query of an absolute URL.
fn target_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let target = rest.find('/').and_then(|slash| rest.get(slash..)).unwrap_or("/");
    target.split('#').next().unwrap_or_default()
}

/// What a path is shown without where people read it: its secrets.
#[derive(Clone)]
pub struct Veil(Arc<dyn Fn(&str) -> String + Send + Sync>);

impl Veil {
    /// Takes off what `hide` takes off.
    pub fn new(hide: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        Self(Arc::new(hide))
    }

    /// The text without it.
    pub fn apply(&self, text: &str) -> String {
        self.0(text)
    }
}

impl fmt::Debug for Veil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Veil")
    }
}

/// Why a body cannot be used as JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unreadable {
    #[error("the body is empty")]
    Empty,
    #[error("the body is not UTF-8")]
    Encoding,
    #[error("the body is not JSON: {0}")]
    Json(#[from] JsonError),
}

pub(super) fn parsed(body: &[u8]) -> Result<Arc<Parsed>, Unreadable> {
    if body.is_empty() {
        return Err(Unreadable::Empty);
    }
    let text = std::str::from_utf8(body).map_err(|_| Unreadable::Encoding)?;
    Ok(Arc::new(Parsed::new(text)?))
}

/// Who made an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It was recorded.
    Recording,
    /// It came from the API just now.
    Upstream,
    /// A scenario made it.
    Script,
}

impl Origin {
    /// As scripts see it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Recording => "recording",
            Self::Upstream => "upstream",
            Self::Script => "script",
        }
    }
}

/// An answer, whole. Cloning one is cheap.
#[derive(Debug, Clone)]
pub struct Response {
    /// Its status.
    pub status: StatusCode,
    /// All headers, in order. A `Content-Length` that is there is kept right; none is added.
    pub headers: Arc<HeaderMap>,
    /// The body, decoded of any content coding.
    pub body: Bytes,
    /// The body read as JSON, if who made the answer has it at hand: reading costs as much as a whole handler does.
    pub json: Option<Arc<Parsed>>,
    /// Who made it.
    pub origin: Origin,
}

impl Response {
    /// An answer of a script's own.
    pub(super) fn scripted(status: StatusCode, headers: HeaderMap, body: Bytes) -> Self {
        Self { status, headers: Arc::new(headers), body, json: None, origin: Origin::Script }
    }

    /// Whether this status has a body at all (RFC 9110 §15.3.5, §15.4.5).
    pub(super) fn has_body(status: StatusCode) -> bool {
        !matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED)
    }

    /// Makes headers fit status and body after a change: clients crash on a 204 that has a content type.
    pub(super) fn settle(&mut self) {
        if !Self::has_body(self.status) {
            self.body = Bytes::new();
            self.json = None;
            let clutter = [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::CONTENT_ENCODING];
            if clutter.iter().any(|name| self.headers.contains_key(name)) {
                // Not by `remove`, which changes the order of those that stay.
                let kept = self.headers.iter().filter(|(name, _)| !clutter.contains(name));
                self.headers = Arc::new(kept.map(|(name, value)| (name.clone(), value.clone())).collect());
            }
        } else if self.headers.contains_key(header::CONTENT_LENGTH) {
            let length = HeaderValue::from(self.body.len());
            if !self.headers.get_all(header::CONTENT_LENGTH).iter().eq([&length]) {
                Arc::make_mut(&mut self.headers).insert(header::CONTENT_LENGTH, length);
            }
        }
    }
}
