//! `overdub cassette`: work on cassettes.

mod audit;
mod check;
mod clean;
mod diff;
mod export;
mod glance;
mod import;
mod list;
mod show;

use std::path::Path;
use std::sync::Arc;

use super::Failure;
use crate::cassette::{self, CassetteError, Header, Source};
use crate::cli::CassetteCommand;
use crate::profile::Profile;
use crate::shipped::SHIPPED;

/// Where a project's own cassettes are.
const RECORDINGS: &str = "recordings";

pub(super) fn run(command: CassetteCommand) -> Result<(), Failure> {
    match command {
        CassetteCommand::Audit(args) => audit::run(&args),
        CassetteCommand::Clean(args) => clean::run(&args),
        CassetteCommand::Import(args) => import::run(&args),
        CassetteCommand::Export(args) => export::run(&args),
        CassetteCommand::List(args) => list::run(&args),
        CassetteCommand::Show(args) => show::run(&args),
        CassetteCommand::Check(args) => check::run(&args),
        CassetteCommand::Diff(args) => diff::run(&args),
    }
}

/// The cassettes that are named; without names the project's own, and the shipped ones where there are none.
fn chosen(names: &[String]) -> Result<Vec<Source>, Failure> {
    let recordings = Path::new(RECORDINGS);
    let found = cassette::find(names, recordings, SHIPPED);
    let found = match found {
        Err(_) if names.is_empty() && !holds_any(recordings) => {
            let shipped: Vec<_> = SHIPPED.iter().map(|(name, _)| (*name).to_owned()).collect();
            cassette::find(&shipped, recordings, SHIPPED)
        }
        found => found,
    };
    found.map_err(|errors| unusable(&errors))
}

/// Whether anything is in the directory, as far as can be told: what cannot be read is not passed over.
fn holds_any(dir: &Path) -> bool {
    match std::fs::read_dir(dir) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
    }
}

fn unusable(errors: &[CassetteError]) -> Failure {
    Failure::Usage(errors.iter().map(ToString::to_string).collect())
}

/// The profile that was asked for, else the built-in one that the cassette names, else Okta's.
fn profile(choice: Option<&str>, header: &Header) -> Result<Arc<Profile>, Failure> {
    let named = header.profile.as_deref().filter(|name| Profile::is_built_in(name));
    let profile = Profile::choose(choice.or(named).unwrap_or("okta"));
    profile.map(Arc::new).map_err(|error| Failure::usage(format_args!("--profile: {error}")))
}
