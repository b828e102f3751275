//! What a command finds in its environment: where the proxy is, in the words of those who are to find it.
//!
//! Which variables clients read was seen on Okta's SDKs for Python (2.x, 3.x) and Node, requests,
//! curl, and Node's fetch; of Okta's SDK for Go its source tells (`envconfig`).

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use crate::cli::Variable;
use crate::command::Failure;
use crate::config::ServeConfig;
use crate::http::{HostPattern, Origin, address, is_loopback};
use crate::launch::Facts;
use crate::tls::bundle;

/// Variables that are set, and what to.
pub(super) type Variables = BTreeMap<String, OsString>;

/// Stands for a token where no token is needed.
const NO_TOKEN: &str = "overdub";

/// What lets Okta's SDKs for Python and for Go ask an org without TLS.
const PLAIN: [&str; 2] = ["OKTA_TESTING_TESTINGDISABLEHTTPSCHECK", "OKTA_TESTING_DISABLE_HTTPS_CHECK"];

/// Programs on this machine, as `NO_PROXY` names them.
const HERE: [&str; 2] = ["127.0.0.1", "localhost"];

/// A proxy, as those need it who set up a client for it.
pub(super) struct Reachable<'a> {
    pub(super) facts: &'a Facts,
    pub(super) serve: &'a ServeConfig,
    /// No real org is ever asked.
    pub(super) is_safe: bool,
}

