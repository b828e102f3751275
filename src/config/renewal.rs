//! The settings of a running proxy, read anew from their file.

use std::collections::BTreeSet;
use std::path::Path;

use super::{CommandLine, FromFile, RunConfig, Settings, SettingsError};

/// Where the settings of a running proxy come from.
#[derive(Debug, Clone)]
pub struct Renewal {
    line: CommandLine,
    from_file: FromFile,
}

/// Settings as the file says them now.
#[derive(Debug)]
pub struct Renewed {
    /// All of them.
    pub run: RunConfig,
    /// Those that the file says otherwise than before, as flags are named.
    pub changed: BTreeSet<String>,
    /// What they are to be compared with next.
    pub from: Renewal,
}

impl Renewal {
    /// What was typed, and what the file added to it.
    pub fn new(line: CommandLine, from_file: FromFile) -> Self {
        Self { line, from_file }
    }

    /// The file that settings are read from, if it is there.
    pub fn file(&self) -> Option<&Path> {
        self.line.file()
    }

    /// Reads the file again.
    ///
    /// # Errors
    /// What cannot be used, in words, and where in the file it stands.
    pub fn renew(&self) -> Result<Renewed, String> {
        let Settings { cli, from_file } = self.line.read().map_err(|error| match error {
            SettingsError::Typed { error, hints } => {
                let told = error.to_string();
                with_hints(told.trim_start_matches("error: ").trim_end(), &hints)
            }
            error @ SettingsError::File(_) => error.to_string(),
        })?;
        let run = RunConfig::of(cli.command).map_err(|error| {
            let told = error.to_string();
            with_hints(&told, &from_file.hints(&told))
        })?;
        let changed = self.from_file.changed(&from_file);
        Ok(Renewed { run, changed, from: Self { line: self.line.clone(), from_file } })
    }
}

fn with_hints(told: &str, hints: &[String]) -> String {
    hints.iter().fold(told.to_owned(), |told, hint| format!("{told}\n  hint: {hint}"))
}
