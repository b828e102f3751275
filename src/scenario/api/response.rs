//! `res`: the answer in hand, and the answers that scripts make.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use rhai::{Blob, Dynamic, Engine, EvalAltResult, INT, ImmutableString};

use super::headers::Headers;
use crate::fault::{Fault, Faults, Latency, parse_duration};
use crate::scenario::call;
use crate::scenario::error::fail;
use crate::scenario::exchange::{Response, parsed};
use crate::scenario::json::{Access, Document, Json, lock, to_json, type_name};

type Fallible<T> = Result<T, Box<EvalAltResult>>;

const PROPERTIES: &str = "status, headers, json, text, bytes, origin";

/// An answer as a script holds it: what it changes is the answer itself.
#[derive(Debug, Clone)]
pub(in crate::scenario) struct Res(Arc<Mutex<Answer>>);

/// An answer that is being changed.
#[derive(Debug)]
pub(in crate::scenario) struct Answer {
    pub(in crate::scenario) response: Response,
    /// The body, once a script touched it as JSON.
    document: Option<Arc<Mutex<Document>>>,
    pub(in crate::scenario) faults: Faults,
    /// Every fault that was asked for, by name.
    pub(in crate::scenario) asked: Vec<&'static str>,
    /// Whether status, headers or body are no longer what they were.
    changed: bool,
    /// Counts what was set outside of the document.
    set: u64,
}

impl Res {
    pub(in crate::scenario) fn new(response: Response) -> Self {
        Self(Arc::new(Mutex::new(Answer {
            response,
            document: None,
            faults: Faults::NONE,
            asked: Vec::new(),
            changed: false,
            set: 0,
        })))
    }

    pub(in crate::scenario) fn lock(&self) -> MutexGuard<'_, Answer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(in crate::scenario) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    fn set_status(&mut self, status: INT) -> Fallible<()> {
        let status = status_of(status)?;
        let mut answer = self.lock();
        if answer.response.status != status {
            answer.response.status = status;
            answer.touch();
        }
        Ok(())
    }

    fn json(&mut self) -> Fallible<Dynamic> {
        let mut answer = self.lock();
        let document = answer.document().map_err(|problem| fail(format!("res.json: {problem}")))?;
        Json::open(&document, Access::ReadWrite, "res.json")
    }

    fn set_json(&mut self, value: &Dynamic) -> Fallible<()> {
        let held = self.lock().document.clone();
        let is_itself = |document| value.read_lock::<Json>().is_some_and(|json| json.is_root_of(document));
        if held.as_ref().is_some_and(is_itself) {
            return Ok(());
        }
        let text = to_json(value)?;
        let mut answer = self.lock();
        let is_json = answer
            .response
            .headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind.to_str().is_ok_and(|kind| kind.contains("json")));
        if !is_json {
            let kind = HeaderValue::from_static("application/json");
            Arc::make_mut(&mut answer.response.headers).insert(header::CONTENT_TYPE, kind);
        }
        if let Ok(document) = answer.document() {
            return lock(&document).replace(text).map_err(|error| fail(format!("res.json: {error}")));
        }
        answer.set_body(Bytes::from(text));
        Ok(())
    }

    fn text(&mut self) -> Fallible<String> {
        let body = self.lock().body();
        let text = std::str::from_utf8(&body).map(str::to_owned);
        text.map_err(|_| fail("res.text: the body is not UTF-8; use res.bytes".to_owned()))
    }

    fn delay(&mut self, latency: &Latency) -> Fallible<Self> {
        let time = call::run(|running| Ok(latency.sample(|| running.chance().next())))?;
        Ok(self.fault(Fault::Delay(time)))
    }

    fn fault(&mut self, fault: Fault) -> Self {
        let mut answer = self.lock();
        answer.faults.add(fault);
        answer.asked.push(fault.name());
        drop(answer);
        self.clone()
    }

    /// Puts another answer in the place of this one, faults included.
    fn replace(&mut self, other: &Self) -> Self {
        if self.is(other) {
            return self.clone();
        }
        let (response, faults, asked) = other.lock().taken();
        let mut answer = self.lock();
        answer.become_(response);
        answer.faults.join(faults);
        answer.asked.extend(asked);
        drop(answer);
        self.clone()
    }

    fn redirect(&mut self, status: INT, url: &str) -> Fallible<Self> {
        let status = redirection(status)?;
        let location = location(url)?;
        let mut answer = self.lock();
        answer.response.status = status;
        Arc::make_mut(&mut answer.response.headers).insert(header::LOCATION, location);
        answer.touch();
        drop(answer);
        Ok(self.clone())
    }
}

