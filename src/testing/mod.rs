//! A proxy for tests in Rust: started in the test's own process, held against what the test expects when it ends.
//!
//! ```no_run
//! # async fn my_enrolment(_org: &str) {}
//! # async fn test() -> Result<(), overdub::testing::ServerError> {
//! use overdub::Server;
//!
//! let server = Server::replay("sms").start().await?; // recordings/sms.yaml
//! my_enrolment(&server.url()).await; // the code under test
//! assert_eq!(server.journal().len(), 3);
//! server.stop().await; // or let it go: a request that was never recorded fails the test either way
//! # Ok(())
//! # }
//! ```
//!
//! Tests that are no `async` functions use [`Builder::start_blocking`]. Each server has threads of its own, so that it
//! serves whatever the test's thread does, and needs no particular runtime. Tests run side by side without knowing of each
//! other: each has its own port, its own sessions, its own journal.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::io::{Read as _, Write as _};
//! use std::net::TcpStream;
//!
//! use overdub::Server;
//!
//! // A recording that ships with overdub, and a scenario over it: the push factor is EXPIRED.
//! let server = Server::replay("okta-sms").scenario("push-expired").allow_failures().start_blocking()?;
//! let mut client = TcpStream::connect(server.address())?;
//! client.write_all(b"GET /api/v1/users/nobody/factors HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
//! let mut answer = String::new();
//! client.read_to_string(&mut answer)?;
//! assert!(answer.starts_with("HTTP/1.1 501 "), "{answer}"); // nobody asked for this user when it was recorded
//! let journal = server.journal();
//! assert_eq!((journal[0].outcome, &*journal[0].target), ("miss", "/api/v1/users/nobody/factors"));
//! # Ok(())
//! # }
//! ```
//!
//! What is recorded is on the disk when [`Server::stop`] returns, or the server is dropped:
//! `Server::once("sms", "https://dev-123456.okta.com")` records when `recordings/sms.yaml` is not there, and replays it from
//! then on.

mod builder;
mod verdict;

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

pub use builder::Builder;
pub use verdict::Verdict;

use crate::Proxy;
use crate::config::RunConfig;
use crate::journal::{Entry, Query};
use crate::launch::{Facts, Launched};
use verdict::Expected;

/// Threads that serve one server.
const WORKERS: usize = 2;

/// A proxy that runs as long as this value lives.
///
/// When it is dropped, or told to [stop](Server::stop), it holds the run against what was expected of it and panics with
/// a report if that is not what was: a request that no recording answers, an upstream that could not be reached, a script
/// that failed, an exchange that could not be recorded; if it was asked for, a recording that nobody used, a handler
/// that never did anything. A test that panics already is left to its own message.
#[derive(Debug)]
pub struct Server {
    facts: Facts,
    proxy: Arc<Proxy>,
    running: Option<Running>,
    expected: Expected,
}

/// The thread that serves, and how to end it.
#[derive(Debug)]
struct Running {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<Verdict>,
}

/// Why a server cannot be started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ServerError(String);

impl Server {
    /// Answers from recordings, and reaches no upstream: by a cassette's name under `recordings/`, a path, or the name
    /// of one that ships with overdub.
    pub fn replay(cassette: impl Into<String>) -> Builder {
        Builder::replay(cassette.into())
    }

    /// Passes requests on to `upstream`, an origin or `sandbox`, and records what passes. A cassette that is there already
    /// is refused unless the builder is told to overwrite it.
    pub fn record(cassette: impl Into<String>, upstream: impl Into<String>) -> Builder {
        Builder::record(cassette.into(), upstream.into())
    }

    /// Replays the cassette if there is one, else records it.
    pub fn once(cassette: impl Into<String>, upstream: impl Into<String>) -> Builder {
        Builder::once(cassette.into(), upstream.into())
    }

    /// Replays what was recorded, and records what was not.
    pub fn new_episodes(cassette: impl Into<String>, upstream: impl Into<String>) -> Builder {
        Builder::new_episodes(cassette.into(), upstream.into())
    }

