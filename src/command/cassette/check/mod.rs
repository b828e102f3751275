//! `overdub cassette check`: all that can be known to be wrong without a request.

mod bodies;
mod doubts;
mod shared;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::sync::Arc;

use serde::Serialize;
use serde_json::json;

use super::sources;
use crate::cassette::{self, CutOff, Header, Origin, Source};
use crate::cli::CassetteCheckArgs;
use crate::command::Failure;
use crate::command::chosen::profile_of;
use crate::command::terminal::{Paint, counted, printable, printable_lines};
use crate::profile::Profile;

/// What is said of one cassette.
#[derive(Serialize)]
struct Told {
    name: String,
    path: String,
    /// Why it cannot be played.
    error: Option<String>,
    /// What looks strange in it.
    warnings: Vec<String>,
}

pub(super) fn run(args: &CassetteCheckArgs) -> Result<(), Failure> {
    let sources = sources(&args.names)?;
    let mut profiles = Profiles::default();
    let mut shared = shared::Shared::default();
    let mut told = Vec::with_capacity(sources.len());
    for source in &sources {
        told.push(check(source, &mut profiles, &mut shared)?);
    }
    let mut notes = bodies::unnamed(&sources);
    notes.extend(shared.notes());
    let failed = told.iter().filter(|own| own.error.is_some()).count();
    let text = if args.json {
        json!({ "cassettes": told, "notes": notes }).to_string() + "\n"
    } else {
        as_text(&told, &notes)
    };
    // Nobody reads on when stdout is closed; whether all is well is in the exit code.
    let _ = io::stdout().write_all(text.as_bytes());
    match failed {
        0 => Ok(()),
        _ => Err(Failure::Checks(format!("cassettes with errors: {failed} of {}", told.len()))),
    }
}

fn check(source: &Source, profiles: &mut Profiles, shared: &mut shared::Shared) -> Result<Told, Failure> {
    let path = match &source.origin {
        Origin::File(path) => path.display().to_string(),
        Origin::Shipped(_) => format!("{} (shipped)", source.name),
    };
    let mut told = Told { name: source.name.clone(), path, error: None, warnings: Vec::new() };
    match cassette::load(source, CutOff::Refuse) {
        Ok(own) => {
            let profile = profiles.of(&own.header)?;
            told.warnings =
                doubts::of(&own).into_iter().map(|doubt| format!("{}:{doubt}", told.path)).collect();
            shared.add(&own, &profile);
        }
        Err(error) => told.error = Some(error.to_string()),
    }
    Ok(told)
}

/// Profiles that were read, by the names that cassettes give.
#[derive(Default)]
struct Profiles(HashMap<Option<String>, Arc<Profile>>);

impl Profiles {
    fn of(&mut self, header: &Header) -> Result<Arc<Profile>, Failure> {
        if let Some(known) = self.0.get(&header.profile) {
            return Ok(Arc::clone(known));
        }
        let read = profile_of(None, header)?;
        self.0.insert(header.profile.clone(), Arc::clone(&read));
        Ok(read)
    }
}

fn as_text(told: &[Told], notes: &[String]) -> String {
    let paint = Paint::on_stdout();
    let mut text = String::new();
    for Told { name, error, warnings, .. } in told {
        let name = printable(name);
        // Writing to a string cannot fail, here and below.
        let _ = match error {
            None => writeln!(text, "{name} ... {}", paint.green("ok")),
            Some(error) => writeln!(text, "{name} ... {}\n{}", paint.red("ERROR"), printable_lines(error)),
        };
        for warning in warnings {
            let _ = writeln!(text, "{}: {}", paint.yellow("warning"), printable(warning));
        }
    }
    text.extend(notes.iter().map(|note| format!("{}: {}\n", paint.dim("note"), printable(note))));
    let warnings: usize = told.iter().map(|own| own.warnings.len()).sum();
    let looked = counted(told.len(), "cassette");
    let _ = writeln!(text, "{looked}, {}, {}", counted(warnings, "warning"), counted(notes.len(), "note"));
    text
}
