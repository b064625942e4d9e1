//! From collection to delivery.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::parts::{Base64, LeafRef, OrderRef};
use super::secrecy::AccountRef;
use crate::model::class::DataClass;
use crate::model::digest::Digest;
use crate::model::id::{CustomerId, DisclosureId, PersonId, ProductionId, SourceId};

/// `disclosure.opened`: nothing is read before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DisclosureOpened {
    /// Its name.
    pub disclosure: DisclosureId,
    /// Who collects; never an approver (I-07).
    pub collector: PersonId,
    /// The order's version.
    pub order: OrderRef,
    /// The review whose scope was approved.
    pub review: LeafRef,
    /// SHA-256 of the approved scope's exact bytes.
    pub scope_sha256: Digest,
}

/// `data.received`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DataReceived {
    /// Of which collection.
    pub disclosure: DisclosureId,
    /// What was read.
    pub sources: Vec<SourceRead>,
}

/// One source, as it was read the first time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SourceRead {
    /// Its name.
    pub source: SourceId,
    /// Its records.
    pub records: u64,
    /// Its bytes.
    pub bytes: u64,
    /// SHA-256 of its bytes; over several files, of their digests in order.
    pub sha256: Digest,
}

/// `data.planned`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DataPlanned {
    /// Of which collection.
    pub disclosure: DisclosureId,
    /// The scope it was planned under: the approved one (I-06).
    pub scope_sha256: Digest,
    /// Files in the bundle.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// SHA-256 of the manifest.
    pub manifest_sha256: Digest,
}

/// `data.filtered`: records = kept + withheld (I-16).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DataFiltered {
    /// Of which collection.
    pub disclosure: DisclosureId,
    /// Records read.
    pub records: u64,
    /// Records kept.
    pub kept: u64,
    /// Records withheld, by rule.
    pub withheld: Vec<Withheld>,
}

/// A count of withheld records; never a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Withheld {
    /// Why: the name minimisation gives the rule.
    pub rule: String,
    /// How many.
    pub count: u64,
}

/// `bundle.provenance`: never opened to an agency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BundleProvenance {
    /// Of which collection.
    pub disclosure: DisclosureId,
    /// The bundle's name.
    pub production: ProductionId,
    /// The production's HMAC key, 32 bytes: ties `provenance.ndjson` to the sources.
    pub hmac_key: Base64,
    /// SHA-256 of `probity/provenance.ndjson`.
    pub provenance_sha256: Digest,
    /// The sources with what was kept of each.
    pub sources: Vec<SourceFile>,
}

/// One source file, and the byte ranges kept of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SourceFile {
    /// Its source.
    pub source: SourceId,
    /// SHA-256 of its bytes.
    pub sha256: Digest,
    /// Its length in bytes.
    pub bytes: u64,
    /// Half-open ranges of bytes kept, ascending, touching ones joined.
    pub kept: Vec<(u64, u64)>,
}

/// `bundle.sealed`: opened to the agency in the receipt, so digests and opaque ids only
/// (docs/FORMATS.md, The bundle). The request stands in the event itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BundleSealed {
    /// The bundle's name.
    pub production: ProductionId,
    /// Of which collection.
    pub disclosure: DisclosureId,
    /// SHA-256 of the file.
    pub file_sha256: Digest,
    /// Its length in bytes.
    pub file_bytes: u64,
    /// SHA-256 of the age payload: nonce and chunks, without the header.
    pub payload_sha256: Digest,
    /// SHA-256 of the tag manifest inside.
    pub tagmanifest_sha256: Digest,
    /// SHA-256 of each recipient string, ascending.
    pub recipients: BTreeSet<Digest>,
}

/// `bundle.released`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BundleReleased {
    /// The bundle.
    pub production: ProductionId,
    /// Of which collection.
    pub disclosure: DisclosureId,
    /// The `approval.given` of kind release.
    pub decision: LeafRef,
    /// SHA-256 of the file that leaves: the sealed one.
    pub file_sha256: Digest,
}

/// `bundle.destroyed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BundleDestroyed {
    /// Of which collection.
    pub disclosure: DisclosureId,
    /// The bundle, if it had a name.
    #[serde(default)]
    pub production: Option<ProductionId>,
    /// Why.
    pub reason: DestroyReason,
}

