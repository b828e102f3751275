//! What becomes of a connection that a fault ends, once hyper has let go of its stream.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::connection::Server;
use super::socket::ByReset;
use super::wire::{Ending, SETTLE};

/// How long a client has to take the last bytes, and to close its own side.
const LINGER: Duration = Duration::from_secs(1);

/// A fatal alert (RFC 8446 §6.2) in a record of its own (§5.1): `handshake_failure`.
pub(super) const HANDSHAKE_FAILURE: &[u8] = &[0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28];

impl<H> Server<H> {
    /// Ends a connection as a fault says.
    pub(super) async fn finish<I>(&self, mut io: I, ending: Ending, by_reset: &ByReset)
    where
        I: AsyncRead + AsyncWrite + Unpin,
    {
        tracing::debug!("a fault ends a connection: {ending:?}");
        let closing = async {
            match ending {
                Ending::Reset { settled } => {
                    if settled {
                        tokio::time::sleep(SETTLE).await;
                    }
                    by_reset.set();
                    return Ok(());
                }
                Ending::Hang => tokio::select! {
                    () = left(&mut io) => {}
                    () = tokio::time::sleep(self.settings.limits.hang) => {}
                    () = self.shutdown.cancelled() => {}
                },
                Ending::Close => {}
                Ending::Raw(bytes) => within(io.write_all(&bytes)).await?,
            }
            within(io.shutdown()).await?;
            // A socket that is closed with something unread in it sends an RST, which is another fault.
            within(async {
                left(&mut io).await;
                Ok(())
            })
            .await
        };
        tokio::select! {
            closed = closing => if let Err(error) = closed {
                tracing::debug!("a connection ended before its fault was done: {error}");
            },
            () = self.closing.aborted() => {}
        }
    }
}

/// Completes when the client has closed its side, or is gone. What it still sends is not heard.
async fn left<I: AsyncRead + Unpin>(io: &mut I) {
    let mut heard = [0; 1024];
    while io.read(&mut heard).await.is_ok_and(|length| length > 0) {}
}

async fn within(step: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    tokio::time::timeout(LINGER, step).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}
