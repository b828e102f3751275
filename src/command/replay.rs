//! `overdub replay`: serve recordings.

use std::sync::Arc;

use super::serve::{Ready, bind, settings, until_signal};
use super::{Failure, admin};
use crate::Proxy;
use crate::cassette;
use crate::cli::ReplayArgs;
use crate::config::ReplayConfig;
use crate::shipped::SHIPPED;

pub(super) async fn run(args: ReplayArgs) -> Result<(), Failure> {
    let config = ReplayConfig::of(args).map_err(Failure::usage)?;
    let cassettes = cassette::find(&config.cassettes, &config.recordings, SHIPPED)
        .and_then(|sources| cassette::load_all(&sources))
        .map_err(|errors| Failure::Usage(errors.iter().map(ToString::to_string).collect()))?;
    let player = Arc::new(crate::replay::Player::new(cassettes, &config.profile, &config.options));
    let settings = settings(&config.serve, None)?;
    let listener = bind(config.serve.listen).await?;
    let proxy = Proxy::replay(Arc::clone(&player));
    let (proxy, beside) = admin::start(config.admin, proxy, &config.profile, &settings).await?;
    let ready = Ready {
        mode: "replay",
        upstream: "none",
        cassettes: player.cassettes(),
        interactions: player.interactions(),
        admin: beside.address(),
        shutdown: beside.shutdown.clone(),
    };
    until_signal(listener, proxy, settings, ready).await?;
    beside.ended().await;
    Ok(())
}
