//! Sets of bytes, asked by one look into a table.

/// A set of bytes.
#[derive(Debug, Clone, Copy)]
pub struct ByteSet([bool; 256]);

impl ByteSet {
    /// The one of these.
    pub const fn of(bytes: &[u8]) -> Self {
        let mut set = [false; 256];
        let mut at = 0;
        while at < bytes.len() {
            set[bytes[at] as usize] = true;
            at += 1;
        }
        Self(set)
    }

    /// The same with ASCII's letters and digits.
    #[must_use]
    pub const fn and_alphanumeric(mut self) -> Self {
        let mut byte: u8 = 0;
        while byte < 128 {
            self.0[byte as usize] |= byte.is_ascii_alphanumeric();
            byte += 1;
        }
        self
    }

    /// Whether it has this byte.
    #[inline]
    pub fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte)]
    }

    /// How many bytes at the beginning of `text` are in it.
    #[inline]
    pub fn span(&self, text: &[u8]) -> usize {
        text.iter().position(|byte| !self.has(*byte)).unwrap_or(text.len())
    }

    /// How many bytes stand in `text` before the first that is in it.
    #[inline]
    pub fn until(&self, text: &[u8]) -> usize {
        text.iter().position(|byte| self.has(*byte)).unwrap_or(text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_has_what_it_was_made_of(own in prop::collection::vec(any::<u8>(), 0..20), byte: u8) {
            let set = ByteSet::of(&own);
            prop_assert_eq!(set.has(byte), own.contains(&byte));
            let more = set.and_alphanumeric();
            prop_assert_eq!(more.has(byte), own.contains(&byte) || byte.is_ascii_alphanumeric());
        }
    }

    #[test]
    fn a_text_is_measured_to_the_first_byte_of_another_kind() {
        let set = ByteSet::of(b"-_").and_alphanumeric();
        assert_eq!((set.span(b"a-1.b"), set.span(b"ab"), set.span(b"")), (3, 2, 0));
        assert_eq!((set.until(b". a"), set.until(b". "), set.until(b"")), (2, 2, 0));
    }
}
