//! `overdub record --update`: records beside a cassette that exists, and puts into it what has changed.

use std::path::Path;

use super::{Failure, proxy};
use crate::cassette::{Part, Rewrite, again, is_recorded};
use crate::cli::{Command, RecordArgs};
use crate::config::{Renewal, RunConfig, updated};
use crate::drift::{Entry, Merge};
use crate::profile::Profile;

pub(super) async fn run(args: RecordArgs, renewal: Renewal) -> Result<(), Failure> {
    let Some(target) = updated(&args).map_err(Failure::usage)? else {
        return Err(Failure::usage("--update names no cassette"));
    };
    if !target.exists() {
        let what = "there is no such cassette to update; record it with -c first";
        return Err(Failure::usage(format_args!("--update: {}: {what}", target.display())));
    }
    let config = RunConfig::of(Command::Record(Box::new(args))).map_err(Failure::usage)?;
    let beside = again(&target);
    // That it can be read is known before anything is recorded; it may still be edited while that goes on.
    drop(Rewrite::open(&target).map_err(Failure::usage)?);
    let profile = std::sync::Arc::clone(&config.profile);
    if is_recorded(&beside) {
        tracing::warn!(
            "{}: a recording that did not come to its end left {} behind; what it holds is taken over now",
            target.display(),
            beside.display()
        );
        merge(&target, &beside, &profile)?;
    }
    let recorded = proxy::run(config, renewal).await;
    if beside.exists() {
        merge(&target, &beside, &profile)?;
    }
    recorded
}

/// Takes over what was recorded beside a cassette, and removes it there.
fn merge(target: &Path, beside: &Path, profile: &Profile) -> Result<(), Failure> {
    let live = Rewrite::open(beside).map_err(Failure::usage)?;
    let old = Rewrite::open(target).map_err(Failure::usage)?;
    let merge = Merge::of(old.cassette(), live.cassette(), profile);
    let told = format!(
        "{}: same {}, changed {}, new {}, not asked for {}",
        target.display(),
        merge.same,
        merge.changed,
        merge.new,
        merge.unasked
    );
    if !merge.is_idle() {
        let part = |entry| match entry {
            &Entry::Kept(at) => Part::Kept(at),
            Entry::Changed(at, interaction) => Part::Changed(*at, interaction),
            Entry::New(interaction) => Part::New(interaction),
        };
        old.merge(&merge.entries.iter().map(part).collect::<Vec<_>>()).map_err(Failure::usage)?;
    }
    tracing::info!("{told}");
    live.remove().map_err(Failure::usage)
}
