//! When a record is from: the notations a source may declare, and none that it may not.
//!
//! An instant finer than a millisecond is rounded down, never up: 23:59:59.9999 is still
//! today. A local time without offset is no instant, so its record counts as undated.

use serde::Deserialize;

use crate::model::time::Timestamp;

/// How a source writes its instants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeForm {
    /// RFC 3339 with `Z` or a numeric offset.
    #[default]
    Rfc3339,
    /// Whole seconds since 1970.
    UnixS,
    /// Whole milliseconds since 1970.
    UnixMs,
}

/// Longest notation: nine digits of a second and an offset.
const NOTATION_BYTES_MAX: usize = 35;

impl TimeForm {
    /// The instant that `text` denotes, or none if it is not exactly of this form.
    #[must_use]
    pub fn read(self, text: &str) -> Option<Timestamp> {
        match self {
            Self::Rfc3339 => rfc3339(text),
            Self::UnixS => integer(text)?.checked_mul(1_000).and_then(|ms| Timestamp::from_ms(ms).ok()),
            Self::UnixMs => Timestamp::from_ms(integer(text)?).ok(),
        }
    }
}

fn integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let canonical = !digits.is_empty()
        && digits.bytes().all(|b| b.is_ascii_digit())
        && (digits == "0" || !digits.starts_with('0'));
    if canonical { text.parse().ok() } else { None }
}

/// The library reads far more than RFC 3339 (other calendars' week dates, zone names), so the
/// form is checked first and only the arithmetic is left to it.
fn rfc3339(text: &str) -> Option<Timestamp> {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let pattern = |part: &str, pattern: &[u8]| {
        let fits = |(b, p): (u8, &u8)| if *p == b'0' { b.is_ascii_digit() } else { b == *p };
        part.len() == pattern.len() && part.bytes().zip(pattern).all(fits)
    };
    if text.len() > NOTATION_BYTES_MAX || !text.is_ascii() {
        return None;
    }
    let (instant, offset) = match text.strip_suffix('Z') {
        Some(instant) => (instant, "Z"),
        None => text.split_at_checked(text.len().checked_sub(6)?)?,
    };
    let (whole, fraction) = instant.split_once('.').map_or((instant, None), |(w, f)| (w, Some(f)));
    let offset_fits =
        offset == "Z" || pattern(offset, b"+00:00") || pattern(offset, b"-00:00") && offset != "-00:00";
    let is_leap_second = whole.ends_with(":60");
    if !pattern(whole, b"0000-00-00T00:00:00")
        || !fraction.is_none_or(|f| digits(f) && f.len() <= 9)
        || !offset_fits
        || is_leap_second
    {
        return None;
    }
    let ns = text.parse::<jiff::Timestamp>().ok()?.as_nanosecond();
    Timestamp::from_ms(i64::try_from(ns.div_euclid(1_000_000)).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_instant_or_none() {
        use TimeForm::{Rfc3339, UnixMs, UnixS};
        let check = |form: TimeForm, text: &str, expected: Option<&str>| {
            let read = form.read(text).map(|time| time.to_string());
            assert_eq!(read.as_deref(), expected, "{form:?} {text:?}");
        };
        check(Rfc3339, "2026-03-01T00:00:00Z", Some("2026-03-01T00:00:00.000Z"));
        check(Rfc3339, "2026-03-01T01:30:00+01:30", Some("2026-03-01T00:00:00.000Z"));
        check(Rfc3339, "2026-03-31T23:59:59.999999999Z", Some("2026-03-31T23:59:59.999Z"));
        check(Rfc3339, "1969-12-31T23:59:59.9999Z", Some("1969-12-31T23:59:59.999Z"));
        // The hour that comes twice when the clocks go back is two instants by its offset.
        check(Rfc3339, "2026-11-01T01:30:00-07:00", Some("2026-11-01T08:30:00.000Z"));
        check(Rfc3339, "2026-11-01T01:30:00-08:00", Some("2026-11-01T09:30:00.000Z"));
        check(UnixS, "0", Some("1970-01-01T00:00:00.000Z"));
        check(UnixMs, "-1", Some("1969-12-31T23:59:59.999Z"));
        for text in [
            "",
            "Z",
            "yesterday",
            "2026-03-01",
            "2026-03-01T00:00:00",
            "2026-03-01 00:00:00Z",
            "2026-03-01T00:00Z",
            "2026-03-01T00:00:00-00:00",
            "2026-03-01T00:00:00+0100",
            "2026-02-29T00:00:00Z",
            "2026-03-01T24:00:00Z",
            "2016-12-31T23:59:60Z",
            "2026-03-01T00:00:00.Z",
            "2026-03-01T00:00:00Z[UTC]",
            "2026-W09-7T00:00:00Z",
            "+002026-03-01T00:00:00Z",
            "２026-03-01T00:00:00Z",
            " 2026-03-01T00:00:00Z",
        ] {
            check(Rfc3339, text, None);
        }
        for text in ["", "-", "+1", "01", "1.0", "1e3", " 1", "99999999999999999999"] {
            check(UnixS, text, None);
            check(UnixMs, text, None);
        }
    }
}
