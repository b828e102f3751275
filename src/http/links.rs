//! Links to one origin inside text: found once, rendered with another origin.
//!
//! A link is `scheme://authority` or `//authority`, its slashes escaped (`\/`, as some JSON writers do),
//! percent-encoded with all else (`https%3A%2F%2Fhost%3A8080`, as in a query) or plain. A bare host name is no link:
//! nothing tells that it is meant as one.

use bytes::{Bytes, BytesMut};
use memchr::memmem::Finder;

use super::headers::Origin;

/// Longest text before an authority that belongs to a link: `https:\/\/`.
const LONGEST_PREFIX: usize = "https%3A%2F%2F".len();

/// What stands before an authority, and how many bytes behind it decide whether it goes on, less one: a dot or colon
/// and what follows it, or an escaped byte.
const PREFIXES: [(&[u8], usize); 9] = [
    (b"https://", 1),
    (b"http://", 1),
    (b"https:\\/\\/", 1),
    (b"http:\\/\\/", 1),
    (b"https%3A%2F%2F", LONGEST_UNDECIDED),
    (b"http%3A%2F%2F", LONGEST_UNDECIDED),
    (b"//", 1),
    (b"\\/\\/", 1),
    (b"%2F%2F", LONGEST_UNDECIDED),
];

/// The largest of those numbers.
const LONGEST_UNDECIDED: usize = "%3A".len();

/// Whether there can be a link in `text`: quickly told, to leave most texts alone.
pub fn may_have_link(text: &[u8]) -> bool {
    let finds = |slashes: &[u8]| memchr::memmem::find(text, slashes).is_some();
    memchr::memchr2(b'/', b'%', text).is_some()
        && (finds(b"//") || finds(b"\\/\\/") || finds(b"%2F%2F") || finds(b"%2f%2f"))
}

/// Finds the links to one origin.
#[derive(Debug, Clone)]
pub struct LinkFinder {
    authority: Finder<'static>,
    /// The authority as it stands in percent-encoded links, where that is another spelling.
    encoded: Option<Finder<'static>>,
    host: Box<str>,
}

/// How a link is spelled, so that its replacement is spelled alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkForm {
    scheme: bool,
    slashes: Slashes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slashes {
    Plain,
    Escaped,
    /// Percent-encoded, in these hexadecimal digits.
    Encoded {
        lower: bool,
    },
}

/// One link: the bytes `start..end` of the text.
#[derive(Debug, Clone, Copy)]
pub struct Link {
    /// Where it begins.
    pub start: usize,
    /// Where its authority ends.
    pub end: usize,
    /// How it is spelled.
    pub form: LinkForm,
}

impl LinkFinder {
    /// A finder of links to `origin`, whichever of http and https they name.
    pub fn new(origin: &Origin) -> Self {
        let encoded = encoded(origin.authority(), false);
        Self {
            authority: Finder::new(origin.authority()).into_owned(),
            encoded: (encoded != origin.authority()).then(|| Finder::new(&encoded).into_owned()),
            host: origin.host().into(),
        }
    }

    /// Splits `text` at its links; `None` when it has none.
    pub fn split(&self, text: &Bytes) -> Option<Template> {
        let mut pieces = Vec::new();
        let mut from = 0;
        for link in self.find_iter(text) {
            pieces.push(Piece { text: text.slice(from..link.start), link: link.form });
            from = link.end;
        }
        (!pieces.is_empty()).then(|| Template { pieces, tail: text.slice(from..) })
    }

    /// Whether there is a link in `text`: quickly told for what is too short to hold one, as header values mostly are.
    pub fn has_link(&self, text: &[u8]) -> bool {
        text.len() >= "//".len() + self.authority.needle().len() && self.next(text, 0).is_some()
    }

    /// All links, from left to right.
    pub fn find_iter<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = Link> + 'a {
        let mut from = 0;
        std::iter::from_fn(move || {
            let link = self.next(text, from)?;
            from = link.end;
            Some(link)
        })
    }

    /// The authority's host.
    pub fn host(&self) -> &str {
        self.host.as_ref()
    }

    fn longest_authority(&self) -> usize {
        self.encoded.as_ref().unwrap_or(&self.authority).needle().len()
    }

    /// Whether `end`, the end of what has come so far, is the beginning of a link or one that is not decided yet.
    fn may_begin_a_link(&self, end: &[u8]) -> bool {
        let authorities = [Some(&self.authority), self.encoded.as_ref()];
        PREFIXES.iter().any(|(prefix, undecided)| {
            let (head, rest) = end.split_at(end.len().min(prefix.len()));
            head.eq_ignore_ascii_case(&prefix[..head.len()])
                && authorities.iter().flatten().any(|authority| {
                    let authority = authority.needle();
                    let known = rest.len().min(authority.len());
                    rest[..known].eq_ignore_ascii_case(&authority[..known])
                        && rest.len() <= authority.len() + undecided
                })
        })
    }

    fn next(&self, text: &[u8], from: usize) -> Option<Link> {
        let plain = next(&self.authority, text, from, |_| true);
        let Some(own) = &self.encoded else { return plain };
        let encoded = next(own, text, from, |form| matches!(form.slashes, Slashes::Encoded { .. }));
        [plain, encoded].into_iter().flatten().min_by_key(|link| link.start)
    }
}

