//! The other kinds of factors, what all kinds have in common, and wrong codes.

use serde_json::json;

use super::{ORIGIN, Org, PHONE, factor, id, question, sms};

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
