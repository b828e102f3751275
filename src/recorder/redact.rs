//! From a raw exchange to what may be written down: the one place that decides what reaches the disk.
//!
//! The client has had the real answer by then; nothing here can change it.

use std::fmt::Write as _;
use std::sync::Arc;

use ::http::{HeaderMap, HeaderName, HeaderValue, header};
use bytes::Bytes;

use super::exchange::{Exchange, RequestCopy};
use crate::cassette::{Body, Header, Interaction, RecordedRequest, RecordedResponse, RequestBody};
use crate::http::{BODY_LIMIT, Coding, LinkFinder, Origin, is_text};
use crate::profile::Profile;

/// Whether secrets are kept off the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Redact {
    /// They are: credentials are dropped, secret cookies replaced, the upstream's origin stands in.
    #[default]
    On,
    /// Everything is written as it passed: for synthetic data only.
    Off,
}

/// Request headers that are kept for matching and for later comparison with the live API.
const KEPT: [HeaderName; 4] =
    [header::ACCEPT, header::CONTENT_TYPE, header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE];

/// Request headers that hold credentials.
const CREDENTIALS: [HeaderName; 3] = [header::AUTHORIZATION, header::COOKIE, header::PROXY_AUTHORIZATION];

/// What stands in a secret cookie's place.
const REDACTED: &str = "redacted";

/// Turns exchanges into interactions.
#[derive(Debug)]
pub struct Redactor {
    profile: Arc<Profile>,
    redact: Redact,
    upstream: Origin,
    /// What stands in the cassette for the upstream's origin.
    written: Origin,
    links: LinkFinder,
}

impl Redactor {
    /// For exchanges with `upstream`.
    pub fn new(profile: Arc<Profile>, redact: Redact, upstream: Origin) -> Self {
        let links = LinkFinder::new(&upstream);
        let written = if redact == Redact::On { profile.stand_in_origin.clone() } else { upstream.clone() };
        Self { profile, redact, upstream, written, links }
    }

    /// The header document of the cassette that these exchanges go into.
    pub fn header(&self) -> Header {
        Header {
            recorded_with: Some(concat!("overdub ", env!("CARGO_PKG_VERSION")).to_owned()),
            profile: Some(self.profile.name.clone()),
            upstream: self.written.to_string(),
            repeat: None,
        }
    }

    /// The interaction that is written for `exchange`.
    pub(super) fn interaction(&self, exchange: Exchange) -> Interaction {
        let client = &exchange.client;
        let request_body = self.request_body(&exchange.request_headers, &exchange.request_body, client);
        let target = match &exchange.origin {
            Some(origin) => format!("{origin}{}", exchange.target),
            None => exchange.target,
        };
        let url = self.sent_back(Bytes::from(target), client);
        let body = self.response_body(&exchange.response_headers, exchange.body);
        Interaction {
            at: Some(exchange.at),
            took: Some(exchange.took),
            request: RecordedRequest {
                method: exchange.method.clone(),
                url: String::from_utf8_lossy(&url).into_owned(),
                headers: self.request_headers(&exchange.request_headers),
                body: request_body,
            },
            stand_ins: Vec::new(),
            repeat: None,
            response: RecordedResponse {
                status: exchange.status,
                headers: self.response_headers(&exchange.method, exchange.status, &exchange.response_headers),
                framing: exchange.framing,
                body,
                trailers: self.response_headers(&exchange.method, exchange.status, &exchange.trailers),
            },
            line: 0,
        }
    }

    fn request_headers(&self, headers: &HeaderMap) -> HeaderMap {
        let credentials = match self.redact {
            Redact::On => [].iter(),
            Redact::Off => CREDENTIALS.iter(),
        };
        let mut kept = HeaderMap::new();
        for name in KEPT.iter().chain(&self.profile.request_headers).chain(credentials) {
            for value in headers.get_all(name) {
                kept.append(name, self.header_value(value));
            }
        }
        kept
    }

