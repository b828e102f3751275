//! Fields that are known by a part of their name, by those beside them, or by the text around them.

use overdub::profile::{Mask, Profile};

use super::planted::{exchange, json, redacted, redactor, text, url};

const ORG: &str = "https://dev-1.okta.com";

/// What is written of an exchange that is shown on one line.
fn written(line: &str) -> String {
    text(&redacted(&mut redactor(ORG), exchange(line, &[])))
}

#[test]
fn a_name_that_ends_like_a_secret_s_is_one() {
    for (before, after) in [
        (r#"{"cookieToken":"00abc"}"#, r#"{"cookieToken":"redacted-token-1"}"#),
        (r#"{"x_api_TOKEN":"00abc"}"#, r#"{"x_api_TOKEN":"redacted-token-1"}"#),
        (r#"{"consumerSecret":"00abc"}"#, r#"{"consumerSecret":"redacted-secret-1"}"#),
        (r#"{"newPassword":{"value":"Hunter22"}}"#, r#"{"newPassword":{"value":"redacted-password-1"}}"#),
        (r#"{"adminPassword":"SUNSHINE"}"#, r#"{"adminPassword":"redacted-password-1"}"#),
        (r#"{"keyPassphrase":"four words or so"}"#, r#"{"keyPassphrase":"redacted-password-1"}"#),
        (r#"{"signatureData":"00abc"}"#, r#"{"signatureData":"redacted-token-1"}"#),
        (r#"{"workPhone":"415 555 2671"}"#, r#"{"workPhone":"+15550100001"}"#),
    ] {
        assert_eq!(json(before), after);
    }
}

#[test]
fn what_is_told_about_a_secret_is_none() {
    for kept in [
        r#"{"passwordChanged":"2020-04-22T12:08:51.000Z","passwordExpireDays":90,"passwordStatus":"ACTIVE"}"#,
        r#"{"token_endpoint":"https://www.okta.com/t","tokenLifetimeMinutes":60,"tokenType":"Bearer","apiToken":60}"#,
        r#"{"accountToken":"NONE","x_token":"refresh_token","clientSecret":"","resetPasswordUrl":"https://www.okta.com/"}"#,
        r#"{"token_endpoint_auth_method":"client_secret_basic","passwordHint":"the name of a cat"}"#,
        r#"{"workPhone":"+1 XXX-XXX-2671"}"#,
    ] {
        assert_eq!(json(kept), kept);
    }
}

#[test]
fn fields_beside_it_tell_what_a_value_is() {
    for (before, after) in [
        (r#"{"kty":"EC","d":"abc","x":"def"}"#, r#"{"kty":"EC","d":"redacted-key-1","x":"def"}"#),
        (r#"{"d":"abc","e":{"d":"y"},"kty":"EC"}"#, r#"{"d":"redacted-key-1","e":{"d":"y"},"kty":"EC"}"#),
        (r#"[{"d":"abc"},{"kty":"EC"}]"#, r#"[{"d":"abc"},{"kty":"EC"}]"#),
        (
            r#"{"sub":"s","name":"Ann B","given_name":"Ann"}"#,
            r#"{"sub":"s","name":"Name1","given_name":"Name2"}"#,
        ),
        (r#"{"name":"Everyone","type":"OKTA_GROUP"}"#, r#"{"name":"Everyone","type":"OKTA_GROUP"}"#),
        (
            r#"{"profile":{"name":"Ann's phone","deviceType":"SmartPhone_IPhone"}}"#,
            r#"{"profile":{"name":"Device1","deviceType":"SmartPhone_IPhone"}}"#,
        ),
        (
            r#"{"target":[{"alternateId":"unknown","displayName":"Ann B"}]}"#,
            r#"{"target":[{"alternateId":"unknown","displayName":"Name1"}]}"#,
        ),
    ] {
        assert_eq!(json(before), after);
    }
}

#[test]
fn a_pair_of_name_and_value_is_a_field() {
    for (before, after) in [
        (
            r#"[{"name":"interaction_code","value":"abc"},{"name":"label","value":"abc"}]"#,
            r#"[{"name":"interaction_code","value":"redacted-token-1"},{"name":"label","value":"abc"}]"#,
        ),
        (
            r#"{"value":"291577","required":true,"name":"credentials.passcode"}"#,
            r#"{"value":"000001","required":true,"name":"credentials.passcode"}"#,
        ),
        (r#"{"key":"x","value":"y"}"#, r#"{"key":"x","value":"y"}"#),
    ] {
        assert_eq!(json(before), after);
    }
}

#[test]
fn a_login_that_is_only_in_a_path_is_replaced_there_and_where_it_is_quoted() {
    let own = written(
        r#"GET /api/v1/users/zoe42/factors => 404 {"errorSummary":"Not found: Resource not found: zoe42 (User)"}"#,
    );
    assert!(own.starts_with("/api/v1/users/login1/factors\n"), "{own}");
    assert!(own.contains("Resource not found: login1 (User)"), "{own}");
    for kept in ["/api/v1/users/me", "/api/v1/users/00ua4t9ugYY0pDxkE4x6/roles", "/api/v1/users?limit=2"] {
        assert_eq!(url(kept), kept);
    }
}

#[test]
fn telephone_numbers_are_found_in_text() {
    for (before, after) in [
        (r#"{"x":"call +14155552671."}"#, r#"{"x":"call +15550100001."}"#),
        (r#"{"x":"a,+44 20 7946 0958,b"}"#, r#"{"x":"a,+15550100001,b"}"#),
        (r#"{"x":"<a href='tel:415-555-2671'>"}"#, r#"{"x":"<a href='tel:+15550100001'>"}"#),
        (r#"{"phones":["+14155552671"]}"#, r#"{"phones":["+15550100001"]}"#),
        (
            r#"{"n":4155552671,"x":"1e+14155552671","y":"a+14155552671"}"#,
            r#"{"n":4155552671,"x":"1e+14155552671","y":"a+14155552671"}"#,
        ),
    ] {
        assert_eq!(json(before), after);
    }
}

#[test]
fn the_last_segment_of_a_link_that_signs_in_is_a_token() {
    for path in ["/welcome/", "/signin/refresh-auth-state/", "/signin/reset-password/", "/reset_password/"] {
        assert_eq!(url(&format!("{path}00m2Mt4imbu2e7eNRWER")), format!("{path}redacted-token-1"));
    }
    assert_eq!(url("/signin/forgot-password"), "/signin/forgot-password");
    let own =
        written("GET /signin/refresh-auth-state/00m2Mt4imbu2e7eNRWER => 200 stateToken=00m2Mt4imbu2e7eNRWES");
    assert!(!own.contains("00m2Mt"), "{own}");
}

#[test]
fn bytes_that_are_no_text_and_codings_that_are_none_hide_nothing() {
    let mut own = exchange("GET /a => 200 x", &["<content-type: application/octet-stream"]);
    let body = own.response.body.as_mut().unwrap();
    body.bytes = bytes::Bytes::from_static(b"\xff\x00jane.doe@dev-mail.io\x00a@b.io\xff");
    let own = redacted(&mut redactor(ORG), own);
    assert_eq!(&own.response.body.unwrap().bytes[..], b"\xff\x00user1@example.test\x00a@b.io\xff");

    let mut own = exchange(r#"GET /a => 200 {"apiToken":"00abc"}"#, &["<content-encoding: gzip"]);
    own.response.body.as_mut().unwrap().coded = true;
    assert!(text(&redacted(&mut redactor(ORG), own)).contains("redacted-token-1"));
}

#[test]
fn a_message_shows_no_secret() {
    let mask = Mask::new(&Profile::okta().unwrap());
    for (target, shown) in [
        ("/signin/refresh-auth-state/00m2Mt4imbu2e7eNRWER", "/signin/refresh-auth-state/(hidden)"),
        ("/login/sessionCookieRedirect?token=00abc&x=1", "/login/sessionCookieRedirect?token=(hidden)&x=1"),
        ("/oauth2/v1/logout?id_token_hint=abc", "/oauth2/v1/logout?id_token_hint=(hidden)"),
        ("/a?csrfToken=abc", "/a?csrfToken=(hidden)"),
        ("/api/v1/users/ada.byron/factors", "/api/v1/users/ada.byron/factors"),
    ] {
        assert_eq!(mask.apply(target), shown);
    }
    assert!(mask.hides_field("deviceToken") && !mask.hides_field("deviceType"));
    assert_eq!(mask.text("no user for SSWS 00m2Mt4imbu2e7eNRWER"), "no user for SSWS (hidden)");
}
