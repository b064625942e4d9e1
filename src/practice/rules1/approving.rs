//! Approvals: when a signed decision counts (docs/FORMATS.md, Approval; I-05, I-07 … I-10).

use std::collections::BTreeSet;

use super::quorum::{current_recipients, goes_to_current_recipients, is_of_policy_in_force};
use super::signed::{self, SignedApproval};
use super::{Context, admitted, is_open, known, not_now, touched};
use crate::model::approval::{Decision, Kind};
use crate::model::digest::Digest;
use crate::model::time::{HOUR_MS, Timestamp};
use crate::practice::approvals::{self, ApprovalState};
use crate::practice::case::{CASE_APPROVALS_MAX, Case, Disclosure, Stage, Step};
use crate::practice::change::{Change, Claim, Mark, Verdict};
use crate::practice::refusal::Refusal;
use crate::practice::roles::Role;
use crate::practice::rule::Rule;
use crate::practice::vocabulary::{ApprovalRecord, EventType, LeafRef, OrderRef};
use crate::practice::world::Proposal;
use crate::tlog::Hash;

/// Most decisions about one proposal.
pub(in crate::practice) const PROPOSAL_APPROVALS_MAX: usize = 64;
const CURE: &str = "look at what is to be approved now, and sign that with probity approve";

/// What an approval of a kind must name; what the kind leaves null is not compared.
pub(in crate::practice) struct Expected {
    pub(in crate::practice) context: LeafRef,
    pub(in crate::practice) order: Option<OrderRef>,
    pub(in crate::practice) scope_sha256: Option<Digest>,
    pub(in crate::practice) recipients: BTreeSet<Digest>,
}

pub(in crate::practice) fn decided(
    context: &Context<'_>,
    case: Option<&Case>,
    data: &ApprovalRecord,
) -> Result<Verdict, Refusal> {
    let [envelope] = &context.event.envelopes[..] else {
        return Err(Refusal::malformed(Rule::F04, "/envelopes", "an approval is one envelope", CURE));
    };
    let signed = signed::open(envelope, "/envelopes/0", &context.force.roles.value, context.stamp.time)?;
    says_what_was_signed(context, data, &signed)?;
    match data.kind {
        Kind::Disclose | Kind::Release => on_request(context, known(context, case)?, &signed),
        Kind::Policy | Kind::Directory | Kind::Role => on_proposal(context, &signed),
        _ => {
            let reason = "this rule set has no act of that kind";
            Err(Refusal::invalid(Rule::I03, "/data/kind", reason, "see docs/events.md for the kinds"))
        }
    }
}

pub(in crate::practice) fn on_request(
    context: &Context<'_>,
    case: &Case,
    signed: &SignedApproval<'_>,
) -> Result<Verdict, Refusal> {
    if let Some(entry) = recorded_before(&case.approvals, signed) {
        return Ok(Verdict::AlreadyRecorded(entry.index));
    }
    is_open(context.kind, case)?;
    if case.approvals.len() >= CASE_APPROVALS_MAX {
        return Err(not_now(context.kind, "the request has as many decisions as one may have"));
    }
    let (expected, live) = match signed.approval.kind {
        Kind::Release => release(context, case, signed)?,
        _ => disclose(context, case, signed)?,
    };
    is_no_party(case, live, signed)?;
    let qualified = case.classified.as_ref().is_some_and(|c| signed.person.is_qualified_for(c.country));
    if !qualified {
        let reason = format!("{} is not qualified for the demand's country", signed.person.id);
        return Err(Refusal::forbidden(Rule::S50, "/envelopes/0", reason, "have somebody qualified approve"));
    }
    is_current(context, signed, &expected)?;
    follows_earlier_decisions(context, &case.approvals, signed)?;
    let mut case = touched(context, case);
    case.approvals.push(state(context, signed));
    Ok(admitted(Change::of_case(case).marking(Mark::Approval).claiming(nonce(signed))))
}

