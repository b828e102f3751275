//! Bytes both ways, unread.

use hyper::upgrade::OnUpgrade;
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio_util::sync::CancellationToken;

/// The upstream's side of a connection that has changed its protocol: it rides in the extensions of a 101 answer.
#[derive(Debug, Clone)]
pub struct Tunnel(pub OnUpgrade);

/// Copies both ways until both sides have ended, or until the shutdown: nothing inside says when it would be done.
pub(super) async fn join<A, B>(client: &mut A, upstream: &mut B, shutdown: &CancellationToken)
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    tokio::select! {
        copied = copy_bidirectional(client, upstream) => match copied {
            Ok((up, down)) => tracing::debug!("a tunnel ended: {up} bytes up, {down} bytes down"),
            Err(error) => tracing::debug!("a tunnel broke: {error}"),
        },
        () = shutdown.cancelled() => {}
    }
}
