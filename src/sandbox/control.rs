//! `/__sandbox/…`: the tester's hand in the org. It plays the phone, tells the codes, moves the clock.
//!
//! None of it belongs to Okta's API. It needs no token, and it moves neither the clock (unless asked to) nor any
//! counter, so that looking at the org does not change what the org answers.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Response, StatusCode, header};
use serde_json::{Value, json};

use super::call::{Call, text};
use super::factors;
use super::factors::model::{Factor, Means};
use super::factors::push::{PhoneSays, play};
use super::org::{Org, World};
use super::reply::set;
use super::users::model::User;
use crate::clock::{Timestamp, rfc3339};

const ENDPOINTS: &[&str] = &[
    "GET /__sandbox/state",
    "GET /__sandbox/codes/{factorId}",
    r#"POST /__sandbox/push/{factorId} {"answer":"approve"|"reject"|"lapse"}"#,
    r#"POST /__sandbox/clock {"advance":"31s"}"#,
    r#"POST /__sandbox/ratelimit {"limit":600}"#,
    "POST /__sandbox/reset",
];
/// One step of the clock: far enough for any test, near enough for the calendar.
const LONGEST_STEP: Duration = Duration::from_hours(10 * 366 * 24);

/// What is wrong with a control call: the status, and words for the tester.
type Refusal = (StatusCode, String);
type Outcome = Result<Value, Refusal>;

/// Answers a control call.
pub(super) fn answer(org: &mut Org, call: &Call) -> Response<Bytes> {
    org.world.now = org.clock.now();
    let segments: Vec<_> = call.segments.iter().skip(1).map(String::as_str).collect();
    let is_post = call.method == Method::POST;
    let outcome = match segments.as_slice() {
        ["state"] if call.method == Method::GET => Ok(state(org)),
        ["codes", factor] if call.method == Method::GET => code(org, factor),
        ["push", factor] if is_post => push(org, call, factor),
        ["clock"] if is_post => clock(org, call),
        ["ratelimit"] if is_post => rate_limit(org, call),
        ["reset"] if is_post => {
            *org = Org::new(org.config.clone());
            Ok(state(org))
        }
        _ => Err((
            StatusCode::NOT_FOUND,
            format!("no control endpoint for {} {}", call.method, segments.join("/")),
        )),
    };
    let (status, body) = match outcome {
        Ok(body) => (StatusCode::OK, body),
        Err((status, error)) => (status, json!({ "error": error, "endpoints": ENDPOINTS })),
    };
    let text = body.to_string();
    let mut response = Response::new(if call.is_head { Bytes::new() } else { text.into() });
    *response.status_mut() = status;
    set(response.headers_mut(), header::CONTENT_TYPE, "application/json");
    response
}

/// The org at a glance.
fn state(org: &Org) -> Value {
    let now = org.clock.now();
    json!({
        "now": rfc3339(now),
        "seed": org.config.seed,
        "tick": humantime::format_duration(org.config.tick).to_string(),
        "rateLimit": { "limit": org.rate.per_minute, "used": org.rate.used, "resets": rfc3339(org.rate.resets.max(now)) },
        "users": org.users.iter().map(|user| user_json(user, now)).collect::<Vec<_>>(),
    })
}

fn user_json(user: &User, now: Timestamp) -> Value {
    json!({
        "id": user.id,
        "login": user.login(),
        "status": user.status.name(),
        "lockedUntil": user.lock.until(now).map(rfc3339),
        "phonesOnFile": user.phones.iter().map(|phone| phone.number.as_str()).collect::<Vec<_>>(),
        "factors": user.factors.iter().map(|factor| factor_json(factor, now)).collect::<Vec<_>>(),
    })
}

fn factor_json(factor: &Factor, now: Timestamp) -> Value {
    let mut shown = json!({
        "id": factor.id,
        "factorType": factor.kind.factor_type,
        "provider": factor.kind.provider,
        "status": factor.status.name(),
        "code": factors::current_code(factor, now),
    });
    if let (Means::Push(push), Some(shown)) = (&factor.means, shown.as_object_mut()) {
        shown.insert("waiting".to_owned(), push.waiting(now).into());
    }
    shown
}

fn code(org: &mut Org, id: &str) -> Outcome {
    let now = org.world.now;
    let (factor, _) = find(org, id)?;
    let Some(code) = factors::current_code(factor, now) else {
        let why = format!("factor {id} ({}) has no code to tell now", factor.kind.factor_type);
        return Err((StatusCode::NOT_FOUND, why));
    };
    Ok(json!({ "factorId": factor.id, "factorType": factor.kind.factor_type, "code": code }))
}

fn push(org: &mut Org, call: &Call, id: &str) -> Outcome {
    let says = match field(call, "answer")?.as_str() {
        "approve" => PhoneSays::Approve,
        "reject" => PhoneSays::Reject,
        "lapse" => PhoneSays::Lapse,
        other => return Err(bad(format!("answer is approve, reject or lapse, not {other:?}"))),
    };
    let (factor, world) = find(org, id)?;
    if !play(factor, says, world) {
        let why = format!("factor {id} has neither an activation nor a challenge that waits for the phone");
        return Err((StatusCode::CONFLICT, why));
    }
    Ok(factor_json(factor, world.now))
}

fn clock(org: &mut Org, call: &Call) -> Outcome {
    let asked = field(call, "advance")?;
    let by = humantime::parse_duration(&asked).map_err(|why| bad(format!("advance {asked:?}: {why}")))?;
    if by > LONGEST_STEP {
        return Err(bad("advance is at most ten years".to_owned()));
    }
    org.clock.advance(by);
    Ok(json!({ "now": rfc3339(org.clock.now()) }))
}

fn rate_limit(org: &mut Org, call: &Call) -> Outcome {
    let asked = field(call, "limit")?;
    let limit = asked.parse().map_err(|_| bad(format!("limit is a whole number, not {asked:?}")))?;
    org.rate.per_minute = limit;
    // The new limit holds from a fresh minute on, whatever was used before.
    org.rate.resets = Timestamp::MIN;
    Ok(json!({ "limit": limit }))
}

/// A field of the body that has to be there.
fn field(call: &Call, name: &str) -> Result<String, Refusal> {
    let body = call.untyped_body().map_err(|_| bad("the body is not a JSON object".to_owned()))?;
    text(&body, name).ok_or_else(|| bad(format!("the body lacks {name:?}")))
}

fn bad(why: String) -> Refusal {
    (StatusCode::BAD_REQUEST, why)
}

fn find<'a>(org: &'a mut Org, id: &str) -> Result<(&'a mut Factor, &'a mut World), Refusal> {
    let mut factors = org.users.iter_mut().flat_map(|user| &mut user.factors);
    match factors.find(|factor| factor.id == id) {
        Some(factor) => Ok((factor, &mut org.world)),
        None => Err((StatusCode::NOT_FOUND, format!("no factor {id}"))),
    }
}
