//! overdub: a record-and-replay HTTP proxy.
//!
//! It stands between an HTTP client and an API, writes what passes into a YAML cassette, and later answers the same
//! client from that cassette with the network gone.
//!
//! # Life of a request
//!
//! 1. [`server`] accepts the connection, answers the TLS handshake by [`tls`], opens CONNECT, speaks HTTP/1.1 or HTTP/2,
//!    and hands over an [`http::Request`]: the head as parsed, the body still arriving.
//! 2. [`Proxy::handle`](server::Handler::handle) is the whole rest in one function. It refuses oversized headers,
//!    answers `/__overdub/…` itself, lets the [`scenario`]s in force answer, and by mode asks one of two; what comes is
//!    shown to the scenarios again, and the [`fault`]s that they ask for go out with it, for `server` to execute.
//! 3. *replay*: [`replay::Player`] computes one key ([`matching`]), looks it up once, asks the session which of the
//!    recordings is due, and sends a response that was made ready at load. There is no upstream to fall back to.
//! 4. *record*: [`proxy::Live`] passes the request to the [`upstream`] and streams the response back; a copy of both
//!    goes to the [`recorder`], whose one writer task puts in stand-ins ([`redact`]), appends and flushes.
//! 5. Whatever went wrong is an [`Error`], which one function turns into a response whose `x-overdub-outcome` header
//!    says that overdub made it.
//!
//! # Modules
//!
//! | module | what it is |
//! |---|---|
//! | [`cassette`] | recorded traffic as values, as YAML, as files |
//! | [`matching`] | from a request to its key; why nothing matched |
//! | [`replay`] | which recorded answer is due |
//! | [`recorder`] | from a finished exchange to the cassette |
//! | [`redact`] | stand-ins for secret and personal values and for hosts |
//! | [`proxy`] | who answers a request |
//! | [`journal`] | what was asked: lately, bounded; all of it, counted; line by line, in a file |
//! | [`admin`] | the address from which a replay is looked at and steered |
//! | [`upstream`] | the client towards the real API |
//! | [`audit`] | the leak scan |
//! | [`server`] | connections |
//! | [`tls`] | the local CA, handshakes with clients |
//! | [`http`] | shared vocabulary: bodies, codings, links |
//! | [`profile`] | what is known about one API, as data |
//! | [`reload`] | takes over what is saved while a proxy runs |
//! | [`scenario`] | scripts that change what the client sees |
//! | [`fault`] | what may be made to go wrong, as values |
//! | [`sandbox`] | an Okta Factors org on loopback |
//! | [`shipped`] | the recordings and scenarios that are built in |
//! | [`interchange`] | other programs' recordings, read and written |
//! | [`clock`] | time and randomness |
//! | [`config`] | settings, complete and checked |
//! | [`launch`] | a proxy from its settings, served |
//! | [`testing`] | the same for tests in Rust: [`Server`] |
//! | [`drift`] | two answers compared by what they mean |
//! | [`cli`] | what can be typed |
//! | [`command`] | what each command does |

pub mod admin;
mod apart;
pub mod audit;
pub mod cassette;
pub mod cli;
pub mod clock;
pub mod command;
pub mod config;
pub mod drift;
pub mod error;
pub mod fault;
pub mod http;
pub mod interchange;
pub mod journal;
pub mod launch;
pub mod matching;
pub mod profile;
mod progress;
pub mod proxy;
pub mod recorder;
pub mod redact;
pub mod reload;
pub mod replay;
pub mod sandbox;
pub mod scenario;
pub mod server;
pub mod shipped;
pub mod testing;
pub mod tls;
pub mod upstream;

pub use error::Error;
pub use proxy::Proxy;
pub use testing::Server;
