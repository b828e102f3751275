//! Links to one origin inside text: found once, rendered with another origin.
//!
//! A link is `scheme://authority` or `//authority`, its slashes escaped (`\/`, as some JSON writers do) or not. A
//! bare host name is no link: nothing tells that it is meant as one.

use bytes::{Bytes, BytesMut};
use memchr::memmem::Finder;

use super::headers::Origin;

/// Longest text before an authority that belongs to a link: `https:\/\/`.
const LONGEST_PREFIX: usize = "https:\\/\\/".len();

/// How many bytes behind an authority decide whether it goes on: a dot or colon and what follows it.
const UNDECIDED: usize = 1;

/// Finds the links to one origin.
#[derive(Debug, Clone)]
pub struct LinkFinder {
    authority: Finder<'static>,
}

/// How a link is spelled, so that its replacement is spelled alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Form {
    scheme: bool,
    escaped: bool,
}

/// One link: the bytes `start..end` of the text.
#[derive(Debug, Clone, Copy)]
struct Link {
    start: usize,
    end: usize,
    form: Form,
}

impl LinkFinder {
    /// A finder of links to `origin`, whichever of http and https they name.
    pub fn new(origin: &Origin) -> Self {
        Self { authority: Finder::new(origin.authority()).into_owned() }
    }

    /// Splits `text` at its links; `None` when it has none.
    pub fn split(&self, text: &Bytes) -> Option<Template> {
        let mut pieces = Vec::new();
        let mut from = 0;
        while let Some(link) = self.next(text, from) {
            pieces.push(Piece { text: text.slice(from..link.start), link: link.form });
            from = link.end;
        }
        (!pieces.is_empty()).then(|| Template { pieces, tail: text.slice(from..) })
    }

    /// Whether `end`, the end of what has come so far, is the beginning of a link or one that is not decided yet.
    fn may_begin_a_link(&self, end: &[u8]) -> bool {
        const PREFIXES: [&[u8]; 6] =
            [b"https://", b"http://", b"https:\\/\\/", b"http:\\/\\/", b"//", b"\\/\\/"];
        let authority = self.authority.needle();
        PREFIXES.iter().any(|prefix| {
            let (head, rest) = end.split_at(end.len().min(prefix.len()));
            let known = rest.len().min(authority.len());
            head.eq_ignore_ascii_case(&prefix[..head.len()])
                && rest[..known] == authority[..known]
                && rest.len() <= authority.len() + UNDECIDED
        })
    }

    fn next(&self, text: &[u8], from: usize) -> Option<Link> {
        let mut searched = from;
        loop {
            let at = searched + self.authority.find(text.get(searched..)?)?;
            let end = at + self.authority.needle().len();
            match link_before(text.get(..at)?) {
                Some((length, form)) if at - length >= from && !continues(text.get(end..)?) => {
                    return Some(Link { start: at - length, end, form });
                }
                _ => searched = at + 1,
            }
        }
    }
}

/// The `scheme://` or `//` that `before` ends with: its length and form.
fn link_before(before: &[u8]) -> Option<(usize, Form)> {
    let (head, escaped) = match before.strip_suffix(b"\\/\\/") {
        Some(head) => (head, true),
        None => (before.strip_suffix(b"//")?, false),
    };
    for scheme in [&b"https:"[..], b"http:"] {
        let length = before.len() - head.len() + scheme.len();
        if head.len() >= scheme.len() && head[head.len() - scheme.len()..].eq_ignore_ascii_case(scheme) {
            return Some((length, Form { scheme: true, escaped }));
        }
    }
    // `ws://…` is a link of another kind, `a///host` is a path.
    let foreign =
        head.last().is_some_and(|&byte| byte == b':' || byte == b'/' || byte.is_ascii_alphanumeric());
    (!foreign).then_some((before.len() - head.len(), Form { scheme: false, escaped }))
}

/// Whether the authority goes on in `after`, and so is another one: `okta.com` in `okta.com.evil` or `okta.com:8`.
fn continues(after: &[u8]) -> bool {
    let word = |byte: &u8| byte.is_ascii_alphanumeric();
    match after {
        [b'-' | b'_' | b'@' | b'%', ..] => true,
        [b'.' | b':', next, ..] | [next, ..] => word(next),
        [] => false,
    }
}

impl Form {
    fn write(self, origin: &Origin, out: &mut Vec<u8>) {
        if self.scheme {
            out.extend_from_slice(origin.scheme().as_bytes());
            out.push(b':');
        }
        out.extend_from_slice(if self.escaped { b"\\/\\/" } else { b"//" });
        out.extend_from_slice(origin.authority().as_bytes());
    }
}

/// A text with the origin left open.
#[derive(Debug, Clone)]
pub struct Template {
    pieces: Vec<Piece>,
    tail: Bytes,
}

#[derive(Debug, Clone)]
struct Piece {
    text: Bytes,
    link: Form,
}

