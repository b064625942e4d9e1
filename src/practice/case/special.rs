//! What demands that do not take the straight path have: emergency, preservation, consent, security.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::model::class::DataClass;
use crate::model::digest::Digest;
use crate::model::time::Timestamp;
use crate::practice::vocabulary::{AccountRef, EmergencyCategory, ExactScope, OrderRef};
use crate::tlog::LeafIndex;

/// What demands that do not take the straight path have: emergency, preservation, consent, security.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Special {
    /// The latest assessment of an emergency.
    pub emergency: Option<Emergency>,
    /// What is to follow its release.
    pub followup: Option<Followup>,
    /// What is preserved.
    pub preservation: Option<Preservation>,
    /// The owner's latest consent.
    pub consent: Option<Consent>,
    /// Consents that their owners took back, by the signed document.
    #[serde(default)]
    pub revoked: BTreeSet<Digest>,
    /// What reports on national security count.
    pub security: Option<Security>,
}

/// An assessed emergency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Emergency {
    /// The order it was assessed on.
    pub order: OrderRef,
    /// Which kind of emergency it is (S-48).
    pub category: EmergencyCategory,
    /// The classes that are needed.
    pub needs: BTreeSet<DataClass>,
}

/// The process that is to follow an emergency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Followup {
    /// The entry that released the bundle.
    pub released: LeafIndex,
    /// Its time.
    pub at: Timestamp,
    /// Whether it came, was refused, or was looked into.
    pub is_closed: bool,
}

/// Preserved data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preservation {
    /// The entry that set the time.
    pub set_by: LeafIndex,
    /// Until when, exclusive.
    pub until: Timestamp,
}

/// An owner's consent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// What the owner agrees to.
    pub scope: ExactScope,
    /// The signed document.
    pub document_sha256: Digest,
    /// Until when it holds, exclusive.
    pub expires_at: Option<Timestamp>,
    /// Whether the owner took it back.
    pub is_revoked: bool,
}

/// An order about national security, as reports count it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Security {
    /// The order it is about.
    pub order: OrderRef,
    /// Customer selectors.
    pub selectors: u32,
    /// The accounts it concerns, each on its service (S-112).
    pub accounts: BTreeSet<AccountRef>,
    /// Since when it is effective.
    pub effective_from: Timestamp,
    /// Until when, exclusive.
    pub effective_to: Option<Timestamp>,
    /// When the first order for its capability was received, where that is a new one (50 USC 1874(b)).
    pub capability_since: Option<Timestamp>,
}

impl Consent {
    /// Whether it stands at that time.
    #[must_use]
    pub fn stands_at(&self, time: Timestamp) -> bool {
        !self.is_revoked && self.expires_at.is_none_or(|end| time < end)
    }
}
