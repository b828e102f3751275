//! Route patterns: `METHOD /path/{name}/*/**`.

use ::http::Method;

/// A method and a path pattern.
#[derive(Debug, Clone)]
pub struct Route {
    method: Option<Method>,
    path: RoutePath,
}

impl Route {
    /// Reads `METHOD /path`; `*` is any method. `None` when it is not of this form.
    pub fn parse(text: &str) -> Option<Self> {
        let (method, path) = text.split_once(' ')?;
        let method = if method == "*" { None } else { Some(method.parse().ok()?) };
        Some(Self { method, path: RoutePath::parse(path)? })
    }

    /// Whether a request with this method and path is of this route.
    pub fn matches(&self, method: &Method, segments: &[&str]) -> bool {
        self.method.as_ref().is_none_or(|own| own == method) && self.path.captures(segments).is_some()
    }
}

/// A path pattern: `{name}` and `*` are one segment, `**` at the end is any rest.
#[derive(Debug, Clone)]
pub struct RoutePath {
    parts: Vec<Part>,
    open: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Named(String),
    Any,
}

/// What the named segments of a pattern were in one path.
pub type Captures<'a> = Vec<(&'a str, &'a str)>;

impl RoutePath {
    /// Reads a pattern; `None` when it does not begin with `/` or has `**` before its end.
    pub fn parse(text: &str) -> Option<Self> {
        let closed = text.strip_suffix("/**").unwrap_or(text);
        let segments = closed.strip_prefix('/')?.split('/').filter(|segment| !segment.is_empty());
        let parts = segments.map(|segment| match segment {
            "**" => None,
            "*" => Some(Part::Any),
            _ => Some(match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                Some(name) => Part::Named(name.to_owned()),
                None => Part::Literal(segment.to_owned()),
            }),
        });
        Some(Self { parts: parts.collect::<Option<_>>()?, open: closed.len() < text.len() })
    }

    /// Whether every segment of this pattern is known once `other` has matched.
    pub fn can_be_filled_from(&self, other: &Self) -> bool {
        self.parts.iter().all(|part| match part {
            Part::Literal(_) => true,
            Part::Named(_) => other.parts.contains(part),
            Part::Any => false,
        })
    }

    /// Whether the pattern ends in `**`.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// The named segments of `segments`, if they are of this pattern.
    pub fn captures<'a>(&'a self, segments: &[&'a str]) -> Option<Captures<'a>> {
        if segments.len() < self.parts.len() || (!self.open && segments.len() > self.parts.len()) {
            return None;
        }
        let mut captures = Vec::new();
        for (part, &segment) in self.parts.iter().zip(segments) {
            match part {
                Part::Literal(own) if own != segment => return None,
                Part::Named(name) => captures.push((name.as_str(), segment)),
                Part::Literal(_) | Part::Any => {}
            }
        }
        Some(captures)
    }

    /// The segments of this pattern with `captures` put in, the open end left out; `None` if one is missing.
    pub fn filled<'a>(&'a self, captures: &Captures<'a>) -> Option<Vec<&'a str>> {
        let segment = |part: &'a Part| match part {
            Part::Literal(own) => Some(own.as_str()),
            Part::Named(name) => captures.iter().find(|(own, _)| own == name).map(|(_, value)| *value),
            Part::Any => None,
        };
        self.parts.iter().map(segment).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_filled_with_what_another_captured() {
        let write = RoutePath::parse("/groups/*/users/{user}").unwrap();
        let read = RoutePath::parse("/users/{user}/**").unwrap();
        let captures = write.captures(&["groups", "g1", "users", "u1"]).unwrap();
        assert_eq!(read.filled(&captures).unwrap(), ["users", "u1"]);
        assert!(read.is_open());
        assert!(write.captures(&["groups", "g1", "users"]).is_none());
        assert!(write.captures(&["groups", "g1", "users", "u1", "x"]).is_none());
        assert!(read.captures(&["users", "u1", "factors", "f"]).is_some());
    }
}
