//! The state of one request: everything a later event about it is judged by.
//!
//! **In scope**: what rules and views need, bounded, so that a case of ten thousand events
//! costs no more than one of ten.
//! **Out of scope**: how it changes (`rules1`); the timeline (that is the entries).
//!
//! A row of `cases` is this, sealed under the request's key. It is derived: `verify` never
//! trusts it, and it can be rebuilt from the entries.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::approvals::{self, ApprovalState};
use super::directory::{Level, Readers};
use super::due::DueName;
use super::policy::{Code, CountryCode, Issuer};
use super::vocabulary::{
    BundleSealed, Channel, DestroyReason, EventType, ExactScope, LeafRef, Nature, OrderRef, RefusedItem,
    RejectCode, RequestKind,
};
use super::world::Proposal;
use crate::model::approval::Kind;
use crate::model::digest::Digest;
use crate::model::id::{AgencyId, DisclosureId, PersonId, ProductionId, RequestId};
use crate::model::time::Timestamp;
use crate::tlog::LeafIndex;

mod arrival;
mod charges;
mod screening;
mod special;
mod telling;
mod yields;

/// The members that cases and the world have when they are kept, one in a line: rows of another form
/// are derived again. The tests write it.
pub const FORM: &str = include_str!("case/form.txt");

pub use arrival::{
    ARRIVAL_LIST_MAX, Arrival, Callback, DEFICIENCIES_MAX, Deficiency, DeficiencyState, Narrowed,
};
pub use charges::{Charges, HOLDS_MAX, Hold, INVOICES_MAX, Invoice};
pub use screening::{
    Challenge, Comity, Decided, Legality, Profiles, Redirect, RedirectStep, Rights, Screening,
};
pub use special::{Consent, Emergency, Followup, Preservation, Security, Special};
pub use telling::{
    Accounts, Former, NOTICES_MAX, Named, Permitted, SECRECY_MAX, Secrecy, Sent, Telling, Untold, holds,
};
pub(super) use yields::{CustodyAnswer, sum};
pub use yields::{Found, Original, Produced, Recall, Superseded, Yields};

/// Most approvals, refusals and revocations of one request; then a new request is due.
pub const CASE_APPROVALS_MAX: usize = 256;
/// Most collections of one request, failed ones among them.
pub const CASE_DISCLOSURES_MAX: usize = 64;

/// How far the request itself has come; its disclosures have steps of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Arrived.
    Received,
    /// It does come from that agency.
    Authenticated,
    /// Classified, being screened.
    Screening,
    /// Reviewed: can be approved.
    Reviewed,
    /// Terminal, unless a new document cures it (rule set 2).
    Rejected,
    /// Terminal.
    Withdrawn,
    /// It does not demonstrably come from that agency (rule set 2).
    Quarantined,
    /// Terminal: the requester goes to the customer (rule set 2).
    Redirected,
    /// Terminal: everything was searched and nothing found (rule set 2).
    NoData,
    /// Terminal: a preservation, or an order that ended without a disclosure (rule set 2).
    Closed,
}

impl Stage {
    /// Whether nothing is packaged any more (I-18).
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Rejected | Self::Withdrawn | Self::Redirected | Self::NoData | Self::Closed)
    }
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Its name.
    pub request: RequestId,
    /// How far it has come.
    pub stage: Stage,
    /// How it arrived.
    pub received: Received,
    /// The order in force.
    pub order: OrderRef,
    /// The agency it was found to come from.
    pub agency: Option<AgencyId>,
    /// What it is, once classified.
    pub classified: Option<Classified>,
    /// The latest review of the order in force.
    pub review: Option<Review>,
    /// Every decision that was signed about it, in order.
    pub approvals: Vec<ApprovalState>,
    /// Its collections, in order; at most the last one is live.
    pub disclosures: Vec<Disclosure>,
    /// Why it was rejected.
    pub rejected_for: Vec<RejectCode>,
    /// Its latest entry.
    pub last: LeafIndex,
    /// How it came and whether it is sound (from rule set 2 on, as all that follows).
    #[serde(default)]
    pub arrival: Arrival,
    /// What was found and asked before the review.
    #[serde(default)]
    pub screening: Screening,
    /// Who may not be told, and who was.
    #[serde(default)]
    pub telling: Telling,
    /// Emergency, preservation, consent, national security.
    #[serde(default)]
    pub special: Special,
    /// What its collections found, and what became of its bundles.
    #[serde(default)]
    pub yields: Yields,
    /// Cost, flags, holds, erasure.
    #[serde(default)]
    pub charges: Charges,
    /// Acts upon it that two people must approve.
    #[serde(default)]
    pub acts: Vec<Proposal>,
    /// Deadlines whose passing the daemon's clock confirmed.
    #[serde(default)]
    pub passed: BTreeSet<DueName>,
}

