//! A user as the org shows it.

use serde_json::{Map, Value, json};

use super::model::{User, UserStatus};
use crate::clock::Timestamp;
use crate::sandbox::reply::stamp;

/// Profile fields with a fixed place; what else a profile holds stands between the two groups.
const FIRST: &[&str] = &["firstName", "lastName", "mobilePhone"];
const LAST: &[&str] = &["secondEmail", "login", "email"];

/// The whole user.
pub(super) fn user_json(origin: &str, user: &User, user_type: &str) -> Value {
    json!({
        "id": user.id,
        "status": user.status.name(),
        "created": stamp(user.created),
        "activated": optional(user.activated),
        "statusChanged": optional(user.status_changed),
        "lastLogin": null,
        "lastUpdated": stamp(user.updated),
        "passwordChanged": optional(user.password_changed),
        "type": { "id": user_type },
        "profile": profile(user),
        "credentials": credentials(user),
        "_links": links(origin, user),
    })
}

fn optional(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| stamp(at).into())
}

fn profile(user: &User) -> Value {
    let field = |name: &&str| ((*name).to_owned(), user.profile.get(*name).cloned().unwrap_or(Value::Null));
    let is_fixed = |name: &str| FIRST.contains(&name) || LAST.contains(&name);
    let mut shown: Map<_, _> = FIRST.iter().map(field).collect();
    shown
        .extend(user.profile.iter().filter(|(name, _)| !is_fixed(name)).map(|(n, v)| (n.clone(), v.clone())));
    shown.extend(LAST.iter().map(field));
    Value::Object(shown)
}

fn credentials(user: &User) -> Value {
    let mut shown = Map::new();
    if user.password_changed.is_some() {
        shown.insert("password".to_owned(), json!({}));
    }
    if let Some(question) = &user.recovery_question {
        shown.insert("recovery_question".to_owned(), json!({ "question": question }));
    }
    let email = json!([{ "value": user.field("email"), "status": "VERIFIED", "type": "PRIMARY" }]);
    shown.insert("emails".to_owned(), email);
    shown.insert("provider".to_owned(), json!({ "type": "OKTA", "name": "OKTA" }));
    Value::Object(shown)
}

/// Only what this org answers, and only what the status allows.
fn links(origin: &str, user: &User) -> Value {
    let own = format!("{origin}/api/v1/users/{}", user.id);
    let lifecycle = |step: &str| json!({ "href": format!("{own}/lifecycle/{step}"), "method": "POST" });
    match user.status {
        UserStatus::Staged => json!({
            "activate": lifecycle("activate"),
            "self": { "href": own },
            "resetFactors": lifecycle("reset_factors"),
            "deactivate": lifecycle("deactivate"),
        }),
        UserStatus::Provisioned | UserStatus::Active => json!({
            "self": { "href": own },
            "resetFactors": lifecycle("reset_factors"),
            "deactivate": lifecycle("deactivate"),
        }),
        UserStatus::Deprovisioned => json!({
            "activate": lifecycle("activate"),
            "self": { "href": own },
            "delete": { "href": own, "method": "DELETE" },
        }),
    }
}
