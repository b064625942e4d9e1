//! Goal: what is found and asked before the review: law, rights, dates, accounts, redirection, challenges, the matrix.
//! Method: the straight path of rule set 2, changed in one thing at a time.

use super::log::Log;

/// Logs that together hold each event of the family, for docs/events.md.
pub(super) fn examples() -> Vec<Log> {
    Vec::new()
}
