//! Recordings as replay holds them until it has made their answers ready.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::model::{Cassette, Interaction, RecordedRequest, RecordedResponse};

/// Headers as one piece of text: a map of them takes six times the memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackedHeaders(Box<[u8]>);

/// What holds headers.
pub trait Headers {
    /// As a map, in the order in which they were.
    fn map(&self) -> Cow<'_, HeaderMap>;
}

impl Headers for HeaderMap {
    fn map(&self) -> Cow<'_, HeaderMap> {
        Cow::Borrowed(self)
    }
}

impl Headers for PackedHeaders {
    fn map(&self) -> Cow<'_, HeaderMap> {
        let lines = || self.0.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let mut headers = HeaderMap::with_capacity(lines().count());
        for line in lines() {
            // They come from valid headers, so none of this can fail.
            if let Some(colon) = memchr::memchr(b':', line)
                && let Ok(name) = HeaderName::from_bytes(&line[..colon])
                && let Ok(value) = HeaderValue::from_bytes(&line[colon + 1..])
            {
                headers.append(name, value);
            }
        }
        Cow::Owned(headers)
    }
}

impl From<&HeaderMap> for PackedHeaders {
    /// No name holds a colon, and no value a line end.
    fn from(headers: &HeaderMap) -> Self {
        let length = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 2).sum();
        let mut packed = Vec::with_capacity(length);
        for (name, value) in headers {
            packed.extend_from_slice(name.as_str().as_bytes());
            packed.push(b':');
            packed.extend_from_slice(value.as_bytes());
            packed.push(b'\n');
        }
        Self(packed.into())
    }
}

impl RecordedResponse<PackedHeaders> {
    /// Takes headers and body out of it.
    pub fn unpack(&mut self) -> RecordedResponse {
        RecordedResponse {
            status: self.status,
            headers: std::mem::take(&mut self.headers).map().into_owned(),
            framing: self.framing,
            body: self.body.take(),
            trailers: std::mem::take(&mut self.trailers).map().into_owned(),
        }
    }
}

impl From<Interaction> for Interaction<PackedHeaders> {
    /// Without the request's headers: nothing is matched by them.
    fn from(own: Interaction) -> Self {
        let RecordedResponse { status, headers, framing, body, trailers } = own.response;
        let (headers, trailers) = ((&headers).into(), (&trailers).into());
        Self {
            at: own.at,
            took: own.took,
            request: RecordedRequest { headers: HeaderMap::new(), ..own.request },
            stand_ins: own.stand_ins,
            repeat: own.repeat,
            response: RecordedResponse { status, headers, framing, body, trailers },
            line: own.line,
        }
    }
}

impl From<Cassette> for Cassette<PackedHeaders> {
    fn from(own: Cassette) -> Self {
        let interactions = own.interactions.into_iter().map(Interaction::from).collect();
        Self { name: own.name, path: own.path, header: own.header, interactions }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_unpacked_is_what_was_packed(
            lines in vec(("[a-z!#$%&'*+.^_`|~0-9-]{1,3}", "[\t -~\u{80}-\u{ff}]{0,8}"), 0..8)
        ) {
            let mut headers = HeaderMap::new();
            for (name, value) in &lines {
                let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
                headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value);
            }
            prop_assert!(PackedHeaders::from(&headers).map().iter().eq(&headers));
        }
    }
}
