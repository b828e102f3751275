//! What Okta's SDKs insist on, in every answer of a whole conversation. Their models refuse what is not so.

use serde_json::{Value, json};

use super::{ORIGIN, Org, PHONE, factor, question, sms};

const STATUSES: &[&str] =
    &["ACTIVE", "PENDING_ACTIVATION", "NOT_SETUP", "STAGED", "PROVISIONED", "DEPROVISIONED", "VERIFIED"];
const RESULTS: &[&str] = &["WAITING", "CHALLENGE", "SUCCESS", "REJECTED", "TIMEOUT", "CANCELLED"];
const TIMES: &[&str] =
    &["created", "lastUpdated", "activated", "statusChanged", "passwordChanged", "expiresAt"];

/// Holds every object in an answer against the rules.
fn check(value: &Value, at: &str) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| check(item, at)),
        Value::Object(fields) => {
            for (name, inner) in fields {
                let at = format!("{at}/{name}");
                match (name.as_str(), inner) {
                    ("status", status) => assert!(is_in(status, STATUSES), "{at}: {status}"),
                    ("factorResult", result) => assert!(is_in(result, RESULTS), "{at}: {result}"),
                    ("id", id) => assert!(id.is_string(), "{at}: {id}"),
                    ("phoneNumber", phone) => assert!(is_e164(phone.as_str().unwrap()), "{at}: {phone}"),
                    ("_links", links) => check_links(links, &at),
                    (name, Value::String(time)) if TIMES.contains(&name) => {
                        assert!(time.parse::<jiff::Timestamp>().is_ok(), "{at}: {time}");
                    }
                    _ => check(inner, &at),
                }
            }
        }
        _ => {}
    }
}

fn is_in(value: &Value, known: &[&str]) -> bool {
    value.as_str().is_some_and(|value| known.contains(&value))
}

fn is_e164(phone: &str) -> bool {
    let digits = phone.strip_prefix('+').unwrap_or_default();
    (2..=15).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Every link is one object; only the links of a push activation, which no model reads, may be a list.
fn check_links(links: &Value, at: &str) {
    for (name, link) in links.as_object().unwrap() {
        if name == "send" {
            continue;
        }
        assert!(link["href"].as_str().unwrap().starts_with(ORIGIN), "{at}/{name}: {link}");
        for verb in link["hints"]["allow"].as_array().into_iter().flatten() {
            assert!(is_in(verb, &["GET", "POST", "PUT", "PATCH", "DELETE"]), "{at}/{name}: {verb}");
        }
    }
}

#[test]
fn every_answer_of_a_long_conversation_fits_the_models_of_the_sdks() {
    let org = Org::with_tick(40);
    let factors = org.user("jane@example.com");
    let user = factors.trim_end_matches("/factors");
    let ask = |method: &str, path: &str, body: Option<Value>| {
        let answer = org.call(method, path, body);
        assert!(answer.status < 300, "{method} {path}: {}", answer.body);
        check(&answer.body, &format!("{method} {path}"));
        answer.body
    };
    let path = |shown: &Value| format!("{factors}/{}", shown["id"].as_str().unwrap());
    let password = json!({ "credentials": { "password": { "value": "SomePassword123" } } });
    ask("POST", user, Some(password));

    let call = json!({ "factorType": "call", "provider": "OKTA", "profile": { "phoneNumber": "+1 (555) 010-4243" } });
    for sent in [sms(PHONE), call, factor("email", "OKTA")] {
        let pending = path(&ask("POST", &factors, Some(sent)));
        ask("GET", &pending, None);
        ask("POST", &format!("{pending}/resend"), None);
        let code = json!({ "passCode": org.code(&pending) });
        let active = path(&ask("POST", &format!("{pending}/lifecycle/activate"), Some(code)));
        let challenge = ask("POST", &format!("{active}/verify"), None);
        assert!(challenge.get("profile").is_none(), "okta 3.x takes only objects in it");
        let code = json!({ "passCode": org.code(&active) });
        ask("POST", &format!("{active}/verify"), Some(code));
    }
    let registration = json!({ "attestation": "o2", "registrationData": "BQ", "clientData": "ey" });
    let assertion = json!({ "authenticatorData": "SZ", "clientData": "ey", "signatureData": "AQ" });
    for key in [factor("u2f", "FIDO"), factor("webauthn", "FIDO")] {
        let key = path(&ask("POST", &factors, Some(key)));
        ask("POST", &format!("{key}/lifecycle/activate"), Some(registration.clone()));
        ask("POST", &format!("{key}/verify"), None);
        let verified = ask("POST", &format!("{key}/verify"), Some(assertion.clone()));
        assert_eq!(verified, json!({ "factorResult": "SUCCESS" }));
    }
    ask("POST", &factors, Some(question()));
    ask("POST", &factors, Some(factor("token:software:totp", "OKTA")));

    let push = path(&ask("POST", &factors, Some(factor("push", "OKTA"))));
    ask("POST", &format!("{push}/lifecycle/activate/poll"), None);
    ask("POST", &format!("{push}/lifecycle/activate"), None);
    org.phone_says(&push, "approve");
    ask("POST", &format!("{push}/lifecycle/activate/poll"), None);
    for answer in ["approve", "reject", "lapse"] {
        let challenge = ask("POST", &format!("{push}/verify"), None);
        let poll = challenge["_links"]["poll"]["href"].as_str().unwrap();
        let transaction = poll.strip_prefix(ORIGIN).unwrap();
        ask("GET", transaction, None);
        org.phone_says(&push, answer);
        let ended = ask("GET", transaction, None);
        assert!(ended["_links"].get("factor").is_none(), "okta 3.x takes it for a whole factor");
    }
    for list in ["", "/catalog", "/questions"] {
        let shown = ask("GET", &format!("{factors}{list}"), None);
        assert!(shown.as_array().unwrap().iter().all(|item| item["_embedded"].get("phones").is_none()));
    }
    ask("POST", &format!("{user}/lifecycle/deactivate"), None);
    ask("GET", user, None);
}
