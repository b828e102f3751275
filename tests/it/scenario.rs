//! Scenarios without sockets: scripts as text, requests and answers as values.

#![allow(clippy::unwrap_used, reason = "clippy.toml allows it in tests, which does not reach their helpers")]

mod answers;
mod bad_input;
mod entities;
mod json;
mod limits;
mod loading;
mod speed;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use overdub::clock::{Clock, parse_rfc3339};
use overdub::scenario::{
    Decision, Engine, Library, Limits, Origin, Parsed, Request, Response, ScenarioError, ScenarioState, Set,
    Setting, Source,
};

/// A pending push factor, as Okta writes one.
const FACTOR: &str = r#"{"id":"opf1","factorType":"push","provider":"OKTA","status":"PENDING_ACTIVATION","created":"2020-04-22T12:09:20.000Z","_links":{"poll":{"href":"https://x.test/api/v1/users/00u1/factors/opf1/lifecycle/activate/poll","hints":{"allow":["POST"]}},"self":{"href":"https://x.test/api/v1/users/00u1/factors/opf1","hints":{"allow":["GET"]}}},"_embedded":{"activation":{"factorResult":"WAITING"}}}"#;
const FACTOR_PATH: &str = "/api/v1/users/00u1/factors/opf1";

/// Scenarios in force, and a session of them.
pub(crate) struct Stage {
    set: Set,
    session: ScenarioState,
    wall: Clock,
}

/// Files of a project: `[name, text, …]`.
fn library(files: &[(&str, &str)]) -> Arc<Library> {
    let source = |(name, text): &(&str, &str)| Source {
        name: (*name).to_owned(),
        path: format!("scenarios/{name}.rhai"),
        text: (*text).to_owned(),
        shipped: false,
    };
    Arc::new(Library::new(files.iter().map(source), &[]))
}

/// Bounds that a slow and busy machine does not reach by itself.
fn patient() -> Arc<Engine> {
    Arc::new(Engine::new(Limits { wall: Duration::from_mins(1), ..Limits::default() }))
}

pub(crate) fn load(files: &[(&str, &str)], names: &[&str], settings: &[&str]) -> Result<Set, ScenarioError> {
    let settings = settings.iter().map(|text| Setting::parse(text)).collect::<Result<Vec<_>, _>>()?;
    Set::load(&patient(), &library(files), names, &settings)
}

fn refused(script: &str) -> String {
    load(&[("s", script)], &["s"], &[]).unwrap_err().to_string()
}

fn session(name: &str, seed: u64) -> (ScenarioState, Clock) {
    let start = parse_rfc3339("2020-04-22T12:09:20Z").unwrap();
    let wall = Clock::virtual_from(start);
    (ScenarioState::new(name, seed, Clock::virtual_from(start), wall.clone()), wall)
}

impl Stage {
    pub(crate) fn of(script: &str) -> Self {
        Self::with(&[("s", script)], &["s"], &[])
    }

    fn with(files: &[(&str, &str)], names: &[&str], settings: &[&str]) -> Self {
        let set = load(files, names, settings).unwrap_or_else(|error| panic!("{error}"));
        let (session, wall) = session("default", 1);
        Self { set, session, wall }
    }

    /// A handler of any request, in its body the given lines.
    fn on_response(lines: &str) -> Self {
        Self::of(&format!("on_response(\"* /**\", |req, res, state| {{\n{lines}\n}});"))
    }

    fn on_request(lines: &str) -> Self {
        Self::of(&format!("on_request(\"* /**\", |req, state| {{\n{lines}\n}});"))
    }

    fn before(&self, request: &Arc<Request>) -> Result<Decision, String> {
        let Some(route) = self.set.matches(&request.method, request.path()) else {
            return Ok(Decision::default());
        };
        self.set.before(&route, request, &self.session).map_err(|error| error.to_string())
    }

    fn after(&self, request: &Arc<Request>, response: &Response) -> Result<Decision, String> {
        let Some(route) = self.set.matches(&request.method, request.path()) else {
            let answer = self.session.overlaid(request, response);
            return Ok(Decision { answer, ..Decision::default() });
        };
        self.set.after(&route, request, response, &self.session).map_err(|error| error.to_string())
    }

    /// What a client gets for `GET path` where `body` is recorded: the whole way, as a proxy goes it.
    fn get(&self, path: &str, body: &str) -> Played {
        self.play(&request("GET", path, ""), &recorded(body)).unwrap_or_else(|error| panic!("{error}"))
    }

    fn failure(&self, body: &str) -> String {
        self.play(&request("GET", FACTOR_PATH, ""), &recorded(body)).unwrap_err()
    }

    pub(crate) fn play(&self, request: &Arc<Request>, recorded: &Response) -> Result<Played, String> {
        let before = self.before(request)?;
        let mut faults = before.faults;
        if before.is_silence() {
            return Ok(Played { response: None, faults });
        }
        let answer = before.answer.or_else(|| self.session.gone(request));
        let answer = answer.unwrap_or_else(|| recorded.clone());
        let after = self.after(request, &answer)?;
        faults.join(after.faults);
        Ok(Played { response: Some(after.answer.unwrap_or(answer)), faults })
    }
}

/// What reached the client.
#[derive(Debug)]
pub(crate) struct Played {
    response: Option<Response>,
    faults: overdub::fault::Faults,
}

impl Played {
    fn response(&self) -> &Response {
        self.response.as_ref().unwrap()
    }

    fn status(&self) -> u16 {
        self.response().status.as_u16()
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.response().body).unwrap()
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(self.text()).unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.response().headers.get(name).map(|value| value.to_str().unwrap())
    }
}

pub(crate) fn request(method: &str, target: &str, body: &str) -> Arc<Request> {
    let mut headers = HeaderMap::new();
    headers.insert("user-agent", "okta-sdk-python/2.9".parse().unwrap());
    let body = Bytes::copy_from_slice(body.as_bytes());
    Arc::new(Request::new(method.parse().unwrap(), format!("https://x.test{target}"), headers, body))
}

pub(crate) fn recorded(body: &str) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert("server", "nginx".parse().unwrap());
    headers.insert("content-type", "application/json".parse().unwrap());
    headers.insert("content-length", body.len().into());
    headers.insert("x-okta-request-id", "abc".parse().unwrap());
    Response {
        status: StatusCode::OK,
        headers: Arc::new(headers),
        body: Bytes::copy_from_slice(body.as_bytes()),
        json: Parsed::new(body).ok().map(Arc::new),
        origin: Origin::Recording,
    }
}
