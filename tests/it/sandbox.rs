//! The sandbox org, asked through `Sandbox::handle` as a server would.

#![allow(clippy::unwrap_used, reason = "clippy.toml allows it in tests, which does not reach their helpers")]

use std::fmt::Write as _;
use std::io::Read;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use overdub::sandbox::{Sandbox, SandboxConfig};
use proptest::prelude::*;
use serde_json::{Value, json};

const ORIGIN: &str = "http://127.0.0.1:8080";
const PHONE: &str = "+18024482036";

/// A sandbox and a client of it.
struct Org(Sandbox);

struct Answer {
    status: u16,
    headers: HeaderMap,
    raw: Bytes,
    body: Value,
}

impl Org {
    fn new() -> Self {
        Self(Sandbox::new(SandboxConfig::default()))
    }

    fn with_tick(seconds: u64) -> Self {
        Self(Sandbox::new(SandboxConfig { tick: Duration::from_secs(seconds), ..SandboxConfig::default() }))
    }

    fn send(&self, request: Request<Bytes>) -> Answer {
        let (head, raw) = self.0.handle(ORIGIN, request).into_parts();
        let body = serde_json::from_slice(&raw).unwrap_or_default();
        Answer { status: head.status.as_u16(), headers: head.headers, raw, body }
    }

    fn call(&self, method: &str, path: &str, body: impl Into<Option<Value>>) -> Answer {
        let request = Request::builder().method(method).uri(path).header("authorization", "SSWS token");
        let body = body.into().map_or(Bytes::new(), |body: Value| body.to_string().into());
        let request = request.header("content-type", "application/json");
        self.send(request.body(body).unwrap())
    }

    fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None)
    }

    fn post(&self, path: &str, body: impl Into<Option<Value>>) -> Answer {
        self.call("POST", path, body)
    }

    /// Creates a user and gives the path of its factors.
    fn user(&self, login: &str) -> String {
        let profile =
            json!({ "firstName": "Jane", "lastName": "Doe", "email": "jane@example.com", "login": login });
        let created = self.post("/api/v1/users", json!({ "profile": profile })).ok();
        format!("/api/v1/users/{}/factors", created["id"].as_str().unwrap())
    }

    /// Enrols a factor and gives its path.
    fn enroll(&self, factors: &str, body: Value) -> String {
        let enrolled = self.post(factors, body).ok();
        format!("{factors}/{}", enrolled["id"].as_str().unwrap())
    }

    fn code(&self, factor: &str) -> String {
        let id = factor.rsplit('/').next().unwrap();
        self.get(&format!("/__sandbox/codes/{id}")).ok()["code"].as_str().unwrap().to_owned()
    }

    /// Activates with the right code and gives the path the factor has then.
    fn activate(&self, factor: &str) -> String {
        let code = self.code(factor);
        let active = self.post(&format!("{factor}/lifecycle/activate"), json!({ "passCode": code })).ok();
        assert_eq!(active["status"], "ACTIVE");
        format!("{}/{}", factor.rsplit_once('/').unwrap().0, active["id"].as_str().unwrap())
    }

    fn phone_says(&self, factor: &str, answer: &str) {
        let id = factor.rsplit('/').next().unwrap();
        self.post(&format!("/__sandbox/push/{id}"), json!({ "answer": answer })).ok();
    }

    fn advance(&self, by: &str) {
        self.post("/__sandbox/clock", json!({ "advance": by })).ok();
    }
}

impl Answer {
    fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body
    }

    fn refused(&self, status: u16, code: &str) {
        assert_eq!((self.status, &self.body["errorCode"]), (status, &json!(code)), "{}", self.body);
        assert_eq!(self.body["errorLink"], code);
        assert!(self.body["errorId"].as_str().unwrap().starts_with("oae"));
        assert!(self.body["errorCauses"].is_array());
    }

    fn cause(&self) -> &str {
        self.body["errorCauses"][0]["errorSummary"].as_str().unwrap_or_default()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}

fn sms(number: &str) -> Value {
    json!({ "factorType": "sms", "provider": "OKTA", "profile": { "phoneNumber": number } })
}

fn factor(factor_type: &str, provider: &str) -> Value {
    json!({ "factorType": factor_type, "provider": provider })
}

fn question() -> Value {
    let profile = json!({ "question": "disliked_food", "answer": "mayonnaise" });
    json!({ "factorType": "question", "provider": "OKTA", "profile": profile })
}