impl Reachable<'_> {
    /// The variables to be set for a command. `caller` is what the environment says so far.
    ///
    /// # Errors
    /// There is no bundle of certificates, and none can be written.
    pub(super) fn variables(
        &self,
        own: &[Variable],
        caller: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Variables, Failure> {
        let caller = |name: &str| caller(name).filter(|value| !value.is_empty());
        let url = self.url();
        let mut set = Variables::new();
        let mut put = |name: &str, value: &OsStr| set.insert(name.to_owned(), value.to_owned());
        put("OVERDUB_URL", url.to_string().as_ref());
        if let Some(admin) = self.admin() {
            put("OVERDUB_ADMIN_URL", admin.as_ref());
        }
        if self.serve.forward.is_some() {
            for name in ["HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"] {
                put(name, url.to_string().as_ref());
            }
        }
        // By way of a forward proxy a client asks for the API itself: which one, its own settings say best.
        let org = match &self.serve.forward {
            None => Some(url),
            Some(_) if caller("OKTA_CLIENT_ORGURL").is_some() => None,
            Some(_) => Origin::parse(&self.facts.upstream).ok(),
        };
        if let Some(org) = org {
            put("OKTA_CLIENT_ORGURL", org.to_string().as_ref());
            for name in PLAIN.iter().filter(|_| org.scheme() == "http") {
                put(name, "true".as_ref());
            }
        }
        if self.is_safe && caller("OKTA_CLIENT_TOKEN").is_none() {
            put("OKTA_CLIENT_TOKEN", NO_TOKEN.as_ref());
        }
        if let Some(direct) = self.direct(caller) {
            put("NO_PROXY", direct.as_ref());
            put("no_proxy", direct.as_ref());
        }
        self.certificates(caller, &mut put)?;
        for Variable { name, value } in own {
            set.insert(name.clone(), self.filled(value).into());
        }
        Ok(set)
    }

    /// Where clients reach it: an address that stands for all of this machine's is none to connect to.
    fn url(&self) -> Origin {
        if let Some(public) = &self.serve.public {
            return public.clone();
        }
        let own = &self.facts.url;
        let here: IpAddr = match address(own.host()) {
            Some(IpAddr::V4(Ipv4Addr::UNSPECIFIED)) => Ipv4Addr::LOCALHOST.into(),
            Some(IpAddr::V6(Ipv6Addr::UNSPECIFIED)) => Ipv6Addr::LOCALHOST.into(),
            _ => return own.clone(),
        };
        Origin::new(own.scheme(), &std::net::SocketAddr::new(here, own.port()).to_string())
    }

    fn admin(&self) -> Option<String> {
        self.facts.admin.map(|address| format!("http://{address}"))
    }

    /// `--env` with its places filled; those without anything to fill them were refused.
    fn filled(&self, value: &str) -> String {
        let (url, ca) = (self.url(), self.facts.ca.as_ref());
        value
            .replace("{url}", &url.to_string())
            .replace("{proxy}", &url.to_string())
            .replace("{host}", url.authority())
            .replace("{port}", &url.port().to_string())
            .replace("{admin}", &self.admin().unwrap_or_default())
            .replace("{ca}", &ca.map_or_else(String::new, |path| path.display().to_string()))
    }

    /// What `NO_PROXY` has to say, if anything: the proxy itself is asked directly, unless it is the one that is meant.
    fn direct(&self, caller: impl Fn(&str) -> Option<OsString>) -> Option<String> {
        let is_set = |names: &[&str]| names.iter().any(|name| caller(name).is_some());
        let said = caller("NO_PROXY").or_else(|| caller("no_proxy")).unwrap_or_default();
        let said = said.to_string_lossy().into_owned();
        let said = said.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let (said, here): (Vec<&str>, &[&str]) = match &self.serve.forward {
            None if !is_set(&[
                "HTTP_PROXY",
                "http_proxy",
                "HTTPS_PROXY",
                "https_proxy",
                "ALL_PROXY",
                "all_proxy",
            ]) =>
            {
                return None;
            }
            None => (said.collect(), &HERE),
            // Whom it is asked for must not be asked directly.
            Some(forward) => {
                let is_meant = forward.allowed.iter().any(is_here) || self.is_upstream_here();
                let is_asked_for = |entry: &str| {
                    let host = entry.trim_start_matches('.');
                    let is_allowed = |host: &str| forward.allows(host, 443);
                    entry == "*"
                        || is_allowed(host)
                        || is_allowed(&format!("x.{host}"))
                        || (is_meant && is_loopback(host))
                };
                (said.filter(|entry| !is_asked_for(entry)).collect(), if is_meant { &[] } else { &HERE })
            }
        };
        let more = here.iter().copied().filter(|name| !said.contains(name));
        Some(said.iter().copied().chain(more).collect::<Vec<_>>().join(","))
    }

    fn is_upstream_here(&self) -> bool {
        Origin::parse(&self.facts.upstream).is_ok_and(|upstream| is_loopback(upstream.host()))
    }

    /// Names the certificates to trust, in the variables that take them in place of the system's and in those that add.
    fn certificates(
        &self,
        caller: impl Fn(&str) -> Option<OsString>,
        put: &mut impl FnMut(&str, &OsStr) -> Option<OsString>,
    ) -> Result<(), Failure> {
        let Some(ca) = &self.facts.ca else { return Ok(()) };
        // Whoever trusts others by these now still has to; those in SSL_CERT_FILE are the system's here.
        let others = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"];
        let mut others: Vec<PathBuf> =
            others.iter().filter_map(|name| caller(name)).map(PathBuf::from).collect();
        others.retain(|path| path.is_file());
        let all = bundle(ca, &others).map_err(Failure::usage)?;
        for name in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"] {
            put(name, all.as_os_str());
        }
        let added = if caller("NODE_EXTRA_CA_CERTS").is_some() { &all } else { ca };
        put("NODE_EXTRA_CA_CERTS", added.as_os_str());
        Ok(())
    }
}

