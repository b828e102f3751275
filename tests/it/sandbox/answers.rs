//! What holds for every call: errors, headers, the rate limit, gzip.

use std::io::Read;

use bytes::Bytes;
use http::Request;
use serde_json::json;

use super::{Org, factor};

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
fn a_post_without_body_length_and_media_type_is_taken_as_one_with_an_empty_body() {
    let org = Org::with_tick(40);
    let factors = org.user("jane@example.com");
    let user = factors.trim_end_matches("/factors");
    let bare = |method: &str, path: &str, media_type: Option<&str>| {
        let request = Request::builder().method(method).uri(path).header("authorization", "SSWS x");
        let request = media_type.into_iter().fold(request, |request, is| request.header("content-type", is));
        org.send(request.body(Bytes::new()).unwrap())
    };
    for media_type in [None, Some("application/octet-stream")] {
        let push = org.enroll(&factors, factor("push", "OKTA"));
        for path in [format!("{push}/lifecycle/activate/poll"), format!("{push}/lifecycle/activate")] {
            assert_eq!(bare("POST", &path, media_type).ok()["factorResult"], "WAITING", "{path}");
        }
        org.phone_says(&push, "approve");
        assert_eq!(bare("POST", &format!("{push}/verify"), media_type).status, 201);
        assert_eq!(bare("POST", &format!("{user}/lifecycle/reset_factors"), media_type).ok(), json!({}));
        bare("POST", &factors, media_type).refused(400, "E0000003");
        bare("PUT", user, media_type).refused(400, "E0000003");
    }
}