fn next(authority: &Finder<'_>, text: &[u8], from: usize, fits: impl Fn(LinkForm) -> bool) -> Option<Link> {
    let mut searched = from;
    loop {
        let at = searched + authority.find(text.get(searched..)?)?;
        let end = at + authority.needle().len();
        match link_before(text.get(..at)?) {
            Some((length, form))
                if at - length >= from && fits(form) && !continues(text.get(end..)?, form.slashes) =>
            {
                return Some(Link { start: at - length, end, form });
            }
            _ => searched = at + 1,
        }
    }
}

/// The `scheme://` or `//` that `before` ends with: its length and form.
fn link_before(before: &[u8]) -> Option<(usize, LinkForm)> {
    let (head, slashes) = match before {
        [head @ .., b'/', b'/'] => (head, Slashes::Plain),
        [head @ .., b'\\', b'/', b'\\', b'/'] => (head, Slashes::Escaped),
        [head @ .., b'%', b'2', one, b'%', b'2', other] if [*one, *other].eq_ignore_ascii_case(b"ff") => {
            (head, Slashes::Encoded { lower: *one == b'f' })
        }
        _ => return None,
    };
    let schemes: [&[u8]; 2] = match slashes {
        Slashes::Encoded { .. } => [b"https%3A", b"http%3A"],
        Slashes::Plain | Slashes::Escaped => [b"https:", b"http:"],
    };
    for scheme in schemes {
        let length = before.len() - head.len() + scheme.len();
        if head.len() >= scheme.len() && head[head.len() - scheme.len()..].eq_ignore_ascii_case(scheme) {
            return Some((length, LinkForm { scheme: true, slashes }));
        }
    }
    // `ws://…` is a link of another kind, `a///host` is a path.
    let foreign =
        head.last().is_some_and(|&byte| byte == b':' || byte == b'/' || byte.is_ascii_alphanumeric());
    (!foreign).then_some((before.len() - head.len(), LinkForm { scheme: false, slashes }))
}

/// Whether the authority goes on in `after`, and so is another one: `okta.com` in `okta.com.evil` or `okta.com:8`.
fn continues(after: &[u8], slashes: Slashes) -> bool {
    let word = |byte: &u8| byte.is_ascii_alphanumeric();
    match after {
        // In an encoded link an escaped colon or `@` goes on, an escaped slash or quote ends it.
        [b'%', one, other, ..] if matches!(slashes, Slashes::Encoded { .. }) => {
            [*one, *other].eq_ignore_ascii_case(b"3A") || [*one, *other] == *b"40"
        }
        [b'-' | b'_' | b'@' | b'%', ..] => true,
        [b'.' | b':', next, ..] | [next, ..] => word(next),
        [] => false,
    }
}

/// An authority as it stands in a percent-encoded link.
fn encoded(authority: &str, lower: bool) -> String {
    let escapes = if lower { ["%3a", "%5b", "%5d"] } else { ["%3A", "%5B", "%5D"] };
    authority.replace(':', escapes[0]).replace('[', escapes[1]).replace(']', escapes[2])
}

impl LinkForm {
    /// Writes scheme and authority of `origin` in this form.
    pub fn write(self, origin: &Origin, out: &mut Vec<u8>) {
        let (colon, slashes): (&[u8], &[u8]) = match self.slashes {
            Slashes::Plain => (b":", b"//"),
            Slashes::Escaped => (b":", b"\\/\\/"),
            Slashes::Encoded { lower: false } => (b"%3A", b"%2F%2F"),
            Slashes::Encoded { lower: true } => (b"%3a", b"%2f%2f"),
        };
        if self.scheme {
            out.extend_from_slice(origin.scheme().as_bytes());
            out.extend_from_slice(colon);
        }
        out.extend_from_slice(slashes);
        match self.slashes {
            Slashes::Encoded { lower } => {
                out.extend_from_slice(encoded(origin.authority(), lower).as_bytes());
            }
            Slashes::Plain | Slashes::Escaped => out.extend_from_slice(origin.authority().as_bytes()),
        }
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
    link: LinkForm,
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
        let longest = LONGEST_PREFIX + self.finder.longest_authority() + LONGEST_UNDECIDED;
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
            ("to=https%3A%2F%2Forg.test%2Fa", "to=http%3A%2F%2F127.0.0.1%3A8080%2Fa"),
            ("to=https%3a%2f%2forg.test", "to=http%3a%2f%2f127.0.0.1%3a8080"),
            ("to=%2F%2Forg.test%26x", "to=%2F%2F127.0.0.1%3A8080%26x"),
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
            "https%3A%2F%2Forg.test%3A8443",
            "wss%3A%2F%2Forg.test",
        ] {
            assert_eq!(rewritten(text), text);
        }
    }

    proptest! {
        #[test]
        fn parts_of_any_size_give_what_the_whole_gives(
            words in prop::collection::vec(prop::sample::select(vec![
                "https://org.test", "http:\\/\\/org.test", "//org.test", "org.test", "https%3A%2F%2Forg.test", "%2f%2forg.test", "%3A8", "%", ".evil", ":8", "/", "x", "\"", "https:", "://",
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
