//! The target of a request, as it is compared.

use std::borrow::Cow;

use crate::http::percent_decoded;

/// A request's target, split into what is compared separately.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// `scheme://authority` when it is not the upstream's.
    pub origin: Option<&'a str>,
    /// The path as spelled.
    pub path: &'a str,
    /// The query as spelled, without `?`.
    pub query: &'a str,
}

impl<'a> Target<'a> {
    /// Of path and query.
    pub fn of(target: &'a str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self { origin: None, path, query }
    }

    /// Of a recorded URL: an absolute one to `upstream` is the same as a relative one.
    pub fn recorded(url: &'a str, upstream: &str) -> Self {
        let Some((scheme, rest)) = url.split_once("://").filter(|_| !url.starts_with('/')) else {
            return Self::of(url);
        };
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (origin, target) = url.split_at(scheme.len() + 3 + end);
        let origin = (!origin.eq_ignore_ascii_case(upstream)).then_some(origin);
        Self { origin, ..Self::of(target) }
    }

    /// The path's segments, decoded; empty ones (doubled and trailing slashes) do not count.
    pub fn segments(&self) -> impl Iterator<Item = Cow<'a, str>> + use<'a> {
        self.path.split('/').filter(|segment| !segment.is_empty()).map(|segment| {
            match percent_decoded(segment.as_bytes()) {
                Cow::Borrowed(_) => Cow::Borrowed(segment),
                Cow::Owned(decoded) => Cow::Owned(String::from_utf8_lossy(&decoded).into_owned()),
            }
        })
    }
}
