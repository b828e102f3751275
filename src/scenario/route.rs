//! Which requests a handler is for: `METHOD /path/{name}/*`.
//!
//! `{name}` is one segment, `*` in the middle too; `*` at the end is one segment or more, `**` at the end any rest, none
//! included. The method `*` is any. Empty segments and a slash at the end make no difference, as clients disagree on
//! them.

use std::borrow::Cow;

use http::Method;

use crate::http::percent_decoded;

/// A method and a path pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    pub(super) method: Option<Method>,
    pub(super) parts: Vec<Part>,
    pub(super) rest: Rest,
}

/// A segment of a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Literal(String),
    Named(String),
    Any,
}

/// What may follow the last part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    Nothing,
    /// At least one segment.
    Some,
    Any,
}

impl Pattern {
    /// Reads a route.
    ///
    /// # Errors
    /// Why no request could ever be of this route.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let bad = |why: &str| Err(format!("the route `{text}` {why}"));
        let Some((method, path)) = text.split_once(' ').map(|(method, path)| (method, path.trim_start()))
        else {
            return bad(
                "has no method: write METHOD /path, as GET /api/v1/users/{user}, or * for any method",
            );
        };
        let method = match method {
            "*" => None,
            // A `|` may stand in a method (RFC 9110 §5.6.2), and no client sends one.
            _ if method.contains(['|', ',']) => {
                return bad("names several methods: write one each, or * for any");
            }
            _ if method.bytes().any(|byte| byte.is_ascii_lowercase()) => {
                return bad(&format!("names no method: methods are upper case, {}", method.to_uppercase()));
            }
            _ => match method.parse::<Method>() {
                Ok(method) => Some(method),
                Err(_) => return bad("names no method"),
            },
        };
        if path.contains("://") {
            return bad("has a scheme and a host: write the path only, beginning with /");
        }
        if let Some(found) = path.chars().find(|&char| matches!(char, '?' | '#') || char.is_whitespace()) {
            return bad(&format!("has a `{found}`, which no path has; look at req.query in the handler"));
        }
        let Some(path) = path.strip_prefix('/') else { return bad("has a path that does not begin with /") };
        let mut segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let rest = match segments.last() {
            Some(&"*") => Rest::Some,
            Some(&"**") => Rest::Any,
            _ => Rest::Nothing,
        };
        if rest != Rest::Nothing {
            segments.pop();
        }
        let mut parts: Vec<Part> = Vec::new();
        for segment in segments {
            match Part::parse(segment) {
                Ok(part) if matches!(part, Part::Named(_)) && parts.contains(&part) => {
                    return bad(&format!("has {segment} twice"));
                }
                Ok(part) => parts.push(part),
                Err(why) => return bad(&why),
            }
        }
        Ok(Self { method, parts, rest })
    }

    /// Whether there is a request that is of both routes.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let methods = match (&self.method, &other.method) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        methods && self.shares_paths(other)
    }

    fn shares_paths(&self, other: &Self) -> bool {
        let alike = self.parts.iter().zip(&other.parts).all(|pair| match pair {
            (Part::Literal(one), Part::Literal(other)) => one == other,
            _ => true,
        });
        let ((least, most), (other_least, other_most)) = (self.lengths(), other.lengths());
        alike && least.max(other_least) <= most.min(other_most)
    }

    /// Least and largest number of segments of a path.
    fn lengths(&self) -> (usize, usize) {
        let parts = self.parts.len();
        match self.rest {
            Rest::Nothing => (parts, parts),
            Rest::Some => (parts + 1, usize::MAX),
            Rest::Any => (parts, usize::MAX),
        }
    }

    /// The named segments of a path of this route, decoded.
    pub(super) fn captures<'a>(&'a self, path: &'a str) -> impl Iterator<Item = (&'a str, Cow<'a, str>)> {
        self.parts.iter().zip(segments(path)).filter_map(|(part, segment)| match part {
            Part::Named(name) => Some((name.as_str(), decoded(segment))),
            _ => None,
        })
    }
}

impl Part {
    fn parse(segment: &str) -> Result<Self, String> {
        let named = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        match (segment, named) {
            ("*", _) => Ok(Self::Any),
            ("**", _) => Err("has ** before its end".to_owned()),
            (_, Some("")) => Err("has {} without a name".to_owned()),
            _ if segment.starts_with(':') => {
                let name = &segment[1..];
                Err(format!("has `{segment}`: write {{{name}}} for any segment, %3A{name} for this very one"))
            }
            (_, Some(name)) if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') => {
                Ok(Self::Named(name.to_owned()))
            }
            (_, Some(name)) => {
                Err(format!("has the name {{{name}}}: only letters, digits and _ make a name"))
            }
            _ if segment.contains(['{', '}', '*']) => {
                Err(format!("has `{segment}`: a {{name}} or a * is a whole segment"))
            }
            _ => Ok(Self::Literal(decoded(segment).into_owned())),
        }
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

fn decoded(segment: &str) -> Cow<'_, str> {
    match percent_decoded(segment.as_bytes()) {
        Cow::Borrowed(_) => Cow::Borrowed(segment),
        Cow::Owned(bytes) => String::from_utf8_lossy(&bytes).into_owned().into(),
    }
}

