//! A key and its value as they would be typed, and whether the flag takes them.

use std::error::Error as _;

use clap::error::{ContextKind, ContextValue};
use clap::{Arg, ArgAction, Command};

use super::error::{Problem, Trouble};
use super::keys::Entry;
use super::yaml::Node;

/// What is typed for one value: `--upstream=https://…`, or `--tls`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// The whole word.
    pub(super) text: String,
    /// What it gives a value to, where the file has a map: `NAME` of `--set=NAME=VALUE`.
    pub(super) name: Option<String>,
}

/// The words of an entry.
///
/// # Errors
/// The flag takes no such value.
pub(super) fn words(arg: &Arg, entry: &Entry) -> Result<Vec<Word>, Trouble> {
    let Entry { key, value, path, .. } = entry;
    let trouble =
        |problem: fn(String) -> Problem| Trouble { path: path.clone(), problem: problem(key.clone()) };
    let item = |index: usize| [path.as_slice(), &[index]].concat();
    let values = match (arg.get_action(), value) {
        (_, Node::Empty) => return Err(trouble(Problem::NoValue)),
        (ArgAction::SetTrue, Node::Text(text)) => {
            return match text.to_ascii_lowercase().as_str() {
                "true" => Ok(vec![Word { text: format!("--{key}"), name: None }]),
                "false" => Ok(Vec::new()),
                _ => Err(trouble(Problem::NoSwitch)),
            };
        }
        (ArgAction::SetTrue, _) => return Err(trouble(Problem::NoSwitch)),
        (_, Node::Text(text)) => vec![Value { path: path.clone(), name: None, text: text.clone() }],
        (ArgAction::Append, Node::List(items)) => {
            let values = items.iter().enumerate().map(|(index, node)| match node {
                Node::Text(text) => Ok(Value { path: item(index), name: None, text: text.clone() }),
                _ => Err(Trouble { path: item(index), problem: Problem::Nested(key.clone()) }),
            });
            values.collect::<Result<_, _>>()?
        }
        (ArgAction::Append, Node::Map(map)) => {
            let mut values = Vec::new();
            named(key, "", map, path, &mut values)?;
            values
        }
        (_, Node::List(items)) => match items.as_slice() {
            [Node::Text(only)] => vec![Value { path: item(0), name: None, text: only.clone() }],
            _ => return Err(trouble(Problem::NotOne)),
        },
        (_, Node::Map(_)) => return Err(trouble(Problem::NotOne)),
    };
    let checked = values.into_iter().map(|Value { path, name, text: value }| {
        let text = format!("--{key}={value}");
        match refusal(arg, &text) {
            None => Ok(Word { text, name }),
            Some(why) => Err(Trouble { path, problem: Problem::Value { key: key.clone(), value, why } }),
        }
    });
    checked.collect()
}

/// One value of a flag.
struct Value {
    path: Vec<usize>,
    name: Option<String>,
    text: String,
}

/// The values of a map: `NAME=VALUE` each, names of maps inside of it joined by dots.
fn named(
    key: &str,
    prefix: &str,
    map: &[(String, Node)],
    way: &[usize],
    values: &mut Vec<Value>,
) -> Result<(), Trouble> {
    for (index, (name, node)) in map.iter().enumerate() {
        let (name, path) = (format!("{prefix}{name}"), [way, &[index]].concat());
        match node {
            Node::Text(_) if values.iter().any(|value| value.name.as_ref() == Some(&name)) => {
                return Err(Trouble { path, problem: Problem::Twice(name) });
            }
            Node::Text(text) => {
                let text = format!("{name}={text}");
                values.push(Value { path, name: Some(name), text });
            }
            Node::Map(inner) => named(key, &format!("{name}."), inner, &path, values)?,
            _ => return Err(Trouble { path, problem: Problem::Nested(key.to_owned()) }),
        }
    }
    Ok(())
}

/// Why the flag takes no such word, as it says it itself.
fn refusal(arg: &Arg, word: &str) -> Option<String> {
    // The flag alone: what else it asks for is a matter of the whole command line.
    let mut alone =
        Arg::new("value").long(arg.get_long()?.to_owned()).value_parser(arg.get_value_parser().clone());
    alone = alone.action(arg.get_action().clone()).value_delimiter(arg.get_value_delimiter());
    let command = Command::new("overdub").no_binary_name(true).disable_help_flag(true).arg(alone);
    let error = command.try_get_matches_from([word]).err()?;
    if let Some(cause) = error.source() {
        return Some(format!(": {cause}"));
    }
    Some(match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(values)) => format!("; possible values: {}", values.join(", ")),
        _ => String::new(),
    })
}
