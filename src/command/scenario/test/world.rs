//! A proxy as commands make one, but without a listener: over a recording, over the sandbox, over answers of the test.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use bytes::Bytes;
use serde_json::{Value, json};

use super::compare::Came;
use super::file::{Answer, Test};
use crate::Proxy;
use crate::cassette::{
    self, Body as RecordedBody, Cassette, CutOff, Framing, Header, Interaction, RECORDINGS, RecordedRequest,
    RecordedResponse, Repeat, RequestBody,
};
use crate::clock::{Clock, Timestamp};
use crate::fault::Faults;
use crate::http::{BODY_LIMIT, Body, OUTCOME, Request};
use crate::launch::{Org, Served, serve_org};
use crate::profile::Profile;
use crate::proxy::{Live, OnScriptError, ScenarioOptions, Scenarios};
use crate::replay::{Player, ReplayOptions};
use crate::sandbox::{Sandbox, SandboxConfig};
use crate::scenario::{Engine, HandlerReport, Library, Setting};
use crate::server::Handler as _;
use crate::shipped::SHIPPED;
use crate::upstream::{Upstream, UpstreamOptions};

/// When each test begins: 2026-01-05T09:00:00Z.
const START: Timestamp = Timestamp::constant(1_767_603_600, 0);

/// Steps of the org's clock: two messages to one phone are never too close by accident.
const TICK: Duration = Duration::from_secs(35);

/// The tester's hand in the sandbox: no client's request, so no scenario sees it.
const CONTROL: &str = "/__sandbox/";

/// What is played, over whatever it is.
#[derive(Debug)]
pub(super) struct Play<'a> {
    pub(super) engine: &'a Arc<Engine>,
    pub(super) library: &'a Arc<Library>,
    pub(super) scenario: &'a str,
    pub(super) settings: &'a [Setting],
    pub(super) test: &'a Test,
}

/// A scenario in force, and what is behind it.
pub(super) struct World {
    proxy: Proxy,
    /// The session's time and the time that really passes: one clock, which stands still.
    clock: Clock,
    org: Option<(Arc<Org>, Served)>,
}

impl World {
    /// Over a recording by name, or over `sandbox`; without a name over the test's own answers.
    ///
    /// # Errors
    /// What cannot be found, read or compiled.
    pub(super) async fn open(play: &Play<'_>, over: Option<&str>) -> Result<Self, String> {
        let (proxy, org, profile) = match over {
            Some("sandbox") => {
                let (proxy, org) = over_sandbox().await?;
                (proxy, Some(org), okta()?)
            }
            Some(name) => {
                let (proxy, profile) = over_recording(name)?;
                (proxy, None, profile)
            }
            None => {
                let profile = okta()?;
                (replay(vec![answers(&play.test.answers)?], &profile), None, profile)
            }
        };
        let clock = Clock::virtual_from(START);
        let options = ScenarioOptions {
            seed: play.test.seed,
            on_error: OnScriptError::Fail,
            clock: Some(clock.clone()),
            wall: clock.clone(),
            profile,
        };
        let names = [play.scenario.to_owned()];
        let library = Arc::clone(play.library);
        let scenarios = Scenarios::load_with(play.engine, library, &names, play.settings, options);
        let scenarios = scenarios.map_err(|error| error.to_string())?;
        Ok(Self { proxy: proxy.with_scenarios(scenarios), clock, org })
    }

    /// What the handlers did.
    pub(super) fn report(&self) -> Vec<HandlerReport> {
        self.proxy.scenarios().map(|scenarios| scenarios.report()).unwrap_or_default()
    }

    /// Ends it.
    pub(super) async fn close(self) {
        if let Some((_, served)) = self.org {
            served.stop().await;
        }
    }

    /// Whether a path is the sandbox's own.
    pub(super) fn is_control(target: &str) -> bool {
        target.starts_with(CONTROL)
    }

    /// Whether there is a sandbox.
    pub(super) fn has_org(&self) -> bool {
        self.org.is_some()
    }

    /// Lets time pass, for scripts and for the org.
    pub(super) fn wait(&self, time: Duration) {
        self.clock.advance(time);
        let by = json!({ "advance": humantime::format_duration(time).to_string() }).to_string();
        if let (Some((org, _)), Ok(request)) =
            (&self.org, ::http::Request::post("/__sandbox/clock").body(Bytes::from(by)))
        {
            org.0.handle(super::ORIGIN, request);
        }
    }

