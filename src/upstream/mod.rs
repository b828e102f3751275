//! The client towards the real API: pooled connections, HTTP/1.1 and HTTP/2, TLS by the platform's roots.
//!
//! Sends exactly what it is given, follows nothing, and tells what went wrong in the words of whoever has to mend it.
//! Exists only in modes that have an upstream: a replay never makes one.

mod bell;
mod connect;
mod connection;
mod error;
mod incoming;
mod pool;

use std::error::Error as StdError;
use std::fmt;
use std::path::PathBuf;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use ::http::uri::PathAndQuery;
use ::http::{HeaderMap, Method, Request, Response, header};

pub(crate) use error::Stalled;
pub use error::{Cause, SetupError, UpstreamError};

use crate::http::{Body, Origin, Upload};
use connect::Connector;
use error::cause_of;
use pool::{Failure, Pool};

/// How long a request body may stand still because its client does.
const UPLOAD_IDLE: Duration = Duration::from_mins(5);

/// Connection pools to the configured origin, or to each that is asked for. A clone shares them.
#[derive(Clone)]
pub struct Upstream {
    origin: Option<Origin>,
    reach: Arc<Reach>,
    timeout: Duration,
}

/// How origins are reached.
struct Reach {
    connector: Connector,
    pool: Pool,
}

/// How to reach an upstream.
#[derive(Debug, Clone)]
pub struct UpstreamOptions {
    /// More roots to trust: a PEM file.
    pub ca: Option<PathBuf>,
    /// How long to wait for a response head.
    pub timeout: Duration,
}

impl Default for UpstreamOptions {
    fn default() -> Self {
        Self { ca: None, timeout: Duration::from_mins(1) }
    }
}

impl Upstream {
    /// A client for `origin`, or for whichever is asked for; connects when the first request comes.
    ///
    /// # Errors
    /// When there are no root certificates to trust `origin` by, or the CA file is none. A plain http origin needs none.
    pub fn new(origin: Option<Origin>, options: &UpstreamOptions) -> Result<Self, SetupError> {
        let connector = Connector::new(origin.as_ref().map(Origin::scheme), options.ca.as_deref())?;
        let reach = Arc::new(Reach { connector, pool: Pool::new(origin.as_ref()) });
        Ok(Self { origin, reach, timeout: options.timeout })
    }

    /// Where requests go that ask for no origin of their own.
    pub fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    /// Sends one request to `origin` and returns the response as soon as its head is there. The time for the answer counts once
    /// `upload` says that the body has been sent: a slow client is not the upstream's fault.
    ///
    /// # Errors
    /// Why there is no response.
    pub async fn send(
        &self,
        origin: &Origin,
        method: Method,
        target: Option<&PathAndQuery>,
        headers: HeaderMap,
        body: Body,
        upload: impl Fn() -> Upload + Sync,
    ) -> Result<Response<Body>, UpstreamError> {
        let Reach { connector, pool } = &*self.reach;
        let peer = pool.peer(origin).map_err(|error| self.error(origin, Cause::Broken(error.to_string())))?;
        // A pointer, for the futures that hold it are moved about.
        let mut request = Box::new(Request::new(body));
        *request.method_mut() = method;
        *request.headers_mut() = headers;
        let sent = if request.headers().contains_key(header::UPGRADE) {
            let response = Box::pin(peer.send_to_upgrade(connector, request, target));
            self.in_time(pin!(response), &upload).await
        } else {
            self.in_time(pin!(peer.send(connector, request, target, &upload)), &upload).await
        };
        sent.map_err(|cause| self.error(origin, cause))
    }

    /// Waits for a response.
    async fn in_time(
        &self,
        mut response: Pin<&mut impl Future<Output = Result<Response<Body>, Failure>>>,
        upload: &impl Fn() -> Upload,
    ) -> Result<Response<Body>, Cause> {
        let mut idle = Duration::ZERO;
        let mut before = upload();
        loop {
            match tokio::time::timeout(self.timeout, response.as_mut()).await {
                Ok(Ok(response)) => return Ok(response),
                Ok(Err(Failure::Connect(error))) => return Err(cause_of(&*error, true)),
                Ok(Err(Failure::Exchange(error))) => return Err(cause_of(&error, false)),
                Err(_) => {}
            }
            let now = upload();
            idle = if now == before { idle + self.timeout } else { Duration::ZERO };
            before = now;
            if (now.complete && !idle.is_zero()) || idle >= UPLOAD_IDLE.max(self.timeout) {
                return Err(Cause::TimedOut(self.timeout));
            }
        }
    }

    /// An error of `origin`.
    pub fn error(&self, origin: &Origin, cause: Cause) -> UpstreamError {
        UpstreamError { origin: origin.clone(), configured: self.origin.as_ref() == Some(origin), cause }
    }

    /// What a body from `origin` says when it breaks.
    pub fn broken(&self, origin: &Origin, error: &(dyn StdError + 'static)) -> UpstreamError {
        self.error(origin, cause_of(error, false))
    }
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream").field("origin", &self.origin).finish_non_exhaustive()
    }
}
