//! How a request came, and whether it is sound: quarantine, call-backs, deficiencies, links.

use serde::{Deserialize, Serialize};

use crate::model::id::AgencyId;
use crate::model::time::Timestamp;
use crate::practice::vocabulary::{CallbackAnswer, NumberSource};
use crate::tlog::LeafIndex;

/// How a request came, and whether it is sound: quarantine, call-backs, deficiencies, links.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arrival {
    /// Its call-backs, in order.
    #[serde(default)]
    pub callbacks: Vec<Callback>,
}

/// A call to the agency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Callback {
    /// The entry.
    pub index: LeafIndex,
    /// Its time.
    pub at: Timestamp,
    /// The agency that was asked.
    pub agency: AgencyId,
    /// Where the number comes from.
    pub number_source: NumberSource,
    /// As of when that source is.
    pub number_dated: Timestamp,
    /// When it was called.
    pub called_at: Timestamp,
    /// What the other end said.
    pub answer: CallbackAnswer,
}