impl Template {
    /// The text with `origin` in every link.
    pub fn render(&self, origin: &Origin) -> Vec<u8> {
        let link = LONGEST_PREFIX + origin.authority().len();
        let static_text: usize = self.pieces.iter().map(|piece| piece.text.len()).sum();
        let mut out = Vec::with_capacity(static_text + self.pieces.len() * link + self.tail.len());
        for piece in &self.pieces {
            out.extend_from_slice(&piece.text);
            piece.link.write(origin, &mut out);
        }
        out.extend_from_slice(&self.tail);
        out
    }
}

/// Replaces links in a text that arrives in parts, holding back no more than could be the beginning of one.
#[derive(Debug)]
pub struct LinkStream {
    finder: LinkFinder,
    origin: Origin,
    held: BytesMut,
    /// Bytes at the front of `held` that have gone out: they only tell what stands before a link.
    sent: usize,
}

impl LinkStream {
    /// Puts `origin` into the links that `finder` finds.
    pub fn new(finder: LinkFinder, origin: Origin) -> Self {
        Self { finder, origin, held: BytesMut::new(), sent: 0 }
    }

    /// Takes the next part and returns what can go out by now: all but an end that may be the beginning of a link.
    pub fn push(&mut self, part: &[u8]) -> Bytes {
        self.held.extend_from_slice(part);
        let longest = LONGEST_PREFIX + self.finder.authority.needle().len() + UNDECIDED;
        let from = self.held.len().saturating_sub(longest).max(self.sent);
        let open = (from..self.held.len()).find(|&at| self.finder.may_begin_a_link(&self.held[at..]));
        self.emit(open.unwrap_or(self.held.len()))
    }

    /// Returns the rest.
    pub fn finish(&mut self) -> Bytes {
        self.emit(self.held.len())
    }

    /// Sends the bytes up to `until`, and a link that begins before it whole.
    fn emit(&mut self, mut until: usize) -> Bytes {
        let mut out = Vec::with_capacity(until - self.sent + 64);
        let mut from = self.sent;
        while let Some(link) = self.finder.next(&self.held, from).filter(|link| link.start < until) {
            out.extend_from_slice(&self.held[from..link.start]);
            link.form.write(&self.origin, &mut out);
            from = link.end;
            until = until.max(from);
        }
        out.extend_from_slice(&self.held[from..until]);
        let keep = until.saturating_sub(1);
        self.sent = until - keep;
        let _ = self.held.split_to(keep);
        out.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rewritten(text: &str) -> String {
        let finder = LinkFinder::new(&Origin::new("https", "org.test"));
        let text = Bytes::from(text.to_owned());
        let origin = Origin::new("http", "127.0.0.1:8080");
        let out = finder.split(&text).map_or(text.to_vec(), |template| template.render(&origin));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn links_to_the_origin_are_replaced_in_their_own_spelling() {
        for (before, after) in [
            (r#"{"href":"https://org.test/a"}"#, r#"{"href":"http://127.0.0.1:8080/a"}"#),
            (r#"{"href":"https:\/\/org.test\/a"}"#, r#"{"href":"http:\/\/127.0.0.1:8080\/a"}"#),
            (r#"src="//org.test/a""#, r#"src="//127.0.0.1:8080/a""#),
            ("See http://org.test.", "See http://127.0.0.1:8080."),
            (
                "<https://org.test/a>,<https://org.test/b>",
                "<http://127.0.0.1:8080/a>,<http://127.0.0.1:8080/b>",
            ),
        ] {
            assert_eq!(rewritten(before), after);
        }
    }

    #[test]
    fn other_hosts_ports_schemes_and_bare_names_stay() {
        for text in [
            "https://org.test.evil/a",
            "https://my-org.test/a",
            "https://org.test:8443/a",
            "https://org.test@evil/",
            "wss://org.test/a",
            "mail@org.test",
            "the host org.test is down",
            "https://org.tests",
        ] {
            assert_eq!(rewritten(text), text);
        }
    }

    proptest! {
        #[test]
        fn parts_of_any_size_give_what_the_whole_gives(
            words in prop::collection::vec(prop::sample::select(vec![
                "https://org.test", "http:\\/\\/org.test", "//org.test", "org.test", ".evil", ":8", "/", "x", "\"", "https:", "://",
            ]), 0..12),
            cuts in prop::collection::vec(1..9_usize, 1..40),
        ) {
            let text = words.concat();
            let mut stream = LinkStream::new(
                LinkFinder::new(&Origin::new("https", "org.test")),
                Origin::new("http", "127.0.0.1:8080"),
            );
            let mut out = Vec::new();
            let mut rest = text.as_bytes();
            for cut in cuts.iter().cycle() {
                if rest.is_empty() { break }
                let (part, tail) = rest.split_at((*cut).min(rest.len()));
                out.extend_from_slice(&stream.push(part));
                rest = tail;
            }
            out.extend_from_slice(&stream.finish());
            prop_assert_eq!(String::from_utf8(out).unwrap(), rewritten(&text));
        }
    }
}
