//! `overdub sandbox`: an Okta Factors org on loopback.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::Failure;
use super::serve::{Ready, signal};
use crate::cli::SandboxArgs;
use crate::http::Origin;
use crate::launch::{Org, bind};
use crate::sandbox::{Sandbox, SandboxConfig};
use crate::server::{Settings, serve};

pub(super) async fn run(args: SandboxArgs) -> Result<(), Failure> {
    let listener = bind(args.listen).await?;
    let signal = signal()?;
    let address = listener.local_addr().map_err(|error| Failure::usage(format_args!("--listen: {error}")))?;
    let url = Origin::new("http", &address.to_string());
    Ready { url: &url, ca: None, admin: None, mode: "sandbox", upstream: "none", size: (0, 0) }.tell();
    let config = SandboxConfig { seed: args.seed, start: args.start, tick: args.tick };
    let (org, shutdown) = (Arc::new(Org(Sandbox::new(config))), CancellationToken::new());
    let server = tokio::spawn(serve(listener, org, Settings::default(), shutdown.clone()));
    signal.await;
    shutdown.cancel();
    server.await.map_err(|error| Failure::Checks(format!("the server ended badly: {error}")))
}
