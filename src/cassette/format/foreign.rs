//! Recognises files that other programs wrote, so that the message can name them.

use crate::cassette::error::Foreign;

/// How much of a file is looked at.
const HEAD: usize = 64 << 10;

/// Whether the document has an `overdub` key at its top, wherever among the others.
pub(super) fn claims_to_be_a_cassette(document: &[u8]) -> bool {
    top_keys(document).any(|key| key == b"overdub")
}

/// Whose file this is, as far as its top keys tell.
pub(super) fn recognise(document: &[u8]) -> Option<Foreign> {
    let document = &document[..document.len().min(HEAD)];
    let has = |wanted: &[u8]| top_keys(document).any(|key| key == wanted);
    if has(b"http_interactions") {
        Some(Foreign::RubyVcr)
    } else if has(b"log") {
        Some(Foreign::Har)
    } else if has(b"interactions") {
        // Both have `version: 1` and `interactions:`; vcrpy calls the request's address `uri`.
        let uri = memchr::memmem::find(document, b" uri:").is_some();
        Some(if uri { Foreign::Vcrpy } else { Foreign::GoVcr })
    } else {
        None
    }
}

/// Keys that stand at a line's beginning, or first in a JSON object.
fn top_keys(document: &[u8]) -> impl Iterator<Item = &[u8]> {
    let json = document.trim_ascii_start().starts_with(b"{");
    document.split(|byte| *byte == b'\n').filter_map(move |line| {
        let line = if json { line.trim_ascii_start() } else { line };
        let line = line.strip_prefix(b"--- ").unwrap_or(line);
        let line = line.strip_prefix(b"{").unwrap_or(line).trim_ascii_start();
        let colon = memchr::memchr(b':', line)?;
        let key = line[..colon].trim_ascii_end();
        Some(key.strip_prefix(b"\"").and_then(|key| key.strip_suffix(b"\"")).unwrap_or(key))
    })
}
