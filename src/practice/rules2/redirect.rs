//! Organisations first: redirection and its exemptions (S-28, S-29, I-22).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::path;
use crate::model::id::CustomerId;
use crate::model::time::Timestamp;
use crate::practice::case::{Case, Redirect, RedirectStep, Stage};
use crate::practice::change::Change;
use crate::practice::envelope::{Context, touched};
use crate::practice::refusal::Refusal;
use crate::practice::rule::Rule;
use crate::practice::vocabulary::{
    AccountProfile, AccountRef, EventType, Exemption, RedirectAnswered, RedirectAttempted, RedirectExempted,
    RequestKind, Segment,
};

/// Longest reason in bytes.
const TEXT_BYTES_MAX: usize = 4096;

pub(super) fn attempted(
    context: &Context<'_>,
    case: &Case,
    data: &RedirectAttempted,
) -> Result<Change, Refusal> {
    path::may_find(context, case)?;
    is_a_customer(case, &data.customer)?;
    is_new(case, &data.customer)?;
    is_between("/data/sent_at", case.received.received_at, data.sent_at, context.stamp.time)?;
    Ok(with_step(context, case, &data.customer, RedirectStep::Attempted(data.sent_at)))
}

/// I-18: the demand ends if every account of its scope is an organisation's that it goes to.
pub(super) fn accepted(
    context: &Context<'_>,
    case: &Case,
    data: &RedirectAnswered,
) -> Result<Change, Refusal> {
    answers(context, case, data)?;
    let mut case = stepped(context, case, &data.customer, RedirectStep::Accepted);
    let is_over = case.screening.accounts().iter().all(|account| goes_to_customer(&case, account));
    if is_over {
        case.stage = Stage::Redirected;
    }
    Ok(Change::of_case(case))
}

pub(super) fn refused(
    context: &Context<'_>,
    case: &Case,
    data: &RedirectAnswered,
) -> Result<Change, Refusal> {
    answers(context, case, data)?;
    Ok(with_step(context, case, &data.customer, RedirectStep::Refused))
}

/// S-29: a reason of the closed list; `acts` has seen that two people agreed.
pub(super) fn exempted(
    context: &Context<'_>,
    case: &Case,
    data: &RedirectExempted,
) -> Result<Change, Refusal> {
    path::may_find(context, case)?;
    is_a_customer(case, &data.customer)?;
    is_new(case, &data.customer)?;
    if data.reason.is_empty() || data.reason.len() > TEXT_BYTES_MAX {
        let reason = "an exemption has a reason of 1 to 4096 bytes";
        return Err(Refusal::invalid(Rule::S29, "/data/reason", reason, "say what it rests on"));
    }
    if data.exemption == Exemption::Emergency && case.received.kind != RequestKind::Emergency {
        let reason = "it was not received as an emergency";
        let cure = "attempt to redirect it, or find another exemption of the list";
        return Err(Refusal::invalid(Rule::S29, "/data/exemption", reason, cure));
    }
    if data.exemption == Exemption::OrderForbids {
        is_forbidden(context, case, &data.customer)?;
    }
    Ok(with_step(context, case, &data.customer, RedirectStep::Exempted(data.exemption)))
}

/// S-29: an order forbids it only if one on record, in force now, covers each of its accounts.
fn is_forbidden(context: &Context<'_>, case: &Case, customer: &CustomerId) -> Result<(), Refusal> {
    let policy = &context.force.policy.value;
    let its = case.screening.accounts().iter().filter(|row| row.customer.as_ref() == Some(customer));
    let mut its = its.map(|row| AccountRef { service: row.service.clone(), account: row.account.clone() });
    if its.all(|account| case.telling.cover(policy, &account, context.stamp.time).is_some()) {
        return Ok(());
    }
    let reason = "no secrecy order on record covers all of its accounts now";
    let cure = "record the order first: secrecy.recorded; or ask the requester to go to the customer";
    Err(Refusal::invalid(Rule::S29, "/data/exemption", reason, cure))
}

/// S-28: of an organisation whose account is asked for.
fn is_a_customer(case: &Case, customer: &CustomerId) -> Result<(), Refusal> {
    let classified = case.classified.as_ref().map(|classified| classified.index);
    let profiles = case.screening.profiles.as_ref().filter(|found| Some(found.stands_on) == classified);
    let accounts = profiles.map_or(&[][..], |found| &found.accounts[..]);
    if accounts.iter().any(|account| account.customer.as_ref() == Some(customer)) {
        return Ok(());
    }
    let reason = format!("{customer} is the customer of no account that was profiled");
    Err(Refusal::invalid(Rule::S28, "/data/customer", reason, "profile the accounts, then name a customer"))
}

