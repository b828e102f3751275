use std::sync::Arc;

use super::*;
use crate::scenario::json::Parsed;

fn laid(overlays: &Overlays, body: &str) -> (Overlaid, String) {
    let mut document = Document::new(Arc::new(Parsed::new(body).unwrap()));
    let done = overlays.lay_over(&mut document, "/").unwrap();
    (done, document.text())
}

fn one(id: &str, overlay: Overlay) -> Overlays {
    let mut overlays = Overlays::default();
    assert!(overlays.add(id, overlay));
    overlays
}

fn patch(text: &str) -> Overlay {
    Overlay::Patch(serde_json::from_str(text).unwrap())
}

#[test]
fn a_patch_that_says_what_is_there_already_changes_nothing() {
    let body = r#"{ "id": "a", "n": 1.0, "s": "\u00e9" }"#;
    assert_eq!(laid(&one("a", patch(r#"{"s":"é"}"#)), body), (Overlaid::Untouched, body.to_owned()));
}

#[test]
fn laying_the_same_over_twice_is_laying_it_over_once() {
    let body = r#"{"id":"f","factorType":"sms","status":"PENDING_ACTIVATION","_links":{"activate":{"href":"/f/lifecycle/activate"},"self":{"href":"/f","hints":{"allow":["GET"]}}}}"#;
    for status in ["ACTIVE", "EXPIRED", "INACTIVE", "DISABLED", "NOT_SETUP", "PENDING_ACTIVATION"] {
        let overlays = one("f", patch(&format!(r#"{{"status":"{status}"}}"#)));
        let (_, once) = laid(&overlays, body);
        assert_eq!(laid(&overlays, &once), (Overlaid::Untouched, once.clone()));
        let offers: Value = serde_json::from_str(&once).unwrap();
        let has = |link: &str| offers["_links"].get(link).is_some();
        assert_eq!(has("verify"), status == "ACTIVE", "{once}");
        assert_eq!(has("activate"), matches!(status, "EXPIRED" | "PENDING_ACTIVATION"), "{once}");
    }
}

#[test]
fn what_is_gone_leaves_lists_and_embedded_objects() {
    let overlays = one("a", Overlay::Gone);
    let body = r#"[{"id":"a"}, {"id":"b","_embedded":{"one":{"id":"a"},"all":[{"id":"a"},{"id":"c"}]}}]"#;
    assert_eq!(laid(&overlays, body).1, r#"[{"id":"b","_embedded":{"all":[{"id":"c"}]}}]"#);
    assert_eq!(laid(&overlays, r#"{"id":"a"}"#).0, Overlaid::Gone("a".to_owned()));
    assert_eq!(overlays.gone("/users/a/factors"), Some("a"));
    assert_eq!(overlays.gone("/users/ab"), None);
}

#[test]
fn an_entity_that_was_gone_comes_back_by_a_patch() {
    let mut overlays = one("a", Overlay::Gone);
    assert!(overlays.add("a", patch(r#"{"n":2}"#)));
    assert_eq!(laid(&overlays, r#"{"id":"a","n":1}"#), (Overlaid::Changed, r#"{"id":"a","n":2}"#.to_owned()));
}
