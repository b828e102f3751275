//! Times in recorded answers: where they stand, and how they are told later or earlier than they were recorded.

mod recorded;
mod sent_back;
mod session_clock;

use std::ops::Range;

use ::http::{HeaderName, HeaderValue, header};

pub(super) use recorded::RecordedTime;
pub(super) use sent_back::as_recorded;
pub(super) use session_clock::SessionClock;

use crate::http::{JsonKind, JsonScanner};
use crate::profile::Timestamps;

/// Finds times in answers.
#[derive(Debug)]
pub(super) struct TimeFinder {
    known: Timestamps,
}

/// A time, and where it stands.
pub(super) type FoundTime = (Range<usize>, RecordedTime);

impl TimeFinder {
    /// Finds what `known` says, and texts that are RFC 3339 timestamps from end to end.
    pub(super) fn new(known: Timestamps) -> Self {
        Self { known }
    }

    /// Times in the value of a header.
    pub(super) fn in_header(&self, name: &HeaderName, value: &HeaderValue) -> Option<FoundTime> {
        let text = value.to_str().ok()?;
        if *name == header::SET_COOKIE {
            return in_cookie(text);
        }
        let time = if self.known.date_headers.contains(name) {
            RecordedTime::of_http_date(text)?
        } else if self.known.epoch_headers.contains(name) {
            RecordedTime::of_epoch(text)?
        } else {
            return None;
        };
        Some((0..text.len(), time))
    }

    /// Times in a JSON text.
    pub(super) fn in_json(&self, text: &[u8]) -> Vec<FoundTime> {
        let Ok(text) = std::str::from_utf8(text) else { return Vec::new() };
        let mut found = Vec::new();
        let mut scanner = JsonScanner::new(text);
        while let Some(value) = scanner.next_value() {
            let (start, own) = (value.range.start, &text[value.range]);
            let time = match value.kind {
                JsonKind::String => RecordedTime::of_rfc3339(own).or_else(|| self.epoch(&scanner, own)),
                JsonKind::Number => self.epoch(&scanner, own),
                JsonKind::Bool | JsonKind::Null => None,
            };
            if let Some((length, time)) = time {
                found.push((start..start + length, time));
            }
        }
        found
    }

    /// Epoch seconds, if the field is one that holds them; decimals stay as they are.
    fn epoch(&self, scanner: &JsonScanner<'_>, text: &str) -> Option<(usize, RecordedTime)> {
        let name = scanner.names().last()?;
        if !self.known.epoch_fields.iter().any(|own| own == name) {
            return None;
        }
        let length = text.bytes().take_while(u8::is_ascii_digit).count();
        let (whole, rest) = text.split_at(length);
        let decimals = rest.strip_prefix('.').unwrap_or(rest);
        decimals.bytes().all(|byte| byte.is_ascii_digit()).then_some(())?;
        Some((length, RecordedTime::of_epoch(whole)?))
    }
}

/// When a cookie expires (RFC 6265 §4.1.2.1).
fn in_cookie(text: &str) -> Option<FoundTime> {
    let mut start = text.find(';')? + 1;
    for attribute in text[start..].split(';') {
        let from = start + (attribute.len() - attribute.trim_start().len());
        start += attribute.len() + 1;
        let own = attribute.trim();
        if let Some((name, value)) = own.split_once('=')
            && name.trim_end().eq_ignore_ascii_case("expires")
        {
            let value = value.trim_start();
            let from = from + own.len() - value.len();
            return Some((from..from + value.len(), RecordedTime::of_http_date(value)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    fn finder() -> TimeFinder {
        TimeFinder::new(Profile::okta().unwrap().timestamps)
    }

    /// The text with every time in it an hour later.
    fn later(text: &str, found: Vec<FoundTime>) -> String {
        let mut out = text.as_bytes().to_vec();
        for (range, time) in found.into_iter().rev() {
            let mut told = Vec::new();
            assert!(time.write(3600, &mut told));
            out.splice(range, told);
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn in_json_whole_texts_and_named_fields_are_times() {
        for (text, due) in [
            (r#"{"created":"2020-04-22T12:09:20.000Z"}"#, r#"{"created":"2020-04-22T13:09:20.000Z"}"#),
            (r#"["2020-12-31T23:30:00+02:00"]"#, r#"["2021-01-01T00:30:00+02:00"]"#),
            (r#"{"exp":1587557360,"n":1587557360}"#, r#"{"exp":1587560960,"n":1587557360}"#),
            (r#"{"a":{"iat":"1587557360"}}"#, r#"{"a":{"iat":"1587560960"}}"#),
            (r#"{"auth_time": 1587557360.25}"#, r#"{"auth_time": 1587560960.25}"#),
            (r#"{"exp":0,"iat":-1,"nbf":1e9}"#, r#"{"exp":0,"iat":-1,"nbf":1e9}"#),
            (r#"{"x":"at 2020-04-22T12:09:20Z"}"#, r#"{"x":"at 2020-04-22T12:09:20Z"}"#),
            (r#"{"2020-04-22T12:09:20Z":1}"#, r#"{"2020-04-22T12:09:20Z":1}"#),
            (r#"{"d":"2020-04-22"}"#, r#"{"d":"2020-04-22"}"#),
        ] {
            assert_eq!(later(text, finder().in_json(text.as_bytes())), due);
        }
    }

    #[test]
    fn in_headers_dates_epochs_and_the_end_of_cookies_are_times() {
        let one = |name: &'static str, text: &'static str| {
            let value = HeaderValue::from_static(text);
            later(text, finder().in_header(&HeaderName::from_static(name), &value).into_iter().collect())
        };
        let (date, due) = ("Wed, 22 Apr 2020 23:30:00 GMT", "Thu, 23 Apr 2020 00:30:00 GMT");
        for name in ["date", "expires", "last-modified"] {
            assert_eq!(one(name, date), due);
        }
        assert_eq!(one("x-other", date), date);
        assert_eq!(one("expires", "0"), "0");
        assert_eq!(one("x-rate-limit-reset", "1587557360"), "1587560960");
        assert_eq!(one("x-rate-limit-remaining", "1587557360"), "1587557360");
        assert_eq!(
            one("set-cookie", "sid=Expires=x;Path=/; expires=Wed, 22-Apr-2020 23:30:00 GMT ;Secure"),
            "sid=Expires=x;Path=/; expires=Thu, 23-Apr-2020 00:30:00 GMT ;Secure"
        );
        let gone = "sid=\"\"; Expires=Thu, 01-Jan-1970 00:00:10 GMT; Path=/";
        assert_eq!(one("set-cookie", gone), gone);
    }
}
