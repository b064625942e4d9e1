//! The clock rule (docs/FORMATS.md §1): which time an entry may bear.
//!
//! A wrong future stamp has no cure, because no later entry may bear an earlier time; so the
//! clock is held against the one that nobody can set, `CLOCK_BOOTTIME`, before anything is
//! stamped. Reads go on whatever the clock says.
//!
//! **In scope**: the rule as a pure function, and its row in `meta`. **Out of scope**: reading
//! clocks ([`super::Environment`]) and who may accept a jump (the practice).

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::model::time::Timestamp;
use crate::practice::vocabulary::ClockAccepted;

/// How far a clock may stand back before stamping stops, in ms: what a time daemon corrects.
const BACK_MS_MAX: i64 = 5_000;
/// How far the wall clock may gain on `CLOCK_BOOTTIME` within one boot, in ms.
const GAIN_MS_MAX: i64 = 60_000;
/// How far it may stand ahead of the last stamp of another boot, in ms: an outage of a day.
const OUTAGE_MS_MAX: i64 = 24 * 60 * 60 * 1_000;

/// What the machine's clocks say at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockReading {
    /// The wall clock.
    pub wall: Timestamp,
    /// The kernel's id of this boot.
    pub boot_id: String,
    /// `CLOCK_BOOTTIME`, in ms.
    pub boottime_ms: i64,
}

/// The moment of the last stamp, as `meta` keeps it with every batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LastStamp {
    /// The boot in which it was given; `None` if that is not known any more.
    pub boot_id: Option<String>,
    /// `CLOCK_BOOTTIME` then, in ms.
    pub boottime_ms: i64,
    /// The time it bore.
    pub time: Timestamp,
}

/// Why nothing can be stamped now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClockRefusal {
    /// The wall clock stands before the last entry.
    #[error("the clock says {wall}, but the last entry bears {last}; hint: set the clock right, or wait")]
    Back {
        /// What the wall clock says.
        wall: Timestamp,
        /// What the last entry bears.
        last: Timestamp,
    },
    /// The wall clock gained more than time can have passed.
    #[error(
        "the clock says {wall}, but by what has passed since the last entry it cannot be later than {latest}; \
         hint: set the clock right; if the new time is the right one, post clock.accepted with two approvals of kind clock"
    )]
    Ahead {
        /// What the wall clock says.
        wall: Timestamp,
        /// The latest time that would be believed.
        latest: Timestamp,
    },
}

/// What the rule says at one moment, for people who ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockState {
    /// The time of the last stamp.
    pub last: Timestamp,
    /// What the wall clock says.
    pub wall: Timestamp,
    /// The time that an entry would bear now, or why none can be stamped.
    pub stamp: Result<Timestamp, ClockRefusal>,
}

impl ClockState {
    pub(crate) fn at(last: &LastStamp, now: &ClockReading) -> Self {
        Self { last: last.time, wall: now.wall, stamp: stamp(last, now) }
    }
}

/// The time to stamp at `now` after `last`.
///
/// # Errors
/// [`ClockRefusal`] if the wall clock is further back than [`BACK_MS_MAX`], or further ahead
/// than the time that can have passed.
pub(crate) fn stamp(last: &LastStamp, now: &ClockReading) -> Result<Timestamp, ClockRefusal> {
    let ahead_ms = now.wall.as_ms().saturating_sub(last.time.as_ms());
    if ahead_ms < -BACK_MS_MAX {
        return Err(ClockRefusal::Back { wall: now.wall, last: last.time });
    }
    let is_same_boot = last.boot_id.as_ref() == Some(&now.boot_id);
    let ahead_ms_max = if is_same_boot {
        now.boottime_ms.saturating_sub(last.boottime_ms).max(0).saturating_add(GAIN_MS_MAX)
    } else {
        OUTAGE_MS_MAX
    };
    if ahead_ms > ahead_ms_max {
        let latest = last.time.saturating_add_ms(ahead_ms_max);
        return Err(ClockRefusal::Ahead { wall: now.wall, latest });
    }
    Ok(now.wall.max(last.time))
}

