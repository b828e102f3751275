//! What all serving commands do alike: say that they are ready, and wait for a signal.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::Path;

use super::Failure;
use crate::http::Origin;

/// The ready line: what a script waits for, and all that it needs to know.
pub(super) struct Ready<'a> {
    pub(super) url: &'a Origin,
    /// The certificate of the local CA, if clients are to trust it.
    pub(super) ca: Option<&'a Path>,
    /// Where the admin endpoints are.
    pub(super) admin: Option<SocketAddr>,
    pub(super) mode: &'static str,
    pub(super) upstream: &'a str,
    /// How many cassettes and interactions there are.
    pub(super) size: (usize, usize),
}

impl Ready<'_> {
    /// Prints it.
    pub(super) fn tell(&self) {
        let Self { url, ca, admin, mode, upstream, size: (cassettes, interactions) } = self;
        let ca = ca.map_or_else(String::new, |path| format!(" ca={}", word(path)));
        let admin = admin.map_or_else(String::new, |admin| format!(" admin=http://{admin}"));
        let line = format!(
            "overdub listening url={url}{ca}{admin} mode={mode} upstream={upstream} cassettes={cassettes} \
             interactions={interactions}\n"
        );
        let mut stdout = io::stdout().lock();
        // Whoever closed stdout does not wait for the line.
        let _ = stdout.write_all(line.as_bytes()).and_then(|()| stdout.flush());
    }
}

/// Waits for SIGINT or SIGTERM, and says then what is waited for. Signals are caught from now on.
pub(super) fn signal() -> Result<impl Future<Output = ()>, Failure> {
    let signal = signals().map_err(|error| Failure::usage(format_args!("cannot catch signals: {error}")))?;
    Ok(async move {
        signal.await;
        tracing::info!("stopping: waiting up to 3s for requests under way");
    })
}

/// A path as one word of the ready line: in quotes, as JSON has them, if it holds a space.
fn word(path: &Path) -> String {
    let text = path.display().to_string();
    if text.contains(char::is_whitespace) { serde_json::Value::from(text).to_string() } else { text }
}

/// Completes at the first SIGINT or SIGTERM.
#[cfg(unix)]
pub(super) fn signals() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Completes at Ctrl-C.
#[cfg(not(unix))]
pub(super) fn signals() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
