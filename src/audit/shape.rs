//! What real values look like: the test that a value has to pass to be a leak.
//!
//! A shape is asked after the place was found, and only for values that are no placeholders in general.

use data_encoding::{BASE64, BASE64URL_NOPAD};

use super::placeholder;

/// Whether a value looks real.
pub(super) type Shape = fn(&str) -> bool;

/// Anything at all.
pub(super) fn text(value: &str) -> bool {
    !value.is_empty()
}

/// A single word.
pub(super) fn word(value: &str) -> bool {
    value.len() >= 4 && !value.contains(char::is_whitespace)
}

/// Digits with a letter here and there.
pub(super) fn code(value: &str) -> bool {
    let fits =
        (4..=16).contains(&value.len()) && value.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-');
    // A stand-in counts, and so begins with zeros: 000001.
    let zeros = value.bytes().take_while(|c| *c == b'0').count();
    let counted = zeros * 2 >= value.len() && value.bytes().all(|c| c.is_ascii_digit());
    fits && has_digit(value) && !counted
}

/// A token in a field of its own.
pub(super) fn token(value: &str) -> bool {
    value.len() >= 8 && value.bytes().all(is_token) && !placeholder::jwt(value)
}

/// A token in a path or a query, where words stand too.
pub(super) fn link_token(value: &str) -> bool {
    value.len() >= 16 && is_mixed(value) && value.bytes().all(is_token) && !placeholder::jwt(value)
}

/// What follows `SSWS`, `Bearer` or `DPoP`, which are words as well.
pub(super) fn scheme_token(value: &str) -> bool {
    value.len() >= 16 && is_mixed(value) && token(value)
}

/// What stands in an `Authorization` header, with or without its scheme.
pub(super) fn credentials(value: &str) -> bool {
    let (scheme, rest) = value.split_once([' ', '+', '\t']).unwrap_or(("", value));
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("basic") {
        return basic(rest);
    }
    // Without a scheme it is a custom header's value, of which test suites write `123` or `value`.
    let least = if scheme.is_empty() { 6 } else { 1 };
    rest.len() >= least && !placeholder::is(rest) && !placeholder::jwt(rest)
}

/// `user:password` in base64, unless the password is a placeholder.
pub(super) fn basic(value: &str) -> bool {
    value.len() >= 4
        && decoded_basic(value).is_some_and(|pair| {
            pair.split_once(':')
                .is_some_and(|(_, password)| !password.is_empty() && !placeholder::is(password))
        })
}

/// The text of Basic credentials (RFC 7617).
pub(super) fn decoded_basic(value: &str) -> Option<String> {
    let padded = value.len().next_multiple_of(4);
    let bytes = BASE64.decode(format!("{value:=<padded$}").as_bytes()).ok()?;
    String::from_utf8(bytes).ok().filter(|text| text.contains(':') && !text.contains(char::is_control))
}

/// The text inside of Basic credentials.
pub(super) fn opened_basic(value: &str) -> Option<Vec<u8>> {
    decoded_basic(value).map(String::into_bytes)
}

/// What stands between `://user:` and `@`.
pub(super) fn url_password(value: &str) -> bool {
    !value.is_empty() && !value.bytes().any(|c| c.is_ascii_whitespace() || b"/?#\"'\\<>".contains(&c))
}

/// A cookie's value where its name stands before it.
pub(super) fn cookie(value: &str) -> bool {
    value.len() >= 6 && value.bytes().all(|c| c.is_ascii_graphic())
}

/// A cookie's value in a field that may be something else.
pub(super) fn long_cookie(value: &str) -> bool {
    value.len() >= 16 && value.bytes().all(is_token)
}

/// Base64 of at least 30 bytes.
pub(super) fn key_material(value: &str) -> bool {
    value.len() >= 40 && value.bytes().all(is_token)
}

/// The base64 of a PEM block, whatever its line breaks became.
pub(super) fn pem(value: &str) -> bool {
    value.bytes().filter(u8::is_ascii_alphanumeric).count() >= 32
}

/// An API token's form. An id or a counter of that length has fewer kinds of characters.
pub(super) fn ssws(value: &str) -> bool {
    value.bytes().any(|c| c.is_ascii_uppercase()) && value.bytes().any(|c| c.is_ascii_lowercase())
}

/// A token whose first part is a JOSE header, unless its signature is a stand-in or none.
pub(super) fn jwt(value: &str) -> bool {
    let header = value.split('.').next().and_then(|part| BASE64URL_NOPAD.decode(part.as_bytes()).ok());
    header.is_some_and(|json| json.windows(5).any(|part| part == b"\"alg\"")) && !placeholder::jwt(value)
}

/// The claims of a JWT (RFC 7519 section 3).
pub(super) fn claims(value: &str) -> Option<Vec<u8>> {
    BASE64URL_NOPAD.decode(value.split('.').nth(1)?.as_bytes()).ok()
}

/// A host that is not one of Okta's own, nor of those that its documentation and others' stand-ins use.
pub(super) fn org_host(value: &str) -> bool {
    // Without a label it is a wildcard's rest, as `*.okta.com` in a policy.
    value.starts_with(|c: char| c.is_ascii_alphanumeric()) && !placeholder::org_host(value)
}

/// An address at a domain where somebody may be.
pub(super) fn email(value: &str) -> bool {
    value.rsplit_once('@').is_some_and(|(name, domain)| !name.is_empty() && !placeholder::domain(domain))
}

/// A phone number that somebody may have.
pub(super) fn phone(value: &str) -> bool {
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    (7..=15).contains(&digits.len())
        && value.bytes().all(|c| c.is_ascii_digit() || b"+-.() x/".contains(&c))
        && !placeholder::phone(&digits)
}

/// At least 16 characters that look drawn at random.
pub(super) fn random(value: &str) -> bool {
    value.len() >= 16
        && has_digit(value)
        && value.bytes().any(|c| c.is_ascii_alphabetic())
        && value.bytes().all(is_token)
        && entropy(value) >= 3.0
        && !placeholder::jwt(value)
}

/// Whether it is more than a word: it has a digit, or capitals among small letters.
fn is_mixed(value: &str) -> bool {
    let inner_capital = value.bytes().skip(1).any(|c| c.is_ascii_uppercase());
    has_digit(value) || inner_capital && value.bytes().any(|c| c.is_ascii_lowercase())
}

fn has_digit(value: &str) -> bool {
    value.bytes().any(|c| c.is_ascii_digit())
}

/// What base64, base64url, hexadecimal numbers, JWTs and tokens (RFC 6750) are made of.
fn is_token(c: u8) -> bool {
    c.is_ascii_alphanumeric() || b"-_.~+/=".contains(&c)
}

/// Shannon's entropy in bits per character.
fn entropy(value: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in value.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let length = f64::from(u32::try_from(value.len()).unwrap_or(u32::MAX));
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / length)
        .map(|p| -p * p.log2())
        .sum()
}
