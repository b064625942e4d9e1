//! Orders not to tell (S-68 … S-77, I-27 … I-29).
//!
//! An order is a fact, whatever it lacks: what has no end, no judge, no ground is recorded so and
//! looked at. Its end is computed, never set by hand.

use std::collections::BTreeSet;

use crate::model::id::SecrecyId;
use crate::model::time::{DAY_MS, Timestamp};
use crate::practice::case::{Accounts, Case, Former, Permitted, SECRECY_MAX, Secrecy};
use crate::practice::change::Change;
use crate::practice::due::{Deadline, Due};
use crate::practice::envelope::{Context, not_now, touched};
use crate::practice::policy::Policy;
use crate::practice::refusal::Refusal;
use crate::practice::rule::Rule;
use crate::practice::rules1::governing::is_short;
use crate::practice::vocabulary::{
    AccountRef, PermissionAnswered, PermissionSought, SecrecyChallengeDecided, SecrecyChallenged,
    SecrecyExtended, SecrecyNarrowed, SecrecyRecorded, SecrecyResult, SecrecyReviewed, SecrecyVacated,
};

/// Most grounds of one order.
const GROUNDS_MAX: usize = 64;
const CURE: &str = "look at the case: it has the orders";

pub(super) fn recorded(
    context: &Context<'_>,
    case: &Case,
    data: &SecrecyRecorded,
) -> Result<Change, Refusal> {
    is_short("/data/issuer", &data.issuer)?;
    is_short("/data/docket", &data.docket)?;
    if !context.force.policy.value.secrecy.iter().any(|row| row.code == data.code) {
        let reason = format!("the policy knows no secrecy order {}", data.code);
        return Err(Refusal::invalid(Rule::S54, "/data/code", reason, "name one of the policy's"));
    }
    if data.to.is_some_and(|to| to <= data.from) {
        let reason = "the order would end before it begins";
        return Err(Refusal::invalid(Rule::S68, "/data/to", reason, "read the order again"));
    }
    if data.grounds.len() > GROUNDS_MAX
        || data.grounds.iter().collect::<BTreeSet<_>>().len() < data.grounds.len()
    {
        let reason = format!("more than {GROUNDS_MAX} grounds, or one twice");
        return Err(Refusal::invalid(Rule::S68, "/data/grounds", reason, "name each ground once"));
    }
    if case.telling.order(&data.secrecy).is_some() || case.telling.orders.len() >= SECRECY_MAX {
        return Err(not_now(context.kind, "an order of that name is recorded, or as many as there may be"));
    }
    let accounts = accounts(case, data.accounts.as_deref())?;
    let mut case = touched(context, case);
    case.telling.orders.push(Secrecy {
        id: data.secrecy.clone(),
        set_by: context.stamp.index,
        code: data.code.clone(),
        level: data.level,
        grounds: data.grounds.len(),
        judge_approved: data.judge_approved,
        individual_necessity: data.individual_necessity,
        accounts,
        former: Vec::new(),
        recorded_at: context.stamp.time,
        from: data.from,
        to: data.to,
        ended_at: None,
        gaps: Vec::new(),
        motion: None,
        result: None,
        asked: None,
        permitted: None,
        looked_at: context.stamp.time,
    });
    Ok(Change::of_case(case))
}

/// Only accounts that the order for the data names; before that is classified, all or nothing.
pub(super) fn accounts(case: &Case, named: Option<&[AccountRef]>) -> Result<Accounts, Refusal> {
    let Some(named) = named else { return Ok(None) };
    let items = case.classified.iter().flat_map(|classified| classified.scope.scope().items());
    let before = case.telling.disclosed.iter().map(|(row, _)| (&row.service, row.account.as_str()));
    let known: BTreeSet<_> = items.map(|item| (&item.service, item.account.as_str())).chain(before).collect();
    let stray = named.iter().position(|row| !known.contains(&(&row.service, row.account.as_str())));
    let set: BTreeSet<_> = named.iter().cloned().collect();
    if stray.is_none() && set.len() == named.len() && !set.is_empty() {
        return Ok(Some(set));
    }
    let reason = format!("accounts/{} is none of the order's, or stands there twice", stray.unwrap_or(0));
    Err(Refusal::invalid(Rule::S54, "/data/accounts", reason, "name accounts of the order, or null for all"))
}

/// Changes the order of that name; an order that was vacated is over.
fn changed(
    context: &Context<'_>,
    case: &Case,
    id: &SecrecyId,
    change: impl FnOnce(&mut Secrecy) -> Result<(), Refusal>,
) -> Result<Change, Refusal> {
    let mut case = touched(context, case);
    let Some(order) = case.telling.orders.iter_mut().find(|order| order.id == *id) else {
        return Err(not_now(context.kind, "no order of that name is recorded"));
    };
    if order.ended_at.is_some() {
        return Err(not_now(context.kind, "the order was vacated or withdrawn"));
    }
    change(order)?;
    Ok(Change::of_case(case))
}