fn id(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

#[test]
fn a_verified_phone_is_remembered_after_its_factor_is_deleted() {
    let org = Org::new();
    let factors = org.user("jdoe");
    let user = factors.trim_end_matches("/factors");
    let password = json!({ "credentials": { "password": { "value": "SomePassword123" } } });
    assert_eq!(org.post(user, password).ok()["status"], "ACTIVE");

    let pending = org.post(&factors, sms(PHONE)).ok();
    assert_eq!(pending["status"], "PENDING_ACTIVATION");
    let pending = format!("{factors}/{}", pending["id"].as_str().unwrap());
    assert!(id(&pending).starts_with("mbl"));
    let active = org.activate(&pending);
    assert!(id(&active).starts_with("sms"));
    org.get(&pending).refused(404, "E0000007");

    let deleted = org.call("DELETE", &active, None);
    assert_eq!((deleted.status, deleted.raw.len()), (204, 0));
    assert!(deleted.headers.get("content-type").is_none());
    let again = org.post(&factors, sms(PHONE)).ok();
    assert_eq!(again["status"], "ACTIVE");
    assert_ne!(again["id"], id(&active));
    assert!(again["id"].as_str().unwrap().starts_with("sms"));
}

#[test]
fn a_totp_factor_is_activated_and_verified_with_codes_of_its_secret() {
    let org = Org::new();
    let factors = org.user("jane@example.com");
    let enrolled = org.post(&factors, factor("token:software:totp", "OKTA")).ok();
    let totp = format!("{factors}/{}", enrolled["id"].as_str().unwrap());
    let activation = &enrolled["_embedded"]["activation"];
    let secret = totp_rs::Secret::try_from_base32(activation["sharedSecret"].as_str().unwrap()).unwrap();
    let device = totp_rs::Builder::new().with_secret(secret).build_noncompliant();
    let now = |org: &Org| {
        let state = org.get("/__sandbox/state").ok();
        u64::try_from(state["now"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_second()).unwrap()
    };
    let qr = activation["_links"]["qrcode"]["href"].as_str().unwrap().strip_prefix(ORIGIN).unwrap();
    let image = org.get(qr);
    assert_eq!((image.header("content-type"), &image.raw[1..4]), ("image/png", &b"PNG"[..]));

    let code = device.generate(now(&org)).to_string();
    let active = org.post(&format!("{totp}/lifecycle/activate"), json!({ "passCode": code })).ok();
    assert_eq!((&active["status"], &active["id"]), (&json!("ACTIVE"), &enrolled["id"]));
    assert!(active.get("_embedded").is_none());
    org.post(&format!("{totp}/verify"), json!({ "passCode": code })).refused(403, "E0000082");
    org.advance("30s");
    let code = device.generate(now(&org)).to_string();
    let verified = org.post(&format!("{totp}/verify"), json!({ "passCode": code })).ok();
    assert_eq!(verified, json!({ "factorResult": "SUCCESS" }));
}

#[test]
fn a_code_of_the_wall_clock_is_accepted_too() {
    let org = Org::new();
    let enrolled = org.post(&org.user("jane@example.com"), factor("token:software:totp", "GOOGLE")).ok();
    assert!(enrolled["id"].as_str().unwrap().starts_with("uft"));
    let secret = enrolled["_embedded"]["activation"]["sharedSecret"].as_str().unwrap();
    let secret = totp_rs::Secret::try_from_base32(secret).unwrap();
    let wall = u64::try_from(overdub::clock::Clock::Wall.now().as_second()).unwrap();
    let code = totp_rs::Builder::new().with_secret(secret).build_noncompliant().generate(wall).to_string();
    let activate = enrolled["_links"]["activate"]["href"].as_str().unwrap().strip_prefix(ORIGIN).unwrap();
    assert_eq!(org.post(activate, json!({ "passCode": code })).ok()["status"], "ACTIVE");
}

#[test]
fn a_push_factor_waits_until_the_phone_approves_and_then_poll_gives_the_factor() {
    let org = Org::new();
    let factors = org.user("jane@example.com");
    let enrolled = org.post(&factors, factor("push", "OKTA")).ok();
    assert_eq!(enrolled["_embedded"]["activation"]["factorResult"], "WAITING");
    let push = format!("{factors}/{}", enrolled["id"].as_str().unwrap());
    let poll = enrolled["_links"]["poll"]["href"].as_str().unwrap().strip_prefix(ORIGIN).unwrap();
    let waiting = org.post(poll, None).ok();
    assert_eq!(waiting["factorResult"], "WAITING");
    assert_eq!(waiting["_links"]["send"][1]["name"], "sms");

    org.phone_says(&push, "approve");
    let active = org.post(poll, None).ok();
    assert_eq!((&active["status"], &active["id"]), (&json!("ACTIVE"), &enrolled["id"]));
    assert_eq!(active["profile"]["keys"][0]["kid"], "default");

    let challenge = org.post(&format!("{push}/verify"), None);
    assert_eq!(challenge.status, 201);
    assert_eq!(challenge.body["factorResult"], "WAITING");
    let transaction =
        challenge.body["_links"]["poll"]["href"].as_str().unwrap().strip_prefix(ORIGIN).unwrap();
    assert!(id(transaction).starts_with("v2mst."));
    assert_eq!(org.get(transaction).ok()["profile"]["credentialId"], "jane@example.com");
    org.phone_says(&push, "approve");
    assert_eq!(org.get(transaction).ok(), json!({ "factorResult": "SUCCESS" }));
}

#[test]
fn a_push_can_be_rejected_cancelled_or_left_alone_and_may_show_a_number() {
    let org = Org::new();
    let push = org.enroll(&org.user("jane@example.com"), factor("push", "OKTA"));
    org.phone_says(&push, "approve");
    let challenge = |body: Option<Value>| {
        let body = org.post(&format!("{push}/verify"), body).body;
        let href = body["_links"]["cancel"]["href"].as_str().unwrap().to_owned();
        (href.strip_prefix(ORIGIN).unwrap().to_owned(), body)
    };
    let (rejected, _) = challenge(None);
    org.phone_says(&push, "reject");
    let answer = org.get(&rejected).ok();
    assert_eq!(answer["factorResult"], "REJECTED");
    assert!(answer["_links"]["verify"].is_object() && answer["_links"]["factor"].is_object());

    let (lapsed, _) = challenge(None);
    org.advance("5m");
    assert_eq!(org.get(&lapsed).ok()["factorResult"], "TIMEOUT");

    let (cancelled, body) = challenge(Some(json!({ "useNumberMatchingChallenge": true })));
    assert!((10..100).contains(&body["_embedded"]["challenge"]["correctAnswer"].as_u64().unwrap()));
    assert_eq!(org.call("DELETE", &cancelled, None).status, 204);
    org.get(&cancelled).refused(404, "E0000007");
}

#[test]
fn a_lapsed_push_activation_says_timeout_and_can_be_started_again() {
    let org = Org::new();
    let factors = org.user("jane@example.com");
    let push = org.enroll(&factors, factor("push", "OKTA"));
    org.advance("10m");
    let lapsed = org.post(&format!("{push}/lifecycle/activate/poll"), None).ok();
    assert_eq!(lapsed["factorResult"], "TIMEOUT");
    assert!(lapsed.get("expiresAt").is_none());
    let listed = org.get(&factors).ok();
    assert_eq!(listed[0]["status"], "PENDING_ACTIVATION");
    assert_eq!(listed[0]["_embedded"]["activation"]["factorResult"], "TIMEOUT");

    let activate = lapsed["_links"]["activate"]["href"].as_str().unwrap().strip_prefix(ORIGIN).unwrap();
    let restarted = org.post(activate, None).ok();
    assert_eq!(restarted["factorResult"], "WAITING");
    assert!(restarted["_links"]["qrcode"].is_object());
    let sent = org.post(&format!("{push}/lifecycle/activate/email"), None).ok();
    assert!(sent["_links"].get("qrcode").is_none());
    org.phone_says(&push, "approve");
    assert_eq!(org.get(&push).ok()["status"], "ACTIVE");
}

#[test]
fn five_wrong_codes_in_a_row_lock_the_user_for_five_minutes() {
    let org = Org::new();
    let asked = org.enroll(&org.user("jane@example.com"), question());
    let verify = |answer: &str| org.post(&format!("{asked}/verify"), json!({ "answer": answer }));
    for _ in 0..5 {
        let wrong = verify("ketchup");
        wrong.refused(403, "E0000068");
        assert!(wrong.cause().contains("doesn't match our records"));
    }
    verify("mayonnaise").refused(403, "E0000069");
    org.advance("5m");
    assert_eq!(verify("Mayonnaise ").ok()["factorResult"], "SUCCESS");
}

#[test]
fn a_right_answer_in_between_starts_the_count_of_wrong_ones_again() {
    let org = Org::new();
    let asked = org.enroll(&org.user("jane@example.com"), question());
    for round in 0..12 {
        let answer = if round % 4 == 3 { "mayonnaise" } else { "ketchup" };
        let expected = if round % 4 == 3 { 200 } else { 403 };
        let answered = org.post(&format!("{asked}/verify"), json!({ "answer": answer }));
        assert_eq!(answered.status, expected, "{}", answered.body);
    }
}

#[test]
fn a_phone_gets_one_message_in_thirty_seconds_and_an_address_one_in_five() {
    let org = Org::new();
    let factors = org.user("jane@example.com");
    let pending = org.enroll(&factors, sms(PHONE));
    let limited = org.post(&factors, sms(PHONE));
    limited.refused(429, "E0000109");
    assert!(!limited.header("x-rate-limit-reset").is_empty());
    org.post(&format!("{pending}/resend"), sms(PHONE)).refused(429, "E0000109");
    org.advance("31s");
    assert_eq!(org.post(&format!("{pending}/resend"), sms(PHONE)).status, 200);

    let call = json!({ "factorType": "call", "provider": "OKTA", "profile": { "phoneNumber": PHONE } });
    org.enroll(&factors, call.clone());
    org.post(&factors, call).refused(429, "E0000133");
    org.enroll(&factors, factor("email", "OKTA"));
    org.post(&factors, factor("email", "OKTA")).refused(429, "E0000118");
    org.advance("5s");
    assert_eq!(org.post(&factors, factor("email", "OKTA")).status, 200);
}

#[test]
fn a_longer_tick_passes_the_windows_without_control_calls() {
    let org = Org::with_tick(40);
    let factors = org.user("jane@example.com");
    for _ in 0..3 {
        assert_eq!(org.post(&factors, sms(PHONE)).ok()["status"], "PENDING_ACTIVATION");
    }
}

#[test]
fn a_challenge_sends_a_code_and_the_same_call_with_the_code_verifies() {
    let org = Org::new();
    let active = org.activate(&org.enroll(&org.user("jane@example.com"), sms(PHONE)));
    let verify = format!("{active}/verify");
    org.post(&verify, None).refused(429, "E0000109");
    org.advance("31s");
    let challenge = org.post(&verify, json!({})).ok();
    assert_eq!(challenge["factorResult"], "CHALLENGE");
    assert_eq!(challenge["profile"]["phoneNumber"], PHONE);
    let code = org.code(&active);
    assert_eq!(org.post(&verify, json!({ "passCode": code })).ok(), json!({ "factorResult": "SUCCESS" }));
    org.post(&verify, json!({ "passCode": code })).refused(403, "E0000082");
    org.advance("31s");
    org.post(&verify, None).ok();
    let late = org.code(&active);
    org.advance("5m");
    org.post(&verify, json!({ "passCode": late })).refused(403, "E0000083");
}

#[test]
fn another_phone_needs_update_phone_and_a_second_factor_of_a_type_is_refused() {
    let org = Org::with_tick(40);
    let factors = org.user("jane@example.com");
    let active = org.activate(&org.enroll(&factors, sms(PHONE)));
    let second = org.post(&factors, sms(PHONE));
    second.refused(400, "E0000001");
    assert_eq!(second.cause(), "A factor of this type is already set up.");
    let other = org.post(&factors, sms("+16134561234"));
    assert_eq!(other.cause(), "There is an existing verified phone number.");
    assert_eq!(org.call("DELETE", &active, None).status, 204);

    let other = org.post(&factors, sms("+16134561234"));
    other.refused(400, "E0000001");
    assert_eq!(other.body["errorSummary"], "Api validation failed: factorEnrollRequest");
    assert_eq!(other.cause(), "There is an existing verified phone number.");
    let updated = org.post(&format!("{factors}?updatePhone=true"), sms("+1-613-456-1234")).ok();
    assert_eq!(updated["status"], "PENDING_ACTIVATION");
    assert_eq!(updated["profile"]["phoneNumber"], "+16134561234");
    let active = org.activate(&format!("{factors}/{}", updated["id"].as_str().unwrap()));
    assert_eq!(org.call("DELETE", &format!("{active}?removeRecoveryEnrollment=true"), None).status, 204);
    assert_eq!(org.post(&factors, sms("+16134561234")).ok()["status"], "PENDING_ACTIVATION");
}

#[test]
fn activate_true_needs_no_code_and_no_waiting() {
    let org = Org::new();
    let factors = org.user("jane@example.com");
    let active = org.post(&format!("{factors}?activate=true&templateId=cst1"), sms(PHONE)).ok();
    assert_eq!(active["status"], "ACTIVE");
    assert_eq!(org.post(&format!("{factors}/{}/verify", active["id"].as_str().unwrap()), None).status, 200);
    org.post(&format!("{factors}?tokenLifetimeSeconds=0"), factor("email", "OKTA")).refused(400, "E0000001");
}

#[test]
fn every_kind_of_factor_enrols_and_rubbish_is_refused_with_its_code() {
    let org = Org::new();
    let factors = org.user("jane@example.com");
    for (number, status) in [("call me", 400), ("+0", 400), ("+4930123456", 200)] {
        assert_eq!(org.post(&factors, sms(number)).status, status, "{number}");
    }
    org.post(&factors, sms("call me")).refused(400, "E0000098");
    org.post(&factors, factor("telepathy", "OKTA")).refused(400, "E0000001");
    let absent = org.post(&factors, factor("token", "RSA"));
    assert_eq!(absent.cause(), "Factor not allowed for the user based on the Multifactor policy.");
    let foreign =
        json!({ "factorType": "email", "provider": "OKTA", "profile": { "email": "who@example.com" } });
    assert_eq!(
        org.post(&factors, foreign).cause(),
        "Only verified primary or secondary email can be enrolled."
    );

    let shared = json!({ "sharedSecret": "3132333435363738393031323334353637383930" });
    let hotp = json!({ "factorType": "token:hotp", "provider": "CUSTOM", "profile": shared });
    let hotp = org.enroll(&factors, hotp);
    for code in ["755224", "287082"] {
        assert_eq!(org.post(&format!("{hotp}/verify"), json!({ "passCode": code })).status, 200);
    }
    let key = org.enroll(&factors, factor("u2f", "FIDO"));
    let registration = json!({ "registrationData": "BQTE", "clientData": "eyJ0" });
    let active = org.post(&format!("{key}/lifecycle/activate"), registration).ok();
    assert_eq!(active["profile"]["version"], "U2F_V2");
    assert_eq!(org.post(&format!("{key}/verify"), None).ok()["factorResult"], "CHALLENGE");
    let passkey = org.enroll(&factors, factor("webauthn", "FIDO"));
    org.post(&format!("{passkey}/lifecycle/activate"), json!({})).refused(400, "E0000001");
    org.post(&format!("{passkey}/verify"), None).refused(410, "E0000154");
    let email = org.activate(&org.enroll(&factors, factor("email", "OKTA")));
    assert!(id(&email).starts_with("emf"));
}

#[test]
fn a_question_is_changed_in_place_and_reset_removes_every_factor() {
    let org = Org::new();
    let factors = org.user("jane@example.com");
    let asked = org.enroll(&factors, question());
    let profile = json!({ "profile": { "question": "favorite_toy", "answer": "blocks" } });
    let changed = org.call("PUT", &asked, profile).ok();
    assert_eq!(changed["id"], id(&asked));
    assert_eq!(changed["profile"]["question"], "favorite_toy");
    assert_ne!(changed["created"], changed["lastUpdated"]);
    assert_eq!(org.get(&format!("{factors}/questions")).ok().as_array().unwrap().len(), 19);
    let catalog = org.get(&format!("{factors}/catalog")).ok();
    let status = |at: usize| catalog[at]["status"].as_str().unwrap().to_owned();
    assert_eq!((status(0), status(1)), ("ACTIVE".to_owned(), "NOT_SETUP".to_owned()));

    let user = factors.trim_end_matches("/factors");
    assert_eq!(org.post(&format!("{user}/lifecycle/reset_factors"), None).ok(), json!({}));
    assert_eq!(org.get(&factors).ok(), json!([]));
}

#[test]
fn unenrolling_push_takes_the_totp_of_the_same_app_along() {
    let org = Org::new();
    let factors = org.user("jane@example.com");
    let push = org.enroll(&factors, factor("push", "OKTA"));
    org.enroll(&factors, factor("token:software:totp", "OKTA"));
    let google = org.enroll(&factors, factor("token:software:totp", "GOOGLE"));
    assert_eq!(org.call("DELETE", &push, None).status, 204);
    let left = org.get(&factors).ok();
    assert_eq!((left.as_array().unwrap().len(), &left[0]["id"]), (1, &json!(id(&google))));
}

#[test]
fn links_fit_the_status() {
    let org = Org::new();
    let factors = org.user("jane@example.com");
    let links = |path: &str| {
        let shown = org.get(path).ok();
        let links = shown["_links"].as_object().unwrap().clone();
        (links.keys().cloned().collect::<Vec<_>>().join(" "), links["self"]["hints"]["allow"].clone())
    };
    let pending = org.enroll(&factors, sms(PHONE));
    assert_eq!(links(&pending), ("activate resend self user".to_owned(), json!(["GET"])));
    let active = org.activate(&pending);
    assert_eq!(links(&active), ("verify self user".to_owned(), json!(["GET", "DELETE"])));
    let asked = org.enroll(&factors, question());
    assert_eq!(links(&asked), ("questions self user".to_owned(), json!(["GET", "DELETE"])));
    let push = org.enroll(&factors, factor("push", "OKTA"));
    assert_eq!(links(&push), ("poll self user".to_owned(), json!(["GET"])));
    org.advance("10m");
    assert_eq!(links(&push), ("activate self user".to_owned(), json!(["GET"])));
}

#[test]
fn what_is_not_there_is_named_and_what_is_not_allowed_is_said() {
    let org = Org::new();
    let factors = org.user("jane@example.com");
    let user = org.get("/api/v1/users/nobody");
    user.refused(404, "E0000007");
    assert_eq!(user.body["errorSummary"], "Not found: Resource not found: nobody (User)");
    let missing = org.get(&format!("{factors}/sms1"));
    assert_eq!(missing.body["errorSummary"], "Not found: Resource not found: sms1 (UserFactor)");
    org.call("PATCH", &factors, json!({})).refused(405, "E0000022");
    org.get("/api/v1/groups").refused(404, "E0000008");

    let raw = |body: &'static str, media_type: &str, token: &str| {
        let request = Request::builder().method("POST").uri(&factors).header("content-type", media_type);
        let request = if token.is_empty() { request } else { request.header("authorization", token) };
        org.send(request.body(Bytes::from_static(body.as_bytes())).unwrap())
    };
    raw("{\"factorType\":", "application/json", "SSWS token").refused(400, "E0000003");
    raw("[]", "application/json", "SSWS token").refused(400, "E0000003");
    raw("factorType=sms", "application/x-www-form-urlencoded", "SSWS token").refused(400, "E0000021");
    for token in ["", "Basic x", "SSWS", "Bearer "] {
        let refused = raw("{}", "application/json", token);
        refused.refused(401, "E0000011");
        assert_eq!(refused.header("www-authenticate"), "SSWS");
        assert!(refused.headers.get("cache-control").is_none());
    }
    for token in ["SSWStoken", "SSWS token", "Bearer token"] {
        assert_eq!(raw("{}", "application/json", token).status, 400, "{token}");
    }
}

#[test]
fn users_live_from_staged_to_deleted() {
    let org = Org::new();
    let profile = json!({ "email": "joe@example.com", "login": "joe@example.com" });
    let staged = org.post("/api/v1/users?activate=false", json!({ "profile": profile })).ok();
    assert_eq!((&staged["status"], &staged["activated"]), (&json!("STAGED"), &Value::Null));
    let double = org.post("//api/v1/users/", json!({ "profile": profile }));
    double.refused(400, "E0000001");
    assert_eq!(double.body["errorSummary"], "Api validation failed: login");
    let user = "/api/v1/users/joe%40example.com";
    let token = org.post(&format!("{user}/lifecycle/activate?sendEmail=false"), None).ok();
    assert!(token["activationUrl"].as_str().unwrap().starts_with(ORIGIN));
    assert_eq!(org.get(user).ok()["status"], "PROVISIONED");
    org.post(&format!("{user}/lifecycle/activate"), None).refused(403, "E0000016");
    org.post(user, json!({ "credentials": { "password": { "value": "weak" } } })).refused(400, "E0000001");
    let named = org.post(user, json!({ "profile": { "firstName": "Joe", "nickName": "J" } })).ok();
    assert_eq!((&named["profile"]["nickName"], &named["profile"]["login"]), (&json!("J"), &profile["login"]));

    assert_eq!(org.call("DELETE", user, None).status, 204);
    assert_eq!(org.get(user).ok()["status"], "DEPROVISIONED");
    org.post(&format!("{user}/factors"), question()).refused(403, "E0000038");
    assert_eq!(org.call("DELETE", user, None).status, 204);
    org.get(user).refused(404, "E0000007");
}

#[test]
fn lists_of_users_are_linked_page_by_page() {
    let org = Org::new();
    for number in 0..5 {
        org.user(&format!("user{number}@example.com"));
    }
    let (mut path, mut seen) = ("/api/v1/users?limit=2&q=jane".to_owned(), Vec::new());
    loop {
        let page = org.get(&path);
        seen.extend(page.body.as_array().unwrap().iter().map(|user| user["id"].clone()));
        let links: Vec<_> = page.headers.get_all("link").iter().map(|link| link.to_str().unwrap()).collect();
        assert_eq!(links[0], format!("<{ORIGIN}{path}>; rel=\"self\""));
        let Some(next) = links.get(1) else { break };
        let next = next.strip_prefix(&format!("<{ORIGIN}")).unwrap();
        next.strip_suffix(">; rel=\"next\"").unwrap().clone_into(&mut path);
    }
    seen.dedup();
    assert_eq!(seen.len(), 5);
    let one = org.get("/api/v1/users?search=profile.login+eq+%22user3%40example.com%22").ok();
    assert_eq!(one.as_array().unwrap().len(), 1);
    org.get("/api/v1/users?filter=status+gt+1").refused(400, "E0000031");
    org.get("/api/v1/users?after=nobody").refused(400, "E0000029");
}

#[test]
fn answers_carry_the_headers_of_the_real_org() {
    let org = Org::new();
    let created = org.user("jane@example.com");
    let answer = org.get(&created);
    assert_eq!(answer.header("date"), "Mon, 05 Jan 2026 09:00:01 GMT");
    assert_eq!(answer.header("server"), "nginx");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("x-okta-request-id").len(), 32);
    assert_eq!(answer.header("x-rate-limit-limit"), "600");
    assert_eq!(answer.header("x-rate-limit-remaining"), "598");
    assert_eq!(answer.header("x-rate-limit-reset"), "1767603660");
    assert_eq!(answer.header("cache-control"), "no-cache, no-store");
    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
    assert_eq!(cookies.len(), 2);
    assert!(cookies[1].to_str().unwrap().starts_with("JSESSIONID="));
    let head = org.call("HEAD", &created, None);
    assert_eq!((head.status, head.raw.len(), head.header("content-length")), (200, 0, "2"));
}

