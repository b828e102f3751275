//! Okta Verify with push: activation by polling, verification by transaction.
//!
//! The phone is played by `/__sandbox/push/{factorId}`, see [`Push::play`].

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::links::{self, Place};
use super::model::{Factor, Means, Status, find};
use super::sent::e164;
use super::view::factor_json;
use crate::clock::Timestamp;
use crate::sandbox::call::{Call, object, text};
use crate::sandbox::errors::{ApiError, Code};
use crate::sandbox::limits::after;
use crate::sandbox::mint::Mint;
use crate::sandbox::org::{Org, World};
use crate::sandbox::reply::{Answer, Reply, stamp};
use crate::sandbox::routes::Target;

/// How long an enrolment waits for the phone (recorded: created 15:11:10, expires 15:21:10).
const ACTIVATION_LASTS: Duration = Duration::from_mins(10);
/// How long a challenge waits for the phone.
const CHALLENGE_LASTS: Duration = Duration::from_mins(5);
/// Transactions kept per factor; older ones are forgotten.
const REMEMBERED: usize = 64;

/// What the phone has said so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Waiting,
    Approved,
    Rejected,
    Lapsed,
}

impl Outcome {
    /// Waiting ends by itself.
    fn at(self, now: Timestamp, expires: Timestamp) -> Self {
        if self == Self::Waiting && now >= expires { Self::Lapsed } else { self }
    }
}

/// What a tester lets the phone say.
#[derive(Debug, Clone, Copy)]
pub(in crate::sandbox) enum PhoneSays {
    Approve,
    Reject,
    Lapse,
}

impl PhoneSays {
    fn outcome(self) -> Outcome {
        match self {
            Self::Approve => Outcome::Approved,
            Self::Reject => Outcome::Rejected,
            Self::Lapse => Outcome::Lapsed,
        }
    }
}

/// A push factor.
#[derive(Debug)]
pub(in crate::sandbox) struct Push {
    credential: String,
    pub(super) activation: Activation,
    /// The key of the phone, once there is one.
    key: Option<String>,
    transactions: Vec<Transaction>,
}

/// The way from enrolled to active.
#[derive(Debug)]
pub(super) struct Activation {
    expires: Timestamp,
    outcome: Outcome,
    /// The last part of the QR code's href; gone once a link was sent instead.
    pub(super) qr: Option<String>,
}

impl Activation {
    fn start(now: Timestamp, qr: Option<String>) -> Self {
        Self { expires: after(now, ACTIVATION_LASTS), outcome: Outcome::Waiting, qr }
    }

    pub(super) fn is_waiting(&self, now: Timestamp) -> bool {
        self.outcome.at(now, self.expires) == Outcome::Waiting
    }

    /// As it stands in the factor's `_embedded`.
    pub(super) fn embedded(&self, place: Place<'_>, now: Timestamp) -> Value {
        self.json(place, now, false)
    }

    /// As an answer of its own. A lapsed activation says only how to start again.
    fn json(&self, place: Place<'_>, now: Timestamp, with_poll: bool) -> Value {
        let result = match self.outcome.at(now, self.expires) {
            Outcome::Waiting | Outcome::Approved => "WAITING",
            Outcome::Rejected => "CANCELLED",
            Outcome::Lapsed => "TIMEOUT",
        };
        if result != "WAITING" {
            let activate = links::link(&place.below("lifecycle/activate"), &["POST"]);
            return json!({ "factorResult": result, "_links": { "activate": activate } });
        }
        let send = |name| links::named(name, &place.below(&format!("lifecycle/activate/{name}")));
        let mut offered = Map::new();
        if with_poll {
            let poll = links::link(&place.below("lifecycle/activate/poll"), &["POST"]);
            offered.insert("poll".to_owned(), poll);
        }
        offered.insert("send".to_owned(), json!([send("email"), send("sms")]));
        if let Some(token) = &self.qr {
            offered.insert("qrcode".to_owned(), links::qrcode(place, token));
        }
        json!({ "expiresAt": stamp(self.expires), "factorResult": result, "_links": offered })
    }
}

