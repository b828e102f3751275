//! The same requests give the same answers, and looking at the org changes nothing.

use std::fmt::Write as _;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use overdub::sandbox::{Sandbox, SandboxConfig};
use proptest::prelude::*;
use serde_json::json;

use super::{ORIGIN, Org, PHONE, factor, sms};

#[test]
fn control_calls_leave_no_trace_in_the_answers_and_name_themselves() {
    let (watched, alone) = (Org::new(), Org::new());
    watched.get("/__sandbox/state").ok();
    let lost = watched.get("/__sandbox/nothing");
    assert_eq!(lost.status, 404);
    assert_eq!(lost.body["endpoints"].as_array().unwrap().len(), 6);
    assert_eq!(watched.post("/__sandbox/clock", json!({ "advance": "soon" })).status, 400);
    assert_eq!(watched.post("/__sandbox/push/opf1", json!({ "answer": "approve" })).status, 404);
    let form =
        Request::post("/__sandbox/ratelimit").header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(
        watched.send(form.body(r#"{"limit":600}"#.into()).unwrap()).status,
        200,
        "as curl -d sends it"
    );
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
    (method, path, query, body).prop_map(|(method, path, query, body)| (method, path + query.as_str(), body))
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
