//! How a request came, and whether it is sound: quarantine, call-backs, deficiencies, links.

use serde::{Deserialize, Serialize};

/// How a request came, and whether it is sound: quarantine, call-backs, deficiencies, links.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arrival {}
