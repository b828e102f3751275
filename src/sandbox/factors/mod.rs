//! The factors calls. Here are those that treat all kinds alike; each family has a file of its own.

mod catalog;
mod enroll;
mod fido;
mod links;
pub(super) mod model;
mod otp;
pub(super) mod push;
mod question;
pub(super) mod sent;
mod verify;
mod view;

use serde_json::{Value, json};

use super::call::Call;
use super::errors::ApiError;
use super::limits::Channel;
use super::org::Org;
use super::reply::{Answer, Reply};
use super::routes::Target;
use crate::clock::Timestamp;
pub(super) use catalog::catalog;
pub(super) use enroll::enroll;
use model::{Factor, Family, Means, Status, find};
use question::Question;
pub(super) use verify::{activate, resend, verify};
use view::factor_json;

/// One black pixel: enough for a client to show an image.
const PIXEL: &[u8] =
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x01\x00\x00\x00\x007n\xf9$\
    \x00\x00\x00\x0aIDATx\xdac`\x00\x00\x00\x02\x00\x01\xe5'\xde\xfc\x00\x00\x00\x00IEND\xaeB`\x82";

/// `GET …/factors`.
pub(super) fn list(org: &mut Org, call: &Call, target: &Target<'_>) -> Answer {
    let (user, world) = org.user(target.user)?;
    let shown = user.factors.iter().map(|factor| factor_json(call, &user.id, factor, world.now));
    Ok(Reply::ok(Value::Array(shown.collect())))
}

/// `GET …/factors/{id}`.
pub(super) fn get(org: &mut Org, call: &Call, target: &Target<'_>) -> Answer {
    let (user, world) = org.user(target.user)?;
    let factor = find(&mut user.factors, target.factor)?;
    Ok(Reply::ok(factor_json(call, &user.id, factor, world.now)))
}

/// `GET …/factors/questions`.
pub(super) fn questions(org: &mut Org, _: &Call, target: &Target<'_>) -> Answer {
    org.user(target.user)?;
    Ok(Reply::ok(question::all()))
}

/// `PUT …/factors/{id}`: another question for the same factor. Only recordings tell of this call.
pub(super) fn replace(org: &mut Org, call: &Call, target: &Target<'_>) -> Answer {
    let body = call.required_body()?;
    let (user, world) = org.user(target.user)?;
    user.require_usable()?;
    let factor = find(&mut user.factors, target.factor)?;
    let Means::Question(question) = &mut factor.means else {
        return Err(ApiError::invalid("factorUpdateRequest", "Only a question factor can be changed."));
    };
    *question = Question::from_body(&body)?;
    factor.updated = world.now;
    Ok(Reply::ok(factor_json(call, &user.id, factor, world.now)))
}

/// `DELETE …/factors/{id}`. A verified phone stays on file, unless `removeRecoveryEnrollment=true`.
pub(super) fn unenroll(org: &mut Org, call: &Call, target: &Target<'_>) -> Answer {
    let (user, _) = org.user(target.user)?;
    user.require_usable()?;
    let (family, channel) = {
        let factor = find(&mut user.factors, target.factor)?;
        (factor.kind.family, channel_of(factor))
    };
    user.factors.retain(|factor| factor.id != target.factor);
    if family == Family::Push {
        // Okta Verify is one app: its codes go with its push (Okta Factors API reference, unenroll).
        user.factors.retain(|factor| (factor.kind.family, factor.kind.provider) != (Family::Totp, "OKTA"));
    }
    if call.flag("removeRecoveryEnrollment") {
        user.phones.retain(|phone| Some(phone.channel) != channel);
    }
    Ok(Reply::gone())
}

/// `POST /users/{id}/lifecycle/reset_factors`.
pub(super) fn reset(org: &mut Org, call: &Call, target: &Target<'_>) -> Answer {
    let (user, _) = org.user(target.user)?;
    user.require_usable()?;
    user.factors.clear();
    if call.flag("removeRecoveryEnrollment") {
        user.phones.clear();
    }
    Ok(Reply::ok(json!({})))
}

/// `GET …/factors/{id}/qr/{token}`: there is something to scan as long as the factor is pending.
pub(super) fn qr(org: &mut Org, _: &Call, target: &Target<'_>) -> Answer {
    let (user, _) = org.user(target.user)?;
    let factor = find(&mut user.factors, target.factor)?;
    let token = match &factor.means {
        Means::Totp(totp) if factor.status == Status::Pending => Some(&totp.qr),
        Means::Push(push) if factor.status == Status::Pending => push.activation.qr.as_ref(),
        _ => None,
    };
    match token {
        Some(token) if token == target.item => Ok(Reply::png(PIXEL)),
        _ => Err(ApiError::not_found(target.item, "QRCode")),
    }
}

fn channel_of(factor: &Factor) -> Option<Channel> {
    match factor.kind.family {
        Family::Sent(channel) => Some(channel),
        _ => None,
    }
}

/// What a tester types to pass: the code that was sent, that a token shows now, or the answer to the question.
pub(super) fn current_code(factor: &Factor, now: Timestamp) -> Option<String> {
    match &factor.means {
        Means::Sent(sent) => sent.current(),
        Means::Question(question) => Some(question.answer.clone()),
        Means::Totp(totp) => totp.current(now),
        Means::Hotp(hotp) => Some(hotp.current()),
        Means::Push(_) | Means::Fido(_) => None,
    }
}
