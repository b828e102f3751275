//! `overdub scenario test`: plays what the tests of scenarios expect, in this process and without waiting.

mod compare;
mod file;
mod play;
mod report;
mod vars;
mod world;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::strays::Stray;
use super::{Chosen, FOLDER, library};
use crate::cli::ScenarioTestArgs;
use crate::command::Failure;
use crate::scenario::{Engine, HandlerReport, Library, Limits, Setting, Source};
use crate::shipped::SCENARIO_TESTS;
use file::{Test, TestFile};
use play::Failed;
use report::{Report, Run};
use world::{Play, World};

/// Where the client believes it is.
const ORIGIN: &str = "http://overdub.test";
/// The same as it stands in `Host`.
const HOST: &str = "overdub.test";

pub(super) async fn run(args: &ScenarioTestArgs) -> Result<(), Failure> {
    let library = library()?;
    let chosen = Chosen::of(&args.names, &library)?;
    // A slow machine fails no test: what a script may do is bounded by its operations as ever.
    let engine = Arc::new(Engine::new(Limits { wall: Duration::from_secs(30), ..Limits::default() }));
    let (mut files, mut untested) = (Vec::new(), Vec::new());
    let mut errors: Vec<_> = Stray::all(&args.names, &library).iter().map(Stray::problem).collect();
    for source in chosen.sources {
        match tests_of(&source) {
            Ok(Some(file)) => files.push((source, file)),
            Ok(None) => untested.push(source.name.clone()),
            Err(error) => errors.push(error),
        }
    }
    if files.is_empty() && errors.is_empty() || !args.names.is_empty() && !untested.is_empty() {
        let without = untested.join(", ");
        errors.push(format!(
            "no tests: {without}; write {FOLDER}/NAME.test.yaml (`overdub scenario new` begins one)"
        ));
    }
    if !errors.is_empty() {
        return Err(Failure::Usage(errors));
    }
    let mut report = Report::new(args.json, untested);
    for (source, file) in &files {
        let mut accounts = Accounts::default();
        for test in &file.tests {
            for run in runs(source, test, &engine, &library, &mut accounts).await {
                report.add(run);
            }
        }
        report.idle(accounts.idle(&source.name));
    }
    report.end()
}

/// The tests that go with a scenario.
fn tests_of(source: &Source) -> Result<Option<TestFile>, String> {
    if source.shipped {
        let found = SCENARIO_TESTS.iter().find(|(name, _)| *name == source.name);
        return found
            .map(|(name, text)| file::read(&format!("{name}.test.yaml (shipped)"), text))
            .transpose();
    }
    let path = Path::new(FOLDER).join(format!("{}.test.yaml", source.name));
    let shown = path.display();
    match std::fs::read_to_string(&path) {
        Ok(text) => file::read(&shown.to_string(), &text).map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{shown}: {error}")),
    }
}

/// Plays a test over each of what it names.
async fn runs(
    source: &Source,
    test: &Test,
    engine: &Arc<Engine>,
    library: &Arc<Library>,
    accounts: &mut Accounts,
) -> Vec<Run> {
    let over: Vec<_> = match test.over.as_slice() {
        [] => vec![None],
        names => names.iter().map(|name| Some(name.as_str())).collect(),
    };
    let mut runs = Vec::new();
    for name in over {
        let failed = match settings(test) {
            Ok(settings) => {
                let play = Play { engine, library, scenario: &source.name, settings: &settings, test };
                one(&play, name, accounts).await
            }
            Err(problem) => Some(unplayed(problem)),
        };
        let over = name.unwrap_or("answers").to_owned();
        runs.push(Run { scenario: source.name.clone(), test: test.name.clone(), over, failed });
    }
    runs
}

async fn one(play: &Play<'_>, over: Option<&str>, accounts: &mut Accounts) -> Option<Failed> {
    let world = match World::open(play, over).await {
        Ok(world) => world,
        Err(problem) => return Some(unplayed(problem)),
    };
    let failed = play::play(play.test, &world).await;
    accounts.add(world.report());
    world.close().await;
    failed
}

fn unplayed(problem: String) -> Failed {
    Failed { step: 0, request: String::new(), differences: vec![problem] }
}

/// `set:` of a test, as `--set` has it.
fn settings(test: &Test) -> Result<Vec<Setting>, String> {
    let all = test.set.iter().map(|(name, value)| {
        let value = match value {
            Value::String(own) => own.clone(),
            other => other.to_string(),
        };
        Setting::parse(&format!("{name}={value}")).map_err(|error| format!("set: {error}"))
    });
    all.collect()
}

/// How often each handler fired, over all tests of a scenario.
#[derive(Default)]
struct Accounts(BTreeMap<(String, String), (String, u64)>);

impl Accounts {
    fn add(&mut self, reports: Vec<HandlerReport>) {
        for report in reports {
            let label = format!("{} ({})", report.handler, report.place);
            self.0.entry((report.scenario, report.place)).or_insert((label, 0)).1 += report.fired;
        }
    }

    /// The handlers of a scenario that never fired.
    fn idle(self, scenario: &str) -> Vec<String> {
        let own = self.0.into_iter().filter(|((own, _), (_, fired))| own == scenario && *fired == 0);
        own.map(|(_, (label, _))| format!("{scenario}: no test fires {label}")).collect()
    }
}