/// How a request arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Received {
    /// The entry.
    pub index: LeafIndex,
    /// The entry's time.
    pub at: Timestamp,
    /// When it came, as people say.
    pub received_at: Timestamp,
    /// Who took it in: never an approver (I-07).
    pub submitter: String,
    /// What it purports to be.
    pub kind: RequestKind,
    /// How it came.
    pub channel: Channel,
    /// From whom it claims to be.
    pub agency_claimed: Option<AgencyId>,
}

/// What the request is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Classified {
    /// The entry.
    pub index: LeafIndex,
    /// The instrument.
    pub instrument: Code,
    /// Who issued it.
    pub issuer: Issuer,
    /// The level of government.
    pub level: Level,
    /// The country.
    pub country: CountryCode,
    /// The country that asked for it by treaty.
    pub foreign_origin: Option<CountryCode>,
    /// What it serves.
    pub nature: Nature,
    /// The entity addressed.
    pub entity: Code,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// What it asks for.
    pub scope: ExactScope,
}

/// A completed review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// The entry: the context of approvals to disclose.
    pub context: LeafRef,
    /// The policy it was made under: another one in force voids it (I-10).
    pub policy: Digest,
    /// Who reviewed.
    pub reviewer: PersonId,
    /// What may go on.
    pub scope: ExactScope,
    /// What may not, by rule.
    pub refused: Vec<RefusedItem>,
}

/// How far a collection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// It may read the sources.
    Opened,
    /// They were read.
    Received,
    /// The bundle is planned.
    Planned,
    /// What was withheld is counted.
    Filtered,
    /// Its provenance is logged.
    Traced,
    /// The file is encrypted and logged.
    Sealed,
    /// It may leave.
    Released,
    /// The agency let its time to open it pass.
    Expired,
    /// The agency opened it.
    Acknowledged,
    /// It is gone.
    Destroyed,
}

/// One collection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disclosure {
    /// Its name.
    pub id: DisclosureId,
    /// The entry that opened it.
    pub opened: LeafIndex,
    /// How far it has come.
    pub step: Step,
    /// Who collects.
    pub collector: PersonId,
    /// The review it stands on.
    pub review: LeafRef,
    /// The scope it was planned under.
    pub scope_sha256: Digest,
    /// The bundle's name, once it has one.
    pub production: Option<ProductionId>,
    /// Records read: what `data.filtered` must account for.
    pub records: u64,
    /// The sealed bundle.
    pub sealed: Option<Sealed>,
    /// The entry that let it leave.
    pub released: Option<LeafIndex>,
    /// Its time, under rule set 2.
    pub released_at: Option<Timestamp>,
    /// Failed deliveries.
    pub failures: u32,
    /// Why it is gone.
    pub destroyed: Option<DestroyReason>,
}

/// A sealed bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sealed {
    /// The entry: the context of approvals to release.
    pub context: LeafRef,
    /// Its time.
    pub at: Timestamp,
    /// Whose it is to be.
    pub agency: Option<AgencyId>,
    /// What it says.
    pub bundle: BundleSealed,
}

impl Disclosure {
    /// Whether something of it may still leave or be finished.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        !matches!(self.step, Step::Destroyed)
    }
}

impl Case {
    /// Who of the agency may open a bundle of it.
    #[must_use]
    pub fn readers(&self) -> Readers {
        if self.screening.privileges.is_empty() { Readers::Investigators } else { Readers::FilterTeam }
    }

    /// The collection that is neither destroyed nor followed by a further one, if there is one.
    #[must_use]
    pub fn live_disclosure(&self) -> Option<&Disclosure> {
        let is_last = |disclosure: &&Disclosure| !self.yields.is_superseded(&disclosure.id);
        self.disclosures.last().filter(|disclosure| disclosure.is_live()).filter(is_last)
    }

    /// The collection of that name.
    #[must_use]
    pub fn disclosure(&self, id: &DisclosureId) -> Option<&Disclosure> {
        self.disclosures.iter().find(|disclosure| disclosure.id == *id)
    }

    /// Whether it stands or stood on the document. Rule set 1 kept the one in force alone.
    #[must_use]
    pub fn stood_on(&self, document: &Digest) -> bool {
        self.order.sha256 == *document || self.arrival.documents.contains(document)
    }

