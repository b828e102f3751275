//! The whole life of a request, in one function.
//!
//! Decides who answers: the recording or the upstream. Knows no sockets; `server` hands requests in and replies out.

mod body;
mod exchange;
mod heads;
mod links;
mod own;

use std::sync::Arc;

use ::http::Method;

pub use exchange::Live;

use crate::error::Error;
use crate::http::{HEADER_LIMIT, Reply, Request, total_size};
use crate::replay::Player;
use crate::server::Handler;

/// Stands between a client and an API.
#[derive(Debug)]
pub struct Proxy {
    mode: Mode,
}

#[derive(Debug)]
enum Mode {
    /// Recordings answer; there is no upstream.
    Replay(Arc<Player>),
    /// The upstream answers, and what passes is recorded.
    Record(Arc<Live>),
    /// The upstream answers, and nothing is kept.
    Passthrough(Arc<Live>),
}

impl Proxy {
    /// A proxy that answers from recordings and can reach nothing else.
    pub fn replay(player: Arc<Player>) -> Self {
        Self { mode: Mode::Replay(player) }
    }

    /// A proxy that passes requests on and records them.
    pub fn record(live: Live) -> Self {
        Self { mode: Mode::Record(Arc::new(live)) }
    }

    /// A proxy that passes requests on and keeps nothing: `live` is [`Live::unrecorded`].
    pub fn passthrough(live: Live) -> Self {
        Self { mode: Mode::Passthrough(Arc::new(live)) }
    }

    async fn answer(&self, request: Request) -> Result<Reply, Error> {
        let size = total_size(&request.head.headers);
        if size > HEADER_LIMIT {
            return Err(Error::HeadersTooLarge(size));
        }
        if request.head.method == Method::CONNECT {
            return Err(Error::Connect);
        }
        if request.asked.is_none() && own::is_own(request.head.uri.path()) {
            return self.own(&request);
        }
        match &self.mode {
            Mode::Replay(player) => player.answer(request).await,
            Mode::Record(live) | Mode::Passthrough(live) => live.answer(request).await,
        }
    }
}

impl Handler for Proxy {
    async fn handle(&self, request: Request) -> Reply {
        self.answer(request).await.unwrap_or_else(Error::into_reply)
    }
}
