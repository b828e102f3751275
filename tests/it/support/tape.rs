//! Cassettes written in a line per interaction, and a client that plays them without sockets.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use http_body_util::BodyExt as _;
use overdub::Error;
use overdub::cassette::{
    Body, Cassette, Framing, Header, Interaction, RecordedRequest, RecordedResponse, RequestBody,
};
use overdub::http::{Body as LiveBody, Request};
use overdub::profile::Profile;
use overdub::replay::{Player, ReplayOptions};

/// The origin that these cassettes hold.
pub(crate) const UPSTREAM: &str = "https://okta.overdub.test";

/// An interaction from `METHOD /path [request body] => status [response body]`; the body `?` is unrecorded.
pub(crate) fn interaction(line: &str) -> Interaction {
    let (request, response) = line.split_once(" => ").expect("`=>` in the line");
    let mut request = request.splitn(3, ' ');
    let (method, url) = (request.next().expect("a method"), request.next().expect("a path"));
    let body = match request.next() {
        None | Some("") => RequestBody::Empty,
        Some("?") => RequestBody::Unrecorded,
        Some(body) => RequestBody::Bytes(Bytes::copy_from_slice(body.as_bytes())),
    };
    let (status, answer) = response.split_once(' ').unwrap_or((response, ""));
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Interaction {
        at: None,
        took: None,
        request: RecordedRequest {
            method: method.parse().expect("a method"),
            url: url.to_owned(),
            headers: HeaderMap::new(),
            body,
        },
        stand_ins: Vec::new(),
        repeat: None,
        response: RecordedResponse {
            status: status.parse().expect("a status"),
            headers,
            framing: Framing::Length,
            body: (!answer.is_empty())
                .then(|| Body { bytes: Bytes::copy_from_slice(answer.as_bytes()), coded: false }),
            trailers: HeaderMap::new(),
        },
        line: 0,
    }
}

/// A cassette from a line per interaction.
pub(crate) fn cassette(name: &str, lines: &[&str]) -> Cassette {
    let interactions = lines
        .iter()
        .enumerate()
        .map(|(index, line)| Interaction { line: index * 10 + 4, ..interaction(line) })
        .collect();
    let header = Header { upstream: UPSTREAM.to_owned(), ..Header::default() };
    Cassette { name: name.to_owned(), path: format!("recordings/{name}.yaml").into(), header, interactions }
}

/// A client of recordings.
pub(crate) struct Client {
    player: Arc<Player>,
    runtime: tokio::runtime::Runtime,
}

impl Client {
    pub(crate) fn of(cassettes: Vec<Cassette>) -> Self {
        Self::with(cassettes, &ReplayOptions::default())
    }

    pub(crate) fn with(cassettes: Vec<Cassette>, options: &ReplayOptions) -> Self {
        let player = Arc::new(Player::new(cassettes, &Profile::okta().expect("the profile"), options));
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        Self { player, runtime }
    }

    /// Sends `METHOD /path [body]` and returns `status body`, or the miss report.
    pub(crate) fn ask(&self, line: &str) -> String {
        self.ask_with(line, &[])
    }

    pub(crate) fn ask_with(&self, line: &str, headers: &[(&'static str, &'static str)]) -> String {
        let answered = self.runtime.block_on(self.player.answer(request(line, headers)));
        match answered {
            Ok(reply) => {
                let status = reply.status();
                let body =
                    self.runtime.block_on(reply.into_body().collect()).expect("a whole body").to_bytes();
                shown(status, &body)
            }
            Err(error) => error.to_string(),
        }
    }

    /// Sends a request and hangs up before the body.
    pub(crate) fn ask_and_leave(&self, line: &str) {
        drop(self.runtime.block_on(self.player.answer(request(line, &[]))));
    }

    /// The first line of the miss that the request meets.
    pub(crate) fn miss(&self, line: &str) -> String {
        match self.runtime.block_on(self.player.answer(request(line, &[]))) {
            Err(Error::Miss(lines)) => lines.into_iter().next().unwrap_or_default(),
            other => panic!("no miss: {other:?}"),
        }
    }

    pub(crate) fn reset(&self) {
        self.player.reset();
    }
}

/// What [`Client::ask`] returns for this answer.
pub(crate) fn shown(status: StatusCode, body: &[u8]) -> String {
    format!("{} {}", status.as_u16(), String::from_utf8_lossy(body)).trim_end().to_owned()
}

fn request(line: &str, headers: &[(&'static str, &'static str)]) -> Request {
    let mut parts = line.splitn(3, ' ');
    let method: Method = parts.next().expect("a method").parse().expect("a method");
    let target = parts.next().expect("a path");
    let body = parts.next().unwrap_or_default();
    let mut builder = http::Request::builder().method(method).uri(target).header("host", "127.0.0.1:8080");
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    let (head, ()) = builder.body(()).expect("a request").into_parts();
    let body = if body.is_empty() {
        LiveBody::Empty
    } else {
        LiveBody::Whole(Bytes::copy_from_slice(body.as_bytes()))
    };
    Request::new(head, body, "http", "127.0.0.1:8080".parse().expect("an address"))
}
