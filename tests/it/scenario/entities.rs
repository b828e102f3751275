//! Entities that a scenario changed show everywhere, and an impossible world is never shown.

use serde_json::json;

use super::{FACTOR, FACTOR_PATH, Stage, recorded, request};

const LIST: &str = "/api/v1/users/00u1/factors";

fn list() -> String {
    format!(r#"[{{"id":"sms1","factorType":"sms","status":"ACTIVE"}}, {FACTOR}]"#)
}

/// `POST /change` makes the entity so.
fn changing(call: &str) -> Stage {
    let stage = Stage::of(&format!("on_request(\"POST /change\", |req, state| {{ {call} respond(200) }});"));
    stage.play(&request("POST", "/change", ""), &recorded("{}")).unwrap();
    stage
}

#[test]
fn an_overlay_shows_in_the_item_in_lists_and_embedded_with_links_that_fit() {
    let stage = changing("entity(\"opf1\", #{ status: \"EXPIRED\" });");
    let item = stage.get(FACTOR_PATH, FACTOR);
    insta::assert_snapshot!(item.text(), @r#"{"id":"opf1","factorType":"push","provider":"OKTA","status":"EXPIRED","created":"2020-04-22T12:09:20.000Z","_links":{"self":{"href":"https://x.test/api/v1/users/00u1/factors/opf1","hints":{"allow":["GET"]}},"activate":{"href":"https://x.test/api/v1/users/00u1/factors/opf1/lifecycle/activate","hints":{"allow":["POST"]}}}}"#);
    assert_eq!(stage.get(LIST, &list()).text(), list().replace(FACTOR, item.text()));
    let embedded = format!(r#"{{"status":"MFA_REQUIRED", "_embedded":{{"factors":[{FACTOR}]}}}}"#);
    assert_eq!(stage.get("/api/v1/authn", &embedded).text(), embedded.replace(FACTOR, item.text()));
    let other = r#"{ "id":"opf2", "status":"ACTIVE", "about":"opf1" }"#;
    assert_eq!(stage.get("/api/v1/users/00u1/factors/opf2", other).text(), other);
    assert_eq!(stage.get(FACTOR_PATH, "<html>opf1</html>").text(), "<html>opf1</html>");
}

#[test]
fn an_active_factor_can_be_verified_and_deleted() {
    let stage = changing("entity(\"opf1\", #{ status: \"ACTIVE\", profile: #{ name: \"phone\" } });");
    let shown = stage.get(FACTOR_PATH, FACTOR).json();
    assert_eq!(shown["_links"]["self"]["hints"]["allow"], json!(["GET", "DELETE"]));
    assert_eq!(shown["_links"]["verify"]["href"], "https://x.test/api/v1/users/00u1/factors/opf1/verify");
    assert!(shown["_links"].get("poll").is_none() && shown.get("_embedded").is_none());
    assert_eq!(shown["profile"]["name"], "phone");
}

#[test]
fn patches_add_up_merge_and_take_away() {
    let stage = changing(
        "entity(\"opf1\", #{ profile: #{ a: 1 } }); entity(\"opf1\", #{ profile: #{ b: 2 }, created: () });",
    );
    let shown = stage.get(FACTOR_PATH, FACTOR).json();
    assert_eq!(shown["profile"], json!({ "a": 1, "b": 2 }));
    assert!(shown.get("created").is_none());
}

#[test]
fn what_is_gone_is_a_404_and_left_out_of_lists() {
    let stage = changing("entity_gone(\"opf1\");");
    for (method, path) in [("GET", FACTOR_PATH), ("POST", "/api/v1/users/00u1/factors/opf1/verify")] {
        let played = stage.play(&request(method, path, ""), &recorded(FACTOR)).unwrap();
        assert_eq!(played.status(), 404);
        assert_eq!(played.json()["errorCode"], "E0000007");
        assert_eq!(played.json()["errorSummary"], "Not found: Resource not found: opf1 (UserFactor)");
    }
    assert_eq!(stage.get(LIST, &list()).json(), json!([{"id":"sms1","factorType":"sms","status":"ACTIVE"}]));
    let by_body = stage.get("/api/v1/other", FACTOR);
    assert_eq!(by_body.status(), 404);
}

#[test]
fn an_overlay_that_a_handler_makes_shows_in_the_answer_in_hand_and_before_the_next_handler() {
    let stage = Stage::of(
        "on_response(\"GET /a\", |req, res| { entity(\"opf1\", #{ status: \"EXPIRED\" }); });
         on_response(\"GET /a\", |req, res| { res.headers[\"x-status\"] = res.json.status; });",
    );
    let played = stage.get("/a", FACTOR);
    assert_eq!((played.header("x-status"), &played.json()["status"]), (Some("EXPIRED"), &json!("EXPIRED")));
    assert_eq!(stage.get("/unrouted", FACTOR).json()["status"], "EXPIRED");
}

#[test]
fn polling_an_expired_activation_says_that_its_time_is_over() {
    let stage = changing("entity(\"opf1\", #{ status: \"EXPIRED\" });");
    let waiting = r#"{"expiresAt":"2020-04-22T12:19:20.000Z","factorResult":"WAITING","_links":{"send":[{"name":"email","href":"https://x.test/api/v1/users/00u1/factors/opf1/lifecycle/activate/email"}]}}"#;
    let played = stage.play(
        &request("POST", "/api/v1/users/00u1/factors/opf1/lifecycle/activate/poll", ""),
        &recorded(waiting),
    );
    assert_eq!(
        played.unwrap().json(),
        json!({ "factorResult": "TIMEOUT", "_links": { "activate": {
            "href": "https://x.test/api/v1/users/00u1/factors/opf1/lifecycle/activate", "hints": { "allow": ["POST"] } } } })
    );
}

#[test]
fn a_write_to_the_entity_ends_the_overlay_and_one_beside_it_does_not() {
    let kept = |path: &str| {
        let stage = changing("entity(\"opf1\", #{ status: \"EXPIRED\" });");
        stage.session.moved_by(&request("POST", path, ""));
        stage.session.has_overlays()
    };
    assert!(!kept(FACTOR_PATH));
    assert!(!kept("/api/v1/users/00u1/factors/opf1/lifecycle/activate"));
    assert!(kept("/api/v1/users/00u1/factors/opf1/verify"));
    assert!(kept("/api/v1/users/00u1/factors"));
    assert!(kept("/api/v1/users/opf1/factors/other"));
}

#[test]
fn overlays_belong_to_one_session_and_end_with_it() {
    let stage = changing("entity(\"opf1\", #{ status: \"EXPIRED\" });");
    assert_eq!(stage.session.overlays().iter().count(), 1);
    stage.session.reset();
    assert!(!stage.session.has_overlays());
    assert_eq!(stage.get(FACTOR_PATH, FACTOR).text(), FACTOR);
}

#[test]
fn an_entity_shows_itself_again_after_a_reset_and_what_is_made_of_it_then() {
    let shown = |calls: &str| {
        let stage = Stage::of(&format!(
            "on_request(\"POST /change\", |req, state| {{ entity(\"opf1\", #{{ status: \"EXPIRED\", a: 1 }}); respond(200) }});
             on_request(\"POST /back\", |req, state| {{ {calls} respond(200) }});"
        ));
        for path in ["/change", "/back"] {
            stage.play(&request("POST", path, ""), &recorded("{}")).unwrap();
        }
        (stage.get(FACTOR_PATH, FACTOR).text().to_owned(), stage.session.has_overlays())
    };
    assert_eq!(shown("entity_reset(\"opf1\");"), (FACTOR.to_owned(), false));
    assert_eq!(shown("entity(\"opf1\", #{ b: 2 }); entity_reset(\"opf1\");").0, FACTOR);
    let (text, is_overlaid) = shown("entity_reset(\"opf1\"); entity(\"opf1\", #{ b: 2 });");
    assert!(is_overlaid && text.contains("\"b\":2") && !text.contains("\"a\":1"), "{text}");
    assert!(text.contains("PENDING_ACTIVATION"), "{text}");
}
