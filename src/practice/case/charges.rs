//! What is recorded beside the path: cost, flags, holds, erasure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::id::InvoiceId;
use crate::model::time::Timestamp;
use crate::practice::vocabulary::HoldGround;
use crate::tlog::LeafIndex;

/// Most bills of one request.
pub const INVOICES_MAX: usize = 64;
/// Most holds of one request that are open at a time.
pub const HOLDS_MAX: usize = 64;

/// What is recorded beside the path: cost, flags, holds, erasure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Charges {
    /// The entry that found it to be about the exploitation of children, and its time.
    pub child_exploitation: Option<(LeafIndex, Timestamp)>,
    /// Its bills.
    pub invoices: BTreeMap<InvoiceId, Invoice>,
    /// Holds that were not lifted, by the entry that placed them.
    pub holds: BTreeMap<LeafIndex, Hold>,
    /// The entry that ordered the record erased, and its time.
    pub erasure: Option<(LeafIndex, Timestamp)>,
}

/// A bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invoice {
    /// What was charged, in the currency's smallest unit.
    pub charged: u64,
    /// What was given back of it.
    pub credited: u64,
}

/// A hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// Why.
    pub ground: HoldGround,
    /// Until when, exclusive; `None`: until it is lifted.
    pub until: Option<Timestamp>,
}

impl Hold {
    /// Whether it holds at that time.
    #[must_use]
    pub fn is_active_at(&self, at: Timestamp) -> bool {
        self.until.is_none_or(|until| at < until)
    }
}
