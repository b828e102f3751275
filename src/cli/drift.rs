//! `overdub verify`, `overdub cassette diff`: what differs from a recording, and from when on that counts.

use clap::{Args, ValueEnum};

use super::UpstreamArgs;

/// From which severity on a change counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// What a client reads is gone or of another type.
    Breaking,
    /// There is more than before.
    Additive,
    /// Any other value.
    Value,
}

/// What was typed behind `overdub cassette diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The cassette to compare with: a name under recordings/, or a file.
    #[arg(value_name = "A")]
    pub recorded: String,
    /// The cassette that is compared.
    #[arg(value_name = "B")]
    pub other: String,
    /// Which changes lead to exit code 1: only those that break clients, also what there is more of, or any. What only
    /// one of them has counts with `value`.
    #[arg(
        long,
        value_name = "breaking|additive|value",
        default_value = "value",
        hide_possible_values = true
    )]
    pub fail_on: FailOn,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
    /// What is known about the API: `okta`, `none`, or a file of your own. [default: the one that A names, else okta]
    #[arg(long, value_name = "FILE|okta|none", env = "OVERDUB_PROFILE")]
    pub profile: Option<String>,
}

/// What was typed behind `overdub verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The live API.
    #[command(flatten)]
    pub upstream: UpstreamArgs,
    /// A cassette: a name under recordings/, or a path. May be repeated. [default: recordings/]
    #[arg(short, long = "cassette", value_name = "NAME")]
    pub cassettes: Vec<String>,
    /// Send the recorded writes too, in recorded order. They change the live org. Without them, of answers that depend on
    /// them only what holds in every state is compared: statuses, types, fields.
    #[arg(long)]
    pub allow_writes: bool,
    /// Which changes lead to exit code 1: only those that break clients, also what there is more of, or any.
    #[arg(
        long,
        value_name = "breaking|additive|value",
        default_value = "breaking",
        hide_possible_values = true
    )]
    pub fail_on: FailOn,
    /// A header to send with each request, as `authorization: SSWS …`. May be repeated. Without one of that name,
    /// the variable `OKTA_CLIENT_TOKEN` is sent as an SSWS token.
    #[arg(long = "header", value_name = "NAME: VALUE")]
    pub headers: Vec<String>,
    /// What to send in the place of a value of the cassette, as `user1@example.test=jane@acme.com`: a stand-in, or an id.
    /// May be repeated.
    #[arg(long = "bind", value_name = "RECORDED=LIVE")]
    pub bindings: Vec<String>,
    /// Print one JSON object, also where nothing has changed.
    #[arg(long)]
    pub json: bool,
    /// What is known about the API: `okta`, `none`, or a file of your own. [default: the one that the cassette names,
    /// else okta]
    #[arg(long, value_name = "FILE|okta|none", env = "OVERDUB_PROFILE")]
    pub profile: Option<String>,
}
