//! The admin address beside a proxy.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::LaunchError;
use super::listen::bind_as;
use crate::Proxy;
use crate::admin::{Admin, Ports};
use crate::config::AdminConfig;
use crate::server::{Settings, serve};

/// What is served beside a proxy's own listener.
#[derive(Debug)]
pub(super) struct Beside(Option<Served>);

/// The admin address, being served.
#[derive(Debug)]
struct Served {
    address: SocketAddr,
    admin: Arc<Admin>,
    server: JoinHandle<()>,
}

impl Beside {
    /// Where the admin endpoints are.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        self.0.as_ref().map(|served| served.address)
    }

    /// Waits for its end, after the shutdown.
    pub(super) async fn ended(self) {
        if let Some(Served { admin, server, .. }) = self.0 {
            // It ends by itself; how does not matter any more.
            let _ = server.await;
            admin.closed().await;
        }
    }
}

/// Has `proxy` looked on at the admin address until `shutdown`, if there is to be one. Ports of sessions speak what
/// `settings` say.
pub(super) async fn start(
    config: AdminConfig,
    proxy: &Arc<Proxy>,
    settings: &Settings,
    shutdown: &CancellationToken,
) -> Result<Beside, LaunchError> {
    let Some(listen) = config.listen else { return Ok(Beside(None)) };
    let listener = bind_as("--admin", listen).await?;
    let address =
        listener.local_addr().map_err(|error| LaunchError::one(format_args!("--admin: {error}")))?;
    let ports = Ports::new(settings.clone(), shutdown.clone());
    let admin = Arc::new(Admin::new(Arc::clone(proxy), ports));
    let server = tokio::spawn(serve(listener, Arc::clone(&admin), Settings::default(), shutdown.clone()));
    Ok(Beside(Some(Served { address, admin, server })))
}
