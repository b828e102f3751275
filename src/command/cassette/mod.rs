//! `overdub cassette`: work on cassettes.

mod audit;
mod clean;
mod import;

use super::Failure;
use crate::cli::CassetteCommand;

pub(super) fn run(command: CassetteCommand) -> Result<(), Failure> {
    match command {
        CassetteCommand::Audit(args) => audit::run(&args),
        CassetteCommand::Clean(args) => clean::run(&args),
        CassetteCommand::Import(args) => import::run(&args),
    }
}
