//! The key of a request whose target is spelled canonically already: written as it is, since nearly all are.

use ::http::Method;
use smallvec::SmallVec;

use super::key::{ESCAPED, MatchKey};

/// Whether a target is its own canonical spelling: a path of segments in which nothing is escaped, or would be. Nearly
/// every one that a client sends is.
pub(super) fn is_canonical(target: &str) -> bool {
    let mut before = 0;
    for &byte in target.as_bytes() {
        let is_doubled = byte == b'/' && before == b'/';
        if is_doubled || (byte != b'/' && ESCAPED[usize::from(byte)]) {
            return false;
        }
        before = byte;
    }
    target.starts_with('/') && before != b'/'
}

/// The key of a request without a body whose target is its own canonical spelling.
pub(super) fn key(method: &Method, target: &str) -> MatchKey {
    let method = method.as_str();
    let mut key = SmallVec::with_capacity(method.len() + target.len() + 2);
    key.extend_from_slice(method.as_bytes());
    key.push(b' ');
    key.extend_from_slice(target.as_bytes());
    key.push(b'\n');
    MatchKey(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Origin;
    use crate::matching::{LiveRequest, Matcher};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_canonical_target_has_the_key_that_spelling_it_gives(target in "/?[a-z@:.~%/?&=+ é]{0,12}/?[a-z]{0,4}") {
            if is_canonical(&target) {
                let client = || Origin::new("http", "here");
                let method = Method::GET;
                let live =
                    LiveRequest { method: &method, target: &target, body: b"", client: &client, translation: None };
                prop_assert_eq!(key(&method, &target), Matcher::default().spelled_out(&live));
            }
        }
    }
}