/// I-28: what is extended after its end leaves a gap in which notice was due.
pub(super) fn extended(
    context: &Context<'_>,
    case: &Case,
    data: &SecrecyExtended,
) -> Result<Change, Refusal> {
    changed(context, case, &data.secrecy, |order| {
        let Some(end) = order.to else {
            return Err(not_now(context.kind, "the order has no end"));
        };
        if data.to.is_some_and(|to| to <= end) {
            return Err(Refusal::invalid(Rule::I28, "/data/to", "an extension ends later", CURE));
        }
        if data.ordered_at > context.stamp.time {
            let reason = "it would be ordered after the entry";
            return Err(Refusal::invalid(Rule::I28, "/data/ordered_at", reason, CURE));
        }
        // What is recorded after the end left a gap, whenever a court ordered it: nobody here knew.
        if context.stamp.time >= end {
            order.gaps.push((end, context.stamp.time));
            order.gaps.truncate(SECRECY_MAX);
        }
        order.to = data.to;
        order.set_by = context.stamp.index;
        Ok(())
    })
}

pub(super) fn narrowed(
    context: &Context<'_>,
    case: &Case,
    data: &SecrecyNarrowed,
) -> Result<Change, Refusal> {
    let accounts = accounts(case, data.accounts.as_deref())?;
    changed(context, case, &data.secrecy, |order| {
        covers_less(order, &accounts, data.to)?;
        narrow(context, order, accounts, data.to, context.stamp.time)
    })
}

/// S-72: narrower is fewer accounts or an earlier end, and neither more of the one nor of the other.
fn covers_less(order: &Secrecy, accounts: &Accounts, to: Option<Timestamp>) -> Result<(), Refusal> {
    let within = match (&order.accounts, accounts) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(old), Some(new)) => new.is_subset(old),
    };
    let earlier = match (order.to, to) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(old), Some(new)) => new <= old,
    };
    let differs = order.accounts != *accounts || order.to != to;
    if within && earlier && differs {
        return Ok(());
    }
    let reason = "the order would cover more, or the same";
    Err(Refusal::invalid(Rule::S72, "/data", reason, "record an extension, or another order"))
}

/// I-27: what was forbidden stays forbidden then: an order is narrowed from an instant on, which is a
/// ruling's own, or this entry's.
fn narrow(
    context: &Context<'_>,
    order: &mut Secrecy,
    accounts: Accounts,
    to: Option<Timestamp>,
    from: Timestamp,
) -> Result<(), Refusal> {
    lies_within(context, order, from)?;
    if order.to != to && to.is_some_and(|to| to < from) {
        let reason = "the order would have ended before it was narrowed";
        let cure = "record secrecy.vacated with the instant at which it ended";
        return Err(Refusal::invalid(Rule::I27, "/data/to", reason, cure));
    }
    if order.former.len() >= SECRECY_MAX {
        return Err(not_now(context.kind, "the order was narrowed as often as one may be"));
    }
    if order.accounts != accounts {
        // A ruling that is recorded after a later narrowing shortens nothing of what covered more until
        // then: nobody here could have told of it.
        let latest = order.former.last().map_or(from, |former| former.until.1.max(from));
        let until = (context.stamp.index, latest);
        let accounts = std::mem::replace(&mut order.accounts, accounts);
        order.former.push(Former { accounts, until });
    }
    order.to = to;
    order.set_by = context.stamp.index;
    Ok(())
}

pub(super) fn vacated(context: &Context<'_>, case: &Case, data: &SecrecyVacated) -> Result<Change, Refusal> {
    changed(context, case, &data.secrecy, |order| end(context, order, data.ended_at))
}

/// An order ends, and is narrowed, while it is one, and not in the future.
fn lies_within(context: &Context<'_>, order: &Secrecy, at: Timestamp) -> Result<(), Refusal> {
    if at >= order.from && at <= context.stamp.time {
        return Ok(());
    }
    let reason = "the order would have ended before it began, or in the future";
    Err(Refusal::invalid(Rule::S72, "/data", reason, "say when it ended"))
}

fn end(context: &Context<'_>, order: &mut Secrecy, at: Timestamp) -> Result<(), Refusal> {
    lies_within(context, order, at)?;
    order.ended_at = Some(at);
    order.set_by = context.stamp.index;
    Ok(())
}

