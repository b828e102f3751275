//! What a proxy does to headers: hop-by-hop ones go, cookies follow the client's origin, bytes are owned.

use std::net::Ipv6Addr;
use std::sync::Arc;

use ::http::uri::Authority;
use ::http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use bytes::Bytes;

/// A scheme and an authority: what a link begins with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: &'static str,
    authority: Arc<str>,
}

/// Why a text is no origin.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum OriginError {
    /// No `http://` or `https://` in front.
    #[error("`{0}` has no scheme: write http://{0} or https://{0}")]
    NoScheme(String),
    /// A scheme that is not spoken here.
    #[error("`{0}` is neither http:// nor https://")]
    Scheme(String),
    /// A path, query or user name after or before the host.
    #[error("it names more than an origin: only scheme://host[:port] is allowed here")]
    NotBare,
    /// Not a URL.
    #[error("`{0}` is not a URL: write scheme://host[:port]")]
    Invalid(String),
}

impl Origin {
    /// An origin of parts known to be valid. The authority is compared in lower case (RFC 3986 §3.2.2).
    pub fn new(scheme: &'static str, authority: &str) -> Self {
        let is_lower = !authority.bytes().any(|byte| byte.is_ascii_uppercase());
        let authority =
            if is_lower { Arc::from(authority) } else { Arc::from(authority.to_ascii_lowercase()) };
        Self { scheme, authority }
    }

