//! Values inside a document: keys, checked text, headers and bodies.

use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;
use data_encoding::BASE64;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use super::LoadBody;
use super::document::FromText;
use super::json::JsonText;

/// The keys of one map: each known, and given once. Keys that begin with `x-` are free and read as `""`.
pub(super) struct Keys {
    known: &'static [&'static str],
    seen: u32,
}

impl Keys {
    pub(super) fn new(known: &'static [&'static str]) -> Self {
        Self { known, seen: 0 }
    }
}

impl<'de> DeserializeSeed<'de> for &mut Keys {
    type Value = &'static str;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<&'static str, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for &mut Keys {
    type Value = &'static str;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<&'static str, E> {
        if key.starts_with("x-") {
            return Ok("");
        }
        let Some(index) = self.known.iter().position(|known| *known == key) else {
            let known = self.known.join(", ");
            return Err(E::custom(format_args!("unknown key `{}`; known are {known}, and `x-…`", cut(key))));
        };
        if self.seen & 1 << index != 0 {
            return Err(E::custom(format_args!("`{key}` is given twice")));
        }
        self.seen |= 1 << index;
        Ok(self.known[index])
    }
}

/// Reads over the value of a key that is of no interest.
pub(super) fn skip_value<'de, A: MapAccess<'de>>(entries: &mut A) -> Result<(), A::Error> {
    entries.next_value().map(|IgnoredAny| ())
}

/// As much of an untrusted text as a message needs.
fn cut(text: &str) -> &str {
    text.char_indices().nth(60).map_or(text, |(at, _)| &text[..at])
}

/// A scalar whose text says a `T`.
pub(super) struct Text<T>(pub(super) T);

impl<'de, T: FromText> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Scalar<T>(PhantomData<T>);

        impl<T: FromText> Visitor<'_> for Scalar<T> {
            type Value = Text<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(T::WHAT)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text<T>, E> {
                let wrong = || E::custom(format_args!("`{}` is not {}", cut(text), T::WHAT));
                T::from_text(text).map(Text).ok_or_else(wrong)
            }
        }

        deserializer.deserialize_str(Scalar(PhantomData))
    }
}

/// Headers or trailers.
pub(super) struct HeaderMapField(pub(super) HeaderMap);

impl<'de> Deserialize<'de> for HeaderMapField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = HeaderMapField;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map from header name to value or values")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<HeaderMapField, A::Error> {
                // Whatever is reserved too much is kept as long as the cassette.
                let mut headers = HeaderMap::with_capacity(entries.size_hint().unwrap_or_default());
                while let Some(name) = entries.next_key_seed(Name(&headers))? {
                    entries.next_value_seed(Values { headers: &mut headers, name, in_list: false })?;
                }
                Ok(HeaderMapField(headers))
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

/// A header's name, which must not be among these already.
struct Name<'a>(&'a HeaderMap);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = HeaderName;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<HeaderName, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = HeaderName;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a header name")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<HeaderName, E> {
        let name = HeaderName::from_bytes(text.as_bytes())
            .map_err(|_| E::custom(format_args!("`{}` is not a header name", cut(text))))?;
        if self.0.contains_key(&name) {
            return Err(E::custom(format_args!("`{name}` is given twice; write its lines as a list")));
        }
        Ok(name)
    }
}

/// A header's value, or the list of its lines.
struct Values<'a> {
    headers: &'a mut HeaderMap,
    name: HeaderName,
    in_list: bool,
}

