//! What a reviewer would sign: everything an approval must name, as the log has it.

use super::case::{Case, Stage, Step};
use super::refusal::Refusal;
use super::rule::Rule;
use super::rules1::current_recipients;
use super::vocabulary::{ExactScope, LeafRef, RequestKind};
use super::world::{InForce, World};
use crate::model::approval::{Act, Decision, Kind};
use crate::model::id::RequestId;
use crate::model::time::Timestamp;
use crate::tlog::LeafIndex;

/// An approval but for role, times and nonce, with what to show beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalTemplate {
    /// What is signed. The decision is to approve; a reviewer may refuse or revoke instead.
    pub act: Act,
    /// The scope, to be shown; its digest is what is signed.
    pub scope: Option<ExactScope>,
    /// Longest life the policy allows, in hours.
    pub life_hours_max: u32,
}

/// What an approval of this kind for this request would have to name at `at`.
///
/// # Errors
/// [`Refusal`] if there is nothing of the kind to approve now.
pub fn approvable(
    world: &World,
    case: &Case,
    kind: Kind,
    at: Timestamp,
) -> Result<ApprovalTemplate, Refusal> {
    let force = in_force(world)?;
    let review = case.review.as_ref().filter(|_| case.stage == Stage::Reviewed);
    let review = review.ok_or_else(|| nothing("there is no review of the order in force"))?;
    let (context, recipients) = match kind {
        Kind::Disclose => (review.context, current_recipients(&force, case, at)?),
        Kind::Emergency if case.received.kind == RequestKind::Emergency => {
            (review.context, current_recipients(&force, case, at)?)
        }
        Kind::Emergency => return Err(nothing("the request is no emergency")),
        Kind::Release => {
            let live = case.live_disclosure().filter(|live| live.step == Step::Sealed);
            let sealed = live.and_then(|live| live.sealed.as_ref());
            let sealed = sealed.ok_or_else(|| nothing("no sealed bundle waits for its release"))?;
            (sealed.context, sealed.bundle.recipients.clone())
        }
        _ => return Err(nothing("no approval of that kind is about a request")),
    };
    let mut template = blank(&force, Some(case.request.clone()), kind, context);
    template.act.order = Some(case.order);
    template.act.scope_sha256 = Some(review.scope.sha256());
    template.act.recipients = recipients.into_iter().collect();
    template.scope = Some(review.scope.clone());
    Ok(template)
}

/// What an approval of an act proposed upon the log would have to name.
///
/// # Errors
/// [`Refusal`] if that entry is no open proposal.
pub fn approvable_act(world: &World, proposal: LeafIndex) -> Result<ApprovalTemplate, Refusal> {
    let force = in_force(world)?;
    let open = world.proposals().get(&proposal).ok_or_else(|| nothing("that entry is no open proposal"))?;
    Ok(blank(&force, None, open.kind, open.context))
}

/// What an approval of an act proposed upon a request would have to name.
///
/// # Errors
/// [`Refusal`] if that entry is no open proposal upon this request.
pub fn approvable_act_of(
    world: &World,
    case: &Case,
    proposal: LeafIndex,
) -> Result<ApprovalTemplate, Refusal> {
    let force = in_force(world)?;
    let open = case.acts.iter().find(|open| open.context.index == proposal);
    let open = open.ok_or_else(|| nothing("that entry is no open proposal upon this request"))?;
    Ok(blank(&force, Some(case.request.clone()), open.kind, open.context))
}

/// What an approval that accepts the clock would have to name: the last entry.
///
/// # Errors
/// [`Refusal`] before the founding is complete.
pub fn approvable_clock(world: &World, last: LeafRef) -> Result<ApprovalTemplate, Refusal> {
    Ok(blank(&in_force(world)?, None, Kind::Clock, last))
}

fn blank(force: &InForce<'_>, request: Option<RequestId>, kind: Kind, context: LeafRef) -> ApprovalTemplate {
    ApprovalTemplate {
        act: Act {
            origin: force.origin.clone(),
            request,
            kind,
            decision: Decision::Approve,
            order: None,
            scope_sha256: None,
            recipients: Vec::new(),
            policy: force.policy.sha256,
            context,
        },
        scope: None,
        life_hours_max: force.policy.value.limits.approval_life_hours_max,
    }
}

fn in_force(world: &World) -> Result<InForce<'_>, Refusal> {
    world.in_force().ok_or_else(|| nothing("the log is not founded"))
}

fn nothing(reason: &str) -> Refusal {
    Refusal::conflict(Rule::I03, "", reason, "look at the case: it lists what may come next")
}
