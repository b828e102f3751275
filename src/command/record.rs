//! `overdub record`: pass requests on and record them.

use std::sync::Arc;
use std::time::Duration;

use super::sandbox::{self, Org};
use super::serve::{Ready, bind, settings, until_signal};
use super::{Failure, admin};
use crate::Proxy;
use crate::cassette::Writer;
use crate::cli::RecordArgs;
use crate::clock::Clock;
use crate::config::{RecordConfig, UpstreamChoice};
use crate::proxy::Live;
use crate::recorder::Recorder;
use crate::redact::Redactor;
use crate::sandbox::{Sandbox, SandboxConfig};
use crate::upstream::Upstream;

/// How long after the signal exchanges may still end that go on without their clients.
const DRAIN: Duration = Duration::from_millis(3400);

/// How long they get at least.
const SHORTEST_DRAIN: Duration = Duration::from_millis(200);

pub(super) async fn run(args: RecordArgs) -> Result<(), Failure> {
    let config = RecordConfig::of(args).map_err(Failure::usage)?;
    let listener = bind(config.serve.listen).await?;
    let (origin, sandbox) = match config.upstream {
        None => (None, None),
        Some(UpstreamChoice::Origin(origin)) => (Some(origin), None),
        Some(UpstreamChoice::Sandbox) => {
            let org = sandbox::start(Arc::new(Org(Sandbox::new(SandboxConfig::default())))).await?;
            (Some(org.origin.clone()), Some(org))
        }
    };
    let settings = settings(&config.serve, origin.as_ref())?;
    let upstream = Upstream::new(origin.clone(), &config.upstream_options).map_err(Failure::usage)?;
    let mut redactor = Redactor::new(Arc::clone(&config.profile), config.redact, origin.clone());
    let mut writer =
        Writer::create(&config.cassette, &redactor.header(), config.existing).map_err(Failure::usage)?;
    let earlier = writer.take_earlier();
    if let Some(earlier) = &earlier {
        redactor.continue_after(earlier);
    }
    let before = earlier.map_or(0, |cassette| cassette.interactions.len());
    let (recorder, recording) = Recorder::start(writer, redactor)
        .map_err(|error| Failure::usage(format_args!("cannot start the recorder: {error}")))?;
    let live = Live::new(upstream, recorder, Clock::Wall, config.rewrite_links);
    let upstream_text = origin.map_or_else(|| "any".to_owned(), |origin| origin.to_string());
    let (proxy, beside) = admin::start(config.admin, Proxy::record(live), &config.profile, &settings).await?;
    let ready = Ready {
        mode: "record",
        upstream: &upstream_text,
        cassettes: 1,
        interactions: before,
        admin: beside.address(),
        shutdown: beside.shutdown.clone(),
    };
    let since_signal = until_signal(listener, proxy, settings, ready).await?;
    beside.ended().await;

    let report = recording.finish(DRAIN.saturating_sub(since_signal.elapsed()).max(SHORTEST_DRAIN)).await;
    if let Some(sandbox) = sandbox {
        sandbox.stop().await;
    }
    let path = config.cassette.display();
    tracing::info!("{path}: exchanges recorded: {}", report.recorded);
    if report.failed > 0 {
        return Err(Failure::Checks(format!(
            "{path}: exchanges that could not be written: {}",
            report.failed
        )));
    }
    if report.leaks > 0 {
        return Err(Failure::Checks(format!(
            "{path}: values that look like secrets: {}; say in a profile of your own where they stand and run \
             `overdub cassette clean --profile FILE {path}`, or delete the cassette",
            report.leaks
        )));
    }
    Ok(())
}
