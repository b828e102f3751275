//! `overdub scenario check`: all that can be known to be wrong without a request.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::sync::Arc;

use serde::Serialize;
use serde_json::json;

use super::strays::Stray;
use super::{Chosen, library, load};
use crate::cli::ScenarioCheckArgs;
use crate::command::Failure;
use crate::scenario::{Contest, Engine, Library, Set, Source};

/// What is said of one file.
#[derive(Serialize)]
struct Told {
    name: String,
    path: String,
    /// What is wrong with it.
    error: Option<String>,
}

pub(super) fn run(args: &ScenarioCheckArgs) -> Result<(), Failure> {
    let library = library()?;
    let chosen = Chosen::of(&args.names, &library)?;
    let engine = Arc::new(Engine::default());
    let (mut sound, mut told) = (Vec::new(), Vec::new());
    for source in &chosen.sources {
        let error = load(&engine, &library, &source.name).err().map(|error| error.to_string());
        if error.is_none() {
            sound.push(source);
        }
        told.push(Told { name: source.name.clone(), path: source.path.clone(), error });
    }
    told.extend(Stray::all(&args.names, &library).into_iter().map(|stray| {
        let error = Some(stray.problem());
        Told { name: stray.name, path: stray.path, error }
    }));
    // The shipped ones are each to be played alone; only what somebody puts together can be a contest.
    let is_choice = !args.names.is_empty() || chosen.sources.iter().any(|source| !source.shipped);
    let notes = if is_choice { contests(&sound, &engine, &library) } else { Vec::new() };
    let failed = told.iter().filter(|own| own.error.is_some()).count();
    let text = if args.json { as_json(&told, &notes) } else { as_text(&told, &notes) };
    // Nobody reads on when stdout is closed; whether all is well is in the exit code.
    let _ = io::stdout().write_all(text.as_bytes());
    match failed {
        0 => Ok(()),
        _ => Err(Failure::Checks(format!("scenarios with errors: {failed} of {}", told.len()))),
    }
}

/// Scenarios that may answer one request, a line for each two.
fn contests(sound: &[&Arc<Source>], engine: &Arc<Engine>, library: &Arc<Library>) -> Vec<String> {
    let names: Vec<_> = sound.iter().map(|source| source.name.as_str()).collect();
    let Ok(set) = Set::load(engine, library, &names, &[]) else { return Vec::new() };
    let mut pairs: BTreeMap<(String, String), Vec<Contest>> = BTreeMap::new();
    for contest in set.contests() {
        let pair = (contest.first.scenario().to_owned(), contest.second.scenario().to_owned());
        pairs.entry(pair).or_default().push(contest);
    }
    let told = pairs.iter().filter_map(|((one, other), contests)| {
        let Contest { first, second } = contests.first()?;
        let more = match contests.len() {
            1 => String::new(),
            number => format!(", and {} more", number - 1),
        };
        Some(format!(
            "{one} and {other} may both answer one request ({}: {}, {}: {}{more}): the one that --scenario names first \
             does",
            first.place(), first.route, second.place(), second.route
        ))
    });
    told.collect()
}

fn as_text(told: &[Told], notes: &[String]) -> String {
    let lines = told.iter().map(|Told { name, error, .. }| match error {
        None => format!("{name} ... ok\n"),
        Some(error) => format!("{name} ... ERROR\n{error}\n"),
    });
    lines.chain(notes.iter().map(|note| format!("note: {note}\n"))).collect()
}

fn as_json(told: &[Told], notes: &[String]) -> String {
    json!({ "scenarios": told, "notes": notes }).to_string() + "\n"
}
