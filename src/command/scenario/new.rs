//! `overdub scenario new`: a scenario to begin with, and its test; both pass as they are.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::FOLDER;
use crate::cli::ScenarioNewArgs;
use crate::command::Failure;

/// What is written; `NAME` stands for the name.
const SCRIPT: &str = include_str!("template.rhai");
const TEST: &str = include_str!("template.test.yaml");

/// Longest name, in characters.
const LONGEST: usize = 64;

pub(super) fn run(args: &ScenarioNewArgs) -> Result<(), Failure> {
    let name = args.name.as_str();
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if name.is_empty() || name.len() > LONGEST || !is_name || name.starts_with('-') {
        return Err(Failure::usage(format_args!(
            "`{name}` is no name for a scenario: write up to {LONGEST} letters, digits, - and _, as in push-expired"
        )));
    }
    let folder = Path::new(FOLDER);
    let files =
        [(folder.join(format!("{name}.rhai")), SCRIPT), (folder.join(format!("{name}.test.yaml")), TEST)];
    let there: Vec<_> = files.iter().map(|(path, _)| path).filter(|path| path.exists()).collect();
    if !args.force && !there.is_empty() {
        let there: Vec<_> = there.iter().map(|path| path.display().to_string()).collect();
        return Err(exists(&there.join(" and ")));
    }
    fs::create_dir_all(folder).map_err(|error| unwritten(folder, &error))?;
    for (path, text) in files {
        write(&path, &text.replace("NAME", name), args.force)?;
        // Nobody reads on when stdout is closed; the files are there.
        let _ = writeln!(io::stdout(), "{}", path.display());
    }
    Ok(())
}

/// Writes a file; without `force` only where there is none.
fn write(path: &PathBuf, text: &str, force: bool) -> Result<(), Failure> {
    let opened = if force { File::create(path) } else { File::create_new(path) };
    let written = opened.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => exists(&path.display().to_string()),
        _ => unwritten(path, &error),
    })
}

fn exists(what: &str) -> Failure {
    Failure::usage(format_args!("{what}: is there already; choose another name, or replace it with --force"))
}

fn unwritten(path: &Path, error: &io::Error) -> Failure {
    Failure::usage(format_args!("{}: cannot be written: {error}", path.display()))
}
