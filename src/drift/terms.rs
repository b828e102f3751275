//! What of a text may differ between two runs: ids, and stand-ins for personal values and secrets.

use std::borrow::Cow;
use std::ops::Range;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use regex::Regex;

use crate::cassette::Interaction;
use crate::http::percent_decoded;
use crate::profile::StandInType;

/// Of what sort a variable is: only one of the same sort can stand for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sort {
    /// What an API calls one of its entities.
    Id,
    /// What a person logs in by: one run's e-mail address may be another's user name.
    Account,
    /// A telephone number.
    Phone,
    /// A host.
    Host,
    /// Any of this type does: secrets, and names, which two people may share.
    Any(StandInType),
}

impl Sort {
    /// The sort of stand-ins of this type.
    pub fn of(of_type: StandInType) -> Self {
        match of_type {
            StandInType::Email | StandInType::Login => Self::Account,
            StandInType::Phone => Self::Phone,
            StandInType::Host => Self::Host,
            other => Self::Any(other),
        }
    }

    /// Whether one that stands for another has to do so throughout.
    pub fn is_kept(self) -> bool {
        !matches!(self, Self::Any(_))
    }
}

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// What has to be the same.
    Text(&'t str),
    /// What may be another of its sort, decoded.
    Variable(Sort, Cow<'t, str>),
}

/// The stand-ins of one side.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    declared: HashMap<Box<str>, StandInType, RandomState>,
}

impl Terms {
    /// Those that the interactions declare.
    pub fn of(interactions: &[Interaction]) -> Self {
        let mut own = Self::default();
        for interaction in interactions {
            own.declare(interaction);
        }
        own
    }

    /// Adds what an interaction declares.
    pub fn declare(&mut self, interaction: &Interaction) {
        for (stand_in, of_type) in &interaction.stand_ins {
            self.declared.insert(stand_in.as_str().into(), *of_type);
        }
    }

    /// The type of a stand-in.
    pub fn type_of(&self, text: &str) -> Option<StandInType> {
        self.declared.get(text).copied()
    }

    /// The text in its parts. `ids` finds ids.
    pub(super) fn pieces<'t>(&self, text: &'t str, ids: Option<&Regex>) -> Vec<Piece<'t>> {
        if let Some(of_type) = self.type_of(text) {
            return vec![Piece::Variable(Sort::of(of_type), text.into())];
        }
        let mut out = Vec::new();
        let mut from = 0;
        let mut add = |range: Range<usize>, sort, value: Cow<'t, str>| {
            if range.start > from {
                out.push(Piece::Text(&text[from..range.start]));
            }
            out.push(Piece::Variable(sort, value));
            from = range.end;
        };
        for range in words(text) {
            let word = &text[range.clone()];
            let decoded = match percent_decoded(word.as_bytes()) {
                Cow::Borrowed(_) => Cow::Borrowed(word),
                Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
            };
            if let Some(of_type) = self.type_of(&decoded) {
                add(range, Sort::of(of_type), decoded);
            } else if is_jwt(word) {
                add(range, Sort::Any(StandInType::Jwt), decoded);
            } else {
                for found in ids.iter().flat_map(|ids| ids.find_iter(word)) {
                    let at = range.start + found.start()..range.start + found.end();
                    add(at, Sort::Id, found.as_str().into());
                }
            }
        }
        if from < text.len() {
            out.push(Piece::Text(&text[from..]));
        }
        out
    }
}

/// The words of a text: what can be an id, an address, a number, a host or a token as a whole.
pub(super) fn words(text: &str) -> impl Iterator<Item = Range<usize>> {
    let joins = |character: char| character.is_alphanumeric() || "._%+@-~".contains(character);
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text.get(at..)?.find(joins)?;
        let rest = &text[start..];
        let length = rest.find(|character| !joins(character)).unwrap_or(rest.len());
        at = start + length;
        // A full stop ends a sentence.
        Some(start..start + rest[..length].trim_end_matches('.').len().max(1))
    })
}

/// Whether it is a JSON Web Token (RFC 7519): `{"` in base64 begins it.
fn is_jwt(word: &str) -> bool {
    word.starts_with("eyJ") && word.bytes().filter(|byte| *byte == b'.').count() == 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_stand_ins_are_found_wherever_they_stand() {
        let declared = [("user1@example.test", StandInType::Email), ("Name1", StandInType::Name)];
        let terms = Terms { declared: declared.into_iter().map(|(text, own)| (text.into(), own)).collect() };
        let ids = Regex::new(r"(?-u:\b)[A-Za-z0-9]{20}(?-u:\b)").unwrap();
        let shown = |text| {
            let pieces = terms.pieces(text, Some(&ids));
            pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Text(text) => (*text).to_owned(),
                    Piece::Variable(sort, value) => format!("<{sort:?} {value}>"),
                })
                .collect::<String>()
        };
        assert_eq!(shown("Name1"), "<Any(Name) Name1>");
        assert_eq!(shown("Hello Name12"), "Hello Name12");
        assert_eq!(shown("/users/user1%40example.test/x"), "/users/<Account user1@example.test>/x");
        assert_eq!(
            shown("Resource not found: 00ua4t9ugYY0pDxkE4x6 (User)."),
            "Resource not found: <Id 00ua4t9ugYY0pDxkE4x6> (User)."
        );
        assert_eq!(shown(""), "");
        assert_eq!(shown("...é"), "...é");
    }
}