/// How far it has come for the version of the order in force.
fn step(case: &Case, customer: &CustomerId) -> Option<RedirectStep> {
    let row = case.screening.redirects.get(customer)?;
    (row.version == case.order.version).then_some(row.step)
}

/// S-28: asked once, or exempted; not both.
fn is_new(case: &Case, customer: &CustomerId) -> Result<(), Refusal> {
    // An order that forbade to ask may have ended: then the requester is asked.
    if matches!(step(case, customer), None | Some(RedirectStep::Exempted(Exemption::OrderForbids))) {
        return Ok(());
    }
    let reason = format!("{customer} is redirected or exempted already");
    Err(Refusal::conflict(Rule::S28, "/data/customer", reason, "record the requester's answer"))
}

/// S-28: the attempt comes first, then one answer.
fn answers(context: &Context<'_>, case: &Case, data: &RedirectAnswered) -> Result<(), Refusal> {
    path::may_find(context, case)?;
    let Some(RedirectStep::Attempted(sent_at)) = step(case, &data.customer) else {
        let reason = format!("no attempt about {} waits for an answer", data.customer);
        return Err(Refusal::conflict(Rule::S28, "/data/customer", reason, "post redirect.attempted first"));
    };
    is_between("/data/received_at", sent_at, data.received_at, context.stamp.time)
}

fn is_between(pointer: &str, from: Timestamp, at: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    if from <= at && at <= now {
        return Ok(());
    }
    let reason = format!("expected a time between {from} and {now}, found {at}");
    Err(Refusal::invalid(Rule::S28, pointer, reason, "say when it was, in UTC"))
}

fn stepped(context: &Context<'_>, case: &Case, customer: &CustomerId, step: RedirectStep) -> Case {
    let mut case = touched(context, case);
    let row = Redirect { version: case.order.version, step };
    // What older versions left would grow with every amendment.
    let rows = Arc::make_mut(&mut case.screening.redirects);
    rows.retain(|_, older| older.version == row.version);
    rows.insert(customer.clone(), row);
    case
}

fn with_step(context: &Context<'_>, case: &Case, customer: &CustomerId, step: RedirectStep) -> Change {
    Change::of_case(stepped(context, case, customer, step))
}

/// Whether the requester goes to the customer for this account: then its items are refused (S-28).
pub(super) fn goes_to_customer(case: &Case, account: &AccountProfile) -> bool {
    let found = account.customer.as_ref().and_then(|customer| step(case, customer));
    found == Some(RedirectStep::Accepted)
}

/// Before a review: I-22.
pub(super) fn before_review(context: &Context<'_>, case: &Case) -> Result<(), Refusal> {
    let organisations = case.screening.accounts().iter().filter(|row| row.segment != Segment::Consumer);
    let customers: BTreeSet<&CustomerId> = organisations.filter_map(|row| row.customer.as_ref()).collect();
    for customer in customers {
        let (reason, cure) = match step(case, customer) {
            None => ("was not redirected", "post redirect.attempted, or have it exempted by two persons"),
            Some(RedirectStep::Attempted(_)) => ("waits for an answer", "record what the requester answered"),
            // The order that forbade it may have ended since.
            Some(RedirectStep::Exempted(Exemption::OrderForbids)) => {
                is_forbidden(context, case, customer)?;
                continue;
            }
            Some(_) => continue,
        };
        let reason = format!("the demand for data of {customer} {reason}");
        return Err(Refusal::conflict(Rule::I22, "", reason, cure));
    }
    Ok(())
}

/// S-29: what an order forbade to ask is asked once it has ended, before anything is approved or read.
pub(super) fn while_data_moves(context: &Context<'_>, case: &Case) -> Result<(), Refusal> {
    if !matches!(context.kind, EventType::ApprovalGiven | EventType::DisclosureOpened) {
        return Ok(());
    }
    let customers: BTreeSet<_> =
        case.screening.accounts().iter().filter_map(|row| row.customer.as_ref()).collect();
    let exempted = Some(RedirectStep::Exempted(Exemption::OrderForbids));
    let mut customers = customers.into_iter().filter(|customer| step(case, customer) == exempted);
    customers.try_for_each(|customer| is_forbidden(context, case, customer))
}
