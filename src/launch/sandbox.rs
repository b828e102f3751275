//! The org that is built in, as one who answers requests and as an upstream within one process.

use std::sync::Arc;

use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::LaunchError;
use crate::error::Error;
use crate::http::{BODY_LIMIT, Body, Origin, Reply, Request};
use crate::sandbox::Sandbox;
use crate::server::{Handler, Settings, serve};

/// An org that is served on a free port of loopback.
#[derive(Debug)]
pub struct Served {
    /// Where it listens.
    pub origin: Origin,
    ends: CancellationToken,
    server: JoinHandle<()>,
}

impl Served {
    /// Ends it; afterwards nobody listens there.
    pub async fn stop(self) {
        self.ends.cancel();
        // It ends by itself; how does not matter any more.
        let _ = self.server.await;
    }
}

/// Serves an org on a free port of loopback.
///
/// # Errors
/// There is none.
pub async fn serve_org(org: Arc<Org>) -> Result<Served, LaunchError> {
    let failed = |error: std::io::Error| LaunchError::one(format_args!("cannot start the sandbox: {error}"));
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let ends = CancellationToken::new();
    let server = tokio::spawn(serve(listener, org, Settings::default(), ends.clone()));
    Ok(Served { origin: Origin::new("http", &address.to_string()), ends, server })
}

/// The org as one who answers requests.
#[derive(Debug)]
pub struct Org(pub Sandbox);

impl Handler for Org {
    async fn handle(&self, mut request: Box<Request>) -> Reply {
        let origin = request.client_origin().to_string();
        let body = match std::mem::take(&mut request.body).read(BODY_LIMIT).await {
            Ok(Ok(whole)) => whole.data,
            Ok(Err(_)) => return Error::RequestTooLarge.into_reply(),
            Err(error) => return Error::RequestBroken(error).into_reply(),
        };
        let request = ::http::Request::from_parts(request.head, body);
        self.0
            .handle(&origin, request)
            .map(|body: Bytes| if body.is_empty() { Body::Empty } else { Body::Whole(body) })
    }
}