#[test]
fn the_rate_limit_counts_down_and_the_minute_ends_it() {
    let org = Org::new();
    org.post("/__sandbox/ratelimit", json!({ "limit": 2 })).ok();
    for remaining in ["1", "0"] {
        assert_eq!(org.get("/api/v1/users").header("x-rate-limit-remaining"), remaining);
    }
    let limited = org.get("/api/v1/users");
    limited.refused(429, "E0000047");
    assert_eq!(limited.header("x-rate-limit-remaining"), "0");
    assert!(limited.headers.get("cache-control").is_none());
    org.advance("1m");
    assert_eq!(org.get("/api/v1/users").status, 200);
}

#[test]
fn a_body_is_packed_for_a_client_that_takes_gzip() {
    let org = Org::new();
    let ask = |accepts: &str| {
        let request = Request::get("/api/v1/users").header("authorization", "SSWS x");
        org.send(request.header("accept-encoding", accepts).body(Bytes::new()).unwrap())
    };
    let packed = ask("gzip, deflate");
    assert_eq!((packed.header("content-encoding"), packed.header("vary")), ("gzip", "Accept-Encoding"));
    let mut plain = String::new();
    flate2::read::GzDecoder::new(&packed.raw[..]).read_to_string(&mut plain).unwrap();
    assert_eq!(plain, "[]");
    assert_eq!(ask("gzip;q=0, *").header("content-encoding"), "");
    assert_eq!(ask("br").header("content-encoding"), "");
}