/// One challenge.
#[derive(Debug)]
struct Transaction {
    id: String,
    expires: Timestamp,
    outcome: Outcome,
    /// The number to tap, if the client asked for number matching.
    number: Option<u64>,
}

impl Push {
    pub(super) fn new(login: &str, world: &mut World) -> Self {
        let activation = Activation::start(world.now, Some(qr_token(&mut world.mint)));
        Self { credential: login.to_owned(), activation, key: None, transactions: Vec::new() }
    }

    /// The profile shows the phone, so there is none before activation.
    pub(super) fn device_profile(&self) -> Option<Value> {
        let key = self.key.as_ref()?;
        Some(json!({
            "credentialId": self.credential,
            "deviceType": "SmartPhone_IPhone",
            "keys": [{ "kty": "RSA", "use": "sig", "kid": "default", "e": "AQAB", "n": key }],
            "name": "Sandbox Phone",
            "platform": "IOS",
            "version": "18.0",
        }))
    }

    /// Starts the activation over. The answer names the type, since one of the SDKs looks for it in every answer to an
    /// activation.
    pub(super) fn restart(&mut self, place: Place<'_>, world: &mut World) -> Reply {
        self.activation = Activation::start(world.now, Some(qr_token(&mut world.mint)));
        let mut shown = json!({ "factorType": "push" });
        if let (Some(shown), Value::Object(activation)) =
            (shown.as_object_mut(), self.activation.json(place, world.now, true))
        {
            shown.extend(activation);
        }
        Reply::ok(shown)
    }

    /// Sends a challenge to the phone: answered 201, unlike every other factor's.
    pub(super) fn challenge(
        &mut self,
        body: &Map<String, Value>,
        place: Place<'_>,
        world: &mut World,
    ) -> Reply {
        let matches_number = body.get("useNumberMatchingChallenge").and_then(Value::as_bool) == Some(true);
        let transaction = Transaction {
            id: world.mint.long_id("v2mst."),
            expires: after(world.now, CHALLENGE_LASTS),
            outcome: Outcome::Waiting,
            number: matches_number.then(|| world.mint.below("number", 90) + 10),
        };
        let shown = self.transaction_json(&transaction, place, world.now, false);
        if self.transactions.len() == REMEMBERED {
            self.transactions.remove(0);
        }
        self.transactions.push(transaction);
        Reply::created(shown)
    }

    fn transaction_json(
        &self,
        transaction: &Transaction,
        place: Place<'_>,
        now: Timestamp,
        polled: bool,
    ) -> Value {
        let profile = json!({ "credentialId": self.credential });
        let result = match transaction.outcome.at(now, transaction.expires) {
            Outcome::Approved => return json!({ "factorResult": "SUCCESS" }),
            Outcome::Waiting => "WAITING",
            Outcome::Rejected => "REJECTED",
            Outcome::Lapsed => "TIMEOUT",
        };
        if result != "WAITING" {
            return json!({ "factorResult": result, "profile": profile, "_links": links::of_ended_push(place) });
        }
        let href = place.below(&format!("transactions/{}", transaction.id));
        let mut shown = Map::new();
        shown.insert("expiresAt".to_owned(), stamp(transaction.expires).into());
        shown.insert("factorResult".to_owned(), result.into());
        if polled {
            shown.insert("profile".to_owned(), profile);
        }
        let offered =
            json!({ "poll": links::link(&href, &["GET"]), "cancel": links::link(&href, &["DELETE"]) });
        shown.insert("_links".to_owned(), offered);
        if let Some(number) = transaction.number {
            shown.insert("_embedded".to_owned(), json!({ "challenge": { "correctAnswer": number } }));
        }
        Value::Object(shown)
    }

    /// What the control endpoint tells of the challenges that wait.
    pub(in crate::sandbox) fn waiting(&self, now: Timestamp) -> Vec<&str> {
        let open = self.transactions.iter().filter(|t| t.outcome.at(now, t.expires) == Outcome::Waiting);
        open.map(|transaction| transaction.id.as_str()).collect()
    }
}

