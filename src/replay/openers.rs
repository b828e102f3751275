//! Which write a read's answer depends on: one pass over a cassette in recorded order.
//!
//! A write and a read are related when one path is a segment-wise prefix of the other; a POST to a collection concerns
//! the paths below it only if their next segment occurs in its request or response. The profile adds pairs that
//! paths do not show. The last related write before a read is its *opener*.

use std::collections::{HashMap, HashSet};

use ::http::Method;

use crate::cassette::{Interaction, RequestBody};
use crate::matching::Target;
use crate::profile::{Kind, Profile};

/// Of which read recordings each write is the opener: per interaction, the ordinal of its opener.
pub(super) fn openers(
    interactions: &[Interaction],
    upstream: &str,
    kinds: &[Kind],
    profile: &Profile,
) -> Vec<Option<usize>> {
    let paths: Vec<Vec<String>> =
        interactions.iter().map(|own| segments(&own.request.url, upstream)).collect();
    let mut seen = Writes::watching(&paths, kinds);
    let mut openers = Vec::with_capacity(interactions.len());
    for (ordinal, interaction) in interactions.iter().enumerate() {
        let path = &paths[ordinal];
        openers.push(match kinds[ordinal] {
            Kind::Read | Kind::Poll => seen.last_related(path),
            Kind::Write | Kind::Token => None,
        });
        let failed = interaction.response.status.as_u16() >= 400;
        if !failed && matches!(kinds[ordinal], Kind::Write | Kind::Poll) {
            seen.add(ordinal, path, interaction, kinds[ordinal], profile);
        }
    }
    openers
}

/// The path of a recorded URL as segments, its origin first where it is a foreign one: paths of two origins are
/// never related.
fn segments(url: &str, upstream: &str) -> Vec<String> {
    let target = Target::recorded(url, upstream);
    let origin = target.origin.map(str::to_owned);
    origin.into_iter().chain(target.segments().map(std::borrow::Cow::into_owned)).collect()
}

/// The last write of each sort, by path. Paths are joined by a newline, which no segment of a URL holds unescaped.
#[derive(Default)]
struct Writes {
    /// At exactly this path.
    at: HashMap<String, usize>,
    /// Somewhere below this path.
    below: HashMap<String, usize>,
    /// POST to this collection that named this next segment.
    naming: HashMap<(String, String), usize>,
    /// Concerning exactly this path by a pair of the profile.
    paired: HashMap<String, usize>,
    /// Concerning this path and everything below it: by its method, or by a pair of the profile.
    at_and_below: HashMap<String, usize>,
    /// Collections that are posted to, and the next segments that reads below them have.
    watched: HashMap<String, HashSet<String>>,
}

impl Writes {
    /// Notes which next segments matter, so that a POST's texts are searched for these only.
    fn watching(paths: &[Vec<String>], kinds: &[Kind]) -> Self {
        let mut own = Self::default();
        for (path, kind) in paths.iter().zip(kinds) {
            if matches!(kind, Kind::Read | Kind::Poll) {
                for (depth, next) in path.iter().enumerate() {
                    own.watched.entry(path[..depth].join("\n")).or_default().insert(next.clone());
                }
            }
        }
        own
    }

    fn add(
        &mut self,
        ordinal: usize,
        path: &[String],
        interaction: &Interaction,
        kind: Kind,
        profile: &Profile,
    ) {
        let joined = path.join("\n");
        for depth in 0..path.len() {
            self.below.insert(path[..depth].join("\n"), ordinal);
        }
        let to_collection = interaction.request.method == Method::POST;
        if to_collection {
            self.add_named(ordinal, &joined, interaction);
        }
        // The path itself is a prefix of itself: a poll is no opener of its own next answer, though.
        if !(to_collection && kind == Kind::Poll) {
            self.at.insert(joined.clone(), ordinal);
        }
        if !to_collection {
            self.at_and_below.insert(joined, ordinal);
        }
        let borrowed: Vec<&str> = path.iter().map(String::as_str).collect();
        for (write, read) in &profile.related {
            let filled =
                write.captures(&borrowed).and_then(|captures| Some(read.filled(&captures)?.join("\n")));
            if let Some(concerned) = filled {
                let map = if read.is_open() { &mut self.at_and_below } else { &mut self.paired };
                map.insert(concerned, ordinal);
            }
        }
    }

    /// Notes which watched segments a POST's request or response names.
    fn add_named(&mut self, ordinal: usize, collection: &str, interaction: &Interaction) {
        let Some(watched) = self.watched.get(collection) else { return };
        let mut texts: Vec<&[u8]> =
            interaction.response.headers.values().map(::http::HeaderValue::as_bytes).collect();
        texts.push(interaction.request.url.as_bytes());
        if let RequestBody::Bytes(bytes) = &interaction.request.body {
            texts.push(bytes);
        }
        if let Some(body) = &interaction.response.body {
            texts.push(&body.bytes);
        }
        for word in texts.into_iter().flat_map(|text| text.split(|byte| is_boundary(*byte))) {
            if let Ok(word) = std::str::from_utf8(word)
                && watched.contains(word)
            {
                self.naming.insert((collection.to_owned(), word.to_owned()), ordinal);
            }
        }
    }

    /// The last write that concerns a read of `path`.
    fn last_related(&self, path: &[String]) -> Option<usize> {
        let joined = path.join("\n");
        let mut last =
            self.at.get(&joined).max(self.below.get(&joined)).max(self.paired.get(&joined)).copied();
        for depth in 0..=path.len() {
            let prefix = path[..depth].join("\n");
            last = last.max(self.at_and_below.get(&prefix).copied());
            if let Some(next) = path.get(depth) {
                last = last.max(self.naming.get(&(prefix, next.clone())).copied());
            }
        }
        last
    }
}

/// What separates words in JSON, URLs, headers and forms. Ids, names, e-mail addresses and dates stay whole.
fn is_boundary(byte: u8) -> bool {
    byte.is_ascii_whitespace() || b"\"'\\/?&=#<>{}[](),;".contains(&byte)
}
