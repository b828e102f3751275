//! Which session a request names: by its header, its connection or its API token.

use std::borrow::Cow;

use ::http::{HeaderMap, header};
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use crate::error::Error;
use crate::http::{Request, SESSION};

/// The session of requests that name none.
pub const DEFAULT: &str = "default";

/// Longest name of a session, in characters.
pub const LONGEST_NAME: usize = 128;

/// How many bytes of a token's digest stand in the name of its session.
const DIGEST: usize = 8;

/// What tells the session of a request that names none, neither by its header nor by its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SessionBy {
    /// Nothing: it belongs to the default session.
    #[default]
    Name,
    /// The API token in its `Authorization` header.
    Token,
}

/// The name of the session that a request belongs to; `None` for the default one.
///
/// The header `x-overdub-session` tells it, else the connection, else, if so chosen, the token.
///
/// # Errors
/// A name that is none.
pub fn of(request: &Request, by: SessionBy) -> Result<Option<Cow<'_, str>>, Error> {
    if request.told().session
        && let Some(value) = request.head.headers.get(SESSION)
    {
        return valid(&String::from_utf8_lossy(value.as_bytes()), value.to_str().ok()).map(Some);
    }
    if let Some(name) = request.session.as_deref() {
        return valid(name, Some(name)).map(Some);
    }
    match by {
        SessionBy::Name => Ok(None),
        SessionBy::Token => Ok(of_token(&request.head.headers).map(Cow::Owned)),
    }
}

/// The name, if it is one: up to [`LONGEST_NAME`] visible ASCII characters without `/`, which parts paths.
///
/// # Errors
/// It is none; says what is.
pub fn check(name: &str) -> Result<(), Error> {
    let fits = |byte: u8| byte.is_ascii_graphic() && byte != b'/';
    if (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(fits) {
        return Ok(());
    }
    let shown: String = name.chars().take(LONGEST_NAME).collect();
    Err(Error::SessionName(shown.escape_debug().to_string()))
}

fn valid<'a>(shown: &str, name: Option<&'a str>) -> Result<Cow<'a, str>, Error> {
    check(shown)?;
    name.map(Cow::Borrowed).ok_or_else(|| Error::SessionName(shown.escape_debug().to_string()))
}

/// A name for the token that `Authorization` carries, from which nobody learns the token.
///
/// Okta's SDKs send `SSWS TOKEN` and `SSWSTOKEN`; both are one client's.
fn of_token(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes().trim_ascii();
    let credential = match value.split_at_checked(4) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case(b"SSWS") => rest,
        _ => value.iter().position(|&byte| byte == b' ').map_or(value, |space| &value[space..]),
    };
    let credential = credential.trim_ascii();
    if credential.is_empty() {
        return None;
    }
    let digest = Sha256::digest(credential);
    Some(format!("token-{}", HEXLOWER.encode(&digest[..DIGEST])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_visible_and_no_path() {
        for good in ["a", "test-1", "~!$&'()*+,;=:@[]{}", &"x".repeat(LONGEST_NAME)] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in ["", "a b", "a/b", "a\tb", "ä", &"x".repeat(LONGEST_NAME + 1)] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_token_names_its_session_however_its_scheme_is_spelled() {
        let name = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            of_token(&headers)
        };
        let own = name("SSWS 00abcdefgh");
        assert_eq!(own, name("SSWS00abcdefgh"));
        assert_eq!(own, name("ssws  00abcdefgh "));
        assert_eq!(own, name("Bearer 00abcdefgh"));
        assert_ne!(own, name("SSWS 00abcdefgi"));
        assert_eq!(own.as_deref().map(str::len), Some("token-".len() + 16));
        assert!(own.is_some_and(|own| !own.contains("00ab")));
        assert_eq!(name("SSWS"), None);
    }
}
