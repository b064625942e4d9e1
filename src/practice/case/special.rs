//! What demands that do not take the straight path have: emergency, preservation, consent, security.

use serde::{Deserialize, Serialize};

/// What demands that do not take the straight path have: emergency, preservation, consent, security.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Special {}
