//! What is found and asked before the review: law, rights, dates, accounts, redirection, challenges.

use serde::{Deserialize, Serialize};

/// What is found and asked before the review: law, rights, dates, accounts, redirection, challenges.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Screening {}
