//! Push: activation by polling, challenges by transaction.

use serde_json::{Value, json};

use super::{ORIGIN, Org, factor, id};

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
    assert!(answer["_links"]["verify"].is_object());

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
    assert_eq!((&restarted["factorType"], &restarted["factorResult"]), (&json!("push"), &json!("WAITING")));
    assert!(restarted["_links"]["qrcode"].is_object());
    let sent = org.post(&format!("{push}/lifecycle/activate/email"), None).ok();
    assert!(sent["_links"].get("qrcode").is_none());
    org.phone_says(&push, "approve");
    assert_eq!(org.get(&push).ok()["status"], "ACTIVE");
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
