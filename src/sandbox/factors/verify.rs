//! Activation, resending and verification: where a code or an answer is judged.

use serde_json::{Map, Value, json};

use super::links::{self, Place};
use super::model::{Factor, Means, Status, find};
use super::sent::{self, passcode};
use super::view::factor_json;
use crate::sandbox::call::{Call, text};
use crate::sandbox::errors::{ApiError, Code};
use crate::sandbox::limits::Lock;
use crate::sandbox::org::{Org, World};
use crate::sandbox::reply::{Answer, Reply};
use crate::sandbox::routes::Target;

/// `POST …/lifecycle/activate`: with a code, with a registration, or (push) to start waiting again.
pub(in crate::sandbox) fn activate(org: &mut Org, call: &Call, target: &Target<'_>) -> Answer {
    let body = call.body()?;
    let (user, world) = org.user(target.user)?;
    user.require_usable()?;
    let factor = find(&mut user.factors, target.factor)?;
    factor.require_pending()?;
    match &mut factor.means {
        Means::Push(push) => {
            let place = Place { origin: &call.origin, user: &user.id, factor: &factor.id };
            factor.updated = world.now;
            return Ok(push.restart(place, world));
        }
        Means::Fido(fido) => fido.register(&body, &mut world.mint)?,
        _ => judge(factor, &mut user.lock, &body, world)?,
    }
    factor.become_active(world);
    if let Means::Sent(sent) = &factor.means {
        sent.remember(&mut user.phones);
    }
    Ok(Reply::ok(factor_json(call, &user.id, factor, world.now)))
}

/// `POST …/resend`: the code of an enrolment once more, and another one.
pub(in crate::sandbox) fn resend(org: &mut Org, call: &Call, target: &Target<'_>) -> Answer {
    call.body()?;
    let lifetime = sent::lifetime(call.query("tokenLifetimeSeconds"))?;
    let (user, world) = org.user(target.user)?;
    user.require_usable()?;
    let factor = find(&mut user.factors, target.factor)?;
    factor.require_pending()?;
    let Means::Sent(sent) = &mut factor.means else {
        return Err(ApiError::invalid(
            "factorResendRequest",
            "Only an sms, call or email factor can be resent.",
        ));
    };
    user.lock.check(world.now)?;
    sent.send(lifetime, world)?;
    factor.updated = world.now;
    Ok(Reply::ok(factor_json(call, &user.id, factor, world.now)))
}

/// `POST …/verify`: asks for a challenge or answers one; the body tells which.
pub(in crate::sandbox) fn verify(org: &mut Org, call: &Call, target: &Target<'_>) -> Answer {
    let body = call.body()?;
    let lifetime = sent::lifetime(call.query("tokenLifetimeSeconds"))?;
    let (user, world) = org.user(target.user)?;
    user.require_usable()?;
    let factor = find(&mut user.factors, target.factor)?;
    if factor.status == Status::Pending {
        return Err(Code::FactorNotActive.into());
    }
    user.lock.check(world.now)?;
    let place = Place { origin: &call.origin, user: &user.id, factor: &factor.id };
    match &mut factor.means {
        Means::Push(push) => Ok(push.challenge(&body, place, world)),
        Means::Fido(fido) => {
            let is_challenge = fido.challenge(&body, &mut world.mint)?;
            let shown = is_challenge.then(|| json!({ "challenge": fido.challenge_json() }));
            Ok(Reply::ok(shown.map_or_else(success, |embedded| challenge(place, Some(embedded)))))
        }
        Means::Sent(sent) if passcode(&body).is_none() => {
            sent.send(lifetime, world)?;
            Ok(Reply::ok(challenge(place, None)))
        }
        _ => {
            judge(factor, &mut user.lock, &body, world)?;
            Ok(Reply::ok(success()))
        }
    }
}

/// Judges a code or an answer. Wrong ones are counted, and five in a row lock the user for a while.
fn judge(
    factor: &mut Factor,
    lock: &mut Lock,
    body: &Map<String, Value>,
    world: &World,
) -> Result<(), ApiError> {
    lock.check(world.now)?;
    let field = if matches!(factor.means, Means::Question(_)) { "answer" } else { "passCode" };
    let given = if field == "answer" { text(body, field) } else { passcode(body) };
    let given = given.ok_or_else(|| ApiError::blank(field))?;
    let outcome = match &mut factor.means {
        Means::Sent(sent) => sent.check(&given, world.now),
        Means::Question(question) => question.check(&given),
        Means::Totp(totp) => totp.check(&given, world.now),
        Means::Hotp(hotp) => hotp.check(&given),
        // Neither has a code; both are answered before it comes to judging.
        Means::Push(_) | Means::Fido(_) => Err(Code::Mismatch.into()),
    };
    lock.note(outcome, world.now)
}

fn success() -> Value {
    json!({ "factorResult": "SUCCESS" })
}

/// Without the factor's profile, see the module docs of the sandbox.
fn challenge(place: Place<'_>, embedded: Option<Value>) -> Value {
    let mut shown = Map::new();
    shown.insert("factorResult".to_owned(), "CHALLENGE".into());
    shown.insert("_links".to_owned(), links::of_challenge(place));
    shown.extend(embedded.map(|embedded| ("_embedded".to_owned(), embedded)));
    Value::Object(shown)
}