#[test]
fn control_calls_leave_no_trace_in_the_answers_and_name_themselves() {
    let (watched, alone) = (Org::new(), Org::new());
    watched.get("/__sandbox/state").ok();
    let lost = watched.get("/__sandbox/nothing");
    assert_eq!(lost.status, 404);
    assert_eq!(lost.body["endpoints"].as_array().unwrap().len(), 6);
    assert_eq!(watched.post("/__sandbox/clock", json!({ "advance": "soon" })).status, 400);
    assert_eq!(watched.post("/__sandbox/push/opf1", json!({ "answer": "approve" })).status, 404);
    let path = "/api/v1/users";
    assert_eq!(format!("{:?}", watched.get(path).headers), format!("{:?}", alone.get(path).headers));
    watched.post("/__sandbox/reset", None).ok();
    assert_eq!(watched.get(path).header("date"), "Mon, 05 Jan 2026 09:00:00 GMT");
}

/// Plays a flow and writes down every answer, headers included.
fn transcript(org: &Org) -> String {
    let mut written = String::new();
    let factors = org.user("jane@example.com");
    let push = org.enroll(&factors, factor("push", "OKTA"));
    org.phone_says(&push, "approve");
    let sms = org.activate(&org.enroll(&factors, sms(PHONE)));
    for (method, path) in
        [("POST", format!("{push}/verify")), ("DELETE", sms), ("GET", factors), ("GET", push)]
    {
        let answer = org.call(method, &path, None);
        writeln!(written, "{} {:?} {:?}", answer.status, answer.headers, answer.raw).unwrap();
    }
    written
}

