//! What the names of JSON fields tell, remembered.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::profile::Sensitive;

/// Fields that name what the field [`VALUE`] beside them holds.
const NAMES: [&str; 3] = ["name", "id", "key"];

const VALUE: &str = "value";

/// How many names are remembered. An API has some hundred; what has more has values for names.
const MOST: usize = 4096;

/// Longest name that is remembered (bytes).
const LONGEST: usize = 64;

/// What a field's name tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Name {
    /// The field may be sensitive.
    pub(super) may_be_sensitive: bool,
    /// It tells what others beside it are.
    pub(super) tells: bool,
    /// What it is to a pair, `{"name": "passcode", "value": "…"}`.
    pub(super) in_pair: Option<InPair>,
}

/// A part of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InPair {
    /// It may name what the value is.
    Name,
    Value,
}

impl Name {
    fn of(name: &str, sensitive: &Sensitive) -> Self {
        Self {
            may_be_sensitive: sensitive.may_be_field(name),
            tells: sensitive.tells(name),
            in_pair: match name {
                VALUE => Some(InPair::Value),
                _ => NAMES.contains(&name).then_some(InPair::Name),
            },
        }
    }

    /// Whether a member of this name is none of anybody's business.
    pub(super) fn is_plain(self) -> bool {
        !self.may_be_sensitive && !self.tells && self.in_pair.is_none()
    }
}

/// The names that were met: the same few come again in every answer.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<Box<str>, Name, RandomState>);

impl Names {
    /// What `name` tells under the rules, which are the same each time.
    pub(super) fn of(&mut self, name: &str, sensitive: &Sensitive) -> Name {
        if let Some(known) = self.0.get(name) {
            return *known;
        }
        let own = Name::of(name, sensitive);
        if self.0.len() < MOST && name.len() <= LONGEST {
            self.0.insert(name.into(), own);
        }
        own
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    static OKTA: LazyLock<Profile> = LazyLock::new(|| Profile::okta().unwrap());

    proptest! {
        #[test]
        fn a_name_tells_the_same_each_time(
            names in prop::collection::vec("name|id|value|kty|(api|x_)?[tT]oken|passwordHash|[a-z]{1,3}|[a-z]{70}", 1..40)
        ) {
            let sensitive = &OKTA.sensitive;
            let mut known = Names::default();
            for name in names.iter().chain(&names) {
                prop_assert_eq!(known.of(name, sensitive), Name::of(name, sensitive));
            }
        }
    }

    #[test]
    fn no_more_names_are_remembered_than_an_api_has() {
        let sensitive = &OKTA.sensitive;
        let mut known = Names::default();
        for number in 0..MOST + 10 {
            known.of(&format!("{number}token"), sensitive);
        }
        assert_eq!(known.0.len(), MOST);
        assert!(known.of(&format!("{}token", MOST + 5), sensitive).may_be_sensitive);
    }
}
