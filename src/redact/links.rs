//! Links to ourselves that a client sends back, where nothing else is replaced.

use bytes::Bytes;

use crate::http::{LinkFinder, Origin};

/// What a client sent, with the API's origin in links to us: it was given them in place of the API's. In URLs and
/// forms such a link is escaped.
pub(super) fn sent_back(sent: Bytes, client: &Origin, api: &Origin) -> Bytes {
    let plain = LinkFinder::new(client).split(&sent).map(|template| template.render(api).into());
    let sent: Bytes = plain.unwrap_or(sent);
    let escaped = |origin: &Origin| {
        format!("{}%3A%2F%2F{}", origin.scheme(), origin.authority().replace(':', "%3A")).into_bytes()
    };
    let (from, to) = (escaped(client), escaped(api));
    let mut links = memchr::memmem::find_iter(&sent, &from).peekable();
    if links.peek().is_none() {
        return sent;
    }
    let (mut changed, mut rest) = (Vec::with_capacity(sent.len()), 0);
    for at in links {
        changed.extend_from_slice(&sent[rest..at]);
        changed.extend_from_slice(&to);
        rest = at + from.len();
    }
    changed.extend_from_slice(&sent[rest..]);
    changed.into()
}
