//! What holds for any secret and any text.

use data_encoding::BASE64;
use proptest::prelude::*;

use super::{AUDITOR, found, scan};

proptest! {
    #[test]
    fn no_masked_text_holds_the_secret(secret in "[a-zA-Z0-9!%_-]{4,40}[0-9]") {
        let texts = [
            format!("{{\"password\":\"{secret}\"}}"),
            format!("client_secret={secret}&answer={secret}"),
            format!("Authorization: SSWS {secret}"),
            format!("Set-Cookie: sid={secret}; Path=/"),
            format!("https://ada:{secret}@corp.io/"),
            format!("login: {secret}@corp.io"),
        ];
        for hit in texts.iter().flat_map(|text| scan(text)) {
            prop_assert!(!hit.masked.contains(&secret), "{:?}", hit);
        }
    }

    #[test]
    fn a_planted_password_is_found_however_it_is_wrapped(
        secret in "[a-z]{6}[0-9]{3}",
        wraps in prop::collection::vec(0_usize..4, 0..4),
    ) {
        let mut text = format!("{{\"password\":\"{secret}\"}}");
        for wrap in wraps {
            text = match wrap {
                0 => format!("{{\"body\":{}}}", serde_json::Value::String(text)),
                1 => format!("a: '{}'", text.replace('\'', "''")),
                2 => format!("form: x={}", text.replace('%', "%25").replace('"', "%22").replace('{', "%7B")),
                _ => format!("{{\"text\":\"{}\"}}", BASE64.encode(text.as_bytes())),
            };
        }
        prop_assert_eq!(found(&text), ["password"], "{}", text);
    }

    #[test]
    fn any_bytes_are_looked_through_without_a_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        parts in prop::collection::vec(
            prop::sample::select(vec!["password", "\"", "\\", ":", "=", "%", "%2", "%22", "\\u00", "-----BEGIN PRIVATE KEY-----",
                "H4sIAAAAAAAAAAAA", "base64: ", "eyJhbGciOiJSUzI1NiJ9.", "Basic ", "://a:", "@", "|\n", "é", "\n", "- ", "value", "sid="]),
            0..40,
        ),
    ) {
        AUDITOR.scan(&bytes);
        AUDITOR.scan(parts.concat().as_bytes());
    }
}