/// S-72: before a court.
pub(super) fn challenged(
    context: &Context<'_>,
    case: &Case,
    data: &SecrecyChallenged,
) -> Result<Change, Refusal> {
    is_short("/data/court", &data.court)?;
    is_short("/data/docket", &data.docket)?;
    changed(context, case, &data.secrecy, |order| {
        // It may be filed before the order begins: one that is known is one that can be fought.
        if data.filed_at > context.stamp.time {
            let reason = "it would be filed after the entry";
            let cure = "say when it was filed, in UTC";
            return Err(Refusal::invalid(Rule::S72, "/data/filed_at", reason, cure));
        }
        // A ruling may be on either of two open motions: it is no earlier than the first.
        let open = order.motion.filter(|_| order.result.is_none());
        order.motion = Some(open.map_or(data.filed_at, |first| first.min(data.filed_at)));
        order.result = None;
        Ok(())
    })
}

/// Upheld is still a gag; S-76: withdrawn is an end.
pub(super) fn challenge_decided(
    context: &Context<'_>,
    case: &Case,
    data: &SecrecyChallengeDecided,
) -> Result<Change, Refusal> {
    let accounts = accounts(case, data.accounts.as_deref())?;
    changed(context, case, &data.secrecy, |order| {
        let Some(filed_at) = order.motion.filter(|_| order.result.is_none()) else {
            return Err(not_now(context.kind, "no motion against the order is open"));
        };
        if data.decided_at > context.stamp.time || data.decided_at < filed_at {
            let reason = "it would be decided after the entry, or before it was filed";
            let cure = "say when it was decided, in UTC";
            return Err(Refusal::invalid(Rule::S72, "/data/decided_at", reason, cure));
        }
        match data.result {
            SecrecyResult::Vacated | SecrecyResult::Withdrawn => end(context, order, data.decided_at)?,
            SecrecyResult::Narrowed | SecrecyResult::Shortened => {
                covers_less(order, &accounts, data.to)?;
                narrow(context, order, accounts, data.to, data.decided_at)?;
            }
            SecrecyResult::Upheld => {}
        }
        order.result = Some(data.result);
        Ok(())
    })
}

pub(super) fn permission_sought(
    context: &Context<'_>,
    case: &Case,
    data: &PermissionSought,
) -> Result<Change, Refusal> {
    let asked = context.stamp.index;
    changed(context, case, &data.secrecy, |order| {
        order.asked = Some(asked);
        Ok(())
    })
}

/// S-75: an answer to what was asked; a later one takes the place of an earlier one.
pub(super) fn permission_answered(
    context: &Context<'_>,
    case: &Case,
    data: &PermissionAnswered,
) -> Result<Change, Refusal> {
    let accounts = accounts(case, data.accounts.as_deref())?;
    let granted = (context.stamp.index, context.stamp.time);
    changed(context, case, &data.secrecy, |order| {
        if order.asked.take().is_none() {
            let reason = "nobody asked for a permission to tell, or the answer is recorded";
            let cure = "record secrecy.permission_sought first";
            return Err(Refusal::conflict(Rule::S75, "/data/secrecy", reason, cure));
        }
        order.permitted = data.granted.then_some(Permitted { accounts, granted });
        Ok(())
    })
}

/// S-77, I-29.
pub(super) fn reviewed(
    context: &Context<'_>,
    case: &Case,
    data: &SecrecyReviewed,
) -> Result<Change, Refusal> {
    changed(context, case, &data.secrecy, |order| {
        order.looked_at = context.stamp.time;
        order.set_by = context.stamp.index;
        Ok(())
    })
}

/// The end of each order; and the next look at one that has no end, or a later one than its kind may
/// have (S-77, I-29), or that lacks a ground or a judge (S-68): somebody decides whether to challenge
/// it. None of them is less of an order for it: only a court shortens what binds.
pub(super) fn due(policy: &Policy, case: &Case, due: &mut Vec<Due>) {
    for order in case.telling.orders.iter().filter(|order| order.ended_at.is_none()) {
        let request = Some(case.request.clone());
        let row = policy.secrecy.iter().find(|row| row.code == order.code);
        if let Some(to) = order.to {
            due.push(Due::new(to, Deadline::SecrecyEnd, request.clone(), order.set_by));
            let cap = row.and_then(|row| row.cap_days);
            let longest = cap.map(|days| order.from.saturating_add_ms(i64::from(days) * DAY_MS));
            if longest.is_none_or(|longest| to <= longest) && !order.is_deficient() {
                continue;
            }
        }
        let days = row.and_then(|row| row.review_every_days).unwrap_or(policy.times.secrecy_review_days);
        let days = days.min(policy.times.secrecy_review_days);
        let at = order.looked_at.saturating_add_ms(i64::from(days) * DAY_MS);
        // What ends before the next look needs none.
        if order.to.is_some_and(|to| to <= at) {
            continue;
        }
        due.push(Due::new(at, Deadline::SecrecyReview, request, order.set_by));
    }
}
