//! Which hosts are meant: names, addresses and wildcards, each with or without a port.

use std::net::IpAddr;
use std::str::FromStr;

use super::headers::Origin;

/// `org.okta.com`, `*.okta.com`, `127.0.0.1`, `[::1]:8443`, `*`: one host or many; any port unless one is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPattern {
    host: Host,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    /// Every host.
    Any,
    /// Every name below this one, at any depth, but not the name itself.
    Below(String),
    Name(String),
    Address(IpAddr),
}

/// Why a text names no hosts.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "`{text}` {problem}; write HOST or HOST:PORT, as org.okta.com, *.okta.com, 127.0.0.1:8080 or [::1]:8080"
)]
pub struct HostPatternError {
    text: String,
    problem: &'static str,
}

impl FromStr for HostPattern {
    type Err = HostPatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fails = |problem| HostPatternError { text: text.to_owned(), problem };
        if text.contains('/') {
            return Err(fails("is more than a host"));
        }
        let (host, port) = split(text);
        let port = match port.map(str::parse) {
            None => None,
            Some(Ok(port)) if port > 0 => Some(port),
            Some(_) => return Err(fails("has a port that is none")),
        };
        let host = if host == "*" {
            Host::Any
        } else if let Some(address) = address(host) {
            Host::Address(address)
        } else if let Some(name) = host.strip_prefix("*.") {
            Host::Below(self::name(name).map_err(fails)?)
        } else {
            Host::Name(name(host).map_err(fails)?)
        };
        Ok(Self { host, port })
    }
}

impl HostPattern {
    /// The pattern for an origin's host at any port; for one on this machine at its own, since the other ports are those
    /// of other programs.
    pub fn host_of(origin: &Origin) -> Self {
        let own = origin.host();
        let is_here = is_loopback(own) || address(own).as_ref().is_some_and(IpAddr::is_unspecified);
        let host = address(own).map_or_else(|| Host::Name(plain(own)), Host::Address);
        Self { host, port: is_here.then(|| origin.port()) }
    }

    /// Whether it means this host (a name, an address, `[v6]`) at this port.
    pub fn allows(&self, host: &str, port: u16) -> bool {
        if self.port.is_some_and(|own| own != port) {
            return false;
        }
        match (&self.host, address(host)) {
            (Host::Any, _) => true,
            (Host::Address(own), Some(address)) => *own == address,
            (Host::Below(own), None) => plain(host)
                .strip_suffix(own.as_str())
                .is_some_and(|below| below.len() > 1 && below.ends_with('.')),
            (Host::Name(own), None) => *own == plain(host),
            _ => false,
        }
    }

    /// The name it is or that it stands below; `None` for an address, and for every host.
    pub fn name(&self) -> Option<&str> {
        match &self.host {
            Host::Name(name) | Host::Below(name) => Some(name),
            Host::Any | Host::Address(_) => None,
        }
    }

    /// The address it is.
    pub fn address(&self) -> Option<IpAddr> {
        match self.host {
            Host::Address(address) => Some(address),
            _ => None,
        }
    }
}

/// Host and port as text. Only one colon parts a port off: more of them are an IPv6 address without brackets.
fn split(text: &str) -> (&str, Option<&str>) {
    if let Some((host, port)) = text.rsplit_once(':')
        && (host.ends_with(']') || !host.contains(':'))
    {
        return (host, Some(port));
    }
    (text, None)
}

/// The address that a host is written as, one of IPv4 within IPv6 as the former.
pub fn address(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    bare.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// Whether a host is this machine's own loopback, by address or by name (RFC 6761 §6.3).
pub fn is_loopback(host: &str) -> bool {
    let name = plain(host);
    name == "localhost"
        || name.ends_with(".localhost")
        || address(host).as_ref().is_some_and(IpAddr::is_loopback)
}

/// A name as it is compared: in lower case, without the dot of the root.
fn plain(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

fn name(text: &str) -> Result<String, &'static str> {
    let name = plain(text);
    if !name.is_ascii() {
        return Err("is not ASCII (write an international name in its xn-- form)");
    }
    let label = |label: &str| {
        !label.is_empty()
            && label.len() < 64
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    if name.split('.').all(label) { Ok(name) } else { Err("is no host name") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_means_what_it_names_and_nothing_else() {
        for (pattern, meant, others) in [
            (
                "Org.okta.com",
                &["org.okta.com:443", "ORG.OKTA.COM.:80"][..],
                &["x.org.okta.com:443", "okta.com:443"][..],
            ),
            (
                "*.okta.com",
                &["a.okta.com:443", "a.b.okta.com:1"],
                &["okta.com:443", "evilokta.com:443", "a.okta.com.evil:443"],
            ),
            ("org.okta.com:8443", &["org.okta.com:8443"], &["org.okta.com:443"]),
            ("*.okta.com:443", &["a.okta.com:443"], &["a.okta.com:80"]),
            ("127.0.0.1", &["127.0.0.1:1", "[::ffff:127.0.0.1]:1"], &["127.0.0.2:1", "localhost:1"]),
            ("[::1]:8080", &["[::1]:8080", "[0:0::1]:8080"], &["[::1]:80", "[::2]:8080"]),
            ("::1", &["[::1]:8080"], &["[::2]:1"]),
            ("*", &["a:1", "10.0.0.1:1"], &[]),
            ("*:443", &["a:443"], &["a:80"]),
        ] {
            let own: HostPattern = pattern.parse().unwrap();
            let allows = |target: &&str| {
                let (host, port) = target.rsplit_once(':').unwrap();
                own.allows(host, port.parse().unwrap())
            };
            assert!(meant.iter().all(allows), "{pattern} means {meant:?}");
            assert!(!others.iter().any(allows), "{pattern} means none of {others:?}");
        }
    }

    #[test]
    fn an_origin_on_this_machine_is_meant_at_its_own_port() {
        for (origin, host, at_others) in [
            ("https://org.okta.com", "ORG.okta.com", true),
            ("http://10.0.0.1:443", "10.0.0.1", true),
            ("http://127.0.0.1:443", "[::ffff:127.0.0.1]", false),
            ("http://[::1]:443", "[::1]", false),
            ("http://localhost:443", "localhost", false),
            ("http://0.0.0.0:443", "0.0.0.0", false),
        ] {
            let own = HostPattern::host_of(&Origin::parse(origin).unwrap());
            assert_eq!([own.allows(host, 443), own.allows(host, 80)], [true, at_others], "{origin}");
        }
    }

    #[test]
    fn loopback_is_this_machine_and_nothing_else() {
        for own in ["127.0.0.1", "127.1.2.3", "[::1]", "localhost", "LOCALHOST.", "a.localhost"] {
            assert!(is_loopback(own), "{own}");
        }
        for other in ["10.0.0.1", "[::2]", "evil.test", "localhost.evil.test", "127.0.0.1.evil.test", ""] {
            assert!(!is_loopback(other), "{other}");
        }
    }

    #[test]
    fn what_is_no_host_is_told() {
        for (text, problem) in [
            ("https://org.okta.com", "is more than a host"),
            ("org.okta.com/", "is more than a host"),
            ("org:0", "has a port that is none"),
            ("org:x", "has a port that is none"),
            ("", "is no host name"),
            ("a..b", "is no host name"),
            ("o*.okta.com", "is no host name"),
            ("*.*.com", "is no host name"),
            ("*.127.0.0.1:x", "has a port that is none"),
            ("ökta.com", "is not ASCII (write an international name in its xn-- form)"),
        ] {
            let error = HostPattern::from_str(text).unwrap_err();
            assert_eq!(error.problem, problem, "{text}");
        }
    }
}
