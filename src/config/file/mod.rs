//! `overdub.yaml`: what is typed always, written down.
//!
//! A key is a flag's long name, with `-` or `_`; its value is what would be typed behind it, in the same directory: paths
//! begin where overdub runs, as a flag's do. A switch is `true` or `false`; a flag that may be repeated takes a list, and
//! where it says NAME=VALUE a map. A map under a command's name holds what is for that command alone.
//!
//! ```yaml
//! upstream: https://org.okta.com
//! cassette: [sms, push]
//! tls: true
//! record:
//!   cassette: sms
//!   append: true
//! ```
//!
//! A key that no command knows is an error, but `x-…`, where whoever writes the file may keep what aliases stand for.
//! Flags go before variables, these before the command's section, that before the file's own level, that before
//! defaults. Of a map only the names give way, of everything else the whole. What another command knows is passed over.
//!
//! What the file says and nothing else does is put between the command's name and what was typed behind it, and the
//! whole is parsed as if it had been typed, by the one parser that there is: so what goes together and what does not
//! stands in [`crate::cli`] and nowhere else.

mod error;
mod keys;
mod merge;
mod words;
mod yaml;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::error::ContextKind;
use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory as _, FromArgMatches as _};

pub use error::{FileError, SettingsError};

use crate::cli::Cli;
use keys::Commands;
use merge::Taken;

/// The file that is looked for in the current directory.
const FILE: &str = "overdub.yaml";

/// Largest file of settings, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// What was typed. It stays the same while overdub runs; what the file adds to it may change.
#[derive(Debug, Clone)]
pub struct CommandLine {
    argv: Vec<OsString>,
    /// `None`: no command, or one without settings; nothing is to be added to it.
    typed: Option<Typed>,
}

#[derive(Debug, Clone)]
struct Typed {
    /// The command's words.
    command: Vec<String>,
    /// How many of the words on the command line it takes to name it.
    named_by: usize,
    /// What was given to it.
    given: ArgMatches,
    /// Where settings are read from.
    file: Source,
}

#[derive(Debug, Clone)]
enum Source {
    Nowhere,
    /// The usual file, which need not be there.
    IfThere,
    /// One that was named.
    Named(PathBuf),
}

/// What was typed and what the file adds to it.
#[derive(Debug)]
pub struct Settings {
    /// All that is asked for.
    pub cli: Cli,
    /// What of it stands in the file.
    pub from_file: FromFile,
}

/// The settings that the file decided.
#[derive(Debug, Clone, Default)]
pub struct FromFile {
    taken: Vec<Taken>,
}

impl CommandLine {
    /// What these words say, the first one being the program's name.
    pub fn of(words: impl IntoIterator<Item = OsString>) -> Self {
        let argv: Vec<OsString> = words.into_iter().collect();
        let typed = Typed::of(&argv);
        Self { argv, typed }
    }

    /// The file that settings are read from, if it is there.
    pub fn file(&self) -> Option<&Path> {
        self.typed.as_ref().and_then(|typed| match &typed.file {
            Source::Nowhere => None,
            Source::IfThere => Some(Path::new(FILE)),
            Source::Named(path) => Some(path),
        })
    }

    /// Reads the file and puts both together.
    ///
    /// # Errors
    /// What was typed, or what the file says, cannot be used.
    pub fn read(&self) -> Result<Settings, SettingsError> {
        match self.text()? {
            Some(text) => self.with(&text),
            None => self.parse(FromFile::default()),
        }
    }

    /// Puts what was typed together with this text of the file. The same text gives the same settings.
    ///
    /// # Errors
    /// What was typed, or what the file says, cannot be used.
    pub fn with(&self, text: &str) -> Result<Settings, SettingsError> {
        let (Some(typed), Some(path)) = (&self.typed, self.file()) else {
            return self.parse(FromFile::default());
        };
        let file = yaml::read(text).map_err(|error| FileError::at(path, error.place, error.problem))?;
        let commands = Commands::new();
        let Some(command) = commands.at(&typed.command) else { return self.parse(FromFile::default()) };
        let place = |way: &[usize]| format!("{}:{}", path.display(), yaml::place_of_key(text, way));
        let taken = commands.entries(file).and_then(|entries| {
            merge::check(&entries, &commands, &typed.command)?;
            merge::take(&entries, command, &typed.command, &typed.given, place)
        });
        let taken = taken.map_err(|trouble| trouble.in_file(path, text))?;
        self.parse(FromFile { taken })
    }

