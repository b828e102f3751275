//! Users: their life, and the list of them.

use serde_json::{Value, json};

use super::{ORIGIN, Org, question};

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

    let password = json!({ "credentials": { "password": { "value": "SomePassword123" } } });
    let secured = org.call("PUT", user, password).ok();
    assert_eq!((&secured["status"], &secured["profile"]["nickName"]), (&json!("ACTIVE"), &json!("J")));
    let replaced = org.call("PUT", user, json!({ "profile": profile })).ok();
    assert!(replaced["profile"].get("nickName").is_none());

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
