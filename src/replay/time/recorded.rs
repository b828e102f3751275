//! A time as it was recorded, told anew in its own spelling.

use std::io::Write as _;

use crate::clock::Civil;

const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Length of the date and the time in an RFC 3339 timestamp, up to whole seconds.
const TO_SECONDS: usize = "2020-04-22T12:09:20".len();

/// What is earlier stands for "never" or "long ago" and is no time: 1971.
const EARLIEST: i64 = 365 * 24 * 3600;

/// A time as it was recorded. What is finer than a second stands behind it and stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::replay) enum RecordedTime {
    /// Seconds since 1970.
    Epoch(i64),
    /// `2020-04-22T12:09:20` of an RFC 3339 timestamp (§5.6), in whatever offset, as if it were UTC's; and what stands
    /// between date and time.
    Rfc3339(i64, u8),
    /// An HTTP date, or a cookie's.
    Http(i64, DateForm),
}

/// How a date is spelled: RFC 9110 §5.6.7, RFC 6265 §5.1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::replay) struct DateForm {
    /// `Wednesday`, not `Wed`.
    long_weekday: bool,
    /// What stands between day, month and year.
    separator: u8,
    /// `20`, not `2020`.
    short_year: bool,
}

impl RecordedTime {
    /// Reads decimal seconds.
    pub(super) fn of_epoch(text: &str) -> Option<Self> {
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        text.parse().ok().filter(|&seconds| seconds >= EARLIEST).map(Self::Epoch)
    }

    /// Reads a text that is an RFC 3339 timestamp from end to end; tells how much of it is the time to whole seconds.
    pub(super) fn of_rfc3339(text: &str) -> Option<(usize, Self)> {
        let (time, rest) = text.split_at_checked(TO_SECONDS)?;
        let separator = *time.as_bytes().get(10).filter(|byte| b"Tt ".contains(byte))?;
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let offset = match rest.strip_prefix('.') {
            Some(rest) => rest.trim_start_matches(|c: char| c.is_ascii_digit()),
            None => rest,
        };
        let is_offset = match offset.as_bytes() {
            [b'Z' | b'z'] => true,
            [b'+' | b'-', _, _, b':', _, _] => digits(&offset[1..3]) && digits(&offset[4..]),
            _ => false,
        };
        if !is_offset || rest.starts_with('.') && rest.len() - offset.len() < 2 {
            return None;
        }
        let fields: Vec<&str> = time.split(['-', 'T', 't', ' ', ':']).collect();
        let [year, month, day, hour, minute, second] = fields[..] else { return None };
        if [year.len(), month.len(), day.len(), hour.len(), minute.len()] != [4, 2, 2, 2, 2] {
            return None;
        }
        let number = |text: &str| digits(text).then(|| text.parse::<i16>().ok())?;
        let small = |text: &str| number(text).and_then(|number| i8::try_from(number).ok());
        let civil = Civil {
            year: number(year)?,
            month: small(month)?,
            day: small(day)?,
            hour: small(hour)?,
            minute: small(minute)?,
            second: small(second)?,
        };
        Some((TO_SECONDS, Self::Rfc3339(civil.as_second()?, separator)))
    }

    /// Reads an HTTP date, or one as cookies spell it. One of 1970 says "long ago" and is none.
    pub(super) fn of_http_date(text: &str) -> Option<Self> {
        let (weekday, rest) = text.split_once(", ")?;
        let long_weekday = WEEKDAYS.contains(&weekday);
        if !long_weekday && !WEEKDAYS.iter().any(|own| own[..3] == *weekday) {
            return None;
        }
        let (date, time) = rest.strip_suffix(" GMT")?.rsplit_once(' ')?;
        let separator = *date.as_bytes().get(2).filter(|byte| b" -".contains(byte))?;
        let fields: Vec<&str> = date.split(char::from(separator)).chain(time.split(':')).collect();
        let [day, month, year, hour, minute, second] = fields[..] else { return None };
        let small = |text: &str| {
            let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| text.parse::<i8>().ok())?
        };
        let short_year = year.len() == 2;
        let year = match small(year) {
            // RFC 6265 §5.1.1, step 3 and 4.
            Some(year) => i16::from(year) + if year >= 70 { 1900 } else { 2000 },
            None => year.parse().ok().filter(|_| year.len() == 4)?,
        };
        let month = MONTHS.iter().position(|own| *own == month)?;
        let civil = Civil {
            year,
            month: i8::try_from(month + 1).ok()?,
            day: small(day)?,
            hour: small(hour)?,
            minute: small(minute)?,
            second: small(second)?,
        };
        let seconds = civil.as_second().filter(|&seconds| seconds >= EARLIEST)?;
        Some(Self::Http(seconds, DateForm { long_weekday, separator, short_year }))
    }

    /// Tells the time that is `shift` seconds later; `false`, and nothing is told, where the calendar ends.
    pub(in crate::replay) fn write(&self, shift: i64, out: &mut Vec<u8>) -> bool {
        let (Self::Epoch(seconds) | Self::Rfc3339(seconds, _) | Self::Http(seconds, _)) = *self;
        let Some(seconds) = seconds.checked_add(shift) else { return false };
        if let Self::Epoch(_) = self {
            // Writing to memory does not fail.
            return write!(out, "{seconds}").is_ok();
        }
        let Some(civil) = Civil::of_second(seconds).filter(|civil| civil.year >= 0) else { return false };
        let Civil { year, month, day, hour, minute, second } = civil;
        let told = match *self {
            Self::Http(_, form) => form.write(seconds, civil, out),
            Self::Rfc3339(_, separator) => {
                let separator = char::from(separator);
                write!(out, "{year:04}-{month:02}-{day:02}{separator}{hour:02}:{minute:02}:{second:02}")
            }
            Self::Epoch(_) => Ok(()),
        };
        told.is_ok()
    }
}