impl Answer {
    /// The body as JSON, read when it is first asked for.
    pub(in crate::scenario) fn document(&mut self) -> Result<Arc<Mutex<Document>>, String> {
        if let Some(document) = &self.document {
            return Ok(Arc::clone(document));
        }
        let source = match &self.response.json {
            Some(parsed) => Arc::clone(parsed),
            None => parsed(&self.response.body).map_err(|problem| problem.to_string())?,
        };
        let document = Arc::new(Mutex::new(Document::new(source)));
        self.document = Some(Arc::clone(&document));
        Ok(document)
    }

    /// The body as it is now.
    pub(in crate::scenario) fn body(&self) -> Bytes {
        match &self.document {
            Some(document) if lock(document).is_changed() => lock(document).text().into(),
            _ => self.response.body.clone(),
        }
    }

    fn set_body(&mut self, body: Bytes) {
        if let Some(document) = self.document.take() {
            // Who still holds a part of the old body is told so.
            lock(&document).retire();
        }
        if self.response.body != body {
            self.response.body = body;
            self.touch();
        }
        self.response.json = None;
    }

    /// Remembers that something was changed.
    pub(super) fn touch(&mut self) {
        self.changed = true;
        self.set += 1;
    }

    /// Grows with each change.
    pub(in crate::scenario) fn revision(&self) -> u64 {
        self.set + self.document.as_ref().map_or(0, |document| lock(document).revision())
    }

    /// Takes another answer's place.
    pub(in crate::scenario) fn become_(&mut self, response: Response) {
        self.set_body(response.body.clone());
        self.response = response;
        self.touch();
    }

    /// The answer as it is now: with what was changed in its body.
    pub(in crate::scenario) fn taken(&mut self) -> (Response, Faults, Vec<&'static str>) {
        let is_changed = self.document.as_ref().is_some_and(|document| lock(document).is_changed());
        if is_changed {
            let body = self.body();
            self.changed |= body != self.response.body;
            self.response.body = body;
            self.response.json = None;
        }
        if self.changed {
            self.response.settle();
        }
        (self.response.clone(), self.faults, self.asked.clone())
    }

    /// Whether anything is no longer what it was.
    pub(in crate::scenario) fn is_changed(&self) -> bool {
        self.changed || self.document.as_ref().is_some_and(|document| lock(document).is_changed())
    }
}

/// A status that can be answered with.
pub(super) fn status_of(status: INT) -> Fallible<StatusCode> {
    let code = u16::try_from(status).ok().filter(|code| (200..600).contains(code));
    code.and_then(|code| StatusCode::from_u16(code).ok())
        .ok_or_else(|| fail(format!("{status} is no status of an answer: it is a number from 200 to 599")))
}

pub(super) fn redirection(status: INT) -> Fallible<StatusCode> {
    let code = status_of(status)?;
    if matches!(status, 300..=399) {
        return Ok(code);
    }
    Err(fail(format!("{status} redirects nobody: write a status from 300 to 399")))
}

pub(super) fn location(url: &str) -> Fallible<HeaderValue> {
    HeaderValue::from_str(url).map_err(|_| fail(format!("`{}` cannot stand in a header", url.escape_debug())))
}

/// A body as scripts write it: a text, bytes, nothing, or anything that makes JSON.
pub(super) fn body_of(value: &Dynamic) -> Fallible<(Bytes, bool)> {
    if value.is_unit() {
        return Ok((Bytes::new(), false));
    }
    if let Some(text) = value.read_lock::<ImmutableString>() {
        return Ok((Bytes::copy_from_slice(text.as_bytes()), false));
    }
    if let Some(blob) = value.read_lock::<Blob>() {
        return Ok((Bytes::copy_from_slice(&blob), false));
    }
    if let Some(raw) = value.read_lock::<RawBody>() {
        return Ok((raw.0.clone(), false));
    }
    Ok((to_json(value)?.into(), true))
}