    /// Reads `scheme://host[:port]`, a trailing slash allowed.
    ///
    /// # Errors
    /// Says what is missing or too much.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        let Some((scheme, _)) = text.split_once("://") else {
            return Err(OriginError::NoScheme(text.to_owned()));
        };
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => "http",
            "https" => "https",
            _ => return Err(OriginError::Scheme(text.to_owned())),
        };
        let uri: Uri = text.parse().map_err(|_| OriginError::Invalid(text.to_owned()))?;
        let authority = uri.authority().ok_or_else(|| OriginError::Invalid(text.to_owned()))?;
        if authority.as_str().contains('@') || uri.query().is_some() || !matches!(uri.path(), "" | "/") {
            return Err(OriginError::NotBare);
        }
        let (host, port) = host_and_port(authority).ok_or_else(|| OriginError::Invalid(text.to_owned()))?;
        Ok(match port {
            Some(port) => Self::of(scheme, &format!("{host}:{port}")),
            None => Self::of(scheme, host),
        })
    }

    /// An origin of parts known to be valid, the scheme's own port left out: it is left out of links, so it must not stand
    /// in what we look for.
    pub fn of(scheme: &'static str, authority: &str) -> Self {
        let default = if scheme == "https" { ":443" } else { ":80" };
        Self::new(scheme, authority.strip_suffix(default).unwrap_or(authority))
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// `host` or `host:port`.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The authority without its port.
    pub fn host(&self) -> &str {
        let host =
            self.authority.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
        host.map_or(&self.authority, |(host, _)| host)
    }

    /// The port, the scheme's own where the authority names none.
    pub fn port(&self) -> u16 {
        let named = self.authority[self.host().len()..].strip_prefix(':').and_then(|port| port.parse().ok());
        named.unwrap_or(if self.scheme == "https" { 443 } else { 80 })
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

/// The host and the port of an authority that is nothing else (RFC 3986 §3.2); `None` if it is more, or less. The parser
/// takes `[::1].org.test` and `org.test:+80` too, and what one reader makes of them is not what the next one does.
pub fn host_and_port(authority: &Authority) -> Option<(&str, Option<u16>)> {
    let host = authority.host();
    let rest = authority.as_str().strip_prefix(host).filter(|_| !host.is_empty())?;
    if let Some(address) = host.strip_prefix('[') {
        address.strip_suffix(']')?.parse::<Ipv6Addr>().ok()?;
    }
    if rest.is_empty() {
        return Some((host, None));
    }
    let port = rest.strip_prefix(':').filter(|port| port.bytes().all(|byte| byte.is_ascii_digit()))?;
    Some((host, Some(port.parse().ok()?)))
}

/// Headers that concern one connection only (RFC 9110 §7.6.1), besides those that `Connection` names.
const HOP_BY_HOP: [HeaderName; 6] = [
    header::CONNECTION,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// The names of headers that `Connection` keeps from travelling past this hop.
fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    let named = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let named = named.flat_map(|value| value.split(',')).map(str::trim);
    // What nearly all clients say stays on this hop anyway.
    let others = named.filter(|name| !name.eq_ignore_ascii_case("keep-alive"));
    others.filter_map(|name| name.parse().ok()).collect()
}

/// The headers that may travel past this hop, less those in `besides`, in their order.
pub fn end_to_end(headers: &HeaderMap, besides: &[HeaderName]) -> HeaderMap {
    let named = named_by_connection(headers);
    filtered(headers, |name| !HOP_BY_HOP.contains(name) && !besides.contains(name) && !named.contains(name))
}

/// The headers that may travel past this hop: these ones where all may.
pub fn into_end_to_end(headers: HeaderMap) -> HeaderMap {
    if headers.keys().any(|name| HOP_BY_HOP.contains(name)) { end_to_end(&headers, &[]) } else { headers }
}

/// The headers whose name fits, in their order: `HeaderMap::remove` would put the last one in a removed one's place.
pub fn filtered(headers: &HeaderMap, fits: impl Fn(&HeaderName) -> bool) -> HeaderMap {
    let mut kept = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers.iter().filter(|(name, _)| fits(name)) {
        kept.append(name, value.clone());
    }
    kept
}

/// A copy of the headers whose name fits. It shares no memory with the original, whose values are slices of a
/// connection's read buffer: keeping one value would keep the whole buffer (12 KB for an exchange of 1.5 KB). The copied
/// values are slices as well, of one buffer that holds nothing else.
pub fn copied(headers: &HeaderMap, fits: impl Fn(&HeaderName) -> bool) -> HeaderMap {
    let own = || headers.iter().filter(|(name, _)| fits(name));
    let mut values = Vec::with_capacity(own().map(|(_, value)| value.len()).sum());
    own().for_each(|(_, value)| values.extend_from_slice(value.as_bytes()));
    let mut values = Bytes::from(values);
    let mut copy = HeaderMap::with_capacity(headers.len());
    for (name, value) in own() {
        // The bytes come from a valid value, so this cannot fail.
        if let Ok(value) = HeaderValue::from_maybe_shared(values.split_to(value.len())) {
            copy.append(name, value);
        }
    }
    copy
}

/// Whether a message with these headers holds text in which links are rewritten: JSON, HTML, XML and other text, but
/// no event stream, which has to go out as it comes in.
pub fn is_text(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let media = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let text = media.starts_with("text/") && media != "text/event-stream";
    text || ["json", "xml", "javascript"]
        .iter()
        .any(|kind| media.strip_suffix(kind).is_some_and(|rest| rest.ends_with('/') || rest.ends_with('+')))
}

/// Bytes of a header section: names and values, without separators.
pub fn total_size(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
}

/// A `Set-Cookie` value that a client of another origin keeps: without `Domain`, and without `Secure` for a client
/// that came by plain http, which could not send such a cookie back (RFC 6265 §5.3, §5.4).
pub fn localise_cookie(value: &HeaderValue, client_is_secure: bool) -> HeaderValue {
    let Ok(text) = value.to_str() else { return value.clone() };
    let mut parts = text.split(';');
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let name = part.split('=').next().unwrap_or_default().trim();
        let drop =
            name.eq_ignore_ascii_case("domain") || (!client_is_secure && name.eq_ignore_ascii_case("secure"));
        if !drop {
            kept.push(';');
            kept.push_str(part);
        }
    }
    HeaderValue::from_str(&kept).unwrap_or_else(|_| value.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_scheme_and_an_authority_and_nothing_else() {
        assert_eq!(Origin::parse("https://Org.okta.com:443/").unwrap().to_string(), "https://org.okta.com");
        assert_eq!(Origin::parse("http://127.0.0.1:8080").unwrap().authority(), "127.0.0.1:8080");
        assert_eq!(Origin::parse("http://[::1]:8080").unwrap().host(), "[::1]");
        assert_eq!(Origin::parse("http://org:0080").unwrap().authority(), "org");
        for (text, error) in [
            ("org.okta.com", OriginError::NoScheme("org.okta.com".into())),
            ("ftp://org", OriginError::Scheme("ftp://org".into())),
            ("https://org/api", OriginError::NotBare),
            ("https://me@org", OriginError::NotBare),
            ("https://", OriginError::Invalid("https://".into())),
            ("http://org:99999", OriginError::Invalid("http://org:99999".into())),
            ("http://org:+80", OriginError::Invalid("http://org:+80".into())),
            ("http://[::1].org.test", OriginError::Invalid("http://[::1].org.test".into())),
            ("http://[127.0.0.1]:80", OriginError::Invalid("http://[127.0.0.1]:80".into())),
        ] {
            assert_eq!(Origin::parse(text), Err(error));
        }
    }

    #[test]
    fn a_copy_has_the_same_values_in_memory_of_its_own() {
        let buffer = Bytes::from_static(b"text/plain,a,,b");
        let mut headers = HeaderMap::new();
        for (name, range) in [("content-type", 0..10), ("x-a", 11..12), ("x-b", 13..13), ("x-a", 14..15)] {
            headers.append(name, HeaderValue::from_maybe_shared(buffer.slice(range)).unwrap());
        }
        let copy = copied(&headers, |_| true);
        assert_eq!(copy, headers);
        let names = |headers: &HeaderMap| headers.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&copy), names(&headers));
        let within = |value: &HeaderValue| buffer.as_ptr_range().contains(&value.as_bytes().as_ptr());
        assert!(headers.values().all(within) && !copy.values().any(within));
        headers.remove("x-a");
        assert_eq!(copied(&copy, |name| name != "x-a"), headers);
    }

    #[test]
    fn headers_of_one_hop_stay_on_it() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "keep-alive, X-Mine"),
            ("keep-alive", "timeout=5"),
            ("x-mine", "1"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("trailer", "x-sum"),
            ("accept", "*/*"),
        ] {
            headers.append(name, HeaderValue::from_static(value));
        }
        let left = end_to_end(&headers, &[]);
        assert_eq!(left.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["trailer", "accept"]);
        assert_eq!(into_end_to_end(headers), left);
        assert_eq!(into_end_to_end(left.clone()), left);
    }

    #[test]
    fn a_cookie_follows_the_client() {
        let cookie = HeaderValue::from_static("sid=1; Path=/; Domain=.okta.com; Secure; HttpOnly");
        assert_eq!(localise_cookie(&cookie, false), "sid=1; Path=/; HttpOnly");
        assert_eq!(localise_cookie(&cookie, true), "sid=1; Path=/; Secure; HttpOnly");
    }
}
