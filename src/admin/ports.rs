//! Ports of sessions: listeners on loopback, each for one session, open as long as it lives.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ::http::StatusCode;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Proxy;
use crate::error::Error;
use crate::replay::{Session, Sessions};
use crate::server::{Settings, serve};

/// Most ports at once: each holds a descriptor and a task.
const MOST: usize = 1000;

/// The ports of all sessions that have one.
#[derive(Debug)]
pub struct Ports {
    /// Per session its port's URL, and what closes it. A std lock, held to look up one name.
    open: Arc<Mutex<HashMap<Arc<str>, Port>>>,
    /// What the proxy's own listener speaks: these speak the same.
    settings: Settings,
    shutdown: CancellationToken,
    tasks: TaskTracker,
}

#[derive(Debug)]
struct Port {
    url: String,
    ends: CancellationToken,
}

impl Ports {
    /// None yet. They will speak what `settings` say, until `shutdown`.
    pub fn new(settings: Settings, shutdown: CancellationToken) -> Self {
        Self { open: Arc::default(), settings, shutdown, tasks: TaskTracker::new() }
    }

    /// A free port.
    pub(super) async fn take(&self) -> Result<TcpListener, Error> {
        let refused = |why: String| Error::Refused(StatusCode::CONFLICT, why);
        if self.lock().len() >= MOST {
            return Err(refused(format!(
                "{MOST} sessions have ports of their own, and no more may; end some, or name sessions by the header \
                 x-overdub-session"
            )));
        }
        let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        bound.map_err(|error| refused(format!("no port can be had: {error}")))
    }

    /// Serves a session on its port until it ends; returns the port's URL.
    pub(super) fn open(
        &self,
        listener: TcpListener,
        proxy: &Arc<Proxy>,
        session: Arc<Session>,
    ) -> Result<String, Error> {
        let address = listener.local_addr().map_err(|error| Error::Internal(error.to_string()))?;
        let scheme = if self.settings.tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{address}");
        let (name, ends) = (session.name(), self.shutdown.child_token());
        let port = Port { url: url.clone(), ends: ends.clone() };
        self.lock().insert(Arc::clone(&name), port);
        // At its own port it is known by that port, whatever the proxy's public origin is.
        let settings = Settings { session: Some(Arc::clone(&name)), public: None, ..self.settings.clone() };
        let serving = serve(listener, Arc::clone(proxy), settings, ends.clone());
        let (open, sessions) = (Arc::clone(&self.open), Arc::clone(proxy.sessions()));
        let own = url.clone();
        self.tasks.spawn(async move {
            tokio::join!(serving, async {
                until_over(&sessions, &session, &ends).await;
                ends.cancel();
            });
            let mut open = lock(&open);
            // A session made anew under the same name has another port.
            if open.get(&name).is_some_and(|port| port.url == own) {
                open.remove(&name);
            }
        });
        Ok(url)
    }

    /// The URL of a session's port.
    pub(super) fn url(&self, name: &str) -> Option<String> {
        self.lock().get(name).map(|port| port.url.clone())
    }

    /// Closes a session's port.
    pub(super) fn close(&self, name: &str) {
        if let Some(port) = self.lock().remove(name) {
            port.ends.cancel();
        }
    }

    /// Completes when all are closed, after the shutdown.
    pub(super) async fn closed(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Port>> {
        lock(&self.open)
    }
}

fn lock(open: &Mutex<HashMap<Arc<str>, Port>>) -> MutexGuard<'_, HashMap<Arc<str>, Port>> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Completes when the session ends, by hand, for want of room or for want of use, or when its port is to close.
async fn until_over(sessions: &Sessions, session: &Session, ends: &CancellationToken) {
    while let Some(left) = sessions.idle_left(session) {
        tokio::select! {
            () = tokio::time::sleep(left) => {}
            () = session.ended() => return,
            () = ends.cancelled() => return,
        }
    }
}
