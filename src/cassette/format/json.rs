//! A `json:` body: YAML in, compact JSON text out, without a tree in between.
//!
//! Key order and duplicate keys are kept, since the bytes matter and not what they mean.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::Serialize;

use super::MAX_DEPTH;

/// Reads one value and appends its JSON text to `out`.
pub(super) struct JsonText<'a> {
    out: &'a mut Vec<u8>,
    depth: usize,
}

impl<'a> JsonText<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, depth: 0 }
    }

    fn put<E: Error>(self, value: &(impl Serialize + ?Sized)) -> Result<(), E> {
        serde_json::to_writer(self.out, value).map_err(E::custom)
    }

    /// The seed for what is inside a collection.
    fn deeper<E: Error>(&mut self) -> Result<JsonText<'_>, E> {
        if self.depth == MAX_DEPTH {
            return Err(E::custom(TOO_DEEP));
        }
        Ok(JsonText { out: self.out, depth: self.depth + 1 })
    }
}

/// The message by which [`super::read`] knows this error again.
pub(super) const TOO_DEEP: &str = "recursion limit exceeded";

impl<'de> DeserializeSeed<'de> for JsonText<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for JsonText<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.out.extend_from_slice(b"null");
        Ok(())
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        self.visit_unit()
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.put(&value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.put(&value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.put(&value)
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<(), E> {
        self.put(&value)
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<(), E> {
        self.put(&value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        if value.is_finite() {
            self.put(&value)
        } else {
            Err(E::custom("JSON has no such number; put it in quotes if it is meant as text"))
        }
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.put(value)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        self.out.push(b'[');
        let empty = self.out.len();
        loop {
            let before = self.out.len();
            if before > empty {
                self.out.push(b',');
            }
            if items.next_element_seed(self.deeper()?)?.is_none() {
                self.out.truncate(before);
                break;
            }
        }
        self.out.push(b']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<(), A::Error> {
        self.out.push(b'{');
        let empty = self.out.len();
        loop {
            let before = self.out.len();
            if before > empty {
                self.out.push(b',');
            }
            if entries.next_key_seed(Key(self.out))?.is_none() {
                self.out.truncate(before);
                break;
            }
            self.out.push(b':');
            entries.next_value_seed(self.deeper()?)?;
        }
        self.out.push(b'}');
        Ok(())
    }
}

/// Reads an object's key: a string, or a scalar's very text (`1:` is `"1":`).
struct Key<'a>(&'a mut Vec<u8>);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<(), E> {
        serde_json::to_writer(self.0, key).map_err(E::custom)
    }
}