/// Plays the phone: answers the pending activation, else the latest challenge that waits. False: nothing waits.
pub(in crate::sandbox) fn play(factor: &mut Factor, says: PhoneSays, world: &mut World) -> bool {
    let now = world.now;
    let Means::Push(push) = &mut factor.means else { return false };
    if factor.status == Status::Pending {
        if !push.activation.is_waiting(now) {
            return false;
        }
        push.activation.outcome = says.outcome();
        if push.activation.outcome == Outcome::Approved {
            push.key = Some(world.mint.modulus());
            factor.become_active(world);
        }
        return true;
    }
    let waits = |t: &&mut Transaction| t.outcome.at(now, t.expires) == Outcome::Waiting;
    let Some(transaction) = push.transactions.iter_mut().rev().find(waits) else { return false };
    transaction.outcome = says.outcome();
    true
}

/// `POST …/lifecycle/activate/poll`: how activation stands, and the whole factor once it is active.
pub(in crate::sandbox) fn poll(org: &mut Org, call: &Call, target: &Target<'_>) -> Answer {
    let (user, world) = org.user(target.user)?;
    let factor = find(&mut user.factors, target.factor)?;
    let Means::Push(push) = &factor.means else { return Err(not_push()) };
    if factor.status == Status::Active {
        return Ok(Reply::ok(factor_json(call, &user.id, factor, world.now)));
    }
    let place = Place { origin: &call.origin, user: &user.id, factor: &factor.id };
    Ok(Reply::ok(push.activation.json(place, world.now, true)))
}

/// `POST …/lifecycle/activate/sms` and `/email`: a link instead of the QR code. The waiting starts over.
pub(in crate::sandbox) fn send_link(org: &mut Org, call: &Call, target: &Target<'_>) -> Answer {
    let body = call.body()?;
    let phone = object(&body, "profile").and_then(|profile| text(profile, "phoneNumber"));
    if phone.is_some_and(|phone| e164(&phone).is_none()) {
        return Err(Code::PhoneInvalid.into());
    }
    let (user, world) = org.user(target.user)?;
    user.require_usable()?;
    let factor = find(&mut user.factors, target.factor)?;
    factor.require_pending()?;
    let Means::Push(push) = &mut factor.means else { return Err(not_push()) };
    push.activation = Activation::start(world.now, None);
    factor.updated = world.now;
    let place = Place { origin: &call.origin, user: &user.id, factor: &factor.id };
    Ok(Reply::ok(push.activation.json(place, world.now, true)))
}

/// `GET …/transactions/{id}`.
pub(in crate::sandbox) fn transaction(org: &mut Org, call: &Call, target: &Target<'_>) -> Answer {
    let (user, world) = org.user(target.user)?;
    let factor = find(&mut user.factors, target.factor)?;
    let Means::Push(push) = &factor.means else { return Err(no_transaction(target)) };
    let transaction = push.transactions.iter().find(|transaction| transaction.id == target.item);
    let transaction = transaction.ok_or_else(|| no_transaction(target))?;
    let place = Place { origin: &call.origin, user: &user.id, factor: &factor.id };
    Ok(Reply::ok(push.transaction_json(transaction, place, world.now, true)))
}

/// `DELETE …/transactions/{id}`: the client no longer waits, and the transaction is gone.
pub(in crate::sandbox) fn cancel(org: &mut Org, _: &Call, target: &Target<'_>) -> Answer {
    let (user, _) = org.user(target.user)?;
    let factor = find(&mut user.factors, target.factor)?;
    let Means::Push(push) = &mut factor.means else { return Err(no_transaction(target)) };
    let before = push.transactions.len();
    push.transactions.retain(|transaction| transaction.id != target.item);
    if push.transactions.len() == before { Err(no_transaction(target)) } else { Ok(Reply::gone()) }
}

fn not_push() -> ApiError {
    ApiError::invalid("factorActivateRequest", "Only a push factor is activated by its app.")
}

fn no_transaction(target: &Target<'_>) -> ApiError {
    ApiError::not_found(target.item, "UserFactorTransaction")
}

/// The last part of a QR code's href.
pub(super) fn qr_token(mint: &mut Mint) -> String {
    format!("00{}", mint.word("qr", 40))
}
