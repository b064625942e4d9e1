//! The review and the approvals.

use serde::{Deserialize, Serialize};

use super::parts::{ExactScope, LeafRef, OrderRef};
use crate::model::approval::Kind;
use crate::model::digest::Digest;
use crate::model::id::PersonId;
use crate::practice::rule::Rule;

/// `review.completed`: what approvals are about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReviewCompleted {
    /// Who reviewed; the event's actor too.
    pub reviewer: PersonId,
    /// Which version of the order.
    pub order: OrderRef,
    /// That local law was checked (S-32, S-50).
    pub legality: Legality,
    /// What may go on: the exact bytes that approvals hash. May be smaller than the order's.
    pub scope: ExactScope,
    /// The order's items that may not, each with its rule.
    pub refused: Vec<RefusedItem>,
}

/// What was checked of local law.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Legality {
    /// The provisions that were read, at least one.
    pub law: Vec<String>,
    /// The provisions on procedure that were read, at least one.
    pub procedure: Vec<String>,
    /// SHA-256 of the reviewer's note.
    pub note_sha256: Digest,
}

/// An item of the order's scope that is not disclosed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RefusedItem {
    /// Its position in the order's scope.
    pub item: u32,
    /// The rule: the one the instrument's table names, or a reason of S-15 … S-22.
    pub rule: Rule,
    /// Why, for people.
    pub reason: String,
}

/// `approval.given`, `approval.refused`, `approval.revoked`: digests and opaque ids only.
/// What counts is the envelope beside it, which this repeats.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ApprovalRecord {
    /// What kind of act.
    pub kind: Kind,
    /// Who signed.
    pub person: PersonId,
    /// With which key.
    pub keyid: Digest,
    /// What it is about.
    pub context: LeafRef,
    /// SHA-256 of the approval: of the DSSE payload's bytes.
    pub approval_sha256: Digest,
}
