//! What is known about one API, as data: which POSTs only read, which fields vary, which cookies are secret.
//!
//! The core serves any HTTP API; all that is Okta's stands in `profiles/okta.yaml`, embedded in the binary.

mod route;

pub use route::{Captures, Route, RoutePath};

use ::http::{HeaderName, Method};

use crate::http::Origin;

/// The profile that ships with the program.
const OKTA: &str = include_str!("../../profiles/okta.yaml");

/// What a request is to the recording: it decides which recorded answer is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Changes nothing; its last answer may be given again.
    Read,
    /// Changes something; each recorded answer is given once.
    Write,
    /// A write by method that asks how far something is; its last answer may be given again.
    Poll,
    /// Hands out tokens; its last good answer may be given again.
    Token,
}

/// What is known about one API.
#[derive(Debug)]
pub struct Profile {
    /// Its name, as cassettes state it.
    pub name: String,
    /// The origin that cassettes hold in place of the real one.
    pub stand_in_origin: Origin,
    /// Request headers that are recorded besides the ones that every API has.
    pub request_headers: Vec<HeaderName>,
    /// Names of cookies whose values are secret; a `*` at the end stands for any rest.
    pub secret_cookies: Vec<String>,
    /// JSON and form fields that match by their value, which no message may show.
    pub secret_fields: Vec<String>,
    /// JSON and form fields that match by presence only.
    pub presence_only: Vec<String>,
    /// Pairs of paths: a write to the first concerns reads of the second.
    pub related: Vec<(RoutePath, RoutePath)>,
    kinds: Vec<(Kind, Route)>,
}

/// Why a profile could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// Not the YAML that a profile is.
    #[error("profile: {0}")]
    Yaml(#[from] serde_yaml::Error),
    /// A value that is not what its place asks for.
    #[error("profile: {field}: `{value}` {problem}")]
    Value {
        /// The key it stands under.
        field: &'static str,
        /// What stands there.
        value: String,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl Profile {
    /// The embedded Okta profile.
    ///
    /// # Errors
    /// None in practice: a test reads it.
    pub fn okta() -> Result<Self, ProfileError> {
        Self::parse(OKTA)
    }

    /// Reads a profile from YAML.
    ///
    /// # Errors
    /// Names the key, or line and column.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        let file: File = serde_yaml::from_str(text)?;
        let stand_in_origin = Origin::parse(&file.stand_in_origin).map_err(|_| ProfileError::Value {
            field: "stand_in_origin",
            value: file.stand_in_origin.clone(),
            problem: "is no origin: write scheme://host",
        })?;
        let mut kinds = Vec::new();
        for (field, kind, routes) in [
            ("reads", Kind::Read, &file.reads),
            ("polls", Kind::Poll, &file.polls),
            ("tokens", Kind::Token, &file.tokens),
        ] {
            for route in routes {
                let parsed = Route::parse(route).ok_or_else(|| ProfileError::Value {
                    field,
                    value: route.clone(),
                    problem: "is no route: write METHOD /path/{name}/*",
                })?;
                kinds.push((kind, parsed));
            }
        }
        let related = file.related.iter().map(Related::parse).collect::<Result<_, _>>()?;
        let request_headers = file
            .request_headers
            .iter()
            .map(|name| {
                name.parse().map_err(|_| ProfileError::Value {
                    field: "request_headers",
                    value: name.clone(),
                    problem: "is no header name",
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            name: file.name,
            stand_in_origin,
            request_headers,
            secret_cookies: file.secrets.cookies,
            secret_fields: file.secrets.fields,
            presence_only: file.matching.presence_only,
            related,
            kinds,
        })
    }

    /// What a request with this method and these path segments is. GET, HEAD, OPTIONS and TRACE are safe by
    /// definition (RFC 9110 §9.2.1).
    pub fn kind(&self, method: &Method, segments: &[&str]) -> Kind {
        if method.is_safe() {
            return Kind::Read;
        }
        let known = self.kinds.iter().find(|(_, route)| route.matches(method, segments));
        known.map_or(Kind::Write, |(kind, _)| *kind)
    }

    /// Whether the value of the cookie `name` is kept off the disk.
    pub fn is_secret_cookie(&self, name: &str) -> bool {
        let name = name.trim_matches('"');
        let name = name.strip_prefix("__Host-").or_else(|| name.strip_prefix("__Secure-")).unwrap_or(name);
        self.secret_cookies.iter().any(|secret| match secret.strip_suffix('*') {
            Some(prefix) => name.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix)),
            None => name.eq_ignore_ascii_case(secret),
        })
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    stand_in_origin: String,
    #[serde(default)]
    request_headers: Vec<String>,
    #[serde(default)]
    secrets: Secrets,
    #[serde(default)]
    matching: Matching,
    #[serde(default)]
    reads: Vec<String>,
    #[serde(default)]
    polls: Vec<String>,
    #[serde(default)]
    tokens: Vec<String>,
    #[serde(default)]
    related: Vec<Related>,
}

#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Secrets {
    #[serde(default)]
    cookies: Vec<String>,
    #[serde(default)]
    fields: Vec<String>,
}

#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Matching {
    #[serde(default)]
    presence_only: Vec<String>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Related {
    write: String,
    read: String,
}

impl Related {
    fn parse(&self) -> Result<(RoutePath, RoutePath), ProfileError> {
        let bad =
            |value: &str, problem| ProfileError::Value { field: "related", value: value.to_owned(), problem };
        let path = |text: &str| {
            RoutePath::parse(text)
                .ok_or_else(|| bad(text, "is no path: write /path/{name}/*, and `**` at the end only"))
        };
        let (write, read) = (path(&self.write)?, path(&self.read)?);
        if !read.can_be_filled_from(&write) {
            return Err(bad(&self.read, "has a `*` or a {name} that the write does not name"));
        }
        Ok((write, read))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_profile_knows_polls_from_writes() {
        let okta = Profile::okta().unwrap();
        let kind =
            |method: &Method, path: &str| okta.kind(method, &path.split('/').skip(1).collect::<Vec<_>>());
        assert_eq!(kind(&Method::POST, "/api/v1/users/u/factors/f/lifecycle/activate/poll"), Kind::Poll);
        assert_eq!(kind(&Method::POST, "/api/v1/users/u/factors/f/lifecycle/activate"), Kind::Write);
        assert_eq!(kind(&Method::POST, "/oauth2/default/v1/token"), Kind::Token);
        assert_eq!(kind(&Method::GET, "/oauth2/default/v1/token"), Kind::Read);
        assert!(
            okta.is_secret_cookie("jsessionid")
                && okta.is_secret_cookie("__Host-sid")
                && okta.is_secret_cookie("proximity_ab")
        );
        assert!(!okta.is_secret_cookie("ln"));
    }

    #[test]
    fn a_profile_with_an_unknown_key_or_a_bad_route_is_refused() {
        let error = |text: &str| Profile::parse(text).unwrap_err().to_string();
        assert!(error("name: x\nstand_in_origin: https://x.test\nrads: []").contains("rads"));
        assert!(error("name: x\nstand_in_origin: https://x.test\nreads: [/a]").contains("`/a` is no route"));
        let related = |read: &str| {
            error(&format!(
                "name: x\nstand_in_origin: https://x.test\nrelated: [{{write: '/a/{{u}}', read: '{read}'}}]"
            ))
        };
        assert!(related("/b/{v}").contains("that the write does not name"));
        assert!(related("/b/**/c").contains("is no path"));
    }
}
