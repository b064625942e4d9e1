//! What must hold of people and papers when data moves: at the opening, the seal, the release.
//!
//! **In scope**: which approvals of a case count at an entry, all conditions judged again.
//! **Out of scope**: when a decision is admitted (`approving`); the order of the steps (`packaging`).

use std::collections::BTreeSet;

use super::Context;
use crate::model::approval::{Decision, Kind};
use crate::model::digest::Digest;
use crate::model::time::{HOUR_MS, Timestamp};
use crate::practice::approvals::{self, ApprovalState};
use crate::practice::case::{Case, Disclosure, Review, Sealed};
use crate::practice::directory::Readers;
use crate::practice::refusal::Refusal;
use crate::practice::roles::Role;
use crate::practice::rule::Rule;
use crate::practice::vocabulary::LeafRef;
use crate::practice::world::InForce;

/// Whether the approvals' own time still runs. It ends at the seal: expiry and age say until
/// when data may be collected, and a sealed bundle waits for its release no shorter for it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Clock {
    Runs,
    EndedAtSeal,
}

/// the recipients of the request's agency, from the directory in force and nowhere else.
pub(in crate::practice) fn current_recipients(
    force: &InForce<'_>,
    case: &Case,
    at: Timestamp,
) -> Result<BTreeSet<Digest>, Refusal> {
    let agency = case.agency.as_ref().and_then(|id| force.directory.value.agency(id));
    let recipients = agency
        .filter(|agency| agency.is_valid_at(at))
        .map_or_else(BTreeSet::new, |agency| agency.recipient_digests_at(case.readers(), at));
    if recipients.is_empty() {
        let reason = match case.readers() {
            Readers::Investigators => "the request's agency has no current recipient in the directory",
            Readers::FilterTeam => "the request's agency has no current recipient of a filter team",
        };
        return Err(Refusal::conflict(Rule::A05, "", reason, "have the directory changed first"));
    }
    Ok(recipients)
}

/// I-10: a review made under another policy decided by other rules than those in force.
pub(in crate::practice) fn is_of_policy_in_force(
    context: &Context<'_>,
    review: &Review,
) -> Result<(), Refusal> {
    if review.policy == context.force.policy.sha256 {
        return Ok(());
    }
    let reason = "the policy changed after the review";
    Err(Refusal::conflict(Rule::I10, "", reason, "destroy what was collected, review and approve again"))
}

/// nobody the directory no longer lists is sent a bundle, though it was sealed to them.
pub(in crate::practice) fn goes_to_current_recipients(
    context: &Context<'_>,
    case: &Case,
    sealed: &Sealed,
) -> Result<(), Refusal> {
    if current_recipients(&context.force, case, context.stamp.time)? == sealed.bundle.recipients {
        return Ok(());
    }
    let reason = "the bundle is encrypted to others than the agency's current recipients";
    Err(Refusal::conflict(Rule::A05, "", reason, "destroy the bundle, review and approve again"))
}

/// I-08: the collector is a person in that role at this entry, not a name.
pub(in crate::practice) fn is_collector(context: &Context<'_>, collector: &str) -> Result<(), Refusal> {
    if context.is_person_in(collector, &[Role::Collector]) {
        return Ok(());
    }
    let reason = format!("{collector} is no collector in the roles in force");
    let cure = "name the person who collects, registered in the role collector";
    Err(Refusal::forbidden(Rule::I08, "/data/collector", reason, cure))
}

/// I-05 … I-10: the approvals to disclose that count at this instant, all checked again.
pub(in crate::practice) fn to_collect(
    context: &Context<'_>,
    case: &Case,
    recipients: &BTreeSet<Digest>,
    collector: &str,
) -> Result<(), Refusal> {
    counts(context, case, recipients, collector, Clock::Runs)
}

/// The same after the seal, but for the approvals' expiry and age; and the decision that the
/// release cites, by a person who may still make it.
pub(in crate::practice) fn to_release(
    context: &Context<'_>,
    case: &Case,
    live: &Disclosure,
    sealed: &Sealed,
    decision: LeafRef,
) -> Result<(), Refusal> {
    let recipients = &sealed.bundle.recipients;
    counts(context, case, recipients, live.collector.as_str(), Clock::EndedAtSeal)?;
    nobody_refused(case, Kind::Release, sealed.context)?;
    let given = approvals::standing(&case.approvals, Kind::Release, sealed.context)
        .find(|given| given.entry == decision);
    let Some(given) = given else {
        let reason = "no approval of kind release for this bundle stands at that entry";
        let cure = "have a senior reviewer release the bundle";
        return Err(Refusal::conflict(Rule::I05, "/data/decision", reason, cure));
    };
    still_binds(context, case, given, recipients)?;
    if context.stamp.time < given.exp {
        return Ok(());
    }
    let reason = "the approval to release has expired";
    Err(Refusal::conflict(Rule::A07, "/data/decision", reason, "have a senior reviewer release the bundle"))
}

