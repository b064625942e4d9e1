//! Acts that two people must approve, word by word (I-51).
//!
//! Somebody proposes the whole act: the event's type and its data, byte for byte. Two people sign
//! that entry. Then the event itself is posted; it must be exactly what they signed, and uses
//! their approval up. So nobody can carry out something else than was approved, or do it twice.
//!
//! **In scope**: proposals upon a request (kept in its case) and upon the log (kept in the world).
//! **Out of scope**: texts to be put in force (`rules1::governing`), and what an act then does.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::approving;
use crate::model::approval::{Decision, Kind};
use crate::model::digest::Digest;
use crate::model::json;
use crate::practice::case::Case;
use crate::practice::change::{Change, Mark, Verdict};
use crate::practice::envelope::{Context, admitted, known, not_now, touched};
use crate::practice::refusal::Refusal;
use crate::practice::roles::Role;
use crate::practice::rule::Rule;
use crate::practice::rules1::approving::{
    Expected, PROPOSAL_APPROVALS_MAX, follows_earlier_decisions, is_current, is_no_party, may_decide, nonce,
    on_proposal, proposal_is_approved, recorded_before, state,
};
use crate::practice::rules1::governing::{act_proposed, has_its_digest, is_short, make_room};
use crate::practice::rules1::signed::SignedApproval;
use crate::practice::vocabulary::{ActProposed, EventType, LeafRef, Subject};
use crate::practice::world::{Proposal, World};
use crate::tlog::{Hash, LeafIndex};

/// Most acts that wait for approvals on one request; the oldest unsigned gives way, then none.
const ACTS_OPEN_MAX: usize = 32;

/// The proposed text of an act: what the event will be, byte for byte.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ActText<'a> {
    #[serde(rename = "type")]
    type_: String,
    #[serde(borrow)]
    data: &'a RawValue,
}

/// SHA-256 of the text that proposes an event of this type with this data: `{"type":…,"data":…}`,
/// compact but for the data's own bytes.
pub(in crate::practice) fn act_sha256(kind: EventType, data: &RawValue) -> Digest {
    Digest::of(format!("{{\"type\":\"{kind}\",\"data\":{}}}", data.get()).as_bytes())
}

/// The kind of approval an event needs before it can be posted; `None`: it is no such act.
const fn kind_of(event: EventType) -> Option<Kind> {
    match event {
        EventType::RedirectExempted => Some(Kind::RedirectExempt),
        EventType::NoticeWaived => Some(Kind::NoticeWaive),
        EventType::ScanCleared => Some(Kind::ScanClear),
        EventType::ErasureOrdered => Some(Kind::Erase),
        EventType::RightsEscalated | EventType::FigureDeclared => Some(Kind::Discretion),
        _ => None,
    }
}

/// Who may approve acts of a kind.
const fn deciders(kind: Kind) -> &'static [Role] {
    match kind {
        Kind::ScanClear | Kind::RedirectExempt => &[Role::Reviewer, Role::SeniorReviewer, Role::Counsel],
        _ => &[Role::SeniorReviewer, Role::Counsel, Role::PrivacyOfficer],
    }
}

pub(super) fn proposed(
    context: &Context<'_>,
    case: Option<&Case>,
    act: &ActProposed,
) -> Result<Change, Refusal> {
    if matches!(act.kind, Kind::Policy | Kind::Directory | Kind::Role) {
        if context.event.request.is_some() {
            let reason = "a text is put in force for the whole log";
            return Err(Refusal::malformed(Rule::F01, "/request", reason, "send request: null"));
        }
        return act_proposed(context, act);
    }
    has_its_digest(&act.text, act.sha256)?;
    is_short("/data/reason", &act.reason)?;
    is_an_act(context, act)?;
    let proposal = Proposal {
        kind: act.kind,
        sha256: act.sha256,
        context: LeafRef { index: context.stamp.index, leaf: Hash::ZERO },
        at: context.stamp.time,
        proposer: context.event.actor.clone(),
        approvals: Vec::new(),
    };
    if context.event.request.is_some() {
        return upon_request(context, known(context, case)?, proposal);
    }
    let mut world = context.world.clone();
    let mut proposals = (*world.proposals).clone();
    make_room(context, &mut proposals)?;
    proposals.insert(context.stamp.index, proposal);
    world.proposals = Arc::new(proposals);
    Ok(Change::of_world(world).marking(Mark::Proposal))
}

/// I-51: nobody should be asked to approve what could not be posted.
fn is_an_act(context: &Context<'_>, act: &ActProposed) -> Result<(), Refusal> {
    let cure = "propose {\"type\":…,\"data\":…} with exactly the bytes that will be posted";
    let wrong = |reason: String| Err(Refusal::invalid(Rule::I51, "/data/text", reason, cure));
    let text: ActText<'_> = match json::check(act.text.as_bytes()).map(|()| serde_json::from_str(&act.text)) {
        Ok(Ok(text)) => text,
        _ => return wrong("the text is no act".to_owned()),
    };
    let Ok(kind) = text.type_.parse::<EventType>() else {
        return wrong("the text names no event".to_owned());
    };
    if kind_of(kind) != Some(act.kind) {
        return wrong(format!("{kind} is no act of that kind"));
    }
    if act_sha256(kind, text.data) != act.sha256 {
        return wrong("the text has white space, or members in another order".to_owned());
    }
    if (kind.subject() == Subject::Request) != context.event.request.is_some() {
        return wrong(format!("{kind} is about another thing than the proposal"));
    }
    kind.read(text.data).map(drop)
}