pub(in crate::practice) fn on_proposal(
    context: &Context<'_>,
    signed: &SignedApproval<'_>,
) -> Result<Verdict, Refusal> {
    let named = signed.approval.context.index;
    let proposal = context.world.proposals().get(&named);
    let Some(proposal) = proposal.filter(|open| open.kind == signed.approval.kind) else {
        let reason = format!("entry {named} is no open proposal of this kind");
        return Err(Refusal::conflict(Rule::A02, "/data/context", reason, CURE));
    };
    if let Some(entry) = recorded_before(&proposal.approvals, signed) {
        return Ok(Verdict::AlreadyRecorded(entry.index));
    }
    if proposal.approvals.len() >= PROPOSAL_APPROVALS_MAX {
        return Err(not_now(context.kind, "the proposal has as many decisions as one may have"));
    }
    may_decide(signed, &[Role::SeniorReviewer, Role::Counsel])?;
    let expected =
        Expected { context: proposal.context, order: None, scope_sha256: None, recipients: BTreeSet::new() };
    is_current(context, signed, &expected)?;
    follows_earlier_decisions(context, &proposal.approvals, signed)?;
    let mut world = context.world.clone();
    let mut proposals = (*world.proposals).clone();
    if let Some(open) = proposals.get_mut(&named) {
        open.approvals.push(state(context, signed));
    }
    world.proposals = std::sync::Arc::new(proposals);
    Ok(admitted(Change::of_world(world).marking(Mark::ProposalApproval(named)).claiming(nonce(signed))))
}

pub(in crate::practice) fn disclose<'c>(
    context: &Context<'_>,
    case: &'c Case,
    signed: &SignedApproval<'_>,
) -> Result<(Expected, Option<&'c Disclosure>), Refusal> {
    may_decide(signed, &[Role::Reviewer, Role::SeniorReviewer])?;
    let live = case.live_disclosure();
    if live.is_some_and(|live| live.step >= Step::Released) {
        return Err(not_now(context.kind, "the bundle has been released"));
    }
    let Some(review) = case.review.as_ref().filter(|_| case.stage == Stage::Reviewed) else {
        let reason = "there is no review of the order in force";
        return Err(Refusal::conflict(Rule::S07, "/data/context", reason, "complete the review first"));
    };
    // Whoever wants to say no, or take a yes back, may do so whatever the policy.
    if signed.approval.decision == Decision::Approve {
        is_of_policy_in_force(context, review)?;
    }
    let expected = Expected {
        context: review.context,
        order: Some(case.order),
        scope_sha256: Some(review.scope.sha256()),
        recipients: current_recipients(&context.force, case, context.stamp.time)?,
    };
    Ok((expected, live))
}

pub(in crate::practice) fn release<'c>(
    context: &Context<'_>,
    case: &'c Case,
    signed: &SignedApproval<'_>,
) -> Result<(Expected, Option<&'c Disclosure>), Refusal> {
    may_decide(signed, &[Role::SeniorReviewer])?;
    let live = case.live_disclosure().filter(|live| live.step == Step::Sealed);
    let (Some(live), Some(review)) = (live, &case.review) else {
        return Err(not_now(context.kind, "no sealed bundle waits for its release"));
    };
    let Some(sealed) = &live.sealed else {
        return Err(not_now(context.kind, "no sealed bundle waits for its release"));
    };
    if signed.approval.decision == Decision::Approve {
        is_of_policy_in_force(context, review)?;
        goes_to_current_recipients(context, case, sealed)?;
    }
    let expected = Expected {
        context: sealed.context,
        order: Some(case.order),
        scope_sha256: Some(review.scope.sha256()),
        recipients: sealed.bundle.recipients.clone(),
    };
    Ok((expected, Some(live)))
}

/// the event repeats the signed words, and its type is the signed decision.
pub(in crate::practice) fn says_what_was_signed(
    context: &Context<'_>,
    data: &ApprovalRecord,
    signed: &SignedApproval<'_>,
) -> Result<(), Refusal> {
    let approval = &signed.approval;
    let decision = match context.kind {
        EventType::ApprovalGiven => Decision::Approve,
        EventType::ApprovalRefused => Decision::Refuse,
        _ => Decision::Revoke,
    };
    let differs = [
        ("/type", approval.decision != decision),
        ("/request", approval.request != context.event.request),
        ("/actor", context.event.actor.as_str() != signed.person.id.as_str()),
        ("/data/kind", data.kind != approval.kind),
        ("/data/person", data.person != signed.person.id),
        ("/data/keyid", data.keyid != signed.keyid),
        ("/data/context", data.context != approval.context),
        ("/data/approval_sha256", data.approval_sha256 != signed.sha256),
    ];
    let Some((pointer, _)) = differs.into_iter().find(|(_, differs)| *differs) else { return Ok(()) };
    let reason = "the event says something else than its signed envelope";
    Err(Refusal::invalid(Rule::A12, pointer, reason, "repeat exactly what was signed"))
}

