//! A TCP connection that can end by a reset.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Whether a TCP connection is to end by a reset, however its stream is wrapped: in TLS, in CONNECT, in both.
#[derive(Debug, Clone, Default)]
pub(super) struct ByReset(Arc<AtomicBool>);

impl ByReset {
    /// From now on, dropping the socket resets the connection.
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::Release);
    }
}

/// A TCP connection that is closed, or reset, when it is dropped.
#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    by_reset: ByReset,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, by_reset: ByReset) -> Self {
        Self { stream, by_reset }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.by_reset.0.load(Ordering::Acquire) {
            // What cannot be reset is closed; there is nobody to tell.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