fn counts(
    context: &Context<'_>,
    case: &Case,
    recipients: &BTreeSet<Digest>,
    collector: &str,
    clock: Clock,
) -> Result<(), Refusal> {
    let Some(review) = &case.review else {
        return Err(Refusal::conflict(Rule::S07, "", "nothing was reviewed", "complete the review first"));
    };
    is_of_policy_in_force(context, review)?;
    nobody_refused(case, Kind::Disclose, review.context)?;
    let standing = approvals::standing(&case.approvals, Kind::Disclose, review.context);
    if standing.clone().any(|given| given.person.as_str() == collector) {
        let reason = format!("{collector} approved what they would collect");
        return Err(Refusal::forbidden(Rule::I07, "/data/collector", reason, "have somebody else collect"));
    }
    let mut stale = None;
    let mut counting = Vec::new();
    for given in standing {
        let fresh = match clock {
            Clock::Runs => is_fresh(context, given),
            Clock::EndedAtSeal => Ok(()),
        };
        match still_binds(context, case, given, recipients).and(fresh) {
            Ok(()) => counting.push(given),
            Err(refusal) => stale = stale.or(Some(refusal)),
        }
    }
    if approvals::is_quorum(&counting) {
        return Ok(());
    }
    Err(stale.unwrap_or_else(|| {
        let reason = format!(
            "{} approvals by two persons with two keys, one a senior reviewer, are the least; found {}",
            approvals::APPROVERS_MIN,
            counting.len()
        );
        Refusal::conflict(Rule::I05, "", reason, "have the missing person approve")
    }))
}

/// One refusal outweighs any number of approvals of the same thing.
pub(in crate::practice) fn nobody_refused(case: &Case, kind: Kind, what: LeafRef) -> Result<(), Refusal> {
    let refused =
        approvals::about(&case.approvals, kind, what).find(|decision| decision.decision == Decision::Refuse);
    let Some(refused) = refused else { return Ok(()) };
    let reason = format!("{} refused this at entry {}", refused.person, refused.entry.index);
    Err(Refusal::conflict(Rule::I05, "", reason, "complete the review again, and have it approved"))
}

/// What an approval named and who gave it, against what is in force at this entry.
pub(in crate::practice) fn still_binds(
    context: &Context<'_>,
    case: &Case,
    given: &ApprovalState,
    recipients: &BTreeSet<Digest>,
) -> Result<(), Refusal> {
    let now = context.stamp.time;
    let holder = context.force.roles.value.holder(&given.keyid);
    let is_registered = holder.is_some_and(|(person, key)| {
        person.id == given.person
            && person.roles.contains(&given.role)
            && person.is_valid_at(now)
            && key.is_valid_at(now)
            && case.classified.as_ref().is_some_and(|c| person.is_qualified_for(c.country))
    });
    let scope = case.review.as_ref().map(|review| review.scope.sha256());
    let checks = [
        (is_registered, Rule::I08, "the approver's key or role is no longer valid"),
        (given.order == Some(case.order), Rule::A03, "the order changed after the approval"),
        (given.scope_sha256 == scope, Rule::I05, "the approval is for another scope"),
        (given.policy == context.force.policy.sha256, Rule::I10, "the policy changed after the approval"),
        (given.recipients == *recipients, Rule::A05, "the approval is for other recipients"),
    ];
    first_broken(given, &checks)
}

/// A-07, I-09.
pub(in crate::practice) fn is_fresh(context: &Context<'_>, given: &ApprovalState) -> Result<(), Refusal> {
    let now = context.stamp.time;
    let oldest_ms = i64::from(context.force.policy.value.limits.approval_age_hours_max) * HOUR_MS;
    let age_ms = now.as_ms().saturating_sub(given.at.as_ms());
    let checks = [
        (now < given.exp, Rule::A07, "the approval has expired"),
        (age_ms <= oldest_ms, Rule::I09, "the approval is too old"),
    ];
    first_broken(given, &checks)
}

fn first_broken(given: &ApprovalState, checks: &[(bool, Rule, &str)]) -> Result<(), Refusal> {
    let Some((_, rule, reason)) = checks.iter().find(|(holds, ..)| !holds) else { return Ok(()) };
    let reason = format!("approval at entry {}: {reason}", given.entry.index);
    Err(Refusal::conflict(*rule, "", reason, "have it reviewed and approved again"))
}
