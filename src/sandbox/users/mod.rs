//! The users calls: create, get, list, update, lifecycle, delete.

mod list;
pub(super) mod model;
mod profile;
mod view;

use serde_json::{Value, json};

use super::call::Call;
use super::errors::Code;
use super::limits::Lock;
use super::org::{Org, World};
use super::reply::{Answer, Reply};
use super::routes::Target;
pub(super) use list::list;
use model::{User, UserStatus};
use profile::Change;

/// `POST /users?activate=true|false`.
pub(super) fn create(org: &mut Org, call: &Call, _: &Target<'_>) -> Answer {
    let change = Change::read(&call.required_body()?)?;
    let profile = profile::complete(change.profile)?;
    profile::require_free_login(&org.users, &profile, None)?;
    let now = org.world.now;
    let activates = call.query("activate").is_none_or(|value| !value.eq_ignore_ascii_case("false"));
    let status = match (activates, change.has_password) {
        (false, _) => UserStatus::Staged,
        (true, false) => UserStatus::Provisioned,
        (true, true) => UserStatus::Active,
    };
    org.users.push(User {
        id: org.world.mint.id("00u"),
        status,
        created: now,
        activated: activates.then_some(now),
        status_changed: activates.then_some(now),
        updated: now,
        password_changed: change.has_password.then_some(now),
        recovery_question: change.recovery_question,
        profile,
        factors: Vec::new(),
        phones: Vec::new(),
        lock: Lock::default(),
    });
    Ok(org.users.last().map_or_else(|| Reply::ok(Value::Null), |user| show(call, user, &org.world)))
}

/// `GET /users/{id or login}`.
pub(super) fn get(org: &mut Org, call: &Call, target: &Target<'_>) -> Answer {
    let (user, world) = org.user(target.user)?;
    Ok(show(call, user, world))
}

/// `POST /users/{id}`: what is sent changes, the rest stays.
pub(super) fn update(org: &mut Org, call: &Call, target: &Target<'_>) -> Answer {
    let mut change = Change::read(&call.required_body()?)?;
    let (user, _) = org.user(target.user)?;
    let sent = std::mem::replace(&mut change.profile, user.profile.clone());
    change.profile.extend(sent);
    store(org, call, target, change)
}

/// `PUT /users/{id}`: the profile is replaced, if there is one. Setting only a password is done this way too.
pub(super) fn replace(org: &mut Org, call: &Call, target: &Target<'_>) -> Answer {
    let body = call.required_body()?;
    if !body.contains_key("profile") {
        return update(org, call, target);
    }
    let change = Change::read(&body)?;
    store(org, call, target, change)
}

/// Stores a change whose profile is the whole profile.
fn store(org: &mut Org, call: &Call, target: &Target<'_>, change: Change) -> Answer {
    let (user, _) = org.user(target.user)?;
    user.require_usable()?;
    let id = user.id.clone();
    let profile = profile::complete(change.profile)?;
    profile::require_free_login(&org.users, &profile, Some(&id))?;
    let (user, world) = org.user(&id)?;
    user.profile = profile;
    user.updated = world.now;
    if change.recovery_question.is_some() {
        user.recovery_question = change.recovery_question;
    }
    if change.has_password {
        user.password_changed = Some(world.now);
        if user.status == UserStatus::Provisioned {
            user.become_status(UserStatus::Active, world.now);
        }
    }
    Ok(show(call, user, world))
}

/// `POST /users/{id}/lifecycle/activate`; without an e-mail the answer holds the token that it would have held.
pub(super) fn activate(org: &mut Org, call: &Call, target: &Target<'_>) -> Answer {
    let (user, world) = org.user(target.user)?;
    if matches!(user.status, UserStatus::Active | UserStatus::Provisioned) {
        return Err(Code::AlreadyActive.into());
    }
    let has_password = user.password_changed.is_some();
    user.become_status(if has_password { UserStatus::Active } else { UserStatus::Provisioned }, world.now);
    user.activated = Some(world.now);
    if call.query("sendEmail").is_none_or(|value| !value.eq_ignore_ascii_case("false")) {
        return Ok(Reply::ok(json!({})));
    }
    let token = world.mint.word("activation", 20);
    let url = format!("{}/welcome/{token}", call.origin);
    Ok(Reply::ok(json!({ "activationUrl": url, "activationToken": token })))
}

/// `POST /users/{id}/lifecycle/deactivate`.
pub(super) fn deactivate(org: &mut Org, _: &Call, target: &Target<'_>) -> Answer {
    let (user, world) = org.user(target.user)?;
    user.require_usable()?;
    user.become_status(UserStatus::Deprovisioned, world.now);
    Ok(Reply::ok(json!({})))
}

/// `DELETE /users/{id}`: the first call deactivates, the second deletes.
pub(super) fn delete(org: &mut Org, _: &Call, target: &Target<'_>) -> Answer {
    let (user, world) = org.user(target.user)?;
    if user.status != UserStatus::Deprovisioned {
        user.become_status(UserStatus::Deprovisioned, world.now);
        return Ok(Reply::gone());
    }
    let id = user.id.clone();
    org.users.retain(|user| user.id != id);
    Ok(Reply::gone())
}

fn show(call: &Call, user: &User, world: &World) -> Reply {
    Reply::ok(view::user_json(&call.origin, user, &world.user_type))
}
