//! Times in their one form, `2026-11-23T19:04:15.123Z`: RFC 3339, UTC, milliseconds.

use std::fmt;

use jiff::{SignedDuration, civil};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::json;

/// Length of a printed time in bytes.
pub const TIME_BYTES: usize = 24;

/// The one form as a regular expression; which days a month has it does not say.
#[cfg(test)]
const TIME_PATTERN: &str = "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])\
    T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\\.[0-9]{3}Z$";

/// Milliseconds of an hour.
pub const HOUR_MS: i64 = 3_600_000;
/// Milliseconds of a day: time here is UTC without leap seconds, so each has as many.
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// Latest time that has the form, `9999-12-31T23:59:59.999Z`, in ms since 1970.
const MS_MAX: i64 = 253_402_300_799_999;
/// Earliest time that has the form, `0000-01-01T00:00:00.000Z`, in ms since 1970.
const MS_MIN: i64 = -62_167_219_200_000;

const EPOCH: civil::DateTime = civil::datetime(1970, 1, 1, 0, 0, 0, 0);

/// An instant, in milliseconds since 1970-01-01T00:00:00Z, between the years 0000 and 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(description = "RFC 3339 in UTC, with milliseconds."))]
#[cfg_attr(test, schemars(extend("format" = "date-time", "pattern" = TIME_PATTERN)))]
pub struct Timestamp(#[cfg_attr(test, schemars(with = "String"))] i64);

/// Why a text or a number is not a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Another notation of RFC 3339, or none.
    #[error("a time has the form 2026-11-23T19:04:15.123Z")]
    Form,
    /// The 30th of February, 24:00, a leap second.
    #[error("a time is a real calendar date without leap seconds")]
    Calendar,
    /// Before the year 0000 or after 9999.
    #[error("a time is between the years 0000 and 9999")]
    Range,
}

impl Timestamp {
    /// The instant `ms` milliseconds after 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// [`TimeError::Range`] if it has no four-digit year.
    pub const fn from_ms(ms: i64) -> Result<Self, TimeError> {
        if ms < MS_MIN || ms > MS_MAX { Err(TimeError::Range) } else { Ok(Self(ms)) }
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn as_ms(self) -> i64 {
        self.0
    }

    /// The instant `ms` later (or earlier, if negative), kept within the representable range.
    #[must_use]
    pub const fn saturating_add_ms(self, ms: i64) -> Self {
        let sum = self.0.saturating_add(ms);
        if sum > MS_MAX {
            Self(MS_MAX)
        } else if sum < MS_MIN {
            Self(MS_MIN)
        } else {
            Self(sum)
        }
    }

    /// Parses the one form.
    ///
    /// # Errors
    /// [`TimeError`] for any other notation or a date that does not exist.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        const PATTERN: &[u8; TIME_BYTES] = b"0000-00-00T00:00:00.000Z";
        let bytes = text.as_bytes();
        let fits = bytes.len() == TIME_BYTES
            && bytes.iter().zip(PATTERN).all(|(b, p)| if *p == b'0' { b.is_ascii_digit() } else { b == p });
        if !fits {
            return Err(TimeError::Form);
        }
        // The pattern guarantees digits, so each part is a number of at most four of them.
        let part = |from: usize, to: usize| text[from..to].parse::<i16>().map_err(|_| TimeError::Form);
        let small = |from, to| part(from, to).and_then(|n| i8::try_from(n).map_err(|_| TimeError::Form));
        let (hour, minute, second) = (small(11, 13)?, small(14, 16)?, small(17, 19)?);
        let date =
            civil::Date::new(part(0, 4)?, small(5, 7)?, small(8, 10)?).map_err(|_| TimeError::Calendar)?;
        let nanosecond = i32::from(part(20, 23)?) * 1_000_000;
        let time = civil::Time::new(hour, minute, second, nanosecond).map_err(|_| TimeError::Calendar)?;
        let ms = date.to_datetime(time).duration_since(EPOCH).as_millis();
        Self::from_ms(i64::try_from(ms).map_err(|_| TimeError::Range)?)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Calendar arithmetic, because jiff's own instants end before the year 9999 does.
        let at = EPOCH.checked_add(SignedDuration::from_millis(self.0)).map_err(|_| fmt::Error)?;
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            at.year(),
            at.month(),
            at.day(),
            at.hour(),
            at.minute(),
            at.second(),
            at.millisecond()
        )
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({self})")
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        json::text(deserializer, Self::parse)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn real_dates_in_one_form() {
        assert_eq!(Timestamp::parse("1970-01-01T00:00:00.001Z").map(Timestamp::as_ms), Ok(1));
        for (bad, why) in [
            ("2026-11-23T19:04:15Z", TimeError::Form),
            ("2026-11-23T19:04:15.123z", TimeError::Form),
            ("2026-11-23 19:04:15.123Z", TimeError::Form),
            ("2026-11-23T19:04:15.123+00:00", TimeError::Form),
            ("+026-11-23T19:04:15.123Z", TimeError::Form),
            ("2026-02-29T00:00:00.000Z", TimeError::Calendar),
            ("2026-01-01T24:00:00.000Z", TimeError::Calendar),
            ("2016-12-31T23:59:60.000Z", TimeError::Calendar),
        ] {
            assert_eq!(Timestamp::parse(bad), Err(why), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn prints_what_it_parses(ms in MS_MIN..=MS_MAX) {
            let time = Timestamp::from_ms(ms).expect("within the range");
            prop_assert_eq!(Timestamp::parse(&time.to_string()), Ok(time));
        }
    }
}
