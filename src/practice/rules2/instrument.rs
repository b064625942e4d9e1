//! An instrument's own limits: who may use it, who serves it and by when, how long it lives, how far
//! ahead it reaches (S-15, S-18, S-19, I-43). The policy has them, row by row.

use super::matrix;
use crate::model::scope::ScopeItem;
use crate::model::time::{DAY_MS, Timestamp};
use crate::practice::approvals;
use crate::practice::case::{Case, Classified, Step};
use crate::practice::envelope::Context;
use crate::practice::policy::{Instrument, Path};
use crate::practice::refusal::Refusal;
use crate::practice::rule::Rule;

/// Before a review.
pub(super) fn before_review(context: &Context<'_>, case: &Case) -> Result<(), Refusal> {
    let Some((classified, instrument)) = of(context, case) else { return Ok(()) };
    is_the_agencys(context, case, classified, instrument)?;
    was_served_by_whom_may(case, classified, instrument)?;
    was_served_in_time(case, classified, instrument)?;
    is_alive(context, classified, instrument)
}

/// What can end or be taken away holds whenever data moves.
pub(super) fn while_data_moves(context: &Context<'_>, case: &Case) -> Result<(), Refusal> {
    let Some((classified, instrument)) = of(context, case) else { return Ok(()) };
    is_the_agencys(context, case, classified, instrument)?;
    if is_carried_out(case, instrument) { Ok(()) } else { is_alive(context, classified, instrument) }
}

/// What was decided in the order's life is carried out after it: what it sealed goes out, and what
/// reaches up to its end, which I-43 holds it to, is read once that has come, under approvals that
/// are still fresh. An emergency is asked about again instead.
fn is_carried_out(case: &Case, instrument: &Instrument) -> bool {
    if instrument.path == Path::Emergency {
        return false;
    }
    let ahead = |item: &ScopeItem| item.to.is_some_and(|to| to > case.received.at);
    let reaches_ahead =
        case.review.as_ref().is_some_and(|review| review.scope.scope().items().iter().any(ahead));
    let is_sealed = case.live_disclosure().is_some_and(|live| live.step >= Step::Sealed);
    let is_approved = approvals::is_quorum(&case.standing_approvals());
    is_sealed || (reaches_ahead && is_approved)
}

/// An instrument that the policy does not know, and an agency that the directory does not, are
/// refused where they are looked for.
fn of<'a>(context: &Context<'a>, case: &'a Case) -> Option<(&'a Classified, &'a Instrument)> {
    let classified = case.classified.as_ref()?;
    Some((classified, context.force.policy.value.instrument(&classified.instrument)?))
}

/// S-15, S-16: process that compels is of a level of government that has it, and among the powers
/// that the directory has for the agency now. Attack: a secret court's order from a city's police.
fn is_the_agencys(
    context: &Context<'_>,
    case: &Case,
    classified: &Classified,
    instrument: &Instrument,
) -> Result<(), Refusal> {
    let agency = case.agency.as_ref().and_then(|id| context.force.directory.value.agency(id));
    let Some(agency) = agency else { return Ok(()) };
    let code = &instrument.code;
    let has_level = instrument.levels.is_empty() || instrument.levels.contains(&agency.level);
    let has_power = agency.instruments.as_ref().is_none_or(|powers| powers.contains(code));
    let (rule, reason) = if agency.country != classified.country {
        (Rule::S16, format!("the agency is of {}, the demand of {}", agency.country, classified.country))
    } else if !matrix::is_compulsory(instrument) {
        return Ok(());
    } else if !has_level {
        (Rule::S15, format!("{code} is none for an agency of level {:?}", agency.level))
    } else if !has_power {
        (Rule::S15, format!("{code} is not among the agency's powers in the directory"))
    } else {
        return Ok(());
    };
    let cure = "reject the demand, or have the directory corrected by two people";
    Err(Refusal::conflict(rule, "", reason, cure))
}

/// S-18: where the law names who alone serves it.
fn was_served_by_whom_may(
    case: &Case,
    classified: &Classified,
    instrument: &Instrument,
) -> Result<(), Refusal> {
    if instrument.served_by.is_empty() {
        return Ok(());
    }
    let read = case.screening.legality.as_ref().filter(|read| read.stands_on == classified.index);
    let served_by = read.and_then(|read| read.served_by.as_ref());
    let reason = match served_by {
        Some(server) if instrument.served_by.contains(server) => return Ok(()),
        Some(server) => format!("{} is not served by {server}", instrument.code),
        None => format!("who served {} is not recorded", instrument.code),
    };
    let cure = "say in legality.reviewed who served it, or reject the demand: not_authorised";
    Err(Refusal::conflict(Rule::S18, "", reason, cure))
}

/// S-19: an order that is served too late counts as quashed, whenever it is read.
fn was_served_in_time(case: &Case, classified: &Classified, instrument: &Instrument) -> Result<(), Refusal> {
    let Some(days) = instrument.serve_within_days else { return Ok(()) };
    let end = after(classified.issued_at, days);
    if case.served_at() <= end {
        return Ok(());
    }
    let reason = format!("the order had to be served within {days} days, by {end}");
    Err(Refusal::conflict(Rule::S19, "", reason, "have a new order made, or reject the demand: wrong_dates"))
}

/// S-19: an order that is over authorises nothing new.
fn is_alive(context: &Context<'_>, classified: &Classified, instrument: &Instrument) -> Result<(), Refusal> {
    let end = instrument.life_days.map(|days| after(classified.issued_at, days));
    let Some(end) = end.filter(|end| *end <= context.stamp.time) else { return Ok(()) };
    let reason = format!("{} ended by its own life at {end}", instrument.code);
    Err(Refusal::conflict(Rule::S19, "", reason, "have the order renewed: amend it; or reject the demand"))
}

/// S-83, I-43: what is still to come is delivered under an instrument that lives on, and until it
/// ends: by its life, its own date, or the end that reports on national security have of it.
pub(super) fn reaches_ahead(
    case: &Case,
    classified: &Classified,
    instrument: &Instrument,
    item: &ScopeItem,
) -> Result<(), String> {
    let Some(to) = item.to.filter(|to| *to > case.received.at) else { return Ok(()) };
    let Some(days) = instrument.life_days else {
        return Err(format!("reaches ahead, and {} yields what there is, once", instrument.code));
    };
    let security = case.special.security.as_ref().and_then(|security| security.effective_to);
    let ends = [Some(after(classified.issued_at, days)), classified.expires_at, security];
    let end = ends.into_iter().flatten().min().filter(|end| *end < to);
    end.map_or(Ok(()), |end| Err(format!("reaches beyond the end of {}, {end}", instrument.code)))
}

fn after(from: Timestamp, days: u32) -> Timestamp {
    from.saturating_add_ms(i64::from(days) * DAY_MS)
}
