//! Who may not be told, and who was: secrecy orders and notices.

use serde::{Deserialize, Serialize};

/// Who may not be told, and who was: secrecy orders and notices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telling {}
