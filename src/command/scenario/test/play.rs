//! Plays one test, step by step.

use ::http::{HeaderName, HeaderValue, Request, header};
use bytes::Bytes;

use super::compare::{Came, differences};
use super::file::{Step, Test};
use super::vars::Vars;
use super::world::World;
use super::{HOST, ORIGIN};
use crate::http::SESSION;

/// What did not come as expected at one step.
#[derive(Debug, serde::Serialize)]
pub(super) struct Failed {
    /// Counted from 1; 0: it did not come to that.
    pub(super) step: usize,
    /// The request as it was sent.
    pub(super) request: String,
    /// In words.
    pub(super) differences: Vec<String>,
}

/// Plays a test to its first step that fails: what comes after it hangs on it.
pub(super) async fn play(test: &Test, world: &World) -> Option<Failed> {
    let mut vars = Vars(test.vars.clone());
    vars.0.insert("origin".to_owned(), ORIGIN.to_owned());
    for (place, step) in test.steps.iter().enumerate() {
        for time in 1..=step.times {
            let (request, differences) = once(step, world, &mut vars).await;
            if !differences.is_empty() {
                let times = step.times;
                let which = if times > 1 { format!(" ({time} of {times})") } else { String::new() };
                return Some(Failed { step: place + 1, request: format!("{request}{which}"), differences });
            }
        }
    }
    None
}

/// Does one step once; gives the request as it was sent, and what is wrong.
async fn once(step: &Step, world: &World, vars: &mut Vars) -> (String, Vec<String>) {
    let line = |target: &str| format!("{} {target}", step.request.method);
    let target = &step.request.target;
    // Nobody's phone is behind a recording.
    if World::is_control(target) && !world.has_org() {
        return (line(target), Vec::new());
    }
    let target = match vars.target(target) {
        Ok(target) => target,
        Err(problem) => return (line(target), vec![problem]),
    };
    if let Some(time) = step.wait {
        world.wait(time.0);
    }
    let came = match request(step, &target, vars) {
        Ok(request) => world.ask(request).await,
        Err(problem) => Err(problem),
    };
    let found = match came {
        Err(problem) => vec![problem],
        Ok(came) => {
            let found = differences(&step.expect, &came, vars);
            if found.is_empty() { keep(step, &came, vars) } else { found }
        }
    };
    (line(&target), found)
}

fn request(step: &Step, target: &str, vars: &Vars) -> Result<Request<Bytes>, String> {
    let body = match (&step.body, &step.text) {
        (Some(json), _) => vars.filled_in(json).to_string(),
        (None, Some(text)) => vars.filled(text),
        (None, None) => String::new(),
    };
    let built = Request::builder().method(&step.request.method).uri(target).body(Bytes::from(body));
    let mut request = built.map_err(|error| format!("{target}: {error}"))?;
    let headers = request.headers_mut();
    headers.insert(header::HOST, HeaderValue::from_static(HOST));
    headers.insert(header::AUTHORIZATION, HeaderValue::from_static("SSWS token-of-a-test"));
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    if step.body.is_some() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    let no_header = |name: &str, value: &str| format!("`{name}: {value}` is no header");
    for (name, value) in &step.headers {
        let value = vars.filled(value);
        let name = name.parse::<HeaderName>().map_err(|_| no_header(name, &value))?;
        headers.insert(&name, value.parse().map_err(|_| no_header(name.as_str(), &value))?);
    }
    if let Some(session) = &step.session {
        headers.insert(SESSION, session.parse().map_err(|_| no_header(SESSION.as_str(), session))?);
    }
    Ok(request)
}

/// Keeps the parts of an answer that have a name; says which are not there.
fn keep(step: &Step, came: &Came, vars: &mut Vars) -> Vec<String> {
    if step.keep.is_empty() {
        return Vec::new();
    }
    let json = came.json().unwrap_or_default();
    let mut missing = Vec::new();
    for (name, pointer) in &step.keep {
        if !json.pointer(&pointer.0).is_some_and(|value| vars.keep(name, value)) {
            missing.push(format!("keep {name}: there is no text at {} in {}", pointer.0, came.summary()));
        }
    }
    missing
}
