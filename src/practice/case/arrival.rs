//! How a request came, and whether it is sound: versions, call-backs, quarantine, deficiencies, links.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::model::digest::Digest;
use crate::model::id::{AgencyId, RequestId};
use crate::model::time::Timestamp;
use crate::practice::vocabulary::{CallbackAnswer, ExactScope, NumberSource, RejectCode, Relation};
use crate::tlog::LeafIndex;

/// Most call-backs, links and documents of one request.
pub const ARRIVAL_LIST_MAX: usize = 64;
/// Most deficiencies of one request.
pub const DEFICIENCIES_MAX: usize = 256;

/// How a request came, and whether it is sound.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Arrival {
    /// SHA-256 of each document it ever stood on: a copy of one is a duplicate (I-44).
    pub documents: Vec<Digest>,
    /// When a later version came, as people say; none: the first one is in force.
    pub replaced_at: Option<Timestamp>,
    /// When its origin was last verified (I-33).
    pub authenticated_at: Option<Timestamp>,
    /// What a failed verification kept; the next one needs something else.
    pub failed_evidence: BTreeSet<Digest>,
    /// Who was called back, and what they said.
    pub callbacks: Vec<Callback>,
    /// What is or was deficient, by the entry that noted it.
    pub deficiencies: BTreeMap<LeafIndex, Deficiency>,
    /// Items of the order that must be refused, because they are deficient and the others go on.
    pub set_aside: BTreeSet<u32>,
    /// Requests that belong to this one.
    pub links: BTreeSet<(RequestId, Relation)>,
    /// How often a new document reopened it; it is one request all the same.
    pub reopened: u32,
    /// Who took the later versions of the document in: never an approver (I-07).
    pub submitters: BTreeSet<String>,
    /// How often the same document came again.
    pub duplicates: u32,
    /// The last agreement to less, of the version it was made about.
    pub narrowed: Option<Narrowed>,
    /// Identifiers of the classification in force that resolve to no account; none once somebody has
    /// set them aside (S-21).
    pub unresolved: u32,
}

/// An agreement of the requester to less (S-27).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Narrowed {
    /// The entry.
    pub entry: LeafIndex,
    /// The version of the order that it is about.
    pub version: u32,
    /// What the demand asks for at most from then on.
    pub scope: ExactScope,
}

/// A call to an agency or a court.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Callback {
    /// The entry.
    pub index: LeafIndex,
    /// Its time.
    pub at: Timestamp,
    /// Who was asked.
    pub agency: AgencyId,
    /// Where the number comes from.
    pub number_source: NumberSource,
    /// SHA-256 of the number, where it is the directory's.
    pub number_sha256: Digest,
    /// As of when that source is.
    pub number_dated: Timestamp,
    /// When it was called, as people say.
    pub called_at: Timestamp,
    /// What the other end said.
    pub answer: CallbackAnswer,
    /// The version of the document that it was about.
    pub version: u32,
}

/// One deficiency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deficiency {
    /// Which of the eight.
    pub code: RejectCode,
    /// The item it is about; the whole demand if none.
    pub item: Option<u32>,
    /// What became of it.
    pub state: DeficiencyState,
}

/// What became of a deficiency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeficiencyState {
    /// Nothing goes on.
    Open,
    /// Its items are set aside; the others go on.
    SetAside,
    /// A new document mended it.
    Cured,
}

impl Arrival {
    /// The agreement to less that holds for this version of the order.
    #[must_use]
    pub fn narrowed_to(&self, version: u32) -> Option<&Narrowed> {
        self.narrowed.as_ref().filter(|narrowed| narrowed.version == version)
    }

    /// The first deficiency that nothing has mended.
    #[must_use]
    pub fn open_deficiency(&self) -> Option<LeafIndex> {
        let open = self.deficiencies.iter().find(|(_, noted)| noted.state == DeficiencyState::Open);
        open.map(|(index, _)| *index)
    }
}
