//! The leak scan: what it finds and what it lets pass, rule by rule, spelling by spelling.

mod command;
mod laws;

use std::sync::LazyLock;

use data_encoding::{BASE64, BASE64URL_NOPAD};
use overdub::audit::{Auditor, Hit, RULES, Scope};
use overdub::http::Coding;

static AUDITOR: LazyLock<Auditor> = LazyLock::new(|| Auditor::new(Scope::Any).unwrap());

fn scan(text: &str) -> Vec<Hit> {
    AUDITOR.scan(text.as_bytes())
}

/// The rules that find something in `text`, in the order in which it stands.
fn found(text: &str) -> Vec<&'static str> {
    scan(text).into_iter().map(|hit| hit.rule).collect()
}

/// A rule, texts that it finds a leak in, and texts like them in which there is none.
type Row = (&'static str, &'static [&'static str], &'static [&'static str]);

const TABLE: &[Row] = &[
    (
        "private-key",
        &[
            "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ\n-----END PRIVATE KEY-----",
            r#"{"key":"-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA3Tz2mr7SZiAMfQyuvBjM9Oi\n-----END RSA PRIVATE KEY-----"}"#,
        ],
        &[
            "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA3Tz2mr7S\n-----END PUBLIC KEY-----",
            "-----BEGIN PRIVATE KEY-----\nREDACTED\n-----END PRIVATE KEY-----",
            "wants a block that begins with -----BEGIN PRIVATE KEY-----",
        ],
    ),
    (
        "jwk-private-member",
        &[
            r#"{"kty":"EC","d":"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"}"#,
        ],
        &[
            r#"{"kty":"EC","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","kid":"1Nj0DSoMyZ2jvaZNbqdwPmUcPBy3K2kOOAcKNUEzRfQ"}"#,
            r#"{"d":"short"}"#,
        ],
    ),
    (
        "authorization",
        &[
            "Authorization: SSWS secret",
            "Authorization:\n      - opaque",
            r#"{"name": "Authorization", "value": "Digest username=x"}"#,
            "curl -H 'x: Bearer 7Yc2kq9mfTq0bLZpW3vX'",
            "authorization: Basic YWRhOmh1bnRlcjI=",
        ],
        &[
            "Authorization:\n      - SSWS myAPIToken",
            "Authorization:\n      - SSWS  <<ACCESS_TOKEN>>",
            "Authorization: SSWS REDACTED",
            "authorization: Bearer redacted-token-1",
            "authorization: \"[REDACTED]\"",
            r#"{"authScheme":{"key":"Authorization","type":"HEADER","value":"123"}}"#,
            "authorization: Basic dXNlcjFAZXhhbXBsZS50ZXN0OnJlZGFjdGVkLXBhc3N3b3JkLTE=",
            "Vary: Authorization",
            "www-authenticate: Bearer realm=\"okta\"",
            "Bearer authentication is what RFC 6750 describes",
        ],
    ),
    (
        "basic-auth-in-url",
        &["git clone https://ada:hunter2@git.corp.io/x"],
        &[
            "http://localhost:8769 mail@example.test",
            "https://ada:redacted@git.corp.io/",
            "https://git.corp.io:443/a@b",
        ],
    ),
    (
        "client-secret",
        &[
            r#"{"client_secret":"dxHWCuRg59lU8nn8YaU3c"}"#,
            r#"body: "{\"clientSecret\":\"dxHWCuRg59lU8nn8YaU3c\"}""#,
            "grant_type=client_credentials&client_secret=dxHW",
        ],
        &[
            r#"{"client_secret":{"type":"string"}}"#,
            r#"{"token_endpoint_auth_method":"client_secret_basic","client_secret":null}"#,
            "client_secret=redacted-secret-1",
            r#"{"client_secret_expires_at":1700000000}"#,
        ],
    ),
    (
        "password",
        &[
            r#"{"credentials":{"password":{"value":"Password150kta"}}}"#,
            r#"{"credentials": {"password": {"value": "hunter2"}}}"#,
            r#"string: "{\"oldPassword\":{\"value\":\"hunter2\"}}""#,
            "body: 'username=ada&password=hunter2'",
            "password:\n  value: hunter2",
            "new_password: correct horse, battery staple",
            r#"{"name": "password", "value": "hunter2"}"#,
            r#"{"password":12345678}"#,
            r#"{:password => "hunter2"}"#,
        ],
        &[
            r#"{"password":{}}"#,
            r#"{"password":"redacted-password-1"}"#,
            r#"{"passwordChanged":"2026-01-05T09:05:15.000Z"}"#,
            r#"{"resetPassword":{"href":"https://okta.overdub.test/reset"}}"#,
            r#"{"revealPassword":false,"password":""}"#,
            r#"{"errorSummary":"password: Password requirements were not met"}"#,
            "grant_type=password&username=x",
            "Reset password: $$resetPasswordLink",
            "password: ${PASSWORD}",
        ],
    ),
    (
        "pass-code",
        &[
            r#"{"passCode":"291577"}"#,
            r#"{"passCode": 291577}"#,
            "nextPassCode=8271",
            "verification_code: '55123'",
        ],
        &[r#"{"passCode":"000001"}"#, r#"{"passCodeLength":6}"#, r#"{"passCode":null}"#, "passCode=0012"],
    ),
    (
        "security-answer",
        &[r#"{"profile":{"question":"disliked_food","answer":"mayonnaise"}}"#, "answer: a dog named Rex"],
        &[r#"{"answer":"redacted-answer-1"}"#, r#"{"challenge":{"correctAnswer":42}}"#, r#"{"answer":""}"#],
    ),
    (
        "shared-secret",
        &[r#"{"sharedSecret":"4ISTQQ7JZ2YVGNPL"}"#, "otpauth://totp/ada?issuer=x&secret=4ISTQQ7JZ2YVGNPL"],
        &[r#"{"sharedSecret":"OVERDUBSECRETAAB"}"#, "otpauth://totp/x?secret=OVERDUBSECRETAAB"],
    ),
    (
        "okta-token",
        &[
            r#"{"stateToken":"00lMJySRYNz3u_rKQrsLvLrzxiARgivP8FB_1gpmVb"}"#,
            r#"{"sessionToken":"20111ujB38jNUdV2ZRIhi"}"#,
            "https://okta.overdub.test/welcome/XE6wE17zmphl3KqAPFxO",
            "stateHandle: 02jpSHkpqwUTkvVxy8NR6Bp~c.Yh2",
        ],
        &[
            r#"{"sessionToken":"invalid_token"}"#,
            "https://okta.overdub.test/welcome/redacted-token-1",
            "/api/v1/users/00u6o0w6tyuPVEeZr0h7/factors/ost1/lifecycle/activate/poll",
            r#"{"recoveryToken":{"href":"x"}}"#,
        ],
    ),
    (
        "oauth-token",
        &[
            r#"{"access_token":"opaque-7Yc2kq9m","token_type":"Bearer"}"#,
            "location: https://app.example.com/cb?code=P5I7mdxxdv13_JfXrCSq&state=x",
            "refresh_token=xyz-9-abc-def",
        ],
        &[
            r#"{"access_token":"redacted-token-4","expires_in":3600}"#,
            r#"{"alwaysIncludeInToken":true}"#,
            "?code=E0000047&state=x",
            r#"{"grant_types":["refresh_token","implicit"]}"#,
        ],
    ),
    (
        "session-cookie",
        &[
            "- JSESSIONID=E8C3FDC7FFE2574EECF96726E76FE6B1; Path=/",
            "Cookie: t=default; DT=DI0xyzzy1234; sid=102abcdef",
            r#"{"name": "JSESSIONID", "value": "E8C3FDC7FFE2574EECF96726E76FE6B1"}"#,
            "__Host-sid=102abcdef",
            r#"{"httpOnly": true, "name": "sid", "path": "/", "value": "102lQxyzzyQ5qKZ1tJ"}"#,
        ],
        &[
            r#"- sid=""; Expires=Thu, 01-Jan-1970 00:00:10 GMT; Path=/"#,
            r#"- "sid=\"\"; Expires=Thu, 01-Jan-1970 00:00:10 GMT""#,
            "- JSESSIONID=redacted; Path=/; Secure",
            "- autolaunch_triggered=\"\"; Path=/",
            "t=default",
        ],
    ),
    (
        "webauthn",
        &[r#"{"clientData":"eyJjaGFsbGVuZ2UiOiJVSk5wYW9sVWt0dF9vcEZPNXJMYyIsIm9yaWdpbiI6Imh0dHA6In0="}"#],
        &[r#"{"attestation":"direct"}"#, r#"{"clientData":null}"#],
    ),
    (
        "ssws-token",
        &["x 00jgWb5Qd7SCzAOMLok03pa8TVyeicsamCMNcWY2Ii y"],
        &[
            "00u6o0w6tyuPVEeZr0h7",
            "000000000000000000000000000000000000000001",
            "a00jgWb5Qd7SCzAOMLok03pa8TVyeicsamCMNcWY2Ii",
        ],
    ),
    (
        "jwt",
        &["x eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIwMHUxIn0.dGhlIHNpZ25hdHVyZSBvZiBpdA y"],
        &[
            "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIwMHUxIn0.redacted",
            "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIwMHUxIn0.overdub-1",
            "\"eyQYwclwXy8SlXvn-xfJNhs88LK8.a.b\"",
        ],
    ),
    (
        "okta-org-host",
        &[
            "Location: https://dev-195921.okta.com/api/v1/users",
            "default-src 'self' dcp-testing-admin.oktapreview.com *.oktacdn.com",
            "<https://acme.okta-emea.com/api/v1/users?after=x>; rel=\"next\"",
            "dev-20982288.kerberos.okta.com",
        ],
        &[
            "connect-src *.okta.com login.okta.com https://oinmanager.okta.com ok14static.oktacdn.com",
            "https://{yourOktaDomain}/api https://your-domain.okta.com https://www.okta.com/saml2",
            "https://okta.overdub.test https://okta-admin.overdub.test https://other1.overdub.test",
            "https://classic-00.dne-okta.com/api/v1/users https://test-admin.okta.com",
        ],
    ),
    (
        "email",
        &[r#"{"email":"ada@corp.io"}"#, "login=ada+test@mail.corp.co.uk"],
        &[
            "user1@example.test",
            "ada@example.com",
            "x@mail.example.org",
            "[email protected]",
            "npm i okta@7.1.0",
        ],
    ),
    (
        "phone",
        &[
            r#"{"profile":{"phoneNumber":"+16134561234"}}"#,
            r#"{"mobilePhone":"555-415-1337"}"#,
            "sent to +1-613-456-1234.",
            "phoneNumber=+4915112345678",
        ],
        &[
            r#"{"phoneNumber":"+15550100001"}"#,
            r#"{"phoneNumber":"+1 XXX-XXX-1337"}"#,
            r#"{"mobilePhone":null,"primaryPhone":"555-0142"}"#,
            "pin-sha256=\"MaqlcUgk2mvY/RFSGeSwBRkI+16134561234DuQfBT/vnQ=\"",
            "updatePhone=true",
        ],
    ),
    (
        "token-shaped",
        &[r#"{"token":"58A7C8D6-4E2F-4C3B-8F5B-D4E2F3A4B5C6"}"#, "x-api-key: 9fK2mQ7xT4wZ1vB8nC3y"],
        &[
            r#"{"token":"00u6o0w6tyuPVE"}"#,
            r#"{"secretKey":"0x0000000000000000000000000000000000000000"}"#,
            r#"{"factorType":"token:software:totp"}"#,
            "x-okta-request-id: YMdwYT8uX7SGlj0PRwMGZwAACWk",
            "script-src 'nonce-9fK2mQ7xT4wZ1vB8nC3yAA'",
        ],
    ),
];

#[test]
fn each_rule_finds_its_leaks_and_lets_pass_what_is_like_them() {
    let tested: Vec<_> = TABLE.iter().map(|(rule, ..)| *rule).collect();
    assert_eq!(tested, RULES.iter().map(|rule| rule.name).collect::<Vec<_>>(), "a row per rule");
    for (rule, hits, none) in TABLE {
        for text in *hits {
            assert!(found(text).contains(rule), "{rule}: nothing found in {text}: {:?}", scan(text));
        }
        for text in *none {
            assert_eq!(found(text), [""; 0], "{rule}: {text}");
        }
    }
}

#[test]
fn what_varies_and_opens_nothing_is_no_leak() {
    let text = "\
at: 2026-11-22T15:34:34.715Z
url: /api/v1/users/00uO6k5EM8phN0bpUfqi/factors/opfFIA8hSEL2HUNFfK0z/transactions/v2mst.IeDTXDXmQjmVbHWTKtjBCA
headers:
  x-okta-request-id: \"2eaf50cbe40d96f341c9ce885812e33d\"
  etag: W/\"d41d8cd98f00b204e9800998ecf8427e\"
  x-rate-limit-reset: \"1767603940\"
  public-key-pins-report-only: pin-sha256=\"r5EfzZxQVvQpKo3AgYRaT7X2bDO/kj3ACwmxfdT2zt8=\"; max-age=60
  content-security-policy: script-src 'nonce-hVbiWkoZLJkqWSkMVYoRrg' *.okta.com
body: {errorId: oaeHfmYGkFRTaiyfjm5rO2W6A, created: \"2026-01-05T09:05:15.000Z\", kid: 1Nj0DSoMyZ2jvaZNbqdwPmUcPBy3K2kOOAcKNUEzRfQ}
";
    assert_eq!(scan(text), []);
}

#[test]
fn other_spellings_are_read_and_told_where_they_stand() {
    let gzipped = BASE64.encode(&Coding::Gzip.encode(b"{\"login\": \"ada@corp.io\"}"));
    let json = BASE64.encode(b"{\"password\": \"hunter2\"}");
    let claims = BASE64URL_NOPAD.encode(b"{\"email\":\"ada@corp.io\"}");
    let basic = BASE64.encode(b"ada@corp.io:redacted-password-1");
    // The text, the rule, and what stands where the hit is told.
    let rows = [
        ("login=ada%40corp.io&x=1", "email", "ada%40"),
        ("a\nb: %7B%22password%22%3A%22hunter2%22%7D", "password", "hunter2"),
        ("twice=%257B%2522password%2522%253A%2522hunter2%2522%257D", "password", "hunter2"),
        (r#"body: "{\"password\":\"hunter2\"}""#, "password", "hunter2"),
        (r#"{"body":"{\"a\":\"{\\\"password\\\":\\\"hunter2\\\"}\"}"}"#, "password", "hunter2"),
        (r#"{"email":"ada\u0040corp.io"}"#, "email", "ada"),
        (r#"{"href":"https:\/\/dev-1.okta.com\/api"}"#, "okta-org-host", "dev-1"),
        ("body: \"{\\\"pass\\\n    word\\\":\\\"hunter2\\\"}\"", "password", "hunter2"),
        ("password:\n  \"hunter2\"", "password", "hunter2"),
        ("'it''s {\"password\":\"hunter2\"}'", "password", "hunter2"),
        ("x=%2B16134561234", "phone", "%2B1613"),
        (&format!("string: !!binary |\n  {gzipped}"), "email", "!!binary"),
        (&format!("{{\"base64_string\": \"{gzipped}\", \"string\": \"\"}}"), "email", "base64_string"),
        (&format!("body:\n  base64: {json}"), "password", "base64"),
        (&format!("body: !binary |-\n  {}\n  {}\n", &json[..12], &json[12..]), "password", "!binary"),
        (&format!("{{\"encoding\":\"base64\",\"text\":\"{json}\"}}"), "password", "\"text\""),
        (&format!("t: eyJhbGciOiJub25lIn0.{claims}.redacted"), "email", "eyJhbGci"),
        (&format!("authorization: Basic {basic}"), "email", &basic),
    ];
    for (text, rule, there) in rows {
        let before = &text[..text.find(there).unwrap()];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
        let hits: Vec<_> = scan(text).into_iter().map(|hit| (hit.rule, hit.line, hit.column)).collect();
        assert_eq!(hits, [(rule, line, column)], "{text}");
    }
}

#[test]
fn a_value_is_told_once_by_the_rule_that_stands_first() {
    let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIwMHUxIn0.dGhlIHNpZ25hdHVyZSBvZiBpdA";
    assert_eq!(found(&format!("authorization: Bearer {jwt}")), ["authorization"]);
    assert_eq!(found(&format!("access_token={jwt}")), ["oauth-token"]);
    assert_eq!(found(r#"{"okta_client_secret":"dxHWCuRg59_lU8nn8YaU3c"}"#), ["client-secret"]);
}

#[test]
fn columns_count_characters() {
    let hit = &scan("ä\n日本 ada@corp.io")[0];
    assert_eq!((hit.line, hit.column), (2, 4));
}

#[test]
fn what_overdub_writes_is_not_asked_for_what_profiles_leave() {
    let text = r#"{"clientData":"eyJjaGFsbGVuZ2UiOiJVSk5wYW9sVWt0dF9vcEZPNXJMYyIsIm9yaWdpbiI6Imh0dHA6In0="}"#;
    assert_eq!(found(text), ["webauthn"]);
    assert_eq!(Auditor::new(Scope::Written).unwrap().scan(text.as_bytes()), []);
}

#[test]
fn rules_say_in_a_line_each_what_they_find_and_what_to_do() {
    for rule in RULES {
        assert!(rule.name.bytes().all(|c| c.is_ascii_lowercase() || c == b'-'), "{}", rule.name);
        for text in [rule.finds, rule.advice] {
            assert!(!text.is_empty() && text.len() <= 120 && !text.contains('\n'), "{}: {text}", rule.name);
        }
    }
}
