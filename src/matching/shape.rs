//! What can be told from its look alone: e-mail addresses, telephone numbers and links inside a decoded text.

use std::ops::Range;

use crate::profile::StandInType;

/// Shortest telephone number that is known by its look, and the longest there is (E.164), in digits.
const PHONE: std::ops::RangeInclusive<usize> = 7..=15;

/// The addresses, international telephone numbers and origins of links in `text`, from left to right.
pub(super) fn parts(text: &[u8]) -> Vec<(StandInType, Range<usize>)> {
    let mut found: Vec<(StandInType, Range<usize>)> = Vec::new();
    let mut from = 0;
    for at in memchr::memchr3_iter(b'@', b'+', b':', text) {
        if at < from {
            continue;
        }
        let part = match text[at] {
            b'@' => email(text, from, at).map(|range| (StandInType::Email, range)),
            b'+' => phone(text, at).map(|range| (StandInType::Phone, range)),
            _ => origin(text, from, at).map(|range| (StandInType::Host, range)),
        };
        if let Some(part) = part {
            from = part.1.end;
            found.push(part);
        }
    }
    found
}

/// The address around the `@` at `at`.
fn email(text: &[u8], from: usize, at: usize) -> Option<Range<usize>> {
    let local = |byte: &u8| byte.is_ascii_alphanumeric() || b"._%+'-".contains(byte) || !byte.is_ascii();
    let start = at - text[from..at].iter().rev().take_while(|byte| local(byte)).count();
    let end = domain_end(text, at + 1);
    (start < at && end > at + 1).then_some(start..end)
}

/// Where the domain name that begins at `start` ends.
fn domain_end(text: &[u8], start: usize) -> usize {
    let domain = |byte: &u8| byte.is_ascii_alphanumeric() || b".-".contains(byte) || !byte.is_ascii();
    let rest = &text[start..];
    let length = rest.iter().take_while(|byte| domain(byte)).count();
    let trailing = rest[..length].iter().rev().take_while(|byte| b".-".contains(byte)).count();
    start + length - trailing
}

/// The number behind the `+` at `at`.
fn phone(text: &[u8], at: usize) -> Option<Range<usize>> {
    let digits = text[at + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let range = at..at + 1 + digits;
    (PHONE.contains(&digits) && stands_alone(text, &range)).then_some(range)
}

/// The scheme and authority around the `://` at `at`.
fn origin(text: &[u8], from: usize, at: usize) -> Option<Range<usize>> {
    if !text[at..].starts_with(b"://") {
        return None;
    }
    let before = &text[from..at];
    let scheme = [&b"https"[..], b"http"].into_iter().find(|scheme| {
        before.len() >= scheme.len() && before[before.len() - scheme.len()..].eq_ignore_ascii_case(scheme)
    })?;
    let start = at + 3;
    let authority = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(byte);
    let rest = &text[start..];
    let length = rest.iter().take_while(|byte| authority(byte)).count();
    let trailing = rest[..length].iter().rev().take_while(|byte| b".:".contains(byte)).count();
    let end = start + length - trailing;
    (end > start && text.get(end) != Some(&b'@')).then_some(at - scheme.len()..end)
}

/// Whether what stands in `range` is not a part of a longer word, address or number.
pub(crate) fn stands_alone(text: &[u8], range: &Range<usize>) -> bool {
    let before = range.start.checked_sub(1).map(|at| text[at]);
    let joins = |byte: u8| byte.is_ascii_alphanumeric() || b"_.%+-@".contains(&byte);
    let after = text.get(range.end..).unwrap_or_default();
    !before.is_some_and(joins) && !goes_on(after)
}

/// Whether a word that `after` follows is longer than that.
pub(crate) fn goes_on(after: &[u8]) -> bool {
    match after {
        [b'.' | b'-', next, ..] => next.is_ascii_alphanumeric(),
        [next, ..] => next.is_ascii_alphanumeric() || b"_@".contains(next),
        [] => false,
    }
}

/// Whether what begins at `start` is no end of a longer word; an escaped byte before it counts as what it stands for.
pub(crate) fn begins_alone(text: &[u8], start: usize) -> bool {
    let joins = |byte: u8| byte.is_ascii_alphanumeric() || b"_.+-@".contains(&byte);
    let hex = |digits: &[u8]| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
    match &text[..start] {
        [.., b'\\', b'u', b'0', b'0', one, other] => hex(&[*one, *other]).is_none_or(|byte| !joins(byte)),
        [.., b'%', one, other] => match hex(&[*one, *other]) {
            Some(byte) => !joins(byte),
            None => !joins(*other),
        },
        [] | [.., b'\\', b'b' | b'f' | b'n' | b'r' | b't'] => true,
        [.., before] => !joins(*before),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        parts(text.as_bytes())
            .into_iter()
            .map(|(of_type, range)| format!("{} {}", of_type.name(), &text[range]))
            .collect()
    }

    #[test]
    fn addresses_numbers_and_origins_are_known_by_their_look() {
        assert_eq!(found(r#"profile.login eq "bob+x@acme.com""#), ["email bob+x@acme.com"]);
        assert_eq!(found("mail a@b.co. or +15551234567, now"), ["email a@b.co", "phone +15551234567"]);
        assert_eq!(found("https://app.acme.com:8443/cb?x"), ["host https://app.acme.com:8443"]);
        for text in ["1+1", "+123", "+15551234567x", "wss://a.b", "@you", "a@", "https://me@acme.com/"] {
            assert!(found(text).iter().all(|part| part.starts_with("email me@")), "{text}");
        }
    }
}
