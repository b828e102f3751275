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

use super::{Failure, chosen};
use crate::cassette::{RECORDINGS, Source};
use crate::cli::CassetteCommand;
use crate::shipped::SHIPPED;

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
fn sources(names: &[String]) -> Result<Vec<Source>, Failure> {
    if names.is_empty() && !holds_any(Path::new(RECORDINGS)) {
        let shipped: Vec<_> = SHIPPED.iter().map(|(name, _)| (*name).to_owned()).collect();
        return chosen::sources(&shipped);
    }
    chosen::sources(names)
}

/// Whether anything is in the directory, as far as can be told: what cannot be read is not passed over.
fn holds_any(dir: &Path) -> bool {
    match std::fs::read_dir(dir) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
    }
}
