//! Flags, cost, holds and erasure (S-105 … S-108, I-41, I-49).

use crate::model::time::DAY_MS;
use crate::practice::case::{Case, HOLDS_MAX, Hold, INVOICES_MAX, Invoice, Step};
use crate::practice::change::{Change, Claim};
use crate::practice::due::{Deadline, Due};
use crate::practice::envelope::{Context, not_now, touched};
use crate::practice::policy::{CountryCode, Policy};
use crate::practice::refusal::Refusal;
use crate::practice::rule::Rule;
use crate::practice::rules1::governing::is_short;
use crate::practice::vocabulary::{
    CostCredited, CostInvoiced, ErasureOrdered, EventType, Flag, FlagRaised, HoldLifted, HoldPlaced,
    RequestKind,
};

/// S-108: the first entry that knows it counts; bills before it must be given back.
pub(super) fn flag_raised(context: &Context<'_>, case: &Case, data: &FlagRaised) -> Result<Change, Refusal> {
    let Flag::ChildExploitation = data.flag;
    if case.charges.child_exploitation.is_some() {
        return Err(not_now(context.kind, "the flag is raised already"));
    }
    let mut case = touched(context, case);
    case.charges.child_exploitation = Some((context.stamp.index, context.stamp.time));
    Ok(Change::of_case(case))
}

pub(super) fn invoiced(context: &Context<'_>, case: &Case, data: &CostInvoiced) -> Result<Change, Refusal> {
    may_be_charged(case)?;
    is_reimbursable(context, case)?;
    is_a_sum(data)?;
    if case.charges.invoices.contains_key(&data.invoice) {
        return Err(Claim::Invoice(data.invoice.clone()).refusal());
    }
    if case.charges.invoices.len() >= INVOICES_MAX {
        return Err(not_now(context.kind, "the request has as many bills as one may have"));
    }
    let mut case = touched(context, case);
    case.charges.invoices.insert(data.invoice.clone(), Invoice { charged: data.charged, credited: 0 });
    Ok(Change::of_case(case).claiming(Claim::Invoice(data.invoice.clone())))
}

/// S-107, S-108: for whom nothing is ever charged.
fn may_be_charged(case: &Case) -> Result<(), Refusal> {
    let (rule, reason) = if case.received.kind == RequestKind::Emergency {
        (Rule::S107, "the request is an emergency")
    } else if case.charges.child_exploitation.is_some() {
        (Rule::S108, "the request is known to be about the exploitation of children")
    } else {
        return Ok(());
    };
    Err(Refusal::invalid(rule, "/type", reason, "charge nothing for it"))
}

/// S-105: only an instrument whose table allows it, and only in the United States.
fn is_reimbursable(context: &Context<'_>, case: &Case) -> Result<(), Refusal> {
    let Some(classified) = &case.classified else {
        return Err(not_now(context.kind, "the demand is not classified"));
    };
    let is_us = |country: CountryCode| country.as_str() == "US";
    let row = context.force.policy.value.instrument(&classified.instrument);
    let is_allowed = row.is_some_and(|row| row.reimbursable && row.country.is_some_and(is_us));
    if is_allowed && is_us(classified.country) {
        return Ok(());
    }
    let reason = format!("{} of {} is not charged", classified.instrument, classified.country);
    Err(Refusal::invalid(Rule::S105, "/type", reason, "charge only for what the policy calls reimbursable"))
}

/// S-106: at most what the work cost, in a currency of ISO 4217.
fn is_a_sum(data: &CostInvoiced) -> Result<(), Refusal> {
    if data.currency.len() != 3 || !data.currency.bytes().all(|b| b.is_ascii_uppercase()) {
        let reason = "a currency is three capital letters";
        return Err(Refusal::invalid(Rule::F06, "/data/currency", reason, "use the code of ISO 4217"));
    }
    if data.charged == 0 || data.charged > data.incurred {
        let reason = format!("charged is {}, incurred {}", data.charged, data.incurred);
        let cure = "charge at least 1 and at most what was incurred";
        return Err(Refusal::invalid(Rule::S106, "/data/charged", reason, cure));
    }
    Ok(())
}

/// I-41: what is given back is at most what was charged.
pub(super) fn credited(context: &Context<'_>, case: &Case, data: &CostCredited) -> Result<Change, Refusal> {
    is_short("/data/reason", &data.reason)?;
    let cure = "credit a bill of this request, at most what is left of it";
    let mut case = touched(context, case);
    let Some(invoice) = case.charges.invoices.get_mut(&data.invoice) else {
        let reason = format!("{} is no bill of this request", data.invoice);
        return Err(Refusal::conflict(Rule::I41, "/data/invoice", reason, cure));
    };
    let left = invoice.charged.saturating_sub(invoice.credited);
    if data.credited == 0 || data.credited > left {
        let reason = format!("credited is {}, {left} is left", data.credited);
        return Err(Refusal::invalid(Rule::I41, "/data/credited", reason, cure));
    }
    invoice.credited = invoice.credited.saturating_add(data.credited);
    Ok(Change::of_case(case))
}

