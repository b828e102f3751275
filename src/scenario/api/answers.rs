//! Answers that scripts make: `respond`, `redirect`, `okta_error`.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use rhai::{Array, Dynamic, Engine, EvalAltResult, INT, Map};

use super::headers::{header_of, headers_of};
use super::response::{Res, body_of, location, redirection, status_of};
use super::text_of;
use crate::fault::parse_duration;
use crate::scenario::call;
use crate::scenario::error::fail;
use crate::scenario::exchange::Response;
use crate::scenario::json::type_name;
use crate::scenario::okta::{self, Details};

type Fallible<T> = Result<T, Box<EvalAltResult>>;

fn respond(status: INT, mut headers: HeaderMap, body: &Dynamic) -> Fallible<Res> {
    let status = status_of(status)?;
    let (body, is_json) = body_of(body)?;
    if !body.is_empty() {
        let kind = if is_json { "application/json" } else { "text/plain; charset=utf-8" };
        headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static(kind));
    }
    Ok(made(Response::scripted(status, headers, body)))
}

fn made(mut response: Response) -> Res {
    response.settle();
    Res::new(response)
}

fn redirect(status: INT, url: &str, body: &Dynamic) -> Fallible<Res> {
    let status = redirection(status)?;
    let mut headers = HeaderMap::new();
    headers.insert(header::LOCATION, location(url)?);
    respond(INT::from(status.as_u16()), headers, body)
}

fn okta_error(code: &str, details: &Map) -> Fallible<Res> {
    let details = details_of(details)?;
    call::run(|running| {
        let now = running.clocks.now();
        let path = running.request.path().to_owned();
        let made = okta::error(code, &details, &path, now, running.ids()).map_err(fail)?;
        Ok(Res::new(made))
    })
}

fn details_of(map: &Map) -> Fallible<Details> {
    let mut details = Details::default();
    for (name, value) in map {
        match name.as_str() {
            "detail" => details.detail = texts(name, value)?,
            "causes" => details.causes = texts(name, value)?,
            "summary" => details.summary = Some(text(name, value)?),
            "status" => details.status = Some(status_of(number(name, value)?)?),
            "limit" => details.limit = Some(count(name, value)?),
            "remaining" => details.remaining = Some(count(name, value)?),
            "reset" => {
                let after = text_of(value).ok_or_else(|| wrong(name, "a time, \"30s\"", value))?;
                let after = parse_duration(&after);
                details.reset = Some(after.map_err(|error| fail(format!("okta_error: reset: {error}")))?);
            }
            "headers" => {
                let Some(headers) = value.read_lock::<Map>() else {
                    return Err(wrong(name, "a map", value));
                };
                for (name, value) in headers.iter() {
                    details.headers.push(header_of(name, value)?);
                }
            }
            _ => {
                let known = "detail, causes, summary, status, limit, remaining, reset, headers";
                return Err(fail(format!("okta_error has no option `{name}`; it has: {known}")));
            }
        }
    }
    Ok(details)
}

fn wrong(name: &str, wanted: &str, value: &Dynamic) -> Box<EvalAltResult> {
    fail(format!("okta_error: {name} must be {wanted}, not {}", type_name(value)))
}

fn text(name: &str, value: &Dynamic) -> Fallible<String> {
    text_of(value).ok_or_else(|| wrong(name, "a text", value))
}

/// One text or a list of them.
fn texts(name: &str, value: &Dynamic) -> Fallible<Vec<String>> {
    if let Some(list) = value.read_lock::<Array>() {
        return list.iter().map(|value| text(name, value)).collect();
    }
    Ok(vec![text(name, value)?])
}

fn number(name: &str, value: &Dynamic) -> Fallible<INT> {
    value.as_int().map_err(|_| wrong(name, "an integer", value))
}

fn count(name: &str, value: &Dynamic) -> Fallible<u64> {
    u64::try_from(number(name, value)?).map_err(|_| wrong(name, "0 or more", value))
}

/// Makes the functions known to the engine.
pub(super) fn register(engine: &mut Engine) {
    engine.register_fn("respond", |status: INT| {
        Ok::<_, Box<EvalAltResult>>(made(Response::scripted(
            status_of(status)?,
            HeaderMap::new(),
            Bytes::new(),
        )))
    });
    engine.register_fn("respond", |status: INT, body: Dynamic| respond(status, HeaderMap::new(), &body));
    engine.register_fn("respond", |status: INT, headers: Map, body: Dynamic| {
        respond(status, headers_of(&headers)?, &body)
    });
    engine.register_fn("redirect", |status: INT, url: &str| redirect(status, url, &Dynamic::UNIT));
    engine.register_fn("redirect", |status: INT, url: &str, body: Dynamic| redirect(status, url, &body));
    engine.register_fn("okta_error", |code: &str| okta_error(code, &Map::new()));
    engine.register_fn("okta_error", |code: &str, details: Map| okta_error(code, &details));
}
