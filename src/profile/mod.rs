//! What is known about one API, as data: which POSTs only read, which fields vary, which cookies are secret.
//!
//! The core serves any HTTP API; all that is Okta's stands in `profiles/okta.yaml`, embedded in the binary.

mod drift;
mod field;
mod file;
mod mask;
mod pattern;
mod route;
mod sensitive;
mod stand_in;
mod state;

pub use drift::Drift;
pub use mask::Mask;
pub use pattern::Pattern;
pub use route::{Captures, Route, RoutePath};
pub use sensitive::{FieldAt, Sensitive};
pub use stand_in::{DISTINCTIVE, StandInType, TOLD, is_told};
pub use state::StateField;

use std::path::{Path, PathBuf};

use ::http::{HeaderName, Method};
use regex::Regex;

use self::file::{File, Related, header_names};
use crate::http::{HostPattern, Origin};

/// The profiles that are built in, by name.
const BUILT_IN: [(&str, &str); 2] =
    [("okta", include_str!("../../profiles/okta.yaml")), ("none", include_str!("../../profiles/none.yaml"))];

/// Largest profile that is read, in bytes.
const LARGEST: u64 = 1024 * 1024;

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
#[derive(Debug, Clone)]
pub struct Profile {
    /// Its name, as cassettes state it.
    pub name: String,
    /// The origin that cassettes hold in place of the real one.
    pub stand_in_origin: Origin,
    /// Hosts of this API, `*.` in front standing for any host below.
    pub hosts: Vec<String>,
    /// Hosts that are nobody's in particular: the vendor's own, namespaces of standards. They are not replaced.
    pub public_hosts: Vec<HostPattern>,
    /// Request headers that are recorded besides the ones that every API has.
    pub request_headers: Vec<HeaderName>,
    /// Where secret and personal values stand.
    pub sensitive: Sensitive,
    /// Values that are no stand-in's business: patterns that one matches whole.
    pub keep: Vec<Regex>,
    /// JSON and form fields that match by presence only.
    pub volatile: Vec<String>,
    /// Which values are times.
    pub timestamps: Timestamps,
    /// What two answers may differ in and still mean the same.
    pub drift: Drift,
    /// Pairs of paths: a write to the first concerns reads of the second.
    pub related: Vec<(RoutePath, RoutePath)>,
    /// Fields of an answer that tell the state of what it shows.
    pub state: Vec<StateField>,
    kinds: Vec<(Kind, Route)>,
}

/// Which values are times, besides texts that are RFC 3339 timestamps from end to end.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Timestamps {
    /// JSON fields with epoch seconds.
    pub epoch_fields: Vec<String>,
    /// Headers with epoch seconds.
    #[serde(deserialize_with = "header_names")]
    pub epoch_headers: Vec<HeaderName>,
    /// Headers with an HTTP date (RFC 9110 §5.6.7).
    #[serde(deserialize_with = "header_names")]
    pub date_headers: Vec<HeaderName>,
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
        problem: String,
    },
    /// A key that it has to have.
    #[error("profile: has no `{0}`; or write `extends: okta` to add to what overdub knows of Okta")]
    Missing(&'static str),
    /// The file cannot be read.
    #[error("{path}: {problem}; name a file, or one of the built-in profiles: okta, none")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// What the file says cannot be used.
    #[error("{path}: {error}")]
    In {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        error: Box<ProfileError>,
    },
}

impl ProfileError {
    fn value(field: &'static str, value: &str, problem: &str) -> Self {
        Self::Value { field, value: value.to_owned(), problem: problem.to_owned() }
    }
}

impl Profile {
    /// The file that `choice` names; `None`: it names a profile that is built in.
    pub fn file(choice: &str) -> Option<PathBuf> {
        let is_built_in = BUILT_IN.iter().any(|(name, _)| *name == choice);
        (!is_built_in).then(|| PathBuf::from(choice))
    }

    /// The built-in profile of this name, else the one in the file `choice`.
    ///
    /// # Errors
    /// There is no such file, or it is no profile; names file and key, or line and column.
    pub fn choose(choice: &str) -> Result<Self, ProfileError> {
        if let Some((_, text)) = BUILT_IN.iter().find(|(name, _)| *name == choice) {
            return Self::parse(text);
        }
        let path = Path::new(choice);
        let failed = |problem: String| ProfileError::File { path: path.to_owned(), problem };
        match std::fs::metadata(path) {
            Ok(metadata) if !metadata.is_file() => return Err(failed("is not a file".to_owned())),
            Ok(metadata) if metadata.len() > LARGEST => {
                return Err(failed(format!("is larger than {LARGEST} bytes")));
            }
            Ok(_) => {}
            Err(error) => return Err(failed(error.to_string())),
        }
        let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        Self::parse(&text).map_err(|error| ProfileError::In { path: path.to_owned(), error: Box::new(error) })
    }

    /// Whether a profile of this name is built in.
    pub fn is_built_in(name: &str) -> bool {
        BUILT_IN.iter().any(|(own, _)| *own == name)
    }

    /// The embedded Okta profile.
    ///
    /// # Errors
    /// None in practice: a test reads it.
    pub fn okta() -> Result<Self, ProfileError> {
        Self::choose("okta")
    }