impl DateForm {
    fn write(self, seconds: i64, civil: Civil, out: &mut Vec<u8>) -> std::io::Result<()> {
        let Civil { year, month, day, hour, minute, second } = civil;
        // 1970 began on a Thursday.
        let weekday = usize::try_from((seconds.div_euclid(86_400) + 3).rem_euclid(7)).unwrap_or(0);
        let weekday = if self.long_weekday { WEEKDAYS[weekday] } else { &WEEKDAYS[weekday][..3] };
        let month = MONTHS[usize::try_from(month - 1).unwrap_or(0)];
        let separator = char::from(self.separator);
        write!(out, "{weekday}, {day:02}{separator}{month}{separator}")?;
        if self.short_year {
            write!(out, "{:02}", year.rem_euclid(100))?;
        } else {
            write!(out, "{year:04}")?;
        }
        write!(out, " {hour:02}:{minute:02}:{second:02} GMT")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use proptest::prelude::*;

    fn told(time: &RecordedTime, shift: i64) -> String {
        let mut out = Vec::new();
        assert!(time.write(shift, &mut out));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn only_a_whole_timestamp_is_one() {
        for text in [
            "2020-04-22T12:09:20Z",
            "2020-04-22t12:09:20z",
            "2020-04-22 12:09:20.1-07:00",
            "2020-02-29T23:59:59.123456789+14:00",
        ] {
            let (length, time) = RecordedTime::of_rfc3339(text).unwrap();
            assert_eq!(told(&time, 0), text[..length]);
        }
        for text in [
            "2020-04-22T12:09:20",
            "2020-04-22T12:09:20.Z",
            "2020-04-22T12:09:20.1",
            "2020-04-22T12:09:20+0000",
            "2020-04-22T12:09:20Z ",
            "2020-02-30T12:09:20Z",
            "2020-04-22T12:09:60Z",
            "2020-4-22T12:09:200Z",
            "20-04-2020T12:09:20Z",
            "",
        ] {
            assert_eq!(RecordedTime::of_rfc3339(text), None, "{text}");
        }
    }

    #[test]
    fn dates_keep_their_form() {
        for text in [
            "Wed, 22 Apr 2020 12:09:20 GMT",
            "Wed, 22-Apr-2020 12:09:20 GMT",
            "Wednesday, 22-Apr-20 12:09:20 GMT",
        ] {
            assert_eq!(told(&RecordedTime::of_http_date(text).unwrap(), 0), text);
        }
        for text in [
            "0",
            "-1",
            "Thu, 01 Jan 1970 00:00:00 GMT",
            "Wed, 22 Apr 2020 12:09:20",
            "Wed Apr 22 12:09:20 2020",
        ] {
            assert_eq!(RecordedTime::of_http_date(text), None, "{text}");
        }
    }

    #[test]
    fn where_the_calendar_ends_nothing_is_told() {
        let (_, last) = RecordedTime::of_rfc3339("9999-12-30T21:59:59Z").unwrap();
        assert!(!last.write(100_000, &mut Vec::new()));
        assert!(!RecordedTime::Epoch(1).write(i64::MAX, &mut Vec::new()));
    }

    proptest! {
        /// However a time is spelled, a shift moves it by just that.
        #[test]
        fn a_shift_keeps_all_differences(seconds in 100_000_000_i64..4_000_000_000, shift in -50_000_000_i64..4_000_000_000) {
            let epoch = RecordedTime::Epoch(seconds);
            let (_, rfc) = RecordedTime::of_rfc3339(&format!("{}Z", &Timestamp::from_second(seconds).unwrap().to_string()[..19])).unwrap();
            let form = DateForm { long_weekday: false, separator: b' ', short_year: false };
            let http = RecordedTime::Http(seconds, form);
            let moved = seconds + shift;
            prop_assert_eq!(told(&epoch, shift), moved.to_string());
            prop_assert_eq!(format!("{}Z", told(&rfc, shift)).parse::<Timestamp>().unwrap().as_second(), moved);
            prop_assert_eq!(told(&http, shift), crate::clock::http_date(Timestamp::from_second(moved).unwrap()));
        }
    }
}