    /// The file's text; `None` if there is no file and none was named.
    fn text(&self) -> Result<Option<String>, FileError> {
        let Some(path) = self.file() else { return Ok(None) };
        let named = !matches!(&self.typed, Some(Typed { file: Source::IfThere, .. }));
        match fs::metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound && !named => return Ok(None),
            Err(error) => return Err(FileError::io(path, &error)),
            Ok(metadata) if !metadata.is_file() => return Err(FileError::unreadable(path, "is not a file")),
            Ok(metadata) if metadata.len() > LARGEST => {
                return Err(FileError::unreadable(path, format_args!("is larger than {LARGEST} bytes")));
            }
            Ok(_) => {}
        }
        fs::read_to_string(path).map(Some).map_err(|error| FileError::io(path, &error))
    }

    fn parse(&self, from_file: FromFile) -> Result<Settings, SettingsError> {
        match self.parsed(from_file.taken.iter()) {
            Ok(cli) => Ok(Settings { cli, from_file }),
            Err(error) => {
                let hints = self.to_blame(&from_file, &error);
                Err(SettingsError::Typed { error, hints })
            }
        }
    }

    fn parsed<'a>(&self, taken: impl Iterator<Item = &'a Taken>) -> Result<Cli, clap::Error> {
        let (before, behind) = match &self.typed {
            Some(typed) => self.argv.split_at(typed.named_by.min(self.argv.len())),
            None => (self.argv.as_slice(), [].as_slice()),
        };
        let added = taken.flat_map(|taken| taken.words.iter().map(OsString::from));
        let argv = before.iter().cloned().chain(added).chain(behind.iter().cloned());
        let mut command = command();
        let mut matches = command.try_get_matches_from_mut(argv)?;
        Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
    }

    /// Where the settings stand without any of which the error would not be.
    fn to_blame(&self, from_file: &FromFile, error: &clap::Error) -> Vec<String> {
        let what =
            |error: &clap::Error| (error.kind(), error.get(ContextKind::InvalidArg).map(ToString::to_string));
        let is_to_blame = |index: &usize| {
            let others = from_file.taken.iter().enumerate().filter(|(other, _)| other != index);
            self.parsed(others.map(|(_, taken)| taken)).err().is_none_or(|other| what(&other) != what(error))
        };
        let guilty = (0..from_file.taken.len()).filter(is_to_blame);
        guilty.map(|index| from_file.taken[index].hint()).collect()
    }
}

impl Typed {
    fn of(argv: &[OsString]) -> Option<Self> {
        let partly = |words: &[OsString]| command().ignore_errors(true).try_get_matches_from(words).ok();
        let (command, given) = innermost(partly(argv)?);
        if command.is_empty() || command == [Cli::COMPLETIONS] {
            return None;
        }
        // A word may be a command's name and still be a flag's value; what names the command only the parser knows.
        let names =
            |count: &usize| partly(&argv[..*count]).is_some_and(|found| innermost(found).0 == command);
        let named_by = (1..=argv.len()).find(names)?;
        let file = match given.get_one::<PathBuf>(Cli::CONFIG) {
            None => Source::IfThere,
            Some(path) if path == Path::new("none") => Source::Nowhere,
            Some(path) => Source::Named(path.clone()),
        };
        Some(Self { command, named_by, given, file })
    }
}

impl FromFile {
    /// The keys whose values differ, or that only one of both sets, in order.
    pub fn changed(&self, newer: &Self) -> BTreeSet<String> {
        let (old, new) = (self.by_key(), newer.by_key());
        let keys = old.keys().chain(new.keys()).filter(|key| old.get(*key) != new.get(*key));
        keys.map(|key| (*key).to_owned()).collect()
    }

    fn by_key(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut by_key: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        // What is given no value is as good as not there: `tls: false`.
        for taken in self.taken.iter().filter(|taken| !taken.words.is_empty()) {
            by_key.entry(&taken.key).or_default().extend(taken.words.iter().map(String::as_str));
        }
        by_key
    }

    /// Where in the file the flags stand of which a message speaks.
    pub fn hints(&self, message: &str) -> Vec<String> {
        self.taken.iter().filter(|taken| taken.is_named_in(message)).map(Taken::hint).collect()
    }
}

/// What can be typed, with a hidden `--no-FLAG` beside each switch that the file may turn on.
fn command() -> Command {
    fn with_negations(command: Command) -> Command {
        let negations = command.get_arguments().filter_map(|arg| {
            let name = negation(arg)?;
            Some(
                Arg::new(name.clone())
                    .long(name)
                    .hide(true)
                    .action(ArgAction::SetTrue)
                    .overrides_with(arg.get_id()),
            )
        });
        let negations: Vec<Arg> = negations.collect();
        command.args(negations).mut_subcommands(with_negations)
    }
    with_negations(Cli::command())
}

/// The name of the flag that turns this switch off.
fn negation(switch: &Arg) -> Option<String> {
    let long = switch.get_long().filter(|_| matches!(switch.get_action(), ArgAction::SetTrue))?;
    Some(format!("no-{long}"))
}

/// The words of the command, and what was given to it.
fn innermost(mut matches: ArgMatches) -> (Vec<String>, ArgMatches) {
    let mut words = Vec::new();
    while let Some((word, below)) = matches.remove_subcommand() {
        words.push(word);
        matches = below;
    }
    (words, matches)
}
