//! Where values stand that must not reach the disk, and of which type they are.

use ::http::HeaderName;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use regex::bytes::Regex;

use super::{ProfileError, RoutePath, StandInType};

/// Places of sensitive values, of all types.
#[derive(Debug, Clone, Default)]
pub struct Sensitive {
    /// By the last name of their path.
    fields: HashMap<String, Vec<Field>, RandomState>,
    headers: Vec<(HeaderName, StandInType)>,
    cookies: Vec<(String, StandInType)>,
    patterns: Vec<(Regex, StandInType)>,
}

/// A JSON field, form field or query parameter.
#[derive(Debug, Clone)]
struct Field {
    /// The dotted end of its path, last name first.
    path: Vec<String>,
    of_type: StandInType,
    under: Option<RoutePath>,
}

/// One entry as profiles write it.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    r#type: String,
    #[serde(default)]
    fields: Vec<String>,
    #[serde(default)]
    headers: Vec<String>,
    #[serde(default)]
    cookies: Vec<String>,
    #[serde(default)]
    patterns: Vec<String>,
    under: Option<String>,
}

impl Sensitive {
    pub(super) fn of(entries: Vec<Entry>) -> Result<Self, ProfileError> {
        let mut all = Self::default();
        for entry in entries {
            all.add(entry)?;
        }
        Ok(all)
    }

    fn add(&mut self, entry: Entry) -> Result<(), ProfileError> {
        let bad = |value: &str, problem: &str| ProfileError::value("sensitive", value, problem);
        let of_type = StandInType::parse(&entry.r#type)
            .ok_or_else(|| bad(&entry.r#type, &format!("is no type; there are {}", StandInType::names())))?;
        let under = match &entry.under {
            Some(path) => {
                Some(RoutePath::parse(path).ok_or_else(|| bad(path, "is no path: write /path/{name}/*/**"))?)
            }
            None => None,
        };
        for field in entry.fields {
            let path: Vec<_> = field.rsplit('.').map(str::to_owned).collect();
            let last = path.first().cloned().unwrap_or_default();
            self.fields.entry(last).or_default().push(Field { path, of_type, under: under.clone() });
        }
        for name in entry.headers {
            let parsed = name.parse().map_err(|_| bad(&name, "is no header name"))?;
            self.headers.push((parsed, of_type));
        }
        self.cookies.extend(entry.cookies.into_iter().map(|name| (name, of_type)));
        for pattern in entry.patterns {
            let compiled = Regex::new(&pattern)
                .map_err(|error| bad(&pattern, &format!("is no regular expression: {error}")))?;
            self.patterns.push((compiled, of_type));
        }
        Ok(())
    }

    /// The type of what stands in the field whose path is `names`, outermost first, in a request to (or a response
    /// from) the path with these segments. Of several that fit, the longest path decides.
    pub fn field(&self, names: &[&str], segments: &[&str]) -> Option<StandInType> {
        let fits = |field: &&Field| {
            field.path.len() <= names.len()
                && field.path.iter().zip(names.iter().rev()).all(|(own, name)| own == name)
                && field.under.as_ref().is_none_or(|under| under.captures(segments).is_some())
        };
        let known = self.fields.get(*names.last()?)?;
        known.iter().filter(fits).max_by_key(|field| field.path.len()).map(|field| field.of_type)
    }

    /// Whether a field of this name can be sensitive anywhere: quickly told, to leave most fields alone.
    pub fn may_be_field(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// The last names of all sensitive fields, in no order.
    pub fn field_names(&self) -> impl Iterator<Item = &str> {
        self.fields.keys().map(String::as_str)
    }

    /// The type of what the header `name` holds.
    pub fn header(&self, name: &HeaderName) -> Option<StandInType> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, of_type)| *of_type)
    }

    /// The type of what the cookie `name` holds.
    pub fn cookie(&self, name: &str) -> Option<StandInType> {
        let name = name.trim_matches('"');
        let name = name.strip_prefix("__Host-").or_else(|| name.strip_prefix("__Secure-")).unwrap_or(name);
        let fits = |own: &str| match own.strip_suffix('*') {
            Some(prefix) => name.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix)),
            None => name.eq_ignore_ascii_case(own),
        };
        self.cookies.iter().find(|(own, _)| fits(own)).map(|(_, of_type)| *of_type)
    }

    /// What is found anywhere in text: a pattern, whose first group (else the whole match) is a value of the type.
    pub fn patterns(&self) -> &[(Regex, StandInType)] {
        &self.patterns
    }

    /// Names of all fields whose values no message shows.
    pub fn secret_fields(&self) -> Vec<String> {
        let secret =
            self.fields.iter().filter(|(_, fields)| fields.iter().any(|own| own.of_type.is_secret()));
        secret.map(|(name, _)| name.clone()).collect()
    }
}
