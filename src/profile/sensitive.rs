//! Where values stand that must not reach the disk, and of which type they are.

use std::sync::Arc;

use ::http::HeaderName;
use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};
use regex::bytes::Regex;

use super::field::{Field, Name};
use super::pattern::Pattern;
use super::{ProfileError, RoutePath, StandInType};

/// Places of sensitive values, of all types.
#[derive(Debug, Clone, Default)]
pub struct Sensitive {
    /// Those whose path ends in a name without a star, by that.
    fields: HashMap<String, Vec<Field>, RandomState>,
    /// The others.
    starred: Vec<Field>,
    /// Names of fields that tell what those beside them are.
    telling: HashSet<String, RandomState>,
    headers: Vec<(HeaderName, StandInType)>,
    cookies: Vec<(String, StandInType)>,
    patterns: Vec<Pattern>,
}

/// Where a field stands.
#[derive(Debug, Clone, Copy)]
pub struct FieldAt<'a> {
    /// The names that lead to it, outermost first.
    pub names: &'a [&'a str],
    /// The path of the request that it is in, or in whose response.
    pub segments: &'a [&'a str],
    /// Names of fields in the same object, as far as they matter ([`Sensitive::tells`]).
    pub beside: &'a [&'a str],
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
    #[serde(default)]
    beside: Vec<String>,
    #[serde(default)]
    unless: Vec<String>,
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
        let no_regex =
            |pattern: &str, error: &regex::Error| bad(pattern, &format!("is no regular expression: {error}"));
        let of_type = StandInType::parse(&entry.r#type)
            .ok_or_else(|| bad(&entry.r#type, &format!("is no type; there are {}", StandInType::names())))?;
        let under = match &entry.under {
            Some(path) => {
                Some(RoutePath::parse(path).ok_or_else(|| bad(path, "is no path: write /path/{name}/*/**"))?)
            }
            None => None,
        };
        let unless = match entry.unless.join("|") {
            none if none.is_empty() => None,
            some => {
                let regex = Regex::new(&format!("^(?:{some})$")).map_err(|error| no_regex(&some, &error))?;
                Some(Arc::new(regex))
            }
        };
        let beside: Arc<[String]> = entry.beside.into();
        self.telling.extend(beside.iter().cloned());
        for field in entry.fields {
            let path = field.rsplit('.').map(Name::parse).collect::<Option<Vec<_>>>();
            let path = path.ok_or_else(|| bad(&field, "has a `*` elsewhere than at the ends of a name"))?;
            self.add_field(Field {
                path,
                of_type,
                under: under.clone(),
                beside: Arc::clone(&beside),
                unless: unless.clone(),
            });
        }
        for name in entry.headers {
            let parsed = name.parse().map_err(|_| bad(&name, "is no header name"))?;
            self.headers.push((parsed, of_type));
        }
        self.cookies.extend(entry.cookies.into_iter().map(|name| (name, of_type)));
        for pattern in entry.patterns {
            let regex = Regex::new(&pattern).map_err(|error| no_regex(&pattern, &error))?;
            self.patterns.push(Pattern::new(regex, of_type, unless.clone()));
        }
        Ok(())
    }

    fn add_field(&mut self, field: Field) {
        match field.path.first() {
            Some(name) if name.is_exact() => {
                self.fields.entry(name.text.clone()).or_default().push(field);
            }
            Some(_) => self.starred.push(field),
            None => {}
        }
    }

    /// The fields that this could be, if all else fits.
    fn candidates<'a>(&'a self, at: FieldAt<'a>) -> impl Iterator<Item = &'a Field> + 'a {
        let last = at.names.last().copied().unwrap_or_default();
        let exact = self.fields.get(last).into_iter().flatten();
        let starred = self.starred.iter().filter(move |field| field.ends_with(last));
        exact.chain(starred).filter(move |field| field.fits(at.names, at.segments))
    }

    /// The type of what stands in the field whose path is `names`, outermost first, in a request to (or a response
    /// from) the path with these segments. Of several that fit, the longest path decides. What is told by other fields
    /// or by the value is left out ([`Sensitive::value`]).
    pub fn field(&self, names: &[&str], segments: &[&str]) -> Option<StandInType> {
        let all = self.candidates(FieldAt { names, segments, beside: &[] });
        all.filter(|field| field.beside.is_empty())
            .max_by_key(|field| field.rank())
            .map(|field| field.of_type)
    }

    /// The type of this value, a text or a number, if it stands in a sensitive field and is no plain word there.
    pub fn value(&self, at: FieldAt<'_>, value: &str, is_text: bool) -> Option<StandInType> {
        let beside = |field: &&Field| {
            field.beside.is_empty() || field.beside.iter().any(|own| at.beside.contains(&own.as_str()))
        };
        let best = self.candidates(at).filter(beside).max_by_key(|field| field.rank())?;
        let name = at.names.last().copied().unwrap_or_default();
        best.takes(name, value, is_text).then_some(best.of_type)
    }

    /// Whether a field of this name can be sensitive anywhere: quickly told, to leave most fields alone.
    pub fn may_be_field(&self, name: &str) -> bool {
        self.fields.contains_key(name) || self.starred.iter().any(|field| field.ends_with(name))
    }

    /// Whether a field of this name tells what fields beside it are.
    pub fn tells(&self, name: &str) -> bool {
        self.telling.contains(name)
    }

    /// The last names of all sensitive fields, in no order; of those with a star, what stands beside it.
    pub fn field_names(&self) -> impl Iterator<Item = &str> {
        let starred = self.starred.iter().filter_map(|field| field.path.first());
        self.fields.keys().map(String::as_str).chain(starred.map(|name| name.text.as_str()))
    }

    /// The last names of fields that are sensitive wherever they stand, as regular expressions: those to the letter, and
    /// the ends of those that may begin with anything.
    pub fn name_patterns(&self) -> (Vec<String>, Vec<String>) {
        let alone = |field: &&Field| field.beside.is_empty();
        let exact = self.fields.iter().filter(|(_, fields)| fields.iter().any(|field| alone(&field)));
        let starred = self.starred.iter().filter(alone).filter_map(|field| field.path.first());
        (exact.map(|(name, _)| regex::escape(name)).collect(), starred.map(Name::pattern).collect())
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

    /// What is found anywhere in text.
    pub fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }
}
