//! Goal: what is recorded beside the path: cost, holds, erasure, incidents, reports, the clock.
//! Method: the straight path of rule set 2, changed in one thing at a time.

use super::log::Log;

/// Logs that together hold each event of the family, for docs/events.md.
pub(super) fn examples() -> Vec<Log> {
    Vec::new()
}
