//! A request as somebody wrote it down, made into one that a player understands.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use ::http::{HeaderName, HeaderValue, Method, header};
use bytes::Bytes;

use crate::http::{Body, Origin, Request, SESSION};

/// A request that was written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) method: Method,
    /// A URL, or a path.
    pub(super) url: String,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Bytes,
}

impl Asked {
    /// A request without headers and body.
    pub(super) fn new(method: &str, url: &str) -> Result<Self, String> {
        let method = method.parse().map_err(|_| format!("`{}` is no HTTP method", method.escape_debug()))?;
        let own = Self { method, url: url.to_owned(), headers: Vec::new(), body: Bytes::new() };
        own.split()?;
        Ok(own)
    }

    /// Reads `METHOD URL`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words[..] {
            [method, url] | [method, url, "HTTP/1.0" | "HTTP/1.1" | "HTTP/2"] => Self::new(method, url),
            [url] if is_url(url) => Self::new("GET", url),
            _ => Err(format!(
                "`{}` is no request: write a curl line, 'METHOD URL', FILE.http, or a number of the session log \
                 (`overdub explain --help` shows each)",
                shown(text)
            )),
        }
    }

    /// Adds a header.
    pub(super) fn header(&mut self, name: &str, value: &str) -> Result<(), String> {
        let bad = |what: &str| format!("the header `{}` {what}", name.escape_debug());
        let name: HeaderName = name.trim().parse().map_err(|_| bad("has no name of one"))?;
        let value = HeaderValue::from_str(value.trim()).map_err(|_| bad("holds what no header can"))?;
        self.headers.push((name, value));
        Ok(())
    }

    /// The value of a header that came once.
    pub(super) fn value(&self, name: &HeaderName) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).and_then(|(_, value)| value.to_str().ok())
    }

    /// The origin, if the URL has one, and the target.
    fn split(&self) -> Result<(Option<Origin>, String), String> {
        let url = self.url.split('#').next().unwrap_or_default();
        let bad = |what: &str| format!("`{}` {what}", shown(&self.url));
        if url.starts_with('/') {
            return Ok((None, escaped(url)));
        }
        // As curl does, for which `host/path` is a URL.
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let origin = Origin::parse(&format!("{scheme}://{authority}"))
            .map_err(|_| bad("is no URL: write https://HOST/PATH, or /PATH"))?;
        let slash = if target.starts_with('/') { "" } else { "/" };
        Ok((Some(origin), escaped(&format!("{slash}{target}"))))
    }

    /// The request as a client of the session `session` sends it; `forward`: to a forward proxy.
    pub(super) fn request(&self, session: &str, forward: bool) -> Result<Request, String> {
        let (origin, target) = self.split()?;
        let bad = |_| format!("`{}` is no URL", shown(&self.url));
        let mut builder = ::http::Request::builder().method(self.method.clone()).uri(target);
        let given = self.value(&header::HOST).is_some();
        if let Some(origin) = origin.as_ref().filter(|_| !given) {
            builder = builder.header(header::HOST, origin.authority());
        }
        for (name, value) in &self.headers {
            builder = builder.header(name, value);
        }
        let (head, ()) = builder.body(()).map_err(bad)?.into_parts();
        let body = if self.body.is_empty() { Body::Empty } else { Body::Whole(self.body.clone()) };
        let scheme =
            if origin.as_ref().is_some_and(|own| own.scheme() == "https") { "https" } else { "http" };
        let named = head.headers.contains_key(SESSION);
        let mut request = Request::new(head, body, scheme, SocketAddr::from((Ipv4Addr::LOCALHOST, 80)));
        request.asked = origin.filter(|_| forward);
        request.session = (!named).then(|| Arc::from(session));
        Ok(request)
    }
}

/// Whether this can only be meant as a URL or a path.
pub(super) fn is_url(text: &str) -> bool {
    text.starts_with('/') || text.starts_with("http://") || text.starts_with("https://")
}

/// What a message shows of a request that is none: a query, and what stands before a host, may hold secrets.
pub(super) fn shown(text: &str) -> String {
    let text = text.split('?').next().unwrap_or_default();
    let text = text.rsplit_once('@').map_or(text, |(_, rest)| rest);
    text.chars().take(80).flat_map(char::escape_debug).collect()
}

/// The target with what no target can hold (RFC 3986 §2) escaped, as clients do.
fn escaped(target: &str) -> String {
    let mut out = String::with_capacity(target.len());
    for byte in target.bytes() {
        if byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_an_origin_and_a_target() {
        for (url, origin, target) in [
            ("/a?b=1", None, "/a?b=1"),
            (
                "https://dev-1.okta.com/api/v1/users?q=a b#top",
                Some("https://dev-1.okta.com"),
                "/api/v1/users?q=a%20b",
            ),
            ("http://me:pw@127.0.0.1:8080", Some("http://127.0.0.1:8080"), "/"),
            ("localhost:8080/x", Some("http://localhost:8080"), "/x"),
            ("https://h?x={1}", Some("https://h"), "/?x=%7B1%7D"),
        ] {
            let (own, path) = Asked::new("GET", url).unwrap().split().unwrap();
            assert_eq!((own.map(|own| own.to_string()).as_deref(), path.as_str()), (origin, target));
        }
        assert!(Asked::new("GET", "ftp://a b/").is_err());
        assert!(Asked::parse("what is this").is_err());
        assert_eq!(Asked::parse("/x").unwrap().method, Method::GET);
    }
}