    /// Where it listens: `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn url(&self) -> String {
        self.facts.url.to_string()
    }

    /// Host and port of [`Server::url`].
    pub fn address(&self) -> SocketAddr {
        self.facts.address
    }

    /// The certificate that clients are to trust, if it speaks TLS: a PEM file.
    pub fn ca(&self) -> Option<&Path> {
        self.facts.ca.as_deref()
    }

    /// `replay`, `record` or `new_episodes`: what [`Server::once`] came to.
    pub fn mode(&self) -> &'static str {
        self.facts.mode
    }

    /// What was asked so far and what came of it, oldest first: of all sessions, at most the last 10,000.
    pub fn journal(&self) -> Vec<Entry> {
        let read = |journal: &crate::journal::Journal| journal.read(&Query::default()).entries;
        self.proxy.journal().map(read).unwrap_or_default()
    }

    /// Lets all sessions begin anew: recordings are due again from the first one on. The journal stays.
    pub fn reset(&self) {
        self.proxy.sessions().reset();
    }

    /// How the run stands against what is expected of it, so far.
    pub fn verdict(&self) -> Verdict {
        Verdict::of(&self.proxy, self.expected)
    }

    /// Ends it: requests under way are answered, what was recorded is on the disk. Panics like a drop does.
    ///
    /// # Panics
    /// The run is not what was expected.
    pub async fn stop(mut self) {
        let Some(Running { stop, thread }) = self.running.take() else { return };
        // It has ended by itself if nobody listens, and then says why.
        let _ = stop.send(());
        // Joined elsewhere, so that a client in this task's thread may go on meanwhile.
        let (done, joined) = oneshot::channel();
        std::thread::spawn(move || done.send(thread.join()));
        if let Ok(ended) = joined.await {
            judge(ended);
        }
    }

    /// [`Server::stop`] for tests that are no `async` functions.
    ///
    /// # Panics
    /// The run is not what was expected.
    pub fn stop_blocking(mut self) {
        if let Some(ended) = self.end() {
            judge(ended);
        }
    }

    fn end(&mut self) -> Option<std::thread::Result<Verdict>> {
        let Running { stop, thread } = self.running.take()?;
        // It has ended by itself if nobody listens, and then says why.
        let _ = stop.send(());
        Some(thread.join())
    }

    /// Starts a server on threads of its own; `ready` is told of it.
    fn launch(
        config: RunConfig,
        expected: Expected,
        ready: oneshot::Sender<Result<Self, ServerError>>,
    ) -> Result<(), ServerError> {
        let (stop, stopped) = oneshot::channel();
        let (handed, own) = std::sync::mpsc::channel::<JoinHandle<Verdict>>();
        let body = move || serve(config, expected, ready, stop, stopped, &own);
        let thread = std::thread::Builder::new().name("overdub".to_owned()).spawn(body);
        let thread =
            thread.map_err(|error| ServerError::new(format_args!("cannot start a thread: {error}")))?;
        // It ended already if nobody takes it, and has told why.
        let _ = handed.send(thread);
        Ok(())
    }
}

/// A server's whole life, on its own thread.
fn serve(
    config: RunConfig,
    expected: Expected,
    ready: oneshot::Sender<Result<Server, ServerError>>,
    stop: oneshot::Sender<()>,
    stopped: oneshot::Receiver<()>,
    own: &std::sync::mpsc::Receiver<JoinHandle<Verdict>>,
) -> Verdict {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            let problem = ServerError::new(format_args!("cannot start worker threads: {error}"));
            let _ = ready.send(Err(problem));
            return Verdict::default();
        }
    };
    let verdict = runtime.block_on(async {
        let launched = match Launched::start(config, None).await {
            Ok(launched) => launched,
            Err(error) => {
                let _ = ready.send(Err(ServerError::new(error)));
                return Verdict::default();
            }
        };
        let Ok(thread) = own.recv() else { return Verdict::default() };
        let server = Server {
            facts: launched.facts().clone(),
            proxy: Arc::clone(launched.proxy()),
            running: Some(Running { stop, thread }),
            expected,
        };
        // If nobody waits for it any more, it is dropped, and with it what would stop it.
        if let Err(Ok(mut server)) = ready.send(Ok(server)) {
            server.running = None;
        }
        // Dropped is told, too.
        let _ = stopped.await;
        let ended = launched.stop().await;
        Verdict::of(&ended.proxy, expected).with(ended.recorded, ended.broken)
    });
    runtime.shutdown_background();
    verdict
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(ended) = self.end()
            && !std::thread::panicking()
        {
            judge(ended);
        }
    }
}

impl ServerError {
    fn new(problem: impl fmt::Display) -> Self {
        Self(problem.to_string())
    }

    /// Its thread ended before it told how it went.
    fn never_began() -> Self {
        Self::new("the server ended before it began")
    }
}

/// Fails the test if the run was not what was expected.
fn judge(ended: std::thread::Result<Verdict>) {
    // A thread that panicked has said why.
    let broken = |_| Verdict { problems: vec!["the server ended badly".to_owned()] };
    let verdict = ended.unwrap_or_else(broken);
    assert!(verdict.is_good(), "{verdict}");
}