    /// When the document in force was served, as people say, and no later than it was recorded.
    #[must_use]
    pub fn served_at(&self) -> Timestamp {
        self.arrival.replaced_at.unwrap_or(self.received.received_at)
    }

    /// The approvals to disclose that stand: of the latest review, not revoked. Whether they
    /// are still current is judged again at seal.
    #[must_use]
    pub fn standing_approvals(&self) -> Vec<&ApprovalState> {
        self.review.as_ref().map_or_else(Vec::new, |review| {
            approvals::standing(&self.approvals, Kind::Disclose, review.context).collect()
        })
    }

    /// The state in one word, as views show it.
    #[must_use]
    pub fn state_name(&self) -> &'static str {
        match (self.stage, self.live_disclosure().map(|disclosure| disclosure.step)) {
            (_, Some(Step::Acknowledged | Step::Expired)) => "disclosed",
            (_, Some(Step::Released)) => "released",
            (Stage::Rejected, _) => "rejected",
            (Stage::Withdrawn, _) => "withdrawn",
            (Stage::Redirected, _) => "redirected",
            (Stage::NoData, _) => "no_data",
            (Stage::Closed, _) => "closed",
            (Stage::Quarantined, _) => "quarantined",
            (_, Some(Step::Sealed)) => "sealed",
            (_, Some(_)) => "collecting",
            (Stage::Reviewed, None) if approvals::is_quorum(&self.standing_approvals()) => "approved",
            (Stage::Reviewed, None) => "reviewed",
            (Stage::Screening, None) => "screening",
            (Stage::Authenticated, None) => "authenticated",
            (Stage::Received, None) => "received",
        }
    }

    /// The events that would be legal in this state, for people who ask what comes next.
    #[must_use]
    pub fn next_steps(&self) -> Vec<EventType> {
        use EventType as E;
        let step = self.live_disclosure().map(|disclosure| disclosure.step);
        let forward: &[E] = match (self.stage, step) {
            (_, Some(Step::Released | Step::Expired)) => &[E::DeliveryAcknowledged, E::DeliveryFailed],
            (_, Some(Step::Acknowledged)) => &[],
            (stage, None) if stage.is_terminal() => &[],
            (stage, Some(_)) if stage.is_terminal() => &[E::BundleDestroyed],
            (_, Some(Step::Sealed)) => &[E::ApprovalGiven, E::BundleReleased, E::BundleDestroyed],
            (_, Some(Step::Opened)) => &[E::DataReceived, E::BundleDestroyed],
            (_, Some(Step::Received)) => &[E::DataPlanned, E::BundleDestroyed],
            (_, Some(Step::Planned)) => &[E::DataFiltered, E::BundleDestroyed],
            (_, Some(Step::Filtered)) => self.after_filtering(),
            (_, Some(_)) => &[E::BundleSealed, E::BundleDestroyed],
            (Stage::Received | Stage::Quarantined, None) => &[E::RequestAuthenticated],
            (Stage::Authenticated, None) => &[E::RequestClassified],
            (Stage::Screening, None) => &[E::ReviewCompleted],
            (Stage::Reviewed, None) if approvals::is_quorum(&self.standing_approvals()) => {
                &[E::DisclosureOpened, E::ApprovalRevoked]
            }
            (_, None) => &[E::ApprovalGiven, E::ApprovalRefused, E::ReviewCompleted],
        };
        let is_over = self.stage.is_terminal() || step.is_some_and(|step| step >= Step::Released);
        let mut steps = forward.to_vec();
        if !is_over {
            steps.extend([E::OrderAmended, E::RequestWithdrawn]);
        }
        if !is_over && step.is_none() {
            steps.push(E::RequestRejected);
        }
        steps
    }

    /// Under rule set 2 what was kept is tallied first, and nothing kept is certified.
    fn after_filtering(&self) -> &'static [EventType] {
        use EventType as E;
        match self.yields.found.as_ref().map(Found::tallied) {
            Some(None) => &[E::DataTallied, E::BundleDestroyed],
            Some(Some(0)) => &[E::NoDataCertified, E::BundleDestroyed],
            Some(Some(_)) | None => &[E::BundleProvenance, E::BundleDestroyed],
        }
    }
}

/// What clones of a case share, stored like what it holds.
mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(in crate::practice::case) fn serialize<T: Serialize, S: Serializer>(
        shared: &Arc<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        T::serialize(shared, serializer)
    }

    pub(in crate::practice::case) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Arc<T>, D::Error> {
        T::deserialize(deserializer).map(Arc::new)
    }
}
