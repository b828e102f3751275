//! What of the file holds for this command line: typed before variables, both before the command's section, that before
//! the file's own level.

use std::path::Path;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, ValueHint};

use super::error::Trouble;
use super::keys::{Commands, Entry, settings};
use super::words::{Word, words};
use super::yaml::Node;

/// A setting that is taken from the file.
#[derive(Debug, Clone)]
pub(super) struct Taken {
    /// Its key, spelled as the flag is.
    pub(super) key: String,
    /// The flag's short form.
    pub(super) short: Option<char>,
    /// What would be typed for it.
    pub(super) words: Vec<String>,
    /// Its place in the file: `overdub.yaml:3:1`.
    pub(super) place: String,
}

impl Taken {
    /// Where it stands, for who looks for it on the command line.
    pub(super) fn hint(&self) -> String {
        format!("--{} stands in {}", self.key, self.place)
    }

    /// Whether a message speaks of its flag.
    pub(super) fn is_named_in(&self, message: &str) -> bool {
        let mut words = message.split(|c: char| c != '-' && !c.is_ascii_alphanumeric());
        let short = self.short.map(|short| format!("-{short}"));
        words.any(|word| word.strip_prefix("--") == Some(&self.key) || Some(word) == short.as_deref())
    }
}

/// Says of each entry whether some command takes its value.
///
/// # Errors
/// The first one that none does.
pub(super) fn check(entries: &[Entry], commands: &Commands, command: &[String]) -> Result<(), Trouble> {
    for entry in entries {
        let mut flags = commands.flags(&entry.section, &entry.key);
        // Where all refuse it, this command's own words are the ones to say.
        flags.sort_by_key(|(of, _)| *of != command.join(" "));
        let mut refused = None;
        let fits = flags.iter().any(|(_, arg)| match words(arg, entry) {
            Ok(_) => true,
            Err(trouble) => {
                refused.get_or_insert(trouble);
                false
            }
        });
        if let (false, Some(trouble)) = (fits, refused) {
            return Err(trouble);
        }
    }
    Ok(())
}

/// What the file adds to what was typed for the command of these words; `place` spells where something stands.
///
/// # Errors
/// A value that this command does not take, though others do.
pub(super) fn take(
    entries: &[Entry],
    command: &Command,
    of: &[String],
    typed: &ArgMatches,
    place: impl Fn(&[usize]) -> String,
) -> Result<Vec<Taken>, Trouble> {
    let mut taken = Vec::new();
    for arg in settings(command) {
        let Some(key) = arg.get_long() else { continue };
        let mut said: Vec<&Entry> =
            entries.iter().filter(|entry| entry.key == key && of.starts_with(&entry.section)).collect();
        said.sort_by_key(|entry| std::cmp::Reverse(entry.section.len()));
        if said.is_empty() || is_ruled_out(command, arg, typed) {
            continue;
        }
        // A map adds name by name to what stands nearer; everything else gives way to it as a whole.
        let mut names = names_of(arg, typed);
        let mut is_set = is_given(arg, typed);
        for entry in said {
            let is_map = matches!(entry.value, Node::Map(_));
            if is_set && !is_map {
                break;
            }
            if is_yet_to_be_written(arg, entry) {
                continue;
            }
            let new: Vec<Word> = words(arg, entry).map_err(|trouble| trouble.only_for(of))?;
            let new =
                new.into_iter().filter(|word| word.name.as_ref().is_none_or(|name| !names.contains(name)));
            let new: Vec<Word> = new.collect();
            names.extend(new.iter().filter_map(|word| word.name.clone()));
            taken.push(Taken {
                key: key.to_owned(),
                short: arg.get_short(),
                words: new.into_iter().map(|word| word.text).collect(),
                place: place(&entry.path),
            });
            is_set = true;
            if !is_map {
                break;
            }
        }
    }
    Ok(taken)
}

/// Whether the flag reads a file that, by the file's own level, another command writes, and that is not there yet.
fn is_yet_to_be_written(arg: &Arg, entry: &Entry) -> bool {
    let reads = arg.get_value_hint() == ValueHint::FilePath && entry.section.is_empty();
    reads && matches!(&entry.value, Node::Text(path) if !Path::new(path).exists())
}

/// Whether it was typed.
fn is_typed(id: &str, typed: &ArgMatches) -> bool {
    typed.value_source(id) == Some(ValueSource::CommandLine)
}

/// Whether it was typed, or a variable gives it.
fn is_given(arg: &Arg, typed: &ArgMatches) -> bool {
    is_typed(arg.get_id().as_str(), typed)
        || arg.get_env().is_some_and(|name| std::env::var_os(name).is_some())
}

/// Whether what was typed excludes it: its `--no-` form, or a flag that does not go with it.
fn is_ruled_out(command: &Command, arg: &Arg, typed: &ArgMatches) -> bool {
    let negation = super::negation(arg).is_some_and(|negation| is_typed(&negation, typed));
    let excludes = |one: &Arg, other: &Arg| {
        command.get_arg_conflicts_with(one).iter().any(|conflict| conflict.get_id() == other.get_id())
    };
    let mut given = command.get_arguments().filter(|other| is_given(other, typed));
    negation || given.any(|other| excludes(arg, other) || excludes(other, arg))
}

/// The names that were given values as in `--set NAME=VALUE`.
fn names_of(arg: &Arg, typed: &ArgMatches) -> Vec<String> {
    let raw = typed.get_raw(arg.get_id().as_str()).into_iter().flatten();
    let pairs = raw.filter_map(|value| value.to_str()?.split_once('='));
    pairs.map(|(name, _)| name.to_owned()).collect()
}