    /// Reads a profile from YAML.
    ///
    /// # Errors
    /// Names the key, or line and column.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        let file = File::parse(text)?;
        let (name, stand_in_origin) = (file.name()?, file.stand_in_origin()?);
        let mut kinds = Vec::new();
        for (field, kind, routes) in [
            ("reads", Kind::Read, &file.reads),
            ("polls", Kind::Poll, &file.polls),
            ("tokens", Kind::Token, &file.tokens),
        ] {
            for route in routes {
                let parsed = Route::parse(route).ok_or_else(|| {
                    ProfileError::value(field, route, "is no route: write METHOD /path/{name}/*")
                })?;
                kinds.push((kind, parsed));
            }
        }
        let keep = file.keep.iter().map(|pattern| {
            Regex::new(&format!("^(?:{pattern})$")).map_err(|error| {
                ProfileError::value("keep", pattern, &format!("is no regular expression: {error}"))
            })
        });
        let public = file.public_hosts.iter().map(|host| {
            host.parse()
                .map_err(|_| ProfileError::value("public_hosts", host, "is no host: write HOST or *.HOST"))
        });
        let state = file.state.iter().map(|path| {
            StateField::parse(path)
                .ok_or_else(|| ProfileError::value("state", path, "is no path: write FIELD.FIELD"))
        });
        Ok(Self {
            name,
            stand_in_origin,
            hosts: file.hosts,
            public_hosts: public.collect::<Result<_, _>>()?,
            request_headers: file.request_headers,
            sensitive: Sensitive::of(file.sensitive)?,
            keep: keep.collect::<Result<_, _>>()?,
            volatile: file.volatile,
            timestamps: file.timestamps,
            drift: Drift::of(file.drift)?,
            related: file.related.iter().map(Related::parse).collect::<Result<_, _>>()?,
            state: state.collect::<Result<_, _>>()?,
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

    /// The state that an answer tells, in a few words; `None` if none of the fields is there.
    pub fn state_of(&self, answer: &serde_json::Value) -> Option<String> {
        state::state(&self.state, answer)
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
        let cookie = |name| okta.sensitive.cookie(name).is_some();
        assert!(cookie("jsessionid") && cookie("__Host-sid") && cookie("proximity_ab") && !cookie("ln"));
    }

    #[test]
    fn the_longest_path_of_a_field_decides_its_type() {
        let okta = Profile::okta().unwrap();
        let field = |names: &[&str], path: &str| {
            okta.sensitive.field(names, &path.split('/').skip(1).collect::<Vec<_>>())
        };
        assert_eq!(field(&["profile", "email"], "/api/v1/users"), Some(StandInType::Email));
        assert_eq!(field(&["profile", "name"], "/api/v1/users/u/factors/f"), Some(StandInType::Device));
        assert_eq!(field(&["profile", "name"], "/api/v1/groups"), None);
        assert_eq!(field(&["credentials", "password", "value"], "/"), Some(StandInType::Password));
        assert_eq!(field(&["value"], "/"), None);
    }

    #[test]
    fn the_state_of_a_factor_is_told_from_its_answer() {
        let okta = Profile::okta().unwrap();
        let state = |answer: serde_json::Value| okta.state_of(&answer);
        let pending = serde_json::json!({
            "status": "PENDING_ACTIVATION", "_embedded": { "activation": { "factorResult": "WAITING" } },
        });
        assert_eq!(state(pending.clone()).as_deref(), Some("PENDING_ACTIVATION WAITING"));
        assert_eq!(state(serde_json::json!({ "factorResult": "REJECTED" })).as_deref(), Some("REJECTED"));
        assert_eq!(state(serde_json::json!({ "errorCode": "E0000068" })).as_deref(), Some("E0000068"));
        let list = serde_json::json!([{ "status": "ACTIVE" }, { "id": 1 }, pending]);
        assert_eq!(state(list).as_deref(), Some("ACTIVE, PENDING_ACTIVATION WAITING"));
        assert_eq!(state(serde_json::json!({ "status": { "code": 1 } })), None);
    }

    #[test]
    fn the_profile_for_any_api_is_one() {
        assert_eq!(Profile::choose("none").unwrap().name, "none");
        let missing = Profile::choose("no-such-profile.yaml").unwrap_err().to_string();
        assert!(missing.contains("no-such-profile.yaml") && missing.contains("okta, none"), "{missing}");
    }

    #[test]
    fn a_profile_may_extend_one_that_is_built_in() {
        let own = Profile::parse("extends: okta\nvolatile: [text]\nreads: [POST /search]").unwrap();
        let okta = Profile::okta().unwrap();
        assert_eq!((&own.name, &own.stand_in_origin), (&okta.name, &okta.stand_in_origin));
        assert_eq!(own.volatile[..okta.volatile.len()], okta.volatile);
        assert_eq!(own.volatile.last().map(String::as_str), Some("text"));
        assert_eq!(own.kind(&Method::POST, &["search"]), Kind::Read);
        assert_eq!(own.kind(&Method::POST, &["oauth2", "v1", "token"]), Kind::Token);
        assert_eq!(Profile::parse("extends: none\nname: mine").unwrap().name, "mine");
        let error = |text: &str| Profile::parse(text).unwrap_err().to_string();
        assert!(error("extends: mine").contains("extends: `mine` is no built-in profile"));
        assert!(error("volatile: [text]").contains("has no `name`; or write `extends: okta`"));
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