pub(super) fn hold_placed(context: &Context<'_>, case: &Case, data: &HoldPlaced) -> Result<Change, Refusal> {
    let now = context.stamp.time;
    if data.until.is_some_and(|until| until <= now) {
        let reason = "until is not after this entry";
        return Err(Refusal::invalid(Rule::I49, "/data/until", reason, "hold until a time to come, or null"));
    }
    let mut case = touched(context, case);
    case.charges.holds.retain(|_, hold| hold.is_active_at(now));
    if case.charges.holds.len() >= HOLDS_MAX {
        return Err(not_now(context.kind, "as many holds are open as one request may have"));
    }
    case.charges.holds.insert(context.stamp.index, Hold { ground: data.ground, until: data.until });
    Ok(Change::of_case(case))
}

/// I-49: a hold that has ended by its time needs no lifting.
pub(super) fn hold_lifted(context: &Context<'_>, case: &Case, data: &HoldLifted) -> Result<Change, Refusal> {
    let mut case = touched(context, case);
    let lifted = case.charges.holds.remove(&data.hold);
    if lifted.is_some_and(|hold| hold.is_active_at(context.stamp.time)) {
        return Ok(Change::of_case(case));
    }
    let reason = format!("entry {} is no open hold of this request", data.hold);
    Err(Refusal::conflict(Rule::I49, "/data/hold", reason, "name the entry that placed the hold"))
}

/// I-49: what is held is not erased, and nothing that may still leave is.
pub(super) fn erasure_ordered(
    context: &Context<'_>,
    case: &Case,
    _data: &ErasureOrdered,
) -> Result<Change, Refusal> {
    let now = context.stamp.time;
    if let Some((index, hold)) = case.charges.holds.iter().find(|(_, hold)| hold.is_active_at(now)) {
        let reason = format!("entry {index} holds it ({:?})", hold.ground);
        return Err(Refusal::conflict(
            Rule::I49,
            "/request",
            reason,
            "wait for the hold's end, or have it lifted",
        ));
    }
    if case.live_disclosure().is_some_and(|live| live.step < Step::Released) {
        let reason = "a collection is under way";
        return Err(Refusal::conflict(Rule::I49, "/request", reason, "destroy it first"));
    }
    nothing_is_owed(&context.force.policy.value, case)?;
    let mut case = touched(context, case);
    case.charges.erasure = Some((context.stamp.index, now));
    Ok(Change::of_case(case))
}

/// I-49: a preservation holds, and a notice, or process that is to follow, is somebody's right.
fn nothing_is_owed(policy: &Policy, case: &Case) -> Result<(), Refusal> {
    let is_owed =
        |due: &Due| matches!(due.deadline, Deadline::Preservation | Deadline::Notice | Deadline::Followup);
    let open = crate::practice::due::of_case(policy, case);
    let Some(owed) = open.iter().find(|due| is_owed(due)) else { return Ok(()) };
    let reason = format!("{:?} is open until {}", owed.deadline, owed.at);
    Err(Refusal::conflict(Rule::I49, "/request", reason, "settle it first; then the record may go"))
}

/// Whether the record is ordered erased.
pub(super) const fn is_erased(case: &Case) -> bool {
    case.charges.erasure.is_some()
}

/// I-49: after the order nothing is added but that its time passed, and what is given back.
pub(super) fn is_not_erased(context: &Context<'_>, case: Option<&Case>) -> Result<(), Refusal> {
    let may_follow = matches!(context.kind, EventType::DeadlinePassed | EventType::CostCredited);
    if may_follow || !case.is_some_and(is_erased) {
        return Ok(());
    }
    let reason = "the request's record is ordered erased";
    Err(Refusal::conflict(Rule::I49, "/request", reason, "a new document needs a new request"))
}

/// I-41, I-49: what must be given back, and what is to become unreadable.
pub(super) fn due(policy: &Policy, case: &Case, due: &mut Vec<Due>) {
    let after = |at: crate::model::time::Timestamp, days: u32| at.saturating_add_ms(i64::from(days) * DAY_MS);
    let request = || Some(case.request.clone());
    let is_owed = case.charges.invoices.values().any(|invoice| invoice.credited < invoice.charged);
    if let (Some((index, at)), true) = (case.charges.child_exploitation, is_owed) {
        due.push(Due::new(after(at, policy.times.credit_days), Deadline::Credit, request(), index));
    }
    if let Some((index, at)) = case.charges.erasure {
        due.push(Due::new(after(at, policy.times.erasure_days), Deadline::Erasure, request(), index));
    }
}
