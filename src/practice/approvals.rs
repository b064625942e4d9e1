//! Signed decisions as the state keeps them, and the arithmetic of two people.
//!
//! **In scope**: which approvals stand, and whether they are enough in number (I-05).
//! **Out of scope**: whether one is admitted, and whether it is still current (`rules1`).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::roles::Role;
use super::vocabulary::{LeafRef, OrderRef};
use crate::model::approval::{Decision, Kind};
use crate::model::digest::Digest;
use crate::model::id::PersonId;
use crate::model::time::Timestamp;

/// People a disclosure, a change of policy or an accepted clock needs at least (I-05, I-50).
pub const APPROVERS_MIN: usize = 2;

/// A decision that was admitted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalState {
    /// The entry that records it, with its leaf: the decision a bundle cites.
    pub entry: LeafRef,
    /// The entry's time: its age counts from here (I-09).
    pub at: Timestamp,
    /// What kind of act.
    pub kind: Kind,
    /// Approve, refuse or revoke.
    pub decision: Decision,
    /// Who signed.
    pub person: PersonId,
    /// With which key.
    pub keyid: Digest,
    /// In which role.
    pub role: Role,
    /// What it is about.
    pub context: LeafRef,
    /// The order it names.
    pub order: Option<OrderRef>,
    /// The scope it names.
    pub scope_sha256: Option<Digest>,
    /// The recipients it names.
    pub recipients: BTreeSet<Digest>,
    /// The policy it names.
    pub policy: Digest,
    /// Until when it holds, exclusive.
    pub exp: Timestamp,
    /// SHA-256 of what was signed.
    pub approval_sha256: Digest,
}

/// The approvals of this kind and context that their persons have neither revoked nor refused.
pub fn standing(
    all: &[ApprovalState],
    kind: Kind,
    context: LeafRef,
) -> impl Iterator<Item = &ApprovalState> + Clone {
    about(all, kind, context).filter(move |given| {
        let withdrawn =
            |other: &ApprovalState| other.person == given.person && other.decision != Decision::Approve;
        given.decision == Decision::Approve && !about(all, kind, context).any(withdrawn)
    })
}

/// Every decision of this kind and context.
pub fn about(
    all: &[ApprovalState],
    kind: Kind,
    context: LeafRef,
) -> impl Iterator<Item = &ApprovalState> + Clone {
    all.iter().filter(move |decision| decision.kind == kind && decision.context == context)
}

/// Two persons with two keys, one of them in the role of a senior reviewer (I-05).
#[must_use]
pub fn is_quorum(approvals: &[&ApprovalState]) -> bool {
    are_two(approvals) && approvals.iter().any(|approval| approval.role == Role::SeniorReviewer)
}

/// Two persons with two keys: one person with two keys is one, and so is a key held by two.
#[must_use]
pub fn are_two(approvals: &[&ApprovalState]) -> bool {
    let persons: BTreeSet<_> = approvals.iter().map(|approval| &approval.person).collect();
    let keys: BTreeSet<_> = approvals.iter().map(|approval| approval.keyid).collect();
    persons.len() >= APPROVERS_MIN && keys.len() >= APPROVERS_MIN
}
