//! Which of many routes a request is of: a tree of segments.
//!
//! The router crates give the best match alone, and refuse `/a/{b}` beside `/a/*`; here every handler that a request is
//! of has its turn.

use std::borrow::Cow;

use http::Method;

use super::route::{Part, Pattern, Rest, spelled};

/// A path that can be walked along: empty segments are passed over on the way, so only escapes need another spelling.
fn unescaped(path: &str) -> Cow<'_, str> {
    if memchr::memchr(b'%', path.as_bytes()).is_some() { spelled(path) } else { Cow::Borrowed(path) }
}

/// The first segment of a path, and what follows it.
fn first(path: &str) -> Option<(&str, &str)> {
    let mut path = path;
    while let Some(rest) = path.strip_prefix('/') {
        path = rest;
    }
    let end = memchr::memchr(b'/', path.as_bytes()).unwrap_or(path.len());
    (!path.is_empty()).then(|| path.split_at(end))
}

/// Routes by path, each known by its number.
#[derive(Debug, Default)]
pub(super) struct Routes {
    root: Node,
}

/// All routes that begin alike.
#[derive(Debug, Default)]
struct Node {
    /// By their texts, which are few and short: sorted, they are found by less work than a hash takes.
    literal: Vec<(String, Node)>,
    any: Option<Box<Node>>,
    /// Routes that end here, and those that go on with any rest: method and number.
    ends: Vec<(Option<Method>, usize)>,
    /// Routes that go on with one segment or more of any kind.
    rests: Vec<(Option<Method>, usize)>,
}

impl Routes {
    /// Adds a route.
    pub(super) fn add(&mut self, pattern: &Pattern, number: usize) {
        let mut node = &mut self.root;
        for part in &pattern.parts {
            node = match part {
                Part::Literal(text) => node.next(text),
                Part::Named(_) | Part::Any => node.any.get_or_insert_default(),
            };
        }
        let route = (pattern.method.clone(), number);
        if pattern.rest != Rest::Some {
            node.ends.push(route.clone());
        }
        if pattern.rest != Rest::Nothing {
            node.rests.push(route);
        }
    }

    /// The numbers of all routes that a request is of, in order.
    pub(super) fn find(&self, method: &Method, path: &str) -> Vec<usize> {
        let mut found = Vec::new();
        self.root.collect(method, &unescaped(path), &mut found);
        found.sort_unstable();
        found
    }

    /// Whether a request is of any route.
    pub(super) fn has(&self, method: &Method, path: &str) -> bool {
        self.root.has(method, &unescaped(path))
    }
}

impl Node {
    /// The node of a segment, made when there is none.
    fn next(&mut self, segment: &str) -> &mut Node {
        let place =
            self.literal.binary_search_by(|(own, _)| own.as_str().cmp(segment)).unwrap_or_else(|place| {
                self.literal.insert(place, (segment.to_owned(), Node::default()));
                place
            });
        &mut self.literal[place].1
    }

    /// The node of a segment, if there is one.
    fn literal(&self, segment: &str) -> Option<&Node> {
        let place = self.literal.binary_search_by(|(own, _)| own.as_str().cmp(segment));
        place.ok().and_then(|place| self.literal.get(place)).map(|(_, node)| node)
    }

    /// Collects from here on down; `rest` is what is left of the path.
    fn collect(&self, method: &Method, rest: &str, found: &mut Vec<usize>) {
        let Some((segment, rest)) = first(rest) else {
            found.extend(fitting(&self.ends, method));
            return;
        };
        found.extend(fitting(&self.rests, method));
        if let Some(node) = self.literal(segment) {
            node.collect(method, rest, found);
        }
        if let Some(node) = &self.any {
            node.collect(method, rest, found);
        }
    }

    /// Whether any route is found from here on down.
    fn has(&self, method: &Method, rest: &str) -> bool {
        let Some((segment, rest)) = first(rest) else { return fitting(&self.ends, method).next().is_some() };
        fitting(&self.rests, method).next().is_some()
            || self.literal(segment).is_some_and(|node| node.has(method, rest))
            || self.any.as_ref().is_some_and(|node| node.has(method, rest))
    }
}

/// The numbers of the routes that have this method.
fn fitting<'a>(
    routes: &'a [(Option<Method>, usize)],
    method: &'a Method,
) -> impl Iterator<Item = usize> + 'a {
    let fitting = routes.iter().filter(move |(own, _)| own.as_ref().is_none_or(|own| own == method));
    fitting.map(|(_, number)| *number)
}
