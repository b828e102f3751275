//! `overdub cassette export`: cassettes in the formats of other tools.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::cassette::{self, Cassette, CutOff, Source};
use crate::cli::ExportArgs;
use crate::command::terminal::counted;
use crate::command::{Failure, chosen};
use crate::interchange::export::{self, Export};

pub(super) fn run(args: &ExportArgs) -> Result<(), Failure> {
    let Some(format) = export::format(args.to.name()) else {
        return Err(Failure::usage(format_args!("--to {}: no such format", args.to.name())));
    };
    let sources = chosen::sources(&args.names)?;
    let several = sources.len() > 1;
    let Some(output) = &args.output else {
        return match sources.as_slice() {
            [source] => to_stdout(source, format),
            _ => Err(Failure::usage(format_args!(
                "{}: name the directory that they go into with -o DIR",
                counted(sources.len(), "cassette")
            ))),
        };
    };
    // One that cannot be exported does not keep the others back.
    let mut problems = Vec::new();
    for source in &sources {
        let path = if several || output.is_dir() { below(output, source, format) } else { output.clone() };
        if let Err(problem) = to_file(source, format, &path, args.overwrite) {
            problems.push(problem);
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Failure::Usage(problems)) }
}

fn load(source: &Source) -> Result<Cassette, String> {
    cassette::load(source, CutOff::Refuse).map_err(|error| error.to_string())
}

fn to_stdout(source: &Source, format: &dyn Export) -> Result<(), Failure> {
    let cassette = load(source).map_err(Failure::usage)?;
    let mut out = BufWriter::new(io::stdout().lock());
    match write(&cassette, format, &mut out) {
        // Nobody reads on when stdout is closed.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::usage(format_args!("stdout: cannot be written: {error}"))),
        Ok(()) => Ok(()),
    }
}

/// Writes it, and tells what the format cannot say.
fn write(cassette: &Cassette, format: &dyn Export, out: &mut impl Write) -> io::Result<()> {
    let unsaid = format.write(cassette, out)?;
    out.flush()?;
    for own in unsaid {
        tracing::warn!("{}:{}: {own}", cassette.path.display(), own.line);
    }
    Ok(())
}

/// `DIR/NAME.har`.
fn below(dir: &Path, source: &Source, format: &dyn Export) -> PathBuf {
    dir.join(format!("{}.{}", source.name, format.extension()))
}

fn to_file(source: &Source, format: &dyn Export, path: &Path, overwrite: bool) -> Result<(), String> {
    let cassette = load(source)?;
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        fs::create_dir_all(dir).map_err(|error| unwritten(dir, &error))?;
    }
    if cassette::is_cassette(path) {
        return Err(format!("{}: is a cassette, and stays one; choose another name", path.display()));
    }
    if !overwrite && path.exists() {
        return Err(exists(path));
    }
    // It appears whole or not at all.
    let beside = with_suffix(path, ".part");
    // One that was left behind, or leads elsewhere.
    let _ = fs::remove_file(&beside);
    let written = File::create_new(&beside).and_then(|file| {
        let mut out = BufWriter::new(file);
        write(&cassette, format, &mut out)?;
        executable(out.get_ref(), format)?;
        fs::rename(&beside, path)
    });
    if let Err(error) = written {
        // It may never have come into being.
        let _ = fs::remove_file(&beside);
        return Err(unwritten(path, &error));
    }
    // Nobody reads on when stdout is closed; the file is there.
    let number = counted(cassette.interactions.len(), "interaction");
    let _ = writeln!(io::stdout(), "{}: {number}", path.display());
    Ok(())
}

/// A script can be run as it is.
fn executable(file: &File, format: &dyn Export) -> io::Result<()> {
    #[cfg(unix)]
    if format.extension() == "sh" {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = file.metadata()?.permissions().mode();
        // Whoever may read it may run it.
        file.set_permissions(fs::Permissions::from_mode(mode | (mode & 0o444) >> 2))?;
    }
    #[cfg(not(unix))]
    let _ = (file, format);
    Ok(())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn exists(path: &Path) -> String {
    format!("{}: exists already; choose another name, or replace it with --overwrite", path.display())
}

fn unwritten(path: &Path, error: &io::Error) -> String {
    format!("{}: cannot be written: {error}", path.display())
}
