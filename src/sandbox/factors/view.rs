//! A factor as the org shows it.

use serde_json::{Map, Value, json};

use super::links::{self, Place};
use super::model::{Factor, Means, Status};
use crate::clock::Timestamp;
use crate::sandbox::call::Call;
use crate::sandbox::reply::stamp;

/// The whole factor. The shared secret and what else serves activation is shown only while it is pending.
pub(super) fn factor_json(call: &Call, user: &str, factor: &Factor, now: Timestamp) -> Value {
    let place = Place { origin: &call.origin, user, factor: &factor.id };
    let mut shown = Map::new();
    let mut put = |name: &str, value: Value| shown.insert(name.to_owned(), value);
    put("id", factor.id.as_str().into());
    put("factorType", factor.kind.factor_type.into());
    put("provider", factor.kind.provider.into());
    put("vendorName", factor.kind.provider.into());
    put("status", factor.status.name().into());
    put("created", stamp(factor.created).into());
    put("lastUpdated", stamp(factor.updated).into());
    if let Some(profile) = profile(factor) {
        put("profile", profile);
    }
    put("_links", links::of_factor(place, factor, now));
    if let Some(activation) = activation(place, factor, now) {
        put("_embedded", json!({ "activation": activation }));
    }
    Value::Object(shown)
}

fn profile(factor: &Factor) -> Option<Value> {
    match &factor.means {
        Means::Sent(sent) => Some(sent.profile()),
        Means::Question(question) => Some(question.profile()),
        Means::Totp(totp) => Some(json!({ "credentialId": totp.credential })),
        Means::Hotp(_) => None,
        Means::Push(push) => push.device_profile(),
        Means::Fido(fido) => fido.profile(),
    }
}

fn activation(place: Place<'_>, factor: &Factor, now: Timestamp) -> Option<Value> {
    if factor.status == Status::Active {
        return None;
    }
    match &factor.means {
        Means::Totp(totp) => Some(totp.activation(place)),
        Means::Push(push) => Some(push.activation.embedded(place, now)),
        Means::Fido(fido) => Some(fido.activation(place)),
        Means::Sent(_) | Means::Question(_) | Means::Hotp(_) => None,
    }
}
