//! A sensitive field: how its path is spelled, and which values it takes for what they are.

use std::sync::Arc;

use regex::bytes::Regex;

use super::{RoutePath, StandInType};

/// Fewest digits of a telephone number that is whole: a masked one shows four.
const WHOLE_NUMBER: usize = 7;

/// A JSON field, form field or query parameter.
#[derive(Debug, Clone)]
pub(super) struct Field {
    /// The dotted end of its path, last name first.
    pub(super) path: Vec<Name>,
    pub(super) of_type: StandInType,
    pub(super) under: Option<RoutePath>,
    /// It is one only where one of these stands in the same object; empty: anywhere.
    pub(super) beside: Arc<[String]>,
    /// What a value of another meaning looks like.
    pub(super) unless: Option<Arc<Regex>>,
}

/// A name in a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    /// In lower case if there is a star.
    pub(super) text: String,
    /// Anything may stand before it, or behind it.
    begins: bool,
    ends: bool,
}

impl Name {
    /// Reads `name`, `*name`, `name*` or `*name*`; `None` for anything else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('*').unwrap_or(text);
        let name = rest.strip_suffix('*').unwrap_or(rest);
        let (begins, ends) = (rest.len() < text.len(), name.len() < rest.len());
        let text = if begins || ends { name.to_ascii_lowercase() } else { name.to_owned() };
        (!name.is_empty() && !name.contains('*')).then_some(Self { text, begins, ends })
    }

    /// Whether it has no star.
    pub(super) fn is_exact(&self) -> bool {
        !self.begins && !self.ends
    }

    fn is(&self, name: &str) -> bool {
        let own = self.text.as_bytes();
        let name = name.as_bytes();
        // Most names differ in the first letter already.
        let first = own.first().copied();
        let same = |part: Option<&[u8]>| {
            part.is_some_and(|part| {
                part.first().map(u8::to_ascii_lowercase) == first && part.eq_ignore_ascii_case(own)
            })
        };
        match (self.begins, self.ends) {
            (false, false) => name == own,
            (true, false) => same(name.len().checked_sub(own.len()).and_then(|at| name.get(at..))),
            (false, true) => same(name.get(..own.len())),
            (true, true) => name.windows(own.len()).any(|part| same(Some(part))),
        }
    }

    /// A regular expression for it, without what a star in front stands for.
    pub(super) fn pattern(&self) -> String {
        let rest = if self.ends { r"[\w-]*" } else { "" };
        format!("(?i:{}){rest}", regex::escape(&self.text))
    }
}

impl Field {
    /// Whether this can be its last name.
    pub(super) fn ends_with(&self, name: &str) -> bool {
        self.path.first().is_some_and(|own| own.is(name))
    }

    pub(super) fn fits(&self, names: &[&str], segments: &[&str]) -> bool {
        self.path.len() <= names.len()
            && self.path.iter().zip(names.iter().rev()).all(|(own, name)| own.is(name))
            && self.under.as_ref().is_none_or(|under| under.captures(segments).is_some())
    }

    /// What decides between several that fit: the longest path, and one without a star.
    pub(super) fn rank(&self) -> (usize, bool) {
        (self.path.len(), self.path.first().is_some_and(Name::is_exact))
    }

    /// Whether a value in the field `name` is what the field is said to hold. A name with a star is a guess: numbers,
    /// times, links, and words that are no secret stay.
    pub(super) fn takes(&self, name: &str, value: &str, is_text: bool) -> bool {
        if self.unless.as_ref().is_some_and(|unless| unless.is_match(value.as_bytes())) {
            return false;
        }
        let Some(last) = self.path.first().filter(|last| !last.is_exact()) else { return true };
        let value = value.trim();
        if self.of_type == StandInType::Phone {
            return value.bytes().filter(u8::is_ascii_digit).count() >= WHOLE_NUMBER;
        }
        // A password may be any word, but what is told about one is none: `passwordStatus`.
        let about = last.ends && !name.to_ascii_lowercase().ends_with(&last.text);
        let may_be_word = self.of_type == StandInType::Password && !about;
        let is_flag =
            ["true", "false", "null", last.text.as_str()].iter().any(|w| value.eq_ignore_ascii_case(w));
        is_text
            && !is_flag
            && !value.contains("://")
            && !is_time(value)
            && (may_be_word || !is_wording(value))
    }
}

/// Whether it begins as an RFC 3339 timestamp does.
fn is_time(value: &str) -> bool {
    let shape = b"0000-00-00T00:00:00";
    value.len() >= shape.len()
        && value
            .bytes()
            .zip(shape)
            .all(|(byte, own)| if *own == b'0' { byte.is_ascii_digit() } else { byte == *own })
}

/// Whether it is a sentence, or a word of a protocol: `ACTIVE`, `client_secret_basic`, `Bearer`.
fn is_wording(value: &str) -> bool {
    let letters = |fits: fn(&u8) -> bool| value.bytes().all(|byte| byte == b'_' || fits(&byte));
    value.contains(char::is_whitespace)
        || letters(u8::is_ascii_uppercase)
        || letters(u8::is_ascii_lowercase)
        || ["Bearer", "DPoP", "Basic"].contains(&value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_rest_in_either_case() {
        for (pattern, fit, other) in [
            ("name", &["name"][..], &["Name", "names", "aname"][..]),
            ("*token", &["token", "apiToken", "x_TOKEN"], &["tokens", "tokenType", "toke"]),
            ("pin*", &["pin", "PINs"], &["spin"]),
            ("*word*", &["word", "passwordHash", "passWord"], &["wor", ""]),
        ] {
            let name = Name::parse(pattern).unwrap();
            assert!(fit.iter().all(|own| name.is(own)), "{pattern}");
            assert!(!other.iter().any(|own| name.is(own)), "{pattern}");
        }
        assert!(Name::parse("a*b").is_none() && Name::parse("*").is_none() && Name::parse("**").is_none());
    }
}
