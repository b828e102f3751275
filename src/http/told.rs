//! What a request's headers tell of how to answer it, found in one pass: each look-up by name costs as much as all of it.

use ::http::{HeaderMap, HeaderName, header};

use super::{CASSETTE, SCENARIO, SESSION};

/// Which headers are there that say how to answer, and how large all of them are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a header that is there or not")]
pub struct Told {
    /// Bytes of the header section: names and values, without separators.
    pub size: usize,
    /// [`SESSION`] is there.
    pub session: bool,
    /// [`CASSETTE`] is there.
    pub cassette: bool,
    /// [`SCENARIO`] is there.
    pub scenario: bool,
    /// It asks for "304 if unchanged" (RFC 9110 §13.1).
    pub conditional: bool,
}

impl Told {
    /// What these headers tell.
    pub fn by(headers: &HeaderMap) -> Self {
        let mut told = Self::default();
        for (name, value) in headers {
            let text = name.as_str();
            told.size += text.len() + value.len();
            // Nearly every name is ruled out by its beginning.
            if text.starts_with("x-overdub-") {
                told.note_own(name);
            } else if text.starts_with("if-") {
                told.conditional |= [header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE].contains(name);
            }
        }
        told
    }

    fn note_own(&mut self, name: &HeaderName) {
        self.session |= *name == SESSION;
        self.cassette |= *name == CASSETTE;
        self.scenario |= *name == SCENARIO;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::total_size;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_tells_what_look_ups_tell(names in proptest::collection::vec(
            proptest::sample::select(vec![
                "host", "accept", "if-none-match", "if-modified-since", "if-match", "x-overdub-session",
                "x-overdub-cassette", "x-overdub-scenario", "x-overdub-other", "x-over",
            ]),
            0..8,
        )) {
            let mut headers = HeaderMap::new();
            for name in names {
                headers.append(name, ::http::HeaderValue::from_static("value"));
            }
            let has = |name: &HeaderName| headers.contains_key(name);
            let expected = Told {
                size: total_size(&headers),
                session: has(&SESSION),
                cassette: has(&CASSETTE),
                scenario: has(&SCENARIO),
                conditional: has(&header::IF_NONE_MATCH) || has(&header::IF_MODIFIED_SINCE),
            };
            prop_assert_eq!(Told::by(&headers), expected);
        }
    }
}