/// `res.bytes`: the engine's own byte arrays are limited to sizes that bodies exceed.
#[derive(Debug, Clone)]
pub(super) struct RawBody(Bytes);

impl RawBody {
    fn slice(&mut self, from: INT, length: INT) -> Fallible<Self> {
        let from = usize::try_from(from).ok();
        let to = from.and_then(|from| from.checked_add(usize::try_from(length).ok()?));
        match (from, to) {
            (Some(from), Some(to)) if to <= self.0.len() => Ok(Self(self.0.slice(from..to))),
            _ => Err(fail(format!("the body has {} bytes", self.0.len()))),
        }
    }

    fn at(&mut self, index: INT) -> Fallible<INT> {
        let byte = usize::try_from(index).ok().and_then(|index| self.0.get(index).copied());
        byte.map(INT::from).ok_or_else(|| fail(format!("the body has {} bytes", self.0.len())))
    }
}

fn latency(value: &str) -> Fallible<Latency> {
    parse_duration(value).map(Latency::Fixed).map_err(|error| fail(error.to_string()))
}

/// Makes answers known to the engine.
pub(super) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<Res>("res");
    engine.register_get("status", |res: &mut Res| INT::from(res.lock().response.status.as_u16()));
    engine.register_set("status", Res::set_status);
    engine.register_get("json", Res::json);
    engine.register_set("json", |res: &mut Res, value: Dynamic| res.set_json(&value));
    // What the engine writes back after a change further down.
    engine.register_set("json", |res: &mut Res, value: Json| res.set_json(&Dynamic::from(value)));
    engine.register_get("text", Res::text);
    engine.register_set("text", |res: &mut Res, text: &str| {
        res.lock().set_body(Bytes::copy_from_slice(text.as_bytes()));
    });
    engine.register_get("bytes", |res: &mut Res| RawBody(res.lock().body()));
    engine.register_set("bytes", |res: &mut Res, value: Dynamic| {
        let (body, is_json) = body_of(&value)?;
        if is_json {
            return Err(fail(format!("res.bytes takes bytes or a string, not {}", type_name(&value))));
        }
        res.lock().set_body(body);
        Ok::<_, Box<EvalAltResult>>(())
    });
    engine.register_get("origin", |res: &mut Res| res.lock().response.origin.name());
    engine.register_get("headers", |res: &mut Res| Headers::Response(res.clone()));
    engine.register_set("headers", |res: &mut Res, headers: Dynamic| {
        Headers::Response(res.clone()).take_the_place(&headers)
    });
    engine.register_indexer_get(|_: &mut Res, name: &str| {
        Err::<Dynamic, _>(fail(format!("res has no property `{name}`; it has: {PROPERTIES}")))
    });
    engine.register_indexer_set(|_: &mut Res, name: &str, value: Dynamic| {
        Err::<(), _>(fail(match name {
            "status" => format!("res.status takes an integer, not {}", type_name(&value)),
            "text" => format!("res.text takes a text, not {}", type_name(&value)),
            "origin" => "res.origin cannot be changed".to_owned(),
            _ => format!("res has no property `{name}` to set; it has: {PROPERTIES}"),
        }))
    });
    engine.register_fn("delay", |res: &mut Res, time: &str| res.delay(&latency(time)?));
    engine.register_fn("delay", |res: &mut Res, latency: Latency| res.delay(&latency));
    engine.register_fn("fault", |res: &mut Res, fault: Fault| res.fault(fault));
    engine.register_fn("replace", |res: &mut Res, other: Res| res.replace(&other));
    engine.register_fn("redirect", |res: &mut Res, status: INT, url: &str| res.redirect(status, url));
    engine.register_type_with_name::<RawBody>("bytes");
    engine.register_fn("len", |body: &mut RawBody| INT::try_from(body.0.len()).unwrap_or(INT::MAX));
    engine.register_fn("slice", RawBody::slice);
    engine.register_indexer_get(RawBody::at);
    engine.register_fn("==", |one: RawBody, other: RawBody| one.0 == other.0);
    engine.register_fn("!=", |one: RawBody, other: RawBody| one.0 != other.0);
    engine.register_fn("to_string", |body: &mut RawBody| format!("{} bytes", body.0.len()));
}
