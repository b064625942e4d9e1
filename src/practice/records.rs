//! What is recorded about no single request: incidents, reports, figures, the screening process.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::due::Deadline;
use crate::tlog::LeafIndex;

/// The records of the log itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Records {
    /// Deadlines whose passing the daemon's clock confirmed.
    pub passed: BTreeSet<(Deadline, LeafIndex)>,
}