/// A path in the spelling that routes are compared with: no empty segments, no slash at the end, escapes decoded but
/// for those of a slash, which would make two segments of one.
pub(super) fn spelled(path: &str) -> Cow<'_, str> {
    let bytes = path.as_bytes();
    let mut last = 0;
    let mut is_plain = bytes.first() == Some(&b'/') && (bytes.len() == 1 || bytes.last() != Some(&b'/'));
    for &byte in bytes {
        is_plain &= byte != b'%' && (byte != b'/' || last != b'/');
        last = byte;
    }
    if is_plain {
        return Cow::Borrowed(path);
    }
    let mut spelled = String::with_capacity(path.len() + 1);
    for segment in segments(path) {
        spelled.push('/');
        let text = decoded(segment);
        spelled.push_str(if text.contains('/') { segment } else { &text });
    }
    if spelled.is_empty() { "/".into() } else { spelled.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::routes::Routes;
    use proptest::prelude::*;

    fn found(routes: &[&str], method: &Method, path: &str) -> Vec<usize> {
        let mut all = Routes::default();
        for (number, route) in routes.iter().enumerate() {
            all.add(&Pattern::parse(route).unwrap(), number);
        }
        all.find(method, path)
    }

    #[test]
    fn a_request_finds_every_route_it_is_of_in_order() {
        let routes = [
            "GET /api/v1/users/{user}/factors/{factor}",
            "* /api/v1/*",
            "GET /api/v1/users/me/factors/{factor}",
            "POST /api/v1/users/{user}/factors/{factor}",
            "GET /api/**",
            "GET /api/v1/*/{user}/factors/**",
        ];
        let get = |path| found(&routes, &Method::GET, path);
        assert_eq!(get("/api/v1/users/00u1/factors/opf1"), [0, 1, 4, 5]);
        assert_eq!(get("//api/v1/users/me/factors/opf1/"), [0, 1, 2, 4, 5]);
        assert_eq!(get("/api/v1/users/a%2Fb/factors"), [1, 4, 5]);
        assert_eq!(get("/api"), [4]);
        assert_eq!(get("/api/v1"), [4]);
        assert_eq!(get("/"), [] as [usize; 0]);
        assert_eq!(found(&["* /**"], &Method::PUT, "/"), [0]);
        assert_eq!(found(&["GET /a:b/%3Ac"], &Method::GET, "/a:b/:c"), [0]);
    }

    #[test]
    fn named_segments_come_decoded() {
        let pattern = Pattern::parse("GET /users/{user}/{rest}").unwrap();
        let captures: Vec<_> = pattern.captures("/users/jane%40x.test/a%2Fb").collect();
        assert_eq!(captures, [("user", "jane@x.test".into()), ("rest", "a/b".into())]);
    }

    #[test]
    fn an_impossible_route_says_why() {
        let why = |route| Pattern::parse(route).unwrap_err();
        for (route, part) in [
            ("/a", "has no method"),
            ("get /a", "methods are upper case, GET"),
            ("G@T /a", "names no method"),
            ("GET|POST /a", "names several methods: write one each, or * for any"),
            ("GET,POST /a", "write one each, or * for any"),
            ("GET, POST /a", "write one each, or * for any"),
            ("GET /users/:id", "has `:id`: write {id}"),
            ("GET a", "does not begin with /"),
            ("GET https://x.test/a", "has a scheme and a host"),
            ("GET /a?b=c", "look at req.query"),
            ("GET /a b", "has a ` `"),
            ("GET /a/{}", "without a name"),
            ("GET /a/{b}/{b}", "has {b} twice"),
            ("GET /a/x{b}", "is a whole segment"),
            ("GET /a/b*", "is a whole segment"),
            ("GET /**/a", "before its end"),
            ("GET /{a-b}", "only letters"),
        ] {
            assert!(why(route).contains(part), "{route}: {}", why(route));
        }
    }

    impl Pattern {
        fn is_for(&self, method: &Method, path: &str) -> bool {
            if self.method.as_ref().is_some_and(|own| own != method) {
                return false;
            }
            let mut segments = segments(path);
            let matched = self.parts.iter().all(|part| match (part, segments.next()) {
                (_, None) => false,
                (Part::Literal(own), Some(segment)) => own == segment,
                (_, Some(_)) => true,
            });
            matched
                && match self.rest {
                    Rest::Any => true,
                    Rest::Nothing => segments.next().is_none(),
                    Rest::Some => segments.next().is_some(),
                }
        }
    }

    proptest! {
        #[test]
        fn the_tree_finds_what_asking_every_route_finds(
            routes in prop::collection::vec("(GET|POST|\\*) (/(a|b|\\{x\\}|\\*)){0,3}/(\\*\\*)?", 1..8),
            path in "(/(a|b|c|a%20|)){0,4}/?"
        ) {
            let patterns: Result<Vec<_>, _> = routes.iter().map(|route| Pattern::parse(route)).collect();
            prop_assume!(patterns.is_ok());
            let patterns = patterns.unwrap();
            let plain = spelled(&path);
            let asked: Vec<usize> = (0..patterns.len())
                .filter(|&place| patterns[place].is_for(&Method::GET, &plain)).collect();
            let mut routes = Routes::default();
            patterns.iter().enumerate().for_each(|(number, pattern)| routes.add(pattern, number));
            prop_assert_eq!(routes.has(&Method::GET, &path), !asked.is_empty());
            prop_assert_eq!(routes.find(&Method::GET, &path), asked);
        }
    }
}
