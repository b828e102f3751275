//! What all serving commands do alike: bind, say that it is ready, serve until a signal comes.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::Failure;
use crate::cli::Listen;
use crate::clock::{Clock, Stopwatch};
use crate::config::ServeConfig;
use crate::http::Origin;
use crate::server::{Handler, Settings, is_circle, serve};
use crate::tls::{Authority, Ca};

/// The ready line: what a script waits for, and all that it needs to know.
#[derive(Default)]
pub(super) struct Ready<'a> {
    pub(super) mode: &'static str,
    pub(super) upstream: &'a str,
    pub(super) cassettes: usize,
    pub(super) interactions: usize,
    /// Where the admin endpoints are.
    pub(super) admin: Option<SocketAddr>,
    /// Is cancelled at the signal: what is served beside ends with it.
    pub(super) shutdown: CancellationToken,
}

/// Takes the address of `--listen`.
pub(super) async fn bind(listen: Listen) -> Result<TcpListener, Failure> {
    bind_as("--listen", listen).await
}

/// Takes the address that a flag names.
pub(super) async fn bind_as(flag: &str, listen: Listen) -> Result<TcpListener, Failure> {
    let Listen(address) = listen;
    if !address.ip().is_loopback() {
        tracing::warn!("listening on {address}: everyone who reaches this machine can use this proxy");
    }
    TcpListener::bind(address).await.map_err(|error| {
        let advice = match error.kind() {
            io::ErrorKind::AddrInUse => {
                "another program listens there; choose another port (0 takes a free one)"
            }
            io::ErrorKind::PermissionDenied => "ports below 1024 need privileges; choose another",
            _ => "choose an address of this machine",
        };
        Failure::usage(format_args!("{flag} {address}: {error}; {advice}"))
    })
}

/// Refuses an upstream that is the listener itself: a request would go round until no connection is left to open.
pub(super) fn refuse_circle(listener: &TcpListener, upstream: &Origin) -> Result<(), Failure> {
    let is_itself = listener.local_addr().is_ok_and(|listening| is_circle(listening, upstream));
    if is_itself {
        let what = "this proxy listens there itself; give the API's URL, or listen elsewhere";
        return Err(Failure::usage(format_args!("--upstream {upstream}: {what}")));
    }
    Ok(())
}

/// What the listener speaks; the local CA is opened where it is needed. The upstream's host may always be asked for.
pub(super) fn settings(config: &ServeConfig, upstream: Option<&Origin>) -> Result<Settings, Failure> {
    let authority = if config.tls || config.forward.is_some() {
        let ca = Ca::directory().and_then(|dir| Ca::open(&dir, &Clock::Wall)).map_err(Failure::usage)?;
        Some(Arc::new(Authority::new(ca, Clock::Wall)))
    } else {
        None
    };
    let forward = config.forward.clone().map(|mut forward| {
        if let Some(origin) = upstream {
            forward.allow(origin);
        }
        forward
    });
    Ok(Settings {
        tls: authority.clone().filter(|_| config.tls),
        forward: forward.zip(authority),
        public: config.public.clone(),
        ..Settings::default()
    })
}

/// Prints the ready line and serves until SIGINT or SIGTERM; requests under way are finished. Returns a watch that runs
/// since the signal.
pub(super) async fn until_signal<H: Handler>(
    listener: TcpListener,
    handler: Arc<H>,
    settings: Settings,
    ready: Ready<'_>,
) -> Result<Stopwatch, Failure> {
    let signal = signals().map_err(|error| Failure::usage(format_args!("cannot catch signals: {error}")))?;
    let address = listener.local_addr().map_err(|error| Failure::usage(format_args!("--listen: {error}")))?;
    let Ready { mode, upstream, cassettes, interactions, admin, shutdown } = ready;
    let scheme = if settings.tls.is_some() { "https" } else { "http" };
    let authority = settings.tls.as_ref().or(settings.forward.as_ref().map(|(_, authority)| authority));
    let ca = authority.map_or_else(String::new, |own| format!(" ca={}", word(own.ca().path())));
    let admin = admin.map_or_else(String::new, |admin| format!(" admin=http://{admin}"));
    let line = format!(
        "overdub listening url={scheme}://{address}{ca}{admin} mode={mode} upstream={upstream} cassettes={cassettes} \
         interactions={interactions}\n"
    );
    let mut stdout = io::stdout().lock();
    // Whoever closed stdout does not wait for the line.
    let _ = stdout.write_all(line.as_bytes()).and_then(|()| stdout.flush());
    drop(stdout);

    let server = tokio::spawn(serve(listener, handler, settings, shutdown.clone()));
    signal.await;
    let since_signal = Stopwatch::start();
    tracing::info!("stopping: waiting up to 3s for requests under way");
    shutdown.cancel();
    server.await.map_err(|error| Failure::Checks(format!("the server ended badly: {error}")))?;
    Ok(since_signal)
}

/// A path as one word of the ready line: in quotes, as JSON has them, if it holds a space.
fn word(path: &Path) -> String {
    let text = path.display().to_string();
    if text.contains(char::is_whitespace) { serde_json::Value::from(text).to_string() } else { text }
}

/// Completes at the first SIGINT or SIGTERM.
#[cfg(unix)]
fn signals() -> io::Result<impl Future<Output = ()>> {
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
fn signals() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
