//! Which keys there are: the long flags of all commands, so that a new flag is a new key.

use clap::{Arg, ArgAction, Command, CommandFactory as _};

use super::error::{Problem, Trouble};
use super::yaml::Node;
use crate::cli::Cli;

/// How alike two names are at least, of 1, for one to be a slip of the other.
const ALIKE: f64 = 0.8;

/// The commands, each with all its flags, those of every command included.
pub(super) struct Commands {
    root: Command,
}

/// A key and its value.
#[derive(Debug)]
pub(super) struct Entry {
    /// The command in whose section it stands, as words: `ca`, `new`. None: the file's own level.
    pub(super) section: Vec<String>,
    /// The key, spelled as the flag is.
    pub(super) key: String,
    /// What stands behind it.
    pub(super) value: Node,
    /// The way to it.
    pub(super) path: Vec<usize>,
}

impl Commands {
    pub(super) fn new() -> Self {
        let mut root = Cli::command();
        root.build();
        Self { root }
    }

    /// The command of these words.
    pub(super) fn at(&self, words: &[String]) -> Option<&Command> {
        words
            .iter()
            .try_fold(&self.root, |command, word| subcommands(command).find(|sub| sub.get_name() == word))
    }

    /// The flags of this name that the commands at and below these words have, with the command's words.
    pub(super) fn flags(&self, words: &[String], key: &str) -> Vec<(String, &Arg)> {
        let mut found = Vec::new();
        if let Some(command) = self.at(words) {
            collect(command, &words.join(" "), &mut |of, arg| {
                if arg.get_long() == Some(key) {
                    found.push((of.to_owned(), arg));
                }
            });
        }
        found
    }

    /// All entries of the file, each of which some command knows.
    ///
    /// # Errors
    /// A key that is unknown where it stands, or comes twice there.
    pub(super) fn entries(&self, file: Node) -> Result<Vec<Entry>, Trouble> {
        let mut entries = Vec::new();
        match file {
            Node::Empty => {}
            Node::Map(map) => self.level(&[], map, &[], &mut entries)?,
            _ => return Err(Trouble { path: Vec::new(), problem: Problem::NoMap }),
        }
        Ok(entries)
    }

    fn level(
        &self,
        section: &[String],
        map: Vec<(String, Node)>,
        way: &[usize],
        entries: &mut Vec<Entry>,
    ) -> Result<(), Trouble> {
        let mut seen: Vec<(String, bool)> = Vec::with_capacity(map.len());
        for (index, (key, value)) in map.into_iter().enumerate() {
            let path = [way, &[index]].concat();
            let words = [section, std::slice::from_ref(&key)].concat();
            let is_section = matches!(value, Node::Map(_)) && self.at(&words).is_some();
            let name = if is_section { key } else { key.replace('_', "-") };
            let known = (name, is_section);
            if seen.contains(&known) {
                return Err(Trouble { path, problem: Problem::Twice(known.0) });
            }
            seen.push(known.clone());
            let (key, _) = known;
            match value {
                // Whoever writes the file may keep anchors there.
                _ if key.starts_with("x-") => {}
                Node::Map(map) if is_section => self.level(&words, map, &path, entries)?,
                value if self.flags(section, &key).is_empty() => {
                    let problem = match self.at(&words) {
                        Some(_) if value == Node::Empty => continue,
                        Some(_) => Problem::NoSection(key),
                        None => self.unknown(section, key),
                    };
                    return Err(Trouble { path, problem });
                }
                value => entries.push(Entry { section: section.to_vec(), key, value, path }),
            }
        }
        Ok(())
    }

    fn unknown(&self, section: &[String], key: String) -> Problem {
        let mut of: Vec<String> = self.flags(&[], &key).into_iter().map(|(of, _)| of).collect();
        if let Some(last) = of.pop() {
            let of = match of.as_slice() {
                [] => format!("{last} has it"),
                others => format!("{} and {last} have it", others.join(", ")),
            };
            return Problem::Elsewhere { key, section: section.join(" "), of };
        }
        let mut names: Vec<String> = Vec::new();
        if let Some(command) = self.at(section) {
            names.extend(subcommands(command).map(|sub| sub.get_name().to_owned()));
            collect(command, "", &mut |_, arg| names.extend(arg.get_long().map(str::to_owned)));
        }
        let alike = names.into_iter().map(|name| (strsim::jaro(&name, &key), name));
        let nearest = alike.filter(|(score, _)| *score >= ALIKE).max_by(|(a, _), (b, _)| a.total_cmp(b));
        Problem::Unknown { key, like: nearest.map(|(_, name)| name) }
    }
}

/// The flags that may stand in the file: all with a long name that say something about what a command does.
pub(super) fn settings(command: &Command) -> impl Iterator<Item = &Arg> {
    let sets = |arg: &&Arg| {
        matches!(arg.get_action(), ArgAction::Set | ArgAction::Append | ArgAction::SetTrue)
            && arg.get_long().is_some()
            && arg.get_id() != Cli::CONFIG
    };
    command.get_arguments().filter(sets)
}

fn subcommands(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|sub| sub.get_name() != "help")
}

/// Shows every flag of the command and of those below it, with the words of the command that it is of.
fn collect<'a>(command: &'a Command, words: &str, show: &mut impl FnMut(&str, &'a Arg)) {
    settings(command).for_each(|arg| show(words, arg));
    for sub in subcommands(command) {
        let words =
            if words.is_empty() { sub.get_name().to_owned() } else { format!("{words} {}", sub.get_name()) };
        collect(sub, &words, show);
    }
}