#[test]
fn the_same_requests_give_the_same_bytes_and_another_seed_gives_others() {
    assert_eq!(transcript(&Org::new()), transcript(&Org::new()));
    let other = Org(Sandbox::new(SandboxConfig { seed: 1, ..SandboxConfig::default() }));
    assert_ne!(transcript(&Org::new()), transcript(&other));
}

/// Paths as they are asked for; `{f}` stands for the id of the first factor there is.
const PATHS: &[&str] = &[
    "/api/v1/users",
    "/api/v1/users/jane",
    "//api/v1/users/jane/lifecycle/activate/",
    "/api/v1/users/jane/lifecycle/deactivate",
    "/api/v1/users/jane/factors",
    "/api/v1/users/jane/factors/catalog",
    "/api/v1/users/jane/factors/{f}",
    "/api/v1/users/jane/factors/{f}/lifecycle/activate",
    "/api/v1/users/jane/factors/{f}/lifecycle/activate/poll",
    "/api/v1/users/jane/factors/{f}/lifecycle/activate/sms",
    "/api/v1/users/jane/factors/{f}/verify",
    "/api/v1/users/jane/factors/{f}/resend",
    "/__sandbox/push/{f}",
    "/__sandbox/clock",
    "/__sandbox/ratelimit",
];
const BODIES: &[&str] = &[
    r#"{"profile":{"login":"jane","email":"j@x"}}"#,
    r#"{"factorType":"sms","provider":"OKTA","profile":{"phoneNumber":15551234567}}"#,
    r#"{"factorType":"question","provider":"OKTA","profile":{"question":"favorite_toy","answer":"\ud83d\ude00abc"}}"#,
    r#"{"factorType":"push","provider":"OKTA"}"#,
    r#"{"factorType":"webauthn","provider":"FIDO","profile":null}"#,
    r#"{"passCode":-0.5,"answer":"approve","advance":"9years","limit":4294967295}"#,
    r#"{"answer":"reject","advance":"99999999999999999999years","limit":-1,"useNumberMatchingChallenge":1}"#,
];

