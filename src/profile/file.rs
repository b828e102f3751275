//! A profile as it is written, and how one extends another.

use ::http::HeaderName;

use super::{BUILT_IN, ProfileError, RoutePath, Timestamps, drift, sensitive};
use crate::http::Origin;

/// The keys of a profile.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    extends: Option<String>,
    name: Option<String>,
    stand_in_origin: Option<String>,
    #[serde(default)]
    pub(super) hosts: Vec<String>,
    #[serde(default)]
    pub(super) public_hosts: Vec<String>,
    #[serde(default, deserialize_with = "header_names")]
    pub(super) request_headers: Vec<HeaderName>,
    #[serde(default)]
    pub(super) sensitive: Vec<sensitive::Entry>,
    #[serde(default)]
    pub(super) keep: Vec<String>,
    #[serde(default)]
    pub(super) volatile: Vec<String>,
    #[serde(default)]
    pub(super) timestamps: Timestamps,
    #[serde(default)]
    pub(super) drift: drift::Entry,
    #[serde(default)]
    pub(super) reads: Vec<String>,
    #[serde(default)]
    pub(super) polls: Vec<String>,
    #[serde(default)]
    pub(super) tokens: Vec<String>,
    #[serde(default)]
    pub(super) related: Vec<Related>,
    #[serde(default)]
    pub(super) state: Vec<String>,
}

impl File {
    /// What stands in a profile, on top of what the one that it extends says.
    pub(super) fn parse(text: &str) -> Result<Self, ProfileError> {
        let own: Self = serde_yaml::from_str(text)?;
        let Some(name) = &own.extends else { return Ok(own) };
        let base = BUILT_IN.iter().find(|(built_in, _)| built_in == name);
        let (_, base) = base.ok_or_else(|| {
            ProfileError::value("extends", name, "is no built-in profile; there are okta and none")
        })?;
        // Those extend none.
        Ok(own.on_top_of(serde_yaml::from_str(base)?))
    }

    pub(super) fn name(&self) -> Result<String, ProfileError> {
        self.name.clone().ok_or(ProfileError::Missing("name"))
    }

    pub(super) fn stand_in_origin(&self) -> Result<Origin, ProfileError> {
        let origin = self.stand_in_origin.as_ref().ok_or(ProfileError::Missing("stand_in_origin"))?;
        Origin::parse(origin)
            .map_err(|_| ProfileError::value("stand_in_origin", origin, "is no origin: write scheme://host"))
    }

    /// Lists go on behind those of `base`; of two fields that fit alike, the later decides.
    fn on_top_of(self, mut base: Self) -> Self {
        base.name = self.name.or(base.name);
        base.stand_in_origin = self.stand_in_origin.or(base.stand_in_origin);
        base.hosts.extend(self.hosts);
        base.public_hosts.extend(self.public_hosts);
        base.request_headers.extend(self.request_headers);
        base.sensitive.extend(self.sensitive);
        base.keep.extend(self.keep);
        base.volatile.extend(self.volatile);
        base.timestamps.epoch_fields.extend(self.timestamps.epoch_fields);
        base.timestamps.epoch_headers.extend(self.timestamps.epoch_headers);
        base.timestamps.date_headers.extend(self.timestamps.date_headers);
        base.drift.add(self.drift);
        base.reads.extend(self.reads);
        base.polls.extend(self.polls);
        base.tokens.extend(self.tokens);
        base.related.extend(self.related);
        base.state.extend(self.state);
        base
    }
}

pub(super) fn header_names<'de, D: serde::Deserializer<'de>>(source: D) -> Result<Vec<HeaderName>, D::Error> {
    use serde::Deserialize as _;
    use serde::de::Error as _;
    let names: Vec<String> = Vec::deserialize(source)?;
    let parsed = names
        .iter()
        .map(|name| name.parse().map_err(|_| D::Error::custom(format!("`{name}` is no header name"))));
    parsed.collect()
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Related {
    write: String,
    read: String,
}

impl Related {
    pub(super) fn parse(&self) -> Result<(RoutePath, RoutePath), ProfileError> {
        let bad = |value: &str, problem| ProfileError::value("related", value, problem);
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