/// Looked up before the nonce: deciding the same twice is answered with the first receipt.
pub(in crate::practice) fn recorded_before(
    past: &[ApprovalState],
    signed: &SignedApproval<'_>,
) -> Option<LeafRef> {
    let approval = &signed.approval;
    let same =
        |before: &&ApprovalState| before.person == signed.person.id && before.decision == approval.decision;
    approvals::about(past, approval.kind, approval.context).find(same).map(|before| before.entry)
}

/// I-08: the role may decide acts of this kind.
pub(in crate::practice) fn may_decide(signed: &SignedApproval<'_>, roles: &[Role]) -> Result<(), Refusal> {
    if roles.contains(&signed.role) {
        return Ok(());
    }
    let reason = format!("a {} does not decide this", signed.role);
    Err(Refusal::forbidden(Rule::I08, "/envelopes/0", reason, "have somebody in the right role decide"))
}

/// I-07.
pub(in crate::practice) fn is_no_party(
    case: &Case,
    live: Option<&Disclosure>,
    signed: &SignedApproval<'_>,
) -> Result<(), Refusal> {
    let person = &signed.person.id;
    let what = if case.received.submitter == person.as_str() {
        "took the request in"
    } else if live.is_some_and(|live| live.collector == *person) {
        "collects the data"
    } else {
        return Ok(());
    };
    let reason = format!("{person} {what}");
    Err(Refusal::forbidden(Rule::I07, "/envelopes/0", reason, "have somebody else decide"))
}

/// A-01 … A-08: what the approval names is what is in force, now.
pub(in crate::practice) fn is_current(
    context: &Context<'_>,
    signed: &SignedApproval<'_>,
    expected: &Expected,
) -> Result<(), Refusal> {
    let approval = &signed.approval;
    let recipients: BTreeSet<_> = approval.recipients.iter().copied().collect();
    let policy = context.force.policy;
    let checks = [
        (
            approval.origin.as_str() == context.force.origin.as_str(),
            Rule::A01,
            "the approval is for another log",
        ),
        (
            approval.context == expected.context,
            Rule::A02,
            "the approval is about another entry than is to be decided now",
        ),
        (
            approval.order == expected.order,
            Rule::A03,
            "the approval names another order than the one in force",
        ),
        (approval.scope_sha256 == expected.scope_sha256, Rule::I05, "the approval names another scope"),
        (
            approval.policy == policy.sha256,
            Rule::A04,
            "the approval names another policy than the one in force",
        ),
        (
            recipients == expected.recipients,
            Rule::A05,
            "the approval names other recipients than the current ones",
        ),
    ];
    for (holds, rule, reason) in checks {
        if !holds {
            return Err(Refusal::conflict(rule, "/envelopes/0", reason, CURE));
        }
    }
    has_time(context, approval.iat, approval.exp)
}

/// A-06 … A-08.
pub(in crate::practice) fn has_time(
    context: &Context<'_>,
    iat: Timestamp,
    exp: Timestamp,
) -> Result<(), Refusal> {
    let limits = &context.force.policy.value.limits;
    let now = context.stamp.time;
    let latest = now.saturating_add_ms(i64::from(limits.approval_iat_skew_seconds) * 1000);
    let life_ms = exp.as_ms().saturating_sub(iat.as_ms());
    let longest_ms = i64::from(limits.approval_life_hours_max) * HOUR_MS;
    let (rule, reason) = if iat > latest {
        (Rule::A06, "the approval was issued in the future")
    } else if now >= exp {
        (Rule::A07, "the approval has expired")
    } else if life_ms <= 0 || life_ms > longest_ms {
        (Rule::A08, "the approval ends before it begins, or lives longer than the policy allows")
    } else {
        return Ok(());
    };
    Err(Refusal::invalid(rule, "/envelopes/0", reason, CURE))
}

/// A-10, and I-03: a revocation revokes something.
pub(in crate::practice) fn follows_earlier_decisions(
    context: &Context<'_>,
    past: &[ApprovalState],
    signed: &SignedApproval<'_>,
) -> Result<(), Refusal> {
    let approval = &signed.approval;
    let mut own = approvals::about(past, approval.kind, approval.context)
        .filter(|past| past.person == signed.person.id);
    match approval.decision {
        Decision::Approve if own.any(|past| past.decision != Decision::Approve) => {
            let reason = format!("{} refused or revoked on this very entry", signed.person.id);
            let cure = "complete the review again, or propose again: then there is something new to decide";
            Err(Refusal::conflict(Rule::A10, "/envelopes/0", reason, cure))
        }
        Decision::Revoke if !own.any(|past| past.decision == Decision::Approve) => {
            Err(not_now(context.kind, "this person approved nothing here"))
        }
        _ => Ok(()),
    }
}