fn upon_request(context: &Context<'_>, case: &Case, proposal: Proposal) -> Result<Change, Refusal> {
    let mut case = touched(context, case);
    if case.acts.len() >= ACTS_OPEN_MAX {
        let is_unsigned = |open: &Proposal| open.approvals.is_empty();
        let Some(oldest) = case.acts.iter().position(is_unsigned) else {
            return Err(not_now(context.kind, "too many acts wait for their second approval"));
        };
        case.acts.remove(oldest);
    }
    case.acts.push(proposal);
    Ok(Change::of_case(case).marking(Mark::Act))
}

pub(super) fn decided(
    context: &Context<'_>,
    case: Option<&Case>,
    signed: &SignedApproval<'_>,
) -> Result<Verdict, Refusal> {
    if signed.approval.request.is_none() {
        return on_proposal(context, signed);
    }
    let case = known(context, case)?;
    let named = signed.approval.context.index;
    let open = case.acts.iter().find(|open| open.context.index == named);
    let Some(open) = open.filter(|open| open.kind == signed.approval.kind) else {
        let reason = format!("entry {named} is no open proposal of this kind");
        let cure = "look at what is to be approved now, and sign that with probity approve";
        return Err(Refusal::conflict(Rule::A02, "/data/context", reason, cure));
    };
    if let Some(entry) = recorded_before(&open.approvals, signed) {
        return Ok(Verdict::AlreadyRecorded(entry.index));
    }
    if open.approvals.len() >= PROPOSAL_APPROVALS_MAX {
        return Err(not_now(context.kind, "the proposal has as many decisions as one may have"));
    }
    may_decide(signed, deciders(open.kind))?;
    is_no_party(case, case.live_disclosure(), signed)?;
    if signed.approval.decision == Decision::Approve {
        approving::took_no_version_in(case, signed.person.id.as_str(), "/envelopes/0")?;
    }
    let expected = Expected {
        context: open.context,
        order: None,
        scope_sha256: None,
        recipients: std::collections::BTreeSet::new(),
    };
    is_current(context, signed, &expected)?;
    follows_earlier_decisions(context, &open.approvals, signed)?;
    let mut case = touched(context, case);
    if let Some(open) = case.acts.iter_mut().find(|open| open.context.index == named) {
        open.approvals.push(state(context, signed));
    }
    Ok(admitted(Change::of_case(case).marking(Mark::ActApproval(named)).claiming(nonce(signed))))
}

/// What is left when an act's approval is used up.
pub(super) struct Spent {
    pub(super) world: World,
    pub(super) case: Option<Case>,
}

/// I-51: the event is exactly one that two people approved, and their approval is used up.
///
/// The same bytes may have been proposed before, and that approval may have expired: it is the
/// approved proposal that counts, whichever it is.
pub(super) fn spend(context: &Context<'_>, case: Option<&Case>) -> Result<Option<Spent>, Refusal> {
    let Some(kind) = kind_of(context.kind) else { return Ok(None) };
    let sha256 = act_sha256(context.kind, &context.event.data);
    let open: Vec<&Proposal> = match case {
        Some(case) => case.acts.iter().collect(),
        None => context.world.proposals.values().collect(),
    };
    let mut why = None;
    for proposal in open.into_iter().filter(|open| open.kind == kind && open.sha256 == sha256) {
        match is_approved(context, proposal) {
            Ok(()) => return Ok(Some(without(context, case, proposal.context.index))),
            Err(refusal) => why = Some(refusal),
        }
    }
    Err(why.unwrap_or_else(|| {
        let reason = format!("nobody proposed exactly this {}", context.kind);
        let cure = "propose it with act.proposed, byte for byte, and have two people approve that entry";
        Refusal::forbidden(Rule::I51, "/data", reason, cure)
    }))
}

fn is_approved(context: &Context<'_>, proposal: &Proposal) -> Result<(), Refusal> {
    proposal_is_approved(context, proposal).map_err(|refusal| Refusal { rule: Rule::I51, ..refusal })
}

fn without(context: &Context<'_>, case: Option<&Case>, spent: LeafIndex) -> Spent {
    let (mut world, mut case) = (context.world.clone(), case.cloned());
    if let Some(case) = &mut case {
        case.acts.retain(|open| open.context.index != spent);
    } else {
        let mut proposals = (*world.proposals).clone();
        proposals.remove(&spent);
        world.proposals = Arc::new(proposals);
    }
    Spent { world, case }
}

/// The verdict upon an act, with its approval used up.
pub(super) fn with_spent(verdict: Verdict, spent: Option<Spent>) -> Verdict {
    match (verdict, spent) {
        (Verdict::Admitted(mut change), Some(spent)) => {
            if change.case.is_none() && change.world.is_none() {
                change.world = Some(spent.world);
                change.case = spent.case;
            }
            Verdict::Admitted(change)
        }
        (verdict, _) => verdict,
    }
}
