//! Times that a client sends back, told as they were recorded.

use std::ops::Range;

use super::{RecordedTime, TimeFinder};
use crate::http::query_pairs;

/// The request with every time told as it was recorded, `shift` seconds earlier: whole values of the query, and what is
/// a time in a JSON body. `None` if it holds none.
pub(in crate::replay) fn as_recorded(
    finder: &TimeFinder,
    shift: i64,
    target: &str,
    body: &[u8],
) -> Option<(String, Vec<u8>)> {
    let (query, sent) = (query_as_recorded(shift, target), body_as_recorded(finder, shift, body));
    (query.is_some() || sent.is_some())
        .then(|| (query.unwrap_or_else(|| target.to_owned()), sent.unwrap_or_else(|| body.to_vec())))
}

fn body_as_recorded(finder: &TimeFinder, shift: i64, body: &[u8]) -> Option<Vec<u8>> {
    let is_json = matches!(body.trim_ascii_start().first(), Some(b'{' | b'[' | b'"'));
    let found = if is_json { finder.in_json(body) } else { Vec::new() };
    (!found.is_empty()).then(|| told(body, &found, shift))
}

fn query_as_recorded(shift: i64, target: &str) -> Option<String> {
    let (path, query) = target.split_once('?')?;
    let mut any = false;
    // Matching decodes, so that what stays may stay as it is spelled.
    let pairs = query.split('&').map(|pair| {
        let value = query_pairs(pair).next().map(|(_, value)| value).unwrap_or_default();
        let Some((length, time)) = RecordedTime::of_rfc3339(&value) else { return pair.to_owned() };
        any = true;
        let value = told(value.as_bytes(), &[(0..length, time)], shift);
        let name = pair.split('=').next().unwrap_or_default();
        format!("{name}={}", String::from_utf8_lossy(&value).replace('+', "%2B"))
    });
    let query = pairs.collect::<Vec<_>>().join("&");
    any.then(|| format!("{path}?{query}"))
}

/// The text with these times told `shift` seconds earlier.
fn told(text: &[u8], found: &[(Range<usize>, RecordedTime)], shift: i64) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut from = 0;
    for (range, time) in found {
        out.extend_from_slice(&text[from..range.start]);
        if !time.write(-shift, &mut out) {
            out.extend_from_slice(&text[range.clone()]);
        }
        from = range.end;
    }
    out.extend_from_slice(&text[from..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    #[test]
    fn times_in_queries_and_bodies_are_told_as_recorded() {
        let finder = TimeFinder::new(Profile::okta().unwrap().timestamps);
        let recorded = |target: &str, body: &str| {
            as_recorded(&finder, 3600, target, body.as_bytes())
                .map(|(target, body)| (target, String::from_utf8(body).unwrap()))
        };
        assert_eq!(
            recorded(
                "/a?x=1&since=2020-04-22T13%3A09%3A20.5%2B02%3A00",
                r#"{"at":"2020-04-22T13:09:20Z","exp":1587560960}"#
            ),
            Some((
                "/a?x=1&since=2020-04-22T12:09:20.5%2B02:00".to_owned(),
                r#"{"at":"2020-04-22T12:09:20Z","exp":1587557360}"#.to_owned()
            ))
        );
        assert_eq!(recorded("/a?since=now", "2020-04-22T13:09:20Z"), None);
    }
}
