//! Enrolment: reading what is asked for, and making the factor.

use std::time::Duration;

use serde_json::{Map, Value};

use super::fido::Fido;
use super::model::{ABSENT, Factor, Family, KINDS, Kind, Means, Status};
use super::otp::{Hotp, Totp};
use super::push::{Push, qr_token};
use super::question::Question;
use super::sent::{self, Sent};
use super::view::factor_json;
use crate::sandbox::call::{Call, object, text};
use crate::sandbox::errors::ApiError;
use crate::sandbox::limits::Channel;
use crate::sandbox::org::{Org, World};
use crate::sandbox::reply::{Answer, Reply};
use crate::sandbox::routes::Target;
use crate::sandbox::users::model::User;

const REQUEST: &str = "factorEnrollRequest";
const NOT_ALLOWED: &str = "Factor not allowed for the user based on the Multifactor policy.";
const DEFAULT_LIFETIME: Duration = Duration::from_mins(5);

/// What an enrolment asks for.
#[derive(Debug)]
pub(super) struct Form<'a> {
    pub(super) profile: &'a Map<String, Value>,
    /// `?activate=true`: no code is asked for.
    activates: bool,
    /// `?updatePhone=true`: another phone takes the place of the one on file.
    pub(super) updates_phone: bool,
    pub(super) lifetime: Duration,
}

/// `POST /users/{id}/factors`. `templateId` is accepted and changes nothing, as no message is written.
pub(in crate::sandbox) fn enroll(org: &mut Org, call: &Call, target: &Target<'_>) -> Answer {
    let body = call.required_body()?;
    let none = Map::new();
    let form = Form {
        profile: object(&body, "profile").unwrap_or(&none),
        activates: call.flag("activate"),
        updates_phone: call.flag("updatePhone"),
        lifetime: sent::lifetime(call.query("tokenLifetimeSeconds"))?.unwrap_or(DEFAULT_LIFETIME),
    };
    let (user, world) = org.user(target.user)?;
    let kind = kind_of(&body)?;
    user.require_usable()?;
    let (means, status) = means_for(kind, user, &form, world)?;
    if status == Status::Active
        && let Means::Sent(sent) = &means
    {
        sent.remember(&mut user.phones);
    }
    let factor = Factor::new(kind, status, means, world);
    let shown = factor_json(call, &user.id, &factor, world.now);
    user.factors.retain(|other| other.kind != kind);
    user.factors.push(factor);
    Ok(Reply::ok(shown))
}

fn kind_of(body: &Map<String, Value>) -> Result<&'static Kind, ApiError> {
    let factor_type = text(body, "factorType").ok_or_else(|| ApiError::blank("factorType"))?;
    let provider = text(body, "provider").ok_or_else(|| ApiError::blank("provider"))?;
    let mut of_type = KINDS.iter().filter(|kind| kind.factor_type == factor_type).peekable();
    if of_type.peek().is_none() && !ABSENT.contains(&factor_type.as_str()) {
        let cause = "factorType: The value is not one of the known factor types.";
        return Err(ApiError::invalid(REQUEST, cause));
    }
    of_type.find(|kind| kind.provider == provider).ok_or_else(|| ApiError::invalid(REQUEST, NOT_ALLOWED))
}

/// Makes what proves the user. Everything is checked before a message goes out.
fn means_for(
    kind: &'static Kind,
    user: &User,
    form: &Form<'_>,
    world: &mut World,
) -> Result<(Means, Status), ApiError> {
    let login = user.login();
    if !matches!(kind.family, Family::Sent(_)) {
        user.refuse_second(kind)?;
    }
    Ok(match kind.family {
        Family::Sent(channel) => sent_means(kind, user, form, channel, world)?,
        Family::Question => (Means::Question(Question::read(form.profile)?), Status::Active),
        Family::Hotp => {
            let shared = text(form.profile, "sharedSecret").filter(|shared| !shared.is_empty());
            let shared = shared.ok_or_else(|| ApiError::blank("sharedSecret"))?;
            (Means::Hotp(Hotp::new(&shared)), Status::Active)
        }
        Family::Push => (Means::Push(Push::new(login, world)), Status::Pending),
        Family::Fido(fido) => {
            let name = format!("{} {}", user.field("firstName"), user.field("lastName"));
            let fido = Fido::new(fido, name.trim().to_owned(), login.to_owned(), &mut world.mint);
            (Means::Fido(fido), Status::Pending)
        }
        Family::Totp => {
            let totp = Totp::new(login.to_owned(), world.mint.secret(), qr_token(&mut world.mint));
            (Means::Totp(totp), Status::Pending)
        }
    })
}

/// Another phone than the one on file is refused before a second factor of the type is, because that is the cause a
/// client can mend. A phone that was verified before needs no code again, and neither does `activate=true`: then no
/// message goes out, and no window stands in the way.
fn sent_means(
    kind: &'static Kind,
    user: &User,
    form: &Form<'_>,
    channel: Channel,
    world: &mut World,
) -> Result<(Means, Status), ApiError> {
    let mut sent = Sent::read(user, form, channel)?;
    user.refuse_second(kind)?;
    if form.activates || sent.is_remembered(&user.phones) {
        return Ok((Means::Sent(sent), Status::Active));
    }
    sent.send(None, world)?;
    Ok((Means::Sent(sent), Status::Pending))
}