/// Whether a pattern names this machine.
fn is_here(pattern: &HostPattern) -> bool {
    pattern.address().is_some_and(|own| own.is_loopback()) || pattern.name().is_some_and(is_loopback)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Listen;
    use crate::server::Forward;

    fn facts(url: &str) -> Facts {
        Facts {
            url: Origin::parse(url).unwrap(),
            address: "127.0.0.1:8".parse().unwrap(),
            ca: None,
            admin: Some("127.0.0.1:9".parse().unwrap()),
            mode: "replay",
            upstream: "none".to_owned(),
            cassettes: 0,
            interactions: 0,
        }
    }

    fn serve(hosts: Option<&[&str]>) -> ServeConfig {
        let forward = hosts.map(|hosts| Forward {
            allowed: hosts.iter().map(|host| host.parse().unwrap()).collect(),
            tunnel_others: false,
        });
        ServeConfig { listen: Listen("127.0.0.1:0".parse().unwrap()), tls: false, forward, public: None }
    }

    fn variables(serve: &ServeConfig, facts: &Facts, is_safe: bool, caller: &[(&str, &str)]) -> Vec<String> {
        let said =
            |name: &str| caller.iter().find(|(own, _)| *own == name).map(|(_, value)| OsString::from(*value));
        let set = Reachable { facts, serve, is_safe }.variables(&[], said).unwrap();
        set.iter().map(|(name, value)| format!("{name}={}", value.display())).collect()
    }

    #[test]
    fn a_replay_gives_a_client_all_it_needs() {
        let set = variables(&serve(None), &facts("http://127.0.0.1:8"), true, &[]);
        assert_eq!(
            set,
            [
                "OKTA_CLIENT_ORGURL=http://127.0.0.1:8",
                "OKTA_CLIENT_TOKEN=overdub",
                "OKTA_TESTING_DISABLE_HTTPS_CHECK=true",
                "OKTA_TESTING_TESTINGDISABLEHTTPSCHECK=true",
                "OVERDUB_ADMIN_URL=http://127.0.0.1:9",
                "OVERDUB_URL=http://127.0.0.1:8",
            ]
        );
    }

    #[test]
    fn a_real_token_stays_and_none_is_made_up_where_a_real_org_is_asked() {
        let (serve, facts) = (serve(None), facts("http://127.0.0.1:8"));
        for (is_safe, token) in [(true, "00real"), (false, ""), (false, "00real")] {
            let set = variables(&serve, &facts, is_safe, &[("OKTA_CLIENT_TOKEN", token)]);
            assert!(!set.iter().any(|own| own.starts_with("OKTA_CLIENT_TOKEN")), "{set:?}");
        }
        assert!(
            variables(&serve, &facts, true, &[("OKTA_CLIENT_TOKEN", "")])
                .contains(&"OKTA_CLIENT_TOKEN=overdub".to_owned())
        );
    }

    #[test]
    fn the_proxy_of_a_company_is_not_asked_for_ours() {
        let caller = [("HTTPS_PROXY", "http://proxy.test:1"), ("no_proxy", "a.test, localhost")];
        let set = variables(&serve(None), &facts("http://127.0.0.1:8"), true, &caller);
        assert!(set.contains(&"NO_PROXY=a.test,localhost,127.0.0.1".to_owned()), "{set:?}");
    }

    #[test]
    fn a_forward_proxy_is_asked_for_what_it_is_there_for_and_for_nothing_here() {
        let caller = [("NO_PROXY", "*,.okta.com,b.test"), ("OKTA_CLIENT_ORGURL", "https://own.okta.com")];
        let forward = serve(Some(&["*.okta.com"]));
        let set = variables(&forward, &facts("http://127.0.0.1:8"), true, &caller);
        for variable in ["HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"] {
            assert!(set.contains(&format!("{variable}=http://127.0.0.1:8")), "{set:?}");
        }
        assert!(set.contains(&"NO_PROXY=b.test,127.0.0.1,localhost".to_owned()), "{set:?}");
        assert!(!set.iter().any(|own| own.starts_with("OKTA_CLIENT_ORGURL")), "{set:?}");

        let set = variables(&serve(Some(&["127.0.0.1"])), &facts("http://127.0.0.1:8"), true, &[]);
        assert!(set.contains(&"NO_PROXY=".to_owned()), "{set:?}");
    }

    #[test]
    fn an_address_that_means_all_is_none_to_connect_to() {
        for (listening, url) in
            [("http://0.0.0.0:8", "http://127.0.0.1:8"), ("http://[::]:8", "http://[::1]:8")]
        {
            let set = variables(&serve(None), &facts(listening), true, &[]);
            assert!(set.contains(&format!("OVERDUB_URL={url}")), "{set:?}");
        }
    }
}
