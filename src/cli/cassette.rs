//! `overdub cassette`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{
    CassetteCheckArgs, CassetteListArgs, CassetteShowArgs, CleanArgs, DiffArgs, ExportArgs, ImportArgs,
};

/// What can be done with cassettes.
#[derive(Debug, Subcommand)]
pub enum CassetteCommand {
    /// Look for secrets and personal values in files of any kind. Exit code 1 when there are some.
    Audit(AuditArgs),
    /// Put stand-ins in place of secret and personal values and hosts, as recording does.
    Clean(CleanArgs),
    /// Make cassettes of what other programs recorded: go-vcr, vcrpy, Ruby VCR, betamax, HAR.
    Import(ImportArgs),
    /// Write cassettes in the format of another tool, to be played there.
    Export(ExportArgs),
    /// Show which cassettes there are.
    List(CassetteListArgs),
    /// Show what a cassette holds: a line per interaction, or one whole.
    Show(CassetteShowArgs),
    /// Tell all that is wrong with cassettes, and what looks strange. Exit code 1 when something is wrong.
    Check(CassetteCheckArgs),
    /// Compare two cassettes by what they mean. Exit code 1 when they differ.
    Diff(DiffArgs),
}

/// What was typed behind `overdub cassette audit`.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// Files, and directories with all that is below them; hidden and binary files there are left out.
    /// [default: recordings]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Print one JSON object: every hit, and how many there are by rule.
    #[arg(long)]
    pub json: bool,
    /// List what is looked for, and what to do about a hit, instead of looking.
    #[arg(long, conflicts_with = "paths")]
    pub rules: bool,
}
