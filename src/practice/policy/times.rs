//! The times that the practice sets itself, beside those of the instruments.
//!
//! None of them is the law's: each is the provider's own number, strict where it is not stated.

use serde::{Deserialize, Serialize};

/// Times of the practice. Each has a default, which is the strict one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Times {
    /// Days between notice and release, unless the instrument says more (S-53).
    pub notice_wait_days: u32,
    /// Days within which notice follows the end of secrecy (I-25).
    pub notice_after_secrecy_days: u32,
    /// Longest time until a waiver or a withheld notice is looked at again, in days (I-26).
    pub notice_review_days_max: u32,
    /// Days between two looks at secrecy without end (I-29), unless its table says less.
    pub secrecy_review_days: u32,
    /// Hours a call-back stays good (I-30).
    pub call_back_age_hours_max: u32,
    /// Days a directory entry's number stays good before it must be confirmed again.
    pub number_age_days_max: u32,
    /// Days within which process follows an emergency (I-32), unless its table says less.
    pub followup_days: u32,
    /// Days between two reviews of the screening process (I-58).
    pub process_review_days: u32,
    /// Days after the end of a period until its report is due (S-10).
    pub report_due_days: u32,
    /// Days within which a conflict of laws is assessed (I-56).
    pub comity_days: u32,
    /// Days the verification of a requester stays good (I-33).
    pub authentication_age_days_max: u32,
    /// Days within which what must not have been charged is credited (S-108).
    pub credit_days: u32,
    /// Days within which an erasure is carried out (I-49).
    pub erasure_days: u32,
    /// Days an agency has to open a released bundle; then `delivery.expired` may say that it did not.
    pub delivery_days: u32,
    /// Days within which an incident is opened about a recalled bundle, or a demand that the agency it
    /// names denies (I-34).
    pub incident_days: u32,
    /// Seats above which an organisation is an enterprise (S-66): more than this.
    pub enterprise_seats: u32,
    /// The offset from UTC of a document's dates where it names no zone (I-15). None: such dates
    /// give no interval, which is the strict reading.
    pub default_utc_offset: Option<UtcOffset>,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            notice_wait_days: 7,
            notice_after_secrecy_days: 7,
            notice_review_days_max: 90,
            secrecy_review_days: 90,
            call_back_age_hours_max: 24,
            number_age_days_max: 365,
            followup_days: 10,
            process_review_days: 183,
            report_due_days: 183,
            comity_days: 14,
            authentication_age_days_max: 30,
            credit_days: 30,
            erasure_days: 30,
            delivery_days: 30,
            incident_days: 7,
            enterprise_seats: 50,
            default_utc_offset: None,
        }
    }
}

/// An offset from UTC as it is written, `-07:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct UtcOffset {
    minutes: i16,
}

impl UtcOffset {
    /// Parses the one form: a sign, at most 14 hours, and quarters of an hour. `-00:00` says that
    /// the zone is not known, and so is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let &[sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] = text.as_bytes() else { return None };
        let digit = |byte: u8| byte.is_ascii_digit().then(|| i16::from(byte - b'0'));
        let (hours, minutes) = (digit(h1)? * 10 + digit(h2)?, digit(m1)? * 10 + digit(m2)?);
        let total = hours * 60 + minutes;
        if total > 14 * 60 || minutes > 45 || minutes % 15 != 0 || (sign == b'-' && total == 0) {
            return None;
        }
        Some(Self { minutes: if sign == b'-' { -total } else { total } })
    }

    /// How much local time is ahead of UTC, in milliseconds.
    #[must_use]
    pub fn as_ms(self) -> i64 {
        i64::from(self.minutes) * 60_000
    }
}

impl Serialize for UtcOffset {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (sign, minutes) = if self.minutes < 0 { ('-', -self.minutes) } else { ('+', self.minutes) };
        serializer.collect_str(&format_args!("{sign}{:02}:{:02}", minutes / 60, minutes % 60))
    }
}

impl TryFrom<String> for UtcOffset {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("an offset from UTC looks like -07:00")
    }
}

#[cfg(test)]
mod tests {
    //! Goal: an offset is read as it is written, or not at all, and prints as it was read; operators find
    //! every time. Method: each bound of an offset's parts from both sides; the page beside the type.

    use super::*;

    /// What a policy may say in `[times]` stands in the operators' page, with the default it has.
    #[test]
    fn every_time_and_its_default_is_in_the_operators_page() {
        let page = include_str!("../../../docs/OPERATIONS.md");
        let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
        let rows: std::collections::BTreeMap<&str, &str> =
            rows.filter_map(|row| row.split_once("` | ")).collect();
        let times = serde_json::to_value(Times::default()).expect("prints");
        for (name, value) in times.as_object().expect("a table") {
            let default = if value.is_null() { "none".to_owned() } else { value.to_string() };
            let row = rows.get(name.as_str()).unwrap_or_else(|| panic!("docs/OPERATIONS.md lacks {name}"));
            assert!(row.starts_with(&format!("{default} |")), "{name} is {default}, the page says {row}");
        }
    }

    #[test]
    fn an_offset_is_a_sign_and_quarters_of_an_hour_up_to_14() {
        for (text, minutes) in [
            ("+00:00", 0),
            ("-00:15", -15),
            ("+05:45", 345),
            ("-07:00", -420),
            ("+13:30", 810),
            ("+14:00", 840),
            ("-14:00", -840),
        ] {
            let offset = UtcOffset::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(offset.as_ms(), minutes * 60_000, "{text}");
            assert_eq!(serde_json::to_value(offset).expect("prints"), text);
        }
        for text in ["-00:00", "+05:20", "+05:44", "+05:46", "+05:60", "+05:75", "+14:15", "+15:00", "+1:00"]
        {
            assert_eq!(UtcOffset::parse(text), None, "{text}");
        }
    }
}
