//! What is found and asked before the review: law, rights, dates, accounts, redirection, challenges.

use serde::{Deserialize, Serialize};

use crate::practice::vocabulary::AccountProfile;

/// What is found and asked before the review: law, rights, dates, accounts, redirection, challenges.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Screening {
    /// What is known of each account.
    #[serde(default)]
    pub profile: Vec<AccountProfile>,
}

impl Screening {
    /// What is known of each account of the order.
    pub fn accounts(&self) -> impl Iterator<Item = &AccountProfile> {
        self.profile.iter()
    }

    /// Whether a challenge before a court is open.
    #[must_use]
    pub const fn is_challenged(&self) -> bool {
        false
    }
}
