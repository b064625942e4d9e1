//! What collections found and what became of bundles: tallies, scans, custody, recalls.

use serde::{Deserialize, Serialize};

/// What collections found and what became of bundles: tallies, scans, custody, recalls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Yields {}
