//! `overdub record`, `replay` and `proxy`: one way to run a proxy.

use std::path::Path;

use super::serve::{Ready, signal};
use super::{Failure, scenarios};
use crate::config::{Renewal, RunConfig};
use crate::launch::{Ended, Facts, Launched};
use crate::recorder::Report;

/// Runs a proxy until it is told to stop.
pub(super) async fn run(config: RunConfig, renewal: Renewal) -> Result<(), Failure> {
    let require_fired = config.scenarios.require_fired;
    let signal = signal()?;
    let launched = Launched::start(config, Some(renewal)).await?;
    let Facts { url, ca, admin, mode, upstream, cassettes, interactions, .. } = launched.facts();
    let size = (*cassettes, *interactions);
    Ready { url, ca: ca.as_deref(), admin: *admin, mode, upstream, size }.tell();
    signal.await;
    let Ended { proxy, recorded, broken, unlogged } = launched.stop().await;
    let fired = scenarios::account(&proxy, require_fired);
    let recorded = recorded.map_or(Ok(()), |(path, report)| verdict(&path, report));
    let served = broken.map_or(Ok(()), |why| Err(Failure::Checks(format!("the server ended badly: {why}"))));
    let logged = unlogged.map_or(Ok(()), |why| Err(Failure::Checks(why)));
    served.and(recorded).and(fired).and(logged)
}

/// Says what a recording came to.
fn verdict(path: &Path, report: Report) -> Result<(), Failure> {
    tracing::info!("{}: exchanges recorded: {}", path.display(), report.recorded);
    match report.problems(path).first() {
        Some(problem) => Err(Failure::Checks(problem.to_string())),
        None => Ok(()),
    }
}
