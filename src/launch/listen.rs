//! Where a proxy listens, and what is spoken there.

use std::io;
use std::sync::Arc;

use tokio::net::TcpListener;

use super::LaunchError;
use crate::cli::Listen;
use crate::clock::Clock;
use crate::config::ServeConfig;
use crate::http::Origin;
use crate::server::{Settings, is_circle};
use crate::tls::{Authority, Ca};

/// Takes the address of `--listen`.
///
/// # Errors
/// It is not to be had.
pub async fn bind(listen: Listen) -> Result<TcpListener, LaunchError> {
    bind_as("--listen", listen).await
}

/// Takes the address that a flag names.
pub(super) async fn bind_as(flag: &str, listen: Listen) -> Result<TcpListener, LaunchError> {
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
        LaunchError::one(format_args!("{flag} {address}: {error}; {advice}"))
    })
}

/// Refuses an upstream that is the listener itself: a request would go round until no connection is left to open.
pub(super) fn refuse_circle(listener: &TcpListener, upstream: &Origin) -> Result<(), LaunchError> {
    let is_itself = listener.local_addr().is_ok_and(|listening| is_circle(listening, upstream));
    if is_itself {
        let what = "this proxy listens there itself; give the API's URL, or listen elsewhere";
        return Err(LaunchError::one(format_args!("--upstream {upstream}: {what}")));
    }
    Ok(())
}

/// What the listener speaks; the local CA is opened where it is needed. The upstream's host may always be asked for.
pub(super) fn settings(config: &ServeConfig, upstream: Option<&Origin>) -> Result<Settings, LaunchError> {
    let authority = if config.tls || config.forward.is_some() {
        let ca = Ca::directory().and_then(|dir| Ca::open(&dir, &Clock::Wall)).map_err(LaunchError::one)?;
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