impl Values<'_> {
    fn add<E: Error>(self, value: &[u8]) -> Result<(), E> {
        let value = HeaderValue::from_bytes(value)
            .map_err(|_| E::custom(format_args!("the value of `{}` has control characters", self.name)))?;
        self.headers.try_append(self.name, value).map_err(|_| E::custom("too many headers"))?;
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Values<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Values<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a header value: text in quotes, a list of them, or `{base64: …}`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.add(text.as_bytes())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.add(number.to_string().as_bytes())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        if self.in_list {
            return Err(A::Error::custom("a list within a list of header values"));
        }
        let Values { headers, name, .. } = self;
        while items.next_element_seed(Values { headers, name: name.clone(), in_list: true })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let mut keys = Keys::new(&["base64"]);
        let mut value = None;
        while let Some(key) = entries.next_key_seed(&mut keys)? {
            match key {
                "base64" => value = Some(entries.next_value::<Text<Base64>>()?.0.0),
                _ => skip_value(&mut entries)?,
            }
        }
        self.add(&value.ok_or_else(|| A::Error::custom("`base64` is missing"))?)
    }
}

/// Bytes as Base64, with blanks and line breaks wherever.
struct Base64(Vec<u8>);

impl FromText for Base64 {
    const WHAT: &'static str = "Base64";

    fn from_text(text: &str) -> Option<Self> {
        let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        BASE64.decode(&digits).ok().map(Self)
    }
}

/// A body as the cassette gives it.
pub(super) enum BodyForm {
    /// `unrecorded`.
    Unrecorded,
    /// Any of the forms that have bytes.
    Bytes {
        /// The body.
        bytes: Bytes,
        /// As [`crate::cassette::Body::coded`].
        coded: bool,
    },
}

/// Reads a body.
pub(super) struct BodyField<'a> {
    pub(super) bodies: &'a dyn LoadBody,
    /// A request's: it may be `unrecorded`, and is never `coded`.
    pub(super) of_request: bool,
}

impl<'de> DeserializeSeed<'de> for BodyField<'_> {
    type Value = BodyForm;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<BodyForm, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for BodyField<'_> {
    type Value = BodyForm;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a body: one of `json:`, `text:`, `base64:`, `file:`")
    }

    fn visit_unit<E: Error>(self) -> Result<BodyForm, E> {
        Ok(BodyForm::Bytes { bytes: Bytes::new(), coded: false })
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<BodyForm, E> {
        if self.of_request && text == "unrecorded" {
            return Ok(BodyForm::Unrecorded);
        }
        Err(E::custom("a body is one of `json:`, `text:`, `base64:`, `file:`; write `text:` before the text"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<BodyForm, A::Error> {
        const KEYS: &[&str] = &["json", "text", "base64", "file", "coded"];
        let mut keys = Keys::new(if self.of_request { &KEYS[..4] } else { KEYS });
        let (mut body, mut coded) = (None, false);
        while let Some(key) = entries.next_key_seed(&mut keys)? {
            let bytes = match key {
                "json" => {
                    let mut text = Vec::with_capacity(1024);
                    entries.next_value_seed(JsonText::new(&mut text))?;
                    Bytes::copy_from_slice(&text) // no larger than it has to be
                }
                "text" => entries.next_value::<Text<String>>()?.0.into(),
                "base64" => entries.next_value::<Text<Base64>>()?.0.0.into(),
                "file" => entries.next_value_seed(Sidecar(self.bodies))?,
                "coded" => {
                    coded = entries.next_value()?;
                    continue;
                }
                _ => {
                    skip_value(&mut entries)?;
                    continue;
                }
            };
            if body.replace(bytes).is_some() {
                return Err(A::Error::custom("a body has only one of `json:`, `text:`, `base64:`, `file:`"));
            }
        }
        let missing = || A::Error::custom("a body needs one of `json:`, `text:`, `base64:`, `file:`");
        Ok(BodyForm::Bytes { bytes: body.ok_or_else(missing)?, coded })
    }
}

/// The name of a file with the body.
struct Sidecar<'a>(&'a dyn LoadBody);

impl<'de> DeserializeSeed<'de> for Sidecar<'_> {
    type Value = Bytes;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Bytes, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Sidecar<'_> {
    type Value = Bytes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a file beside the cassette")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Bytes, E> {
        self.0.load(name).map_err(|error| E::custom(format_args!("body file `{}`: {error}", cut(name))))
    }
}
