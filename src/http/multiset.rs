//! Percent-decoding and `name=value` lists, as URLs and forms spell them.

use std::borrow::Cow;

/// Decodes `%41` (RFC 3986 §2.1); a `%` that two hexadecimal digits do not follow stands for itself.
pub(crate) fn percent_decoded(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'%') {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, tail)) = rest.split_first() {
        if let (b'%', Some(decoded)) = (byte, escaped(tail)) {
            out.push(decoded);
            rest = tail.get(2..).unwrap_or_default();
        } else {
            out.push(byte);
            rest = tail;
        }
    }
    Cow::Owned(out)
}

fn escaped(tail: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u8::from_str_radix(digits, 16).ok())?
}

/// A name and a value, decoded.
pub(crate) type Pair<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

/// The pairs of a query or a form (WHATWG URL, `application/x-www-form-urlencoded`), decoded and sorted: order
/// does not count, repetition does.
pub(crate) fn sorted_pairs(text: &[u8]) -> Vec<Pair<'_>> {
    let mut pairs: Vec<_> = pairs(text).collect();
    pairs.sort_unstable();
    pairs
}

/// The same, those of one name in the order in which they came.
pub(crate) fn pairs_by_name(text: &[u8]) -> Vec<Pair<'_>> {
    let mut pairs: Vec<_> = pairs(text).collect();
    pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
    pairs
}

fn pairs(text: &[u8]) -> impl Iterator<Item = Pair<'_>> {
    text.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty()).map(|pair| {
        let equals = pair.iter().position(|&byte| byte == b'=').unwrap_or(pair.len());
        (form_decoded(&pair[..equals]), form_decoded(pair.get(equals + 1..).unwrap_or_default()))
    })
}

/// The pairs of a query in their order, decoded, as text.
pub(crate) fn query_pairs(query: &str) -> impl Iterator<Item = (String, String)> {
    let text = |part: &str| String::from_utf8_lossy(&form_decoded(part.as_bytes())).into_owned();
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs.map(move |pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (text(name), text(value))
    })
}

fn form_decoded(text: &[u8]) -> Cow<'_, [u8]> {
    if text.contains(&b'+') {
        let spaced: Vec<u8> = text.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect();
        return Cow::Owned(percent_decoded(&spaced).into_owned());
    }
    percent_decoded(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percent_sign_that_escapes_nothing_stands_for_itself() {
        assert_eq!(*percent_decoded(b"a%2Fb%zz%4"), *b"a/b%zz%4");
        assert_eq!(*percent_decoded(b"%+1"), *b"%+1");
    }

    #[test]
    fn pairs_are_sorted_and_decoded() {
        let pairs = sorted_pairs(b"q=b%40c&limit=2&&q=a+b&flag");
        let shown: Vec<_> = pairs
            .iter()
            .map(|(name, value)| (String::from_utf8_lossy(name), String::from_utf8_lossy(value)))
            .collect();
        assert_eq!(
            shown,
            [("flag", ""), ("limit", "2"), ("q", "a b"), ("q", "b@c")].map(|(n, v)| (n.into(), v.into()))
        );
    }
}
