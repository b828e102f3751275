//! Whether files are taken over that change while a proxy runs.

use clap::{Args, ValueEnum};

/// What was typed about changes of files.
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// Take over what is saved while it runs, from the next request on: scenarios, cassettes that are played, a profile
    /// of your own and overdub.yaml. `poll` looks every half second, where the system tells of no changes (a network
    /// drive, a container's mount).
    #[arg(long, value_name = "on|off|poll", default_value = "on", hide_possible_values = true)]
    pub watch: Watching,
}

/// Whether and how files are watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Watching {
    /// The system tells of changes.
    On,
    /// They are not.
    Off,
    /// They are looked at every now and then.
    Poll,
}
