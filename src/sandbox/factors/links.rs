//! Which links a factor offers in which status, in one place.

use serde_json::{Map, Value, json};

use super::model::{Factor, Family, Means, Status};
use crate::clock::Timestamp;

/// Where a factor lives: what hrefs are made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) origin: &'a str,
    pub(super) user: &'a str,
    pub(super) factor: &'a str,
}

impl Place<'_> {
    pub(super) fn user(self) -> String {
        format!("{}/api/v1/users/{}", self.origin, self.user)
    }

    pub(super) fn factors(self) -> String {
        format!("{}/factors", self.user())
    }

    pub(super) fn factor(self) -> String {
        format!("{}/{}", self.factors(), self.factor)
    }

    /// A path below the factor.
    pub(super) fn below(self, path: &str) -> String {
        format!("{}/{path}", self.factor())
    }
}

/// `{"href":…,"hints":{"allow":[…]}}`.
pub(super) fn link(href: &str, allow: &[&str]) -> Value {
    json!({ "href": href, "hints": { "allow": allow } })
}

/// `{"name":…,"href":…,"hints":{"allow":["POST"]}}`.
pub(super) fn named(name: &str, href: &str) -> Value {
    json!({ "name": name, "href": href, "hints": { "allow": ["POST"] } })
}

/// `{"href":…,"type":"image/png"}`.
pub(super) fn qrcode(place: Place<'_>, token: &str) -> Value {
    json!({ "href": place.below(&format!("qr/{token}")), "type": "image/png" })
}

#[derive(Debug, Clone, Copy)]
enum Link {
    Activate,
    Resend,
    Poll,
    Questions,
    Verify,
    /// Self while pending: read only.
    Read,
    /// Self when active: may be deleted.
    ReadDelete,
    User,
}

/// The links in the order of the examples in the Okta Factors API reference.
fn offered(factor: &Factor, now: Timestamp) -> &'static [Link] {
    use Link::{Activate, Poll, Questions, Read, ReadDelete, Resend, User, Verify};
    match (factor.status, factor.kind.family) {
        (Status::Pending, Family::Sent(_)) => &[Activate, Resend, Read, User],
        (Status::Pending, Family::Push) if is_waiting(factor, now) => &[Poll, Read, User],
        (Status::Pending, _) => &[Activate, Read, User],
        (Status::Active, Family::Question) => &[Questions, ReadDelete, User],
        (Status::Active, Family::Fido(_) | Family::Hotp) => &[ReadDelete, Verify, User],
        (Status::Active, Family::Sent(_) | Family::Totp | Family::Push) => &[Verify, ReadDelete, User],
    }
}

fn is_waiting(factor: &Factor, now: Timestamp) -> bool {
    matches!(&factor.means, Means::Push(push) if push.activation.is_waiting(now))
}

/// The `_links` of a factor.
pub(super) fn of_factor(place: Place<'_>, factor: &Factor, now: Timestamp) -> Value {
    let mut links = Map::new();
    for offer in offered(factor, now) {
        let (name, value) = match offer {
            Link::Activate => ("activate", link(&place.below("lifecycle/activate"), &["POST"])),
            // A list of one in recordings, an object in the schema: see the module docs of the sandbox.
            Link::Resend => ("resend", named(factor.kind.factor_type, &place.below("resend"))),
            Link::Poll => ("poll", link(&place.below("lifecycle/activate/poll"), &["POST"])),
            Link::Questions => ("questions", link(&format!("{}/questions", place.factors()), &["GET"])),
            Link::Verify => ("verify", verify(place)),
            Link::Read => ("self", link(&place.factor(), &["GET"])),
            Link::ReadDelete => ("self", link(&place.factor(), &["GET", "DELETE"])),
            Link::User => ("user", link(&place.user(), &["GET"])),
        };
        links.insert(name.to_owned(), value);
    }
    Value::Object(links)
}

/// The `_links` of a challenge: where to answer it, and where the factor is.
pub(super) fn of_challenge(place: Place<'_>) -> Value {
    json!({ "verify": verify(place), "factor": link(&place.factor(), &["GET", "DELETE"]) })
}

/// The `_links` of a push that was rejected or ran out of time: how to try again. The factor is not among them, see the
/// module docs of the sandbox.
pub(super) fn of_ended_push(place: Place<'_>) -> Value {
    json!({ "verify": verify(place) })
}

fn verify(place: Place<'_>) -> Value {
    link(&place.below("verify"), &["POST"])
}