pub(in crate::practice) fn state(context: &Context<'_>, signed: &SignedApproval<'_>) -> ApprovalState {
    let approval = &signed.approval;
    ApprovalState {
        entry: LeafRef { index: context.stamp.index, leaf: Hash::ZERO },
        at: context.stamp.time,
        kind: approval.kind,
        decision: approval.decision,
        person: signed.person.id.clone(),
        keyid: signed.keyid,
        role: signed.role,
        context: approval.context,
        order: approval.order,
        scope_sha256: approval.scope_sha256,
        recipients: approval.recipients.iter().copied().collect(),
        policy: approval.policy,
        exp: approval.exp,
        approval_sha256: signed.sha256,
    }
}

pub(in crate::practice) fn nonce(signed: &SignedApproval<'_>) -> Claim {
    Claim::Nonce { keyid: signed.keyid, nonce: signed.approval.nonce }
}

/// I-50: two people under the roles in force still stand behind the proposal.
pub(in crate::practice) fn proposal_is_approved(
    context: &Context<'_>,
    proposal: &Proposal,
) -> Result<(), Refusal> {
    let roles = &context.force.roles.value;
    let now = context.stamp.time;
    let refused = approvals::about(&proposal.approvals, proposal.kind, proposal.context)
        .any(|decision| decision.decision == Decision::Refuse);
    let standing: Vec<_> = approvals::standing(&proposal.approvals, proposal.kind, proposal.context)
        .filter(|given| {
            let holder = roles.holder(&given.keyid);
            let may = holder.is_some_and(|(person, key)| {
                person.id == given.person
                    && person.roles.contains(&given.role)
                    && person.is_valid_at(now)
                    && key.is_valid_at(now)
            });
            may && now < given.exp && given.policy == context.force.policy.sha256
        })
        .collect();
    if !refused && approvals::are_two(&standing) {
        return Ok(());
    }
    let reason = if refused { "somebody refused the proposal" } else { "two people have not approved it" };
    Err(Refusal::conflict(Rule::I50, "/data/proposal", reason, "have two people approve the proposing entry"))
}

/// Two approvals of kind `clock` over the last entry, signed now.
pub(in crate::practice) fn clock_is_approved(
    context: &Context<'_>,
    last: LeafRef,
) -> Result<Vec<Claim>, Refusal> {
    let mut persons = BTreeSet::new();
    let mut keys = BTreeSet::new();
    let mut claims = Vec::new();
    for (at, envelope) in context.event.envelopes.iter().enumerate() {
        let pointer = format!("/envelopes/{at}");
        let signed = signed::open(envelope, &pointer, &context.force.roles.value, context.stamp.time)?;
        may_decide(&signed, &[Role::SeniorReviewer, Role::Counsel, Role::Operator])?;
        let approval = &signed.approval;
        if approval.kind != Kind::Clock
            || approval.decision != Decision::Approve
            || approval.request.is_some()
        {
            let reason = "not an approval of kind clock";
            return Err(Refusal::invalid(Rule::A12, &pointer, reason, CURE));
        }
        let expected =
            Expected { context: last, order: None, scope_sha256: None, recipients: BTreeSet::new() };
        is_current(context, &signed, &expected)?;
        let age_ms = context.stamp.time.as_ms().saturating_sub(approval.iat.as_ms());
        if age_ms.saturating_abs() > CLOCK_SKEW_MS {
            let reason = "the approval was not signed within 300 s of the new time";
            return Err(Refusal::invalid(Rule::A06, &pointer, reason, CURE));
        }
        persons.insert(signed.person.id.clone());
        keys.insert(signed.keyid);
        claims.push(nonce(&signed));
    }
    if persons.len() < approvals::APPROVERS_MIN || keys.len() < approvals::APPROVERS_MIN {
        let reason = "two persons with two keys accept a clock";
        return Err(Refusal::forbidden(Rule::I05, "/envelopes", reason, "have a second person sign"));
    }
    Ok(claims)
}

/// docs/FORMATS.md, Clock rule: iat within 300 s of the wall clock.
const CLOCK_SKEW_MS: i64 = 300_000;