/// The time that `clock.accepted` bears: the one it names, if the wall clock has not left it
/// behind; otherwise the wall clock's, which the practice then refuses as not the one named.
pub(crate) fn accepted(data: &RawValue, wall: Timestamp) -> Timestamp {
    let named = serde_json::from_str::<ClockAccepted>(data.get()).map(|accepted| accepted.to);
    let is_near = |to: &Timestamp| (0..=GAIN_MS_MAX).contains(&wall.as_ms().saturating_sub(to.as_ms()));
    named.ok().filter(is_near).unwrap_or(wall)
}

impl LastStamp {
    /// The stamp `time`, given at `now`.
    #[must_use]
    pub(crate) fn new(time: Timestamp, now: &ClockReading) -> Self {
        Self { boot_id: Some(now.boot_id.clone()), boottime_ms: now.boottime_ms, time }
    }

    /// A stamp of which only the time is known: its row was lost, the entry was not.
    #[must_use]
    pub(crate) const fn of_entry(time: Timestamp) -> Self {
        Self { boot_id: None, boottime_ms: 0, time }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAST_MS: i64 = 1_795_000_000_000;

    fn check(wall_ms: i64, boot: &str, boottime_ms: i64) -> Result<i64, ClockRefusal> {
        let at = |ms| Timestamp::from_ms(ms).expect("in range");
        let last = LastStamp { boot_id: Some("one".to_owned()), boottime_ms: 1_000_000, time: at(LAST_MS) };
        let now = ClockReading { wall: at(LAST_MS + wall_ms), boot_id: boot.to_owned(), boottime_ms };
        stamp(&last, &now).map(|time| time.as_ms() - LAST_MS)
    }

    /// Goal: every edge of the rule, one ms to either side.
    #[test]
    fn edges() {
        const HOUR: i64 = 3_600_000;
        for (wall, boot, boottime, expected) in [
            (0, "one", 1_000_000, Some(0)),
            (7, "one", 1_000_007, Some(7)),
            (-1, "one", 1_000_000, Some(0)),
            (-BACK_MS_MAX, "one", 1_000_000, Some(0)),
            (-BACK_MS_MAX - 1, "one", 1_000_000, None),
            (-BACK_MS_MAX - 1, "two", 0, None),
            (GAIN_MS_MAX, "one", 1_000_000, Some(GAIN_MS_MAX)),
            (GAIN_MS_MAX + 1, "one", 1_000_000, None),
            (HOUR + GAIN_MS_MAX, "one", 1_000_000 + HOUR, Some(HOUR + GAIN_MS_MAX)),
            (HOUR + GAIN_MS_MAX + 1, "one", 1_000_000 + HOUR, None),
            (400 * HOUR, "one", 1_000_000 + 400 * HOUR, Some(400 * HOUR)),
            (GAIN_MS_MAX, "one", 0, Some(GAIN_MS_MAX)),
            (OUTAGE_MS_MAX, "two", 5, Some(OUTAGE_MS_MAX)),
            (OUTAGE_MS_MAX + 1, "two", 5, None),
        ] {
            assert_eq!(check(wall, boot, boottime).ok(), expected, "{wall} ms, boot {boot}, {boottime}");
        }
    }

    #[test]
    fn a_lost_row_counts_as_another_boot() {
        let time = Timestamp::from_ms(LAST_MS).expect("in range");
        let last = LastStamp::of_entry(time);
        let wall = time.saturating_add_ms(OUTAGE_MS_MAX + 1);
        let now = ClockReading { wall, boot_id: "one".to_owned(), boottime_ms: i64::MAX };
        assert_eq!(
            stamp(&last, &now),
            Err(ClockRefusal::Ahead { wall, latest: time.saturating_add_ms(OUTAGE_MS_MAX) })
        );
    }
}