/// Why a bundle is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DestroyReason {
    /// Staged without its record: a crash came before the log.
    Unrecorded,
    /// Recorded, but its file is missing or another.
    Lost,
    /// The request ended, or its order changed.
    Ordered,
    /// A source was not the same at the second read.
    SourceChanged,
    /// One of the daemon's own private keys occurred in it (S-02).
    KeyFound,
    /// The collection failed otherwise: disk full, source missing.
    Failed,
}

/// `delivery.acknowledged`, `delivery.failed`: the agency's words and its signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DeliveryReport {
    /// The bundle.
    pub production: ProductionId,
    /// The exact bytes of PRD-….ack.json.
    pub ack: Base64,
    /// The exact bytes of PRD-….ack.json.sig, armored.
    pub sig: Base64,
}

/// `delivery.expired`: released, and never opened in time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DeliveryExpired {
    /// The bundle.
    pub production: ProductionId,
}

/// `data.tallied`: what the bundle will hold, class by class; before it is sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DataTallied {
    /// Of which collection.
    pub disclosure: DisclosureId,
    /// Records kept, by class, ascending; their sum is what `data.filtered` kept.
    pub kept: Vec<Tally>,
}

/// How many records of one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Tally {
    /// The class.
    pub class: DataClass,
    /// How many.
    pub records: u64,
}

/// `no_data.certified`: everything was searched and nothing is within the scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NoDataCertified {
    /// Of which collection.
    pub disclosure: DisclosureId,
    /// The sources that were searched: those of `data.received`.
    pub searched: Vec<SourceId>,
    /// SHA-256 of the statement to the agency.
    pub statement_sha256: Digest,
}

/// `scan.cleared`: an item that looked like key material is none. An act: proposed first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ScanCleared {
    /// The source it is in.
    pub source: SourceId,
    /// SHA-256 of the item's bytes.
    pub item_sha256: Digest,
    /// Why, for people.
    pub reason: String,
}

/// `key.used`: a key of the provider opened data for this collection (S-89, I-36). Never the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct KeyUsed {
    /// Of which collection.
    pub disclosure: DisclosureId,
    /// The source whose items it opened.
    pub source: SourceId,
    /// SHA-256 of the key's name in the key service.
    pub key_name_sha256: Digest,
    /// How many items it opened.
    pub items: u64,
}

/// `custody.checked`: who holds the keys to what was ordered, at the time of collection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CustodyChecked {
    /// The accounts whose keys the customer holds; empty if there are none.
    pub customer_held: Vec<AccountRef>,
    /// SHA-256 of what the key service answered.
    pub answer_sha256: Digest,
}

/// `custody.refused`: the customer does not release its data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CustodyRefused {
    /// The customer.
    pub customer: CustomerId,
    /// Why.
    pub ground: CustodyGround,
    /// SHA-256 of its answer, or of the note that there is none.
    pub answer_sha256: Digest,
}

/// Why customer-held data is not released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CustodyGround {
    /// It says no.
    Refused,
    /// It does not answer.
    NoAnswer,
    /// It no longer exists.
    Dissolved,
    /// Its key is lost.
    KeyLost,
}

/// `recall.requested`: a delivered bundle should not have been delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RecallRequested {
    /// Which bundle.
    pub production: ProductionId,
    /// Why.
    pub ground: RecallGround,
    /// SHA-256 of the letter to the agency.
    pub letter_sha256: Digest,
}

/// Why a bundle is recalled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RecallGround {
    /// The agency withdrew its demand after delivery.
    Withdrawn,
    /// A court quashed it after delivery.
    Quashed,
    /// More was in it than was ordered.
    OverProduction,
    /// It went to somebody who pretended to be the agency.
    Impostor,
    /// What may be privileged went to investigators.
    Privileged,
}

/// `recall.answered`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RecallAnswered {
    /// Which bundle.
    pub production: ProductionId,
    /// Whether the agency says that it destroyed it.
    pub destroyed: bool,
    /// SHA-256 of its answer.
    pub answer_sha256: Digest,
}

/// `production.superseding`: the next bundle corrects or supplements a delivered one; it stands
/// on a new review and new approvals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ProductionSuperseding {
    /// The delivered bundle.
    pub supersedes: ProductionId,
    /// Why.
    pub kind: SupersedingKind,
    /// What is different, for people.
    pub reason: String,
}

/// What a further bundle is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SupersedingKind {
    /// It replaces the delivered one.
    Corrective,
    /// It adds to the delivered one.
    Supplementary,
}
