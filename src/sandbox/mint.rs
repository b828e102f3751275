//! Draws ids, codes and secrets from the seed.
//!
//! Each kind of thing is drawn from a stream of its own. So a read in between, which uses up a request id and a
//! session, does not change the id of the factor enrolled after it.

use std::collections::BTreeMap;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use sha2::{Digest, Sha256};

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ID_LENGTH: usize = 20;

/// A repeatable source of what looks random.
#[derive(Debug)]
pub(super) struct Mint {
    seed: u64,
    drawn: BTreeMap<String, u64>,
}

impl Mint {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, drawn: BTreeMap::new() }
    }

    /// The next `N` bytes of a stream.
    fn bytes<const N: usize>(&mut self, stream: &str) -> [u8; N] {
        let drawn = self.drawn.entry(stream.to_owned()).or_default();
        *drawn += 1;
        let mut bytes = [0; N];
        for (chunk, block) in bytes.chunks_mut(32).zip(0_u64..) {
            let mut hash = Sha256::new();
            hash.update(self.seed.to_be_bytes());
            hash.update(drawn.to_be_bytes());
            hash.update(block.to_be_bytes());
            hash.update(stream.as_bytes());
            chunk.iter_mut().zip(hash.finalize()).for_each(|(byte, drawn)| *byte = drawn);
        }
        bytes
    }

    /// `length` (at most 64) letters and digits.
    pub(super) fn word(&mut self, stream: &str, length: usize) -> String {
        let bytes: [u8; 64] = self.bytes(stream);
        bytes.iter().take(length).map(|byte| char::from(BASE62[usize::from(*byte) % BASE62.len()])).collect()
    }

    /// An id as Okta writes them: twenty characters, the prefix telling the kind.
    pub(super) fn id(&mut self, prefix: &str) -> String {
        let rest = self.word(prefix, ID_LENGTH.saturating_sub(prefix.len()));
        format!("{prefix}{rest}")
    }

    /// `prefix` and 22 characters, as in `v2mst.GldKV5VxTrifyeZmWSQguA` and error ids.
    pub(super) fn long_id(&mut self, prefix: &str) -> String {
        let bytes: [u8; 16] = self.bytes(prefix);
        format!("{prefix}{}", BASE64URL_NOPAD.encode(&bytes))
    }

    /// A code of six digits, as sent by SMS, voice call or e-mail.
    pub(super) fn code(&mut self) -> String {
        format!("{:06}", self.below("code", 1_000_000))
    }

    /// A number below `limit`, which is not zero.
    pub(super) fn below(&mut self, stream: &str, limit: u64) -> u64 {
        u64::from_be_bytes(self.bytes(stream)).checked_rem(limit).unwrap_or(0)
    }

    /// A shared secret of 80 bits: sixteen characters in base32.
    pub(super) fn secret(&mut self) -> Vec<u8> {
        self.bytes::<10>("secret").to_vec()
    }

    /// The modulus of a 2048-bit key that belongs to nobody, in base64url.
    pub(super) fn modulus(&mut self) -> String {
        let mut bytes: [u8; 256] = self.bytes("modulus");
        bytes[0] |= 0x80;
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// `x-okta-request-id`: 32 hexadecimal digits.
    pub(super) fn request_id(&mut self) -> String {
        HEXLOWER.encode(&self.bytes::<16>("request"))
    }

    /// `JSESSIONID`: 32 hexadecimal digits in capitals.
    pub(super) fn session(&mut self) -> String {
        HEXUPPER.encode(&self.bytes::<16>("session"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_ids_and_another_seed_others() {
        let ids = |seed| {
            let mut mint = Mint::new(seed);
            (mint.id("00u"), mint.id("00u"), mint.code())
        };
        assert_eq!(ids(7), ids(7));
        assert_ne!(ids(7), ids(8));
        let (first, second, _) = ids(7);
        assert_ne!(first, second);
        assert_eq!(first.len(), 20);
    }

    #[test]
    fn drawing_from_one_stream_leaves_the_others_where_they_were() {
        let (mut quiet, mut busy) = (Mint::new(1), Mint::new(1));
        busy.request_id();
        assert_eq!(quiet.id("sms"), busy.id("sms"));
    }
}