/// Requests that make sense halfway, among rubbish.
fn odd_request() -> impl Strategy<Value = (&'static str, String, Vec<u8>)> {
    let method =
        prop::sample::select(&["GET", "POST", "POST", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"][..]);
    let known = prop::sample::select(PATHS).prop_map(str::to_owned);
    let path = prop_oneof![8 => known, 1 => "/(api/v1/users/)?[a-z%/]{0,12}"];
    let query = "(\\?(limit|after|q|filter|activate|tokenLifetimeSeconds)=[-0-9a-z%+]{0,12})?";
    let known = prop::sample::select(BODIES).prop_map(|body| body.as_bytes().to_vec());
    let body = prop_oneof![4 => known, 1 => prop::collection::vec(any::<u8>(), 0..40)];
    (method, path, query, body).prop_map(|(method, path, query, body)| (method, path + &query, body))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_asked_is_answered_and_two_orgs_answer_alike(
        requests in prop::collection::vec(odd_request(), 1..60),
    ) {
        let orgs = [Org::new(), Org::new()];
        for org in &orgs {
            org.user("jane");
        }
        for (method, path, body) in requests {
            let ask = |org: &Org| -> Option<Response<Bytes>> {
                let state = org.get("/__sandbox/state").body;
                let path = path.replace("{f}", state["users"][0]["factors"][0]["id"].as_str().unwrap_or("sms1"));
                let request = Request::builder().method(method).uri(&path).header("authorization", "SSWS x");
                Some(org.0.handle(ORIGIN, request.body(body.clone().into()).ok()?))
            };
            let [first, second] = orgs.each_ref().map(ask);
            prop_assert_eq!(format!("{first:?}"), format!("{second:?}"));
            let status = first.map_or(StatusCode::OK, |answer| answer.status());
            prop_assert!(!status.is_server_error());
        }
    }
}
