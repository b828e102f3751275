//! Content codings (RFC 9110 §8.4.1): gzip, deflate, br and zstd, in memory and bounded.

use std::io::{self, Read, Write};

use ::http::{HeaderMap, header};
use bytes::Bytes;
use flate2::Compression;

/// A coding that we can undo and apply again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// `gzip` or `x-gzip` (RFC 1952).
    Gzip,
    /// `deflate`: zlib (RFC 1950); raw deflate, which some servers send by mistake, is read too.
    Deflate,
    /// `br` (RFC 7932).
    Brotli,
    /// `zstd` (RFC 8878).
    Zstd,
}

/// Why a coded body could not be decoded.
#[derive(Debug, thiserror::Error)]
pub enum CodingError {
    /// The header names a coding that is not known here, or several.
    #[error("content-encoding `{0}` is not one of gzip, deflate, br, zstd")]
    Unknown(String),
    /// The bytes are not what the header says.
    #[error("the body is not valid {0}: {1}")]
    Invalid(&'static str, io::Error),
    /// The decoded body is larger than allowed (bytes).
    #[error("the decoded body is larger than {0} bytes")]
    TooLarge(usize),
}

impl Coding {
    /// The coding that a message's headers declare; `None` when it is not coded.
    ///
    /// # Errors
    /// [`CodingError::Unknown`] for anything but one known coding.
    pub fn of(headers: &HeaderMap) -> Result<Option<Self>, CodingError> {
        let mut values = headers.get_all(header::CONTENT_ENCODING).iter();
        let Some(first) = values.next() else { return Ok(None) };
        let name = String::from_utf8_lossy(first.as_bytes()).trim().to_ascii_lowercase();
        match (name.as_str(), values.next()) {
            ("identity" | "", None) => Ok(None),
            ("gzip" | "x-gzip", None) => Ok(Some(Self::Gzip)),
            ("deflate", None) => Ok(Some(Self::Deflate)),
            ("br", None) => Ok(Some(Self::Brotli)),
            ("zstd", None) => Ok(Some(Self::Zstd)),
            _ => Err(CodingError::Unknown(name)),
        }
    }

    /// Its name in `Content-Encoding` and `Accept-Encoding`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }

    /// Decodes `coded`, giving up above `limit` bytes so that a small bomb cannot fill the memory.
    ///
    /// # Errors
    /// When the bytes are not of this coding, or too large.
    pub fn decode(self, coded: &[u8], limit: usize) -> Result<Bytes, CodingError> {
        let decoded = match self {
            Self::Gzip => bounded(flate2::read::MultiGzDecoder::new(coded), limit),
            Self::Deflate => bounded(flate2::read::ZlibDecoder::new(coded), limit)
                .or_else(|_| bounded(flate2::read::DeflateDecoder::new(coded), limit)),
            Self::Brotli => bounded(brotli::Decompressor::new(coded, 4096), limit),
            Self::Zstd => zstd::stream::read::Decoder::new(coded).and_then(|decoder| bounded(decoder, limit)),
        }
        .map_err(|error| CodingError::Invalid(self.name(), error))?;
        if decoded.len() > limit { Err(CodingError::TooLarge(limit)) } else { Ok(decoded.into()) }
    }

    /// Codes `plain`; the same bytes always give the same bytes.
    pub fn encode(self, plain: &[u8]) -> Bytes {
        let coded = match self {
            Self::Gzip => written(flate2::write::GzEncoder::new(Vec::new(), Compression::default()), plain)
                .and_then(flate2::write::GzEncoder::finish),
            Self::Deflate => {
                written(flate2::write::ZlibEncoder::new(Vec::new(), Compression::default()), plain)
                    .and_then(flate2::write::ZlibEncoder::finish)
            }
            Self::Brotli => written(brotli::CompressorWriter::new(Vec::new(), 4096, 5, 20), plain)
                .map(brotli::CompressorWriter::into_inner),
            Self::Zstd => zstd::stream::encode_all(plain, 3),
        };
        // Writing to memory does not fail; an empty body is what a caller can still send if it ever did.
        coded.unwrap_or_default().into()
    }

    /// Whether the client's `Accept-Encoding` allows this coding (RFC 9110 §12.5.3). No such header: no.
    pub fn accepted_by(self, headers: &HeaderMap) -> bool {
        let mut any = false;
        for value in headers.get_all(header::ACCEPT_ENCODING) {
            for element in value.to_str().unwrap_or_default().split(',') {
                let mut parts = element.split(';').map(str::trim);
                let name = parts.next().unwrap_or_default();
                let refused = parts.any(|part| {
                    part.strip_prefix("q=").is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0))
                });
                if name.eq_ignore_ascii_case(self.name())
                    || (self == Self::Gzip && name.eq_ignore_ascii_case("x-gzip"))
                {
                    return !refused;
                }
                any |= name == "*" && !refused;
            }
        }
        any
    }
}

fn bounded(reader: impl Read, limit: usize) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    reader.take(limit as u64 + 1).read_to_end(&mut out)?;
    Ok(out)
}

fn written<W: Write>(mut writer: W, plain: &[u8]) -> io::Result<W> {
    writer.write_all(plain)?;
    writer.flush()?;
    Ok(writer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::http::HeaderValue;
    use proptest::prelude::*;

    const ALL: [Coding; 4] = [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd];

    proptest! {
        #[test]
        fn what_was_coded_decodes_to_the_same_bytes(plain in prop::collection::vec(any::<u8>(), 0..4000)) {
            for coding in ALL {
                let coded = coding.encode(&plain);
                prop_assert_eq!(&coding.decode(&coded, 4000).unwrap()[..], &plain[..]);
            }
        }

        #[test]
        fn rubbish_is_an_error_and_never_a_panic(rubbish in prop::collection::vec(any::<u8>(), 0..300)) {
            for coding in ALL {
                let _ = coding.decode(&rubbish, 1000);
            }
        }
    }

    #[test]
    fn a_bomb_is_given_up_at_the_limit() {
        for coding in ALL {
            let coded = coding.encode(&vec![0; 1_000_000]);
            assert!(matches!(coding.decode(&coded, 1000), Err(CodingError::TooLarge(1000))), "{coding:?}");
        }
    }

    #[test]
    fn a_coding_is_applied_only_when_it_is_accepted() {
        let accepts = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
            Coding::Gzip.accepted_by(&headers)
        };
        assert!(accepts("gzip, deflate"));
        assert!(accepts("br;q=1.0, GZIP;q=0.5"));
        assert!(accepts("*"));
        assert!(!accepts("*, gzip;q=0"));
        assert!(!accepts("br"));
        assert!(!Coding::Gzip.accepted_by(&HeaderMap::new()));
    }
}
