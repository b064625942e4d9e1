//! What a collection stands on, as log and directory have it; nothing of it is from a request.

use std::collections::BTreeSet;

use super::PackageError;
use crate::collect::Suspect;
use crate::ledger::Reader;
use crate::model::id::{ProductionId, RequestId};
use crate::model::opening::Logged;
use crate::model::scope::FieldTable;
use crate::model::time::Timestamp;
use crate::ops::age::Recipients;
use crate::ops::machine;
use crate::practice::case::Case;
use crate::practice::vocabulary::{DisclosureOpened, ExactScope, OrderRef};
use crate::practice::{RuleSet, approvals};
use crate::tlog::LeafIndex;

/// The approved scope, for whom, and by which decision.
pub(super) struct Grounds {
    pub(super) request: RequestId,
    pub(super) order: OrderRef,
    pub(super) issuer: String,
    pub(super) served_at: Timestamp,
    /// What was approved.
    pub(super) scope: ExactScope,
    /// What the order asks for: at least that.
    pub(super) ordered: ExactScope,
    /// The fields of each class, as the policy in force lists them.
    pub(super) fields: FieldTable,
    /// The agency's, from the directory in force.
    pub(super) recipients: Recipients,
    /// The approvals that stand, in the log's order.
    pub(super) approvals: Vec<LeafIndex>,
    /// The one among them that made them enough.
    pub(super) decision: LeafIndex,
    /// The rules that were in force when the collection was opened.
    pub(super) rules: RuleSet,
    /// Items that two people found not to be key material.
    pub(super) cleared: BTreeSet<Suspect>,
    /// The delivered bundle that this one corrects or supplements.
    pub(super) supersedes: Option<ProductionId>,
    /// How many bundles of this request were released before.
    pub(super) delivered: usize,
}

impl Grounds {
    /// Reads them for a collection that was just opened.
    pub(super) fn of(reader: &Reader, opened: &Logged<DisclosureOpened>) -> Result<Self, PackageError> {
        let not_now = |state| PackageError::NotNow { state };
        let data = opened.value();
        let request = opened.opened().event().request.clone();
        let request = request.ok_or(not_now("the collection belongs to no request"))?;
        let case = reader.case(&request)?;
        let review = case.review.as_ref().filter(|review| review.context == data.review);
        let review = review.ok_or(not_now("the review changed after the collection was opened"))?;
        let classified = case.classified.as_ref().ok_or(not_now("the demand is not classified"))?;
        let world = reader.world()?;
        let policy = world.policy().ok_or(not_now("no policy is in force"))?;
        let (approvals, decision) = decision(&case)?;
        Ok(Self {
            order: case.order,
            issuer: word(&classified.issuer),
            served_at: case.received.received_at,
            scope: review.scope.clone(),
            ordered: classified.scope.clone(),
            fields: policy.value.fields().clone(),
            recipients: recipients(&case, &world, machine::now()?)?,
            approvals,
            decision,
            rules: world.rules().unwrap_or(RuleSet::One),
            cleared: cleared(&case),
            supersedes: case.yields.supersedes().cloned(),
            delivered: case.disclosures.iter().filter(|before| before.released.is_some()).count(),
            request,
        })
    }
}

/// What `scan.cleared` says of this request's items.
fn cleared(case: &Case) -> BTreeSet<Suspect> {
    let items = case.yields.cleared.iter().cloned();
    items.map(|(source, item_sha256)| Suspect { source, item_sha256 }).collect()
}

/// The standing approvals in order, and the first with which they were enough.
fn decision(case: &Case) -> Result<(Vec<LeafIndex>, LeafIndex), PackageError> {
    let mut standing = case.standing_approvals();
    standing.sort_by_key(|given| given.entry.index);
    let enough = (1..=standing.len()).find_map(|n| {
        let first = standing.get(..n)?;
        approvals::is_quorum(first).then(|| first.last().map(|given| given.entry.index))?
    });
    let decision = enough.ok_or(PackageError::NotNow { state: "the approvals are no longer enough" })?;
    Ok((standing.iter().map(|given| given.entry.index).collect(), decision))
}

/// Attack: a request, or a changed directory, names somebody else than the approvers saw. The
/// recipients are the directory's, and every approval must name exactly them.
fn recipients(
    case: &Case,
    world: &crate::practice::World,
    at: Timestamp,
) -> Result<Recipients, PackageError> {
    let refused = |reason| PackageError::Recipients { reason };
    let agency = case.agency.as_ref().and_then(|id| world.directory()?.value.agency(id));
    let agency = agency.filter(|agency| agency.is_valid_at(at));
    let agency = agency.ok_or(refused("the request's agency is not in the directory, or no longer valid"))?;
    let recipients = agency.recipients_at(case.readers(), at);
    let recipients = Recipients::parse(recipients.map(|recipient| recipient.age.as_str()))?;
    let digests = recipients.sha256().into_iter().collect();
    if case.standing_approvals().iter().any(|given| given.recipients != digests) {
        return Err(refused("the directory's recipients are not those that were approved"));
    }
    Ok(recipients)
}

/// A word of the policy's tables as it spells it.
fn word(issuer: &impl serde::Serialize) -> String {
    match serde_json::to_value(issuer) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
