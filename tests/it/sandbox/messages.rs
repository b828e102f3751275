//! Codes that are sent: SMS, voice call, e-mail, and the phones that stay on file.

use serde_json::json;

use super::{Org, PHONE, factor, id, sms};

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
fn a_code_is_good_for_as_long_as_was_asked_for() {
    let org = Org::new();
    let factors = org.user("jane@example.com");
    let pending = org.post(&format!("{factors}?tokenLifetimeSeconds=60"), sms(PHONE)).ok();
    let pending = format!("{factors}/{}", pending["id"].as_str().unwrap());
    let late = org.code(&pending);
    org.advance("61s");
    org.post(&format!("{pending}/lifecycle/activate"), json!({ "passCode": late })).refused(403, "E0000083");
    assert_eq!(org.post(&format!("{pending}/resend"), None).status, 200);
    let active = org.activate(&pending);
    org.post(&format!("{active}/resend"), None).refused(400, "E0000001");

    let verify = format!("{active}/verify");
    for seconds in ["0", "-1", "86401", "soon"] {
        org.post(&format!("{verify}?tokenLifetimeSeconds={seconds}"), None).refused(400, "E0000001");
    }
    org.advance("30s");
    org.post(&format!("{verify}?tokenLifetimeSeconds=86400"), None).ok();
    let code = org.code(&active);
    org.advance("23h");
    assert_eq!(org.post(&verify, json!({ "passCode": code })).ok()["factorResult"], "SUCCESS");
}
