//! Why an upstream gives no answer, in the words of whoever has to mend it.

use std::error::Error as StdError;
use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::http::{HEADER_LIMIT, Origin};

/// Why the upstream gave no answer. Names the upstream and the cause.
#[derive(Debug, thiserror::Error)]
#[error("upstream {origin}: {cause}{}", self.advice())]
pub struct UpstreamError {
    pub(super) origin: Origin,
    /// It is the configured upstream, not one that a forward proxy's client asked for.
    pub(super) configured: bool,
    pub(super) cause: Cause,
}

impl UpstreamError {
    /// Whether the connection broke before the answer's head: a request that may be repeated can be.
    pub fn is_broken(&self) -> bool {
        matches!(self.cause, Cause::Broken(_))
    }

    fn advice(&self) -> &'static str {
        match self.cause {
            Cause::Dns(_) if self.configured => "; check --upstream",
            Cause::Dns(_) => "; check the URL that the client asks for",
            Cause::Connect(_) => "; is it running, and is the port right?",
            Cause::Tls(_) => "; --upstream-ca FILE trusts another CA",
            Cause::TimedOut(_) => "; --upstream-timeout sets the limit",
            Cause::Stalled(_) | Cause::HeadersTooLarge(_) | Cause::Broken(_) => "",
        }
    }
}

/// What stood between us and an answer.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// The name does not resolve.
    #[error("its name does not resolve ({0})")]
    Dns(String),
    /// No connection.
    #[error("no connection ({0})")]
    Connect(String),
    /// The TLS handshake failed.
    #[error("the TLS handshake failed ({0})")]
    Tls(String),
    /// No response head within this time since the last sign of progress.
    #[error("no answer within {}", humantime::format_duration(*.0))]
    TimedOut(Duration),
    /// The response body stood still for this time.
    #[error("its answer stood still for {} and was given up", humantime::format_duration(*.0))]
    Stalled(Duration),
    /// Its answer's header section is larger than allowed (bytes).
    #[error("its answer has {0} bytes of headers; at most {HEADER_LIMIT} are passed on")]
    HeadersTooLarge(usize),
    /// The connection broke, or what came was no HTTP.
    #[error("the answer broke off or was no HTTP ({0})")]
    Broken(String),
}

/// Why a client could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The file given as `--upstream-ca` cannot be read as PEM certificates.
    #[error("--upstream-ca {path}: {problem}; give a file of PEM certificates")]
    Ca {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Neither the platform nor `--upstream-ca` gave a root certificate.
    #[error("this system has no root certificates; install ca-certificates or give --upstream-ca FILE")]
    NoRoots,
}

/// Sorts an error by what its chain of sources holds.
pub(super) fn cause_of(error: &(dyn StdError + 'static), connecting: bool) -> Cause {
    let mut chain = String::new();
    let mut current = Some(error);
    while let Some(source) = current {
        let text = source.to_string();
        if !chain.contains(&text) {
            let _ = write!(chain, "{}{text}", if chain.is_empty() { "" } else { ": " });
        }
        if let Some(cause) = telling(source, &text) {
            return cause;
        }
        current = source.source();
    }
    if connecting { Cause::Connect(chain) } else { Cause::Broken(chain) }
}

/// The cause that one link of the chain tells by itself.
fn telling(source: &(dyn StdError + 'static), text: &str) -> Option<Cause> {
    if let Some(stalled) = source.downcast_ref::<Stalled>() {
        return Some(Cause::Stalled(stalled.0));
    }
    if let Some(error) = source.downcast_ref::<rustls::Error>() {
        return Some(Cause::Tls(error.to_string()));
    }
    if text.starts_with("dns error") {
        return Some(Cause::Dns(source.source().map_or_else(|| text.to_owned(), ToString::to_string)));
    }
    let io = source.downcast_ref::<io::Error>()?;
    if let Some(error) = hidden_tls_error(io) {
        return Some(Cause::Tls(error));
    }
    match io.kind() {
        io::ErrorKind::ConnectionRefused => Some(Cause::Connect("connection refused".to_owned())),
        io::ErrorKind::TimedOut => Some(Cause::Connect("timed out".to_owned())),
        _ => None,
    }
}

/// rustls hands its errors on inside of io errors, one in another, where `source` skips them.
fn hidden_tls_error(mut io: &io::Error) -> Option<String> {
    loop {
        let inner = io.get_ref()?;
        if let Some(error) = inner.downcast_ref::<rustls::Error>() {
            return Some(error.to_string());
        }
        io = inner.downcast_ref::<io::Error>()?;
    }
}

/// A body that stood still for so long.
#[derive(Debug, thiserror::Error)]
#[error("nothing came for {}", humantime::format_duration(*.0))]
pub(crate) struct Stalled(pub(crate) Duration);
