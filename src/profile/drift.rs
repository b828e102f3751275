//! What two answers to one request may differ in and still mean the same.

use ::http::HeaderName;
use regex::Regex;

use super::{ProfileError, header_names};

/// What two answers may differ in and still mean the same, and what of their heads is compared at all.
#[derive(Debug, Clone)]
pub struct Drift {
    /// Finds ids wherever they stand in a text; `None`: ids are known by their field only.
    pub ids: Option<Regex>,
    /// JSON fields that hold an id, whatever it looks like; a `*` in front stands for any beginning.
    id_fields: Vec<String>,
    /// JSON fields that may hold another value each time, `null` too.
    varying: Vec<String>,
    /// JSON fields that tell of which kind an element of a list is: elements of two kinds are never compared.
    kinds: Vec<String>,
    /// Response headers that have to be there, whatever they say.
    pub headers: Vec<HeaderName>,
    /// Response headers that have to say the same.
    pub header_values: Vec<HeaderName>,
}

/// The same as profiles write it.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Entry {
    ids: Vec<String>,
    id_fields: Vec<String>,
    varying: Vec<String>,
    kinds: Vec<String>,
    #[serde(deserialize_with = "header_names")]
    headers: Vec<HeaderName>,
    #[serde(deserialize_with = "header_names")]
    header_values: Vec<HeaderName>,
}

impl Entry {
    /// Adds what another says.
    pub(super) fn add(&mut self, other: Self) {
        self.ids.extend(other.ids);
        self.id_fields.extend(other.id_fields);
        self.varying.extend(other.varying);
        self.kinds.extend(other.kinds);
        self.headers.extend(other.headers);
        self.header_values.extend(other.header_values);
    }
}

impl Drift {
    pub(super) fn of(entry: Entry) -> Result<Self, ProfileError> {
        for pattern in &entry.ids {
            Regex::new(pattern).map_err(|error| {
                ProfileError::value("drift.ids", pattern, &format!("is no regular expression: {error}"))
            })?;
        }
        let whole = entry.ids.iter().map(|pattern| format!("(?:{pattern})")).collect::<Vec<_>>().join("|");
        let ids = if whole.is_empty() {
            None
        } else {
            let regex = Regex::new(&whole);
            Some(regex.map_err(|error| ProfileError::value("drift.ids", &whole, &error.to_string()))?)
        };
        let Entry { id_fields, varying, kinds, headers, header_values, .. } = entry;
        Ok(Self { ids, id_fields, varying, kinds, headers, header_values })
    }

    /// Whether a JSON field of this name holds an id.
    pub fn is_id_field(&self, name: &str) -> bool {
        self.id_fields.iter().any(|own| match own.strip_prefix('*') {
            Some(end) => name.ends_with(end),
            None => own == name,
        })
    }

    /// Whether what a JSON field of this name holds says nothing.
    pub fn varies(&self, name: &str) -> bool {
        self.varying.iter().any(|own| own == name)
    }

    /// Whether a JSON field of this name tells of which kind an element of a list is.
    pub fn tells_kind(&self, name: &str) -> bool {
        self.kinds.iter().any(|own| own == name)
    }
}

#[cfg(test)]
mod tests {
    use crate::profile::Profile;

    #[test]
    fn okta_s_ids_are_known_by_their_look_and_others_by_their_field() {
        let okta = Profile::okta().unwrap().drift;
        let ids = okta.ids.unwrap();
        for id in ["00ua4t9ugYY0pDxkE4x6", "v2mst.GldKV5VxTrifyeZmWSQguA", "oaeMk3-9vQWTbaQFVHGDEpKMA"] {
            assert_eq!(ids.find(id).map(|found| found.as_str()), Some(id));
        }
        assert!(!ids.is_match("PENDING_ACTIVATION") && !ids.is_match("E0000007"));
        let none = Profile::choose("none").unwrap().drift;
        assert!(none.is_id_field("id") && none.is_id_field("groupId") && !none.is_id_field("width"));
    }

    #[test]
    fn a_pattern_that_is_none_is_named() {
        let text = "name: x\nstand_in_origin: https://x.test\ndrift: {ids: ['(']}";
        let error = Profile::parse(text).unwrap_err().to_string();
        assert!(error.contains("drift.ids: `(` is no regular expression"), "{error}");
    }
}