    /// What a client sent, with the written origin in links to us: it was given them in place of the upstream's. In
    /// URLs and forms such a link is escaped.
    fn sent_back(&self, sent: Bytes, client: &Origin) -> Bytes {
        let plain =
            LinkFinder::new(client).split(&sent).map(|template| template.render(&self.written).into());
        let sent: Bytes = plain.unwrap_or(sent);
        let escaped = |origin: &Origin| {
            format!("{}%3A%2F%2F{}", origin.scheme(), origin.authority().replace(':', "%3A")).into_bytes()
        };
        let (from, to) = (escaped(client), escaped(&self.written));
        let mut links = memchr::memmem::find_iter(&sent, &from).peekable();
        if links.peek().is_none() {
            return sent;
        }
        let (mut changed, mut rest) = (Vec::with_capacity(sent.len()), 0);
        for at in links {
            changed.extend_from_slice(&sent[rest..at]);
            changed.extend_from_slice(&to);
            rest = at + from.len();
        }
        changed.extend_from_slice(&sent[rest..]);
        changed.into()
    }

    fn request_body(&self, headers: &HeaderMap, copy: &RequestCopy, client: &Origin) -> RequestBody {
        let mut copied = copy.lock();
        if !copied.complete {
            // The response came before the request had been sent whole: what it would have been, nobody knows.
            return RequestBody::Unrecorded;
        }
        if copied.bytes.is_empty() {
            return RequestBody::Empty;
        }
        let raw = Bytes::from(std::mem::take(&mut copied.bytes));
        let coding = Coding::of(headers).ok().flatten();
        let plain = coding.and_then(|coding| coding.decode(&raw, BODY_LIMIT).ok()).unwrap_or(raw);
        RequestBody::Bytes(self.text(self.sent_back(plain, client)))
    }

    fn response_headers(
        &self,
        method: &::http::Method,
        status: ::http::StatusCode,
        headers: &HeaderMap,
    ) -> HeaderMap {
        let mut kept = HeaderMap::with_capacity(headers.len());
        // A length is computed when sending; without a body there is nothing to compute it from.
        let has_body = *method != ::http::Method::HEAD && status != ::http::StatusCode::NOT_MODIFIED;
        for (name, value) in headers {
            if name == header::SET_COOKIE {
                kept.append(name, self.cookie(value));
            } else if !(has_body && name == header::CONTENT_LENGTH) {
                kept.append(name, self.header_value(value));
            }
        }
        kept
    }

    fn response_body(&self, headers: &HeaderMap, raw: Bytes) -> Option<Body> {
        if raw.is_empty() {
            return None;
        }
        let plain = match Coding::of(headers) {
            Ok(None) => raw,
            Ok(Some(coding)) => match coding.decode(&raw, BODY_LIMIT) {
                Ok(plain) => plain,
                Err(_) => return Some(Body { bytes: raw, coded: true }),
            },
            Err(_) => return Some(Body { bytes: raw, coded: true }),
        };
        let bytes = if is_text(headers) { self.text(plain) } else { plain };
        Some(Body { bytes, coded: false })
    }

    /// Text with the stand-in origin in its links.
    fn text(&self, text: Bytes) -> Bytes {
        match self.links.split(&text) {
            Some(template) if self.redact == Redact::On => {
                template.render(&self.profile.stand_in_origin).into()
            }
            _ => text,
        }
    }

    fn header_value(&self, value: &HeaderValue) -> HeaderValue {
        let text = Bytes::copy_from_slice(value.as_bytes());
        HeaderValue::from_maybe_shared(self.text(text)).unwrap_or_else(|_| value.clone())
    }

    /// A `Set-Cookie` value without its secret, and with the stand-in's host as its domain.
    fn cookie(&self, value: &HeaderValue) -> HeaderValue {
        if self.redact == Redact::Off {
            return value.clone();
        }
        let Ok(text) = value.to_str() else { return HeaderValue::from_static(REDACTED) };
        let mut parts = text.split(';');
        let pair = parts.next().unwrap_or_default();
        let mut kept = match pair.split_once('=') {
            Some((name, secret)) if self.profile.sensitive.cookie(name.trim()).is_some() => {
                // A value that is empty clears the cookie: no secret, and a client must see it.
                let clears = matches!(secret.trim(), "" | "\"\"");
                if clears { pair.to_owned() } else { format!("{name}={REDACTED}") }
            }
            _ => pair.to_owned(),
        };
        for part in parts {
            let domain =
                part.trim_start().split_once('=').filter(|(name, _)| name.eq_ignore_ascii_case("domain"));
            kept.push(';');
            match domain {
                Some((name, host)) if self.upstream.host().ends_with(host.trim().trim_start_matches('.')) => {
                    let _ = write!(kept, " {name}={}", self.profile.stand_in_origin.host());
                }
                _ => kept.push_str(part),
            }
        }
        HeaderValue::from_str(&kept).unwrap_or_else(|_| HeaderValue::from_static(REDACTED))
    }
}
