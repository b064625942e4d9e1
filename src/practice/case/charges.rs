//! What is recorded beside the path: cost, flags, holds, erasure.

use serde::{Deserialize, Serialize};

/// What is recorded beside the path: cost, flags, holds, erasure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Charges {}
