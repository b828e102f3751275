//! `overdub scenario`: work on scenarios.

mod check;
mod list;
mod new;
mod strays;
mod test;

use std::path::Path;
use std::sync::Arc;

use super::Failure;
use crate::cli::ScenarioCommand;
use crate::scenario::{Engine, Library, Scenario, ScenarioError, Set, Source};
use crate::shipped::SCENARIOS;

/// Where a project's own scenarios are.
const FOLDER: &str = "scenarios";

pub(super) async fn run(command: ScenarioCommand) -> Result<(), Failure> {
    match command {
        ScenarioCommand::List(args) => list::run(&args),
        ScenarioCommand::Check(args) => check::run(&args),
        ScenarioCommand::Test(args) => test::run(&args).await,
        ScenarioCommand::New(args) => new::run(&args),
    }
}

/// All scenarios that can be named here.
fn library() -> Result<Arc<Library>, Failure> {
    Library::read(Path::new(FOLDER), SCENARIOS).map(Arc::new).map_err(Failure::usage)
}

/// The scenarios that a command is about.
struct Chosen {
    sources: Vec<Arc<Source>>,
}

impl Chosen {
    /// Those that are named; without names the project's own, and the shipped ones where there are none.
    fn of(names: &[String], library: &Library) -> Result<Self, Failure> {
        if names.is_empty() {
            let own: Vec<_> = library.iter().filter(|source| !source.shipped).cloned().collect();
            let sources = if own.is_empty() { library.iter().cloned().collect() } else { own };
            return Ok(Self { sources });
        }
        let (mut sources, mut errors) = (Vec::new(), Vec::new());
        for name in names {
            match library.get(name) {
                Some(source) => sources.push(Arc::clone(source)),
                None => errors.push(unknown(name, library)),
            }
        }
        if errors.is_empty() { Ok(Self { sources }) } else { Err(Failure::Usage(errors)) }
    }
}

fn unknown(name: &str, library: &Library) -> String {
    let known = library.iter().map(|source| source.name.clone()).collect::<Vec<_>>().join(", ");
    ScenarioError::Unknown { name: name.to_owned(), known }.to_string()
}

/// One scenario by itself, and its own part of what was loaded.
fn load(
    engine: &Arc<Engine>,
    library: &Arc<Library>,
    name: &str,
) -> Result<(Set, Arc<Scenario>), ScenarioError> {
    let set = Set::load(engine, library, &[name], &[])?;
    let own = set.scenarios().iter().find(|scenario| scenario.name == name).cloned();
    let missing = || ScenarioError::Unknown { name: name.to_owned(), known: String::new() };
    own.ok_or_else(missing).map(|own| (set, own))
}
