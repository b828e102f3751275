//! Which write a read's answer depends on: one pass over a cassette in recorded order.
//!
//! A write and a read are related when one path is a segment-wise prefix of the other; a POST to a collection concerns
//! the paths below it only if their next segment occurs in its request or response. The profile adds pairs that
//! paths do not show. The last related write before a read is its *opener*.

use std::collections::HashMap;

use ::http::Method;

use crate::cassette::{Headers, Interaction, RequestBody};
use crate::matching::Target;
use crate::profile::{Kind, Profile};

/// Per interaction, the ordinal of the write that is its opener: the last related one before it.
pub(crate) fn openers<H: Headers>(
    interactions: &[Interaction<H>],
    upstream: &str,
    kinds: &[Kind],
    profile: &Profile,
) -> Vec<Option<usize>> {
    let paths: Vec<Vec<String>> = interactions.iter().map(|own| path(&own.request.url, upstream)).collect();
    let is_read = |kind: Kind| matches!(kind, Kind::Read | Kind::Poll);
    let mut tree = Tree::default();
    // The paths of all reads first: a POST's texts are searched for the segments that occur in these only.
    for (path, _) in paths.iter().zip(kinds).filter(|(_, kind)| is_read(**kind)) {
        tree.node_of(path);
    }
    let mut openers = Vec::with_capacity(interactions.len());
    for (ordinal, interaction) in interactions.iter().enumerate() {
        let kind = kinds[ordinal];
        openers.push(if is_read(kind) { tree.last_related(&paths[ordinal]) } else { None });
        let failed = interaction.response.status.as_u16() >= 400;
        if !failed && matches!(kind, Kind::Write | Kind::Poll) {
            tree.add_write(ordinal, &paths[ordinal], interaction, kind, profile);
        }
    }
    openers
}

/// A recorded URL as segments, its origin first: paths of two origins are never related.
fn path(url: &str, upstream: &str) -> Vec<String> {
    let target = Target::recorded(url, upstream);
    let origin = target.origin.unwrap_or_default().to_ascii_lowercase();
    std::iter::once(origin).chain(target.segments().map(std::borrow::Cow::into_owned)).collect()
}

/// The paths of a cassette as a tree, and at each the last write of each sort.
#[derive(Default)]
struct Tree {
    nodes: Vec<Node>,
    children: HashMap<(usize, String), usize>,
}

/// Ordinals of the last write …
#[derive(Default)]
struct Node {
    /// … to exactly this path.
    at: Option<usize>,
    /// … somewhere below this path.
    below: Option<usize>,
    /// … concerning this path and everything below it: by its method, or by a pair of the profile.
    at_and_below: Option<usize>,
    /// … that was a POST to the path above, and named this segment.
    named: Option<usize>,
    /// … concerning exactly this path by a pair of the profile.
    paired: Option<usize>,
}

/// Above all origins.
const ROOT: usize = usize::MAX;

impl Tree {
    /// The node of a path and of all paths above it, the origin's first; made where they are missing.
    fn nodes_of(&mut self, path: &[String]) -> Vec<usize> {
        let mut parent = ROOT;
        path.iter()
            .map(|segment| {
                parent = *self.children.entry((parent, segment.clone())).or_insert_with(|| {
                    self.nodes.push(Node::default());
                    self.nodes.len() - 1
                });
                parent
            })
            .collect()
    }

    fn node_of(&mut self, path: &[String]) -> usize {
        // Every path has an origin, so there is a last node.
        self.nodes_of(path).last().copied().unwrap_or_default()
    }

    fn add_write(
        &mut self,
        ordinal: usize,
        path: &[String],
        interaction: &Interaction<impl Headers>,
        kind: Kind,
        profile: &Profile,
    ) {
        let nodes = self.nodes_of(path);
        let Some((&own, above)) = nodes.split_last() else { return };
        for &node in above {
            self.nodes[node].below = Some(ordinal);
        }
        if interaction.request.method == Method::POST {
            self.add_named(ordinal, own, interaction);
            // A poll is no opener of its own next answer.
            if kind != Kind::Poll {
                self.nodes[own].at = Some(ordinal);
            }
        } else {
            self.nodes[own].at_and_below = Some(ordinal);
        }
        let segments: Vec<&str> = path[1..].iter().map(String::as_str).collect();
        for (write, read) in &profile.related {
            let Some(filled) = write.captures(&segments).and_then(|captures| read.filled(&captures)) else {
                continue;
            };
            let concerned: Vec<String> =
                std::iter::once(path[0].clone()).chain(filled.into_iter().map(str::to_owned)).collect();
            let node = self.node_of(&concerned);
            let sort = &mut self.nodes[node];
            *if read.is_open() { &mut sort.at_and_below } else { &mut sort.paired } = Some(ordinal);
        }
    }

    /// Notes which segments below `collection` a POST's request or response names.
    fn add_named(&mut self, ordinal: usize, collection: usize, interaction: &Interaction<impl Headers>) {
        let headers = interaction.response.headers.map();
        let headers = headers.values().map(::http::HeaderValue::as_bytes);
        let sent = match &interaction.request.body {
            RequestBody::Bytes(bytes) => &bytes[..],
            RequestBody::Empty | RequestBody::Unrecorded => &[],
        };
        let answered = interaction.response.body.as_ref().map_or(&[][..], |body| &body.bytes);
        let texts = headers.chain([interaction.request.url.as_bytes(), sent, answered]);
        for word in texts.flat_map(|text| text.split(|byte| is_boundary(*byte))) {
            // In compact JSON a number follows its colon: `"id":42`.
            let word = word.strip_prefix(b":").unwrap_or(word);
            if let Ok(word) = std::str::from_utf8(word)
                && let Some(&node) = self.children.get(&(collection, word.to_owned()))
            {
                self.nodes[node].named = Some(ordinal);
            }
        }
    }

    /// The last write that concerns a read of `path`.
    fn last_related(&mut self, path: &[String]) -> Option<usize> {
        let nodes = self.nodes_of(path);
        let own = nodes.last().map(|&own| &self.nodes[own])?;
        let along = nodes.iter().map(|&node| self.nodes[node].at_and_below.max(self.nodes[node].named));
        along.max().flatten().max(own.at).max(own.below).max(own.paired)
    }
}

/// What separates words in JSON, URLs, headers and forms. Ids, names, e-mail addresses and dates stay whole.
fn is_boundary(byte: u8) -> bool {
    byte.is_ascii_whitespace() || b"\"'\\/?&=#<>{}[](),;".contains(&byte)
}