    /// What comes of a request.
    ///
    /// # Errors
    /// Overdub itself says that there is no answer, or the answer breaks.
    pub(super) async fn ask(&self, request: ::http::Request<Bytes>) -> Result<Came, String> {
        let (head, body) = request.into_parts();
        if let Some((org, _)) = self.org.as_ref().filter(|_| Self::is_control(head.uri.path())) {
            let answer = org.0.handle(super::ORIGIN, ::http::Request::from_parts(head, body));
            let (head, body) = answer.into_parts();
            let (status, headers) = (head.status, head.headers);
            return Ok(Came { answer: Some((status, headers, body)), faults: Faults::NONE });
        }
        let body = if body.is_empty() { Body::Empty } else { Body::Whole(body) };
        let reply =
            self.proxy.handle(Box::new(Request::new(head, body, "http", ([127, 0, 0, 1], 80).into()))).await;
        let (head, body) = reply.into_parts();
        let faults = head.extensions.get::<Faults>().copied().unwrap_or_default();
        if faults.wire.is_some_and(|wire| wire.replaces_the_answer()) {
            return Ok(Came { answer: None, faults });
        }
        let whole = body.read(BODY_LIMIT).await.map_err(|error| format!("the answer breaks off: {error}"))?;
        let body = whole.map_err(|_| "the answer is larger than 64 MiB".to_owned())?.data;
        if head.headers.contains_key(OUTCOME) {
            return Err(said(&body));
        }
        Ok(Came { answer: Some((head.status, head.headers, body)), faults })
    }
}

/// What an error of overdub's own tells, line by line.
fn said(body: &Bytes) -> String {
    let error: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let causes = error.get("errorCauses").and_then(Value::as_array).cloned().unwrap_or_default();
    let causes = causes.iter().filter_map(|cause| cause.get("errorSummary")).map(text);
    let summary = error.get("errorSummary").map(text).unwrap_or_default();
    std::iter::once(summary).chain(causes).collect::<Vec<_>>().join("\n")
}

fn okta() -> Result<Arc<Profile>, String> {
    Profile::okta().map(Arc::new).map_err(|error| error.to_string())
}

fn replay(cassettes: Vec<Cassette>, profile: &Profile) -> Proxy {
    Proxy::replay(Arc::new(Player::new(cassettes, profile, &ReplayOptions::default())))
}

fn over_recording(name: &str) -> Result<(Proxy, Arc<Profile>), String> {
    let found = cassette::find(&[name.to_owned()], Path::new(RECORDINGS), SHIPPED);
    let cassettes =
        found.and_then(|sources| cassette::load_all(&sources, CutOff::SetAside)).map_err(|errors| {
            let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
            format!("over: {}", errors.join("\n"))
        })?;
    let declared = cassettes.iter().find_map(|cassette| cassette.header.profile.as_deref());
    let choice = declared.filter(|name| Profile::is_built_in(name)).unwrap_or("okta");
    let profile = Profile::choose(choice).map(Arc::new).map_err(|error| error.to_string())?;
    Ok((replay(cassettes, &profile), profile))
}

async fn over_sandbox() -> Result<(Proxy, (Arc<Org>, Served)), String> {
    let config = SandboxConfig { tick: TICK, ..SandboxConfig::default() };
    let org = Arc::new(Org(Sandbox::new(config)));
    let served = serve_org(Arc::clone(&org)).await.map_err(|error| format!("over: {error}"))?;
    let upstream = Upstream::new(Some(served.origin.clone()), &UpstreamOptions::default());
    let upstream = upstream.map_err(|error| format!("over: {error}"))?;
    let proxy = Proxy::passthrough(Live::unrecorded(upstream, Clock::Wall, true));
    Ok((proxy, (org, served)))
}

/// The answers of a test as a recording: whatever body a request has, and the last one of each again and again.
fn answers(answers: &[Answer]) -> Result<Cassette, String> {
    let header = Header {
        upstream: "https://answers.overdub.test".to_owned(),
        repeat: Some(Repeat::Last),
        ..Header::default()
    };
    let interactions = answers.iter().map(interaction).collect::<Result<_, _>>()?;
    Ok(Cassette { name: "answers".to_owned(), path: PathBuf::from("answers"), header, interactions })
}

fn interaction(answer: &Answer) -> Result<Interaction, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in &answer.headers {
        let pair = (name.parse::<HeaderName>(), value.parse::<HeaderValue>());
        let (Ok(name), Ok(value)) = pair else {
            return Err(format!("answers: `{name}: {value}` is no header"));
        };
        headers.append(name, value);
    }
    let body = match (&answer.json, &answer.text) {
        (Some(json), _) => {
            let kind = HeaderValue::from_static("application/json");
            headers.entry(header::CONTENT_TYPE).or_insert(kind);
            json.to_string()
        }
        (None, text) => text.clone().unwrap_or_default(),
    };
    let status = StatusCode::from_u16(answer.status)
        .map_err(|_| format!("answers: {} is no status", answer.status))?;
    let body = (!body.is_empty()).then(|| RecordedBody { bytes: body.into(), coded: false });
    Ok(Interaction {
        at: None,
        took: None,
        request: RecordedRequest {
            method: answer.request.method.clone(),
            url: answer.request.target.clone(),
            headers: HeaderMap::new(),
            body: RequestBody::Unrecorded,
        },
        stand_ins: Vec::new(),
        repeat: None,
        response: RecordedResponse {
            status,
            headers,
            framing: Framing::Length,
            body,
            trailers: HeaderMap::new(),
        },
        line: 0,
    })
}
