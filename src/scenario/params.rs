//! What a scenario lets one set from outside: `describe("…", #{ after_polls: 2 })` and `--set after_polls=5`.

use std::collections::BTreeMap;

use rhai::{Array, Dynamic, FLOAT, INT, ImmutableString, Map};

use super::error::listed;
use super::json::{show, to_json, type_name};

/// Values by name, as they are in force.
pub(super) type Params = BTreeMap<String, Dynamic>;

/// One `--set [SCENARIO.]NAME=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Setting {
    /// The scenario that is meant; `None`: each that has a parameter of this name.
    pub scenario: Option<String>,
    /// The parameter.
    pub name: String,
    /// As it was typed.
    pub value: String,
}

/// Why a parameter cannot be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// Not of the form `NAME=VALUE`.
    #[error("`{0}` sets nothing: write NAME=VALUE, or SCENARIO.NAME=VALUE")]
    Form(String),
    /// No scenario that is loaded has it.
    #[error("no scenario in force has a parameter `{name}`; there are: {known}")]
    Unknown {
        /// As it was typed.
        name: String,
        /// All that there are, with scenario, type and default.
        known: String,
    },
    /// The value is not of the default's type.
    #[error("the parameter `{name}` is {wanted}, as {default} is: `{value}` is not; there are: {known}")]
    Type {
        /// As it was typed.
        name: String,
        /// The default's type.
        wanted: &'static str,
        /// The default.
        default: String,
        /// As it was typed.
        value: String,
        /// All that there are, with scenario, type and default.
        known: String,
    },
}

impl Setting {
    /// Reads `NAME=VALUE` or `SCENARIO.NAME=VALUE`.
    ///
    /// # Errors
    /// It is of neither form.
    pub fn parse(text: &str) -> Result<Self, SettingError> {
        let form = || SettingError::Form(text.to_owned());
        let (name, value) = text.split_once('=').ok_or_else(form)?;
        let (scenario, name) = match name.rsplit_once('.') {
            Some((scenario, name)) => (Some(scenario.trim().to_owned()), name),
            None => (None, name),
        };
        let name = name.trim().to_owned();
        if name.is_empty() || scenario.as_deref() == Some("") {
            return Err(form());
        }
        Ok(Self { scenario, name, value: value.to_owned() })
    }

    /// Whether it is for the scenario of this name.
    pub(super) fn is_for(&self, scenario: &str) -> bool {
        self.scenario.as_deref().is_none_or(|own| own == scenario)
    }

    /// As it was typed, without the value.
    pub(super) fn full_name(&self) -> String {
        self.scenario.iter().map(|scenario| format!("{scenario}.")).chain([self.name.clone()]).collect()
    }
}

/// What a default says about the values a parameter takes.
pub(super) fn type_of(default: &Dynamic) -> Option<&'static str> {
    let known: [(bool, &'static str); 6] = [
        (default.is::<bool>(), "true or false"),
        (default.is::<INT>(), "an integer"),
        (default.is::<FLOAT>(), "a number"),
        (default.is::<ImmutableString>(), "a text"),
        (default.is::<Array>(), "a list, written as JSON"),
        (default.is::<Map>(), "a map, written as JSON"),
    ];
    known.iter().find(|(is_so, _)| *is_so).map(|(_, name)| *name)
}

/// The value that a text stands for, of the default's type.
pub(super) fn typed(default: &Dynamic, text: &str) -> Option<Dynamic> {
    let trimmed = text.trim();
    if default.is::<bool>() {
        return trimmed.parse::<bool>().ok().map(Dynamic::from);
    }
    if default.is::<INT>() {
        return trimmed.parse::<INT>().ok().map(Dynamic::from);
    }
    if default.is::<FLOAT>() {
        return trimmed.parse::<FLOAT>().ok().filter(|number| number.is_finite()).map(Dynamic::from);
    }
    if default.is::<ImmutableString>() {
        return Some(text.to_owned().into());
    }
    let value = plain(&serde_json::from_str(trimmed).ok()?);
    (default.type_id() == value.type_id()).then_some(value)
}

/// Whether a value that another scenario gives is of the default's type; an integer is a number, too.
pub(super) fn fitting(default: &Dynamic, value: &Dynamic) -> Option<Dynamic> {
    if default.is::<FLOAT>() && value.is::<INT>() {
        #[allow(clippy::cast_precision_loss, reason = "what a person writes as a parameter is small")]
        return value.as_int().ok().map(|number| Dynamic::from(number as FLOAT));
    }
    let value = value.flatten_clone();
    (default.type_id() == value.type_id()).then_some(value)
}

/// What is wrong with the values that another scenario gives: they are no parameters, or not of their types.
pub(super) fn misgiven(scenario: &str, defaults: &Params, given: &Map) -> Option<String> {
    given.iter().find_map(|(name, value)| {
        let Some(default) = defaults.get(name.as_str()) else {
            let known: Vec<&String> = defaults.keys().collect();
            return Some(format!("`{scenario}` has no parameter `{name}`; there are: {}", listed(&known)));
        };
        if fitting(default, value).is_some() {
            return None;
        }
        let wanted = type_of(default).unwrap_or_default();
        let value = to_json(value).unwrap_or_else(|_| type_name(value));
        Some(format!("the parameter `{name}` of `{scenario}` is {wanted}, and {value} is not"))
    })
}

/// JSON as plain values of the engine.
fn plain(value: &serde_json::Value) -> Dynamic {
    match value {
        serde_json::Value::Null => Dynamic::UNIT,
        serde_json::Value::Bool(bool) => (*bool).into(),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(integer) => integer.into(),
            None => number.as_f64().unwrap_or_default().into(),
        },
        serde_json::Value::String(text) => text.clone().into(),
        serde_json::Value::Array(array) => array.iter().map(plain).collect::<Array>().into(),
        serde_json::Value::Object(map) => {
            map.iter().map(|(name, value)| (name.as_str().into(), plain(value))).collect::<Map>().into()
        }
    }
}

/// `a = 2 (an integer)`, for each.
pub(super) fn described(scenario: &str, params: &Params) -> Vec<String> {
    let line = |(name, value): (&String, &Dynamic)| {
        let kind = type_of(value).unwrap_or("unknown");
        format!("{scenario}.{name} ({kind}, {})", show(value))
    };
    params.iter().map(line).collect()
}

/// `scenario.name (an integer, 2), …`, for all of several scenarios.
pub(super) fn all_described<'a>(scenarios: impl Iterator<Item = (&'a str, &'a Params)>) -> String {
    listed(&scenarios.flat_map(|(scenario, params)| described(scenario, params)).collect::<Vec<_>>())
}
