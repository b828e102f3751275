//! Faults of the wire, seen from the other end of it: which bytes come, and how the connection ends.

mod connections;
mod http1;
mod http2;
mod pace;
mod wrapped;

use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use overdub::clock::{Clock, Stopwatch};
use overdub::fault::{Fault, Faults, WireFault};
use overdub::http::{Body, BodyError, Guard, Reply, Request};
use overdub::server::{Handler, Settings};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::support::secure::Listener;
use crate::support::wire::{Client, PATIENCE};

/// The body of all answers that have one.
const BODY: &str = r#"{"id":"opf3hkfocI4JTLAju0g4","status":"ACTIVE"}"#;

/// Answers by path: `/whole`, `/chunked`, `/guarded`, `/guarded-chunked`, `/arriving` (in two parts, of unknown length),
/// `/empty`, `/204`; all with faults, but for `/clean`.
struct Answers {
    faults: Faults,
    /// Requests that were answered.
    answered: Arc<AtomicUsize>,
    /// Guarded bodies that were cut.
    cut: Arc<AtomicUsize>,
}

impl Handler for Answers {
    async fn handle(&self, request: Box<Request>) -> Reply {
        self.answered.fetch_add(1, Ordering::SeqCst);
        let path = request.head.uri.path();
        let is_head = request.head.method == "HEAD";
        let whole = Bytes::from_static(BODY.as_bytes());
        let cut = Arc::clone(&self.cut);
        let on_cut = move || {
            cut.fetch_add(1, Ordering::SeqCst);
        };
        let body = match path {
            _ if is_head => Body::Empty,
            "/chunked" => Body::Unsized(Some(whole), None),
            "/guarded" => Body::Whole(whole).guarded(Guard::new(on_cut)),
            "/guarded-chunked" => Body::Unsized(Some(whole), None).guarded(Guard::new(on_cut)),
            "/arriving" => Arriving::of(&[&BODY[..10], &BODY[10..]]),
            "/empty" | "/204" => Body::Empty,
            _ => Body::Whole(whole),
        };
        let mut reply = Reply::new(body);
        if path == "/204" {
            *reply.status_mut() = StatusCode::NO_CONTENT;
        }
        if is_head {
            reply.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(BODY.len()));
        }
        if path != "/clean" {
            reply.extensions_mut().insert(self.faults);
        }
        reply
    }
}

/// A body of unknown length that arrives in parts.
struct Arriving(Receiver<Bytes>);

impl Arriving {
    fn of(parts: &[&'static str]) -> Body {
        let (sender, own): (Sender<Bytes>, _) = channel(parts.len());
        for part in parts {
            sender.try_send(Bytes::from_static(part.as_bytes())).unwrap();
        }
        Body::stream(Self(own))
    }
}

impl http_body::Body for Arriving {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, BodyError>>> {
        self.0.poll_recv(context).map(|part| part.map(|part| Ok(http_body::Frame::data(part))))
    }
}

/// A listener whose answers have these faults.
struct Faulty {
    listener: Listener,
    answered: Arc<AtomicUsize>,
    cut: Arc<AtomicUsize>,
}

impl Faulty {
    fn with(faults: &[Fault], settings: impl FnOnce(Arc<overdub::tls::Authority>) -> Settings) -> Self {
        let mut all = Faults::NONE;
        for fault in faults {
            all.add(*fault);
        }
        let (answered, cut) = (Arc::default(), Arc::default());
        let answers = Answers { faults: all, answered: Arc::clone(&answered), cut: Arc::clone(&cut) };
        Self { listener: Listener::serving(answers, Clock::Wall, settings), answered, cut }
    }

    fn of(fault: WireFault) -> Self {
        Self::with(&[Fault::Wire(fault)], |_| Settings::default())
    }

    /// Sends a request as `wire::request` writes it and reads to the connection's end.
    fn ask(&self, text: &str) -> (String, End) {
        let mut client = self.listener.client();
        client.send(crate::support::wire::request(text));
        rest(&mut client)
    }

    fn answered(&self) -> usize {
        self.answered.load(Ordering::SeqCst)
    }

    /// Waits until a guarded body was cut: what answers requests of HTTP/2 ends a little after their connection.
    fn until_cut(&self) {
        let watch = Stopwatch::start();
        while self.cut() == 0 {
            assert!(watch.elapsed() < PATIENCE, "it goes on");
            std::thread::yield_now();
        }
    }

    /// How many guarded bodies were cut so far.
    fn cut(&self) -> usize {
        self.cut.load(Ordering::SeqCst)
    }
}

/// How a connection ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// In order.
    Closed,
    /// By an RST.
    Reset,
    /// In another way.
    Other(String),
}

/// All that comes, and how it ends. What is no text is shown as such.
fn rest<S: Read + Write>(client: &mut Client<S>) -> (String, End) {
    let (bytes, end) = raw_rest(client);
    (String::from_utf8_lossy(&bytes).into_owned(), end)
}

fn raw_rest<S: Read + Write>(client: &mut Client<S>) -> (Vec<u8>, End) {
    let mut bytes = Vec::new();
    let end = match client.0.read_to_end(&mut bytes) {
        Ok(_) => End::Closed,
        Err(error) if error.kind() == ErrorKind::ConnectionReset => End::Reset,
        Err(error) => End::Other(error.to_string()),
    };
    (bytes, end)
}

/// The head of an answer of `/whole`, claiming this length.
fn head_of(length: impl std::fmt::Display) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n")
}

const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

fn number(headers: &HeaderMap, name: &str) -> usize {
    headers.get(name).and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or_default()
}
