//! Cassettes written in a line per interaction, and a client that plays them without sockets.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use http_body_util::BodyExt as _;
use overdub::Error;
use overdub::cassette::{
    Body, Cassette, Framing, Header, Interaction, RecordedRequest, RecordedResponse, RequestBody,
};
use overdub::http::{Body as LiveBody, Origin, Reply, Request};
use overdub::profile::{Profile, StandInType};
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

/// A cassette that declares stand-ins: `user1@example.test: email`.
pub(crate) fn open_cassette(name: &str, stand_ins: &[&str], lines: &[&str]) -> Cassette {
    let mut cassette = cassette(name, lines);
    cassette.interactions[0].stand_ins = stand_ins
        .iter()
        .map(|line| {
            let (text, of_type) = line.rsplit_once(": ").expect("`: ` in the line");
            (text.to_owned(), StandInType::parse(of_type).expect("a type"))
        })
        .collect();
    cassette
}

/// A client of recordings.
pub(crate) struct Client {
    player: Arc<Player>,
    /// What was loaded before.
    earlier: Vec<Arc<Player>>,
    options: ReplayOptions,
    runtime: tokio::runtime::Runtime,
}

// Its patterns take longer to compile than most tests take.
static OKTA: LazyLock<Profile> = LazyLock::new(|| Profile::okta().expect("the profile"));

impl Client {
    pub(crate) fn of(cassettes: Vec<Cassette>) -> Self {
        Self::with(cassettes, &ReplayOptions::default())
    }

    pub(crate) fn with(cassettes: Vec<Cassette>, options: &ReplayOptions) -> Self {
        let player = Arc::new(Player::new(cassettes, &OKTA, options));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        Self { player, earlier: Vec::new(), options: options.clone(), runtime }
    }

    /// Plays other cassettes from now on, as when files changed.
    pub(crate) fn load(&mut self, cassettes: Vec<Cassette>) {
        let next = Arc::new(self.player.successor(cassettes, &OKTA, &self.options));
        let before = std::mem::replace(&mut self.player, next);
        self.player.take_over(&before);
        self.earlier.push(before);
    }

    /// As [`Client::ask`], by a request that began before the last load.
    pub(crate) fn ask_earlier(&self, line: &str) -> String {
        let player = self.earlier.last().unwrap_or(&self.player);
        match self.send_to(player, request(line, &[])) {
            Ok(reply) => shown(reply.status(), reply.body()),
            Err(error) => error.to_string(),
        }
    }

    /// Sends `METHOD /path [body]` and returns `status body`, or the miss report.
    pub(crate) fn ask(&self, line: &str) -> String {
        self.ask_with(line, &[])
    }

    pub(crate) fn ask_with(&self, line: &str, headers: &[(&'static str, &'static str)]) -> String {
        match self.send(request(line, headers)) {
            Ok(reply) => shown(reply.status(), reply.body()),
            Err(error) => error.to_string(),
        }
    }

    /// As [`Client::ask`], through a forward proxy that is asked for `origin`.
    pub(crate) fn ask_at(&self, origin: &str, line: &str) -> String {
        match self.send_at(origin, line) {
            Ok(reply) => shown(reply.status(), reply.body()),
            Err(error) => error.to_string(),
        }
    }

    /// The whole answer to what a forward proxy is asked for.
    pub(crate) fn send_at(&self, origin: &str, line: &str) -> Result<http::Response<Bytes>, Error> {
        let mut request = request(line, &[]);
        request.asked = Some(Origin::parse(origin).expect("an origin"));
        self.send(request)
    }

    /// As [`Client::ask`], in the session of this name.
    pub(crate) fn ask_in(&self, session: &str, line: &str) -> String {
        let Request { mut head, body, local, .. } = request(line, &[]);
        head.headers.insert("x-overdub-session", session.parse().expect("a header value"));
        let request = Request::new(head, body, "http", local);
        match self.send(request) {
            Ok(reply) => shown(reply.status(), reply.body()),
            Err(error) => error.to_string(),
        }
    }

    /// The header `name` of the answer.
    pub(crate) fn header(&self, name: &str, line: &str) -> String {
        let reply = self.send(request(line, &[])).expect("an answer");
        reply.headers().get(name).map(|value| value.to_str().expect("text").to_owned()).unwrap_or_default()
    }

    fn send(&self, request: Request) -> Result<http::Response<Bytes>, Error> {
        self.send_to(&self.player, request)
    }

    fn send_to(&self, player: &Player, request: Request) -> Result<http::Response<Bytes>, Error> {
        self.runtime.block_on(async {
            let (head, body) = player.answer(request).await?.into_parts();
            let body = body.collect().await.expect("a whole body").to_bytes();
            Ok(http::Response::from_parts(head, body))
        })
    }

    /// Sends a request; how long its answer is held back, by a clock that stands still but for waiting.
    pub(crate) fn wait_for(&self, line: &str) -> Duration {
        self.runtime.block_on(async {
            let began = tokio::time::Instant::now();
            let answered = self.player.answer(request(line, &[])).await;
            answered.expect("an answer");
            began.elapsed()
        })
    }

    /// Sends a request, and hangs up after some time of waiting for its answer; whether it came.
    pub(crate) fn ask_and_leave_after(&self, line: &str, patience: Duration) -> bool {
        let answer = self.player.answer(request(line, &[]));
        self.runtime.block_on(async { tokio::time::timeout(patience, answer).await.is_ok() })
    }

    /// Sends a request and keeps the answer, of which nothing was read.
    pub(crate) fn begin(&self, line: &str, headers: &[(&'static str, &'static str)]) -> Reply {
        self.runtime.block_on(self.player.answer(request(line, headers))).expect("an answer")
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
        self.player.sessions().reset();
    }
}

/// What [`Client::ask`] returns for this answer.
pub(crate) fn shown(status: StatusCode, body: &[u8]) -> String {
    format!("{} {}", status.as_u16(), String::from_utf8_lossy(body)).trim_end().to_owned()
}

pub(crate) fn request(line: &str, headers: &[(&'static str, &'static str)]) -> Request {
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
