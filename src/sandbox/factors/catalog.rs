//! What a user could enrol.

use serde_json::{Map, Value};

use super::links::{self, Place};
use super::model::{Family, KINDS, Kind};
use crate::sandbox::call::Call;
use crate::sandbox::org::Org;
use crate::sandbox::reply::{Answer, Reply};
use crate::sandbox::routes::Target;
use crate::sandbox::users::model::User;

/// `GET …/factors/catalog`: every kind, and how far the user has got with it.
pub(in crate::sandbox) fn catalog(org: &mut Org, call: &Call, target: &Target<'_>) -> Answer {
    let (user, _) = org.user(target.user)?;
    let shown = KINDS.iter().map(|kind| supported(call, user, kind));
    Ok(Reply::ok(Value::Array(shown.collect())))
}

fn supported(call: &Call, user: &User, kind: &'static Kind) -> Value {
    let place = Place { origin: &call.origin, user: &user.id, factor: "" };
    let enrolled = user.factors.iter().find(|factor| factor.kind == kind);
    let mut offered = Map::new();
    if kind.family == Family::Question {
        let questions = links::link(&format!("{}/questions", place.factors()), &["GET"]);
        offered.insert("questions".to_owned(), questions);
    }
    offered.insert("enroll".to_owned(), links::link(&place.factors(), &["POST"]));
    let mut shown = Map::new();
    shown.insert("enrollment".to_owned(), "OPTIONAL".into());
    shown.insert("factorType".to_owned(), kind.factor_type.into());
    shown.insert("provider".to_owned(), kind.provider.into());
    shown.insert("vendorName".to_owned(), kind.provider.into());
    shown.insert("status".to_owned(), enrolled.map_or("NOT_SETUP", |factor| factor.status.name()).into());
    shown.insert("_links".to_owned(), Value::Object(offered));
    Value::Object(shown)
}
